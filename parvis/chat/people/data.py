"""Account data: what clients keep for their owner, of everything or of a room (Matrix v1.19 Client-Server §Client
Config). Tags and push rules are kept with it."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from parvis.access.principal import Principal
from parvis.chat.people.keys import Reader
from parvis.kernel import ids
from parvis.kernel.errors import NotFound
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix

KIND = "ChatData"
GLOBAL = ""
"""The room of what is of everything."""
_AT_ONCE = 500
_MOST = 20_000
"""Entries of a person."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One of them; `room_id` is empty for one of everything."""

    room_id: str
    type: str
    content: Object


async def get(db: Reader, principal: Principal, type_: str, room_id: str = GLOBAL) -> Object:
    """One entry. Raises NotFound."""
    found = await db.value(
        "SELECT content FROM chat_data WHERE principal_id = ? AND room_id = ? AND type = ?",
        principal.id,
        room_id,
        type_,
    )
    if found is None:
        raise NotFound("there is nothing of that type")
    content: Object = msgspec.json.decode(found)
    return content


async def some(db: Reader, people: Sequence[int], types: Sequence[str]) -> dict[int, dict[str, Object]]:
    """Entries of everything, by principal id and type; what is not there is left out. One statement for 500
    people."""
    found: dict[int, dict[str, Object]] = {}
    for start in range(0, len(people), _AT_ONCE):
        part = people[start : start + _AT_ONCE]
        rows = await db.rows(
            f"""SELECT principal_id, type, content FROM chat_data WHERE principal_id IN {marks(len(part))}
            AND room_id = ? AND type IN {marks(len(types))}""",
            *part,
            GLOBAL,
            *types,
        )
        for person, type_, content in rows:
            found.setdefault(person, {})[type_] = msgspec.json.decode(content)
    return found


async def put(unit: Unit, principal: Principal, type_: str, content: Object, room_id: str = GLOBAL) -> None:
    """Keeps one. Raises BadMatrix when there are too many."""
    fresh = ids.new_id()
    number = await unit.value(
        "SELECT id FROM chat_data WHERE principal_id = ? AND room_id = ? AND type = ?", principal.id, room_id, type_
    )
    if number is None:
        count = await unit.value("SELECT COUNT(*) FROM chat_data WHERE principal_id = ?", principal.id)
        if int(count or 0) >= _MOST:
            raise BadMatrix(f"More than {_MOST} entries", errcode="M_TOO_LARGE")
    modseq = await unit.changed(principal.id, KIND, number or fresh, "updated" if number else "created")
    await unit.run(
        """INSERT INTO chat_data (id, principal_id, room_id, type, content, modseq) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (principal_id, room_id, type) DO UPDATE SET content = excluded.content,
        modseq = excluded.modseq""",
        number or fresh,
        principal.id,
        room_id,
        type_,
        msgspec.json.encode(content).decode(),
        modseq,
    )


async def of_rooms(db: Reader, principal: Principal, room_ids: Sequence[str]) -> Sequence[Entry]:
    """Everything of some rooms. One statement."""
    rows = await db.rows(
        f"""SELECT room_id, type, content FROM chat_data WHERE principal_id = ?
        AND room_id IN {marks(len(room_ids))}""",
        principal.id,
        *room_ids,
    )
    return [Entry(row[0], row[1], msgspec.json.decode(row[2])) for row in rows]


async def since(db: Reader, principal: Principal, after: int) -> Sequence[Entry]:
    """What changed behind a position; everything behind 0."""
    rows = await db.rows(
        "SELECT room_id, type, content FROM chat_data WHERE principal_id = ? AND modseq > ? ORDER BY modseq",
        principal.id,
        after,
    )
    return [Entry(row[0], row[1], msgspec.json.decode(row[2])) for row in rows]
