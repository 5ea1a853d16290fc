"""What changed since a state: the one answer behind /changes, sync tokens and QRESYNC."""

from dataclasses import dataclass

from parvis.store.sql.contract import Database


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
