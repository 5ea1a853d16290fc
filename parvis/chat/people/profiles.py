"""What people show of themselves: the name is the directory's, the rest their own."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from parvis.access.principal import Principal
from parvis.chat.people.keys import Reader
from parvis.kernel.errors import Forbidden, Invalid
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.matrix import identifiers
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix

NAME, AVATAR = "displayname", "avatar_url"
_BYTES = 32_768
"""Of all fields; with the name a profile stays below 64 KiB."""
_AT_ONCE = 500


async def of(db: Reader, principals: Iterable[Principal]) -> Mapping[int, Object]:
    """The profiles of people, by principal id. One statement for 500 people."""
    found: dict[int, Object] = {who.id: {NAME: who.name} for who in principals}
    listed = list(found)
    for start in range(0, len(listed), _AT_ONCE):
        some = listed[start : start + _AT_ONCE]
        rows = await db.rows(
            f"SELECT principal_id, field, value FROM chat_profile WHERE principal_id IN {marks(len(some))}", *some
        )
        for number, field, value in rows:
            found[number][field] = msgspec.json.decode(value)
    return found


async def put(store: Store, principal: Principal, field: str, value: Any) -> None:
    """Sets one field of one's own. Raises Forbidden for the name, BadMatrix for what is no value of it."""
    _check(field, value)
    text = msgspec.json.encode(value).decode()

    async def work(unit: Unit) -> None:
        size = await unit.value(
            "SELECT SUM(LENGTH(field) + LENGTH(value)) FROM chat_profile WHERE principal_id = ? AND field <> ?",
            principal.id,
            field,
        )
        if int(size or 0) + len(text) + len(field) > _BYTES:
            raise BadMatrix("The profile would be too large", errcode="M_PROFILE_TOO_LARGE", field=field)
        await unit.run(
            """INSERT INTO chat_profile (principal_id, field, value) VALUES (?, ?, ?)
            ON CONFLICT (principal_id, field) DO UPDATE SET value = excluded.value""",
            principal.id,
            field,
            text,
        )
        unit.emit(principal.id, "chat-profile", {"principal": principal.id})

    await store.write(work)


async def remove(store: Store, principal: Principal, field: str) -> None:
    """Takes one field away; no error when there is none. Raises Forbidden for the name."""
    if field == NAME:
        raise Forbidden("names are changed in the directory")

    async def work(unit: Unit) -> None:
        await unit.run("DELETE FROM chat_profile WHERE principal_id = ? AND field = ?", principal.id, field)
        unit.emit(principal.id, "chat-profile", {"principal": principal.id})

    await store.write(work)


def _check(field: str, value: Any) -> None:
    if field == NAME:
        raise Forbidden("names are changed in the directory")
    identifiers.namespaced(field, "keyName")
    if field == AVATAR and value != "":
        identifiers.media(value, AVATAR)
    if field == "m.tz" and (not isinstance(value, str) or len(value) > 64):
        raise Invalid("not a time zone", field=field)
