"""Backups of keys: versions, what is better, and counts."""

from parvis.store.sql.contract import counting
from tests.chat.keyring import CURVE

ROOM, OTHER = "!one:example.org", "!two:example.org"
ABOUT = {
    "algorithm": "m.megolm_backup.v1.curve25519-aes-sha2",
    "auth_data": {"public_key": CURVE, "signatures": {}},
}


def session(first: int = 0, verified: bool = False, text: str = "x") -> dict:
    return {
        "first_message_index": first, "forwarded_count": 0, "is_verified": verified, "session_data": {"text": text},
    }  # fmt: skip


async def test_versions_begin_change_and_end(open_client) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    assert (await ann.ask("GET", "/v3/room_keys/version", 404))["errcode"] == "M_NOT_FOUND"
    assert await ann.ask("POST", "/v3/room_keys/version", json=ABOUT) == {"version": "1"}
    assert await ann.ask("POST", "/v3/room_keys/version", json=ABOUT) == {"version": "2"}
    wanted = ABOUT | {"version": "2", "count": 0, "etag": "0"}
    assert await ann.ask("GET", "/v3/room_keys/version") == wanted
    assert (await ann.ask("GET", "/v3/room_keys/version/1"))["version"] == "1"
    changed = ABOUT | {"auth_data": {"public_key": CURVE, "signatures": {"a": {}}}}
    await ann.ask("PUT", "/v3/room_keys/version/2", json=changed | {"version": "2"})
    assert (await ann.ask("GET", "/v3/room_keys/version"))["auth_data"] == changed["auth_data"]
    for body in (changed | {"algorithm": "other"}, changed | {"version": "1"}):
        assert (await ann.ask("PUT", "/v3/room_keys/version/2", 400, json=body))["errcode"] == "M_INVALID_PARAM"
    assert (await bob.ask("GET", "/v3/room_keys/version/2", 404))["errcode"] == "M_NOT_FOUND"
    await ann.ask("DELETE", "/v3/room_keys/version/2")
    assert (await ann.ask("GET", "/v3/room_keys/version"))["version"] == "1"
    assert await ann.ask("POST", "/v3/room_keys/version", json=ABOUT) == {"version": "3"}


async def test_the_better_keys_stay(open_client) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    await ann.ask("POST", "/v3/room_keys/version", json=ABOUT)
    path, place = f"/v3/room_keys/keys/{ROOM}/s1?version=1", f"/v3/room_keys/keys/{ROOM}?version=1"
    assert await ann.ask("PUT", path, json=session(5)) == {"count": 1, "etag": "1"}
    assert await ann.ask("PUT", path, json=session(7)) == {"count": 1, "etag": "1"}
    assert await ann.ask("PUT", path, json=session(3)) == {"count": 1, "etag": "2"}
    assert await ann.ask("PUT", path, json=session(9, True, "y")) == {"count": 1, "etag": "3"}
    assert await ann.ask("GET", path) == session(9, True, "y")
    await ann.ask("PUT", place, json={"sessions": {"s2": session(), "s1": session(1)}})
    assert await ann.ask("GET", place) == {"sessions": {"s1": session(9, True, "y"), "s2": session()}}
    everything = {"rooms": {OTHER: {"sessions": {f"n{number}": session() for number in range(50)}}}}
    with counting() as counted:
        found = await ann.ask("PUT", "/v3/room_keys/keys?version=1", json=everything)
    assert found["count"] == 52 and len(counted.statements) <= 12
    assert set((await ann.ask("GET", "/v3/room_keys/keys?version=1"))["rooms"]) == {ROOM, OTHER}
    assert (await ann.ask("DELETE", path))["count"] == 51
    assert (await ann.ask("GET", path, 404))["errcode"] == "M_NOT_FOUND"
    assert (await ann.ask("DELETE", "/v3/room_keys/keys?version=1"))["count"] == 0
    assert await ann.ask("GET", place) == {"sessions": {}}
    assert (await bob.ask("GET", path, 404))["errcode"] == "M_NOT_FOUND"


async def test_keys_go_into_the_newest_version_only(open_client) -> None:
    ann = await open_client("ann")
    for _ in range(2):
        await ann.ask("POST", "/v3/room_keys/version", json=ABOUT)
    path = f"/v3/room_keys/keys/{ROOM}/s1"
    wrong = await ann.ask("PUT", f"{path}?version=1", 403, json=session())
    assert (wrong["errcode"], wrong["current_version"]) == ("M_WRONG_ROOM_KEYS_VERSION", "2")
    assert (await ann.ask("PUT", f"{path}?version=9", 404, json=session()))["errcode"] == "M_NOT_FOUND"
    assert (await ann.ask("PUT", path, 400, json=session()))["errcode"] == "M_MISSING_PARAM"
    assert (await ann.ask("PUT", f"{path}?version=2", 400, json={}))["errcode"] == "M_INVALID_PARAM"
