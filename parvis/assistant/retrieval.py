"""What the assistant may read for a turn: found or named, always under the asker's own rights at that moment."""

from typing import Protocol

from parvis.access.principal import Principal
from parvis.search.embed.provider import Embedder
from parvis.search.request import Hit


class Finder(Protocol):
    """Where passages come from."""

    @property
    def embedder(self) -> Embedder | None:
        """The model of meaning, when there is one."""
        ...

    async def find(self, principal: Principal, text: str, limit: int) -> list[Hit]:
        """The passages that fit a question best, best first."""
        ...

    async def whole(self, principal: Principal, kind: str, object_ids: list[int], limit: int) -> list[Hit]:
        """All passages of some objects in the order given, those the principal may read."""
        ...

    async def is_learning(self) -> bool:
        """Whether something is not yet known by meaning, so that what has other words may not be found."""
        ...

    async def kinds(self, principal: Principal) -> list[str]:
        """What there is to search for this principal, for an honest "nothing found in"."""
        ...
