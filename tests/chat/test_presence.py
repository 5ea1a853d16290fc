"""Who is there: seen by those who share a room, where the settings allow it."""

import asyncio

from parvis.chat.rooms import presence
from parvis.kernel import clock
from parvis.store.sql.contract import counting
from parvis.wire.matrix.transactions import Presence
from tests.chat.conftest import Opener
from tests.chat.federation.conftest import databases, net
from tests.chat.federation.sides import A, B, Net
from tests.chat.federation.sides import both as both_sides
from tests.chat.test_rooms import both, made, say

__all__ = ["databases", "net"]


def of(answer: dict) -> dict[str, dict]:
    return {each["sender"]: each["content"] for each in answer.get("presence", {"events": []})["events"]}


async def test_nobody_is_seen_unless_the_settings_say_so(open_client: Opener) -> None:
    ann, bob, _ = await both(open_client)
    await bob.ask("PUT", f"/v3/presence/{bob.user}/status", json={"presence": "online"})
    assert (await ann.ask("GET", f"/v3/presence/{bob.user}/status"))["presence"] == "offline"
    assert "presence" not in await ann.ask("GET", "/v3/sync")


async def test_who_shares_a_room_hears_of_it(open_client: Opener, context) -> None:
    context.settings.chat.presence = True
    ann, bob, _ = await both(open_client)
    eve = await open_client("eve")
    since = (await ann.ask("GET", "/v3/sync", params={"set_presence": "offline"}))["next_batch"]
    query = {"since": since, "timeout": 5000, "set_presence": "offline"}
    waiting = asyncio.create_task(ann.ask("GET", "/v3/sync", params=query))
    await asyncio.sleep(0.05)
    path = f"/v3/presence/{bob.user}/status"
    await bob.ask("PUT", path, json={"presence": "unavailable", "status_msg": "lunch"})
    answer = await waiting
    told = of(answer)[bob.user]
    assert told["presence"] == "unavailable" and told["status_msg"] == "lunch" and told["last_active_ago"] >= 0
    assert (await ann.ask("GET", path))["status_msg"] == "lunch"
    await eve.ask("GET", path, 403)
    assert bob.user not in of(await eve.ask("GET", "/v3/sync"))
    later = {"since": answer["next_batch"], "set_presence": "offline"}
    assert of(await ann.ask("GET", "/v3/sync", params=later)) == {}
    await bob.ask("GET", "/v3/sync")
    assert of(await ann.ask("GET", "/v3/sync", params=later))[bob.user]["presence"] == "online"
    assert of(await ann.ask("GET", "/v3/sync", params=later | {"filter": '{"presence":{"types":[]}}'})) == {}


async def test_other_servers_that_share_a_room_tell_and_are_told(net: Net, monkeypatch) -> None:
    ann, bob, _ = await both_sides(net)
    a, b = net.sides[A], net.sides[B]
    sent: list[tuple[list[str], Presence]] = []

    async def edu(unit: object, servers: list[str], edu: Presence) -> None:
        sent.append((list(servers), edu))

    monkeypatch.setattr(a, "edu", edu)
    path = f"/v3/presence/{ann.user}/status"
    said = {"presence": "unavailable", "status_msg": "lunch"}
    await ann.ask("PUT", path, json=said)
    assert sent == []  # it is off
    a.context.settings.chat.presence = b.context.settings.chat.presence = True
    for _ in range(2):
        await ann.ask("PUT", path, json=said)
    [(servers, told)] = sent
    assert servers == [B] and (told.user_id, told.presence, told.status_msg) == (ann.user, "unavailable", "lunch")
    since = (await bob.ask("GET", "/v3/sync", params={"set_presence": "offline"}))["next_batch"]
    with counting() as counted:
        await b.rooms.presence.abroad(told)
        await b.rooms.presence.abroad(Presence(f"@eve:{A}", "online"))
    assert len(counted.statements) == 2
    later = {"since": since, "set_presence": "offline"}
    assert of(await bob.ask("GET", "/v3/sync", params=later))[ann.user]["status_msg"] == "lunch"
    assert (await bob.ask("GET", path))["presence"] == "unavailable"
    await bob.ask("GET", f"/v3/presence/@eve:{A}/status", 403)
    carol = await b.client("carol")
    assert of(await carol.ask("GET", "/v3/sync")).keys() <= {carol.user}
    await carol.ask("GET", path, 403)
    now = clock.now_ms()
    monkeypatch.setattr(clock, "now_ms", lambda: now + 3_600_000)  # nothing was heard for an hour
    assert await bob.ask("GET", path) == {"presence": "offline"}


def carried(net: Net, monkeypatch) -> list[tuple[str, list[str], Presence]]:
    """Has the servers say who is there; what they tell whom."""
    sent: list[tuple[str, list[str], Presence]] = []
    for name, side in net.sides.items():
        side.context.settings.chat.presence = True

        async def edu(unit: object, servers: list[str], edu: Presence, name: str = name) -> None:
            sent.append((name, list(servers), edu))

        monkeypatch.setattr(side, "edu", edu)
    return sent


async def told_within(sent: list, count: int) -> None:
    async with asyncio.timeout(20):
        while len(sent) < count:
            await asyncio.sleep(0.01)


async def test_servers_that_come_to_share_a_room_hear_at_once_who_is_there(net: Net, monkeypatch) -> None:
    a, b = net.sides[A], net.sides[B]
    sent = carried(net, monkeypatch)
    ann, bob, carol = await a.client("ann"), await b.client("bob"), await b.client("carol")
    for each in (ann, bob, carol):
        status = {"presence": "unavailable", "status_msg": each.person.name}
        await each.ask("PUT", f"/v3/presence/{each.user}/status", json=status)
    assert sent == []  # nobody shares a room yet
    room = await made(ann, invite=[bob.user, carol.user])
    quiet = {"set_presence": "offline"}
    since = (await bob.ask("GET", "/v3/sync", params=quiet))["next_batch"]
    await bob.ask("POST", f"/v3/rooms/{room}/join", json={})
    await told_within(sent, 2)
    told = {(name, edu.user_id): (servers, edu.status_msg) for name, servers, edu in sent}
    assert told == {(A, ann.user): ([B], "Ann"), (B, bob.user): ([A], "Bob")}
    for _, servers, edu in sent:
        await net.sides[servers[0]].rooms.presence.abroad(edu)
    assert of(await bob.ask("GET", "/v3/sync", params=quiet | {"since": since}))[ann.user]["status_msg"] == "Ann"
    assert (await ann.ask("GET", f"/v3/presence/{bob.user}/status"))["status_msg"] == "Bob"
    sent.clear()
    await net.flow()
    await carol.ask("POST", f"/v3/rooms/{room}/join", json={})
    await told_within(sent, 1)
    await net.flow()
    await say(ann, room, "welcome")
    [(name, servers, edu)] = sent  # hers knows of Ann by now
    assert (name, servers, edu.user_id) == (B, [A], carol.user)


async def test_what_is_told_before_somebody_comes_is_known_when_they_have(net: Net, monkeypatch) -> None:
    a, b = net.sides[A], net.sides[B]
    carried(net, monkeypatch)
    ann, bob = await a.client("ann"), await b.client("bob")
    room, quiet = await made(ann, preset="public_chat"), {"set_presence": "offline"}
    since = (await ann.ask("GET", "/v3/sync", params=quiet))["next_batch"]
    path = f"/v3/presence/{bob.user}/status"
    await a.rooms.presence.abroad(Presence(bob.user, "online", status_msg="early"))
    for number in range(70):  # and of others, who never come
        await a.rooms.presence.abroad(Presence(f"@p{number}:{B}", "online"))
    await ann.ask("GET", path, 403)
    assert of(await ann.ask("GET", "/v3/sync", params=quiet | {"since": since})) == {}
    await bob.ask("POST", f"/v3/join/{room}", json={}, params={"via": A})
    assert of(await ann.ask("GET", "/v3/sync", params=quiet | {"since": since}))[bob.user]["status_msg"] == "early"
    assert (await ann.ask("GET", path))["status_msg"] == "early"
    everybody = of(await ann.ask("GET", "/v3/sync", params=quiet))
    assert everybody.keys() <= {ann.user, bob.user} and everybody[bob.user]["status_msg"] == "early"
    await a.rooms.presence.abroad(Presence(bob.user, "online", status_msg="now"))
    assert len(a.rooms.presence._early) == 70
    monkeypatch.setattr(presence, "_MOST_EARLY", 50)
    await a.rooms.presence.abroad(Presence(f"@eve:{B}", "online"))
    assert len(a.rooms.presence._early) == 50
    assert (await ann.ask("GET", path))["status_msg"] == "now"


async def test_what_is_no_presence(open_client: Opener) -> None:
    ann = await open_client("ann")
    path = f"/v3/presence/{ann.user}/status"
    assert (await ann.ask("PUT", path, 400, json={"presence": "dancing"}))["errcode"] == "M_INVALID_PARAM"
    assert (await ann.ask("PUT", path, 400, json={}))["errcode"] == "M_MISSING_PARAM"
    await ann.ask("GET", "/v3/presence/@nobody:example.org/status", 404)


async def test_who_comes_into_a_room_hears_who_is_there_and_is_heard_of(open_client: Opener, context) -> None:
    context.settings.chat.presence = True
    ann, bob, room = await both(open_client)
    eve = await open_client("eve")
    quiet = {"set_presence": "offline"}
    for each in (ann, eve):
        path = f"/v3/presence/{each.user}/status"
        await each.ask("PUT", path, json={"presence": "unavailable", "status_msg": each.person.name})
    since = (await bob.ask("GET", "/v3/sync", params=quiet))["next_batch"]
    of_eve = (await eve.ask("GET", "/v3/sync", params=quiet))["next_batch"]
    await ann.ask("POST", f"/v3/rooms/{room}/invite", json={"user_id": eve.user})
    await eve.ask("POST", f"/v3/rooms/{room}/join", json={})
    with counting() as counted:
        told = await bob.ask("GET", "/v3/sync", params=quiet | {"since": since})
    assert of(told)[eve.user]["status_msg"] == "Eve" and ann.user not in of(told)
    assert sum("UNION" in each and "o.user_id" in each for each in counted.statements) == 1
    told = await eve.ask("GET", "/v3/sync", params=quiet | {"since": of_eve})
    assert of(told)[ann.user]["status_msg"] == "Ann" and of(told)[bob.user] == {"presence": "offline"}
    await say(ann, room, "hello")
    with counting() as counted:
        told = await eve.ask("GET", "/v3/sync", params=quiet | {"since": told["next_batch"]})
    assert of(told) == {} and not any("UNION" in each and "o.user_id" in each for each in counted.statements)
