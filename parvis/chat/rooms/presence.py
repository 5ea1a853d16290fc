"""Who is there: kept in memory and told by the bus, never stored (Matrix v1.19 Client-Server §Presence). Who shares
a room with somebody sees it, where the settings say that anybody does; then the servers that share one are told
too, at once when they come to share it, and what they tell is believed for a while (Matrix v1.19 Server-Server
§Presence)."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from typing import Any, Literal

import msgspec

from parvis.access.principal import Principal
from parvis.chat.rooms import members, sharing
from parvis.chat.rooms.serials import Serials
from parvis.chat.rooms.sharing import Moved
from parvis.chat.rooms.writing import TOPIC as ROOMS
from parvis.chat.rooms.writing import Touched
from parvis.chat.server import Server
from parvis.kernel import clock
from parvis.store.bus.contract import Cancel
from parvis.wire.matrix import transactions
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.identifiers import server_of

TOPIC = "chat-presence"
Word = Literal["online", "unavailable", "offline"]
_AWAY_MS = 60_000
"""How long after their last sync somebody is there still."""
_FRESH_MS = 30_000
_MOST_ROOMS = 1_000
_TOLD_MS = 900_000
"""How often other servers are told again what they know, so that they go on believing it."""
_BELIEVED_MS = 1_800_000
"""How long what another server told is believed."""
_FEW = 100
"""Who came to share a room with one are told of when they are away too, if they are no more than this."""
_MOST = 50_000
"""People of whom something is kept; who said something longest ago is forgotten first."""
_MOST_EARLY = 1_000
"""People of other servers who share no room with anybody here of whom something is kept: it comes before the event
with which they come into one."""


class Said(msgspec.Struct):
    """What a person is: somebody here, or, where `user` is their id, somebody of another server. `active_ms` is
    when they last did something, 0 for never."""

    person: int
    presence: Word
    status: str = ""
    active_ms: int = 0
    serial: int = 0
    rooms: list[int] = []
    """Where it wakes those who wait."""
    user: str = ""
    told_ms: int = 0
    """When another server told it."""
    early: bool = False
    """Whether they share no room with anybody here yet."""

    @property
    def key(self) -> int | str:
        """Who it is."""
        return self.user or self.person

    @property
    def content(self) -> Object:
        """As clients see it."""
        if self.user and clock.now_ms() - self.told_ms > _BELIEVED_MS:
            return {"presence": "offline"}
        found: Object = {"presence": self.presence}
        if self.active_ms:
            found["last_active_ago"] = max(0, clock.now_ms() - self.active_ms)
        if self.presence == "online":
            found["currently_active"] = True
        if self.status:
            found["status_msg"] = self.status
        return found


class Presence:
    """What this node has heard of people."""

    def __init__(self, server: Server, serials: Serials, wake: Callable[[int], None]) -> None:
        self._server, self._serials, self._wake = server, serials, wake
        self._said: OrderedDict[int | str, Said] = OrderedDict()
        """By person, in the order of their serials."""
        self._early: OrderedDict[int | str, Said] = OrderedDict()
        self._told: dict[int, int] = {}
        """Who has said on this node that they are there, and when other servers were told of it last."""
        self._ends: dict[int, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_on(self) -> bool:
        """Whether the settings let people see it."""
        return self._server.settings.chat.presence

    async def open(self) -> list[Cancel]:
        """Begins to listen; returns how to end that."""
        said, touched, bus = msgspec.json.Decoder(Said), msgspec.json.Decoder(Touched), self._server.store.bus
        return [
            await bus.subscribe(TOPIC, lambda payload: self._heard(said.decode(payload))),
            await bus.subscribe(ROOMS, lambda payload: self._met(touched.decode(payload).met)),
        ]

    def stop(self) -> None:
        """Waits for nobody to go away any more, and tells nobody more."""
        for end in self._ends.values():
            end.cancel()
        for task in self._tasks:
            task.cancel()
        self._ends.clear()

    def of(self, person: int | str) -> Said:
        """What somebody is: somebody here by their number, others by their user id."""
        return self._said.get(person) or self._early.get(person) or Said(0, "offline")

    async def say(self, person: int, presence: Word, status: str | None = None) -> None:
        """Somebody is this now; `status` None leaves what they said about it. Nobody is told what is no news."""
        if not self.is_on:
            return
        before, now = self.of(person), clock.now_ms()
        active = before.active_ms if presence == "offline" else now
        said = Said(person, presence, before.status if status is None else status, active, self._serials.next())
        same = (before.presence, before.status) == (presence, said.status)
        if same and now - before.active_ms < _FRESH_MS:
            return
        if not same:
            said.rooms = await sharing.rooms_of(self._server.store.db, person, _MOST_ROOMS)
        await self._server.store.bus.publish(TOPIC, msgspec.json.encode(said))
        if not same or now - self._told.get(person, 0) > _TOLD_MS:
            if presence == "offline":
                self._told.pop(person, None)
            else:
                self._told[person] = now
            if self._server.queue is not None:
                await self._tell([said], await sharing.servers_of(self._server.store.db, person))

    async def _tell(self, people: Sequence[Said], servers: Collection[str]) -> None:
        """Tells servers of people here."""
        queue, by_person = self._server.queue, {said.person: said for said in people}
        if queue is None or not servers or not people:
            return
        for person, user_id in (await self._server.users.ids_of(self._server.store.db, by_person)).items():
            said = by_person[person]
            shown = said.content
            edu = transactions.Presence(
                user_id,
                said.presence,
                shown.get("last_active_ago", 0),
                said.status or None,
                said.presence == "online",
            )
            await queue.edu(None, servers, edu)

    def _met(self, met: Sequence[tuple[int, str]]) -> None:
        if met and self.is_on and self._told and self._server.queue is not None:
            self._begin(self._introduce(met))

    async def _introduce(self, met: Sequence[tuple[int, str]]) -> None:
        """Tells the server of who came into a room of our people there, and the servers that are there of who came
        and is ours. Each node tells of those it hears itself. Two statements for each who came."""
        db, us = self._server.store.db, self._server.name
        for room, user in met:
            if (server := server_of(user)) != us:
                here = await sharing.people_in(db, room, self._told)
                await self._tell([self.of(person) for person in here], [server])
            elif (who := await self._server.users.principal(db, user)) is not None and who.id in self._told:
                await self._tell([self.of(who.id)], await members.servers(db, room))

    async def abroad(self, edu: transactions.Presence) -> None:
        """What another server tells of its user; of those who share no room with anybody here little is kept."""
        if not self.is_on:
            return
        rooms = await sharing.rooms_of_user(self._server.store.db, edu.user_id, _MOST_ROOMS)
        now, before = clock.now_ms(), self.of(edu.user_id)
        active = max(0, now - edu.last_active_ago) if edu.last_active_ago or edu.currently_active else 0
        said = Said(
            0, edu.presence, edu.status_msg or "", active, self._serials.next(), user=edu.user_id, told_ms=now,
            early=not rooms,
        )  # fmt: skip
        if (before.presence, before.status) != (said.presence, said.status):
            said.rooms = rooms
        await self._server.store.bus.publish(TOPIC, msgspec.json.encode(said))

    async def seen(self, person: int, wanted: str) -> None:
        """Somebody asks for what is new, and says how they want to look; they go away when they ask no more."""
        if not self.is_on or wanted == "offline":
            return
        await self.say(person, "unavailable" if wanted == "unavailable" else "online")
        if (timer := self._ends.pop(person, None)) is not None:
            timer.cancel()
        loop = asyncio.get_running_loop()
        self._ends[person] = loop.call_later(_AWAY_MS / 1000, self._gone, person)

    def _gone(self, person: int) -> None:
        self._ends.pop(person, None)
        self._begin(self.say(person, "offline"))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _heard(self, said: Said) -> None:
        said.serial = self._serials.heard(said.serial)
        self._early.pop(said.key, None)
        kept, most = (self._early, _MOST_EARLY) if said.early else (self._said, _MOST)
        kept[said.key] = said
        kept.move_to_end(said.key)
        while len(kept) > most:
            kept.popitem(last=False)
        for room in said.rooms:
            self._wake(room)
        said.rooms = []

    async def since(self, principal: Principal, serial: int, moved: Moved | None = None) -> list[Object]:
        """What changed after a serial, of oneself and of those one shares a room with, as events; and what those
        are who came to share one. At most three statements, none where nothing changed; one more for 500 rooms in
        which somebody may have come."""
        if not self.is_on:
            return []
        new = {said.key: said for said in self._newer(serial)}
        if moved is None:
            new |= self._early  # who may have come meanwhile
        else:
            met = await sharing.met(self._server.store.db, principal.id, moved)
            for key in (number or user for number, user in met if number != principal.id):
                said = self.of(key)
                if said.presence != "offline" or len(met) <= _FEW:
                    new.setdefault(key, said)
        if not new:
            return []
        db = self._server.store.db
        here = {key for key in new if isinstance(key, int)}
        abroad = {key for key in new if isinstance(key, str)}
        others = here - {principal.id}
        peers = await sharing.among(db, principal.id, others) if others else set()
        names = await self._server.users.ids_of(db, peers | (here & {principal.id}))
        told = [(user_id, new[person]) for person, user_id in names.items()]
        told += [(user, new[user]) for user in await sharing.among_users(db, principal.id, abroad)]
        return [{"type": "m.presence", "sender": user, "content": said.content} for user, said in told]

    def _newer(self, serial: int) -> Iterator[Said]:
        for said in reversed(self._said.values()):
            if said.serial <= serial:
                return
            yield said
