"""Messages to devices: kept until the device asks for what comes after them (Matrix v1.19 Client-Server §Send-to-
Device messaging)."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial

import msgspec

from parvis.access.principal import Principal
from parvis.chat.people import keys
from parvis.chat.people.keys import DEVICE
from parvis.chat.server import Server
from parvis.kernel import clock, ids
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.matrix import identifiers
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.transactions import DirectToDevice

AT_ONCE = 100
"""Messages in one answer."""
_PEOPLE = 500
_GONE_AT_ONCE = 1_000
_WAITING_MS = 7 * 86_400_000
_SENT_MS = 86_400_000
"""How long the names under which a device sent are known."""


async def send(
    server: Server,
    principal: Principal,
    device_id: str,
    name: str,
    kind: str,
    messages: Mapping[int, Mapping[str, Object]],
    elsewhere: Mapping[str, Mapping[str, Object]],
) -> None:
    """Leaves messages for devices by person and device, `*` standing for all of a person's; those for people of
    other servers, by user id (`elsewhere`), leave for these. Sending twice under one `name` sends once; devices
    that are not there are passed over. Raises NotFound without a device of one's own."""
    sender = server.users.id_of(principal)

    async def work(unit: Unit) -> None:
        mine, now = await keys.number(unit, principal, device_id), clock.now_ms()
        await unit.run("DELETE FROM chat_to_device_sent WHERE device = ? AND sent_ms < ?", mine, now - _SENT_MS)
        new = await unit.run(
            """INSERT INTO chat_to_device_sent (device, name, sent_ms) VALUES (?, ?, ?)
            ON CONFLICT (device, name) DO NOTHING""",
            mine,
            name,
            now,
        )
        if not new:
            return
        await deliver(unit, sender, kind, messages)
        for host, of_host in _by_server(elsewhere).items():
            if server.queue is not None:
                message_id = hashlib.sha256(f"{mine} {name}".encode()).hexdigest()
                await server.queue.edu(unit, [host], DirectToDevice(sender, kind, message_id, of_host))

    await server.store.write(work)
    if elsewhere and server.queue is not None:
        server.queue.wake()


def _by_server(messages: Mapping[str, Mapping[str, Object]]) -> dict[str, dict[str, dict[str, Object]]]:
    found: dict[str, dict[str, dict[str, Object]]] = defaultdict(dict)
    for user, of_user in messages.items():
        found[identifiers.server_of(user)][user] = dict(of_user)
    return found


async def deliver(unit: Unit, sender: str, kind: str, messages: Mapping[int, Mapping[str, Object]]) -> None:
    """Leaves messages for devices of this server."""
    rows = []
    for person, device, content in await _addressed(unit, messages):
        modseq = await unit.changed(person, DEVICE, device, "updated")
        rows.append((ids.new_id(), device, modseq, sender, kind, content))
    await unit.many(
        "INSERT INTO chat_to_device (id, device, modseq, sender, type, content) VALUES (?, ?, ?, ?, ?, ?)", rows
    )


async def _addressed(unit: Unit, messages: Mapping[int, Mapping[str, Object]]) -> list[tuple[int, int, str]]:
    """Person, device and content of each message."""
    people, found = sorted(messages), []
    for start in range(0, len(people), _PEOPLE):
        some = people[start : start + _PEOPLE]
        for person, device, device_id in await unit.rows(
            f"""SELECT principal_id, id, device_id FROM chat_device WHERE principal_id IN {marks(len(some))}
            ORDER BY principal_id, id""",
            *some,
        ):
            of_person = messages[person]
            content = of_person.get(device_id, of_person.get("*"))
            if content is not None:
                found.append((person, device, msgspec.json.encode(content).decode()))
    return found


async def take(store: Store, device: int, after: int, until: int) -> tuple[Sequence[Object], int | None]:
    """What waits for a device behind a position, up to another; what is not behind it has come to the device, and
    goes. Returns the messages, and the position of the last when there are more."""
    if await store.db.value("SELECT 1 FROM chat_to_device WHERE device = ? AND modseq <= ? LIMIT 1", device, after):
        await store.write(
            lambda unit: unit.run("DELETE FROM chat_to_device WHERE device = ? AND modseq <= ?", device, after)
        )
    rows = await store.db.rows(
        """SELECT modseq, sender, type, content FROM chat_to_device WHERE device = ? AND modseq > ? AND modseq <= ?
        ORDER BY modseq, id LIMIT ?""",
        device,
        after,
        until,
        AT_ONCE + 1,
    )
    more = len(rows) > AT_ONCE
    return [_shown(row) for row in rows[:AT_ONCE]], rows[AT_ONCE - 1][0] if more else None


async def forget(store: Store) -> int:
    """Lets go of what has waited for a week for devices whose sign-in is over: who signs in there again by then has
    it. Part of the daily tidying; returns how many messages."""
    now, last, total = clock.now_ms(), 0, 0
    while rows := await store.db.rows(
        """SELECT d.id FROM chat_device d WHERE d.id > ? AND NOT EXISTS (SELECT 1 FROM session s
        WHERE s.id = d.session_id AND (s.expires_ms IS NULL OR s.expires_ms > ?)) ORDER BY d.id LIMIT ?""",
        last, now, _PEOPLE,
    ):  # fmt: skip
        devices = [number for (number,) in rows]
        last = devices[-1]
        while gone := await store.write(partial(_forget, devices, ids.least(now - _WAITING_MS))):
            total += gone
    return total


async def _forget(devices: Sequence[int], before: int, unit: Unit) -> int:
    return await unit.run(
        f"""DELETE FROM chat_to_device WHERE id IN (SELECT id FROM chat_to_device
        WHERE device IN {marks(len(devices))} AND id < ? LIMIT ?)""",
        *devices, before, _GONE_AT_ONCE,
    )  # fmt: skip


def _shown(row: Sequence[object]) -> Object:
    return {"sender": row[1], "type": row[2], "content": msgspec.json.decode(str(row[3]))}
