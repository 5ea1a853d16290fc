"""Keys of devices and of people, and messages to devices."""

import pytest

from parvis.chat.people import keys, streams, todevice
from parvis.chat.server import Server
from parvis.store.sql.contract import counting
from tests.chat.keyring import CURVE, Signer, cross, device_keys, one_time
from tests.chat.test_login import login, proof


@pytest.fixture
async def server(context) -> Server:
    found = Server(context)
    await found.open()
    return found


async def device(open_client, name: str, device_id: str):
    """Somebody's device, with its key."""
    client = await open_client(name, signed_in=False)
    await login(client, name, device_id=device_id)
    client.key, client.device = Signer(), device_id
    body = {"device_keys": device_keys(client.key, client.user, device_id)}
    assert await client.ask("POST", "/v3/keys/upload", json=body) == {
        "one_time_key_counts": {"signed_curve25519": 0}
    }
    return client


async def test_keys_of_devices_are_told_as_they_were_given(open_client) -> None:
    ann, bob = await device(open_client, "ann", "DESK"), await device(open_client, "bob", "PHONE")
    with counting() as counted:
        wanted = {ann.user: [], bob.user: ["PHONE"], "@x:example.org": [], "@y:else.org": []}
        found = await bob.ask("POST", "/v3/keys/query", json={"device_keys": wanted})
    assert len(counted.statements) <= 6
    assert set(found["device_keys"]) == {ann.user, bob.user} and found["failures"] == {}
    told = found["device_keys"][ann.user]["DESK"]
    assert told.pop("unsigned") == {"device_display_name": "DESK"}
    assert told == device_keys(ann.key, ann.user, "DESK")
    none = await bob.ask("POST", "/v3/keys/query", json={"device_keys": {ann.user: ["OTHER"]}})
    assert none["device_keys"] == {ann.user: {}}


async def test_keys_that_are_not_ones_own_or_not_signed_are_refused(open_client) -> None:
    ann = await device(open_client, "ann", "DESK")
    other = device_keys(ann.key, ann.user, "OTHER")
    forged = device_keys(Signer(), ann.user, "DESK") | {
        "signatures": device_keys(ann.key, ann.user, "DESK")["signatures"]
    }
    for body, code in (
        ({"device_keys": other}, "M_INVALID_PARAM"),
        ({"device_keys": forged}, "M_INVALID_SIGNATURE"),
        ({"one_time_keys": {"curve25519": CURVE}}, "M_INVALID_PARAM"),
    ):
        assert (await ann.ask("POST", "/v3/keys/upload", 400, json=body))["errcode"] == code
    bare = await open_client("ann")
    assert (await bare.ask("POST", "/v3/keys/upload", 404, json={}))["errcode"] == "M_UNRECOGNIZED"


async def test_a_one_time_key_is_given_once_then_the_fallback_key(open_client, server) -> None:
    ann, bob = await device(open_client, "ann", "DESK"), await device(open_client, "bob", "PHONE")
    given = one_time(ann.key, ann.user, "DESK", "A", "B")
    fallback = {
        name: value | {"fallback": True} for name, value in one_time(ann.key, ann.user, "DESK", "F").items()
    }
    body = {"one_time_keys": given, "fallback_keys": fallback}
    assert (await ann.ask("POST", "/v3/keys/upload", json=body))["one_time_key_counts"] == {"signed_curve25519": 2}
    assert (await ann.ask("POST", "/v3/keys/upload", json={"one_time_keys": given}))["one_time_key_counts"] == {
        "signed_curve25519": 2
    }
    changed = {"signed_curve25519:A": ann.key.sign({"key": CURVE[::-1][1:] + "A"}, ann.user, "DESK")}
    assert (await ann.ask("POST", "/v3/keys/upload", 400, json={"one_time_keys": changed}))[
        "errcode"
    ] == "M_INVALID_PARAM"
    own = await streams.since(server, ann.person, "DESK", None)
    assert (own.one_time_key_counts, own.unused_fallback_key_types) == (
        {"signed_curve25519": 2}, ["signed_curve25519"],
    )  # fmt: skip
    claim = {
        "one_time_keys": {ann.user: {"DESK": "signed_curve25519", "NONE": "signed_curve25519"}, "@x:e.org": {}}
    }
    got = []
    for _ in range(4):
        (found,) = (await bob.ask("POST", "/v3/keys/claim", json=claim))["one_time_keys"][ann.user].values()
        got.append(next(iter(found)).partition(":")[2])
    assert got == ["A", "B", "F", "F"]
    own = await streams.since(server, ann.person, "DESK", own.position)
    assert (own.one_time_key_counts, own.unused_fallback_key_types) == ({"signed_curve25519": 0}, [])


async def test_messages_to_devices_come_once_and_wait_until_they_came(open_client, server) -> None:
    ann, phone = await device(open_client, "ann", "DESK"), await device(open_client, "ann", "PHONE")
    bob = await device(open_client, "bob", "DESK")
    begin = (await streams.since(server, ann.person, "DESK", None)).position
    body = {"messages": {ann.user: {"DESK": {"n": 1}, "NONE": {"n": 2}}, "@x:example.org": {"*": {}}}}
    for _ in range(2):
        await bob.ask("PUT", "/v3/sendToDevice/m.x/t1", json=body)
    await bob.ask("PUT", "/v3/sendToDevice/m.x/t2", json={"messages": {ann.user: {"*": {"n": 3}}}})
    told = await streams.since(server, ann.person, "DESK", begin)
    wanted = [{"sender": bob.user, "type": "m.x", "content": {"n": n}} for n in (1, 3)]
    assert told.to_device == wanted and not told.is_empty
    assert (await streams.since(server, ann.person, "DESK", begin)).to_device == wanted
    assert (await streams.since(server, ann.person, "DESK", told.position)).to_device == []
    assert await server.store.db.value("SELECT COUNT(*) FROM chat_to_device WHERE content = '{\"n\":1}'") == 0
    assert [
        each["content"]["n"] for each in (await streams.since(server, ann.person, "PHONE", None)).to_device
    ] == [3]
    for wrong in ({}, {"messages": []}, {"messages": {ann.user: {"DESK": 1}}}):
        assert (await bob.ask("PUT", "/v3/sendToDevice/m.x/t3", 400, json=wrong))["errcode"] == "M_BAD_JSON"
    await phone.ask("POST", "/v3/logout")
    assert await server.store.db.value("SELECT COUNT(*) FROM chat_to_device") == 0


async def test_many_messages_come_in_several_answers_none_twice(open_client, server, monkeypatch) -> None:
    monkeypatch.setattr(todevice, "AT_ONCE", 3)
    ann, bob = await device(open_client, "ann", "DESK"), await device(open_client, "bob", "DESK")
    for number in range(8):
        body = {"messages": {ann.user: {"DESK": {"n": number}}}}
        await bob.ask("PUT", f"/v3/sendToDevice/m.x/{number}", json=body)
    position, got = 0, []
    for _ in range(4):
        told = await streams.since(server, ann.person, "DESK", position)
        position, got = told.position, got + [each["content"]["n"] for each in told.to_device]
    assert got == list(range(8))


async def test_what_waits_for_a_device_whose_sign_in_is_over_goes_after_a_week(
    open_client, server, monkeypatch
) -> None:
    monkeypatch.setattr(todevice, "_GONE_AT_ONCE", 3)
    monkeypatch.setattr(todevice, "_PEOPLE", 1)
    ann, bob = await device(open_client, "ann", "DESK"), await device(open_client, "bob", "DESK")
    await device(open_client, "ann", "PHONE")

    async def over(unit) -> None:
        desk = "SELECT session_id FROM chat_device WHERE device_id = 'DESK'"
        await unit.run(f"DELETE FROM session WHERE principal_id = ? AND id IN ({desk})", ann.person.id)
        await unit.run("UPDATE session SET expires_ms = 1 WHERE principal_id = ?", ann.person.id)

    for number in range(5):
        body = {"messages": {who.user: {"*": {"n": number}} for who in (ann, bob)}}
        await bob.ask("PUT", f"/v3/sendToDevice/m.x/{number}", json=body)
    assert await todevice.forget(server.store) == 0
    await server.store.write(over)  # of both of Ann's
    assert await todevice.forget(server.store) == 0  # she may sign in again
    monkeypatch.setattr(todevice, "_WAITING_MS", -(10**12))
    assert await todevice.forget(server.store) == 10 and await todevice.forget(server.store) == 0
    assert len((await streams.since(server, bob.person, "DESK", None)).to_device) == 5


async def people(open_client):
    ann, bob = await device(open_client, "ann", "DESK"), await device(open_client, "bob", "PHONE")
    for who in (ann, bob):
        who.master, who.own, who.others = Signer(), Signer(), Signer()
        who.cross = {
            "master_key": cross(who.master, who.user, "master"),
            "self_signing_key": cross(who.own, who.user, "self_signing", who.master),
            "user_signing_key": cross(who.others, who.user, "user_signing", who.master),
        }
        await who.ask("POST", "/v3/keys/device_signing/upload", json=who.cross)
    return ann, bob


async def test_first_keys_of_a_person_need_no_password_others_do(open_client) -> None:
    ann, bob = await people(open_client)
    for version in ("v3", "unstable"):
        await ann.ask("POST", f"/{version}/keys/device_signing/upload", json=ann.cross)
    fresh = {"master_key": cross(Signer(), ann.user, "master")}
    assert (await ann.ask("POST", "/v3/keys/device_signing/upload", 401, json=fresh))["flows"]
    found = await bob.ask("POST", "/v3/keys/query", json={"device_keys": {ann.user: []}})
    assert found["master_keys"][ann.user]["keys"] == ann.cross["master_key"]["keys"]
    assert ann.user in found["self_signing_keys"] and not found["user_signing_keys"]
    await ann.ask("POST", "/v3/keys/device_signing/upload", json=fresh | {"auth": proof()})
    found = await ann.ask("POST", "/v3/keys/query", json={"device_keys": {ann.user: []}})
    assert found["master_keys"][ann.user]["keys"] == fresh["master_key"]["keys"]
    assert not found["self_signing_keys"] and not found["user_signing_keys"]
    unsigned = {"self_signing_key": cross(Signer(), bob.user, "self_signing", Signer())}
    got = await bob.ask("POST", "/v3/keys/device_signing/upload", 400, json=unsigned)
    assert got["errcode"] == "M_INVALID_SIGNATURE"


async def test_signatures_are_seen_by_whom_they_are_for(open_client, server) -> None:
    ann, bob = await people(open_client)
    mine = ann.own.sign(device_keys(ann.key, ann.user, "DESK"), ann.user, ann.own.public)
    his = ann.others.sign(bob.cross["master_key"], ann.user, ann.others.public)
    forged = ann.master.sign(bob.cross["master_key"], ann.user, ann.others.public)
    before = (await streams.since(server, ann.person, "DESK", None)).position
    body = {
        ann.user: {"DESK": mine},
        bob.user: {bob.master.public: his, "nothing": his},
        "@x:example.org": {"a": {}},
    }
    failures = (await ann.ask("POST", "/v3/keys/signatures/upload", json=body))["failures"]
    assert {user: list(each) for user, each in failures.items()} == {bob.user: ["nothing"], "@x:example.org": ["a"]}
    bad = await ann.ask("POST", "/v3/keys/signatures/upload", json={bob.user: {bob.master.public: forged}})
    assert bad["failures"][bob.user][bob.master.public]["errcode"] == "M_INVALID_SIGNATURE"
    wanted = {"device_keys": {ann.user: [], bob.user: []}}
    hers, others = [await each.ask("POST", "/v3/keys/query", json=wanted) for each in (ann, bob)]
    key = f"ed25519:{ann.own.public}"
    assert key in hers["device_keys"][ann.user]["DESK"]["signatures"][ann.user]
    assert key in others["device_keys"][ann.user]["DESK"]["signatures"][ann.user]
    assert ann.user in hers["master_keys"][bob.user]["signatures"]
    assert ann.user not in others["master_keys"][bob.user].get("signatures", {})
    told = await streams.since(server, ann.person, "DESK", before)
    assert told.signed == {ann.person.id, bob.person.id}


async def test_who_shares_an_encrypted_room_hears_of_other_keys(open_client, server) -> None:
    ann, bob = await device(open_client, "ann", "DESK"), await device(open_client, "bob", "PHONE")

    async def clock() -> int:
        return await server.store.db.value("SELECT modseq FROM account WHERE id = ?", server.account_id)

    before = await clock()
    await bob.ask("PUT", "/v3/devices/PHONE", json={"display_name": "Phone"})
    after = await clock()

    async def nobody() -> set[int]:
        return set()

    async def shared() -> set[int]:
        return {bob.person.id}

    assert await streams.keys_changed(server, ann.person, before, after, shared) == {bob.person.id}
    assert await streams.keys_changed(server, ann.person, before, after, nobody) == set()
    assert await streams.keys_changed(server, ann.person, after, after, shared) == set()
    found = await bob.ask("GET", "/v3/keys/changes", params={"from": f"s{before}_0_0", "to": f"s{after}_0_0"})
    assert found == {"changed": [bob.user], "left": []}
    assert (await ann.ask("GET", "/v3/keys/changes", 400, params={"from": "x"}))["errcode"] == "M_INVALID_PARAM"
    assert keys.KIND in streams.KINDS
