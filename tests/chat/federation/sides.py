"""Several servers of ours that speak with each other in memory: what is said goes by JSON, and is answered by the
endpoints; the network between any two can be cut."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode

import httpx

from parvis import chat
from parvis.access import passwords, sessions
from parvis.chat.client.errors import refusal
from parvis.chat.federation.contract import PeerCall, PeerError
from parvis.chat.federation.rooms.service import SharedRooms
from parvis.chat.federation.rooms.table import ENDPOINTS
from parvis.chat.rooms import store as rows
from parvis.chat.rooms.service import Rooms
from parvis.chat.server import Server
from parvis.kernel.egress import Egress
from parvis.kernel.errors import ParvisError, Unavailable
from parvis.kernel.settings import Settings
from parvis.ops import people
from parvis.serve.context import Context
from parvis.serve.doors import Doors
from parvis.serve.http.exchange import Request, Route
from parvis.serve.http.router import Router
from parvis.serve.jmap.core import feature as core
from parvis.store.store import Store
from parvis.wire.matrix import signing
from tests.chat import specification
from tests.chat.conftest import PASSWORD, Client
from tests.chat.test_rooms import made

A, B = "a.example", "b.example"
_ROUTER = Router([Route(each.method, f"/_matrix{each.path}", each.handle, "open") for each in ENDPOINTS])


class Net:
    """All servers, by name; `cut` has the pairs that cannot speak with each other."""

    def __init__(self) -> None:
        self.sides: dict[str, Side] = {}
        self.cut: set[frozenset[str]] = set()
        self.asked: list[tuple[str, str, str]] = []

    async def flow(self) -> None:
        """Delivers what waits, until nothing does."""
        for _ in range(20):
            if not any([await side.deliver() for side in self.sides.values()]):
                return
        raise AssertionError("it does not end")


class Side:
    """One server."""

    def __init__(self, net: Net, name: str, context: Context) -> None:
        self.net, self.name, self.context = net, name, context
        self.feature = chat.feature(context)
        self.rooms = context.need(Rooms)
        self.server: Server = self.rooms.home._server
        self.waiting: dict[tuple[str, int], int] = {}
        self.sent: dict[tuple[str, int], int] = {}
        self.lies: dict[str, Callable[..., object]] = {}
        """What this server answers in place of the truth, by a word in the path."""
        net.sides[name] = self

    @classmethod
    async def open(cls, net: Net, name: str, settings: Settings, rooms: list[str]) -> "Side":
        settings.domains, settings.ports.http = [name], 0
        side = cls(net, name, Context(settings, await Store.open(settings, rooms, []), Egress([])))
        await side.feature.start()
        side.shared = SharedRooms(side.rooms, side)
        side.context.offer(side.shared)
        side.rooms.abroad, side.server.queue = side.shared, side
        side.doors = Doors(side.context, [core(side.context), side.feature], Path(settings.data) / "web")
        await side.doors.start()
        return side

    async def close(self) -> None:
        await self.doors.stop()
        await self.context.store.close()

    async def client(self, name: str) -> Client:
        """Somebody of this server, with a client."""
        store = self.context.store
        person = await people.create(store, [self.feature], "person", name.title(), f"{name}@{self.name}")
        await passwords.change(store, person.id, PASSWORD)
        token, _ = await sessions.open(store, person, "test", "", kind="token", protocols=frozenset({"matrix"}))
        client = Client(
            transport=httpx.ASGITransport(self.doors.door), base_url=self.context.public_url, trust_env=False
        )
        client.person, client.user = person, f"@{name}:{self.name}"
        client.headers["authorization"] = f"Bearer {token}"
        return client

    # contract.Peers
    async def get(self, server: str, path: str, query: Mapping | None = None, **_: object) -> object:
        return await self._ask(server, "GET", path, None, query)

    async def put(self, server: str, path: str, body: dict, query: Mapping | None = None, **_: object) -> object:
        return await self._ask(server, "PUT", path, body, query)

    async def post(self, server: str, path: str, body: dict, query: Mapping | None = None, **_: object) -> object:
        return await self._ask(server, "POST", path, body, query)

    def allows(self, server: str) -> bool:
        return True

    def reached(self, server: str) -> "Side":
        if server not in self.net.sides or frozenset((self.name, server)) in self.net.cut:
            raise Unavailable("no way there")
        return self.net.sides[server]

    async def _ask(self, server: str, method: str, path: str, body: dict | None, query: Mapping | None) -> object:
        there = self.reached(server)
        self.net.asked.append((server, method, path))
        route, params, _ = _ROUTER.find(method, path)
        if route is None:
            raise PeerError("M_UNRECOGNIZED", 404)
        for word, lie in there.lies.items():
            if f"/{word}/" in path:
                return lie(query, body)
        text = urlencode(query or {}, doseq=True)
        last = {name: value if isinstance(value, str) else value[-1] for name, value in (query or {}).items()}
        request = Request(method, path, last, {}, None, params=params, raw_path=path, raw_query=text)
        federation = SimpleNamespace(server=there.server, acls=SimpleNamespace(check=_nothing))
        call = PeerCall(federation, request, self.name, json.loads(json.dumps(body)) if body else {})
        try:
            found = await route.handle(call)
        except ParvisError as error:
            told = refusal(error, request)
            said = json.loads(told.body)
            raise PeerError(said["errcode"], told.status, said["error"], said) from error
        if not isinstance(found, dict | list):
            raise PeerError("M_UNKNOWN", found.status, "", json.loads(found.body))
        specification.check(method, path, 200, found)
        return json.loads(json.dumps(found))

    async def key(self, server: str, key_id: str, at_ms: int, *, enforced: bool = True) -> object:
        if server not in self.net.sides:
            return None
        key = self.net.sides[server].rooms.home.key
        return key.verify_key if key.id == key_id else None

    async def verify(self, server: str, value: dict, at_ms: int, *, enforced: bool = True) -> None:
        key = self.net.sides[server].rooms.home.key
        signing.verify(value, server, {key.id: key.verify_key})

    # contract.Queue
    async def event(self, unit: object, room: int, stream: int, servers: Sequence[str]) -> None:
        for server in servers:
            self.waiting[server, room] = max(stream, self.waiting.get((server, room), 0))
            self.sent.setdefault((server, room), stream - 1)

    async def edu(self, unit: object, servers: Sequence[str], edu: object) -> None:
        return None

    async def deliver(self) -> bool:
        """Sends what waits to whom can be reached; whether there was anything."""
        db, done = self.context.store.db, False
        for (server, room), upto in list(self.waiting.items()):
            after = self.sent[server, room]
            if after >= upto:
                continue
            try:
                there = self.reached(server)
            except Unavailable:
                continue
            events = await rows.select(
                db,
                "e.room = ? AND e.stream > ? AND e.stream <= ? AND (e.origin = ? OR e.relayed = 1) ORDER BY e.stream",
                room, after, upto, self.name,
            )  # fmt: skip
            for start in range(0, len(events), 50):
                pdus = json.loads(json.dumps([each.event.source for each in events[start : start + 50]]))
                there.told = await there.shared.events.pdus(self.name, pdus)
            self.sent[server, room], done = upto, True
        return done

    async def state(self, room_id: str) -> dict[tuple[str, str], str]:
        """The state of a room by the ids of its events."""
        db = self.context.store.db
        room = await rows.room_named(db, room_id)
        return {each.event.key: each.event_id for each in await rows.whole_state(db, room.id)}

    async def timeline(self, room_id: str) -> list[str]:
        """The ids of all events in the timeline that are no state."""
        db = self.context.store.db
        room = await rows.room_named(db, room_id)
        found = await rows.select(
            db, "e.room = ? AND e.stream > 0 AND e.state_key IS NULL ORDER BY e.stream", room.id
        )
        return [each.event_id for each in found]


async def _nothing(*_: object) -> None:
    await asyncio.sleep(0)


async def both(net: Net, **body):
    """Ann of A and Bob of B in a room of hers, to which she invited him."""
    ann, bob = await net.sides[A].client("ann"), await net.sides[B].client("bob")
    room = await made(ann, invite=[bob.user], **body)
    invited = (await bob.ask("GET", "/v3/sync"))["rooms"]["invite"][room]["invite_state"]["events"]
    assert {"m.room.member", "m.room.join_rules"} <= {each["type"] for each in invited}
    await bob.ask("POST", f"/v3/rooms/{room}/join", json={})
    await net.flow()
    return ann, bob, room
