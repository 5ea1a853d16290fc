"""What people show of themselves in rooms: their name and picture are in their membership, and follow what they
change (Matrix v1.19 Client-Server §Events on change of profile information)."""

import logging
from collections.abc import Mapping, Sequence

from parvis.access import directory
from parvis.access.principal import Principal
from parvis.chat.people import profiles
from parvis.chat.rooms.append import append
from parvis.chat.rooms.home import Home
from parvis.chat.rooms.model import Draft
from parvis.chat.rooms.writing import Writing, write
from parvis.kernel.errors import NotFound, ParvisError
from parvis.kernel.events import Event
from parvis.store.sql.contract import Database, Tx
from parvis.store.unit import Unit
from parvis.wire.matrix.canonical import Object

FOLLOWER = "chat-profiles"
_SHOWN = (profiles.NAME, profiles.AVATAR)
_ROOMS_AT_ONCE = 20
_log = logging.getLogger(__name__)


async def shown(db: Database | Tx | Unit, principal: Principal) -> Object:
    """The part of a profile that is in memberships; what is empty is left out."""
    return _shown((await profiles.of(db, [principal]))[principal.id])


async def shown_of(writing: Writing, user_ids: Sequence[str]) -> Mapping[str, Object]:
    """The same of those among users who are people here, by their user id. Two statements for 500."""
    if not user_ids:
        return {}
    people = await writing.home.users.principals(writing.unit, user_ids)
    found = await profiles.of(writing.unit, people.values())
    return {user_id: _shown(found[who.id]) for user_id, who in people.items()}


def _shown(profile: Object) -> Object:
    return {name: profile[name] for name in _SHOWN if profile.get(name)}


class Profiles:
    """Follows the outbox."""

    def __init__(self, home: Home) -> None:
        self._home = home

    async def follow(self, events: list[Event]) -> None:
        """Says in all their rooms what people have changed about themselves."""
        people: dict[int, None] = {}
        for event in events:
            if event.kind == "chat-profile":
                people[int(event.body["principal"])] = None
            elif event.kind == "changed" and event.body["kind"] == "Principal":
                people |= dict.fromkeys(event.body["updated"])
        for number in people:
            await self._tell(number)

    async def _tell(self, number: int) -> None:
        db = self._home.store.db
        rows = await db.rows(
            """SELECT r.room_id, m.user_id FROM chat_member m JOIN chat_room r ON r.id = m.room
            WHERE m.principal_id = ? AND m.membership = 'join' ORDER BY m.room""",
            number,
        )
        if not rows:
            return
        try:
            principal = await directory.by_id(db, number)
        except NotFound:  # their account is gone
            return
        content = {"membership": "join", **await shown(db, principal)}
        for start in range(0, len(rows), _ROOMS_AT_ONCE):
            some = rows[start : start + _ROOMS_AT_ONCE]

            async def work(writing: Writing, some: list[tuple[str, str]] = some) -> None:
                for room_id, user_id in some:
                    await append(writing, room_id, user_id, Draft("m.room.member", content, user_id))

            try:
                await write(self._home, work)
            except ParvisError:  # they have left one meanwhile: the next change tells it
                _log.info("profile of %d not told in all rooms", number)
