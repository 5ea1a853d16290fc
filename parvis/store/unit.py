"""The unit of work: a transaction with the one clock and the one outbox in it.

Whoever changes an object calls `changed` for it in the same unit; the account's modseq, the change log, the
kinds' states and the outbox event follow from that, and cannot be forgotten or torn apart.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Container, Sequence
from contextlib import asynccontextmanager
from copy import copy
from typing import Any

import msgspec

from parvis.kernel import clock
from parvis.kernel.errors import NotFound
from parvis.kernel.events import Change, StateChange
from parvis.store import departures
from parvis.store.departures import Key, Left, Mark
from parvis.store.sql.contract import Row, Tx, Write

_UPSERT_CHANGE = """
INSERT INTO change (account_id, kind, object_id, created, modseq, whole, destroyed, part, arrived)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (account_id, kind, object_id) DO UPDATE SET modseq = excluded.modseq,
created = CASE WHEN change.destroyed = 1 THEN excluded.created ELSE change.created END,
whole = CASE WHEN excluded.whole > 0 THEN excluded.whole ELSE change.whole END, destroyed = excluded.destroyed,
arrived = CASE WHEN change.destroyed = 1 OR excluded.part NOT IN (0, change.part) THEN excluded.arrived
ELSE change.arrived END,
part = CASE WHEN excluded.part = 0 THEN change.part ELSE excluded.part END
"""
_UPSERT_STATE = """
INSERT INTO kind_state (account_id, kind, modseq) VALUES (?, ?, ?)
ON CONFLICT (account_id, kind) DO UPDATE SET modseq = excluded.modseq
"""
_SET_CLOCK = "UPDATE account SET modseq = ? WHERE id = ?"
_TELL = "INSERT INTO outbox (kind, time_ms, body, account_id) VALUES (?, ?, ?, ?)"


class Unit:
    """One transaction. Its reads see its own writes."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._later: dict[str, list[Row]] = {}
        self._clocks: dict[int, int] = {}
        self._written: dict[int, int] = {}
        """Where the first tick set the clock of each account."""
        self._unused: set[int] = set()
        """Accounts that are held by a tick whose modseq nothing has yet."""
        self._marks: dict[Key, Mark] = {}
        self._lefts: list[Left] = []
        self._events: list[tuple[int, str, dict[str, Any]]] = []
        self._before: dict[Key, Mark | None] | None = None
        self.wakes_jobs = False

    async def rows(self, sql: str, *args: Any) -> list[Row]:
        """See Tx.rows."""
        await self._catch_up()
        return await self._tx.rows(sql, *args)

    async def row(self, sql: str, *args: Any) -> Row | None:
        """See Tx.row."""
        await self._catch_up()
        return await self._tx.row(sql, *args)

    async def value(self, sql: str, *args: Any) -> Any:
        """See Tx.value."""
        await self._catch_up()
        return await self._tx.value(sql, *args)

    async def run(self, sql: str, *args: Any) -> int:
        """See Tx.run."""
        await self._catch_up()
        return await self._tx.run(sql, *args)

    async def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """See Tx.many."""
        await self._catch_up()
        await self._tx.many(sql, rows)

    def later(self, sql: str, *args: Any) -> None:
        """A write that may wait until the next statement or the end of the unit, to be carried out together with
        others: its result is not asked for, and it has nothing to do with what else waits, but for the same
        statement with other parameters, which come one after the other. What is wrong with it is raised then."""
        self._later.setdefault(sql, []).append(args)

    async def _catch_up(self) -> None:
        if self._later:
            waiting, self._later = self._later, {}
            await self._tx.together(list(waiting.items()))

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """What is done inside is undone when it raises, marks and events too; the unit goes on. Not nested."""
        clocks, wakes = dict(self._clocks), self.wakes_jobs
        events, lefts = len(self._events), len(self._lefts)
        self._before = {}
        await self.run("SAVEPOINT attempt")
        try:
            yield
            await self._catch_up()
        except BaseException:
            self._later = {}
            await self._tx.run("ROLLBACK TO SAVEPOINT attempt")
            self._tx.forgive()
            for key, mark in self._before.items():
                if mark is None:
                    del self._marks[key]
                else:
                    self._marks[key] = mark
            self._clocks, self.wakes_jobs = clocks, wakes
            self._unused &= clocks.keys()
            del self._events[events:], self._lefts[lefts:]
            raise
        finally:
            self._before = None
            await self._tx.run("RELEASE SAVEPOINT attempt")

    async def tick(self, account_id: int) -> int:
        """The account's next modseq. The first tick locks the account until the commit. Raises NotFound."""
        if account_id in self._unused:
            self._unused.discard(account_id)
        elif account_id not in self._clocks:
            modseq = await self._tx.value(
                "UPDATE account SET modseq = modseq + 1 WHERE id = ? RETURNING modseq", account_id
            )
            if modseq is None:
                raise NotFound("no such account", account_id=account_id)
            self._clocks[account_id] = self._written[account_id] = modseq
        else:
            self._clocks[account_id] += 1
        return self._clocks[account_id]

    async def leap(self, account_id: int, count: int) -> int:
        """Passes so many modseqs over, which nothing ever has, and returns the last of them. Raises NotFound."""
        first = await self.tick(account_id)
        self._clocks[account_id] = first + count - 1
        return self._clocks[account_id]

    async def hold(self, account_id: int) -> None:
        """Locks the account until the commit, as its first tick does, and takes no modseq. Raises NotFound."""
        if account_id not in self._clocks:
            await self.tick(account_id)
            self._unused.add(account_id)

    def clock_of(self, account_id: int) -> int:
        """The account's modseq as the unit has it by now; 0 when it has changed nothing there."""
        return self._clocks.get(account_id, 0)

    def reached(self, account_id: int, kind: str, parts: Container[int] | None = None) -> int:
        """The newest modseq of a kind in this unit, in some parts when those are given; 0 when nothing changed."""
        left = {key for key, part, _ in self._lefts if parts is None or part in parts}
        return max(
            (
                mark.modseq
                for key, mark in self._marks.items()
                if key[:2] == (account_id, kind) and (parts is None or mark.part in parts or key in left)
            ),
            default=0,
        )

    async def changed(
        self,
        account_id: int,
        kind: str,
        object_id: int,
        change: Change,
        *,
        counts_only: bool = False,
        part: int = 0,
    ) -> int:
        """Notes that an object was created, updated or destroyed and returns the modseq to store with it.

        An object changed twice in a unit keeps one modseq. `counts_only` says that nothing but server-computed
        counts changed (JMAP's updatedProperties). RFC 8621 §2.2

        `part` is the scope the object is in by now (was in, when it was destroyed), always given for kinds that are
        in parts of an account. Whoever sees the part it came out of, and not this one, is told that it was
        destroyed."""
        key = (account_id, kind, object_id)
        mark = self._marks.get(key)
        if self._before is not None and key not in self._before:
            self._before[key] = copy(mark)
        if mark is None:
            mark = self._marks[key] = Mark(change, await self.tick(account_id), not counts_only, part)
        else:
            mark.whole = mark.whole or not counts_only
            mark.change = _merged(mark.change, change)
            mark.part = part or mark.part
        return mark.modseq

    async def left(self, account_id: int, kind: str, object_id: int, part: int, name: str = "") -> None:
        """Notes that an object is no longer under `name` in `part`: moved away, renamed or destroyed. To be called
        beside `changed`, in the same unit; what was made in this unit has never been there."""
        self._lefts.append(((account_id, kind, object_id), part, name))

    async def put_in(self, account_id: int, kind: str, part: int, objects: str, *args: Any) -> None:
        """Puts objects in a part that was cut out of the one they are in, or back, without telling it as a change
        of theirs: `objects` is a statement of their ids, with `args`. Only for parts that begin or end in this
        unit, so that whoever does not own the account reads all anew; its owner sees no difference."""
        await departures.put_in(self._tx, account_id, kind, part, objects, args)

    def emit(self, account_id: int, kind: str, body: dict[str, Any]) -> None:
        """Puts an event of the feature's own into the outbox, beside those of the changes."""
        self._events.append((account_id, kind, body))

    async def flush(self) -> None:
        """Writes clock, change log, states and outbox with what waits; called once, by Store.write, before the
        commit."""
        writes: list[Write] = list(self._later.items())
        if self._marks:
            writes += await departures.writes(self._tx, self._marks, self._lefts)
            writes.append((_UPSERT_CHANGE, [_change_row(key, mark) for key, mark in self._marks.items()]))
            writes.append((_UPSERT_STATE, self._state_rows()))
            went_on = sorted(self._clocks.items() - self._written.items())
            writes.append((_SET_CLOCK, [(modseq, account_id) for account_id, modseq in went_on]))
        stamp, events = clock.now_ms(), self._change_events() + self._events
        told = [(kind, stamp, msgspec.json.encode(body).decode(), account) for account, kind, body in events]
        await self._tx.together([(sql, rows) for sql, rows in [*writes, (_TELL, told)] if rows])

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


def _change_row(key: Key, mark: Mark) -> Row:
    whole = mark.modseq if mark.whole else 0
    return (
        *key,
        mark.modseq,
        mark.modseq,
        whole,
        1 if mark.change == "destroyed" else 0,
        mark.part,
        mark.modseq,
    )
