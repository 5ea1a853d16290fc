"""Where clients want people to be told while they are not there (Matrix v1.19 Client-Server §Push Notifications): a
push gateway of the maker of a program, which hears that there is something new and never what."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from parvis.access.principal import Principal
from parvis.chat.people.keys import Reader, number
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix

_MOST = 50


@dataclass(frozen=True, slots=True)
class Pusher:
    """One of a person, as a client made it."""

    principal_id: int
    app_id: str
    pushkey: str
    content: Object


async def of(db: Reader, principal: Principal) -> list[Object]:
    """Somebody's, as clients see them."""
    rows = await db.rows("SELECT content FROM chat_pusher WHERE principal_id = ?", principal.id)
    return [msgspec.json.decode(content) for (content,) in rows]


async def living(db: Reader, people: Sequence[int]) -> list[Pusher]:
    """Those of some people whose sign-in has not ended. One statement."""
    rows = await db.rows(
        """SELECT p.principal_id, p.app_id, p.pushkey, p.content FROM chat_pusher p
        JOIN chat_device d ON d.id = p.device JOIN session s ON s.id = d.session_id
        JOIN principal o ON o.id = p.principal_id AND o.disabled_ms IS NULL WHERE p.principal_id IN """
        f"({', '.join('?' * len(people))})",
        *people,
    )
    return [Pusher(row[0], row[1], row[2], msgspec.json.decode(row[3])) for row in rows]


async def put(store: Store, principal: Principal, device_id: str, kept: Object, *, append: bool) -> None:
    """Keeps one, in place of others of the same app and key: of other people too, unless `append`. Raises BadMatrix
    when there are too many."""

    async def work(unit: Unit) -> None:
        device = await number(unit, principal, device_id)
        others, whose = ("principal_id = ? AND ", (principal.id,)) if append else ("", ())
        await unit.run(
            f"DELETE FROM chat_pusher WHERE {others}app_id = ? AND pushkey = ?",
            *whose,
            kept["app_id"],
            kept["pushkey"],
        )
        count = await unit.value("SELECT COUNT(*) FROM chat_pusher WHERE principal_id = ?", principal.id)
        if int(count or 0) >= _MOST:
            raise BadMatrix(f"More than {_MOST} pushers", errcode="M_TOO_LARGE")
        await unit.run(
            "INSERT INTO chat_pusher (principal_id, app_id, pushkey, device, content) VALUES (?, ?, ?, ?, ?)",
            principal.id,
            kept["app_id"],
            kept["pushkey"],
            device,
            msgspec.json.encode(kept).decode(),
        )

    await store.write(work)


async def remove(store: Store, principal_id: int, app_id: str, pushkey: str) -> None:
    """Takes one away; no error when there is none."""

    async def work(unit: Unit) -> None:
        await unit.run(
            "DELETE FROM chat_pusher WHERE principal_id = ? AND app_id = ? AND pushkey = ?",
            principal_id,
            app_id,
            pushkey,
        )

    await store.write(work)
