"""The unit of work: a transaction with the one clock and the one outbox in it.

Whoever changes an object calls `changed` for it in the same unit; the account's modseq, the change log, the
kinds' states and the outbox event follow from that, and cannot be forgotten or torn apart.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from parvis.kernel import clock
from parvis.kernel.errors import NotFound
from parvis.kernel.events import Change, StateChange
from parvis.store.sql.contract import Row, Tx

_UPSERT_CHANGE = """
INSERT INTO change (account_id, kind, object_id, created, modseq, whole, destroyed) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (account_id, kind, object_id) DO UPDATE SET modseq = excluded.modseq,
created = CASE WHEN change.destroyed = 1 THEN excluded.created ELSE change.created END,
whole = CASE WHEN excluded.whole > 0 THEN excluded.whole ELSE change.whole END, destroyed = excluded.destroyed
"""
_UPSERT_STATE = """
INSERT INTO kind_state (account_id, kind, modseq) VALUES (?, ?, ?)
ON CONFLICT (account_id, kind) DO UPDATE SET modseq = excluded.modseq
"""


class _Mark(msgspec.Struct):
    change: Change
    modseq: int
    whole: bool


class Unit:
    """One transaction. Its reads see its own writes."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self.rows, self.row, self.value, self.run, self.many = tx.rows, tx.row, tx.value, tx.run, tx.many
        self._clocks: dict[int, int] = {}
        self._marks: dict[tuple[int, str, int], _Mark] = {}
        self._events: list[tuple[int, str, dict[str, Any]]] = []
        self._before: dict[tuple[int, str, int], _Mark | None] | None = None
        self.wakes_jobs = False

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """What is done inside is undone when it raises, marks and events too; the unit goes on. Not nested."""
        clocks, events, wakes = dict(self._clocks), len(self._events), self.wakes_jobs
        self._before = {}
        await self._tx.run("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            await self._tx.run("ROLLBACK TO SAVEPOINT attempt")
            self._tx.forgive()
            for key, mark in self._before.items():
                if mark is None:
                    del self._marks[key]
                else:
                    self._marks[key] = mark
            self._clocks, self.wakes_jobs = clocks, wakes
            del self._events[events:]
            raise
        finally:
            self._before = None
            await self._tx.run("RELEASE SAVEPOINT attempt")

    async def tick(self, account_id: int) -> int:
        """The account's next modseq. The first tick locks the account until the commit. Raises NotFound."""
        if account_id not in self._clocks:
            modseq = await self._tx.value(
                "UPDATE account SET modseq = modseq + 1 WHERE id = ? RETURNING modseq", account_id
            )
            if modseq is None:
                raise NotFound("no such account", account_id=account_id)
            self._clocks[account_id] = modseq
        else:
            self._clocks[account_id] += 1
        return self._clocks[account_id]

    def clock_of(self, account_id: int) -> int:
        """The account's modseq as the unit has it by now; 0 when it has changed nothing there."""
        return self._clocks.get(account_id, 0)

    async def changed(
        self, account_id: int, kind: str, object_id: int, change: Change, *, counts_only: bool = False
    ) -> int:
        """Notes that an object was created, updated or destroyed and returns the modseq to store with it.

        An object changed twice in a unit keeps one modseq. `counts_only` says that nothing but server-computed
        counts changed (JMAP's updatedProperties). RFC 8621 §2.2"""
        key = (account_id, kind, object_id)
        mark = self._marks.get(key)
        if self._before is not None and key not in self._before:
            self._before[key] = _Mark(mark.change, mark.modseq, mark.whole) if mark else None
        if mark is None:
            mark = self._marks[key] = _Mark(change, await self.tick(account_id), not counts_only)
        else:
            mark.whole = mark.whole or not counts_only
            mark.change = _merged(mark.change, change)
        return mark.modseq

    def emit(self, account_id: int, kind: str, body: dict[str, Any]) -> None:
        """Puts an event of the feature's own into the outbox, beside those of the changes."""
        self._events.append((account_id, kind, body))

    async def flush(self) -> None:
        """Writes clock, change log, states and outbox; called once, by Store.write, before the commit."""
        if self._marks:
            await self._tx.many(_UPSERT_CHANGE, [_change_row(key, mark) for key, mark in self._marks.items()])
            await self._tx.many(_UPSERT_STATE, self._state_rows())
            await self._tx.many(
                "UPDATE account SET modseq = ? WHERE id = ?",
                [(modseq, account_id) for account_id, modseq in self._clocks.items()],
            )
        if events := self._change_events() + self._events:
            stamp = clock.now_ms()
            await self._tx.many(
                "INSERT INTO outbox (account_id, kind, time_ms, body) VALUES (?, ?, ?, ?)",
                [(account, kind, stamp, msgspec.json.encode(body).decode()) for account, kind, body in events],
            )

    @property
    def has_events(self) -> bool:
        """Whether the outbox grew."""
        return bool(self._marks or self._events)

    def state_changes(self) -> list[StateChange]:
        """What to tell push after the commit, one line an account."""
        changed: dict[int, dict[str, int]] = defaultdict(dict)
        for account_id, kind, modseq in self._state_rows():
            changed[account_id][kind] = modseq
        return [StateChange(account_id=account_id, changed=kinds) for account_id, kinds in changed.items()]

    def _state_rows(self) -> Sequence[tuple[int, str, int]]:
        states: dict[tuple[int, str], int] = {}
        for (account_id, kind, _), mark in self._marks.items():
            key = (account_id, kind)
            states[key] = max(states.get(key, 0), mark.modseq)
        return [(account_id, kind, modseq) for (account_id, kind), modseq in states.items()]

    def _change_events(self) -> list[tuple[int, str, dict[str, Any]]]:
        bodies: dict[tuple[int, str], dict[str, Any]] = {}
        for (account_id, kind, object_id), mark in self._marks.items():
            body = bodies.setdefault(
                (account_id, kind), {"kind": kind, "created": [], "updated": [], "destroyed": [], "modseq": 0}
            )
            body[mark.change].append(object_id)
            body["modseq"] = max(body["modseq"], mark.modseq)
        return [(account_id, "changed", body) for (account_id, _), body in bodies.items()]


def _merged(first: Change, then: Change) -> Change:
    if then == "destroyed":
        return "destroyed"
    return "created" if first == "created" else then


def _change_row(key: tuple[int, str, int], mark: _Mark) -> Row:
    whole = mark.modseq if mark.whole else 0
    return (*key, mark.modseq, mark.modseq, whole, 1 if mark.change == "destroyed" else 0)
