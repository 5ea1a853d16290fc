"""The contract that both databases keep.

SQL is written once, in the subset that SQLite and PostgreSQL share, with `?` for parameters. Types are BIGINT
(times in ms, ids, 0/1 for booleans), TEXT (JSON too, read with msgspec) and bytes. What the two write
differently is in `Dialect`, and only there. A row is a tuple.

A unit of work is an `async def work(tx)` that awaits nothing but its `tx`: on SQLite it is driven without a
pause in the one writer thread, together with others that wait, and all of them share one durable commit; on
PostgreSQL it runs in a transaction of its own. Either way it is durable when `write` returns.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

T = TypeVar("T")
Row = tuple[Any, ...]
Write = tuple[str, Sequence[Sequence[Any]]]
"""A statement, and rows of parameters that it is executed for one after the other."""


class Tx(Protocol):
    """One open transaction."""

    async def rows(self, sql: str, *args: Any) -> list[Row]:
        """All rows of a statement."""
        ...

    async def row(self, sql: str, *args: Any) -> Row | None:
        """The first row, or None."""
        ...

    async def value(self, sql: str, *args: Any) -> Any:
        """The first column of the first row, or None."""
        ...

    async def run(self, sql: str, *args: Any) -> int:
        """Executes and returns how many rows were changed. Raises Conflict when a constraint is violated."""
        ...

    async def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Executes once for each row of parameters."""
        ...

    async def together(self, writes: Sequence[Write]) -> None:
        """Executes writes that have nothing to do with one another: none needs to come before another, and no two
        change the same row. On PostgreSQL those of one row each take one round trip."""
        ...

    def forgive(self) -> None:
        """After a rollback to a savepoint: a constraint violated since then no longer spoils the unit."""
        ...


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the two databases write differently."""

    name: Literal["sqlite", "postgres"]
    tokens: dict[str, str]
    """Replacements in migrations: {key} {serial} {text} {bytes} {clustered} {transaction}."""
    settled: str
    """Condition on outbox rows: no older transaction can still add a row before this one."""
    after: str
    """Condition on outbox rows: they come after a place, whose xid and position are its parameters."""
    skip_locked: str
    """Ends a SELECT that claims rows which others may be claiming."""
    numbers: str
    """A subquery of the numbers in a JSON list, which is its parameter: for lists longer than placeholders go."""


class Database(Protocol):
    """One database. Reads see everything whose `write` has returned."""

    dialect: Dialect

    async def rows(self, sql: str, *args: Any) -> list[Row]:
        """A short, indexed read: on SQLite it runs on the event loop, so it must never scan."""
        ...

    async def row(self, sql: str, *args: Any) -> Row | None:
        """The first row of a short read, or None."""
        ...

    async def value(self, sql: str, *args: Any) -> Any:
        """The first column of the first row of a short read, or None."""
        ...

    async def scan(self, sql: str, *args: Any, seconds: float = 10.0) -> list[Row]:
        """A read that may take long: it runs off the loop and is stopped after `seconds` with Unavailable."""
        ...

    async def write(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        """Runs a unit of work; its result is durable on return. What `work` raises undoes it and is raised; so does
        a statement that failed, even when `work` caught its error. `work` may be run more than once (when others
        were in its way), so it keeps what it finds in its result only. A caller's cancelling does not stop it."""
        ...

    async def script(self, sql: str) -> None:
        """Runs the statements of one migration in one transaction."""
        ...

    def let_go(self) -> None:
        """Holds no memory any more that it gets again from the system. To be called when there is little to do."""
        ...

    async def close(self) -> None:
        """Finishes what was accepted and closes."""
        ...


@dataclass(slots=True)
class Count:
    """Statements seen by `counting`."""

    statements: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.statements)


_count: ContextVar[Count | None] = ContextVar("statements", default=None)


def note(sql: str) -> None:
    """Called by each database for each statement."""
    if (count := _count.get()) is not None:
        count.statements.append(sql)


def forget(statements: Iterable[str]) -> None:
    """These, which were noted, do not count: what they did was undone because of others, and is done again."""
    if (count := _count.get()) is not None:
        for sql in statements:
            if sql in count.statements:  # counting may have begun within the unit
                count.statements.remove(sql)


def count_no_more() -> None:
    """What the present context does was counted before: it was undone because of others, and is done again."""
    _count.set(None)


@contextmanager
def counting() -> Iterator[Count]:
    """Counts the statements that the present task runs: query budgets in tests."""
    token = _count.set(Count())
    try:
        count = _count.get()
        assert count is not None
        yield count
    finally:
        _count.reset(token)


def rounded(values: Sequence[T]) -> list[T]:
    """`values` with the last one again and again, up to a power of two: lists of many lengths are few statements,
    which are remembered."""
    missing = (1 << max(0, len(values) - 1).bit_length()) - len(values)
    return [*values, *list(values[-1:]) * missing]


def marks(count: int) -> str:
    """Placeholders for a list of `count` values, as `(?,?,?)`; an empty list matches nothing."""
    return "(" + ",".join("?" * count) + ")" if count else "(NULL)"
