"""What is asked of search, and what it answers."""

from dataclasses import dataclass, field
from typing import Literal

from parvis.kernel.knowledge import Origin
from parvis.search.place import Place

Mode = Literal["text", "hybrid"]
Order = Literal["relevance", "newest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Limits beside the words. Nothing set, nothing limited."""

    author: str = ""
    """Part of the author's name or address; accents do not matter."""
    person: str = ""
    """Part of the name or address of anybody in it."""
    after_ms: int | None = None
    """Not older than this."""
    before_ms: int | None = None
    """Older than this."""
    has_attachment: bool | None = None
    mailboxes: tuple[int, ...] = ()
    """In any of these mailboxes (the numbers that the Source gave as facet `mailboxIds`)."""
    keywords: tuple[str, ...] = ()
    """With all of these keywords (facet `keywords`)."""
    languages: tuple[str, ...] = ()
    scopes: tuple[int, ...] = ()
    """In any of these scopes."""
    file_names_only: bool = False
    """Only passages of attached files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """One search. In `text`, "..." asks for a phrase, -word leaves out, word* is a beginning; other words
    add up, and the last one also counts as a beginning when `typing` is set. `mode` text never asks the
    model of meaning."""

    text: str
    kinds: tuple[str, ...] = ()
    accounts: tuple[int, ...] = ()
    filters: Filters = field(default_factory=Filters)
    limit: int = 20
    mode: Mode = "hybrid"
    order: Order = "relevance"
    typing: bool = False
    per_object: int = 1
    """How many passages of one object may be among the hits; 0 for any number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One passage that was found, and all that is needed to show and cite it."""

    passage_id: int
    account_id: int
    scope_id: int
    kind: str
    object_id: int
    title: str
    author: str
    time_ms: int
    origin: Origin
    part: str
    """Which document of the object: "body" or the part of an attachment."""
    file_name: str
    place: Place
    language: str
    start: int
    """Where the passage starts and ends in the extracted text of the part, in characters."""
    end: int
    text: str
    """The passage: the extracted text from `start` to `end`."""
    marks: tuple[tuple[int, int], ...]
    """What to highlight: offsets into `text` of the words that were asked for."""
    title_marks: tuple[tuple[int, int], ...]
    """The same in `title`."""
    score: float
    """0 to 1, comparable inside one answer only."""
    text_score: float | None
    """Of the words alone (BM25); None when none of them is in the passage."""
    meaning_score: float | None
    """Of meaning alone: how many standard deviations nearer than a passage of that language usually is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The hits, best first, and how they were found."""

    hits: tuple[Hit, ...]
    corrections: dict[str, str]
    """Words that are nowhere in what the asker sees, and the near ones searched instead."""
    meaning: bool
    """Whether meaning took part: false without a model, or while it does not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One completion while typing."""

    kind: Literal["person", "subject"]
    text: str
    detail: str = ""
    """The address of a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One document that could not be read."""

    kind: str
    object_id: int
    title: str
    part: str
    file_name: str
    error: str
    """Stable code: encrypted, damaged, tooLarge, timeout, unsupported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexStatus:
    """How far the index is, for what the asker sees (an administrator: for all)."""

    items: int
    passages: int
    embedded: int
    waiting: int
    """Events of the outbox not yet indexed (for all)."""
    model: str
    """Name of the model of meaning; empty when there is none."""
    troubles: tuple[Trouble, ...]
