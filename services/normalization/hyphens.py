"""A hyphen at a line's end: part of the word ('one-billion-' + 'dlr'), or a break that a typesetter made ('inter-' + 'national'). Pure.

What the text itself says counts first: a word that stands elsewhere in it joined, or with its hyphen, is that word. Then
the pieces: endings and beginnings that are no words of their own. Where nothing tells, the hyphen stays, but in languages that
write their compounds without one.
"""

from __future__ import annotations

import re

from services.normalization.phrases import fold

AFTER_HYPHEN = frozenset(
    (
        "and",
        "or",
        "to",
        "und",
        "oder",
        "bis",
        "et",
        "ou",
        "y",
        "o",
        "e",
        "και",
        "ή",
        "bzw",
        "beziehungsweise",
        "sowie",
        "nor",
        "versus",
    )
)
"""'short- and long-term': here the hyphen ends a word, and no line break split one."""
HYPHENATING = 0.06
"""Share of lines that end in a broken word from which a text is known to break words; where none does it is far below."""
MANY_BREAKS = 3

_KEEPS = frozenset(
    """
all anti co cross ex half high long low mid multi near non old one part post pre pro quasi self semi short so state then two three
four five six seven eight nine ten twenty thirty forty fifty sixty seventy eighty ninety vice well wide would de grand petit demi mi
sous peut c est dit là vis ci avant arrière
""".split()  # noqa: SIM905 - a list of words reads best as words
)
_BEGINS = frozenset(
    """
ab abs ac ad af al ap ar as at be circ com con coun cor de des dif dis ef em en ent er es ge im in infra inter intra intro ir mis ob
oc per pos prae re sub suc suf sug sup sur sus sym syn tele trans ultra un ver zer
""".split()  # noqa: SIM905 - a list of words reads best as words
)
_ENDS = frozenset(
    """
able ably age al ally ance ances ant ants ary ate ated ates ating ation ations ative ator bility ble bly cal cally cation cial cially
cians cian cies cient cious cism cist city cy dent dents dom ed ence ences ency ent ents er ers ery ess est ful fully gate gated gation
geous gion gious graphy hood ial ian ians ible ic ical ically ics ied ier ies ing ingly ings ion ions ious ise ised ism ist ists ities
ity ive ively ization ize ized izing less ling lished lishing logical logy ly ment mental ments mic mination ming mist mous nation
nary ness ning nise nised nising nize nized nizing nomic nomics nomy nor nounced ous ously pable pher phy ple pled
pling ral rally rated ration rial ries rious rity sation sented sible sion sional sions sis sive ster sult tain
taining tal tary ted tee tees tem tems tence ter tered tering ters tial tially tic tical tics tied ties tified tify tifying ting tion
tional tionally tions tious tism tist tive tively tives tor tors tory tual tually ture tured tures turing ty tude ually uity ular
ulated ulation uous ure ures ury vance vation velop veloped velopment ver vered vers vious zation zed zing
heit heiten keit keiten lich liche lichen licher liches lung lungen nis nisse rung rungen schaft schaften tion tionen tung tungen ung
ungen isch ische ischen ischer isches gen ten den ren chen lein bar bare baren
ción ciones cion mente miento mientos dad dades zación ado ada ados adas ido ida
tion tions ment ments ation ations ité ités tique tiques eur eurs euse elle elles aire aires
zione zioni mente mento menti tà zioni zione
ção ções mento mentos dade dades mente
""".split()  # noqa: SIM905 - a list of words reads best as words
)
_VOWELS = "aeiou"
_CLITICS = frozenset(
    """
se lhe lhes me te nos vos lo la los las o a os as no na nas ia ei ão ce t il elle on ils elles je tu y là ci
""".split()  # noqa: SIM905 - a list of words reads best as words
)
_PIECE = re.compile(r"[^\W\d_]+$")
_HEAD = re.compile(r"[^\W\d_]+")
_COMMON = {
    "open": re.compile(r"\b(?:the|of|and|that|les|des|est|dans|pour|não|uma|com|dos)\b"),
    "closed": re.compile(
        r"\b(?:der|die|und|das|nicht|den|van|het|een|los|las|que|una|il|che|della|di|och|att|det|og|του|της|και|την|των)\b"
    ),
}


class Text:
    """A text whose lines are being joined; what it says of its own words is looked up only when asked for."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._folded: str | None = None
        self._habit: tuple[bool, bool] | None = None

    def glued(self, left: str, right: str) -> str:
        """`left`, which ends in a hyphen, and the line behind it as one."""
        before, first = left[-2:-1], right[0]
        if not before.isalnum() or not first.isalnum() or _word(right).lower() in AFTER_HYPHEN:
            return f"{left} {right}"
        if not (before.isalpha() and first.islower()):
            return left + right  # 'Franco-' + 'German', '1986-' + '87'
        return left[:-1] + right if self._broken(left[:-1], right) else left + right

    def _broken(self, left: str, right: str) -> bool:
        piece, rest = _PIECE.search(left), _word(right)
        if piece is None or left[: piece.start()][-1:] in ("-", "’", "'") or not rest:
            return False
        start, end = fold(piece[0]), fold(rest)
        if self._says(f"{start}-{end}"):
            return False
        if len(start) + len(end) > 4 and self._says(start + end):
            return True
        if start in _KEEPS or end in _CLITICS or (start[-1] == end[0] and end[0] in _VOWELS):
            return False
        hyphenates, closed = self._habits()
        return hyphenates or closed or end in _FOLDED_ENDS or start in _BEGINS

    def _says(self, word: str) -> bool:
        if self._folded is None:
            self._folded = fold("\n".join(self._lines))
        return word in self._folded

    def _habits(self) -> tuple[bool, bool]:
        """Whether the text breaks words at line ends, and whether its language writes compounds as one word."""
        if self._habit is None:
            ends = sum(
                1
                for line, after in zip(self._lines, self._lines[1:], strict=False)
                if line[-1:] == "-"
                and line[-2:-1].isalpha()
                and after[:1].islower()
                and _word(after) not in AFTER_HYPHEN
            )
            counts = {name: len(pattern.findall("\n".join(self._lines).lower())) for name, pattern in _COMMON.items()}
            breaks = ends >= MANY_BREAKS and ends >= HYPHENATING * len(self._lines)
            self._habit = breaks, counts["closed"] > counts["open"]
        return self._habit


_FOLDED_ENDS = frozenset(map(fold, _ENDS))


def _word(line: str) -> str:
    match = _HEAD.match(line)
    return match[0] if match else ""
