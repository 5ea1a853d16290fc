"""Two nodes on PostgreSQL, S3 and NATS: what happens on one is known on the other at once."""

import asyncio

import pytest

from parvis.access import accounts, gate, sessions
from parvis.kernel.errors import NotFound, Unauthenticated
from parvis.kernel.settings import Settings
from parvis.store.store import Store


@pytest.fixture
async def nodes(tmp_path, postgres, s3, nats_server, rooms):
    settings = Settings(
        data=str(tmp_path), database=await postgres.migrated(tuple(rooms)), blobs=s3.fresh(), bus=nats_server.url
    )
    opened = [await Store.open(settings, rooms) for _ in range(2)]
    yield opened
    for store in opened:
        await store.close()
    await postgres.drop(settings.database)


async def test_a_change_wakes_the_other_node_and_its_bytes_are_there(nodes, make_person) -> None:
    here, there = nodes
    ann = await make_person(here, "ann")
    heard: asyncio.Queue = asyncio.Queue()
    events: asyncio.Queue = asyncio.Queue()

    async def follow(page) -> None:
        for event in page:
            events.put_nowait(event)

    await there.on_state_change(heard.put_nowait)
    follower = asyncio.create_task(there.outbox.follow("index", follow))
    digest = await here.blobs.put(b"from the other node")
    await here.write(lambda unit: unit.changed(ann.id, "Thing", 7, "created"))
    async with asyncio.timeout(20):
        while "Thing" not in (told := await heard.get()).changed:  # what came before may be heard late
            pass
        while (event := await events.get()).body.get("kind") != "Thing":
            pass
    assert (told.account_id, list(told.changed)) == (ann.id, ["Thing"])
    assert event.body["created"] == [7]
    assert await there.blobs.get(digest) == b"from the other node"
    follower.cancel()
    await asyncio.gather(follower, return_exceptions=True)


async def test_a_session_that_ends_here_is_refused_there(nodes, make_person) -> None:
    here, there = nodes
    ann = await make_person(here, "ann")
    token, session = await sessions.open(here, ann, "Firefox", "192.0.2.1")
    assert (await sessions.resolve(there, token)).session_id == session.id
    closed: asyncio.Queue = asyncio.Queue()
    await sessions.on_end(there, closed.put_nowait)
    await sessions.end(here, ann, session.id)
    async with asyncio.timeout(20):
        assert (await closed.get()).session_id == session.id
    with pytest.raises(Unauthenticated):
        await sessions.resolve(there, token)


async def test_who_is_disabled_here_sees_nothing_there(nodes, make_person) -> None:
    here, there = nodes
    ann = await make_person(here, "ann")
    await gate.require(there.db, ann, ann.id, "mail")
    await accounts.disable(here, ann.id)
    with pytest.raises(NotFound):
        await gate.require(there.db, ann, ann.id, "mail")


async def test_a_job_asked_for_here_is_done_there(nodes) -> None:
    here, there = nodes
    done = asyncio.Event()

    async def handler(job) -> None:
        done.set()

    there.jobs.handle("send", handler)
    worker = asyncio.create_task(there.jobs.run())
    await asyncio.sleep(0.1)
    await here.write(lambda unit: here.jobs.add(unit, "send", {}))
    async with asyncio.timeout(20):
        await done.wait()
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
