"""What kind of answer a question asks for (when, who, how much, ...) in French, Vietnamese and English, and whether
a sentence has one. Everything is compared folded: without accents, in lower case."""

import re
from typing import Literal, NamedTuple

from parvis.kernel.languages import fold

Kind = Literal[
    "time", "date", "year", "money", "percent", "duration", "number", "measure", "code", "phone", "person", "place"
]
_AMOUNT = r"\d[\d .,\u00a0\u202f]*"
_UNITS = {
    "year": r"an(?:s|nees?)?|years?|nam",
    "month": r"mois|months?|thang",
    "week": r"semaines?|weeks?|tuan",
    "day": r"jours?|days?|ngay|journees?",
    "hour": r"h|heures?|hours?|gio|tieng",
    "minute": r"min|minutes?|phut",
}
_ANY_UNIT = "|".join(_UNITS.values())
_WRITTEN = (
    r"une?|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|quinze|vingt|trente|quarante|cinquante|cent"
    r"|one|two|three|four|five|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|hundred"
    r"|mot|hai|ba|bon|nam|sau|bay|tam|chin|muoi"
)
_NUMBER = rf"(?:\d[\d.,]*|\b(?:{_WRITTEN})\b)"
_MONTHS = (
    r"janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre"
    r"|january|february|march|april|may|june|july|august|september|october|november|december"
)
_DAYS = (
    r"lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche"
    r"|monday|tuesday|wednesday|thursday|friday|saturday|sunday|thu (?:hai|ba|tu|nam|sau|bay)|chu nhat"
)
_MONEY_WORDS = r"€|£|\$|eur\b|euros?\b|usd\b|dollars?\b|gbp\b|dong\b|dongs\b|vnd\b|trieu\b|ty\b|ttc\b|ht\b"

_ASKED: tuple[tuple[Kind, str], ...] = (
    (
        "time",
        r"\b(?:quelle heure|heure (?:exacte|d'arrivee|de depart)|may gio|gio nao|luc nao|what (?:exact )?time)\b",
    ),
    (
        "date",
        r"\b(?:quand|quelle date|quels? jours?|khi nao|ngay nao|bao gio|hom nao"
        r"|when|what (?:date|day)|which day)\b",
    ),
    ("year", r"\b(?:quelle annee|nam nao|nam bao nhieu|(?:what|which) year)\b"),
    (
        "money",
        r"\b(?:combien (?:coute|vaut|est prevu|paie|paye|faut-il payer)\w*|a combien"
        r"|(?:prix|montant|cout|tarif|acompte|somme|salaire|indemnite|gratification|contribution|loyer|cotisation)s?"
        r"|bao nhieu tien|gia(?: tri)?|chi phi|luong|hoc phi|tien thue|tro cap|thiet hai"
        r"|how much (?:does|do|did|is|was|will)|cost|price|fee|deposit|salary|fare|rent)\b",
    ),
    ("percent", r"\b(?:pourcentage|pour cent|phan tram|percentage|per cent|percent)\b"),
    (
        "duration",
        rf"\b(?:combien (?:de temps|d'(?:ans?|annees?|heures?)|de (?:{_ANY_UNIT}))|pendant combien|quelle duree"
        rf"|bao lau|(?:bao nhieu|may) (?:nam|thang|tuan|ngay|gio|phut)|how long|how many (?:\w+ )?(?:{_ANY_UNIT})"
        r"|thoi (?:han|gian)|quel (?:retard|delai)|a quelle frequence|how (?:often|late))\b",
    ),
    (
        "measure",
        r"\b(?:quelle (?:distance|hauteur|taille|longueur)|bao xa|cao bao|how (?:far|high|tall|big|small|large))\b",
    ),
    (
        "phone",
        r"\b(?:quel|what|which)\b.{0,20}\b(?:telephone|portable|phone)\b"
        r"|\bdien thoai\b.{0,40}\b(?:la|nao|may|bao nhieu)\b",
    ),
    (
        "code",
        r"\b(?:numeros?|code|reference|immatriculation|poste|ma so|ma|so (?:hieu|dat|ho chieu)|number|password"
        r"|mot de passe|mat khau|quels? bureaux?|quelle salle|which room|phong nao|which seats?)\b",
    ),
    ("person", r"(?<!-)\b(?:qui|ai|who|whom|quels? membres?|nguoi nao)\b"),
    ("place", r"\b(?:ou (?:est|sont|a|se|sera|ont|va|peut|faut|trouve)|o dau|where)\b"),
    ("number", r"\b(?:combien d|combien|bao nhieu|how many|limite?)\b"),
)
_HAS: dict[Kind, str] = {
    "time": r"\b\d{1,2} ?(?:h|gio|g)(?: ?\d{2})?\b|\b\d{1,2}:\d{2}\b|\b\d{1,2} ?[ap]\.?m\b|\b(?:midi|noon)\b",
    "date": rf"\b(?:{_MONTHS}|{_DAYS})\b|\bngay \d|\bthang \d|\b\d{{1,2}}/\d{{1,2}}\b|\b\d{{4}}-\d{{2}}-\d{{2}}\b",
    "year": r"\b(?:1[5-9]|20)\d\d\b",
    "money": rf"\d ?(?:millions? |milliards? |billion |trieu |ty |k)?(?:de |d')?(?:{_MONEY_WORDS})|[€£$] ?\d",
    "percent": r"\d ?%|\d (?:pour cent|per ?cent|phan tram)\b",
    "duration": rf"{_NUMBER}[ -](?:{_ANY_UNIT})\b",
    "number": _NUMBER,
    "measure": rf"{_AMOUNT} ?(?:km|m|cm|mm|m²|m2|km2|miles?|feet|g|kg|go|gb|mo|mb|metres?)\b",
    "code": r"\b(?=[\w-]*\d)(?=[\w-]*[a-z])[a-z0-9]+(?:[-/][a-z0-9]+)*\b|\b\d{3,}\b",
    "phone": r"(?:\+\d{1,3}|\b0\d)(?:[ .]?\d{2,4}){3,}\b|\bposte \d{3,}\b",
}
_CLOSED = re.compile(
    r"^\W*(?:did|does|do|is|are|was|were|has|have|had|can|could|will|would|should|may)\b|^\W*est-ce qu[e']?"
    r"|-(?:t-)?(?:ils?|elles?|on|vous|nous|tu|je)\b|\bco\b.+\b(?:khong|chua)\b|\b(?:khong|chua)\W*$"
)
_OPEN = re.compile(
    r"\b(?:qui|quoi|quel(?:le)?s?|(?:le|la|les)quel(?:le)?s?|quand|ou|comment|combien|pourquoi|qu'est-ce que?|que?"
    r"|what|which|who|whom|whose|when|where|why|how"
    r"|gi|ai|nao|dau|sao|bao (?:nhieu|gio|lau|xa)|may)\b"
)
_NARROWER: tuple[tuple[Kind, Kind], ...] = (
    ("duration", "time"),
    ("date", "time"),
    ("code", "phone"),
    ("money", "percent"),
)
"""When a question names both, it asks for the second alone."""
_PATTERNS = {kind: re.compile(pattern) for kind, pattern in _HAS.items()}
_QUESTIONS = [(kind, re.compile(pattern)) for kind, pattern in _ASKED]
_CALENDAR = re.compile(rf"(?:{_MONTHS}|{_DAYS})")
_WITHIN = r"|(?<![.!?\n>] )(?<!^)\b[A-ZÀ-ỸĐ][\w'’-]+"
"""A word with a capital that does not begin a sentence."""
_NAMED = re.compile(
    r"\b(?:M\.|Mme|Mr|Mrs|Ms|Dr|Pr|[Aa]nh|[Cc]hị|[Bb]ác|[Ôô]ng|[Bb]à|[Cc]ô|[Tt]hầy|[Ee]m) [A-ZÀ-ỸĐ]\w*" + _WITHIN
)
_PLACED = re.compile(
    r"\b(?:[A-Z]{1,2}\d{2,}|bâtiment|bureau|salle|hall|casier|accueil|gare|rue|room|building|floor|street|station"
    r"|phòng|tòa|nhà|đường|ga|tại|ở)\b" + _WITHIN
)


_WORDED: tuple[Kind, ...] = ("person", "place")
"""Kinds whose answers are told by words alone; the others have a number in them."""


class Expected(NamedTuple):
    """The kinds of answer a question asks for, most telling first; `unit` narrows a duration. A `closed` question
    is answered by yes or no."""

    kinds: tuple[Kind, ...]
    unit: str = ""
    closed: bool = False

    def allows(self, claim: str) -> bool:
        """Whether a claim may answer: it is no question, and has a number of a kind when such is asked for."""
        if claim.rstrip().endswith("?"):
            return False
        numeric = [kind for kind in self.kinds if kind not in _WORDED]
        return not numeric or len(numeric) < len(self.kinds) or any(self.fits(kind, claim) for kind in numeric)

    def fits(self, kind: Kind, text: str) -> bool:
        """Whether `text` has an answer of this kind."""
        if kind == "person":
            return bool(_NAMED.search(text))
        if kind == "place":
            return bool(_PLACED.search(text))
        if kind == "duration" and self.unit:
            return bool(re.search(rf"{_NUMBER}[ -](?:\w+ )?(?:{_UNITS[self.unit]})\b", fold(text)))
        return bool(_PATTERNS[kind].search(fold(text)))


ANYTHING = Expected(())


def is_calendar(word: str) -> bool:
    """Whether it is the name of a month or of a day of the week."""
    return bool(_CALENDAR.fullmatch(fold(word)))


def expected(question: str) -> Expected:
    """What kind of answer `question` asks for; none when it does not say."""
    asked = fold(question)
    if _CLOSED.search(asked) and not _OPEN.search(_CLOSED.sub("", asked)):
        return Expected((), closed=True)
    kinds: list[Kind] = [kind for kind, pattern in _QUESTIONS if pattern.search(asked)]
    for broad, narrow in _NARROWER:
        if broad in kinds and narrow in kinds:
            kinds.remove(broad)
    if "number" in kinds and len(kinds) > 1:
        kinds.remove("number")
    unit = (
        next((name for name, words in _UNITS.items() if _counts(asked, words)), "") if "duration" in kinds else ""
    )
    return Expected(tuple(kinds), unit)


def _counts(asked: str, words: str) -> bool:
    return bool(re.search(rf"(?:combien d[e' ]{{1,2}}|how many (?:\w+ )?|bao nhieu |may )(?:{words})\b", asked))
