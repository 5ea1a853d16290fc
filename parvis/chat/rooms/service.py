"""Rooms as the doors use them: what a node keeps in memory for them, made once."""

from typing import TypeVar

from parvis.access.principal import Principal
from parvis.chat.people import streams
from parvis.chat.people.streams import Streams
from parvis.chat.rooms import sending
from parvis.chat.rooms.abroad import Abroad
from parvis.chat.rooms.connections import Connections
from parvis.chat.rooms.gathering import Gathering
from parvis.chat.rooms.home import Home
from parvis.chat.rooms.presence import Presence
from parvis.chat.rooms.roster import Rosters
from parvis.chat.rooms.saying import REDACTION, Message, say_all
from parvis.chat.rooms.serials import Serials
from parvis.chat.rooms.shared import Shared
from parvis.chat.rooms.sliding import Sliding
from parvis.chat.rooms.sync import RoomSync
from parvis.chat.rooms.typing import Typing
from parvis.chat.rooms.unread import Unread
from parvis.chat.rooms.wakes import Wakes
from parvis.chat.rooms.writing import Work
from parvis.chat.server import Server
from parvis.store.bus.contract import Cancel
from parvis.store.store import Store

T = TypeVar("T")


class Rooms:
    """All rooms of the server."""

    def __init__(self, server: Server) -> None:
        self.home, self.wakes, self.unread = Home(server), Wakes(streams.KINDS), Unread()
        self.shared, self.streams = Shared(), Streams(server)
        self.serials = Serials()
        self.typing = Typing(server.store.bus, self.serials, self.wakes.room)
        self.presence = Presence(server, self.serials, self.wakes.room)
        self.sync = RoomSync(server.store.db, self.typing, self.unread, self.shared)
        self.abroad: Abroad | None = None
        """Rooms of other servers; None where we speak to nobody."""
        self._gathering = Gathering(self.home)
        self.rosters, self.connections = Rosters(self.home), Connections()
        self.sliding = Sliding(server.store.db, self.unread)
        self._listening: list[Cancel] = []

    @property
    def store(self) -> Store:
        """Where things are kept."""
        return self.home.store

    async def open(self) -> None:
        """To be called when the server is open."""
        await self.home.open()
        self._listening = [
            *await self.wakes.open(self.store, self.home.account_id),
            await self.typing.open(),
            *await self.presence.open(),
        ]

    async def stop(self) -> None:
        """Listens no more."""
        for cancel in self._listening:
            cancel()
        self._listening = []
        self.presence.stop()

    async def write(self, work: Work[T]) -> T:
        """Runs `work` in a unit that writes to rooms, shared with others that come at the same time. It may be run
        more than once, so it keeps what it finds in its result only."""
        return await self._gathering.write(work)

    async def say(self, message: Message) -> str:
        """Says something that is no state, together with what others say at the same time. Returns the event's id.
        Raises Forbidden, NotAllowed, BadMatrix."""
        if message.kind == REDACTION:
            return await self.write(lambda writing: sending.send(writing, message))
        found: str = await self._gathering.carry_out(say_all, message)
        return found

    async def position(self) -> int:
        """How far the stream of all rooms is."""
        found = await self.store.db.value("SELECT modseq FROM account WHERE id = ?", self.home.account_id)
        return int(found or 0)

    async def positions(self, principal: Principal) -> tuple[int, int]:
        """How far the stream of all rooms is, and that of what is somebody's own."""
        rows = await self.store.db.rows(
            "SELECT id, modseq FROM account WHERE id IN (?, ?)", self.home.account_id, principal.id
        )
        found: dict[int, int] = dict(rows)
        return found.get(self.home.account_id, 0), found.get(principal.id, 0)
