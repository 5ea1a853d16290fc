"""Rooms that are shared with a Synapse: both directions, with the network cut while both change things."""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable

import pytest

from tests.synapse import needs_synapse

pytestmark = [pytest.mark.peer, pytest.mark.slow, needs_synapse]


async def until(check: Callable[[], Awaitable[object]], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            found = await check()
        except AssertionError as error:
            found = error
        if found is True:
            return
        assert time.monotonic() < end, found
        await asyncio.sleep(0.3)


async def said(client, room: str) -> list[str]:
    page = await client.ask("GET", f"/v3/rooms/{room}/messages", params={"dir": "b", "limit": 100})
    return [each["content"].get("body") for each in page["chunk"] if each["type"] == "m.room.message"][::-1]


async def say(client, room: str, text: str) -> str:
    body = {"msgtype": "m.text", "body": text}
    path = f"/v3/rooms/{room}/send/m.room.message/{uuid.uuid4()}"
    return (await client.ask("PUT", path, json=body))["event_id"]


async def state(client, room: str) -> dict:
    found = await client.request("GET", f"/_matrix/client/v3/rooms/{room}/state")
    return {(each["type"], each["state_key"]): each["event_id"] for each in found.json()}


async def same(one, other, room: str, seconds: float = 30) -> None:
    async def check() -> object:
        mine, theirs = await state(one, room), await state(other, room)
        if mine != theirs:
            return {
                key: (mine.get(key), theirs.get(key))
                for key in {*mine, *theirs}
                if mine.get(key) != theirs.get(key)
            }
        first, second = await said(one, room), await said(other, room)
        return True if sorted(map(str, first)) == sorted(map(str, second)) else (first, second)

    await until(check, seconds)


async def life(one, other, room: str) -> None:
    """What people do in a room, by one and the other; one has the power."""
    first = await say(one, room, "first")
    await same(one, other, room)
    body = {"m.relates_to": {"rel_type": "m.annotation", "event_id": first, "key": "+"}}
    await other.ask("PUT", f"/v3/rooms/{room}/send/m.reaction/r1", json=body)
    edit = {"msgtype": "m.text", "body": "* second", "m.new_content": {"msgtype": "m.text", "body": "second"}}
    edit["m.relates_to"] = {"rel_type": "m.replace", "event_id": first}
    await one.ask("PUT", f"/v3/rooms/{room}/send/m.room.message/e1", json=edit)
    gone = await say(other, room, "a slip")
    await one.ask("PUT", f"/v3/rooms/{room}/state/m.room.topic", json={"topic": "now"})
    await same(one, other, room)
    await one.ask("PUT", f"/v3/rooms/{room}/redact/{gone}/x1", json={})

    async def redacted() -> object:
        shown = await other.ask("GET", f"/v3/rooms/{room}/event/{gone}")
        return shown["content"] == {} or shown

    await until(redacted)
    levels = await one.ask("GET", f"/v3/rooms/{room}/state/m.room.power_levels")
    levels.setdefault("users", {})[other.user] = 50
    await one.ask("PUT", f"/v3/rooms/{room}/state/m.room.power_levels", json=levels)
    await same(one, other, room)
    await other.ask("PUT", f"/v3/rooms/{room}/state/m.room.name", json={"name": "by the other"})
    await same(one, other, room)
    await one.ask("POST", f"/v3/rooms/{room}/kick", json={"user_id": other.user})

    async def out() -> object:
        found = await other.ask("GET", "/v3/joined_rooms")
        return room not in found["joined_rooms"]

    await until(out)
    await one.ask("POST", f"/v3/rooms/{room}/invite", json={"user_id": other.user})
    await other.ask("POST", f"/v3/rooms/{room}/join", json={})
    await say(other, room, "back")
    await same(one, other, room)


@pytest.mark.parametrize("version", ["10", "12"])
async def test_a_room_of_ours(ann, sam, version: str) -> None:
    body = {"name": "Ours", "room_version": version, "invite": [sam.user]}
    room = (await ann.ask("POST", "/v3/createRoom", json=body))["room_id"]
    await say(ann, room, "before")
    await sam.ask("POST", f"/v3/rooms/{room}/join", json={})
    await life(ann, sam, room)
    await ann.ask("POST", f"/v3/rooms/{room}/ban", json={"user_id": sam.user})

    async def out() -> object:
        return room not in (await sam.ask("GET", "/v3/joined_rooms"))["joined_rooms"]

    await until(out)


@pytest.mark.parametrize("version", ["10", "12"])
async def test_a_room_of_theirs(synapse, ann, sam, version: str) -> None:
    body = {"name": "Theirs", "room_version": version, "preset": "private_chat", "invite": [ann.user]}
    room = (await sam.ask("POST", "/v3/createRoom", json=body))["room_id"]
    for number in range(30):
        await say(sam, room, f"before {number}")
    told = await ann.ask("GET", "/v3/sync")
    assert room in told["rooms"]["invite"]
    await ann.ask("POST", f"/v3/rooms/{room}/join", json={})
    await life(sam, ann, room)
    public = (
        await sam.ask("POST", "/v3/createRoom", json={"preset": "public_chat", "room_alias_name": f"open{version}"})
    )["room_id"]
    await ann.ask("POST", f"/v3/join/%23open{version}:{synapse.name}", json={})
    await same(ann, sam, public)
    await ann.ask("POST", f"/v3/rooms/{public}/leave", json={})

    async def gone() -> object:
        found = await sam.ask("GET", f"/v3/rooms/{public}/joined_members")
        return ann.user not in found["joined"]

    await until(gone)


@pytest.mark.parametrize("version", ["10", "12"])
async def test_what_both_do_while_they_are_apart_meets(ours, synapse, ann, sam, version: str) -> None:
    bob = await ours.client("bob")
    body = {"room_version": version, "invite": [sam.user, bob.user], "power_level_content_override": {"users": {}}}
    body["power_level_content_override"] = {"state_default": 0, "events": {"m.room.name": 0, "m.room.topic": 0}}
    room = (await ann.ask("POST", "/v3/createRoom", json=body))["room_id"]
    await sam.ask("POST", f"/v3/rooms/{room}/join", json={})
    await bob.ask("POST", f"/v3/rooms/{room}/join", json={})
    await say(ann, room, "together")
    await same(ann, sam, room)
    ours.federation.policy._allowed, kept = [], ours.federation.policy._allowed  # nobody is let in or asked
    assert not ours.federation.policy.allows(synapse.name)
    for number in range(8):
        await say(ann, room, f"a{number}")
        await say(sam, room, f"s{number}")
        await ann.ask("PUT", f"/v3/rooms/{room}/state/x.y/{number}", json={"a": number})
        await sam.ask("PUT", f"/v3/rooms/{room}/state/x.y/{number}", json={"s": number})
    await ann.ask("PUT", f"/v3/rooms/{room}/state/m.room.topic", json={"topic": "ann's"})
    await sam.ask("PUT", f"/v3/rooms/{room}/state/m.room.topic", json={"topic": "sam's"})
    await bob.ask("POST", f"/v3/rooms/{room}/leave", json={})
    await sam.ask("PUT", f"/v3/rooms/{room}/state/m.room.name", json={"name": "sam's"})
    ours.federation.policy._allowed = kept
    await say(ann, room, "here again")
    await say(sam, room, "me too")
    await same(ann, sam, room, 60)
    assert len(await said(ann, room)) == 19
