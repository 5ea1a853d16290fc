"""What many want at the same time is done once."""

import asyncio

import pytest

from parvis.kernel.once import Once


async def test_who_wants_the_same_waits_for_the_same() -> None:
    once, begun, go = Once[str, int](), [], asyncio.Event()

    async def work(found: int) -> int:
        begun.append(found)
        await go.wait()
        return found

    asked = [asyncio.create_task(once.of(key, lambda n=n: work(n))) for n, key in enumerate(["a", "a", "b"])]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert "a" in once and len(once) == 2
    asked[0].cancel()  # nobody else's work is stopped by it
    go.set()
    assert await asyncio.gather(*asked[1:]) == [0, 2] and begun == [0, 2]
    assert len(once) == 0 and await once.of("a", lambda: work(3)) == 3


async def test_what_goes_wrong_is_told_to_all_who_wait_and_tried_anew_after() -> None:
    once, tried = Once[str, int](), []

    async def work() -> int:
        tried.append(1)
        await asyncio.sleep(0)
        raise ValueError

    both = await asyncio.gather(*(once.of("a", work) for _ in range(2)), return_exceptions=True)
    assert [type(each) for each in both] == [ValueError, ValueError] and len(tried) == 1
    with pytest.raises(ValueError):
        await once.of("a", work)
    assert len(tried) == 2


async def test_what_is_under_way_is_broken_off() -> None:
    once = Once[str, None]()
    asked = asyncio.create_task(once.of("a", asyncio.Event().wait))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    await once.close()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert len(once) == 0
