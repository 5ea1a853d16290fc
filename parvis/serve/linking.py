"""Large attachments become links: what mail asks of files without knowing them. Files offer a `LinkMaker` in the
context; without files nobody does.

    maker = context.services.get(LinkMaker)
    made = await maker.link(principal, Given(digest, size, "film.mp4", "video/mp4"), Terms(expires_ms=...))
    await maker.end(principal, made.id)
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from parvis.access.principal import Principal


@dataclass(frozen=True, slots=True)
class Given:
    """Bytes that are in the blob store, and that the principal may read."""

    digest: str
    size: int
    name: str
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for a link; None leaves a thing as it is, or without."""

    expires_ms: int | None = None
    password: str | None = None
    """Empty takes it away."""
    name: str | None = None
    """What the link is for, as receipts call it: the subject of a message."""
    recipient: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A link: its address is open to whoever has it."""

    id: int
    url: str


class LinkMaker(ABC):
    """Files as mail uses them. A link that is not the principal's is not found."""

    @abstractmethod
    async def link(self, principal: Principal, given: Given, terms: Terms) -> Made:
        """Keeps the bytes as a file of the principal's own and makes a link to it, of each use of which they get a
        receipt. Raises Invalid for a weak password or a time that is over, OverQuota, NotFound for somebody without
        files."""

    @abstractmethod
    async def change(self, principal: Principal, link_id: int, terms: Terms) -> Made:
        """Changes the terms of a link. Raises NotFound, Invalid."""

    @abstractmethod
    async def end(self, principal: Principal, link_id: int) -> None:
        """Ends a link at once; its file goes into the trash. Raises NotFound."""
