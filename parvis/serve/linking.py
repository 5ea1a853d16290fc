"""Large attachments become links: what mail asks of files without knowing them. Files offer a `LinkMaker` in the
context; without files nobody does.

    maker = context.services.get(LinkMaker)
    url = await maker.link(principal, Given(digest, size, "film.mp4", "video/mp4"), expires_ms=...)
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


class LinkMaker(ABC):
    """Files as mail uses them."""

    @abstractmethod
    async def link(
        self,
        principal: Principal,
        given: Given,
        *,
        expires_ms: int | None = None,
        password: str | None = None,
        recipient: str = "",
    ) -> str:
        """Keeps the bytes as a file of the principal's own and returns the address of a link to it. Raises Invalid
        for a weak password, OverQuota, NotFound for somebody without files."""
