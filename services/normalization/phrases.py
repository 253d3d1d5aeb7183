"""The set phrases around stories, in seven languages: credits, pointers to other stories, newsletters, share lines. Data.

Compared without accents and case (a Greek heading in capitals has no accents). A phrase counts only at a line's start.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a line is, if it is no part of a story."""

    CREDIT = "credit"
    RELATED = "related"
    LIST = "list"
    """Heading of a list of other stories."""
    NEWSLETTER = "newsletter"
    NOISE = "noise"
    """Share, follow, cookie and advertising lines, picture credits."""
    TRAILER = "trailer"
    """An agency's sign-off."""
    REPORTING = "reporting"
    """'Reporting by …; editing by …'."""


@dataclass(frozen=True, slots=True)
class Match:
    """A line of that kind; `rest` is what follows the phrase: the agency, the title, the names."""

    kind: Kind
    rest: str = ""


class _Fold(dict[int, str]):
    """Character to its base letter in lower case, always one for one, so that places in the text stay the same."""

    def __missing__(self, code: int) -> str:
        base = unicodedata.normalize("NFD", chr(code))[0].lower()[:1]
        self[code] = folded = "σ" if base == "ς" else base
        return folded


_FOLD = _Fold()


def fold(text: str) -> str:
    """`text` without case and accents, of the same length."""
    return text.lower() if text.isascii() else text.translate(_FOLD)


_CREDIT = """
source; sources; credit; credits; agency; πηγή; πηγές; πρακτορείο; quelle; quellen; agentur; source de l'article; agence;
fuente; fuentes; agencia; fonte; fonti; agenzia; fontes; agência; copyright; (c); ©; with information from; with material from;
με πληροφορίες από; mit material von; mit informationen von; avec; con información de; con informazioni di; com informações de;
com informações da; com agência; via
"""
_RELATED = """
also read; read also; read more; read next; read on; see also; more on this; more on this story; more on this topic;
don't miss; further reading; must read; you may also like; you might also like; related story; related article; related;
recommended; in case you missed it; watch also; learn more; find out more; full story; continue reading; read the full story;
διαβάστε επίσης; διαβάστε ακόμη; διαβάστε ακόμα; διαβάστε περισσότερα; διαβάστε και; διάβασε επίσης; διάβασε ακόμη;
διάβασε ακόμα; διάβασε και; δείτε επίσης; δείτε ακόμη; δείτε ακόμα; δείτε και; δείτε περισσότερα; σχετικό άρθρο; μη χάσετε;
περισσότερα; διαβάστε σχετικά; διαβάστε εδώ; δείτε εδώ;
lesen sie auch; lesen sie mehr; lesen sie hier; lesen sie dazu; lesen sie weiter; lies auch; auch lesen; auch interessant;
auch interessant für sie; mehr zum thema; mehr dazu; siehe auch; weiterlesen; passend dazu; zum thema; hintergrund;
das könnte sie auch interessieren; das könnte sie interessieren; das könnte dich auch interessieren;
à lire aussi; lire aussi; lire également; à lire également; à lire; voir aussi; à voir aussi; lire la suite; en savoir plus;
sur le même sujet; pour aller plus loin; à découvrir aussi;
lea también; lee también; leer también; lea más; leer más; lee más; le puede interesar; te puede interesar;
también te puede interesar; te puede interesar también; puede interesarte; vea también; ver también; ver más; más información;
no te pierdas; no se pierda; seguir leyendo;
leggi anche; leggi pure; leggi tutto; leggi di più; leggi l'articolo; vedi anche; guarda anche; potrebbe interessarti;
potrebbe interessarti anche; ti potrebbe interessare; ti potrebbe interessare anche; approfondisci; per approfondire;
da non perdere; articolo correlato;
leia também; leia mais; leia ainda; ler também; ler mais; leia a seguir; veja também; veja mais; saiba mais;
pode interessar; pode interessar-lhe; não perca; notícia relacionada; continue lendo
"""
_LIST = """
related articles; related stories; related news; related posts; related topics; most read; most popular; most viewed;
latest news; latest stories; latest articles; more news; more stories; more from; top stories; top news; trending;
trending now; popular now; editor's picks; editors' picks; recommended for you; recommended stories; you may like;
what to read next; other news; more headlines; recent posts; recent news; comments; leave a comment; leave a reply; tags;
σχετικά άρθρα; σχετικά νέα; σχετικές ειδήσεις; σχετικά θέματα; δημοφιλή; δημοφιλέστερα; πιο δημοφιλή; τα πιο δημοφιλή;
τελευταία νέα; τελευταίες ειδήσεις; ροή ειδήσεων; περισσότερα νέα; περισσότερες ειδήσεις; προτεινόμενα; σχόλια; ετικέτες;
αφήστε ένα σχόλιο; διαβάστε τώρα; τα πιο διαβασμένα; τελευταία άρθρα; άλλες ειδήσεις;
mehr nachrichten; weitere artikel; weitere nachrichten; weitere meldungen; weitere themen; meistgelesen; meistgelesene artikel;
am meisten gelesen; neueste nachrichten; neueste artikel; aktuelle nachrichten; verwandte artikel; ähnliche artikel;
ähnliche beiträge; empfohlene artikel; empfehlungen der redaktion; beliebte artikel; kommentare; schlagwörter; top-themen;
articles liés; articles similaires; articles associés; articles connexes; les plus lus; les plus consultés; le plus lu;
dernières nouvelles; dernières actualités; derniers articles; autres articles; nos derniers articles; à la une; commentaires;
mots-clés; sur le même thème; plus d'actualités; les articles les plus lus; notre sélection;
noticias relacionadas; artículos relacionados; lo más leído; más leídas; las más leídas; lo más visto; últimas noticias;
más noticias; otras noticias; lo último; comentarios; etiquetas; te recomendamos; recomendados; contenido relacionado;
articoli correlati; notizie correlate; i più letti; le più lette; più letti; ultime notizie; ultim'ora; altre notizie;
altri articoli; potrebbero interessarti; commenti; in evidenza; contenuti correlati; articoli recenti;
notícias relacionadas; artigos relacionados; mais lidas; mais lidos; as mais lidas; últimas notícias; mais notícias;
outras notícias; recomendados para você; recomendadas; comentários; mais populares; em destaque; conteúdo relacionado
"""
_NEWSLETTER = """
newsletter; subscribe to; subscribe now; subscribe for; sign up for; sign up to; sign up now; join our newsletter;
get our newsletter; get the newsletter; our newsletter; e-mail newsletter; email newsletter; newsletters;
εγγραφείτε; εγγραφή στο; εγγραφείτε στο; κάντε εγγραφή; ενημερωτικό δελτίο; γίνετε συνδρομητές; γίνετε συνδρομητής;
abonnieren sie; newsletter abonnieren; jetzt abonnieren; melden sie sich; jetzt anmelden; unser newsletter; zum newsletter;
abonnez-vous; inscrivez-vous; recevez notre; s'abonner; s'inscrire; notre newsletter; lettre d'information; recevez chaque;
suscríbete; suscríbase; suscribirse; regístrate; boletín; boletines; recibe en tu; apúntate;
iscriviti; abbonati; ricevi la; registrati; la nostra newsletter; iscrizione alla;
assine; inscreva-se; subscreva; receba as; receba no; boletim; cadastre-se
"""
_NOISE = """
share this; share on; share via; share the article; share article; share:; follow us; follow on; like us on; find us on; join us on;
print this; send by e-mail; send by email; copy link; listen to this article; advertisement; advertising; ad; sponsored;
sponsored content; we use cookies; this site uses cookies; this website uses cookies; accept cookies; accept all; cookie settings; cookie policy;
privacy policy; terms of use; terms of service; all rights reserved; back to top; skip to content; photo; photos; photo credit; image; image credit;
picture; file photo; photo by; watch; watch live; play video; minutes read; min read; log in; login; home;
κοινοποίηση; κοινοποιήστε; μοιραστείτε; μοιράσου το; ακολουθήστε; ακολουθήστε μας; ακολούθησε; διαφήμιση; φωτογραφία; φωτογραφίες;
φωτό; φωτο; φωτογραφίες αρχείου; χρησιμοποιούμε cookies; αυτός ο ιστότοπος χρησιμοποιεί; πολιτική απορρήτου; όροι χρήσης;
με επιφύλαξη παντός δικαιώματος; εκτύπωση; βρείτε μας;
teilen; artikel teilen; teilen sie; beitrag teilen; auf facebook teilen; folgen sie uns; folge uns; folgen sie; anzeige; werbung; foto; fotos; bild;
bildquelle; drucken; diese website verwendet cookies; wir verwenden cookies; cookie-einstellungen; datenschutz; impressum;
alle rechte vorbehalten; nach oben; merken; video;
partager; partagez; partager sur; partager cet article; suivez-nous; suivez nous; publicité; crédit photo; crédits photo; photo d'illustration;
nous utilisons des cookies; ce site utilise des cookies; politique de confidentialité; mentions légales; tous droits réservés; imprimer;
compartir; comparte; compartir en; síguenos; síganos; publicidad; foto de archivo; imagen; imprimir; usamos cookies; utilizamos cookies;
este sitio utiliza cookies; este sitio usa cookies; política de privacidad; aviso legal; todos los derechos reservados;
condividi; condividi su; condividi questo; condividi l'articolo; seguici; seguici su; pubblicità; immagine; stampa; usiamo cookie; questo sito utilizza; questo sito usa;
informativa sulla privacy; tutti i diritti riservati; riproduzione riservata;
partilhar; partilhe; compartilhe; compartilhar; siga-nos; siga o; siga a; publicidade; imagem; este site usa cookies; este site utiliza cookies;
política de privacidade; todos os direitos reservados
"""
_TRAILER = "reuter; reuters; end; ends; -ends-; - ends -; -30-; - 30 -; ###; # # #; * * *; ***; fin; ende; τέλος; fine; fim; -end-; enditem"
_REPORTING = """
reporting by; (reporting by; editing by; (editing by; writing by; (writing by; additional reporting by; (additional reporting by;
compiled by; translated by; (by; reporting and writing by; (bearbeitet von; bearbeitet von; (reportage; (écrit par;
"""


def _phrases(text: str) -> list[str]:
    return [fold(phrase.strip()) for phrase in text.replace("\n", " ").split(";") if phrase.strip()]


_AROUND_WORDS = ":.,;!|…\"'“”«»„—–"


def _first_word(folded: str) -> str:
    """What a line of the table is found by: all up to the first blank or colon."""
    return folded.partition(" ")[0].partition(":")[0].strip(_AROUND_WORDS)


def _by_first_word() -> dict[str, list[tuple[str, Kind]]]:
    table: dict[str, list[tuple[str, Kind]]] = {}
    groups = (
        (_TRAILER, Kind.TRAILER), (_LIST, Kind.LIST), (_RELATED, Kind.RELATED), (_CREDIT, Kind.CREDIT),
        (_NEWSLETTER, Kind.NEWSLETTER), (_NOISE, Kind.NOISE), (_REPORTING, Kind.REPORTING),
    )  # fmt: skip
    for text, kind in groups:
        for phrase in _phrases(text):
            table.setdefault(_first_word(phrase), []).append((phrase, kind))
    for entries in table.values():
        entries.sort(key=lambda entry: -len(entry[0]))
    return table


_TABLE = _by_first_word()

LONGEST = 240
"""Characters: a longer line is prose, whatever it starts with."""
_BULLETS = " \t•●▪‣►▶→➤»>*–—|·"
_SEPARATOR = re.compile(r"\s*(?:[:：|>»→►▶]|[–—-](?=\s))+\s*")
_ASKS = re.compile(
    r"subscri|sign up|join|regist|inscri|iscri|suscri|abonn|assin|anmeld|melden|receb|recib|recev|ricev|εγγραφ|λαβετε|free|gratis|kostenlos"
)
_CONSENT = re.compile(
    r"\b(?:we|our|this (?:web)?site|by continuing|accept|wir|nous|usamos|utilizamos|usiamo|sito|site|sitio|χρησιμοποι|ιστοτοπ)"
)
_SHARES = re.compile(
    r"(?:(?:facebook|twitter|x|whatsapp|linkedin|telegram|viber|pinterest|e-?mail|messenger|reddit|print|copy link|share|instagram"
    r"|youtube|tiktok|rss|google news)[\s|,/·•-]*){2,}"
)
_SHARE_WORDS = frozenset(
    "facebook twitter x whatsapp linkedin telegram viber pinterest email e-mail messenger reddit print copy share instagram".split()  # noqa: SIM905 - a list of words reads best as words
)
_READING_WORDS = frozenset({"reading", "lesezeit", "tempo", "temps", "tiempo", "χρονοσ"})
_READING_TIME = re.compile(
    r"(?:\d{1,2}\s*(?:['’′]|min\.?|mins|minutes?|minuten|λεπτα|minutos|minuti)\s*(?:read|lesezeit|de lecture|de lectura|di lettura|de leitura|αναγνωση[σς]?)\.?|(?:reading time|lesezeit|tempo di lettura|temps de lecture|tiempo de lectura|tempo de leitura|χρονος αναγνωσησ)\s*:?\s*\d{1,2}.{0,12})"
)


def stands_alone(line: str) -> bool:
    """Whether a line of wrapped text is a set phrase, to be kept apart from the lines around it."""
    return _first_word(fold(line.lstrip(_BULLETS) or line)) in _TABLE and kind_of(line) is not None


def kind_of(line: str) -> Match | None:
    """What kind of set phrase the line is, or None for what may be a story's own."""
    if len(line) > LONGEST:
        return None
    text = line.lstrip(_BULLETS) or line
    folded = fold(text)
    word = _first_word(folded)
    for phrase, kind in _TABLE.get(word, ()):
        if folded.startswith(phrase) and not folded[len(phrase) : len(phrase) + 1].isalnum():
            match = _READERS[kind](text, folded, len(phrase))
            if match is not None:
                return match
    return _elsewhere(folded, word)


def _elsewhere(folded: str, word: str) -> Match | None:
    """Lines known by a word inside them."""
    if len(folded) <= 200 and _talks_of_newsletter(folded) and _ASKS.search(folded):
        return Match(Kind.NEWSLETTER)
    if "cookie" in folded and _CONSENT.search(folded):
        return Match(Kind.NOISE)
    if word in _SHARE_WORDS and _SHARES.fullmatch(folded):
        return Match(Kind.NOISE)
    if len(folded) <= 60 and (word[:1].isdigit() or word in _READING_WORDS) and _READING_TIME.fullmatch(folded):
        return Match(Kind.NOISE)
    return None


def _talks_of_newsletter(folded: str) -> bool:
    if "newsletter" in folded or "inbox" in folded or "postfach" in folded or "boleti" in folded:
        return True
    return not folded.isascii() and "ενημερωτικο δελτιο" in folded


def _after(text: str, length: int) -> tuple[bool, str]:
    """Whether a separator follows the phrase, and what follows it."""
    rest = text[length:]
    separator = _SEPARATOR.match(rest)
    return bool(separator), (rest[separator.end() :] if separator else rest).strip()


def _is_sentence(rest: str, words: int) -> bool:
    return rest.endswith((".", "!", "?")) and rest.count(" ") >= words


_YEARS = re.compile(r"^(?:\(c\)|©|&copy;|[\s,]|(?:19|20)\d\d(?:\s*[-–]\s*(?:19|20)?\d\d)?)+", re.IGNORECASE)
_RIGHTS = re.compile(
    r"[\s,.;|–-]*(?:all rights reserved|alle rechte vorbehalten|tous droits réservés|todos los derechos reservados|tutti i diritti riservati|todos os direitos reservados|με επιφύλαξη παντός δικαιώματος)\.?$",
    re.IGNORECASE,
)
_BARE_CREDITS = ("(c)", "©", "copyright")
_INFORMATION = ("with ", "mit ", "avec", "con ", "com ", "με ")


def _credit(text: str, folded: str, length: int) -> Match | None:
    separated, rest = _after(text, length)
    bare = folded[:length] in _BARE_CREDITS
    if bare:
        rest = _YEARS.sub("", rest)
    elif not separated and not folded.startswith(_INFORMATION):
        return None
    rest = _RIGHTS.sub("", rest).strip(" .;,")
    if not rest or len(rest) > 80 or rest.count(" ") > 8:
        return None
    if not separated and not bare and (rest.count(" ") > 3 or not rest[:1].isupper() or folded.endswith((".", ":"))):
        return None  # 'Avec le président …', 'Con información …' in a sentence
    return Match(Kind.CREDIT, rest)


_WEAK = {
    fold(word)
    for word in (
        "related",
        "recommended",
        "περισσότερα",
        "zum thema",
        "hintergrund",
        "à lire",
        "must read",
        "weiterlesen",
    )
}
_WEAK |= {
    fold(word)
    for word in ("learn more", "find out more", "full story", "read on", "más información", "ver más", "saiba mais")
}


def _related(text: str, folded: str, length: int) -> Match | None:
    separated, rest = _after(text, length)
    bare = rest.strip(" .…:!")
    if not bare:
        return Match(Kind.RELATED)
    if separated:
        return Match(Kind.RELATED, rest)
    if folded[:length] in _WEAK or _is_sentence(rest, 0) or not (rest[0].isupper() or rest[0] in "“\"'«„‘"):
        return None
    return Match(Kind.RELATED, rest)


def _list(text: str, folded: str, length: int) -> Match | None:
    separated, rest = _after(text, length)
    if not rest.strip(" .…:!()0123456789"):
        return Match(Kind.LIST)
    if separated and folded[:length] in ("tags", "ετικετεσ", "etiquetas", "schlagworter", "mots-cles"):
        return Match(Kind.NOISE, rest)
    short = len(text) <= 45 and not text.endswith((".", "!", "?", ","))
    return Match(Kind.LIST) if folded[:length] == "more from" and short else None


def _newsletter(text: str, folded: str, length: int) -> Match | None:
    rest = text[length:].strip()
    if not rest.strip(" .:!") or (len(text) <= 60 and (text.isupper() or not _is_sentence(text, 2))):
        return Match(Kind.NEWSLETTER) if "newsletter" in folded or not rest else _elsewhere(folded, "")
    return None


_WITH_TITLE = (
    "share",
    "watch",
    "video",
    "sponsored",
    "advertisement",
    "anzeige",
    "publicidad",
    "pubblicita",
    "publicite",
)
_NAMES = (
    "photo",
    "foto",
    "image",
    "picture",
    "φωτο",
    "bild",
    "credit photo",
    "credits photo",
    "imagen",
    "immagine",
    "imagem",
    "file photo",
)


def _noise(text: str, folded: str, length: int) -> Match | None:
    separated, rest = _after(text, length)
    phrase = folded[:length]
    if not rest.strip(" .:!…()0123456789"):
        return Match(Kind.NOISE)
    if "cookie" in phrase or phrase.startswith(("this site", "questo sito", "este si", "ce site", "αυτος ο")):
        return Match(Kind.NOISE) if "cookie" in folded else None
    if phrase.startswith(_NAMES):
        return Match(Kind.NOISE) if separated and len(text) <= 100 and not _is_sentence(rest, 4) else None
    several_words = " " in phrase or "-" in phrase or (separated and phrase in _WITH_TITLE)
    return Match(Kind.NOISE) if several_words and len(text) <= 90 and not _is_sentence(rest, 6) else None


def _trailer(text: str, folded: str, length: int) -> Match | None:
    del folded
    return None if text[length:].strip(" .()-/") else Match(Kind.TRAILER)


def _reporting(text: str, folded: str, length: int) -> Match | None:
    if folded[:length] == "(by" and not text.endswith(")"):
        return None
    return Match(Kind.REPORTING, text[length:].strip(" ()"))


_READERS = {
    Kind.CREDIT: _credit,
    Kind.RELATED: _related,
    Kind.LIST: _list,
    Kind.NEWSLETTER: _newsletter,
    Kind.NOISE: _noise,
    Kind.TRAILER: _trailer,
    Kind.REPORTING: _reporting,
}
