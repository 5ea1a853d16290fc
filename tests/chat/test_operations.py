"""Operations that no other test asks: each is answered, in few statements, and not to strangers."""

from typing import Any

from parvis.store.sql.contract import counting
from tests.chat.conftest import Client, Opener
from tests.chat.test_backups import ABOUT, session
from tests.chat.test_media import png, upload
from tests.chat.test_rooms import both, say

_MOST = 12
"""Statements of what is read; what changes something may need thrice as many."""


async def asked(client: Client, method: str, path: str, body: dict[str, Any] | None = None, **more) -> dict:
    with counting() as counted:
        found = await client.request(method, f"/_matrix{path}", json=body, **more)
    assert found.status_code == 200, (method, path, found.status_code, found.text[:500])
    assert len(counted.statements) <= (_MOST if method == "GET" else 3 * _MOST), (path, counted.statements)
    return found.json() if found.headers["content-type"] == "application/json" else {}


async def test_what_belongs_to_a_room(open_client: Opener) -> None:
    ann, bob, room = await both(open_client)
    eve = await open_client("eve")
    event = await say(ann, room, "hello")
    place = f"/client/v3/rooms/{room}"
    alias = "#choir:example.org"
    await ann.ask("PUT", "/v3/directory/room/%23choir:example.org", json={"room_id": room})
    assert await asked(bob, "GET", f"{place}/aliases") == {"aliases": [alias]}
    await eve.ask("GET", f"/v3/rooms/{room}/aliases", 403)
    listed = f"/client/v3/directory/list/room/{room}"
    for word in ("public", "private"):
        await asked(ann, "PUT", listed, {"visibility": word})
        assert await asked(bob, "GET", listed) == {"visibility": word}
    await bob.ask("PUT", f"/v3/directory/list/room/{room}", 403, json={"visibility": "public"})
    when = {"ts": "9999999999999", "dir": "b"}
    found = await asked(bob, "GET", f"/client/v1/rooms/{room}/timestamp_to_event", params=when)
    assert found["event_id"] == event and found["origin_server_ts"] > 0
    await eve.ask("GET", f"/v1/rooms/{room}/timestamp_to_event", 403, params=when)
    await asked(bob, "POST", f"{place}/read_markers", {"m.fully_read": event, "m.read": event})
    own = f"/client/v3/user/{bob.user}/rooms/{room}/account_data/org.example"
    await asked(bob, "PUT", own, {"colour": "teal"})
    assert await asked(bob, "GET", own) == {"colour": "teal"}
    await ann.ask("GET", own.removeprefix("/client"), 403)
    await asked(bob, "POST", f"{place}/report", {"reason": "noise"})
    await asked(bob, "POST", f"{place}/report/{event}", {"reason": "noise", "score": -50})
    await asked(bob, "POST", f"{place}/leave", {})
    await asked(bob, "POST", f"{place}/forget", {})
    assert room not in (await bob.ask("GET", "/v3/sync")).get("rooms", {}).get("leave", {})
    await ann.ask("POST", f"/v3/rooms/{room}/forget", 400, json={})


async def test_what_is_ones_own(open_client: Opener) -> None:
    ann, _, room = await both(open_client)
    assert await asked(ann, "GET", "/client/v3/pushrules/global/underride/.m.rule.message/actions") == {
        "actions": ["notify"]
    }
    await ann.ask("POST", "/v3/room_keys/version", json=ABOUT)
    keys, version = f"/client/v3/room_keys/keys/{room}", {"version": "1"}
    await asked(ann, "PUT", keys, {"sessions": {"s": session()}}, params=version)
    assert (await asked(ann, "DELETE", keys, params=version))["count"] == 0
    assert await asked(ann, "GET", keys, params=version) == {"sessions": {}}


async def test_where_media_was_before(open_client: Opener) -> None:
    ann, stranger = await open_client("ann"), await open_client("ann", signed_in=False)
    assert "m.upload.size" in await asked(ann, "GET", "/media/v3/config")
    place = await upload(ann, png(), "image/png", "a.png")
    paths = (f"download/{place}", f"download/{place}/b.png", f"thumbnail/{place}?width=32&height=32")
    for path in paths:
        await asked(ann, "GET", f"/media/v3/{path}")
        assert (await stranger.get(f"/_matrix/media/v3/{path}")).status_code == 401
