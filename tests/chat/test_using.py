"""Media goes with the last message that names it: purged, taken back, or gone with its room."""

import pytest

from parvis.chat.rooms import purging, removing, using
from parvis.chat.rooms import store as rows
from parvis.kernel import clock
from parvis.serve.context import Context
from parvis.store.jobs import Job
from parvis.store.store import Store
from tests.chat.conftest import Client, Opener
from tests.chat.test_media import fetch, upload
from tests.chat.test_retention import moment
from tests.chat.test_rooms import both, made, say

DAY_MS = 86_400_000


async def show(client: Client, room: str, place: str, **more) -> str:
    """Sends a picture that was uploaded."""
    body = {"msgtype": "m.image", "body": "p.png", "url": f"mxc://{place}", **more}
    path = f"/v3/rooms/{room}/send/m.room.message/{place[-6:]}{len(room)}{len(more)}"
    return (await client.ask("PUT", path, json=body))["event_id"]


async def there(client: Client, *places: str) -> list[bool]:
    return [(await fetch(client, f"download/{place}")).status_code == 200 for place in places]


async def links(store: Store) -> int:
    return int(await store.db.value("SELECT COUNT(*) FROM blob_link WHERE kind = 'ChatMedia'"))


async def purge(store: Store, room: str, before_ms: int) -> None:
    row = await rows.room_named(store.db, room)
    assert row is not None
    await purging.purge(store, row.id, before_ms)


async def test_it_goes_with_the_last_message_that_names_it(open_client: Opener, context: Context) -> None:
    ann, bob, room = await both(open_client)
    store, other = context.store, await made(bob)
    once, twice, avatar, face, loose = [await upload(ann, f"{each}".encode()) for each in range(5)]
    small = await upload(ann, b"small")
    await show(ann, room, once, info={"thumbnail_url": f"mxc://{small}"})
    await show(ann, room, twice)
    kept = await show(bob, other, twice)
    await show(ann, room, face)
    await ann.ask("PUT", f"/v3/profile/{ann.user}/avatar_url", json={"avatar_url": f"mxc://{face}"})
    await ann.ask("PUT", f"/v3/rooms/{room}/state/m.room.avatar", json={"url": f"mxc://{avatar}"})
    before = await links(store)
    await purge(store, room, await moment())
    assert await there(ann, once, small, twice, avatar, face, loose) == [False, False, True, True, True, True]
    assert await links(store) == before - 2
    await bob.ask("PUT", f"/v3/rooms/{other}/redact/{kept}/1", json={})
    assert await there(ann, twice, loose) == [False, True]
    await ann.ask("PUT", f"/v3/rooms/{room}/state/m.room.avatar", json={"url": ""})
    await say(ann, room, "the next event follows this one, and not the picture")
    await purge(store, room, await moment())
    assert await there(ann, avatar) == [False]
    assert await store.db.value("SELECT COUNT(*) FROM chat_media_use") == 0


async def test_it_goes_with_the_room(open_client: Opener, context: Context) -> None:
    ann, store = await open_client("ann"), context.store
    place = await upload(ann, b"x")
    avatar = {"type": "m.room.avatar", "state_key": "", "content": {"url": f"mxc://{place}"}}
    room = await made(ann, initial_state=[avatar])
    row = await rows.room_named(store.db, room)
    assert row is not None
    await ann.ask("POST", f"/v3/rooms/{room}/leave", json={})
    assert await there(ann, place) == [True]
    await removing.Removing(store).run(_job(removing.JOB, room=row.id))
    assert await there(ann, place) == [False]


async def test_what_is_not_known_to_be_named_goes_by_age_where_the_settings_say_so(
    open_client: Opener, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, _bob, room = await both(open_client)
    named, sealed = await upload(ann, b"named"), await upload(ann, b"sealed")
    await show(ann, room, named)
    now = clock.now_ms()
    monkeypatch.setattr(clock, "now_ms", lambda: now + 40 * DAY_MS)
    young = await upload(ann, b"young")
    daily, settings = using.tidying(context.settings), context.settings.chat.retention
    assert await daily(context.store) == 0
    settings.unnamed_days = 30
    assert await daily(context.store) == 1
    assert await there(ann, named, sealed, young) == [True, False, True]


async def test_what_was_said_before_is_noted(open_client: Opener, context: Context) -> None:
    ann, _bob, room = await both(open_client)
    store = context.store
    first, second = await upload(ann, b"first"), await upload(ann, b"second")
    events = [await show(ann, room, place) for place in (first, second)]
    name = [place.partition("/")[2] for place in (first, second)]

    async def as_before(unit) -> None:
        await unit.run("UPDATE chat_media_use SET event = 0")

    await store.write(as_before)
    await ann.ask("PUT", f"/v3/rooms/{room}/redact/{events[0]}/1", json={})
    assert await there(ann, first) == [True]  # it is not known yet who else names it
    await using.Noting(store, "example.org").run(_job(using.JOB))
    found = await store.db.rows("SELECT name FROM chat_media_use")
    assert found == [(name[1],)]
    await ann.ask("PUT", f"/v3/rooms/{room}/redact/{events[1]}/2", json={})
    assert await there(ann, second) == [False]


def _job(kind: str, **args: int) -> Job:
    return Job(id=1, kind=kind, account_id=None, args=args, attempts=1, progress={})
