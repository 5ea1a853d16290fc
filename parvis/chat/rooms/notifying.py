"""Who is told of what is said while they are not there: by their push rules, to the push gateways of their programs
and by the Web Push of the house. Follows the outbox, so that nothing is lost; what is an hour old is no news."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from parvis.chat.people import pushers, wishes
from parvis.chat.people.pushers import Pusher
from parvis.chat.rooms import judging, store
from parvis.chat.rooms.home import Home
from parvis.chat.rooms.model import EVENT, Room, Stored
from parvis.kernel import clock
from parvis.kernel.events import Event
from parvis.serve.jmap.push.hub import PUSHED
from parvis.serve.jmap.push.subscription import SUBSCRIBED
from parvis.store.jobs import Jobs
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit
from parvis.wire.matrix.push_conditions import Happening
from parvis.wire.matrix.push_rules import Outcome, Rules

FOLLOWER, JOB = "chat-push", "chat-push"
_OLD_MS = 3_600_000
_AT_ONCE = 500


class Notice(msgspec.Struct):
    """What a job tells one pusher."""

    principal_id: int
    app_id: str
    pushkey: str
    event: int
    highlight: bool
    sound: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class _Told:
    """Somebody who is to be told."""

    principal_id: int
    stored: Stored
    room: Room
    outcome: Outcome


class Notifying:
    """Follows the outbox."""

    def __init__(self, home: Home) -> None:
        self._home = home

    async def follow(self, events: list[Event]) -> None:
        """Has those told whom new events notify. At most eight statements for 500 events, and one unit."""
        now = clock.now_ms()
        numbers = [
            number
            for event in events
            if event.kind == "changed" and event.body["kind"] == EVENT and now - event.time_ms < _OLD_MS
            for number in event.body["created"]
        ]
        for start in range(0, len(numbers), _AT_ONCE):
            told = await self._told(numbers[start : start + _AT_ONCE])
            if told:
                await self._plan(told)

    async def _told(self, numbers: Sequence[int]) -> list[_Told]:
        db = self._home.store.db
        known = await store.by_numbers(db, numbers)
        found = [known[number] for number in numbers if number in known and known[number].placed]
        people = await self._people(found) if found else {}
        if not people:
            return []
        users = {person: user for each in people.values() for person, user in each.items()}
        wanted = await wishes.of_people(db, sorted(users))
        asked = {person: Rules(wanted[person].rules, user) for person, user in users.items()}
        rooms = await store.rooms_by_ids(db, list(people))
        pairs = [(room, user) for room, each in people.items() for user in each.values()]
        members, told = await store.memberships(db, pairs), list[_Told]()
        for stored, happening in await judging.happenings(db, rooms, found):
            for person, user in people[stored.room].items():
                if stored.event.sender in wanted[person].ignored:
                    continue
                outcome = _outcome(asked[person], happening, members.get((stored.room, user)), stored)
                if outcome is not None and outcome.notify:
                    told.append(_Told(person, stored, rooms[stored.room], outcome))
        return told

    async def _people(self, events: Sequence[Stored]) -> dict[int, dict[int, str]]:
        """By room, those who are there, or are asked to come, and have somewhere to be told."""
        rooms = sorted({each.room for each in events})
        rows = await self._home.store.db.rows(
            f"""SELECT m.room, m.principal_id, m.user_id FROM (SELECT principal_id FROM chat_pusher
            UNION {SUBSCRIBED}) p JOIN chat_member m ON m.principal_id = p.principal_id
            WHERE m.room IN {marks(len(rooms))} AND m.membership IN ('join', 'invite')""",
            clock.now_ms(),
            *rooms,
        )
        found: dict[int, dict[int, str]] = {}
        for room, person, user in rows:
            found.setdefault(room, {})[person] = user
        return found

    async def _plan(self, told: Sequence[_Told]) -> None:
        people = sorted({each.principal_id for each in told})
        where: dict[int, list[Pusher]] = {}
        for pusher in await pushers.living(self._home.store.db, people):
            where.setdefault(pusher.principal_id, []).append(pusher)

        async def work(unit: Unit) -> None:
            for each in told:
                _web(unit, each)
                for pusher in where.get(each.principal_id, ()):
                    await _job(unit, each, pusher)

        await self._home.store.write(work)


def _outcome(asked: Rules, happening: Happening, member: Stored | None, stored: Stored) -> Outcome | None:
    """What a member's rules say about an event; who is invited hears of that alone."""
    if member is None or (member.event.membership != "join" and member.id != stored.id):
        return None
    return asked.about(happening, judging.called(member))


def _web(unit: Unit, told: _Told) -> None:
    body: Mapping[str, object] = {
        "@type": "ChatMessage",
        "roomId": told.room.room_id,
        "eventId": told.stored.event_id,
        "highlight": told.outcome.highlight,
    }
    unit.emit(told.principal_id, PUSHED, {"object": body})


async def _job(unit: Unit, told: _Told, pusher: Pusher) -> None:
    outcome = told.outcome
    notice = Notice(
        told.principal_id, pusher.app_id, pusher.pushkey, told.stored.id, outcome.highlight, outcome.sound,
        clock.now_ms(),
    )  # fmt: skip
    key = f"{told.stored.id} {pusher.app_id} {pusher.pushkey}"
    await Jobs.add(unit, JOB, msgspec.to_builtins(notice), key=key)
