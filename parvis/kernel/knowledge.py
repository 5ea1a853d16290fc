"""How the assistant and search see a feature without knowing it: `Source` (what can be read and cited) and
`Tool` (what can be done). A feature implements them in source.py and tools.py; app.py hands them over."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Origin = Literal["own", "colleague", "outside", "system"]
"""Who wrote a text, seen from the account it is in: the label that travels with it into a prompt. trust.md"""


@dataclass(frozen=True, slots=True)
class Document:
    """One readable thing of an object: a mail's body, one attachment, a page of notes.

    `content` is the original bytes (or ready text when `media_type` is text/plain and `text` is set); `part`
    names it inside its object ("body", a MIME part id) and stays the same as long as the object does."""

    part: str
    title: str
    media_type: str
    load: Callable[[], Awaitable[bytes]]
    size: int
    text: str | None = None
    file_name: str = ""

    @classmethod
    def written(cls, part: str, title: str, text: str) -> "Document":
        """One that is ready text."""
        content = text.encode("utf-8", "replace")

        async def load() -> bytes:
            return content

        return cls(part, title, "text/plain", load, len(content), text)


@dataclass(frozen=True, slots=True)
class Item:
    """One object as search sees it: where it belongs, what it is about, who is in it, when, and its documents."""

    account_id: int
    scope_id: int
    kind: str
    object_id: int
    title: str
    time_ms: int
    origin: Origin
    author: str
    people: tuple[str, ...]
    """Names and addresses as shown, for people search."""
    facets: dict[str, Any] = field(default_factory=dict)
    """Extra facts a filter may ask: hasAttachment, mailboxIds (numbers), keywords."""
    documents: tuple[Document, ...] = ()


class Source(Protocol):
    """What a feature lets search and the assistant read."""

    kind: str

    async def item(self, account_id: int, object_id: int) -> Item | None:
        """The object to index, or None when it is gone. Called by the indexer, which acts for the system."""
        ...

    def every(self, account_id: int) -> AsyncIterator[int]:
        """All object ids of an account, newest first, for a rebuild."""
        ...


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that can be done on a person's behalf. `effect` says whether the world changes, and how far:
    effects beyond `read` need a confirmation bound to their exact arguments. trust.md SE-02"""

    name: str
    title: str
    arguments: type
    effect: Literal["read", "draft", "change", "outside"]
    run: Callable[..., Awaitable[Any]]
