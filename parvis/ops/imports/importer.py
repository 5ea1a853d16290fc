"""Carries an import out: batches from the reader into the account, what was done kept after each batch.

A batch that was stored but not yet noted when the program died is met again at the next start: messages that are
in their mailbox already, byte for byte, are counted as present and not stored twice."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from parvis.access.principal import Principal
from parvis.mail import mailboxes, service
from parvis.mail.folders import allowed_keywords
from parvis.mail.model import DEPTH, nearest_name
from parvis.mail.service import Import
from parvis.ops.imports.reader import Fault, Found, Reader
from parvis.ops.progress import Progress
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.store.unit import Unit

BATCH, BATCH_BYTES = 100, 32_000_000
"""What is held in memory and stored in one unit: so many messages, or those that are so many bytes together."""
KEPT_FAULTS = 1000
"""Faults that are named one by one; further ones are only counted."""


class State(msgspec.Struct):
    """How far an import is, and its report."""

    position: dict[str, Any] = {}
    imported: int = 0
    present: int = 0
    """Were there already."""
    faults: int = 0
    named: list[tuple[str, str]] = []
    """Where and what, of the first faults."""
    total: int = 0

    @property
    def seen(self) -> int:
        """How many messages were looked at."""
        return self.imported + self.present + self.faults


Keep = Callable[[State], Awaitable[None]]


@dataclass
class Importer:
    """One import into one account. `under` is a path of mailboxes below which everything goes; with an empty one,
    mailboxes go where their names and roles say."""

    store: Store
    principal: Principal
    account_id: int
    reader: Reader
    progress: Progress
    under: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._places: dict[tuple[str, ...], int] = {}

    async def run(self, state: State, keep: Keep) -> State:
        """Imports everything after `state`; `keep` is awaited with the new state after each batch. Raises what the
        reader and the store raise; the state that was kept last is then where to go on."""
        state.total = state.total or await asyncio.to_thread(self.reader.total)
        source = self.reader.read(state.position)
        while batch := await asyncio.to_thread(_next, source):
            await self._store([entry for entry in batch if isinstance(entry, Found)], state)
            for fault in (entry for entry in batch if isinstance(entry, Fault)):
                _note(state, fault)
            state.position = self.reader.position
            await keep(state)
            self.progress("import", state.seen, state.total)
        return state

    async def _store(self, found: list[Found], state: State) -> None:
        imports = [await self._import(one) for one in found]
        here = await self._present(imports)
        fresh: dict[tuple[str, int], Import] = {}
        for one in imports:
            key = (hashlib.sha256(one.raw).hexdigest(), next(iter(one.mailbox_ids)))
            if key not in here:
                fresh.setdefault(key, one)
        if fresh:
            await service.import_messages(self.store, self.principal, self.account_id, list(fresh.values()))
        state.imported += len(fresh)
        state.present += len(imports) - len(fresh)

    async def _import(self, found: Found) -> Import:
        place = await self._place(found)
        return Import(found.raw, frozenset({place}), allowed_keywords(found.keywords), found.received_ms)

    async def _place(self, found: Found) -> int:
        """The mailbox for a folder of the source, made when it is missing."""
        role = None if self.under else found.role
        key = (role,) if role else (*self.under, *found.folder)
        if key not in self._places:
            path = [nearest_name(name) for name in (*self.under, *found.folder)][:DEPTH]

            async def work(unit: Unit) -> int:
                roles = await mailboxes.ensure(unit, self.account_id, self.principal.language)
                if role in roles:
                    return roles[role]
                return await mailboxes.ensure_path(unit, self.account_id, path)

            self._places[key] = await self.store.write(work)
        return self._places[key]

    async def _present(self, imports: list[Import]) -> set[tuple[str, int]]:
        """Which of these are in their mailbox already: pairs of hash and mailbox."""
        hashes = [hashlib.sha256(one.raw).hexdigest() for one in imports]
        if not hashes:
            return set()
        rows = await self.store.db.rows(
            f"""SELECT l.hash, m.mailbox_id FROM blob_link l JOIN email_mailbox m ON m.email_id = l.object_id
            WHERE l.account_id = ? AND l.kind = 'Email' AND l.hash IN {marks(len(hashes))}""",
            self.account_id,
            *hashes,
        )
        return {(row[0], row[1]) for row in rows}


def _next(source: Iterator[Found | Fault]) -> list[Found | Fault]:
    batch: list[Found | Fault] = []
    size = 0
    for entry in source:
        batch.append(entry)
        size += len(entry.raw) if isinstance(entry, Found) else 0
        if len(batch) >= BATCH or size >= BATCH_BYTES:
            break
    return batch


def _note(state: State, fault: Fault) -> None:
    state.faults += 1
    if len(state.named) < KEPT_FAULTS:
        state.named.append((fault.where, fault.what))
