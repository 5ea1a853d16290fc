"""What is new in each space: heard from the outbox, the newest kept."""

from parvis.kernel import ids
from parvis.kernel.events import Event
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.store.unit import Unit

FOLLOWER = "spaces"
TOLD = {
    "Email": ("created",),
    "CalendarEvent": ("created", "updated"),
    "Task": ("created", "updated"),
    "FileNode": ("created", "updated"),
    "ContactCard": ("created", "updated"),
}
"""The types of things that people want to hear of, and of which changes."""
KEPT = 500
"""Things of one space that are remembered."""
_AT_ONCE = 100
"""Objects of one event beyond which the rest is not told: an import, not something that happened."""


class Activity:
    """Follows the outbox."""

    def __init__(self, keep: Store) -> None:
        self._keep = keep

    async def follow(self, events: list[Event]) -> None:
        """Notes what happened in spaces. An event that comes twice is noted once."""
        wanted = [event for event in events if event.kind == "changed" and event.body["kind"] in TOLD]
        accounts = list({event.account_id for event in wanted})
        if not accounts:
            return
        rows = await self._keep.db.rows(f"SELECT id FROM space WHERE id IN {marks(len(accounts))}", *accounts)
        spaces = {row[0] for row in rows}

        async def work(unit: Unit) -> None:
            for event in wanted:
                if event.account_id in spaces:
                    await _note(unit, event)
            for space in spaces:
                await _prune(unit, space)

        if spaces:
            await self._keep.write(work)


async def _note(unit: Unit, event: Event) -> None:
    kind = event.body["kind"]
    for number in event.body["destroyed"]:
        await unit.run(
            "DELETE FROM space_activity WHERE space_id = ? AND kind = ? AND object_id = ?",
            event.account_id, kind, number,
        )  # fmt: skip
    for change in TOLD[kind]:
        rows = [
            (event.account_id, kind, number, ids.new_id(), int(change == "created"), event.time_ms)
            for number in event.body[change][:_AT_ONCE]
        ]
        await unit.many(
            """INSERT INTO space_activity (space_id, kind, object_id, id, created, time_ms)
            VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (space_id, kind, object_id)
            DO UPDATE SET id = excluded.id, created = excluded.created, time_ms = excluded.time_ms""",
            rows,
        )


async def _prune(unit: Unit, space_id: int) -> None:
    await unit.run(
        """DELETE FROM space_activity WHERE space_id = ? AND id IN (SELECT id FROM space_activity
        WHERE space_id = ? ORDER BY time_ms DESC, id DESC LIMIT 1000 OFFSET ?)""",
        space_id,
        space_id,
        KEPT,
    )
