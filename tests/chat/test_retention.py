"""What was said too long ago goes, with its bytes; what the room needs stays, here and between servers."""

import asyncio
import secrets

import pytest

from parvis.chat.rooms import purging, retention
from parvis.chat.rooms import store as rows
from parvis.chat.source import ChatSource
from parvis.kernel import clock
from parvis.kernel.settings import Retention
from parvis.serve.context import Context
from parvis.store import check
from parvis.store.store import Store
from tests.chat.conftest import Opener
from tests.chat.federation.conftest import databases, net
from tests.chat.federation.sides import A, B, Net
from tests.chat.federation.sides import both as both_sides
from tests.chat.test_rooms import both, made, say, texts

__all__ = ["databases", "net"]
LONG = "what nobody needs any more, " * 100


async def purge(store: Store, room: str, before_ms: int) -> int:
    """Purges a room; how many events were looked at."""
    row = await rows.room_named(store.db, room)
    assert row is not None
    return await purging.purge(store, row.id, before_ms)


async def moment() -> int:
    """A moment with nothing beside it."""
    await asyncio.sleep(0.003)
    now = clock.now_ms()
    await asyncio.sleep(0.003)
    return now


async def used(store: Store) -> int:
    """Bytes of the database that are in use, without those that are free for what comes; SQLite."""
    pages, free, size = [
        int(await store.db.value(f"PRAGMA {name}")) for name in ("page_count", "freelist_count", "page_size")
    ]
    return (pages - free) * size


async def test_what_was_said_goes_with_its_bytes(open_client: Opener, context: Context) -> None:
    ann, bob, room = await both(open_client, topic="first")
    store, lite = context.store, context.store.db.dialect.name == "sqlite"
    for topic in ("second", "third"):
        await ann.ask("PUT", f"/v3/rooms/{room}/state/m.room.topic", json={"topic": topic})
    empty = await used(store) if lite else 0
    old = [await say(ann, room, f"{number} {LONG}", txn=f"{number}") for number in range(purging.PORTION + 20)]
    await ann.ask("PUT", f"/v3/rooms/{room}/redact/{old[1]}/x", json={})
    cut = await moment()
    await ann.ask("PUT", f"/v3/rooms/{room}/redact/{old[2]}/x", json={})
    about = {"m.relates_to": {"rel_type": "m.annotation", "event_id": old[3], "key": "+"}}
    await bob.ask("PUT", f"/v3/rooms/{room}/send/m.reaction/r", json=about)
    new = await say(bob, room, "what was said yesterday")
    state = {each.event_id for each in await rows.whole_state(store.db, await _number(store, room))}
    full = await used(store) if lite else 0
    assert await purge(store, room, cut) > len(old)
    if lite:
        left = await used(store)
        print(f"\nbytes in use: {empty} before, {full} with {len(old)} messages, {left} after the purge")
        assert left - empty < (full - empty) * 0.15
    assert await texts(bob, room) == ["what was said yesterday"]
    await bob.ask("GET", f"/v3/rooms/{room}/event/{old[0]}", 404)
    assert (await bob.ask("GET", f"/v3/rooms/{room}/event/{new}"))["event_id"] == new
    assert {each.event_id for each in await rows.whole_state(store.db, await _number(store, room))} == state
    log = "SELECT COUNT(*) FROM chat_state_log WHERE type = 'm.room.topic'"
    assert await store.db.value(log) == 1
    assert await store.db.value("SELECT COUNT(*) FROM chat_event WHERE type = 'm.room.topic'") == 1
    assert await check.check(store) == []
    told = (await bob.ask("GET", "/v3/sync"))["rooms"]["join"][room]
    assert {each["content"].get("topic") for each in told["state"]["events"]} >= {"third"}
    again = await say(ann, room, "and today")
    assert (await texts(bob, room))[0] == "and today" and again


async def taken(store: Store) -> int:
    """Bytes that what is said takes on the disk, with its indexes and what is free in them; SQLite: all."""
    if store.db.dialect.name == "sqlite":
        return int(await store.db.value("PRAGMA page_count")) * int(await store.db.value("PRAGMA page_size"))
    return int(
        await store.db.value("SELECT pg_total_relation_size('chat_event') + pg_total_relation_size('change')")
    )


async def test_what_is_free_is_used_again(
    open_client: Opener, context: Context, request: pytest.FixtureRequest
) -> None:
    ann, store = await open_client("ann"), context.store
    room, sizes = await made(ann), [await taken(store)]
    for turn in range(3):
        for number in range(150):
            await say(ann, room, secrets.token_hex(1500), txn=f"{turn} {number}")
        sizes.append(await taken(store))
        await purge(store, room, await moment())
        if store.db.dialect.name != "sqlite":  # autovacuum does it, but for tests
            await request.getfixturevalue("postgres").run("VACUUM", context.settings.database)
    print(f"\nbytes taken: {sizes[0]} before, and with as much said three times, purged in between: {sizes[1:]}")
    assert sizes[3] - sizes[1] < (sizes[1] - sizes[0]) * 0.5


async def _number(store: Store, room: str) -> int:
    row = await rows.room_named(store.db, room)
    assert row is not None
    return row.id


async def test_the_last_word_goes_too_and_the_room_goes_on(open_client: Opener, context: Context) -> None:
    ann, bob, room = await both(open_client)
    store = context.store
    last = await say(ann, room, "the last word")
    stored = (await rows.by_event_ids(store.db, await _number(store, room), [last]))[last]
    account = context.store.db
    assert await ChatSource(_server(context)).item(await _account(context), stored.id) is not None
    await purge(store, room, await moment())
    assert await texts(bob, room) == []
    assert not [
        row for row in await account.rows("SELECT json FROM chat_event") if b"the last word" in bytes(row[0])
    ]
    assert await ChatSource(_server(context)).item(await _account(context), stored.id) is None
    assert await say(bob, room, "a new word") and await texts(ann, room) == ["a new word"]
    carol = await open_client("carol")
    await ann.ask("POST", f"/v3/rooms/{room}/invite", json={"user_id": carol.user})
    await carol.ask("POST", f"/v3/rooms/{room}/join", json={})
    assert await texts(carol, room) == ["a new word"]
    await purge(store, room, await moment())
    assert await texts(carol, room) == [] and await check.check(store) == []
    assert len((await carol.ask("GET", f"/v3/rooms/{room}/joined_members"))["joined"]) == 3


def _server(context: Context):
    from parvis.chat.rooms.service import Rooms

    return context.need(Rooms).home._server


async def _account(context: Context) -> int:
    return _server(context).account_id


async def test_servers_go_on_where_one_has_purged(net: Net) -> None:
    ann, bob, room = await both_sides(net, topic="first")
    a, b = net.sides[A], net.sides[B]
    for number in range(5):
        await say(ann, room, f"from a {number}")
        await net.flow()
        await say(bob, room, f"from b {number}")
        await net.flow()
    await purge(b.context.store, room, await moment())
    net.asked.clear()
    assert await texts(bob, room) == []
    await say(ann, room, "after")
    await net.flow()
    await say(bob, room, "and back")
    await net.flow()
    assert await texts(bob, room) == ["and back", "after"]
    assert (await texts(ann, room))[:3] == ["and back", "after", "from b 4"]
    assert not [path for _, _, path in net.asked if "send" not in path], "what went was asked for again"
    assert await a.state(room) == await b.state(room)


async def test_branches_that_stay_rest_on_nothing_that_went(net: Net) -> None:
    ann, bob, room = await both_sides(net)
    a, b = net.sides[A], net.sides[B]
    users = {"users": {bob.user: 50}}
    await ann.ask("PUT", f"/v3/rooms/{room}/state/m.room.power_levels", json=users)
    await net.flow()
    net.cut.add(frozenset((A, B)))
    for number in range(4):
        await ann.ask("PUT", f"/v3/rooms/{room}/state/m.room.topic", json={"topic": f"a {number}"})
        await bob.ask("PUT", f"/v3/rooms/{room}/state/m.room.topic", json={"topic": f"b {number}"})
        await say(ann, room, f"a says {number}")
        await say(bob, room, f"b says {number}")
        if number == 1:
            cut = await moment()
    net.cut.clear()
    await net.flow()
    assert await a.state(room) == await b.state(room)
    before = {name: await side.state(room) for name, side in net.sides.items()}
    for side in net.sides.values():
        assert await purge(side.context.store, room, cut)
        assert await check.check(side.context.store) == []
    assert {name: await side.state(room) for name, side in net.sides.items()} == before
    for client, gone in ((ann, "a"), (bob, "b")):  # what came late goes with what stands before it
        left = set(await texts(client, room))
        assert left.isdisjoint({f"{gone} says 0", f"{gone} says 1"}) and {"a says 3", "b says 3"} <= left
    net.cut.add(frozenset((A, B)))
    await ann.ask("PUT", f"/v3/rooms/{room}/state/m.room.topic", json={"topic": "a last"})
    await bob.ask("PUT", f"/v3/rooms/{room}/state/m.room.topic", json={"topic": "b last"})
    net.cut.clear()
    await net.flow()
    await say(ann, room, "together")
    await net.flow()
    assert await a.state(room) == await b.state(room)
    for side in net.sides.values():
        await purge(side.context.store, room, await moment())
    await say(bob, room, "still together")
    await net.flow()
    assert await texts(ann, room) == ["still together"] == await texts(bob, room)
    assert await a.state(room) == await b.state(room)


async def test_what_comes_late_brings_nothing_back(net: Net) -> None:
    ann, bob, room = await both_sides(net)
    a, b = net.sides[A], net.sides[B]
    names = [await say(ann, room, f"old {number}") for number in range(3)]
    await net.flow()
    old = await rows.by_event_ids(a.context.store.db, await _number(a.context.store, room), names)
    net.cut.add(frozenset((A, B)))
    late = await say(ann, room, "said before, and never sent")
    cut = await moment()
    topic = f"/v3/rooms/{room}/state/m.room.topic"
    await ann.ask("PUT", topic, json={"topic": "of a"})
    await say(ann, room, "said after")
    await say(bob, room, "goes on")
    await purge(b.context.store, room, cut)
    net.cut.clear()
    told = await b.shared.events.pdus(A, [each.event.source for each in old.values()])  # it is sent once more
    assert all("error" in said for said in told.values()) and set(told) == set(names)
    await net.flow()
    assert await texts(bob, room) == ["said after", "goes on"]
    assert await bob.ask("GET", topic) == {"topic": "of a"}
    kept = await b.context.store.db.rows("SELECT json FROM chat_event")
    assert not any(b"old " in bytes(row[0]) or b"never sent" in bytes(row[0]) for row in kept), late
    assert await a.state(room) == await b.state(room)
    await say(bob, room, "and on")
    await net.flow()
    assert (await texts(ann, room))[0] == "and on" and (await texts(bob, room))[0] == "and on"


DAY = 86_400_000


@pytest.mark.parametrize(
    ("settings", "policy", "days"),
    [
        (Retention(), None, 0),
        (Retention(days=90), None, 90),
        (Retention(days=90, most_days=30), None, 30),
        (Retention(most_days=30), None, 30),
        (Retention(), {"max_lifetime": 7 * DAY}, 7),
        (Retention(), {"max_lifetime": 1}, 1),
        (Retention(least_days=14), {"max_lifetime": 7 * DAY}, 14),
        (Retention(most_days=30), {"max_lifetime": 90 * DAY}, 30),
        (Retention(least_days=0, days=5), {"max_lifetime": 90 * DAY}, 5),
        (Retention(days=5), {"max_lifetime": "7"}, 5),
        (Retention(days=5), {"max_lifetime": True}, 5),
        (Retention(days=5), {"min_lifetime": DAY}, 5),
    ],
)
def test_a_room_is_heard_within_bounds(settings: Retention, policy: dict | None, days: int) -> None:
    assert retention.lifetime_ms(settings, policy) == days * DAY


async def test_what_is_too_old_is_planned_and_purged(
    open_client: Opener, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, store = await open_client("ann"), context.store
    policy = {"type": "m.room.retention", "state_key": "", "content": {"max_lifetime": 2 * DAY}}
    short, long = await made(ann, initial_state=[policy]), await made(ann)
    for room in (short, long):
        await say(ann, room, "old")
    daily = retention.tidying(context.settings)
    assert await daily(store) == 0
    now = clock.now_ms()
    monkeypatch.setattr(clock, "now_ms", lambda: now + 3 * DAY)
    await say(ann, short, "young")
    assert await daily(store) == 1 and await daily(store) in (0, 1)
    [(args,)] = await store.db.rows("SELECT args FROM job WHERE kind = ?", retention.JOB)
    await purge(store, short, now + DAY)
    assert str(await _number(store, short)) in args
    assert await texts(ann, short) == ["young"] and await texts(ann, long) == ["old"]
    context.settings.chat.retention.days = 1
    assert await daily(store) == 1  # the other; there is a job for the one already
