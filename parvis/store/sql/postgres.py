"""PostgreSQL 14 or later, over a pool of asyncpg connections. A unit of work is one transaction of its own.

Units see one snapshot (REPEATABLE READ) and are run again when another has changed what they change. So two units
of one account, which both move its clock, come out as if one had run after the other, as they do on SQLite: what a
unit has read is still true when it commits. Units that met once queue in this process when they are run again.
"""

import asyncio
import re
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TypeVar

import asyncpg

from parvis.kernel.errors import Conflict, ParvisError, Unavailable
from parvis.store.sql.contract import Dialect, Row, Tx, Write, forget, note

T = TypeVar("T")
DIALECT = Dialect(
    "postgres",
    {
        "key": "BIGINT PRIMARY KEY",
        "serial": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "text": 'TEXT COLLATE "C"',
        "bytes": "BYTEA",
        "clustered": "",
        "transaction": "(pg_current_xact_id()::text::bigint)",
    },
    settled="xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint",
    after="(xid, position) > (?, ?)",
    skip_locked="FOR UPDATE SKIP LOCKED",
    numbers="(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(? AS JSON)))",
)
_TRIES = 20
_LONG = 16_384
"""Characters beyond which a statement is not remembered: it lists ids, and does not come again."""
_SCHEMA_LOCK = 7_238_423
# A quoted string, a quoted name, a comment, or the mark itself: only the mark is translated.
_MARK = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|\?")
_DOWN = (
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.CannotConnectNowError,
    asyncpg.PostgresSystemError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
)


def translated(sql: str) -> str:
    """`sql` with `?` written as `$1`, `$2`, ... outside of strings, quoted names and comments.

    >>> translated("SELECT '?' WHERE a = ? AND b = ?")
    "SELECT '?' WHERE a = $1 AND b = $2"
    """
    return _remembered(sql) if len(sql) <= _LONG else _numbered(sql)


def _numbered(sql: str) -> str:
    count = 0

    def number(match: re.Match[str]) -> str:
        nonlocal count
        if match[0] != "?":
            return match[0]
        count += 1
        return f"${count}"

    return _MARK.sub(number, sql)


_remembered = lru_cache(maxsize=8192)(_numbered)


def _storable(args: Sequence[Any]) -> tuple[Any, ...]:
    """Parameters as PostgreSQL takes them: its text has no U+0000, so that is left out."""
    return tuple(arg.replace("\0", "") if isinstance(arg, str) and "\0" in arg else arg for arg in args)


class PostgresTx:
    """One open transaction. After a statement has failed nothing of the unit can be kept, caught or not."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.busy = False
        self.statements: list[str] = []
        self.failure: BaseException | None = None
        self.contended: object = None
        """What the failed statement was about: its last argument, as a rule the id of an account."""

    async def _ask(self, call: Callable[..., Awaitable[Any]], sql: str, *args: Any) -> Any:
        note(sql)
        self.statements.append(sql)
        self.busy = True
        try:
            with _naming():
                return await call(translated(sql), *_storable(args))
        except Exception as error:
            if self.failure is None:
                of_one = bool(args) and not isinstance(args[-1], list)  # `many` gives all its rows as a list
                self.failure, self.contended = error, args[-1] if of_one else sql
            raise
        finally:
            self.busy = False

    async def rows(self, sql: str, *args: Any) -> list[Row]:
        """See Tx.rows."""
        return [tuple(row) for row in await self._ask(self._connection.fetch, sql, *args)]

    async def row(self, sql: str, *args: Any) -> Row | None:
        """See Tx.row."""
        row = await self._ask(self._connection.fetchrow, sql, *args)
        return None if row is None else tuple(row)

    async def value(self, sql: str, *args: Any) -> Any:
        """See Tx.value."""
        return await self._ask(self._connection.fetchval, sql, *args)

    async def run(self, sql: str, *args: Any) -> int:
        """See Tx.run."""
        return _changed(await self._ask(self._connection.execute, sql, *args))

    async def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """See Tx.many."""
        if len(rows) == 1:  # one round trip less than a batch of one
            await self.run(sql, *rows[0])
        elif rows:
            await self._ask(self._connection.executemany, sql, [_storable(row) for row in rows])

    async def together(self, writes: Sequence[Write]) -> None:
        """See Tx.together. Each but the last stands in a WITH, where it is carried out as well."""
        single = [(sql, rows[0]) for sql, rows in writes if len(rows) == 1]
        for sql, rows in writes:
            if len(rows) > 1:
                await self.many(sql, rows)
        if single:
            before = ", ".join(f"w{number} AS ({sql})" for number, (sql, _) in enumerate(single[:-1]))
            await self.run(
                f"WITH {before} {single[-1][0]}" if before else single[-1][0],
                *(value for _, row in single for value in row),
            )

    def forgive(self) -> None:
        """See Tx.forgive."""
        if isinstance(self.failure, Conflict):
            self.failure = None


class PostgresDatabase:
    """A database server, shared by all nodes."""

    dialect = DIALECT

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._turns: weakref.WeakValueDictionary[object, asyncio.Lock] = weakref.WeakValueDictionary()

    @classmethod
    async def open(cls, url: str, *, connections: int = 10) -> "PostgresDatabase":
        """Connects to `postgresql://...`. Raises Unavailable when nobody answers."""
        try:
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=connections,
                init=_prepared,
                reset=_nothing,
                command_timeout=120,
                statement_cache_size=512,
                server_settings={"application_name": "parvis", "jit": "off", "timezone": "UTC"},
            )
        except (asyncpg.PostgresError, *_DOWN) as error:
            raise Unavailable(f"the database does not answer: {error}") from error
        return cls(pool)

    async def rows(self, sql: str, *args: Any) -> list[Row]:
        """See Database.rows."""
        return [tuple(row) for row in await self._read("fetch", sql, args)]

    async def row(self, sql: str, *args: Any) -> Row | None:
        """See Database.row."""
        row = await self._read("fetchrow", sql, args)
        return None if row is None else tuple(row)

    async def value(self, sql: str, *args: Any) -> Any:
        """See Database.value."""
        return await self._read("fetchval", sql, args)

    async def _read(self, method: str, sql: str, args: tuple[Any, ...]) -> Any:
        note(sql)
        return await _to_its_end(self._ask(method, translated(sql), _storable(args)))

    async def _ask(self, method: str, statement: str, args: tuple[Any, ...]) -> Any:
        with _naming():
            try:
                return await getattr(self._pool, method)(statement, *args)
            except asyncpg.PostgresConnectionError:  # the server was restarted: a read may be asked again
                return await getattr(self._pool, method)(statement, *args)

    async def scan(self, sql: str, *args: Any, seconds: float = 10.0) -> list[Row]:
        """See Database.scan."""
        note(sql)
        return await _to_its_end(self._scan(sql, _storable(args), seconds))

    async def _scan(self, sql: str, args: tuple[Any, ...], seconds: float) -> list[Row]:
        try:
            with _naming():
                async with self._pool.acquire() as connection, connection.transaction(readonly=True):
                    # Planned for these very arguments: a plan for any would cast them anew for every row. And with
                    # the cost of a page on today's disks: else a whole table of long values, which stand elsewhere,
                    # seems cheaper to read than an index.
                    await connection.execute(
                        f"SET LOCAL statement_timeout = {int(seconds * 1000)};"
                        "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL random_page_cost = 1.1"
                    )
                    return [tuple(row) for row in await connection.fetch(translated(sql), *args)]
        except asyncpg.QueryCanceledError as error:
            raise Unavailable("the search took too long", seconds=seconds) from error

    async def write(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        """See Database.write. What the server undid because of others is run again."""
        return await _to_its_end(self._write(work))

    async def _write(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        turn = asyncio.Lock()  # nobody else's, until this unit has met another
        for attempt in range(_TRIES):
            try:
                async with turn:
                    with _naming():
                        return await self._once(work)
            except _Again as again:
                forget(again.statements)
                turn = self._turns.setdefault(again.about, asyncio.Lock())
                await asyncio.sleep(0.001 * attempt * attempt)
        raise Unavailable("the database is too busy with this account")

    async def _once(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        async with self._pool.acquire() as connection:
            tx = PostgresTx(connection)
            try:
                async with connection.transaction(isolation="repeatable_read"):
                    result: T = await _Guarded(work(tx), tx)
                    if tx.failure is not None:  # PostgreSQL would answer COMMIT with a silent ROLLBACK
                        raise tx.failure
                    return result
            except Exception as error:
                if _is_transient(tx.failure) or _is_transient(error):
                    raise _Again(tx.contended, tx.statements) from error
                if isinstance(error, asyncpg.InFailedSQLTransactionError) and tx.failure is not None:
                    raise tx.failure from None
                raise

    def let_go(self) -> None:
        """See Database.let_go: what is worth it is the server's."""

    async def script(self, sql: str) -> None:
        """See Database.script. Nodes that start together run their scripts one after the other."""
        with _naming():
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})")
                await connection.execute(sql)
                changed = await connection.fetchval("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
        if changed:  # what connections know of the schema is of before
            await self._pool.expire_connections()

    async def close(self) -> None:
        """See Database.close."""
        await self._pool.close()


class _Again(Exception):
    """The server undid a unit because of another one; it may be run again."""

    def __init__(self, about: object, statements: list[str]) -> None:
        super().__init__()
        self.about, self.statements = about, statements


class _Guarded:
    """Runs a unit of work and refuses what SQLite's writer could not do: awaiting anything but the transaction."""

    def __init__(self, work: Awaitable[Any], tx: PostgresTx) -> None:
        self._work, self._tx = work, tx

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self._work.__await__()
        send: Callable[[], Any] = lambda: next(steps)  # noqa: E731 - replaced at each step
        while True:
            try:
                waited_for = send()
            except StopIteration as end:
                return end.value
            if not self._tx.busy:
                steps.close()
                raise RuntimeError("a unit of work may await nothing but its transaction")
            try:
                answer = yield waited_for
            except BaseException as error:
                thrown = error
                send = lambda error=thrown: steps.throw(error)  # type: ignore[misc]  # noqa: E731
            else:
                send = lambda answer=answer: steps.send(answer)  # type: ignore[misc]  # noqa: E731


async def _to_its_end(asked: Coroutine[Any, Any, T]) -> T:
    """Who asks may be cancelled; what was asked goes on to its end. asyncpg would tell the server to stop, and that
    word can arrive late and stop whatever the next one asks on the same connection."""
    return await asyncio.shield(asyncio.ensure_future(asked))


async def _prepared(connection: Any) -> None:
    # SUM of BIGINT is NUMERIC on PostgreSQL and an integer on SQLite.
    await connection.set_type_codec("numeric", schema="pg_catalog", encoder=str, decoder=_number, format="text")


async def _nothing(connection: Any) -> None:
    """The pool ends an open transaction itself; we leave nothing else behind."""


def _number(text: str) -> int | float:
    return float(text) if "." in text or "N" in text or "I" in text else int(text)


def _changed(status: str) -> int:
    """Rows changed, from a command's tag as `UPDATE 3` or `INSERT 0 1`."""
    last = status.rpartition(" ")[2]
    return int(last) if last.isdigit() else 0


def _is_transient(error: BaseException | None) -> bool:
    return isinstance(error, asyncpg.SerializationError | asyncpg.DeadlockDetectedError)


def _named(error: Exception) -> Exception:
    """Our error for what went wrong in the server; what is a mistake of the program stays as it is."""
    if isinstance(error, ParvisError | _Again | ValueError | asyncpg.QueryCanceledError) or _is_transient(error):
        return error
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        return Conflict(str(error))
    if isinstance(error, _DOWN):
        return Unavailable(f"the database does not answer: {error}")
    return error


@contextmanager
def _naming() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        named = _named(error)
        if named is error:
            raise
        raise named from error
