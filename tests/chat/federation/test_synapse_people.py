"""What passes between people here and on a Synapse: keys, messages to devices, typing, receipts, media, lists."""

import asyncio

import pytest

from tests.chat.federation.test_devices import upload
from tests.chat.federation.test_synapse_rooms import until
from tests.chat.keyring import Signer, cross
from tests.chat.test_media import fetch, png
from tests.synapse import needs_synapse

pytestmark = [pytest.mark.peer, pytest.mark.slow, needs_synapse]
ENCRYPTED = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}


async def devices(client, user: str) -> set[str]:
    found = await client.ask("POST", "/v3/keys/query", json={"device_keys": {user: []}})
    return set(found["device_keys"].get(user, {}))


async def passing(client, room: str, user: str) -> dict:
    """What has passed in a room by type, when somebody has typed and read."""
    told: dict = {}
    since = None
    for _ in range(30):
        query = {"timeout": 500} | ({"since": since} if since else {})
        found = await client.ask("GET", "/v3/sync", params=query)
        since = found["next_batch"]
        joined = found.get("rooms", {}).get("join", {}).get(room, {})
        told |= {each["type"]: each["content"] for each in joined.get("ephemeral", {}).get("events", [])}
        if user in told.get("m.typing", {}).get("user_ids", []) and user in str(told.get("m.receipt")):
            break
    return told


async def test_people_meet(ours, ann, sam) -> None:
    ours.follow()
    for asker, other, name in ((ann, sam, "sam"), (sam, ann, "Ann")):
        assert (await asker.ask("GET", f"/v3/profile/{other.user}"))["displayname"] == name
    for client, other in ((ann, sam), (sam, ann)):
        body = {"room_alias_name": "tea", "preset": "public_chat", "visibility": "public"}
        room = (await client.ask("POST", "/v3/createRoom", json=body))["room_id"]
        server = client.user.partition(":")[2]
        if client is ann:  # Synapse publishes no rooms by itself
            listed = await other.ask("GET", "/v3/publicRooms", params={"server": server})
            assert [each["room_id"] for each in listed["chunk"]] == [room]
        found = await other.ask("GET", f"/v3/directory/room/%23tea:{server}")
        assert found["room_id"] == room
    # an encrypted room, keys, messages to devices
    await upload(ann, Signer(), "a")
    await upload(sam, Signer(), "b")
    body = {"invite": [sam.user], "initial_state": [ENCRYPTED]}
    room = (await ann.ask("POST", "/v3/createRoom", json=body))["room_id"]
    await sam.ask("POST", f"/v3/rooms/{room}/join", json={})
    for client, other in ((ann, sam), (sam, ann)):
        assert await devices(client, other.user) == {other.device}
        claim = {"one_time_keys": {other.user: {other.device: "signed_curve25519"}}}
        got = await client.ask("POST", "/v3/keys/claim", json=claim)
        assert len(got["one_time_keys"][other.user][other.device]) == 1
        messages = {other.user: {other.device: {"from": client.user}}}
        await client.ask("PUT", "/v3/sendToDevice/m.test/1", json={"messages": messages})
    # what changes is told
    master, own = Signer(), Signer()
    keys = {
        "master_key": cross(master, ann.user, "master"),
        "self_signing_key": cross(own, ann.user, "self_signing", master),
    }
    await ann.ask("POST", "/v3/keys/device_signing/upload", json=keys)

    async def signed() -> object:
        found = await sam.ask("POST", "/v3/keys/query", json={"device_keys": {ann.user: []}})
        return ann.user in found["master_keys"] and ann.user in found["self_signing_keys"]

    await until(signed)
    await sam.ask("POST", "/v3/logout")

    async def gone() -> object:
        return await devices(ann, sam.user) == set()

    await until(gone)
    found = await ann.ask("GET", "/v3/sync")
    assert [each["sender"] for each in found["to_device"]["events"]] == [sam.user]


async def test_what_passes_and_what_is_kept(ann, sam) -> None:
    room = (await ann.ask("POST", "/v3/createRoom", json={"invite": [sam.user]}))["room_id"]
    await sam.ask("POST", f"/v3/rooms/{room}/join", json={})
    said = await ann.ask("PUT", f"/v3/rooms/{room}/send/m.room.message/1", json={"msgtype": "m.text", "body": "x"})

    async def arrived() -> object:
        found = await sam.request("GET", f"/_matrix/client/v3/rooms/{room}/event/{said['event_id']}")
        return found.status_code == 200

    await until(arrived)
    for client, other in ((ann, sam), (sam, ann)):
        seen = asyncio.create_task(passing(other, room, client.user))
        await client.ask("PUT", f"/v3/rooms/{room}/typing/{client.user}", json={"typing": True, "timeout": 20_000})
        await client.ask("POST", f"/v3/rooms/{room}/receipt/m.read/{said['event_id']}", json={})
        told = await seen
        assert client.user in told["m.typing"]["user_ids"]
        assert client.user in told["m.receipt"][said["event_id"]]["m.read"]
    for client, other in ((ann, sam), (sam, ann)):
        headers = {"content-type": "image/png"}
        uploaded = await client.post("/_matrix/media/v3/upload", content=png(), headers=headers)
        place = uploaded.json()["content_uri"].removeprefix("mxc://")
        assert (await fetch(other, f"download/{place}")).content == png()
        small = await fetch(other, f"thumbnail/{place}", params={"width": 96, "height": 96})
        assert small.status_code == 200 and small.headers["content-type"].startswith("image/")
