"""The outbox on both databases: every event to every follower, in order, and pruned when all have passed."""

import asyncio

from parvis.kernel import clock
from parvis.kernel.errors import Unavailable
from parvis.kernel.events import Event
from parvis.store import outbox, tidy
from parvis.store.outbox import Outbox
from parvis.store.store import Store
from parvis.store.unit import Unit


async def emit(store: Store, number: int) -> None:
    async def work(unit: Unit) -> None:
        unit.emit(1, "thing", {"number": number})

    await store.write(work)


class Reader:
    """A follower that remembers."""

    def __init__(self, fails: int = 0) -> None:
        self.seen: list[int] = []
        self._fails = fails

    async def __call__(self, events: list[Event]) -> None:
        if self._fails:
            self._fails -= 1
            raise RuntimeError("not today")
        self.seen += [event.body["number"] for event in events]


async def until(reader: Reader, count: int) -> None:
    async with asyncio.timeout(30):
        while len(reader.seen) < count:
            await asyncio.sleep(0.01)


async def following(store: Store, name: str, reader: Reader, count: int) -> None:
    task = asyncio.create_task(store.outbox.follow(name, reader))
    await until(reader, count)
    while (await store.outbox.cursor(name))[1] == 0:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_follower_sees_each_event_once_and_goes_on_where_it_stopped(store: Store) -> None:
    reader = Reader()
    for number in range(5):
        await emit(store, number)
    await following(store, "index", reader, 5)
    await emit(store, 5)
    again = Reader()
    await following(store, "index", again, 1)
    assert (reader.seen, again.seen) == ([0, 1, 2, 3, 4], [5])


async def test_nothing_is_skipped_when_many_write_at_once(store: Store) -> None:
    reader = Reader()
    task = asyncio.create_task(store.outbox.follow("index", reader))
    await asyncio.gather(*(emit(store, number) for number in range(200)))
    await until(reader, 200)
    task.cancel()
    assert sorted(reader.seen) == list(range(200))


async def test_an_older_transaction_that_ends_later_is_not_passed_by(postgres, settings, rooms) -> None:
    settings.database = await postgres.migrated(tuple(rooms))
    store = await Store.open(settings, rooms)
    slow = await store.db._pool.acquire()
    transaction = slow.transaction()
    await transaction.start()
    await slow.execute(
        "INSERT INTO outbox (account_id, kind, time_ms, body) VALUES (1, 'thing', 0, '{\"number\": 1}')"
    )
    await emit(store, 2)
    assert await store.outbox.after(0, 0) == []
    await transaction.commit()
    await store.db._pool.release(slow)
    events = await store.outbox.after(0, 0)
    assert [event.body["number"] for event in events] == [1, 2]
    await store.close()
    await postgres.drop(settings.database)


async def test_a_page_that_fails_is_given_again(store: Store, monkeypatch) -> None:
    monkeypatch.setattr("parvis.store.outbox._RETRY_SECONDS", 0.01)
    reader = Reader(fails=2)
    await emit(store, 1)
    await following(store, "index", reader, 1)
    assert reader.seen == [1]


async def test_followers_wait_for_what_goes_first_but_not_for_ever(store: Store, monkeypatch) -> None:
    monkeypatch.setattr(outbox, "_CALM_SECONDS", 0.01)
    asked = list[bool]()
    busy = Outbox(store.db, store.bus, lambda: asked.append(True) or len(asked) < 5)
    await busy._calm(asyncio.Event())
    assert len(asked) == 5
    forever = Outbox(store.db, store.bus, lambda: True)
    await asyncio.wait_for(forever._calm(asyncio.Event()), 5)


class Slow(Reader):
    """A follower that takes ten milliseconds for each page, by the clock of the test; it notes how long is rested."""

    def __init__(self, monkeypatch) -> None:
        super().__init__()
        self.moment = 100.0
        self.rests: list[float] = []
        monkeypatch.setattr(clock, "monotonic", lambda: self.moment)
        monkeypatch.setattr(outbox.asyncio, "sleep", self._rest)

    async def __call__(self, events: list[Event]) -> None:
        self.moment += 0.01
        await super().__call__(events)

    async def _rest(self, seconds: float) -> None:
        self.rests.append(round(seconds, 3))


async def test_a_follower_rests_between_pages_while_others_write(store: Store, monkeypatch) -> None:
    for number in range(6):
        await emit(store, number)
    slow, wake = Slow(monkeypatch), asyncio.Event()
    await store.outbox._turn("index", slow, wake, 2)
    wake.set()
    await store.outbox._turn("index", slow, wake, 2)
    with clock.frozen(clock.now_ms() + 60_000):
        await store.outbox._turn("index", slow, wake, 2)
    assert (slow.rests, slow.seen) == ([0, 0.19, 0.03], list(range(6)))


async def test_followers_with_more_to_read_share_the_time_of_one(store: Store, monkeypatch) -> None:
    for number in range(3):
        await emit(store, number)
    slow, wake = Slow(monkeypatch), asyncio.Event()
    store.activity.note()
    await store.outbox._turn("index", slow, wake, 2)
    await store.outbox._turn("audit", slow, wake, 2)
    wake.set()
    await store.outbox._turn("index", slow, wake, 2)  # it has read all that there is
    await store.outbox._turn("audit", slow, wake, 1)
    assert slow.rests[:2] == [0.19, 0.38]
    assert slow.rests[-1] == 0.19


async def test_who_asks_goes_first_for_a_moment(store: Store, monkeypatch) -> None:
    slow = Slow(monkeypatch)
    seen = [store.outbox._busy()]
    store.activity.note()
    seen.append(store.outbox._busy())
    slow.moment += 0.2
    seen.append(store.outbox._busy())
    assert seen == [False, True, False]


async def test_events_go_when_every_follower_has_passed_them(store: Store) -> None:
    for number in range(3):
        await emit(store, number)
    await store.outbox.join("audit")
    await following(store, "index", Reader(), 3)
    later = clock.now_ms() + 2 * tidy.DAY_MS
    with clock.frozen(later):
        assert await tidy.outbox(store) == 0
    await following(store, "audit", Reader(), 3)
    assert await tidy.outbox(store) == 0
    with clock.frozen(later):
        assert await tidy.outbox(store) == 3


async def test_a_follower_that_is_gone_does_not_keep_events_for_ever(store: Store) -> None:
    await emit(store, 1)
    await store.outbox.join("gone")
    with clock.frozen(clock.now_ms() + 40 * tidy.DAY_MS):
        await following(store, "index", Reader(), 1)
        assert await tidy.outbox(store) == 1


async def test_a_follower_outlives_a_database_that_is_away(store: Store, monkeypatch) -> None:
    reader, after, tries = Reader(), store.outbox.after, []

    async def away(*place: int) -> list[Event]:
        tries.append(1)
        if len(tries) < 3:
            raise Unavailable("the database does not answer")
        return await after(*place)

    monkeypatch.setattr("parvis.store.outbox._RETRY_SECONDS", 0.01)
    monkeypatch.setattr(store.outbox, "after", away)
    await emit(store, 1)
    await following(store, "slow", reader, 1)
    assert reader.seen == [1]
