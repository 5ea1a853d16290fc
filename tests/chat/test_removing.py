"""A room that nobody here is in any more goes as a whole; who is invited again finds it anew."""

import pytest

from parvis.chat.rooms import removing
from parvis.chat.rooms import store as rows
from parvis.kernel import clock
from parvis.store import check
from parvis.store.jobs import Job
from tests.chat.federation.conftest import databases, net
from tests.chat.federation.sides import A, B, Net, both
from tests.chat.test_rooms import made, say, texts

__all__ = ["databases", "net"]
DAYS_MS = 3 * 86_400_000
TABLES = (*(name for name, _ in removing._LEFT), "chat_event")


def job(room: int) -> Job:
    """One that was planned."""
    return Job(id=1, kind=removing.JOB, account_id=None, args={"room": room}, attempts=1, progress={})


async def test_a_room_that_everybody_has_left_goes(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, bob, room = await both(net, topic="x")
    side = net.sides[B]
    store, settings = side.context.store, side.context.settings
    other = await made(bob)
    await say(ann, room, "before")
    await net.flow()
    row = await rows.room_named(store.db, room)
    assert row is not None
    daily = removing.tidying(settings)
    later = clock.now_ms() + DAYS_MS
    monkeypatch.setattr(clock, "now_ms", lambda: later)
    settings.chat.retention.left_days = 1
    assert await daily(store) == 0  # Bob is in it
    await bob.ask("POST", f"/v3/rooms/{room}/leave", json={})
    await net.flow()
    assert await daily(store) == 0  # he has just left
    settings.chat.retention.left_days = 0
    monkeypatch.setattr(clock, "now_ms", lambda: later + DAYS_MS)
    assert await daily(store) == 0
    settings.chat.retention.left_days = 1
    assert await daily(store) == 1
    await removing.Removing(store).run(job(row.id))
    assert await rows.room_named(store.db, room) is None
    left = {name: await store.db.value(f"SELECT COUNT(*) FROM {name} WHERE room = ?", row.id) for name in TABLES}
    assert not any(left.values()), left
    assert await store.db.value("SELECT COUNT(*) FROM chat_branch WHERE room = ?", row.id) == 0
    assert await store.db.value("SELECT COUNT(*) FROM change WHERE part = ?", row.id) == 1
    assert await check.check(store) == []
    assert await rows.room_named(store.db, other) is not None
    await ann.ask("POST", f"/v3/rooms/{room}/invite", json={"user_id": bob.user})
    await bob.ask("POST", f"/v3/rooms/{room}/join", json={})
    await net.flow()
    await say(ann, room, "again")
    await net.flow()
    assert (await texts(bob, room))[0] == "again"
    assert await net.sides[A].state(room) == await side.state(room)


async def test_who_has_come_back_keeps_the_room(net: Net) -> None:
    _, bob, room = await both(net)
    store = net.sides[B].context.store
    row = await rows.room_named(store.db, room)
    assert row is not None
    await removing.Removing(store).run(job(row.id))
    assert await rows.room_named(store.db, room) is not None and await say(bob, room, "still here")
