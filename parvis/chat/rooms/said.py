"""What a device sends twice under one name is said once (Matrix v1.19 Client-Server §Transaction identifiers)."""

from collections.abc import Iterable

from parvis.chat.rooms.model import Me
from parvis.chat.rooms.store import Reader, numbered
from parvis.kernel import clock
from parvis.store.sql.contract import rounded
from parvis.store.store import Store
from parvis.store.unit import Unit

Name = tuple[int, str, str]
"""Who said it, with which device, and the name it has there."""
KEPT_MS = 24 * 3_600_000
"""How long a name is known."""
_AT_ONCE = 200


def name_of(me: Me, *parts: object) -> Name:
    """The name of what somebody says; `parts` are what it is unique by."""
    return me.principal.id, me.device_id, "\n".join(map(str, parts))


async def known(db: Reader, names: Iterable[Name]) -> dict[Name, str]:
    """The events that were said under these names already: one statement for 200."""
    wanted, found = list(dict.fromkeys(names)), dict[Name, str]()
    for start in range(0, len(wanted), _AT_ONCE):
        some = rounded(wanted[start : start + _AT_ONCE])
        rows = await db.rows(
            f"""SELECT t.principal_id, t.device_id, t.name, t.event FROM ({numbered(len(some), "?, ?")}) w
            CROSS JOIN chat_transaction t
            WHERE t.principal_id = w.column1 AND t.device_id = w.column2 AND t.name = w.column3""",
            *(value for name in some for value in name),
        )
        found |= {(row[0], row[1], row[2]): row[3] for row in rows}
    return found


def keep(unit: Unit, name: Name, event_id: str) -> None:
    """Notes what was said."""
    unit.later(
        "INSERT INTO chat_transaction (principal_id, device_id, name, event, sent_ms) VALUES (?, ?, ?, ?, ?)",
        *name,
        event_id,
        clock.now_ms(),
    )


async def forget(store: Store) -> int:
    """Lets the names go of what was said long ago; once a day."""
    before = clock.now_ms() - KEPT_MS

    async def work(unit: Unit) -> int:
        return await unit.run(
            """DELETE FROM chat_transaction WHERE (principal_id, device_id, name) IN
            (SELECT principal_id, device_id, name FROM chat_transaction WHERE sent_ms < ? LIMIT 1000)""",
            before,
        )

    total = 0
    while done := await store.write(work):
        total += done
    return total
