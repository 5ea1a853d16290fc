"""One method call on its way through the engine: who asks, of which account, with what."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from parvis.access.gate import Access
from parvis.access.principal import Principal
from parvis.kernel import ids
from parvis.serve.context import Context
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.types import Invocation, Object
from parvis.store.sql.contract import Row


class Reader(Protocol):
    """What both the database and an open unit can do: short, indexed reads."""

    async def rows(self, sql: str, *args: Any) -> list[Row]: ...

    async def row(self, sql: str, *args: Any) -> Row | None: ...

    async def value(self, sql: str, *args: Any) -> Any: ...


@dataclass(slots=True)
class Exchange:
    """What the calls of one request share."""

    created: dict[str, str] = field(default_factory=dict)
    """Creation id to real id. RFC 8620 §3.3"""
    responses: list[Invocation] = field(default_factory=list)
    using: frozenset[str] = frozenset()
    language: str = "en"
    """From Accept-Language, for words that people see."""
    origin: str = ""
    """Scheme, host and port the client used."""
    referred: int = 0
    """The weight of what references have brought so far."""
    brought: int = 0
    """Bytes of blobs and bodies so far."""
    moved: set[tuple[int, int]] = field(default_factory=set)
    """Account and id of originals that a /copy has moved, which the /set that is to destroy them does not find."""


@dataclass(slots=True)
class Call:
    """One method call. `db` reads: the database, or the open unit while objects are being changed, so that one
    function serves both."""

    context: Context
    principal: Principal
    exchange: Exchange
    name: str
    arguments: Any
    """The decoded arguments, of the class that the kind or method declares."""
    access: Access
    """The account's scope and what the principal may do in it."""
    db: Reader
    gone: list[int] = field(default_factory=list)
    """Objects that a /set or /copy has destroyed beside those that were named: what was replaced, what was
    inside."""

    @property
    def account_id(self) -> int:
        """The account that the call names."""
        return self.access.scope.account_id

    def resolve(self, given: str) -> str | None:
        """The real id for `#creationId`, the id itself otherwise, None when nothing of that name was created."""
        return self.exchange.created.get(given[1:]) if given.startswith("#") else given

    def bring(self, size: int) -> None:
        """Counts bytes of blobs and bodies that the request reads out or writes. Raises MethodError requestTooLarge
        when they are more than one upload may have."""
        self.exchange.brought += size
        if self.exchange.brought > self.context.settings.limits.upload_bytes:
            raise MethodError("requestTooLarge", "that is too much data for one request")

    def number(self, given: str) -> int | None:
        """The same as an id number; None when it is none of ours."""
        real = self.resolve(given)
        return None if real is None else ids.parse(real)


@dataclass(frozen=True, slots=True)
class Then:
    """An answer, and calls that the engine makes after it under the same call id. RFC 8620 §5.4, RFC 8621 §7.5"""

    answer: Object
    calls: list[Invocation]


Result = Object | Then
"""What a method answers: the arguments of its response."""
