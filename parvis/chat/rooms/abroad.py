"""What is done in rooms that other servers have, as the doors of our people ask for it."""

from collections.abc import Sequence
from typing import Protocol

from parvis.chat.rooms.model import Me, Room
from parvis.wire.matrix.canonical import Object


class Abroad(Protocol):
    """Other servers; each raises Forbidden, NotFound or Unavailable by what they say."""

    async def join(self, me: Me, name: str, via: Sequence[str], reason: str = "") -> str:
        """Has somebody join a room by its id or alias, by any of some servers. Returns the room's id."""
        ...

    async def knock(self, me: Me, name: str, via: Sequence[str], reason: str = "") -> str:
        """Has somebody ask to be let in."""
        ...

    async def leave(self, me: Me, room: Room, reason: str = "") -> None:
        """Has somebody leave a room that we are not in, or decline an invitation to it."""
        ...

    async def invite(self, me: Me, room_id: str, user: str, content: Object) -> str:
        """Invites somebody of another server to a room that we are in. Returns the event's id."""
        ...

    async def fill(self, room: Room) -> bool:
        """Gets what was said before what is here; whether there was anything."""
        ...
