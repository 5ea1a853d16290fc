"""The store as one thing: database, blobs, bus, outbox and jobs, opened from the settings. What only some settings
need is loaded where they name it: a process on SQLite and a folder is 9 MB smaller without the others."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from parvis.kernel.activity import Activity
from parvis.kernel.errors import Invalid, ParvisError
from parvis.kernel.events import StateChange
from parvis.kernel.settings import Settings
from parvis.store.blobs.contract import WholeBlobs
from parvis.store.blobs.folder import FolderBlobs
from parvis.store.blobs.pieces import PiecedBlobs
from parvis.store.bus.contract import Bus, Cancel
from parvis.store.bus.memory import MemoryBus
from parvis.store.jobs import Jobs
from parvis.store.migration import migrate
from parvis.store.outbox import Outbox
from parvis.store.sealing import Sealer
from parvis.store.sql.contract import Database, Tx
from parvis.store.sql.sqlite import Prepare, SqliteDatabase
from parvis.store.unit import Unit

T = TypeVar("T")


class Store:
    """Everything that is kept. Only this room and the settings know on what."""

    def __init__(self, db: Database, blobs: WholeBlobs, bus: Bus, sealer: Sealer) -> None:
        self.db, self.blobs, self.bus, self.sealer = db, blobs, bus, sealer
        self.activity = Activity()
        self.outbox = Outbox(db, bus, lambda: self.activity.recent() or blobs.busy())
        self.jobs = Jobs(db, bus)

    @classmethod
    async def open(cls, settings: Settings, rooms: Sequence[str], prepare: Sequence[Prepare] = ()) -> "Store":
        """Opens what the settings name and brings its schema up to date. `rooms` are those with migrations, in the
        order of their dependence; `prepare` registers SQL functions on each SQLite connection."""
        db = await open_database(settings, prepare)
        store = cls(db, open_blobs(settings, db), await open_bus(settings), sealer_of(settings, db))
        try:
            await migrate(store.db, list(rooms))
            await store.sealer.check()
        except ParvisError:
            await store.close()
            raise
        return store

    async def write(self, work: Callable[[Unit], Awaitable[T]]) -> T:
        """Runs a unit of work: durable on return, and its wake-ups are sent. `work` may await only the unit."""
        units: list[Unit] = []

        async def body(tx: Tx) -> T:
            units[:] = [Unit(tx)]
            result = await work(units[0])
            await units[0].flush()
            return result

        result = await self.db.write(body)
        await self._wake(units[0])
        return result

    async def _wake(self, unit: Unit) -> None:
        if unit.has_events:
            await self.bus.publish("outbox")
        if unit.wakes_jobs:
            await self.bus.publish("jobs")
        for change in unit.state_changes():
            await self.bus.publish("state", msgspec.json.encode(change))

    async def on_state_change(self, handler: Callable[[StateChange], None]) -> Cancel:
        """Calls `handler` for each account that changed, on any node, after the commit."""
        decoder = msgspec.json.Decoder(StateChange)
        return await self.bus.subscribe("state", lambda payload: handler(decoder.decode(payload)))

    async def state(self, account_id: int, kind: str) -> int:
        """The present state of a kind in an account: the modseq of its last change. RFC 8620 §5.1"""
        found = await self.db.value(
            "SELECT modseq FROM kind_state WHERE account_id = ? AND kind = ?", account_id, kind
        )
        return int(found or 0)

    async def close(self) -> None:
        """Finishes what was accepted."""
        await self.bus.close()
        await self.db.close()


async def open_database(settings: Settings, prepare: Sequence[Prepare] = ()) -> Database:
    """The database the settings name."""
    if not settings.database:
        return SqliteDatabase(settings.folder / "parvis.sqlite", prepare)
    if settings.database.startswith(("postgresql://", "postgres://")):
        from parvis.store.sql.postgres import PostgresDatabase

        return await PostgresDatabase.open(settings.database)
    raise Invalid(f"unknown database {settings.database!r}", field="database")


def sealer_of(settings: Settings, db: Database) -> Sealer:
    """What seals the secrets of a database, with the key where the settings say."""
    return Sealer(db, Path(settings.sealing_key or settings.folder / "sealing.key"))


def open_blobs(settings: Settings, db: Database) -> WholeBlobs:
    """The blob store the settings name."""
    if not settings.blobs:
        return PiecedBlobs(FolderBlobs(settings.folder / "blobs", db), db)
    from parvis.store.blobs.s3 import open_s3

    return PiecedBlobs(open_s3(settings.blobs), db)


async def open_bus(settings: Settings) -> Bus:
    """The bus the settings name."""
    if not settings.bus:
        return MemoryBus()
    if settings.bus.startswith(("nats://", "tls://")):
        from parvis.store.bus.nats import NatsBus

        return await NatsBus.open(settings.bus)
    raise Invalid(f"unknown bus {settings.bus!r}", field="bus")
