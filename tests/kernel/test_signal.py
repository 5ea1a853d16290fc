"""One waits for a signal, as long as one likes."""

import asyncio

import pytest

from parvis.kernel.signal import Signal


async def test_what_has_come_is_not_waited_for() -> None:
    signal = Signal()
    assert not signal.is_set()
    signal.set()
    assert signal.is_set()
    assert await signal.wait()
    assert await signal.wait(0)
    assert await Signal(already=True).wait()


async def test_all_who_wait_go_on() -> None:
    signal = Signal()
    waiting = [asyncio.create_task(signal.wait(seconds)) for seconds in (None, 60.0)]
    await asyncio.sleep(0)
    signal.set()
    signal.clear()
    assert await asyncio.gather(*waiting) == [True, True]
    assert not signal.is_set()


async def test_who_has_waited_long_enough_goes_on() -> None:
    signal = Signal()
    other = asyncio.create_task(signal.wait())
    assert not await signal.wait(0.01)
    assert not other.done()
    signal.set()
    assert await other


async def test_one_may_wait_for_either_of_two() -> None:
    signal, other = Signal(), Signal()
    waiting = asyncio.create_task(signal.wait(60, other))
    await asyncio.sleep(0)
    other.set()
    assert await waiting and not signal.is_set()
    assert await signal.wait(0, other)
    other.clear()
    assert not await signal.wait(0.01, other)
    signal.set()
    assert await signal.wait(0, other)


async def test_who_stops_waiting_leaves_nothing_behind() -> None:
    signal = Signal()
    waiting = asyncio.create_task(signal.wait(60))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    signal.set()
    assert await signal.wait()
