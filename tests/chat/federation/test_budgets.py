"""What each question of another server costs, in statements: so many at most, and not more in a larger room."""

import contextlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from parvis.chat.federation.contract import PeerCall, PeerError
from parvis.chat.federation.service import Federation
from parvis.chat.federation.table import ENDPOINTS
from parvis.chat.rooms import append
from parvis.chat.rooms.model import Draft
from parvis.kernel import ids
from parvis.kernel.errors import ParvisError
from parvis.serve.http.exchange import Request, Route
from parvis.serve.http.router import Router
from parvis.store.sql.contract import counting
from parvis.wire.matrix import hashes, transactions
from parvis.wire.matrix.transactions import Receipt, Typing
from parvis.wire.matrix.versions import SUPPORTED, supported
from tests.chat import specification
from tests.chat.federation.sides import A, B, Net
from tests.chat.federation.test_hostile import draft
from tests.chat.test_media import upload
from tests.chat.test_rooms import made, say

ROOMS = "/federation/v1"
BUDGETS = {
    "GET /key/v2/server": 0,
    "GET /key/v2/server/{keyId}": 0,
    "POST /key/v2/query": 0,
    "GET /key/v2/query/{serverName}": 0,
    "GET /key/v2/query/{serverName}/{keyId}": 0,
    "GET /federation/v1/version": 0,
    "PUT /federation/v1/send/{txnId}": 60,
    "GET /federation/v1/make_join/{roomId}/{userId}": 6,
    "GET /federation/v1/make_leave/{roomId}/{userId}": 5,
    "GET /federation/v1/make_knock/{roomId}/{userId}": 5,
    "PUT /federation/v2/send_join/{roomId}/{eventId}": 38,
    "PUT /federation/v2/send_leave/{roomId}/{eventId}": 28,
    "PUT /federation/v1/send_join/{roomId}/{eventId}": 38,
    "PUT /federation/v1/send_leave/{roomId}/{eventId}": 28,
    "PUT /federation/v1/invite/{roomId}/{eventId}": 0,
    "PUT /federation/v1/send_knock/{roomId}/{eventId}": 28,
    "PUT /federation/v2/invite/{roomId}/{eventId}": 40,
    "GET /federation/v1/event/{eventId}": 8,
    "GET /federation/v1/state/{roomId}": 10,
    "GET /federation/v1/state_ids/{roomId}": 10,
    "GET /federation/v1/event_auth/{roomId}/{eventId}": 7,
    "GET /federation/v1/backfill/{roomId}": 8,
    "POST /federation/v1/get_missing_events/{roomId}": 14,
    "GET /federation/v1/timestamp_to_event/{roomId}": 6,
    "GET /federation/v1/hierarchy/{roomId}": 8,
    "GET /federation/v1/user/devices/{userId}": 7,
    "POST /federation/v1/user/keys/query": 6,
    "POST /federation/v1/user/keys/claim": 6,
    "GET /federation/v1/media/download/{mediaId}": 2,
    "GET /federation/v1/media/thumbnail/{mediaId}": 5,
    "GET /federation/v1/query/profile": 3,
    "GET /federation/v1/query/directory": 2,
    "GET /federation/v1/publicRooms": 3,
    "POST /federation/v1/publicRooms": 3,
}
"""Of the endpoint itself. Before it are asked: the key of the server, once a day, and whether the room keeps it out,
one statement."""
_ROUTER = Router([Route(each.method, each.path, each.handle, "open") for each in ENDPOINTS])
_NAMES = {f"{each.method} {each.path}" for each in ENDPOINTS}


class Costs:
    """The most that each endpoint has cost since `begin`."""

    def __init__(self, net: Net) -> None:
        self.net, self.most = net, dict[str, int]()
        for side in net.sides.values():
            side._ask = self._measured(side)

    def begin(self) -> None:
        """Counts anew."""
        self.most = {}

    async def calm(self) -> None:
        """Waits until nobody writes any more: what is written is counted where the writing began."""
        for side in self.net.sides.values():
            if (task := side.rooms._gathering._writing) is not None:
                await task

    def note(self, name: str, count: int) -> None:
        self.most[name] = max(count, self.most.get(name, 0))

    def _measured(self, side: Any) -> Any:
        real = side._ask

        async def ask(server: str, method: str, path: str, *more: Any) -> object:
            await self.calm()
            with counting() as count:
                try:
                    return await real(server, method, path, *more)
                finally:
                    self.note(_name(method, path), len(count))

        return ask

    async def ask(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: dict | None = None
    ) -> object:
        """B asks A what is not of rooms."""
        side = self.net.sides[A]
        route, params, _ = _ROUTER.find(method, path)
        assert route is not None, path
        request = Request(method, path, dict(query or {}), {}, None, params=params, raw_path=path)
        call = PeerCall(side.context.need(Federation), request, B, body or {})
        found = None
        await self.calm()
        with counting() as count, contextlib.suppress(ParvisError):
            found = await route.handle(call)
        self.note(_name(method, path), len(count))
        if isinstance(found, dict | list):
            specification.check(method, f"/_matrix{path}", 200, found)
        return found


def _name(method: str, path: str) -> str:
    route, _, _ = _ROUTER.find(method, path.removeprefix("/_matrix"))
    assert route is not None, path
    return f"{method} {route.path}"


async def asked(costs: Costs, bob: Any, number: int, people: int) -> dict[str, int]:
    """All that B can ask, of rooms that so many are in who said as much."""
    net = costs.net
    a, b = net.sides[A], net.sides[B]
    costs.begin()
    a.context.need(Federation).incoming = a.shared.events
    ann = await a.client(f"ann{number}")
    carol = await b.client(f"carol{number}")
    room = await made(ann, preset="public_chat", visibility="public", room_alias_name=f"r{number}")

    async def come(writing: Any) -> None:
        for each in range(people):
            user = f"@u{each}:c.example"
            await append.append(writing, room, user, Draft("m.room.member", {"membership": "join"}, user))
            await append.append(writing, room, user, Draft("m.room.message", {"body": f"{each}"}))

    await a.rooms.write(come)
    await bob.ask("POST", f"/v3/join/{room}", json={}, params={"via": A})
    await net.flow()
    said = [await say(ann, room, f"{each}") for each in range(6)]
    a.sent = {key: upto - 1 for key, upto in a.waiting.items()}  # the newest alone
    await net.flow()
    await ann.ask("POST", f"/v3/rooms/{room}/invite", json={"user_id": carol.user})
    knock = {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "knock"}}
    closed = await made(ann, initial_state=[knock])
    await bob.ask("POST", f"/v3/knock/{closed}", json={}, params={"via": A})
    await bob.ask("POST", f"/v3/rooms/{closed}/leave", json={})
    space = await made(ann, preset="public_chat", creation_content={"type": "m.space"})
    await ann.ask("POST", f"/v3/rooms/{space}/invite", json={"user_id": carol.user})  # B is not in it yet
    for child in (room, closed):
        await ann.ask("PUT", f"/v3/rooms/{space}/state/m.space.child/{child}", json={"via": [A]})
    at = {"event_id": said[-1]}
    for path, query in (
        (f"event/{said[0]}", {}),
        (f"state/{room}", at),
        (f"state_ids/{room}", at),
        (f"event_auth/{room}/{said[0]}", {}),
        (f"backfill/{room}", {"v": said[-1], "limit": "100"}),
        (f"timestamp_to_event/{room}", {"ts": "1", "dir": "f"}),
        (f"hierarchy/{space}", {}),
    ):
        await b.get(A, f"/_matrix{ROOMS}/{path}", query)
    await _beside_rooms(costs, ann, number, room, await draft(net, room, bob.user, "m.room.message", {"body": "x"}))
    await _in_the_first_form(b, room, carol.user)
    return costs.most


async def _in_the_first_form(b: Any, room: str, user: str) -> None:
    for word in ("join", "leave"):
        drafted = await b.get(A, f"/_matrix{ROOMS}/make_{word}/{room}/{user}", {"ver": [*SUPPORTED]})
        version = supported(drafted["room_version"])
        event = hashes.sealed(drafted["event"], version, B, b.rooms.home.key)
        await b.put(A, f"/_matrix{ROOMS}/send_{word}/{room}/{hashes.named(event, version)}", event)
    with contextlib.suppress(PeerError):
        await b.put(A, f"/_matrix{ROOMS}/invite/{room}/$x", {})


async def _beside_rooms(costs: Costs, ann: Any, number: int, room: str, event: Any) -> None:
    edus = [Typing(room, event.sender, True), Receipt(room, event.sender, event.event_id, 5, "")]
    body = transactions.written(B, 1, [event.source], [transactions.wrapped(each) for each in edus])
    answer = await costs.ask("PUT", f"{ROOMS}/send/{ids.text(ids.new_id())}", None, body)
    assert answer == {"pdus": {event.event_id: {}}}
    place, user = (await upload(ann, b"x")).partition("/")[2], quote(ann.user)
    for path, query in (
        (f"{ROOMS}/version", {}),
        ("/key/v2/server", {}),
        ("/key/v2/server/x", {}),
        (f"/key/v2/query/{A}", {}),
        (f"/key/v2/query/{A}/x", {}),
        (f"{ROOMS}/user/devices/{user}", {}),
        (f"{ROOMS}/media/download/{place}", {}),
        (f"{ROOMS}/media/thumbnail/{place}", {"width": "9", "height": "9"}),
        (f"{ROOMS}/query/profile", {"user_id": ann.user}),
        (f"{ROOMS}/query/directory", {"room_alias": f"#r{number}:{A}"}),
        (f"{ROOMS}/publicRooms", {}),
    ):
        await costs.ask("GET", path, query)
    await costs.ask("POST", "/key/v2/query", None, {"server_keys": {A: {}}})
    await costs.ask("POST", f"{ROOMS}/user/keys/query", None, {"device_keys": {ann.user: []}})
    claimed = {"one_time_keys": {ann.user: {"X": "signed_curve25519"}}}
    await costs.ask("POST", f"{ROOMS}/user/keys/claim", None, claimed)
    await costs.ask("POST", f"{ROOMS}/publicRooms", None, {})


async def test_every_endpoint_has_a_budget_that_does_not_grow(net: Net) -> None:
    bob, costs = await net.sides[B].client("bob"), Costs(net)
    small, large = await asked(costs, bob, 1, 5), await asked(costs, bob, 2, 60)
    assert small.keys() == large.keys() == BUDGETS.keys() == _NAMES
    assert {name: count for name, count in large.items() if count > BUDGETS[name]} == {}
    assert {name: (small[name], count) for name, count in large.items() if count > small[name] + 4} == {}
