"""Devices and keys of people of other servers: asked, followed, changed, claimed, signed."""

import pytest

from parvis.chat.federation.contract import PeerError, path
from parvis.chat.people import abroad
from parvis.store.sql.contract import counting
from parvis.wire.matrix import transactions
from parvis.wire.matrix.transactions import DeviceListUpdate
from tests.chat.federation.world import Peer
from tests.chat.keyring import Signer, cross, device_keys, one_time


async def upload(client, signer: Signer, *names: str) -> None:
    """The keys of a client's device."""
    body = {"device_keys": device_keys(signer, client.user, client.device)}
    body["one_time_keys"] = one_time(signer, client.user, client.device, *names)
    await client.ask("POST", "/v3/keys/upload", json=body)


async def share(peer: Peer, client, user: str, other: str) -> None:
    """As if somebody of this server and somebody of another were in an encrypted room."""
    await client.ask("POST", "/v3/createRoom", json={"preset": "public_chat"})
    room = await peer.store.db.value("SELECT MAX(id) FROM chat_room")

    async def work(unit) -> None:
        at = await unit.changed(peer.federation.server.account_id, "RoomEvent", 1, "updated", part=room)
        await unit.run("UPDATE chat_room SET kind = 'encrypted', others = 1 WHERE id = ?", room)
        await unit.run("INSERT INTO chat_room_server (room, server, joined) VALUES (?, ?, 1)", room, other)
        await unit.run(
            """INSERT INTO chat_member (room, user_id, principal_id, membership, event, stream, changed)
            VALUES (?, ?, 0, 'join', 0, ?, ?)""",
            room,
            user,
            at,
            at,
        )

    await peer.store.write(work)


async def test_keys_of_strangers_are_asked_and_not_kept(two) -> None:
    one, other = two
    ann, bob = await one.client("ann"), await other.client("bob")
    signer = Signer()
    await upload(bob, signer, "a")
    wanted = {bob.user: [], f"@no:{other.name}": [], "@x:localhost:1": []}
    found = await ann.ask("POST", "/v3/keys/query", json={"device_keys": wanted})
    assert found["device_keys"][bob.user][bob.device]["keys"][f"ed25519:{bob.device}"] == signer.public
    assert found["device_keys"][bob.user][bob.device]["unsigned"] == {"device_display_name": bob.device}
    assert found["failures"].keys() == {"localhost:1"}
    assert await one.store.db.value("SELECT COUNT(*) FROM chat_abroad") == 0
    claim = {"one_time_keys": {bob.user: {bob.device: "signed_curve25519"}}}
    got = await ann.ask("POST", "/v3/keys/claim", json=claim)
    assert got["one_time_keys"][bob.user][bob.device].keys() == {"signed_curve25519:a"} and not got["failures"]
    assert (await ann.ask("POST", "/v3/keys/claim", json=claim))["one_time_keys"].get(bob.user, {}) == {}


async def test_who_shares_a_room_is_followed(two) -> None:
    one, other = two
    ann, bob = await one.client("ann"), await other.client("bob")
    signer, master, own = Signer(), Signer(), Signer()
    await upload(bob, signer)
    since = (await ann.ask("GET", "/v3/sync"))["next_batch"]
    await share(one, ann, bob.user, other.name)
    await share(other, bob, ann.user, one.name)
    query = {"device_keys": {bob.user: []}}
    for _ in range(2):
        found = await ann.ask("POST", "/v3/keys/query", json=query)
        assert found["device_keys"][bob.user].keys() == {bob.device}
    assert len([each for each in one.contacts if "/user/devices/" in each.reason]) == 1
    with counting() as counted:
        await ann.ask("POST", "/v3/keys/query", json=query)
    assert len(counted.statements) <= 9, counted.statements
    found = await ann.ask("GET", "/v3/sync", params={"since": since})
    assert found["device_lists"]["changed"] == [bob.user]
    uploaded = {
        "master_key": cross(master, bob.user, "master"),
        "self_signing_key": cross(own, bob.user, "self_signing", master),
    }
    since = found["next_batch"]
    await bob.ask("POST", "/v3/keys/device_signing/upload", json=uploaded)
    await other.federation.telling._tell(bob.person.id)
    found = await ann.ask("GET", "/v3/sync", params={"since": since, "timeout": 5000})
    assert found["device_lists"]["changed"] == [bob.user]
    found = await ann.ask("POST", "/v3/keys/query", json=query)
    assert found["master_keys"][bob.user]["keys"] == uploaded["master_key"]["keys"]
    assert bob.user in found["self_signing_keys"] and bob.user not in found["user_signing_keys"]
    since = (await ann.ask("GET", "/v3/sync"))["next_batch"]
    await bob.ask("POST", "/v3/logout")
    await other.federation.telling._tell(bob.person.id)
    found = await ann.ask("GET", "/v3/sync", params={"since": since, "timeout": 5000})
    assert found["device_lists"]["changed"] == [bob.user]
    found = await ann.ask("POST", "/v3/keys/query", json=query)
    assert found["device_keys"][bob.user] == {}
    assert await one.store.db.value("SELECT stale FROM chat_abroad") == 0


async def test_a_gap_has_all_asked_again(two) -> None:
    one, other = two
    ann, bob = await one.client("ann"), await other.client("bob")
    await upload(bob, Signer())
    await share(one, ann, bob.user, other.name)
    query = {"device_keys": {bob.user: []}}
    await ann.ask("POST", "/v3/keys/query", json=query)
    assert bob.user in await abroad.known(one.store.db, [bob.user])
    await one.federation.tracking.changed(DeviceListUpdate(bob.user, bob.device, 9, [8], None, True))
    assert await abroad.known(one.store.db, [bob.user]) == {}
    found = await ann.ask("POST", "/v3/keys/query", json=query)
    assert bob.device in found["device_keys"][bob.user]
    assert await one.store.db.value("SELECT stale FROM chat_abroad") == 0
    # who left and came back was not followed meanwhile
    await one.store.write(lambda unit: unit.run("UPDATE chat_member SET changed = changed + 1000"))
    assert await abroad.known(one.store.db, [bob.user]) == {}


async def test_what_a_server_says_of_users_of_others_is_not_taken(two) -> None:
    one, other = two
    ann, bob = await one.client("ann"), await other.client("bob")
    await upload(bob, Signer())
    await share(one, ann, bob.user, other.name)
    await ann.ask("POST", "/v3/keys/query", json={"device_keys": {bob.user: []}})
    forged = DeviceListUpdate(bob.user.replace(other.name, "elsewhere.org"), "EVIL", 1, [0], None, True)
    body = transactions.written(other.name, 1, [], [transactions.wrapped(forged)])
    await other.federation.peers.put(one.name, path("federation", "v1", "send", "x"), body)
    assert bob.user in await abroad.known(one.store.db, [bob.user])
    with pytest.raises(PeerError):
        await other.federation.peers.get(one.name, path("federation", "v1", "user", "devices", "@no:a"))


async def test_people_of_other_servers_are_signed(two) -> None:
    one, other = two
    ann, bob = await one.client("ann"), await other.client("bob")
    masters, user_signing = {ann.user: Signer(), bob.user: Signer()}, Signer()
    for client in (ann, bob):
        key = cross(masters[client.user], client.user, "master")
        signs = cross(user_signing, client.user, "user_signing", masters[client.user])
        body = {"master_key": key, "user_signing_key": signs}
        await client.ask("POST", "/v3/keys/device_signing/upload", json=body)
    await share(one, ann, bob.user, other.name)
    query = {"device_keys": {bob.user: []}}
    found = await ann.ask("POST", "/v3/keys/query", json=query)
    signed = user_signing.sign(found["master_keys"][bob.user], ann.user, user_signing.public)
    body = {bob.user: {masters[bob.user].public: signed}}
    assert await ann.ask("POST", "/v3/keys/signatures/upload", json=body) == {"failures": {}}
    found = await ann.ask("POST", "/v3/keys/query", json=query)
    assert ann.user in found["master_keys"][bob.user]["signatures"]
