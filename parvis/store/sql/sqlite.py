"""SQLite: WAL, synchronous=FULL, one writer thread that commits many units of work at once."""

import asyncio
import concurrent.futures
import contextvars
import queue
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import apsw

from parvis.kernel import clock, memory
from parvis.kernel.errors import Conflict, Unavailable
from parvis.store.sql.contract import Dialect, Row, Tx, Write, count_no_more, note

T = TypeVar("T")
DIALECT = Dialect(
    "sqlite",
    {
        "key": "INTEGER PRIMARY KEY",
        "serial": "INTEGER PRIMARY KEY AUTOINCREMENT",
        "text": "TEXT",
        "bytes": "BLOB",
        "clustered": "WITHOUT ROWID",
        "transaction": "0",
    },
    settled="1 = 1",
    after="xid = ? AND position > ?",  # one transaction follows the other: xid is 0 in all
    skip_locked="",
    numbers="(SELECT value FROM json_each(?))",
)
_BATCH = 512
_LOG_PAGES = 4000
"""Pages in the write-ahead log (16 MB) beyond which they are brought over into the file while others write."""
_REST_SECONDS = 1.0
"""How long nothing is written before that is done with fewer."""
_WORTH = 2_000_000
"""Bytes for which the heap is looked through for free ends, some milliseconds long."""
_READERS = 4
_STATEMENTS = 400
_MAPPED = "PRAGMA mmap_size=268435456"
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=10000",
    _MAPPED,
    "PRAGMA temp_store=MEMORY",
)
Prepare = Callable[[apsw.Connection], None]


class SqliteTx:
    """The writer's open transaction; used only inside the writer thread. After a statement has failed nothing of
    the unit is kept, caught or not: so it is on PostgreSQL, and the two must not differ."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self.failure: Exception | None = None

    async def rows(self, sql: str, *args: Any) -> list[Row]:
        note(sql)
        try:
            return self._connection.execute(sql, args).fetchall()
        except Exception as error:
            raise self._failed(error) from error

    async def row(self, sql: str, *args: Any) -> Row | None:
        note(sql)
        try:
            cursor = self._connection.execute(sql, args)
            row = cursor.fetchone()
            cursor.close(True)
            return row
        except Exception as error:
            raise self._failed(error) from error

    async def value(self, sql: str, *args: Any) -> Any:
        row = await self.row(sql, *args)
        return row[0] if row else None

    async def run(self, sql: str, *args: Any) -> int:
        note(sql)
        try:
            self._connection.execute(sql, args).fetchall()
            return self._connection.changes()
        except Exception as error:
            raise self._failed(error) from error

    async def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        note(sql)
        try:
            self._connection.executemany(sql, rows)
        except Exception as error:
            raise self._failed(error) from error

    async def together(self, writes: Sequence[Write]) -> None:
        """See Tx.together."""
        for sql, rows in writes:
            await self.many(sql, rows)

    def forgive(self) -> None:
        """See Tx.forgive."""
        if isinstance(self.failure, apsw.ConstraintError):
            self.failure = None

    def _failed(self, error: Exception) -> BaseException:
        self.failure = self.failure or error
        return _translated(error)


class _Order:
    """A unit of work on its way through the writer."""

    def __init__(self, work: Callable[[Tx], Awaitable[Any]]) -> None:
        self.work = work
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self.context = contextvars.copy_context()
        self.result: Any = None
        self.error: BaseException | None = None


class SqliteDatabase:
    """One SQLite file. `prepare` is called for each new connection, to register functions and modules."""

    dialect = DIALECT

    def __init__(self, path: Path, prepare: Sequence[Prepare] = ()) -> None:
        self._path, self._prepare, self._closed = path, prepare, False
        path.parent.mkdir(parents=True, exist_ok=True)
        self._reader = self._connect()
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._scanners: queue.SimpleQueue[apsw.Connection] = queue.SimpleQueue()
        self._pool = concurrent.futures.ThreadPoolExecutor(_READERS, "sqlite-read")
        for _ in range(_READERS):
            self._scanners.put(self._connect(cache_kib=4_000))
        self._writer = threading.Thread(target=self._write_all, name="sqlite-write", daemon=True)
        self._writer.start()

    def _connect(self, cache_kib: int = 32_000) -> apsw.Connection:
        connection = apsw.Connection(str(self._path), statementcachesize=_STATEMENTS)
        connection.set_busy_timeout(10_000)
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)  # or each call plans anew where indexes are partial
        for pragma in _PRAGMAS:
            connection.execute(pragma).fetchall()
        connection.execute(f"PRAGMA cache_size=-{cache_kib}").fetchall()
        for prepare in self._prepare:
            prepare(connection)
        return connection

    async def rows(self, sql: str, *args: Any) -> list[Row]:
        """See Database.rows."""
        note(sql)
        return self._reader.execute(sql, args).fetchall()

    async def row(self, sql: str, *args: Any) -> Row | None:
        """See Database.row."""
        note(sql)
        cursor = self._reader.execute(sql, args)
        row = cursor.fetchone()
        cursor.close(True)
        return row

    async def value(self, sql: str, *args: Any) -> Any:
        """See Database.value."""
        row = await self.row(sql, *args)
        return row[0] if row else None

    async def scan(self, sql: str, *args: Any, seconds: float = 10.0) -> list[Row]:
        """See Database.scan."""
        note(sql)
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._scan, sql, args, seconds)

    def _scan(self, sql: str, args: tuple[Any, ...], seconds: float) -> list[Row]:
        connection = self._scanners.get()
        end = clock.monotonic() + seconds
        connection.set_progress_handler(lambda: clock.monotonic() > end, 10_000)
        try:
            return connection.execute(sql, args).fetchall()
        except apsw.InterruptError as error:
            raise Unavailable("the search took too long", seconds=seconds) from error
        finally:
            connection.set_progress_handler(None)
            self._scanners.put(connection)

    async def write(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        """See Database.write."""
        if self._closed:
            raise Unavailable("the database is closed")
        order = _Order(work)
        self._orders.put(order)
        result: T = await order.future
        return result

    async def script(self, sql: str) -> None:
        """See Database.script."""

        async def work(tx: Tx) -> None:
            assert isinstance(tx, SqliteTx)
            tx._connection.execute(sql)

        await self.write(work)

    def let_go(self) -> None:
        """See Database.let_go. The writer does so by itself, when nothing is written."""
        _let_go(self._reader)
        with suppress(queue.Empty):
            for _ in range(_READERS):
                scanner = self._scanners.get_nowait()
                _let_go(scanner)
                self._scanners.put(scanner)

    async def close(self) -> None:
        """See Database.close."""
        self._closed = True
        self._orders.put(None)
        await asyncio.to_thread(self._writer.join)
        self._pool.shutdown()
        while not self._scanners.empty():
            self._scanners.get().close()
        self._reader.close()

    def _write_all(self) -> None:
        connection = self._connect()
        log = _Log(connection)
        tx = SqliteTx(connection)
        while (order := self._next(log)) is not None:
            batch = [order]
            try:
                connection.execute("BEGIN IMMEDIATE")
                if not self._all_good(tx, batch):  # seldom: savepoints for all would cost each of them more
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    connection.execute("BEGIN IMMEDIATE")
                    for each in batch[:-1]:
                        each.context.run(count_no_more)
                        _apply_apart(tx, connection, each)
                connection.execute("COMMIT")
            except apsw.Error as error:
                _fail(connection, batch, error)
            _answer(batch)
            if log.pages >= _LOG_PAGES:
                log.shorten()
        connection.close()

    def _all_good(self, tx: SqliteTx, batch: list[_Order]) -> bool:
        """Runs the units of a batch, which those that wait join, until one fails; whether none did."""
        _apply(tx, batch[0])
        while batch[-1].error is None and len(batch) < _BATCH and not self._orders.empty():
            following = self._orders.get()
            if following is None:
                self._orders.put(None)
                break
            batch.append(following)
            _apply(tx, following)
        return batch[-1].error is None

    def _next(self, log: "_Log") -> _Order | None:
        """The next unit of work; the log is brought over, and memory given back, when none comes for a while. None
        at the end."""
        if log.pages:
            with suppress(queue.Empty):
                return self._orders.get(timeout=_REST_SECONDS)
            log.shorten()
            log.forget()
        return self._orders.get()


class _Log:
    """The write-ahead log of the writer: brought over into the file after those who wrote have their answer, where
    SQLite by itself would let one of them wait for it."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection, self.pages = connection, 0
        connection.set_wal_hook(self._committed)

    def _committed(self, _connection: apsw.Connection, _database: str, pages: int) -> int:
        self.pages = pages
        return apsw.SQLITE_OK

    def shorten(self) -> None:
        """Does it, but for what somebody reads still."""
        with suppress(apsw.Error):  # after the next commit it is tried again
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        self.pages = 0

    def forget(self) -> None:
        """Lets go of the pages that the writer has in memory (up to 32 MB): who writes next finds those it needs in
        the system's."""
        before = apsw.memory_used()
        _let_go(self._connection)
        if before - apsw.memory_used() >= _WORTH:
            memory.give_back()


def _let_go(connection: apsw.Connection) -> None:
    """Lets go of the pages that a connection has, its own and the file's (which stay in the system's cache)."""
    for pragma in ("PRAGMA shrink_memory", "PRAGMA mmap_size=0", _MAPPED):
        connection.execute(pragma).fetchall()


def _apply(tx: SqliteTx, order: _Order) -> None:
    """Runs one unit of work; what it raises is kept for its caller."""
    tx.failure = order.error = None
    try:
        order.result = order.context.run(_drive, order.work, tx)
        if tx.failure is not None:
            raise tx.failure
    except BaseException as error:
        order.error = _translated(error)


def _apply_apart(tx: SqliteTx, connection: apsw.Connection, order: _Order) -> None:
    """The same inside a savepoint: nothing of a unit that fails stays, and others are not concerned."""
    connection.execute("SAVEPOINT unit")
    _apply(tx, order)
    if order.error is not None:
        connection.execute("ROLLBACK TO unit")
    connection.execute("RELEASE unit")


def _drive(work: Callable[[Tx], Awaitable[T]], tx: SqliteTx) -> T:
    """Runs a coroutine that awaits nothing but `tx` to its end."""
    steps = work(tx).__await__()
    try:
        next(steps)
    except StopIteration as end:
        result: T = end.value
        return result
    raise RuntimeError("a unit of work may await nothing but its transaction")


def _fail(connection: apsw.Connection, batch: list[_Order], error: apsw.Error) -> None:
    """The commit itself failed: nothing of the batch is there, and every caller hears it."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")
    for order in batch:
        order.error = order.error or _translated(error)


def _translated(error: BaseException) -> BaseException:
    if isinstance(error, apsw.ConstraintError):
        return Conflict(str(error))
    if isinstance(error, apsw.FullError | apsw.IOError | apsw.BusyError):
        return Unavailable(f"the database cannot write: {error}")
    return error


def _answer(batch: Sequence[_Order]) -> None:
    """Tells all who wait, each loop once for all of its own: waking a loop costs more than a statement."""
    waiting: dict[asyncio.AbstractEventLoop, list[_Order]] = defaultdict(list)
    for order in batch:
        waiting[order.loop].append(order)
    for loop, orders in waiting.items():
        with suppress(RuntimeError):  # the loop has ended, and with it those who waited
            loop.call_soon_threadsafe(_settle, orders)


def _settle(orders: Sequence[_Order]) -> None:
    for order in orders:
        if order.future.done():  # whoever waited was cancelled
            continue
        if order.error is not None:
            order.future.set_exception(order.error)
        else:
            order.future.set_result(order.result)
