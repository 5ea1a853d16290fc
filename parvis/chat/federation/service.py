"""Federation as the rest of chat uses it: made once, open while the program runs."""

from parvis.chat.federation.acls import Acls
from parvis.chat.federation.backoff import Backoff
from parvis.chat.federation.client import Client
from parvis.chat.federation.contract import Incoming
from parvis.chat.federation.devices import Telling
from parvis.chat.federation.discovery import Discovery
from parvis.chat.federation.keys import Keyring
from parvis.chat.federation.media import Fetching
from parvis.chat.federation.outside import Outside
from parvis.chat.federation.peers import SignedPeers
from parvis.chat.federation.policy import Policy
from parvis.chat.federation.queue import PeerQueue
from parvis.chat.federation.sender import Sender
from parvis.chat.federation.tracking import Tracking
from parvis.chat.federation.turns import Turns
from parvis.chat.rooms.home import Home
from parvis.chat.rooms.service import Rooms
from parvis.chat.server import Server


class Federation:
    """All of it; where the settings switch it off nobody is allowed."""

    def __init__(self, server: Server, rooms: Rooms) -> None:
        """Raises Invalid for settings that are wrong."""
        context = server.context
        self.server, self.rooms, self.settings = server, rooms, context.settings.chat.federation
        self.policy = Policy(self.settings, server.name)
        self.outside = Outside(
            context, "federation", authority=self.settings.authority, private=self.settings.private
        )
        self.backoff = Backoff(server.store)
        discovery = Discovery(self.outside, context.resolver)
        self.client = Client(
            server.name, lambda: rooms.home.key, self.policy, self.outside, discovery, self.backoff
        )
        self.keyring = Keyring(server.store, self.client, self.settings.notaries)
        self.peers = SignedPeers(self.client, self.keyring, self.policy, rooms.home)
        self.acls = Acls(server.store)
        self.sender = Sender(server.store, server.name, context.settings.node, self.client, self.backoff)
        self.backoff.returned = self.sender.wake
        self.queue = PeerQueue(server.store, server.name, self.policy.allows, self.sender.wake)
        self.tracking = Tracking(server, self.peers)
        self.media = Fetching(server, self.client, self.outside)
        self.telling = Telling(server, self.queue)
        self.turns = Turns()
        self.incoming: Incoming | None = None

    @property
    def home(self) -> Home:
        """The server as its rooms see it."""
        return self.rooms.home

    async def heard(self, server: str) -> None:
        """Notes that a server is there, for it asked something."""
        await self.backoff.works(server)

    async def open(self) -> None:
        """Begins to send what waits; the rooms are open."""
        if self.policy.enabled:
            await self.sender.open(self.queue, self.home.account_id)

    async def stop(self) -> None:
        """Ends all connections."""
        await self.sender.stop()
        await self.outside.close()
