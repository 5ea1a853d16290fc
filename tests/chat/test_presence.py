"""Who is there: seen by those who share a room, where the settings allow it."""

import asyncio

from tests.chat.conftest import Opener
from tests.chat.test_rooms import both


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


async def test_what_is_no_presence(open_client: Opener) -> None:
    ann = await open_client("ann")
    path = f"/v3/presence/{ann.user}/status"
    assert (await ann.ask("PUT", path, 400, json={"presence": "dancing"}))["errcode"] == "M_INVALID_PARAM"
    assert (await ann.ask("PUT", path, 400, json={}))["errcode"] == "M_MISSING_PARAM"
    await ann.ask("GET", "/v3/presence/@nobody:example.org/status", 404)
