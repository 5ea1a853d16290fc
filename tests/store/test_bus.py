"""The contract of both buses, and what happens to NATS's when its server is away."""

import asyncio

import pytest

from parvis.kernel.errors import Invalid, Unavailable
from parvis.kernel.settings import Settings
from parvis.store.bus.contract import Bus
from parvis.store.store import open_bus
from tests.servers import Nats


@pytest.fixture(params=["memory", "nats"])
async def nodes(request):
    """Two ends of one bus; in memory they are the same."""
    url = request.getfixturevalue("nats_server").url if request.param == "nats" else ""
    first = await open_bus(Settings(bus=url))
    second = await open_bus(Settings(bus=url)) if url else first
    yield first, second
    await first.close()
    await second.close()


async def heard(queue: asyncio.Queue[bytes]) -> bytes:
    return await asyncio.wait_for(queue.get(), 10)


async def test_every_subscriber_on_every_node_hears_once(nodes: tuple[Bus, Bus]) -> None:
    queues: list[asyncio.Queue[bytes]] = [asyncio.Queue() for _ in range(3)]
    for node, queue in zip((*nodes, nodes[0]), queues, strict=True):
        await node.subscribe("state", queue.put_nowait)
    await nodes[0].publish("state", b"one")
    await nodes[1].publish("state", b"two")
    for queue in queues:
        assert sorted([await heard(queue), await heard(queue)]) == [b"one", b"two"]
    await nodes[0].publish("state", b"end")
    assert [await heard(queue) for queue in queues] == [b"end"] * 3


async def test_topics_are_apart_and_a_cancelled_one_hears_nothing(nodes: tuple[Bus, Bus]) -> None:
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    cancel = await nodes[1].subscribe("jobs", queue.put_nowait)
    await nodes[0].publish("state", b"other")
    await nodes[0].publish("jobs", b"mine")
    assert await heard(queue) == b"mine"
    cancel()
    cancel()
    again: asyncio.Queue[bytes] = asyncio.Queue()
    await nodes[1].subscribe("jobs", again.put_nowait)
    await nodes[0].publish("jobs", b"late")
    assert await heard(again) == b"late"
    assert queue.empty()


async def test_a_failing_listener_disturbs_nobody(nodes: tuple[Bus, Bus]) -> None:
    def fails(_: bytes) -> None:
        raise RuntimeError("a listener's own mistake")

    queue: asyncio.Queue[bytes] = asyncio.Queue()
    await nodes[0].subscribe("state", fails)
    await nodes[0].subscribe("state", queue.put_nowait)
    await nodes[0].publish("state", b"x")
    assert await heard(queue) == b"x"


async def test_a_node_works_while_the_server_is_away_and_finds_it_again() -> None:
    server = Nats()
    first, second = [await open_bus(Settings(bus=server.url)) for _ in range(2)]
    here: asyncio.Queue[bytes] = asyncio.Queue()
    there: asyncio.Queue[bytes] = asyncio.Queue()
    await first.subscribe("state", here.put_nowait)
    await second.subscribe("state", there.put_nowait)
    server.stop()
    await first.publish("state", b"alone")
    assert await heard(here) == b"alone"
    server.start()
    async with asyncio.timeout(20):
        while there.empty() or there.get_nowait() != b"back":
            await first.publish("state", b"back")
            await asyncio.sleep(0.1)
    await first.close()
    await second.close()
    server.close()


async def test_nobody_there_and_nonsense(monkeypatch) -> None:
    monkeypatch.setattr("parvis.store.bus.nats._CONNECT_SECONDS", 0.2)
    with pytest.raises(Unavailable):
        await open_bus(Settings(bus="nats://127.0.0.1:1"))
    with pytest.raises(Invalid):
        await open_bus(Settings(bus="carrier-pigeon"))
