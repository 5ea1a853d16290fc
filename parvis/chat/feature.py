"""Chat as app.py wires it."""

from parvis.access.erasure import Gone
from parvis.chat import jmap
from parvis.chat.client.door import ClientDoor
from parvis.chat.client.people import oauth
from parvis.chat.client.table import ENDPOINTS
from parvis.chat.erase import chat
from parvis.chat.federation.devices import FOLLOWER
from parvis.chat.federation.door import PeerDoor
from parvis.chat.federation.outside import Outside
from parvis.chat.federation.rooms.service import SharedRooms
from parvis.chat.federation.service import Federation
from parvis.chat.federation.table import ENDPOINTS as PEER_ENDPOINTS
from parvis.chat.people import devices
from parvis.chat.previews import Previews
from parvis.chat.rooms import (
    closing,
    leaving,
    notifying,
    profiles,
    removing,
    rereading,
    retention,
    sharing,
    teams,
    using,
)
from parvis.chat.rooms.gateways import Gateways
from parvis.chat.rooms.service import Rooms
from parvis.chat.server import Server
from parvis.chat.source import ChatSource
from parvis.chat.tools import ChatTools
from parvis.kernel.events import Event
from parvis.serve.context import Context
from parvis.serve.feature import Feature
from parvis.store.outbox import Follower
from parvis.store.store import Store


def feature(context: Context) -> Feature:
    """What clients of Matrix are answered; nothing where settings switch it off."""
    server = Server(context)
    rooms = Rooms(server)
    context.offer(rooms)
    server.peers = sharing.peers
    federation = server.federation = Federation(server, rooms)
    context.offer(federation)
    previews = Previews(server, Outside(context, "link-preview"))
    context.offer(previews)
    spaces = teams.Teams(rooms)
    shared = SharedRooms(rooms, federation.peers)
    context.offer(shared)
    if federation.policy.enabled:
        rooms.abroad = shared
        server.queue = federation.queue
        federation.incoming = shared.events

    async def start() -> None:
        await server.open()
        await rooms.open()
        await federation.open()
        if context.settings.chat.enabled:
            await spaces.open()

    async def erase(store: Store, gone: Gone) -> None:
        await spaces.erase(gone)
        await leaving.everywhere(rooms, gone)
        await chat(store, gone)

    async def stop() -> None:
        await previews.close()
        await federation.stop()
        await rooms.stop()
        await server.stop()

    source = ChatSource(server)
    peers = PeerDoor(federation, PEER_ENDPOINTS).routes()
    door = ClientDoor(server, ENDPOINTS, [each for each in peers if each.path.startswith("/_matrix/")])
    return Feature(
        name="chat",
        migrations=True,
        capabilities=jmap.capabilities(context.settings.chat) if context.settings.chat.enabled else (),
        methods=jmap.METHODS if context.settings.chat.enabled else (),
        routes=[*peers, *door.routes(), *oauth.routes(server)] if context.settings.chat.enabled else (),
        sources=(source,),
        tools=ChatTools(rooms, source).all(),
        jobs={
            retention.JOB: retention.Purging(context.store).run,
            removing.JOB: removing.Removing(context.store).run,
            rereading.JOB: rereading.Rereading(context.store).run,
            using.JOB: using.Noting(context.store, server.name).run,
            closing.JOB: shared.close,
            notifying.JOB: Gateways(rooms, context.egress).run,
        },
        followers=_followers(server, rooms, federation, spaces),
        erase=erase,
        start=start,
        closing=rooms.wakes.close,
        stop=stop,
    )


def _followers(server: Server, rooms: Rooms, federation: Federation, spaces: teams.Teams) -> dict[str, Follower]:
    """Who hears of what changes."""
    named, ending = profiles.Profiles(rooms.home), devices.Ending(server)

    async def people(events: list[Event]) -> None:
        """What people change about themselves, and which sign-ins they end: seldom, so that one reads for both."""
        await named.follow(events)
        await ending.follow(events)

    found: dict[str, Follower] = {
        profiles.FOLLOWER: people,
        notifying.FOLLOWER: notifying.Notifying(rooms.home).follow,
    }
    if server.settings.chat.enabled:
        found[teams.FOLLOWER] = spaces.follow
    return found | ({FOLLOWER: federation.telling.follow} if federation.policy.enabled else {})
