"""What passes, as other servers tell it (Matrix v1.19 Server-Server §EDUs): who types, how far somebody has read,
who is there, messages to devices, keys that changed. The server of whom an EDU is about is the one that sent it."""

from parvis.chat.federation.service import Federation
from parvis.chat.people import todevice
from parvis.chat.rooms import members, receipts, store
from parvis.chat.rooms.typing import LONGEST_MS
from parvis.kernel import clock
from parvis.store.unit import Unit
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.transactions import (
    DeviceListUpdate,
    DirectToDevice,
    Edu,
    Presence,
    Receipt,
    SigningKeyUpdate,
    Typing,
)

_MOST_TYPING_MS = LONGEST_MS // 2
_MOST_MESSAGES = 1_000


async def take(federation: Federation, origin: str, edu: Edu) -> None:
    """Takes one EDU of a server; durable where it must be. Raises BadMatrix for one that is wrong."""
    match edu:
        case Typing():
            await _typing(federation, edu)
        case Receipt():
            await federation.rooms.write(lambda writing: receipts.heard(writing, edu.room_id, edu))
        case Presence():
            await federation.rooms.presence.abroad(edu)
        case DirectToDevice():
            await _to_device(federation, origin, edu)
        case DeviceListUpdate() | SigningKeyUpdate():
            await federation.tracking.changed(edu)


async def _typing(federation: Federation, edu: Typing) -> None:
    db = federation.server.store.db
    room = await store.room_named(db, edu.room_id)
    if room is not None and await members.is_in(db, room.id, edu.user_id):
        await federation.rooms.typing.say(room.id, edu.user_id, _MOST_TYPING_MS if edu.typing else 0)


async def _to_device(federation: Federation, origin: str, edu: DirectToDevice) -> None:
    """Each once: a server that did not hear that it arrived sends it again, perhaps beside others."""
    if sum(len(each) for each in edu.messages.values()) > _MOST_MESSAGES:
        raise BadMatrix(f"More than {_MOST_MESSAGES} messages", errcode="M_TOO_LARGE", field="messages")
    server = federation.server
    found = await server.users.principals(server.store.db, edu.messages)
    by_person = {who.id: edu.messages[user] for user, who in found.items()}

    async def work(unit: Unit) -> None:
        new = await unit.run(
            """INSERT INTO chat_peer_transaction (origin, name, answer, received_ms) VALUES (?, ?, '', ?)
            ON CONFLICT (origin, name) DO NOTHING""",
            origin,
            f"message {edu.message_id}",  # names of transactions begin otherwise
            clock.now_ms(),
        )
        if new:
            await todevice.deliver(unit, edu.sender, edu.type, by_person)

    if by_person:
        await server.store.write(work)
