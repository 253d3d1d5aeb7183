"""Lines around stories in seven languages, each known for what it is; and sentences that only begin like them."""

from __future__ import annotations

import pytest

from services.normalization.cleanup import clean, coded
from services.normalization.layout import paragraphs
from services.normalization.phrases import Kind, kind_of, stands_alone
from tests.unit.normalization.raws import article, body

KNOWN = {
    Kind.REPORTING: """
(Reporting by Jane Doe in Athens; Editing by John Roe)
Reporting by Jane Doe; Additional reporting by Ann Poe; Writing by Tom Moe; Editing by John Roe
Edited by John Roe
With reporting by Jane Doe and Ann Poe
Harbour Press writer Ann Holm in London contributed to this report.
Additional reporting by Ann Poe in Kyiv, and Jane Doe and Tom Moe in London.
(By Jane Doe)
(Bericht von Anna Holm, redigiert von Jan Berg.)
(Geschrieben von Anna Holm, redigiert von Jan Berg)
Redaktion: Anna Holm
(Reportage Anne Dupont ; rédigé par Luc Martin, édité par Paul Roux)
(Anne Dupont, édité par Paul Roux)
(Version française Luc Martin, édité par Paul Roux)
(Información de Ana Ruiz; editado por Luis Gil)
(Reporte de Ana Ruiz. Editado en español por Luis Gil)
(a cura di Anna Rossi)
(Tradotto da redazione Danzica, in redazione a Roma Anna Rossi)
(Reportagem de Ana Silva; edição de João Costa)
(Por Ana Silva; Edição de João Costa)
Επιμέλεια: Μαρία Παππά
(Ρεπορτάζ: Μαρία Παππά, επιμέλεια: Νίκος Δήμου)
""",
    Kind.TRAILER: """
-ENDS-
--ENDS--
ENDS
(END)
###
# # #
-0-
- 30 -
(more)
-more-
MORE
(more to follow)
Developing story, more to follow.
FIN.
Ende der Meldung
Fortsetzung folgt
(à suivre)
(SEGUE)
(sigue)
ΤΕΛΟΣ
Enditem
REUTER...
AFP
dpa
Lusa
((jane.doe@example.com; +30 210 555 0101))
(With agencies)
ah/jb/cd
AH // JB
(Schluss) ah/jb
Lusa/Fim
dpa abc yyzz a3 ab
___
* * *
""",
    Kind.CREDIT: """
(ANSA).
/APA/
(c) AFP
(c) Copyright Harbour News 2025.
© 2025 dpa Deutsche Presse-Agentur GmbH
Copyright 2025 Harbour News. All rights reserved. This material may not be published, broadcast or rewritten.
© Agencia EFE. Está expresamente prohibida la redistribución de todo o parte de los contenidos.
Με πληροφορίες από ΑΠΕ-ΜΠΕ
Mit Material von dpa und AFP
(Mit Material der dpa)
(mit dpa)
(avec AFP)
Avec AFP
Con información de EFE
Con informazioni da Reuters
Fonte: ANSA
Com informações da Reuters
With inputs from PTI
""",
    Kind.RELATED: """
READ MORE ABOUT FERRIES
Διαβάστε περισσότερα εδώ
Διαβάστε εδώ όλες τις ειδήσεις
Lesen Sie mehr zum Thema
>> Lire aussi Le pont fermé
Lee también | Cierran el puente
LEGGI ANCHE > Chiuso il ponte
Leia mais sobre
""",
    Kind.NEWSLETTER: """
Sign up for the daily briefing
Sign up here
Γραφτείτε στο newsletter
Jetzt Newsletter bestellen
Inscrivez-vous à notre infolettre
Ricevi le notizie ogni mattina nella tua casella di posta
Receba as notícias no seu e-mail
Recibe nuestro boletín cada mañana
""",
    Kind.NOISE: """
Ακολουθήστε το portnews.gr στο Google News και μάθετε πρώτοι όλες τις ειδήσεις
Κάντε like στη σελίδα μας στο Facebook
Βρείτε μας στο Viber
Folgen Sie uns auf WhatsApp
Abonnieren Sie unseren Kanal auf WhatsApp
Rejoignez notre chaîne WhatsApp
Retrouvez-nous sur Facebook
Síguenos en Google News
Únete a nuestro canal de WhatsApp
Seguici su Google News
Iscriviti al nostro canale WhatsApp
Siga-nos no Google Notícias
Acompanhe o nosso canal no WhatsApp
Join our WhatsApp channel
Follow Jane Doe on Twitter @janedoe
Follow Harbour News on Facebook, Twitter and Instagram.
Advertisement Continue reading the main story
Story continues below advertisement
Click here to read more
View comments
Image source, Getty Images
(Photo by Jane Doe/Getty Images)
Χρόνος ανάγνωσης: 3 λεπτά
Μοιραστείτε το
Comparte esta noticia
""",
}
CASES = [(kind, line) for kind, lines in KNOWN.items() for line in lines.strip().split("\n")]
SENTENCES = """
Reporting by the harbour board showed that the figures were wrong.
Written by hand, the letters were found in a cellar.
Edited by a computer, the film was a success.
By Monday the water had gone.
Par la suite, le maire a changé de voix.
Por la tarde volvió la luz.
Di solito il ponte è aperto.
Von Anfang an war klar, was fehlte.
Του χρόνου το πλοίο θα επιστρέψει.
Follow the money on Facebook, he said, and you will find the firm.
Follow the rules on Twitter or lose your name.
Join the army on Facebook, the advert told them.
Find a doctor on Facebook is what people do now.
Folgen hatte der Fall auf Facebook keine.
Siga el dinero, dijo el juez en Facebook.
Agencies said the talks had failed.
More to the point, the bridge is old.
Suite à la grève, le port est fermé.
Continua lo sciopero dei treni.
Sigue la huelga en el puerto.
Fine particles are the problem.
share.
Save our harbour, the placards said.
Print sales fell again.
Getty Images sued the firm on Monday.
Click rates rose to four per cent.
Subscribe to the theory or not, the facts remain.
Sign up for the race closed on Sunday.
With agencies short of staff, the letters lie unread.
Avec Paris, Londres a signé.
Mit Berlin und Wien hat Prag nun drei Partner.
The firm contributed to this reporting of the case in 1990, a judge found, and it will pay.
The dpa was founded in 1949 ab
Either/or
Copyright in the songs was sold in 1990.
Ακολουθήστε τον δρόμο προς το λιμάνι, είπε ο δήμαρχος.
Επιμέλεια και υπομονή χρειάζεται το έργο.
Continuará la lluvia hasta el jueves.
""".strip().split("\n")
PROSE = "The council met on Monday and agreed to repair the old bridge before winter comes."
MORE = "Work is to begin in May, the mayor said, and the road will be closed for six weeks."


@pytest.mark.parametrize(("kind", "line"), CASES)
def test_known_for_what_it_is(kind, line):
    match = kind_of(line)
    assert match is not None
    assert match.kind is kind


@pytest.mark.parametrize(("kind", "line"), CASES)
@pytest.mark.parametrize("is_page", [True, False])
def test_out_of_the_body_at_its_end(kind, line, is_page):
    del kind
    lines = coded(paragraphs(f"{PROSE}\n\n{MORE}\n\n{line}", stands_alone))
    assert [one.text for one in clean(lines, is_page=is_page).lines] == [PROSE, MORE]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_sentences_stay(sentence):
    for text in (
        f"{PROSE}\n\n{sentence}\n\n{MORE}",
        f"{PROSE}\n\n{MORE}\n\n{sentence}",
        f"{sentence}\n\n{PROSE}\n\n{MORE}",
    ):
        assert body(article({"title": "Bridge", "body": text})) == text.split("\n\n")


def test_makers_are_the_byline_and_editors_are_not():
    one = article(
        {
            "title": "Bridge",
            "body": f"{PROSE}\n\n{MORE}\n\n(Reporting by Jane Doe and Ann Poe; Editing by John Roe)\n\nEdited by Tom Moe",
        }
    )
    assert one.byline == ["Jane Doe", "Ann Poe"]
    assert body(one) == [PROSE, MORE]
    assert article({"title": "Bridge", "body": f"{PROSE}\n\nEdited by Tom Moe"}).byline == []


def test_the_agency_that_signs_is_the_credit_unless_one_is_given():
    assert article({"title": "Bridge", "body": f"{PROSE}\n\nREUTER"}).credit == "Reuters"
    assert article({"title": "Bridge", "body": f"{PROSE}\n\nLusa"}).credit == "Lusa"
    assert article({"title": "Bridge", "body": f"{PROSE}\n\nSource: AMNA\n\nENDS"}).credit == "AMNA"
    assert article({"title": "Bridge", "body": f"{PROSE}\n\n(c) Copyright Harbour News 2025."}).credit == "Harbour News"


def test_an_agencys_mark_at_the_end_of_the_last_paragraph():
    for mark, agency in ((" (ANSA).", "ANSA"), (" EFE", "EFE"), (" (AFP)", "AFP")):
        one = article({"title": "Bridge", "body": f"{PROSE}\n\n{MORE}{mark}"})
        assert body(one) == [PROSE, MORE]
        assert one.credit == agency
    for text in (
        f"{PROSE}{mark}\n\n{MORE}",
        f"{PROSE}\n\nHe told Reuters",
        f"{PROSE}\n\nHe spoke of the talks (Greek)",
    ):
        assert body(article({"title": "Bridge", "body": text})) == text.split("\n\n")
