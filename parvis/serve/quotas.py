"""How much room an account has, of several rooms in one list: what Quota/get tells (RFC 9425). Each room that keeps
bytes under a limit says so once, when it is wired:

    quotas(context).add(Holder("files", FILENODE, ("FileNode",), held))
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from parvis.access.principal import Principal
from parvis.serve.context import Context


@dataclass(frozen=True, slots=True)
class Held:
    """What a room holds of an account, in bytes, and may hold. The id is one of the room's own."""

    id: int
    used: int
    limit: int


@dataclass(frozen=True, slots=True)
class Holder:
    """One room. It is asked with a reader, who asks, and the account; None is for no limit, and for those who may
    not know."""

    name: str
    capability: str
    """Only a request that uses it hears of the quota. RFC 9425 §4.1"""
    types: tuple[str, ...]
    held: Callable[[Any, Principal, int], Awaitable[Held | None]]


@dataclass(slots=True)
class Quotas:
    """The rooms, in the order of their wiring."""

    holders: list[Holder] = field(default_factory=list)

    def add(self, holder: Holder) -> None:
        """Adds a room."""
        self.holders.append(holder)


def quotas(context: Context) -> Quotas:
    """Those of a program."""
    if Quotas not in context.services:
        context.offer(Quotas())
    return context.need(Quotas)
