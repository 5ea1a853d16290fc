"""Devices and keys of people of other servers, as far as they are followed (Matrix v1.19 Server-Server §Device
Management): what these servers told is kept for as long as they tell what changes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from parvis.chat.people.keys import KIND, Reader
from parvis.kernel import ids
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit
from parvis.wire.matrix import devices as wire
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.devices import Usage
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.transactions import DeviceListUpdate, SigningKeyUpdate

_AT_ONCE = 500
MOST_DEVICES = 1_000
"""Devices of one person that are kept."""


@dataclass(slots=True)
class Person:
    """What is known of somebody."""

    user_id: str
    stream_id: int = 0
    devices: dict[str, Object] = field(default_factory=dict)
    """Keys by device id."""
    names: dict[str, str] = field(default_factory=dict)
    cross: dict[Usage, Object] = field(default_factory=dict)

    def shown(self, device_id: str) -> Object:
        """The keys of a device as clients see them."""
        keys, name = self.devices[device_id], self.names.get(device_id, "")
        return {**keys, "unsigned": {"device_display_name": name}} if name else keys


def read(user_id: str, answer: object) -> Person:
    """What a server answers for all devices of somebody; what is wrong in itself is left out. Raises BadMatrix
    where it is no such answer."""
    listed = answer.get("devices") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or not isinstance(listed, list) or answer.get("user_id") != user_id:
        raise BadMatrix("Not the devices of this user", field="devices")
    stream_id = answer.get("stream_id")
    found = Person(user_id, stream_id if type(stream_id) is int else 0)
    for each in listed[:MOST_DEVICES]:
        if isinstance(each, dict) and isinstance(each.get("device_id"), str):
            add(found, each["device_id"], each.get("keys"), each.get("device_display_name"))
    for usage in ("master", "self_signing"):
        add_cross(found, usage, answer.get(f"{usage}_key"))
    return found


def add(person: Person, device_id: str, keys: object, name: object) -> None:
    """Adds a device, where its keys are such."""
    try:
        person.devices[device_id] = wire.read_device(keys, person.user_id, device_id).source
    except BadMatrix:
        return
    person.devices[device_id].pop("unsigned", None)
    person.names[device_id] = name[:255] if isinstance(name, str) else ""


def add_cross(person: Person, usage: Usage, key: object) -> None:
    """Adds a key of a person, where it is one."""
    try:
        person.cross[usage] = wire.read_cross_signing(key, person.user_id, usage).source
    except BadMatrix:
        return


async def known(db: Reader, user_ids: Iterable[str]) -> dict[str, tuple[int, Person]]:
    """Those of some people of whom all is known, and has been told without a gap since: by user id their number and
    what is known. Three statements for 500 people."""
    listed, found = list(user_ids), dict[int, Person]()
    for start in range(0, len(listed), _AT_ONCE):
        some = listed[start : start + _AT_ONCE]
        rows = await db.rows(
            f"""SELECT a.id, a.user_id, a.stream_id FROM chat_abroad a WHERE a.user_id IN {marks(len(some))}
            AND a.stale = 0 AND EXISTS (SELECT 1 FROM chat_member m WHERE m.user_id = a.user_id
            AND m.principal_id = 0 AND m.membership = 'join' AND m.changed <= a.since)""",
            *some,
        )
        found |= {number: Person(user_id, stream_id) for number, user_id, stream_id in rows}
    numbers = list(found)
    for start in range(0, len(numbers), _AT_ONCE):
        await _fill(db, numbers[start : start + _AT_ONCE], found)
    return {person.user_id: (number, person) for number, person in found.items()}


async def _fill(db: Reader, some: Sequence[int], found: Mapping[int, Person]) -> None:
    for number, device_id, name, keys in await db.rows(
        f"SELECT person, device_id, name, keys FROM chat_abroad_device WHERE person IN {marks(len(some))}", *some
    ):
        found[number].devices[device_id] = msgspec.json.decode(keys)
        found[number].names[device_id] = name
    for number, usage, value in await db.rows(
        f"SELECT person, usage, value FROM chat_abroad_key WHERE person IN {marks(len(some))}", *some
    ):
        found[number].cross[usage] = msgspec.json.decode(value)


async def shared(db: Reader, user_ids: Iterable[str]) -> set[str]:
    """Those of some people who are in a room here: their servers tell what changes."""
    listed, found = list(user_ids), set[str]()
    for start in range(0, len(listed), _AT_ONCE):
        some = listed[start : start + _AT_ONCE]
        rows = await db.rows(
            f"""SELECT DISTINCT user_id FROM chat_member WHERE user_id IN {marks(len(some))} AND principal_id = 0
            AND membership = 'join'""",
            *some,
        )
        found |= {user_id for (user_id,) in rows}
    return found


async def begin(unit: Unit, user_id: str) -> int:
    """Follows somebody from now on, before all is asked; returns how much could not be applied so far."""
    await unit.run(
        """INSERT INTO chat_abroad (id, user_id, stream_id, stale, since) VALUES (?, ?, 0, 1, 0)
        ON CONFLICT (user_id) DO NOTHING""",
        ids.new_id(),
        user_id,
    )
    return int(await unit.value("SELECT stale FROM chat_abroad WHERE user_id = ?", user_id))


async def keep(unit: Unit, person: Person, stale: int, since: int) -> None:
    """Keeps all that was answered, as of a position in the rooms' clock. What came meanwhile and could not be
    applied (`stale` is no longer what it was) leaves it to be asked again."""
    row = await unit.row("SELECT id, stale FROM chat_abroad WHERE user_id = ?", person.user_id)
    if row is None:
        return
    number, now = row
    await unit.run("DELETE FROM chat_abroad_device WHERE person = ?", number)
    await unit.run("DELETE FROM chat_abroad_key WHERE person = ?", number)
    await unit.many(
        "INSERT INTO chat_abroad_device (person, device_id, name, keys) VALUES (?, ?, ?, ?)",
        [
            (number, device_id, person.names.get(device_id, ""), msgspec.json.encode(keys).decode())
            for device_id, keys in person.devices.items()
        ],
    )
    await unit.many(
        "INSERT INTO chat_abroad_key (person, usage, value) VALUES (?, ?, ?)",
        [(number, usage, msgspec.json.encode(value).decode()) for usage, value in person.cross.items()],
    )
    await unit.run(
        "UPDATE chat_abroad SET stream_id = ?, stale = ?, since = ? WHERE id = ?",
        person.stream_id,
        0 if now == stale else now,
        since,
        number,
    )


async def changed(unit: Unit, account_id: int, update: DeviceListUpdate | SigningKeyUpdate) -> None:
    """Applies what a server told of somebody who is followed, and tells it to those who share rooms with them by
    the clock of the rooms (`account_id`). Where something before it is missing all is to be asked again."""
    row = await unit.row("SELECT id, stream_id, stale FROM chat_abroad WHERE user_id = ?", update.user_id)
    if row is None:
        return
    number, stream_id, stale = row
    applied = not stale and await _applied(unit, number, stream_id, update)
    if not applied:
        await unit.run("UPDATE chat_abroad SET stale = stale + 1 WHERE id = ?", number)
    await unit.changed(account_id, KIND, number, "updated")


async def _applied(unit: Unit, number: int, stream_id: int, update: DeviceListUpdate | SigningKeyUpdate) -> bool:
    person = Person(update.user_id)
    if isinstance(update, SigningKeyUpdate):
        add_cross(person, "master", update.master_key)
        add_cross(person, "self_signing", update.self_signing_key)
        for usage, value in person.cross.items():
            await unit.run(
                """INSERT INTO chat_abroad_key (person, usage, value) VALUES (?, ?, ?)
                ON CONFLICT (person, usage) DO UPDATE SET value = excluded.value""",
                number,
                usage,
                msgspec.json.encode(value).decode(),
            )
        return bool(person.cross)
    if stream_id not in update.prev_id or update.stream_id <= stream_id:
        return False
    add(person, update.device_id, update.keys, update.device_display_name)
    if update.deleted or not person.devices:
        where = "DELETE FROM chat_abroad_device WHERE person = ? AND device_id = ?"
        await unit.run(where, number, update.device_id)
    for device_id, keys in person.devices.items() if not update.deleted else ():
        await unit.run(
            """INSERT INTO chat_abroad_device (person, device_id, name, keys) VALUES (?, ?, ?, ?)
            ON CONFLICT (person, device_id) DO UPDATE SET name = excluded.name, keys = excluded.keys""",
            number,
            device_id,
            person.names[device_id],
            msgspec.json.encode(keys).decode(),
        )
    await unit.run("UPDATE chat_abroad SET stream_id = ? WHERE id = ?", update.stream_id, number)
    return True


async def names(db: Reader, numbers: Iterable[int]) -> Mapping[int, str]:
    """The user ids of people who are followed, by their numbers."""
    listed, found = list(numbers), dict[int, str]()
    for start in range(0, len(listed), _AT_ONCE):
        some = listed[start : start + _AT_ONCE]
        found.update(await db.rows(f"SELECT id, user_id FROM chat_abroad WHERE id IN {marks(len(some))}", *some))
    return found
