"""What changed since a state: the one answer behind /changes, sync tokens and QRESYNC; in a whole account, in some
parts of it for whoever does not see them all, and in one part for who asks for that."""

from collections.abc import Sequence
from dataclasses import dataclass

from parvis.store.sql.contract import Database, Row, marks


@dataclass(frozen=True, slots=True)
class Changes:
    """Object ids that were created, updated and destroyed after a state, up to `new_state`."""

    created: list[int]
    updated: list[int]
    destroyed: list[int]
    new_state: int
    has_more: bool
    counts_only: bool
    """Nothing but server-computed counts changed in all that was updated."""


async def since(
    db: Database, account_id: int, kind: str, state: int, limit: int, *, base: int | None = None
) -> Changes:
    """The changes of one kind after `state`, oldest first, at most `limit` objects. RFC 8620 §5.2

    Whoever walks in pages gives as `base` the state of the first page: what was created after it and is met on a
    later page is created for them, not updated."""
    first = state if base is None else base
    rows = await db.rows(
        """SELECT object_id, created, modseq, whole, destroyed FROM change
        WHERE account_id = ? AND kind = ? AND modseq > ? ORDER BY modseq LIMIT ?""",
        account_id,
        kind,
        state,
        limit + 1,
    )
    found = Changes([], [], [], state, len(rows) > limit, True)
    whole_changed = False
    for object_id, created, _, whole, destroyed in rows[:limit]:
        if destroyed:
            if created <= state:
                found.destroyed.append(object_id)
        elif created > first:
            found.created.append(object_id)
        else:
            found.updated.append(object_id)
            whole_changed = whole_changed or whole > state
    newest = rows[:limit][-1][2] if rows else state
    return Changes(found.created, found.updated, found.destroyed, newest, found.has_more, not whole_changed)


_PARTS_AT_ONCE = 100
_IN_PART = """SELECT c.object_id, c.modseq, c.created, c.modseq, c.whole, c.destroyed, c.part, c.arrived
FROM change c
WHERE c.account_id = ? AND c.kind = ? AND c.part = ? AND c.part <> 0 AND c.modseq > ? AND c.modseq <= ?
ORDER BY c.modseq LIMIT ?"""
_LEFT = """SELECT d.object_id, d.modseq, c.created, c.modseq, c.whole, c.destroyed, c.part, c.arrived
FROM departed d JOIN change c ON c.account_id = d.account_id AND c.kind = d.kind AND c.object_id = d.object_id
WHERE d.account_id = ? AND d.kind = ? AND d.part = ? AND d.modseq > ? AND d.modseq <= ?
ORDER BY d.modseq LIMIT ?"""


@dataclass(frozen=True, slots=True)
class Departed:
    """An object that is no longer under `name` in a part, since `modseq`. The name may be in use again by now: by
    another object, or by the same."""

    object_id: int
    name: str
    modseq: int


@dataclass(frozen=True, slots=True)
class _Line:
    """The change log's line of an object."""

    created: int
    modseq: int
    whole: int
    destroyed: int
    part: int
    arrived: int


async def state_in(db: Database, account_id: int, kind: str, parts: Sequence[int]) -> int:
    """The present state of a kind in some parts: the modseq of the last change, coming or leaving there."""
    found = await db.value(
        f"SELECT MAX(modseq) FROM part_state WHERE part IN {marks(len(parts))} AND kind = ? AND account_id = ?",
        *parts,
        kind,
        account_id,
    )
    return int(found or 0)


async def since_in(
    db: Database,
    account_id: int,
    kind: str,
    state: int,
    limit: int,
    parts: Sequence[int],
    *,
    base: int | None = None,
) -> Changes:
    """What `since` tells, for somebody who sees only `parts`: an object that left them for another part is
    destroyed, one that came into them is created, and none is told that was never in them. `new_state` is a state
    of these parts (`state_in`): changes elsewhere do not move it.

    Where the log cannot tell whether an object that came back was there at `base`, it is created, not updated."""
    first = state if base is None else base
    seen = sorted(set(parts))
    present = max(state, await state_in(db, account_id, kind, seen))
    place = account_id, kind
    walked = await _each_part(db, _IN_PART, place, seen, (state, present, limit + 1))
    walked += await _each_part(db, _LEFT, place, seen, (state, present, limit + 1))
    walked.sort(key=lambda row: row[1])
    reached = walked[limit - 1][1] if len(walked) > limit else present
    lines = _newest(walked[:limit])
    stays = await _stays(db, place, seen, [n for n, line in lines.items() if not _settled(line, seen, first)])
    found = Changes([], [], [], reached, len(walked) > limit, True)
    whole = False
    for number, line in lines.items():
        told = _told(line, stays.get(number, []), seen, state, first, reached)
        if told is not None:
            told_in = {"created": found.created, "updated": found.updated, "destroyed": found.destroyed}[told]
            told_in.append(number)
            whole = whole or (told == "updated" and line.whole > state)
    return Changes(found.created, found.updated, found.destroyed, reached, found.has_more, not whole)


async def _each_part(
    db: Database, statement: str, place: tuple[int, str], parts: list[int], rest: tuple[int, int, int]
) -> list[Row]:
    """The rows of a statement for one part, for each of many."""
    rows: list[Row] = []
    for start in range(0, len(parts), _PARTS_AT_ONCE):
        some = parts[start : start + _PARTS_AT_ONCE]
        union = " UNION ALL ".join(f"SELECT * FROM ({statement}) p{n}" for n in range(len(some)))
        rows += await db.rows(union, *(value for part in some for value in (*place, part, *rest)))
    return rows


def _newest(rows: Sequence[Row]) -> dict[int, _Line]:
    """Each object once, as the last statement has read it."""
    lines: dict[int, _Line] = {}
    for number, _, *columns in rows:
        line = _Line(*columns)
        known = lines.get(number)
        if known is None or line.modseq > known.modseq:
            lines[number] = line
    return lines


def _settled(line: _Line, parts: Sequence[int], first: int) -> bool:
    """Whether the line alone says what to tell."""
    return line.part in parts and (bool(line.destroyed) or line.arrived <= first or line.created > first)


async def _stays(
    db: Database, place: tuple[int, str], parts: list[int], numbers: list[int]
) -> dict[int, list[tuple[int, int]]]:
    """When objects came into and left these parts."""
    stays: dict[int, list[tuple[int, int]]] = {}
    for start in range(0, len(numbers), 500):
        some = numbers[start : start + 500]
        rows = await db.rows(
            f"""SELECT object_id, arrived, modseq FROM departed WHERE account_id = ? AND kind = ?
            AND part IN {marks(len(parts))} AND object_id IN {marks(len(some))}""",
            *place,
            *parts,
            *some,
        )
        for number, arrived, left in rows:
            stays.setdefault(number, []).append((arrived, left))
    return stays


def _told(
    line: _Line, stays: list[tuple[int, int]], parts: list[int], state: int, first: int, reached: int
) -> str | None:
    """How an object that was met is told on this page; None when it is another page's, or nobody's."""
    if line.part in parts and not line.destroyed:
        if line.modseq > reached:
            return None
        was_there = line.arrived <= first or any(came <= first and left > state for came, left in stays)
        return "updated" if was_there and line.created <= first else "created"
    ends = [left for _, left in stays] + ([line.modseq] if line.part in parts else [])
    last = max(ends, default=0)
    return "destroyed" if state < last <= reached and line.created <= state else None


async def left_since(db: Database, account_id: int, kind: str, part: int, state: int, limit: int) -> list[Departed]:
    """Who left a part, or a name in it, after `state`: oldest first. Rows of one modseq are one object's."""
    rows = await db.rows(
        """SELECT object_id, name, modseq FROM departed WHERE account_id = ? AND kind = ? AND part = ?
        AND modseq > ? ORDER BY modseq, name LIMIT ?""",
        account_id,
        kind,
        part,
        state,
        limit,
    )
    return [Departed(*row) for row in rows]


async def in_part_since(
    db: Database, account_id: int, kind: str, part: int, state: int, limit: int
) -> list[tuple[int, int]]:
    """What is in a part and was changed, or came into it, after `state`: object ids with their modseq, oldest
    first. Together with `left_since`, cut at one modseq, it is a page of a sync. RFC 6578 §3"""
    rows = await db.rows(
        """SELECT object_id, modseq FROM change WHERE account_id = ? AND kind = ? AND part = ? AND part <> 0
        AND modseq > ? AND destroyed = 0 ORDER BY modseq LIMIT ?""",
        account_id,
        kind,
        part,
        state,
        limit,
    )
    return [(number, modseq) for number, modseq in rows]
