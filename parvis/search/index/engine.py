"""What the two databases do differently about words and vectors. Everything else in search is written once."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from parvis.search.index.meaning import Side
from parvis.search.index.wording import Wording
from parvis.search.request import Filters
from parvis.store.sql.contract import Database
from parvis.store.unit import Unit

HEAD, BODY, FORM = 0.8, 1.0, 0.7
"""What a word in the title or among the people, in the text, and as a stem or pair of syllables counts."""
SATURATION, LENGTH = 1.2, 0.75
"""BM25's k1 and b (Robertson and Zaragoza, 2009), as FTS5 has them fixed."""


class PassageWords(NamedTuple):
    """The index words of one passage."""

    passage_id: int
    head: list[str]
    body: list[str]
    form: list[str]


class PassageVector(NamedTuple):
    """The vector of one passage, ready to be stored."""

    passage_id: int
    scope_id: int
    time_ms: int
    language: str
    code: bytes
    exact: bytes
    vector: Sequence[float]


class Question(NamedTuple):
    """The vector of a question: what finds its neighbourhood, and how it meets each language there."""

    language: str
    code: bytes
    sides: Mapping[str, Side]


class Terms(NamedTuple):
    """The words of a search with what is known of them: how rare each is, and which are too frequent to walk
    over."""

    weights: dict[str, float]
    skipped: frozenset[str]
    walked: int
    """At most so many passages hold one of the others."""
    passages: int
    length: float


class Ask(NamedTuple):
    """One search, ready for the statement."""

    rights: tuple[int, int, int, int]
    filters: Filters
    kinds: tuple[str, ...]
    accounts: tuple[int, ...]
    match: str
    """The words in the engine's own query language; empty when there are none to look for."""
    terms: Terms
    question: Question | None
    worded: int
    """At most so many passages by their words."""
    near: int
    """At most so many by their meaning."""
    newest: bool
    per_object: int
    """At most so many passages of one object; 0 for any number."""
    shown: int
    """At most so many passages in all."""


class Engine(Protocol):
    """One database's way."""

    has_vectors: bool
    walk: int
    """So many passages may be ranked by their words in one search; more frequent words are left out."""

    async def add_words(self, unit: Unit, rows: Sequence[PassageWords]) -> None:
        """Indexes the words of passages."""
        ...

    async def remove(self, unit: Unit, passages: Sequence[int]) -> None:
        """Forgets words and vectors of passages."""
        ...

    async def add_vectors(self, unit: Unit, rows: Sequence[PassageVector]) -> None:
        """Stores vectors of passages that are there."""
        ...

    async def frequencies(self, db: Database, terms: Sequence[str]) -> dict[str, int]:
        """In how many passages each term is (0 left out)."""
        ...

    async def measure(self, db: Database) -> tuple[int, float]:
        """How many passages there are, and their mean number of words."""
        ...

    async def open_vectors(self, db: Database, dims: int) -> None:
        """Makes the vectors' table for a model, if need be."""
        ...

    async def empty_vectors(self, db: Database) -> None:
        """Forgets all vectors."""
        ...

    async def sample(self, db: Database, language: str, count: int) -> list[Sequence[float]]:
        """Some vectors of a language."""
        ...

    def match(self, wording: Wording, skipped: frozenset[str], extra: dict[str, str], *, every: bool) -> str:
        """A search in the engine's query language: any of the words, or `every` one of them."""
        ...

    def statement(self, ask: Ask) -> tuple[str, list[object]]:
        """The one statement: candidates by words and by meaning, under filters and rights, with what a hit
        needs."""
        ...

    def subjects(self, beginning: Sequence[str]) -> tuple[str, list[object]]:
        """Condition on passage numbers `p.id` whose title or people have these words, the last one begun."""
        ...
