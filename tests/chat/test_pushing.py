"""Who is told of what is said while they are not there, by whom, and what nobody is told."""

import asyncio
import json
from collections.abc import AsyncIterator

import msgspec
import pytest

from parvis.chat.rooms import notifying
from parvis.kernel import clock
from parvis.serve.jmap.push.hub import PUSHED
from parvis.store.jobs import Job, Retry
from tests.chat.conftest import PASSWORD, Client, Opener
from tests.chat.test_rooms import both, made, say


class Gateway:
    """A push gateway on loopback that takes everything."""

    def __init__(self) -> None:
        self.heard: list[dict] = []
        self.status, self.rejected = 200, list[str]()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].split("\r\n")[0])
        self.heard.append(json.loads(await reader.readexactly(length)))
        body = json.dumps({"rejected": self.rejected}).encode()
        writer.write(b"HTTP/1.1 %d x\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % (self.status, len(body)))
        writer.write(body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def gateway() -> AsyncIterator[tuple[Gateway, str]]:
    made_ = Gateway()
    server = await asyncio.start_server(made_.answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield made_, f"http://127.0.0.1:{port}/_matrix/push/v1/notify"
    server.close()
    await server.wait_closed()


async def with_pusher(client: Client, context, url: str, **more) -> dict:
    """Signs a client in and sets a pusher, whose address is then made that of a gateway on loopback."""
    login = {"type": "m.login.password", "user": client.user, "password": PASSWORD}
    client.headers["authorization"] = (
        f"Bearer {(await client.ask('POST', '/v3/login', json=login))['access_token']}"
    )
    pusher = {
        "app_id": "org.x", "pushkey": "key", "kind": "http", "app_display_name": "X", "device_display_name": "Phone",
        "lang": "en", "data": {"url": "https://push.example/_matrix/push/v1/notify", "format": "event_id_only"},
    }  # fmt: skip
    await client.ask("POST", "/v3/pushers/set", json=pusher | more)
    content = json.dumps(pusher | {"data": pusher["data"] | {"url": url}})
    await context.store.db.write(lambda tx: tx.run("UPDATE chat_pusher SET content = ?", content))
    return pusher


async def run(context, room) -> list[Job]:
    """What the follower of the outbox plans, run once; returns the jobs."""
    cursor = await context.store.db.rows("SELECT MAX(position) FROM outbox")
    await room.followers[notifying.FOLLOWER](await context.store.outbox.after(0, 0, 1000))
    rows = await context.store.db.rows("SELECT id, args FROM job WHERE kind = ? ORDER BY id", notifying.JOB)
    await context.store.db.write(lambda tx: tx.run("DELETE FROM job WHERE kind = ?", notifying.JOB))
    await context.store.db.write(lambda tx: tx.run("DELETE FROM outbox WHERE position <= ?", cursor[0][0]))
    jobs = [
        Job(id=number, kind=notifying.JOB, account_id=None, args=msgspec.json.decode(args), attempts=1, progress={})
        for number, args in rows
    ]
    for job in jobs:
        await room.jobs[notifying.JOB](job)
    return jobs


async def test_a_gateway_hears_that_there_is_something_and_never_what(
    open_client: Opener, context, room, gateway
) -> None:
    (heard, url), (ann, bob, place) = gateway, await both(open_client)
    await with_pusher(bob, context, url)
    await run(context, room)
    heard.heard.clear()
    await say(ann, place, "a secret word")
    event = await say(ann, place, "for you", **{"m.mentions": {"user_ids": [bob.user]}})
    await say(bob, place, "my own")
    assert len(await run(context, room)) == 2
    first, second = (each["notification"] for each in heard.heard)
    device = {
        "app_id": "org.x",
        "pushkey": "key",
        "data": {"format": "event_id_only"},
        "tweaks": {"sound": "default"},
    }
    assert first.keys() == {"event_id", "room_id", "counts", "prio", "devices"} and first["devices"] == [device]
    assert second["event_id"] == event and second["room_id"] == place and second["counts"] == {"unread": 2}
    assert second["devices"][0]["tweaks"]["highlight"] is True
    assert "secret" not in json.dumps(heard.heard) and ann.user not in json.dumps(heard.heard)
    pushed = await context.store.db.rows("SELECT account_id FROM outbox WHERE kind = ?", PUSHED)
    assert [row[0] for row in pushed] == [bob.person.id] * 2


async def test_who_is_invited_hears_of_it_and_of_nothing_else(open_client: Opener, context, room, gateway) -> None:
    (heard, url), ann, bob = gateway, await open_client("ann"), await open_client("bob")
    await with_pusher(bob, context, url)
    place = await made(ann, invite=[bob.user])
    await say(ann, place, "before")
    await run(context, room)
    assert len(heard.heard) == 1


async def test_what_was_read_or_muted_is_not_told(open_client: Opener, context, room, gateway) -> None:
    (heard, url), (ann, bob, place) = gateway, await both(open_client)
    await with_pusher(bob, context, url)
    await run(context, room)
    heard.heard.clear()
    event = await say(ann, place, "read at once")
    await bob.ask("POST", f"/v3/rooms/{place}/receipt/m.read/{event}", json={})
    await run(context, room)
    await bob.ask("PUT", f"/v3/pushrules/global/room/{place}", json={"actions": []})
    await say(ann, place, "muted")
    assert await run(context, room) == [] and heard.heard == []


async def test_of_who_is_ignored_nothing_is_told(open_client: Opener, context, room, gateway) -> None:
    (heard, url), (ann, bob, place) = gateway, await both(open_client)
    await with_pusher(bob, context, url)
    await run(context, room)
    heard.heard.clear()
    path, ignored = f"/v3/user/{bob.user}/account_data/m.ignored_user_list", {"ignored_users": {ann.user: {}}}
    await bob.ask("PUT", path, json=ignored)
    await say(ann, place, "unheard")
    assert await run(context, room) == [] and heard.heard == []
    assert (await bob.ask("GET", "/v3/notifications"))["notifications"] == []


async def test_keys_that_are_rejected_go_and_what_fails_is_tried_again(
    open_client: Opener, context, room, gateway
) -> None:
    (heard, url), (ann, bob, place) = gateway, await both(open_client)
    await with_pusher(bob, context, url)
    heard.status = 503
    await say(ann, place, "one")
    with pytest.raises(Retry) as raised:
        await run(context, room)
    assert raised.value.at_ms > clock.now_ms()
    heard.status, heard.rejected = 200, ["key"]
    await say(ann, place, "two")
    await run(context, room)
    assert await bob.ask("GET", "/v3/pushers") == {"pushers": []}
    await say(ann, place, "three")
    assert await run(context, room) == []


async def test_one_key_tells_one_person_unless_it_says_otherwise(open_client: Opener, context, gateway) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    await with_pusher(ann, context, gateway[1])
    await with_pusher(bob, context, gateway[1], append=True)
    assert len((await ann.ask("GET", "/v3/pushers"))["pushers"]) == 1
    await with_pusher(bob, context, gateway[1])
    assert (await ann.ask("GET", "/v3/pushers"))["pushers"] == []
    assert len((await bob.ask("GET", "/v3/pushers"))["pushers"]) == 1
    refused = await ann.ask("POST", "/v3/pushers/set", 400, json={"app_id": "x", "pushkey": "y", "kind": "email"})
    assert refused["errcode"] == "M_INVALID_PARAM"


async def test_a_sign_in_that_ended_is_told_nothing(open_client: Opener, context, room, gateway) -> None:
    (heard, url), (ann, bob, place) = gateway, await both(open_client)
    await with_pusher(bob, context, url)
    await run(context, room)
    heard.heard.clear()
    await context.store.db.write(lambda tx: tx.run("DELETE FROM session WHERE principal_id = ?", bob.person.id))
    await say(ann, place, "gone")
    assert await run(context, room) == []
