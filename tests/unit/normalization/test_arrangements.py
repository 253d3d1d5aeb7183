"""One story in seven languages among furniture in every order: the story comes out whole, and nothing else.

The sentences are made up; what stands around them is what sites of these languages put around their stories.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest

from tests.unit.normalization.raws import article, body


@dataclass(frozen=True)
class Site:
    section: str
    headline: str
    story: tuple[str, ...]
    also: str
    credit: str
    newsletter: str
    list_heading: str
    teasers: tuple[tuple[str, str], ...]


SITES = {
    "en": Site(
        "WORLD AFFAIRS", "Two towns share one bridge and one bill",
        ("Two towns on the river Alder have agreed to share the cost of the bridge that joins them, after a quarrel of eleven years.",
         "Each will pay for its own half, measured from the middle of the stream, the mayors said on Wednesday.",
         "“It was never about the money,” said one of them. “It was about who would ask first…”",
         "Lorries may use the bridge again from the summer."),
        "Also read: Ferryman of Alder retires at ninety", "Source: Alder Press", "NEWSLETTER SUBSCRIPTION", "Related articles",
        (("Flood gates to be tested in autumn", "The flood gates below the town are to be tested for the first time since…"),
         ("Mills | A museum for the last wheel", "The last mill wheel on the river will be shown in a museum of its own…"),
         ("Eels return to the upper river", "Eels have been seen above the weir, which pleases the anglers.")),
    ),
    "el": Site(
        "ΔΙΕΘΝΕΙΣ ΣΧΕΣΕΙΣ", "Δύο πόλεις μοιράζονται μια γέφυρα",
        ("Δύο πόλεις στις όχθες του ποταμού συμφώνησαν να μοιραστούν το κόστος της γέφυρας που τις ενώνει, ύστερα από διαμάχη έντεκα ετών.",
         "Η καθεμία θα πληρώσει για το δικό της μισό, δήλωσαν την Τετάρτη οι δήμαρχοι.",
         "«Ποτέ δεν ήταν θέμα χρημάτων», είπε ο ένας. «Ήταν ποιος θα ζητήσει πρώτος…»",
         "Τα φορτηγά θα περνούν ξανά από το καλοκαίρι."),
        "Διαβάστε επίσης: Συνταξιοδοτείται ο βαρκάρης του ποταμού", "Πηγή: ΑΠΕ-ΜΠΕ", "ΕΓΓΡΑΦΗ ΣΤΟ NEWSLETTER", "Σχετικά άρθρα",
        (("Δοκιμή των θυρών το φθινόπωρο", "Οι θύρες κάτω από την πόλη θα δοκιμαστούν για πρώτη φορά μετά από…"),
         ("Μύλοι | Μουσείο για τον τελευταίο τροχό", "Ο τελευταίος τροχός του ποταμού θα εκτεθεί σε δικό του μουσείο και θα…"),
         ("Τα χέλια επέστρεψαν στον άνω ρου", "Χέλια εμφανίστηκαν πάνω από το φράγμα, προς χαρά των ψαράδων.")),
    ),
    "de": Site(
        "AUSLAND", "Zwei Städte teilen sich eine Brücke",
        ("Zwei Städte an der Erle haben sich nach elf Jahren Streit geeinigt, die Kosten der gemeinsamen Brücke zu teilen.",
         "Jede zahlt ihre Hälfte, gemessen von der Mitte des Flusses, sagten die Bürgermeister am Mittwoch.",
         "„Es ging nie um das Geld“, sagte einer von ihnen. „Es ging darum, wer zuerst fragt…“",
         "Lastwagen dürfen vom Sommer an wieder über die Brücke fahren."),
        "Lesen Sie auch: Fährmann geht mit neunzig in den Ruhestand", "Quelle: dpa", "Newsletter abonnieren", "Weitere Artikel",
        (("Hochwassertore werden im Herbst geprüft", "Die Tore unterhalb der Stadt werden zum ersten Mal seit vielen Jahren…"),
         ("Mühlen | Ein Museum für das letzte Rad", "Das letzte Mühlrad am Fluss bekommt ein eigenes Museum, in dem auch…"),
         ("Aale kehren in den Oberlauf zurück", "Oberhalb des Wehrs wurden Aale gesehen, was die Angler freut.")),
    ),
    "fr": Site(
        "INTERNATIONAL", "Deux villes se partagent un pont",
        ("Deux villes riveraines de l'Aulne se sont mises d'accord pour partager le coût du pont qui les relie, après onze ans de querelle.",
         "Chacune paiera sa moitié, mesurée depuis le milieu du courant, ont dit mercredi les deux maires.",
         "« Ce n'était pas une question d'argent », a dit l'un d'eux. « Il s'agissait de savoir qui demanderait le premier… »",
         "Les camions pourront y passer de nouveau dès cet été."),
        "À lire aussi : Le passeur prend sa retraite à quatre-vingt-dix ans", "Source : AFP", "Inscrivez-vous à notre newsletter", "Articles similaires",
        (("Les vannes seront essayées à l'automne", "Les vannes situées en aval de la ville seront essayées pour la première fois depuis…"),
         ("Moulins | Un musée pour la dernière roue", "La dernière roue de moulin de la rivière aura son musée, où l'on verra aussi…"),
         ("Les anguilles de retour en amont", "On a vu des anguilles au-dessus du barrage, au grand plaisir des pêcheurs.")),
    ),
    "es": Site(
        "INTERNACIONAL", "Dos pueblos comparten un puente",
        ("Dos pueblos a orillas del Aliso han acordado repartir el coste del puente que los une, después de once años de disputa.",
         "Cada uno pagará su mitad, medida desde el centro de la corriente, dijeron los alcaldes el miércoles.",
         "«Nunca fue por el dinero», dijo uno de ellos. «Fue por ver quién preguntaba primero…»",
         "Los camiones podrán volver a cruzarlo desde el verano."),
        "Lea también: El barquero se jubila a los noventa años", "Fuente: EFE", "Suscríbete a nuestra newsletter", "Noticias relacionadas",
        (("Las compuertas se probarán en otoño", "Las compuertas que hay aguas abajo se probarán por primera vez desde que…"),
         ("Molinos | Un museo para la última rueda", "La última rueda de molino del río tendrá su propio museo, en el que también…"),
         ("Las anguilas vuelven al curso alto", "Se han visto anguilas por encima de la presa, para alegría de los pescadores.")),
    ),
    "it": Site(
        "ESTERI", "Due paesi si dividono un ponte",
        ("Due paesi lungo l'Ontano hanno deciso di dividere il costo del ponte che li unisce, dopo undici anni di liti.",
         "Ciascuno pagherà la sua metà, misurata dal centro della corrente, hanno detto mercoledì i sindaci.",
         "«Non era una questione di soldi», ha detto uno di loro. «Era questione di chi chiedeva per primo…»",
         "I camion potranno passare di nuovo dall'estate."),
        "Leggi anche: Il traghettatore va in pensione a novant'anni", "Fonte: ANSA", "Iscriviti alla nostra newsletter", "Articoli correlati",
        (("Le paratoie saranno provate in autunno", "Le paratoie a valle del paese saranno provate per la prima volta da quando…"),
         ("Mulini | Un museo per l'ultima ruota", "L'ultima ruota di mulino del fiume avrà un museo tutto suo, nel quale anche…"),
         ("Le anguille tornano nell'alto corso", "Sono state viste anguille sopra la diga, con gioia dei pescatori.")),
    ),
    "pt": Site(
        "MUNDO", "Duas vilas dividem uma ponte",
        ("Duas vilas à beira do Amieiro concordaram em dividir o custo da ponte que as une, depois de onze anos de desavenças.",
         "Cada uma pagará a sua metade, medida a partir do meio da corrente, disseram os presidentes na quarta-feira.",
         "«Nunca foi pelo dinheiro», disse um deles. «Foi para ver quem pedia primeiro…»",
         "Os camiões poderão voltar a passar a partir do verão."),
        "Leia também: O barqueiro reforma-se aos noventa anos", "Fonte: Lusa", "Subscreva a nossa newsletter", "Notícias relacionadas",
        (("As comportas serão testadas no outono", "As comportas a jusante da vila serão testadas pela primeira vez desde que…"),
         ("Moinhos | Um museu para a última roda", "A última roda de moinho do rio terá um museu próprio, no qual também se…"),
         ("As enguias voltam ao curso superior", "Foram vistas enguias acima da represa, para alegria dos pescadores.")),
    ),
}  # fmt: skip

HEADS = {
    "section twice": lambda s: [s.section, s.section, ""],
    "section twice, no blank": lambda s: [s.section, s.section],
    "section, headline": lambda s: [s.section, "", s.headline, ""],
    "section twice, headline": lambda s: [s.section, s.section, s.headline],
    "headline": lambda s: [s.headline, ""],
    "nothing": lambda s: [],
}
TAILS = {
    "credit, newsletter, teasers twice": lambda s: [s.credit, s.newsletter, *teasers(s), *teasers(s)],
    "credit, teasers": lambda s: [s.credit, *teasers(s)],
    "credit, newsletter": lambda s: [s.credit, s.newsletter],
    "newsletter, teasers, credit": lambda s: [s.newsletter, *teasers(s), s.credit],
    "teasers, credit": lambda s: [*teasers(s), s.credit],
    "credit, list of headings": lambda s: [s.credit, s.list_heading, *(heading for heading, _ in s.teasers)],
    "list of teasers, credit": lambda s: [s.list_heading, *teasers(s), s.credit],
    "credit": lambda s: [s.credit],
    "nothing": lambda s: [],
}


def teasers(site):
    return list(itertools.chain.from_iterable(site.teasers))


@pytest.mark.parametrize("language", SITES)
@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("tail", TAILS)
def test_the_story_comes_out_whole_and_alone(language, head, tail):
    site = SITES[language]
    story = list(site.story)
    lines = [*HEADS[head](site), *story[:2], site.also, *story[2:], *TAILS[tail](site)]
    one = article("\n".join(lines).encode(), "text/plain")
    assert body(one) == story
    assert one.language == language
    assert one.section == (site.section if "section" in head else None)
    assert one.title == (site.headline if "headline" in head else story[0])
    assert one.title_derived is ("headline" not in head)
    assert one.credit == (site.credit.partition(":")[2].strip() if "credit" in tail else None)
    assert one.related[0].title == site.also.partition(":")[2].strip()
    named = {story.title for story in one.related[1:]}
    assert named == ({heading for heading, _ in site.teasers} if "teaser" in tail or "list" in tail else set())


@pytest.mark.parametrize("language", SITES)
def test_credit_above_the_story(language):
    site = SITES[language]
    one = article("\n".join([site.headline, site.credit, *site.story, *teasers(site)]).encode(), "text/plain")
    assert body(one) == list(site.story)
    assert one.credit == site.credit.partition(":")[2].strip()


@pytest.mark.parametrize("language", SITES)
def test_teasers_above_the_story(language):
    site = SITES[language]
    lines = [*itertools.chain.from_iterable(site.teasers[:2]), site.headline, *site.story, site.credit]
    one = article("\n".join(lines).encode(), "text/plain")
    assert body(one) == list(site.story)
    assert one.title == site.headline
