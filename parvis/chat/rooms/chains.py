"""What events rest on: those that they name as allowing them, and what these name, down to the creation of the room
(Matrix v1.19 Server-Server §Auth chain)."""

from collections.abc import Iterable

from parvis.chat.rooms import store
from parvis.chat.rooms.model import Room, Stored
from parvis.wire.matrix.authorisation import create_id
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.event import Event

LIMIT = 100_000
"""Events of auth chains that are walked along at one time."""


def named_by(event: Event) -> tuple[str, ...]:
    """What an event names as allowing it, with the creation of its room."""
    create = create_id(event)
    return event.auth_events if create in (None, event.event_id) else (*event.auth_events, str(create))


async def chains(
    db: store.Reader, room: Room, starts: Iterable[str], *, limit: int = LIMIT, floor: int = 0
) -> dict[str, Stored]:
    """Events by id, with all that they rest on and is here: one statement for 200 events of a level. Nothing is
    walked along below those whose row is less than `floor`. Raises BadMatrix where that is more than `limit`."""
    found: dict[str, Stored] = {}
    asked = set[str]()
    wanted = set(starts)
    while wanted:
        asked |= wanted
        if len(asked) > limit:
            raise BadMatrix(f"Auth chains of more than {limit} events", errcode="M_TOO_LARGE")
        some = await store.by_event_ids(db, room.id, sorted(wanted))
        found |= some
        wanted = {name for each in some.values() if each.id >= floor for name in named_by(each.event)} - asked
    return found
