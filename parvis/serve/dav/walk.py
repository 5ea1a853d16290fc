"""One page of what happened in a part, for Tree.sync: the two lists of the change log as one. RFC 6578 §3.5"""

from collections.abc import Sequence
from dataclasses import dataclass

from parvis.store.changes import in_part_since, left_since, state_in
from parvis.store.sql.contract import Database


@dataclass(frozen=True, slots=True)
class Walk:
    """`present` are objects that are in the part and have changed, `departed` names that are no longer there,
    unless one of the present has it by now."""

    present: list[int]
    departed: list[str]
    state: int
    more: bool


async def walk(db: Database, account_id: int, kind: str, part: int, state: int, limit: int) -> Walk:
    """What happened in a part after `state`, oldest first, at most `limit` lines."""
    now = await state_in(db, account_id, kind, [part])
    present = [
        (modseq, number, "") for number, modseq in await in_part_since(db, account_id, kind, part, state, limit)
    ]
    gone = await left_since(db, account_id, kind, part, state, limit) if state else []
    departed = [(each.modseq, 0, each.name) for each in gone]
    lines = sorted(present + departed)
    more = len(present) == limit or len(departed) == limit
    if more:
        lines = lines[: page_end([modseq for modseq, _, _ in lines], limit)]
    return Walk(
        [number for _, number, _ in lines if number],
        [name for _, number, name in lines if not number and name],
        lines[-1][0] if more else max(now, state),
        more,
    )


def page_end(modseqs: Sequence[int], limit: int) -> int:
    """Where a page of lines with these modseqs, in order, ends: lines of one modseq are one unit's and stay
    together."""
    end = min(limit, len(modseqs))
    while 0 < end < len(modseqs) and modseqs[end] == modseqs[end - 1]:
        end += 1
    return end
