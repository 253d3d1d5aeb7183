"""Lines that ask the reader to follow, join, subscribe or sign up somewhere, in seven languages. Pure.

A line counts only if it begins with the request, names the channel, and nobody in it says something: 'Follow the money on
Facebook, he said' is a story's own. Texts come folded (`phrases.fold`), but for the names in 'Follow Ann Holm on X'.
"""

from __future__ import annotations

import re

from services.normalization.folding import Kind, Match

LONGEST = 170

_CHANNEL = (
    r"(?:google\W(?:news|discover|noticias|nachrichten|actualites|noticie)|whats ?app|telegram|viber|facebook|twitter|x|instagram|tiktok|youtube"
    r"|linkedin|threads|bluesky|mastodon|flipboard|messenger|social media|τα social media)"
)
_FOLLOWS = re.compile(
    r"(?:follow (?:us|our|me|@)|join (?:us|our)|find us|like us|add us|message us|ακολουθη?σ\w*|βρειτε μασ|καντε (?:like|follow|εγγραφη|λαικ)"
    r"|γινετε (?:φιλοι|μελη|μελοσ)|γραφτειτε|μπειτε|folgen sie|folge? |folgt |abonnieren sie|besuchen sie uns|werden sie fan|suivez|retrouvez(?:-| )nous"
    r"|rejoignez|abonnez|likez|sigue(?: a|nos|te)?\b|siguenos|siganos|unete|unase|visitanos|encuentranos|seguici|segui (?:il|la|su|anche|ansa|@|i|le)"
    r"|seguiteci|iscriviti|unisciti|entra nel|siga|sigam|acompanhe|junte-se|entre no|participe d|inscreva-se|curta)"
    rf".{{0,90}}?\b{_CHANNEL}(?!\w).{{0,80}}"
)
_NAMED = re.compile(
    r"(?:Follow|FOLLOW|Find|FIND) (?:@?[A-Z][\w.:'’-]*(?: |, )?(?:of |the |and )?){1,7} ?(?:on|at|via|ON) .{0,60}"
)
_SUBSCRIBES = re.compile(
    r"(?:sign up (?:here|for (?:the|our|free)|now|to (?:the|our|get|receive))|subscribe (?:here|now|to (?:the|our))|εγγραφειτε|γραφτειτε|jetzt .{0,25}(?:bestellen|abonnieren)"
    r"|abonnez-vous|inscrivez-vous|recevez|suscribete|recibe|iscriviti|ricevi|assine|receba|inscreva-se)"
    r".{0,80}(?:briefing|newsletter|newsletters|infolettre|lettre|boletin|boletim|bulletin|alerts?|e-?mails?|inbox|mailbox|posta|correo|updates|νεα|here|free)\b.{0,60}"
)
_HERE = re.compile(r"(?:sign up|subscribe|register|click)(?: now| here| today| free)*[ .!]*")
_SAYS = re.compile(
    r"[\"“”«»„]|\b(?:said|says|told|ειπε|δηλωσε|sagte|sagt|dit|declare|dijo|dice|afirmo|disse|ha detto|were|was|had|has|ηταν|ειχε|wurde|hatte|etait|avait|fue|era|foi)\b"
)
FIRST_WORDS = frozenset(
    """
follow join find like add message ακολουθηστε ακολουθησε ακολουθηστε βρειτε καντε γινετε γραφτειτε μπειτε folgen folge folgt abonnieren
besuchen werden suivez retrouvez retrouvez-nous rejoignez abonnez abonnez-vous likez sigue siguenos siganos unete unase visitanos
encuentranos seguici segui seguiteci iscriviti unisciti entra siga siga-nos sigam acompanhe junte-se entre participe inscreva-se curta
sign subscribe register εγγραφειτε jetzt inscrivez-vous recevez suscribete recibe ricevi assine receba click
""".split()  # noqa: SIM905 - a list of words reads best as words
)


def asked(text: str, folded: str) -> Match | None:
    """What the line asks for: to sign up for letters, or to be followed or joined somewhere; None if it asks for nothing."""
    if len(folded) > LONGEST or _SAYS.search(folded):
        return None
    if _HERE.fullmatch(folded) or _SUBSCRIBES.fullmatch(folded):
        return Match(Kind.NEWSLETTER)
    named = _NAMED.match(text) is not None and _ON_CHANNEL.search(folded) is not None
    return Match(Kind.NOISE) if named or _FOLLOWS.fullmatch(folded) else None


_ON_CHANNEL = re.compile(rf"\b(?:on|at|via) {_CHANNEL}(?!\w)")
