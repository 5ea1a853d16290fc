"""Durable jobs on both databases: run once, retried, taken over after a crash, listed, removed."""

import asyncio

import pytest

from parvis.kernel import clock
from parvis.kernel.errors import Unavailable
from parvis.store import tidy
from parvis.store.jobs import LEASE_MS, Job, Jobs, Retry
from parvis.store.sql.contract import counting
from parvis.store.store import Store
from tests.servers import settle


async def run_due(jobs: Jobs) -> int:
    started = await jobs.claim_due()
    await jobs.idle()
    return started


async def test_a_job_runs_once(store: Store) -> None:
    seen: list[Job] = []

    async def handler(job: Job) -> None:
        seen.append(job)
        await store.jobs.progress(job, {"done": 3})

    store.jobs.handle("send", handler)
    await store.write(lambda unit: store.jobs.add(unit, "send", {"to": "bob"}, account_id=7))
    assert await run_due(store.jobs) == 1 and await run_due(store.jobs) == 0
    assert [(job.args, job.attempts) for job in seen] == [({"to": "bob"}, 1)]
    assert await store.jobs.progress_of(7) == []
    [done] = await store.jobs.progress_of(7, finished_since_ms=0)
    assert (done.state, done.progress, done.error) == ("done", {"done": 3}, "")
    assert await tidy.jobs(store) == 0
    with clock.frozen(clock.now_ms() + 8 * tidy.DAY_MS):
        assert await tidy.jobs(store) == 1


async def test_a_job_whose_claim_has_lapsed_is_not_run_twice_by_its_own_node(store: Store) -> None:
    begun, go = [], asyncio.Event()

    async def handler(job: Job) -> None:
        begun.append(job.id)
        await go.wait()

    store.jobs.handle("send", handler)
    await store.write(lambda unit: store.jobs.add(unit, "send", {}))
    assert await store.jobs.claim_due() == 1
    with clock.frozen(clock.now_ms() + 2 * LEASE_MS):  # the machine was asleep
        assert await store.jobs.claim_due() == 0
        assert await store.db.value("SELECT lease_ms FROM job") == clock.now_ms() + LEASE_MS
    go.set()
    await store.jobs.idle()
    assert len(begun) == 1 and await store.db.value("SELECT state FROM job") == "done"


async def test_a_job_of_a_unit_that_failed_does_not_exist(store: Store) -> None:
    async def work(unit) -> None:
        await store.jobs.add(unit, "send", {})
        raise ValueError

    with pytest.raises(ValueError):
        await store.write(work)
    assert await store.db.value("SELECT COUNT(*) FROM job") == 0


async def test_one_key_waits_once(store: Store) -> None:
    ids = [await store.write(lambda unit: store.jobs.add(unit, "index", {}, key="a")) for _ in range(2)]
    assert ids[0] and not ids[1]
    store.jobs.handle("index", lambda job: asyncio.sleep(0))
    await run_due(store.jobs)
    assert await store.write(lambda unit: store.jobs.add(unit, "index", {}, key="a"))


async def test_failures_wait_longer_each_time_and_say_why(store: Store) -> None:
    async def handler(job: Job) -> None:
        if job.attempts == 3:
            raise Retry(clock.now_ms() + 77_000, "come back later")
        raise Unavailable("no route to host")

    store.jobs.handle("send", handler)
    await store.write(lambda unit: store.jobs.add(unit, "send", {}, account_id=7))
    now, waits = clock.now_ms(), []
    for _ in range(3):
        with clock.frozen(now):
            assert await run_due(store.jobs) == 1
        [job] = await store.jobs.progress_of(7)
        waits.append((job.run_at_ms - now, job.error, job.state))
        now = job.run_at_ms
    assert waits == [
        (5_000, "no route to host", "waiting"),
        (30_000, "no route to host", "waiting"),
        (77_000, "come back later", "waiting"),
    ]


async def test_a_job_of_a_dead_node_is_taken_over(store: Store) -> None:
    started: list[int] = []

    async def handler(job: Job) -> None:
        started.append(job.attempts)
        if len(started) == 1:
            await asyncio.Event().wait()

    dead, alive = Jobs(store.db, store.bus), Jobs(store.db, store.bus)
    for node in (dead, alive):
        node.handle("send", handler)
    await store.write(lambda unit: store.jobs.add(unit, "send", {}))
    await dead.claim_due()
    await asyncio.sleep(0)
    assert await run_due(alive) == 0
    for task in dead._running.values():  # as kill -9 would: nothing is given back
        task.cancel()
    with clock.frozen(clock.now_ms() + LEASE_MS + 1):
        assert await run_due(alive) == 1
    assert started == [1, 2]


async def test_a_job_of_a_stopped_node_is_given_back_at_once(store: Store) -> None:
    running = asyncio.Event()

    async def handler(job: Job) -> None:
        running.set()
        await asyncio.Event().wait()

    store.jobs.handle("send", handler)
    await store.write(lambda unit: store.jobs.add(unit, "send", {}, account_id=7))
    worker = asyncio.create_task(store.jobs.run())
    await running.wait()
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    [job] = await store.jobs.progress_of(7)
    assert job.state == "waiting"
    store.jobs.handle("send", lambda job: asyncio.sleep(0))
    assert await run_due(store.jobs) == 1


async def test_a_node_claims_no_more_than_it_can_run(store: Store) -> None:
    at_once, most, gate = 0, 0, asyncio.Event()

    async def handler(job: Job) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await gate.wait()
        at_once -= 1

    store.jobs.handle("send", handler, at_once=2)

    async def work(unit) -> None:
        for _ in range(6):
            await store.jobs.add(unit, "send", {})

    await store.write(work)
    assert [await store.jobs.claim_due() for _ in range(3)] == [2, 0, 0]
    await settle()
    gate.set()
    while await store.jobs.claim_due() or store.jobs._running:
        await store.jobs.idle()
    assert most == 2
    assert await store.db.value("SELECT COUNT(*) FROM job WHERE finished_ms IS NULL") == 0


async def test_two_nodes_share_the_work_and_none_is_done_twice(store: Store) -> None:
    seen: list[int] = []

    async def handler(job: Job) -> None:
        seen.append(job.id)
        await asyncio.sleep(0)

    nodes = [Jobs(store.db, store.bus) for _ in range(3)]
    for node in nodes:
        node.handle("send", handler, at_once=3)

    async def work(unit) -> None:
        for _ in range(40):
            await store.jobs.add(unit, "send", {})

    await store.write(work)
    workers = [asyncio.create_task(node.run()) for node in nodes]
    async with asyncio.timeout(30):
        while await store.db.value("SELECT COUNT(*) FROM job WHERE finished_ms IS NULL"):
            await asyncio.sleep(0.02)
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    assert len(seen) == 40 == len(set(seen))


async def test_the_daily_job_runs_every_task_though_one_fails(store: Store) -> None:
    ran: list[str] = []

    async def broken(store: Store) -> int:
        raise RuntimeError("broken")

    async def fine(store: Store) -> int:
        ran.append("fine")
        return 0

    await tidy.daily(store, [broken, fine])
    await tidy.daily(store, [broken, fine])
    assert await run_due(store.jobs) == 1
    assert ran == ["fine"]
    assert await store.db.value("SELECT COUNT(*) FROM job") == 1
    with clock.frozen(clock.now_ms() + tidy.DAY_MS + 1):
        assert await run_due(store.jobs) == 1
    assert ran == ["fine", "fine"]


async def test_a_node_that_stops_as_a_job_comes_stops(store_sqlite: Store) -> None:
    store = store_sqlite
    store.jobs.handle("send", lambda job: asyncio.sleep(0))
    for pause in range(40):
        worker = asyncio.create_task(store.jobs.run())
        follower = asyncio.create_task(store.outbox.follow("index", lambda events: asyncio.sleep(0)))
        for _ in range(10 + pause):
            await asyncio.sleep(0)
        await store.bus.publish("jobs")
        await store.bus.publish("outbox")
        worker.cancel()
        follower.cancel()
        async with asyncio.timeout(20):
            await asyncio.gather(worker, follower, return_exceptions=True)


async def test_a_node_that_stops_while_it_claims_gives_back(store: Store) -> None:
    store.jobs.handle("send", lambda job: asyncio.sleep(0))
    for _ in range(10):
        await store.write(lambda unit: store.jobs.add(unit, "send", {}))
        claiming = asyncio.create_task(store.jobs.claim_due())
        while not claiming.done():
            await asyncio.sleep(0)
            if await store.db.value("SELECT 1 FROM job WHERE state = 'running'"):
                claiming.cancel()
                break
        await asyncio.gather(claiming, return_exceptions=True)
        await store.jobs.stop()
        assert await store.db.value("SELECT COUNT(*) FROM job WHERE state = 'running'") == 0


async def test_the_worker_outlives_a_database_that_is_away(store: Store, monkeypatch) -> None:
    done, claim, tries = asyncio.Event(), store.jobs.claim_due, []

    async def away() -> int:
        tries.append(1)
        if len(tries) < 3:
            raise Unavailable("the database does not answer")
        return await claim()

    async def handler(job: Job) -> None:
        done.set()

    monkeypatch.setattr("parvis.store.jobs._AWAY_SECONDS", 0.01)
    monkeypatch.setattr(store.jobs, "claim_due", away)
    store.jobs.handle("send", handler)
    await store.write(lambda unit: store.jobs.add(unit, "send", {}))
    worker = asyncio.create_task(store.jobs.run())
    async with asyncio.timeout(30):
        await done.wait()
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)


async def test_a_long_queue_costs_a_turn_no_more_than_a_short_one(store_sqlite: Store) -> None:
    jobs = store_sqlite.jobs
    for kind in ("send", "index"):
        jobs.handle(kind, lambda job: asyncio.sleep(0))
    await store_sqlite.write(lambda unit: jobs.add(unit, "send", {}))
    with counting() as count:
        await run_due(jobs)
        await jobs._pause()
    looks = [sql for sql in count.statements if "FROM job" in sql]
    assert len(looks) >= 3
    for sql in looks:
        steps = await store_sqlite.db.rows(f"EXPLAIN QUERY PLAN {sql}", *([0] * sql.count("?")))
        named = [step for *_, step in steps if "job" in step.split()]
        assert all("USING INDEX job_by_kind" in step or "PRIMARY KEY" in step for step in named), named
        assert not any("TEMP B-TREE" in step for *_, step in steps)
