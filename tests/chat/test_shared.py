"""What many who wait are told alike is read once; what is somebody's own stays theirs."""

import asyncio

import pytest

from parvis.chat.rooms.shared import Shared
from parvis.store.sql.contract import counting
from tests.chat.conftest import Client, Opener
from tests.chat.test_login import login
from tests.chat.test_rooms import both, made, say


async def test_one_reads_for_all() -> None:
    shared, asked = Shared(), 0

    async def read() -> int:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.01)
        return asked

    assert await asyncio.gather(*(shared.of("a", read) for _ in range(5))) == [1] * 5
    assert await shared.of("a", read) == 1 and await shared.of("b", read) == 2


async def test_where_the_first_goes_away_the_next_reads() -> None:
    shared, asked = Shared(), 0

    async def read() -> int:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.01)
        return asked

    first, others = asyncio.create_task(shared.of("a", read)), [asyncio.create_task(shared.of("a", read))]
    await asyncio.sleep(0)
    others += [asyncio.create_task(shared.of("a", read)) for _ in range(3)]
    await asyncio.sleep(0)
    first.cancel()
    others[1].cancel()
    done = await asyncio.gather(first, *others, return_exceptions=True)
    assert isinstance(done[0], asyncio.CancelledError) and isinstance(done[2], asyncio.CancelledError)
    assert [done[1], *done[3:]] == [2] * 3


async def test_what_failed_is_read_anew() -> None:
    shared, fail = Shared(), True

    async def read() -> str:
        if fail:
            raise ValueError("no")
        return "yes"

    with pytest.raises(ValueError, match="no"):
        await shared.of("a", read)
    fail = False
    assert await shared.of("a", read) == "yes"


async def waiting(client: Client, since: str) -> dict:
    """What a client that waits is told."""
    return await client.ask("GET", "/v3/sync", params={"since": since, "timeout": 10_000})


async def test_all_who_wait_are_told_and_few_statements_are_said(open_client: Opener) -> None:
    ann, bob, room = await both(open_client)
    await login(ann)
    people = [bob, *[await open_client(f"p{number}") for number in range(4)]]
    for each in people[1:]:
        await ann.ask("POST", f"/v3/rooms/{room}/invite", json={"user_id": each.user})
        await each.ask("POST", f"/v3/rooms/{room}/join", json={})
    await say(ann, room, "first")
    places = {}
    for each in (ann, *people):
        places[each] = (await each.ask("GET", "/v3/sync"))["next_batch"]
    for text in ("second", "@room third"):
        with counting() as count:
            tasks = {each: asyncio.create_task(waiting(each, places[each])) for each in (ann, *people)}
            await asyncio.sleep(0.2)
            await say(ann, room, text, txn=text)
            told = {each: await task for each, task in tasks.items()}
        for each, answer in told.items():
            places[each] = answer["next_batch"]
            (event,) = answer["rooms"]["join"][room]["timeline"]["events"]
            assert event["content"]["body"] == text
            assert event["unsigned"].get("transaction_id") == (text if each is ann else None)
    # Ann's own, the unit, and for each of five who wait: two clocks and their rooms twice, what changed, what they
    # left or are asked to
    assert len(count) <= 45 + 5 * 10, count.statements
    for each in people:
        assert told[each]["rooms"]["join"][room]["unread_notifications"]["notification_count"] == 3
        event_id = told[each]["rooms"]["join"][room]["timeline"]["events"][0]["event_id"]
    await bob.ask("POST", f"/v3/rooms/{room}/receipt/m.read.private/{event_id}", json={})
    await people[1].ask("POST", f"/v3/rooms/{room}/receipt/m.read/{event_id}", json={})
    await say(ann, room, "fourth")
    counts, seen = [], []
    for each in people[:3]:
        joined = (await waiting(each, places[each]))["rooms"]["join"][room]
        counts.append(joined["unread_notifications"]["notification_count"])
        seen.append({kind for said in joined["ephemeral"]["events"] for kind in said["content"][event_id]})
    assert counts == [1, 1, 4] and seen == [{"m.read", "m.read.private"}, {"m.read"}, {"m.read"}]


async def test_who_takes_part_in_a_thread_is_told_so_and_nobody_else(open_client: Opener) -> None:
    ann, bob, room = await both(open_client)
    eve = await open_client("eve")
    await ann.ask("POST", f"/v3/rooms/{room}/invite", json={"user_id": eve.user})
    await eve.ask("POST", f"/v3/rooms/{room}/join", json={})
    places = [(await each.ask("GET", "/v3/sync"))["next_batch"] for each in (bob, eve)]
    root = await say(ann, room, "root")
    await say(bob, room, "in it", **{"m.relates_to": {"rel_type": "m.thread", "event_id": root}})
    took = []
    for each, place in zip((bob, eve), places, strict=True):
        events = (await waiting(each, place))["rooms"]["join"][room]["timeline"]["events"]
        took.append(events[0]["unsigned"]["m.relations"]["m.thread"]["current_user_participated"])
    assert took == [True, False]


async def test_who_comes_sees_what_those_see_who_are_there(open_client: Opener) -> None:
    ann, bob, room = await both(open_client)
    other = await made(ann, preset="public_chat")
    place = (await bob.ask("GET", "/v3/sync"))["next_batch"]
    await say(ann, other, "before")
    await bob.ask("POST", f"/v3/rooms/{other}/join", json={})
    await say(ann, room, "here")
    joined = (await waiting(bob, place))["rooms"]["join"]
    assert [each["content"].get("body") for each in joined[room]["timeline"]["events"]] == ["here"]
    assert "before" in [each["content"].get("body") for each in joined[other]["timeline"]["events"]]
