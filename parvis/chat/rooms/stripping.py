"""What who is invited, or knocks, is told of a room before they are in it (Matrix v1.19 Client-Server §Stripped
state)."""

from collections.abc import Sequence

from parvis.chat import kinds
from parvis.chat.rooms import invitations, store
from parvis.chat.rooms.model import Me, Room
from parvis.wire.matrix import client_format
from parvis.wire.matrix.canonical import Object

STRIPPED = (
    "m.room.create", "m.room.join_rules", "m.room.canonical_alias", "m.room.name", "m.room.avatar",
    "m.room.encryption", "m.room.topic", kinds.STATE,
)  # fmt: skip


async def stripped(db: store.Reader, me: Me, rooms: Sequence[Room]) -> dict[int, list[Object]]:
    """By room, its state with their own membership and that of who invited them; of a room elsewhere,
    what they were told. At most three statements."""
    mine = ("m.room.member", me.user_id)
    keys = [*((kind, "") for kind in STRIPPED), mine]
    states = await store.states(db, [room.id for room in rooms], keys)
    found = {
        room.id: [client_format.stripped(each.event) for each in states.get(room.id, {}).values()] for room in rooms
    }
    inviters = [
        (number, state[mine].event.sender)
        for number, state in states.items()
        if mine in state and state[mine].event.sender != me.user_id
    ]
    for (number, _), member in (await store.memberships(db, inviters)).items():
        found[number].append(client_format.stripped(member.event))
    return found | await invitations.stripped(db, list(found), me.user_id)


def inviter(told: Sequence[Object], me: Me) -> str:
    """Who made somebody what they are in a room, from what they are told of it; empty where that is not known."""
    for each in told:
        if each.get("type") == "m.room.member" and each.get("state_key") == me.user_id:
            return str(each.get("sender", ""))
    return ""
