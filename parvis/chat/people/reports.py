"""What people report to the administration: an event, a whole room, or a user."""

from parvis.access.principal import Principal
from parvis.kernel import clock, ids
from parvis.store.store import Store
from parvis.store.unit import Unit


async def keep(
    store: Store, principal: Principal, reason: str, *, room: int = 0, event_id: str = "", user_id: str = ""
) -> None:
    """Keeps a report; `room` is the room's scope."""

    async def work(unit: Unit) -> None:
        await unit.run(
            """INSERT INTO chat_report (id, room, event_id, user_id, principal_id, reason, created_ms)
            VALUES (?, ?, ?, ?, ?, ?, ?)""",
            ids.new_id(), room, event_id, user_id, principal.id, reason, clock.now_ms(),
        )  # fmt: skip

    await store.write(work)
