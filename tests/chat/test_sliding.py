"""Sliding sync: the rooms that a client looks at, and what is new in them."""

import asyncio

from parvis.store.sql.contract import counting
from tests.chat.conftest import PASSWORD, Client, Opener
from tests.chat.test_rooms import both, made, say

PATH = "/unstable/org.matrix.simplified_msc3575/sync"
STATE = [["m.room.create", ""], ["m.room.name", ""], ["m.room.member", "$LAZY"], ["m.room.member", "$ME"]]


def listed(last: int = 19, limit: int = 1, **more) -> dict:
    return {"all": {"ranges": [[0, last]], "timeline_limit": limit, "required_state": STATE, **more}}


async def ask(client: Client, pos: str = "", status: int = 200, timeout: int = 0, **body) -> dict:
    query = {"pos": pos, "timeout": timeout} if pos else {}
    return await client.ask("POST", PATH, status, params=query, json=body or {"lists": listed()})


async def test_rooms_come_in_the_order_of_what_happened(open_client: Opener) -> None:
    ann = await open_client("ann")
    rooms = [await made(ann, name=f"room {number}") for number in range(4)]
    await say(ann, rooms[1], "up")
    assert (await ann.ask("GET", "/versions"))["unstable_features"]["org.matrix.simplified_msc3575"] is True
    first = await ask(ann, lists=listed(1))
    assert first["lists"] == {"all": {"count": 4}} and set(first["rooms"]) == {rooms[1], rooms[3]}
    told = first["rooms"][rooms[1]]
    assert told["initial"] and told["name"] == "room 1" and told["limited"] and told["joined_count"] == 1
    assert [each["content"]["body"] for each in told["timeline"]] == ["up"] and told["num_live"] == 0
    kinds = sorted((each["type"], each["state_key"]) for each in told["required_state"])
    assert kinds == [("m.room.create", ""), ("m.room.member", ann.user), ("m.room.name", "")]
    page = {"dir": "b", "from": told["prev_batch"]}
    assert len((await ann.ask("GET", f"/v3/rooms/{rooms[1]}/messages", params=page))["chunk"]) > 3
    more = await ask(ann, first["pos"], lists=listed(9))
    assert set(more["rooms"]) == {rooms[0], rooms[2]}
    assert (await ask(ann, more["pos"], lists=listed(9)))["rooms"] == {}


async def test_what_is_new_is_told_once_and_again_when_the_answer_was_lost(open_client: Opener) -> None:
    ann, bob, room = await both(open_client, name="Choir")
    first = await ask(bob, lists=listed(limit=5))
    await say(ann, room, "one")
    await ann.ask("PUT", f"/v3/rooms/{room}/state/m.room.name", json={"name": "Chorus"})
    for _ in range(2):
        second = await ask(bob, first["pos"], lists=listed(limit=5))
        told = second["rooms"][room]
        assert [each["type"] for each in told["timeline"]] == ["m.room.message", "m.room.name"]
        assert told["num_live"] == 2 and not told["limited"] and "initial" not in told
        assert told["name"] == "Chorus" and told["notification_count"] == 1
        assert {each["type"] for each in told["required_state"]} == {"m.room.name", "m.room.member"}
    assert (await ask(bob, second["pos"], lists=listed(limit=5)))["rooms"] == {}
    lost = await ask(bob, first["pos"], 400, lists=listed(limit=5))
    assert lost["errcode"] == "M_UNKNOWN_POS"
    assert (await ask(ann, second["pos"], 400))["errcode"] == "M_UNKNOWN_POS"


async def test_who_is_ignored_is_not_heard_and_invites_nobody(open_client: Opener) -> None:
    ann, bob, room = await both(open_client)
    data = f"/v3/user/{bob.user}/account_data/m.ignored_user_list"
    await bob.ask("PUT", data, json={"ignored_users": {ann.user: {}}})
    await say(ann, room, "unheard")
    await ann.ask("PUT", f"/v3/rooms/{room}/state/m.room.topic", json={"topic": "heard"})
    other = await made(ann, invite=[bob.user])
    told = (await ask(bob, lists=listed(limit=5)))["rooms"]
    types = {each["type"] for each in told[room]["timeline"]}
    assert "m.room.topic" in types and "m.room.message" not in types
    assert told[room]["notification_count"] == 0 and other not in told


async def test_a_room_that_is_named_and_more_of_it(open_client: Opener) -> None:
    ann, bob, room = await both(open_client)
    for number in range(6):
        await say(ann, room, f"{number}")
    hidden = await made(ann)
    wanted = {room: {"timeline_limit": 1, "required_state": []}, hidden: {"timeline_limit": 1}}
    first = await ask(bob, room_subscriptions=wanted)
    assert list(first["rooms"]) == [room] and first["rooms"][room]["required_state"] == []
    assert [each["user_id"] for each in first["rooms"][room]["heroes"]] == [ann.user]
    wanted = {room: {"timeline_limit": 4, "required_state": [["m.room.power_levels", ""], ["m.room.member", "*"]]}}
    more = (await ask(bob, first["pos"], room_subscriptions=wanted))["rooms"][room]
    assert [each["content"]["body"] for each in more["timeline"]] == ["2", "3", "4", "5"]
    assert more["unstable_expanded_timeline"] and more["initial"] is False
    kinds = sorted(each["type"] for each in more["required_state"])
    assert kinds == ["m.room.member", "m.room.member", "m.room.power_levels"]
    everything = {room: {"timeline_limit": 0, "required_state": [["*", "*"], ["m.room.member", "$LAZY"]]}}
    whole = (await ask(bob, room_subscriptions=everything))["rooms"][room]
    kinds = {each["type"] for each in whole["required_state"]}
    assert {"m.room.create", "m.room.join_rules"} <= kinds and "m.room.member" not in kinds


async def test_filters_of_lists(open_client: Opener) -> None:
    ann = await open_client("ann")
    plain, space = await made(ann), await made(ann, creation_content={"type": "m.space"})
    secret = {"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    encrypted = await made(ann, initial_state=[secret])
    await ann.ask("PUT", f"/v3/rooms/{space}/state/m.space.child/{plain}", json={"via": ["example.org"]})
    await ann.ask("PUT", f"/v3/user/{ann.user}/account_data/m.direct", json={"@bob:example.org": [encrypted]})
    await ann.ask("PUT", f"/v3/user/{ann.user}/rooms/{plain}/tags/m.favourite", json={})
    for filters, expected in (
        ({"is_dm": True}, {encrypted}),
        ({"is_dm": False, "not_room_types": ["m.space"]}, {plain}),
        ({"is_encrypted": True}, {encrypted}),
        ({"room_types": ["m.space"]}, {space}),
        ({"tags": ["m.favourite"]}, {plain}),
        ({"not_tags": ["m.favourite"], "room_types": [None]}, {encrypted}),
        ({"spaces": [space]}, {plain}),
        ({"is_invite": True}, set()),
    ):
        found = await ask(ann, lists=listed(filters=filters))
        assert set(found["rooms"]) == expected and found["lists"]["all"]["count"] == len(expected), filters
    assert (await ask(ann, lists=listed(filters={"is_dm": True})))["rooms"][encrypted]["is_dm"] is True


async def test_invitations_and_leaving(open_client: Opener) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    first = await ask(bob)
    room = await made(ann, invite=[bob.user], name="Choir")
    invited = await ask(bob, first["pos"])
    told = invited["rooms"][room]
    assert told["membership"] == "invite" and "timeline" not in told
    assert {"m.room.name", "m.room.member"} <= {each["type"] for each in told["invite_state"]}
    await bob.ask("POST", f"/v3/join/{room}", json={})
    joined = await ask(bob, invited["pos"])
    assert joined["rooms"][room]["membership"] == "join" and joined["rooms"][room]["timeline"]
    assert joined["rooms"][room]["initial"]
    await ann.ask("POST", f"/v3/rooms/{room}/kick", json={"user_id": bob.user})
    await say(ann, room, "secret")
    left = await ask(bob, joined["pos"])
    assert left["rooms"][room]["membership"] == "leave" and left["lists"]["all"]["count"] == 0
    assert [each["type"] for each in left["rooms"][room]["timeline"]] == ["m.room.member"]
    assert (await ask(bob, left["pos"]))["rooms"] == {}


async def test_who_waits_is_woken(open_client: Opener) -> None:
    ann, bob, room = await both(open_client)
    first = await ask(bob)
    waiting = asyncio.create_task(ask(bob, first["pos"], timeout=20_000, lists=listed()))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    await say(ann, room, "wake")
    told = await asyncio.wait_for(waiting, 3)
    assert told["rooms"][room]["timeline"][0]["content"]["body"] == "wake"


async def test_what_is_told_beside_the_rooms(open_client: Opener) -> None:
    ann, bob, room = await both(open_client)
    for client, name in ((ann, "ann"), (bob, "bob")):
        login = {"type": "m.login.password", "user": name, "password": PASSWORD}
        signed = await client.ask("POST", "/v3/login", json=login)
        client.headers["authorization"] = f"Bearer {signed['access_token']}"
    event = await say(ann, room, "hello")
    await ann.ask("POST", f"/v3/rooms/{room}/receipt/m.read/{event}", json={})
    await bob.ask("PUT", f"/v3/user/{bob.user}/rooms/{room}/tags/m.favourite", json={})
    names = ("to_device", "e2ee", "account_data", "receipts", "typing")
    body = {"lists": listed(), "extensions": {name: {"enabled": True} for name in names}}
    first = await ask(bob, **body)
    beside = first["extensions"]
    assert ann.user in beside["receipts"]["rooms"][room]["content"][event]["m.read"]
    assert [each["type"] for each in beside["account_data"]["rooms"][room]] == ["m.tag"]
    assert "m.push_rules" in [each["type"] for each in beside["account_data"]["global"]]
    assert beside["e2ee"]["device_one_time_keys_count"] == {"signed_curve25519": 0}
    await ann.ask("PUT", f"/v3/rooms/{room}/typing/{ann.user}", json={"typing": True})
    message = {"messages": {bob.user: {"*": {"n": 1}}}}
    await ann.ask("PUT", "/v3/sendToDevice/org.example.ping/1", json=message)
    await ann.ask("POST", f"/v3/rooms/{room}/receipt/m.read.private/{event}", json={})
    answer = await ask(bob, first["pos"], **body)
    second = answer["extensions"]
    assert second["typing"]["rooms"][room]["content"]["user_ids"] == [ann.user]
    assert [each["content"] for each in second["to_device"]["events"]] == [{"n": 1}]
    assert second["receipts"]["rooms"] == {} and second["account_data"]["rooms"] == {}
    body["extensions"]["to_device"]["since"] = second["to_device"]["next_batch"]
    assert (await ask(bob, answer["pos"], **body))["extensions"]["to_device"]["events"] == []


async def test_what_is_no_request(open_client: Opener) -> None:
    ann = await open_client("ann")
    for body in (
        {"lists": {"a": {"ranges": [[-1, 2]]}}},
        {"lists": {f"{number}": {} for number in range(101)}},
        {"lists": {"a": {"required_state": ["x"]}}},
        {"conn_id": 1},
    ):
        assert (await ask(ann, status=400, **body))["errcode"] == "M_INVALID_PARAM"
    assert (await ask(ann, "nothing", 400))["errcode"] == "M_UNKNOWN_POS"


async def test_a_poll_costs_as_much_in_many_rooms(open_client: Opener) -> None:
    ann, bob, room = await both(open_client)
    names = ("e2ee", "account_data", "receipts", "typing")
    body = {"lists": listed(), "extensions": {name: {"enabled": True} for name in names}}
    first = await ask(bob, **body)
    await say(ann, room, "one")
    with counting() as one:
        first = await ask(bob, first["pos"], **body)
    for _ in range(25):
        await made(bob)
    first = await ask(bob, first["pos"], **body)
    await say(ann, room, "two")
    with counting() as many:
        first = await ask(bob, first["pos"], **body)
    assert len(many) <= len(one) + 1 and len(many) <= 32, many.statements
    with counting() as idle:
        await ask(bob, first["pos"], **body)
    assert len(idle) <= 14, idle.statements
