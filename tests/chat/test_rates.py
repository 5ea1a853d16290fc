"""Too much in a minute is refused, and it is said when it is not any more."""

import pytest

from parvis.kernel.settings import Settings
from tests.chat.conftest import Client, Opener
from tests.chat.test_rooms import both, made, say


@pytest.fixture
def settings(settings: Settings) -> Settings:
    chat = settings.chat
    chat.events_per_minute = chat.rooms_per_minute = chat.joins_per_minute = 3
    chat.invites_per_minute = chat.claims_per_minute = 1
    return settings


async def refused(client: Client, method: str, path: str, **body) -> None:
    found = await client.request(method, f"/_matrix/client{path}", json=body)
    told = found.json()
    assert (found.status_code, told["errcode"]) == (429, "M_LIMIT_EXCEEDED")
    assert int(found.headers["retry-after"]) * 1000 == told["retry_after_ms"] > 0


async def test_what_one_person_does_too_often(open_client: Opener) -> None:
    ann, bob, room = await both(open_client)
    for number in range(3):
        await say(ann, room, f"{number}")
    await refused(ann, "PUT", f"/v3/rooms/{room}/send/m.room.message/x", body="x")
    await refused(ann, "PUT", f"/v3/rooms/{room}/state/m.room.topic", topic="x")
    await say(bob, room, "another person")
    await made(ann)
    await made(ann)
    await refused(ann, "POST", "/v3/createRoom")
    await ann.ask("POST", f"/v3/rooms/{room}/invite", 404, json={"user_id": "@nobody:example.org"})
    await refused(ann, "POST", f"/v3/rooms/{room}/invite", user_id=bob.user)
    for _ in range(2):
        await bob.ask("POST", f"/v3/join/{room}", json={})
    await refused(bob, "POST", f"/v3/rooms/{room}/join")
    await ann.ask("POST", "/v3/keys/claim", json={"one_time_keys": {}})
    await refused(ann, "POST", "/v3/keys/claim", one_time_keys={})
    await ann.ask("GET", f"/v3/rooms/{room}/messages?dir=b")
