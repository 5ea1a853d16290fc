"""kill -9 of two servers that share a room, while people on both talk and change things there: what either said yes
to is in the end on both, and both hold the same."""

import asyncio
import os
import random

import pytest

from tests.certificates import Authority
from tests.crash.federation import Ours, Side, Theirs, meet
from tests.synapse import needs_synapse

KILLS = int(os.environ.get("PARVIS_CRASH_KILLS", "100")) // 10


async def endure(one: Side, two: Side, victims: list[Side], kills: int, seed: int) -> None:
    chance = random.Random(seed)
    try:
        for side in (one, two):
            await side.prepare()
        room = await one.create()
        await two.join(room, one)
        for _ in range(kills):
            done = asyncio.Event()
            talking = [
                asyncio.create_task(side.talk(room, done, random.Random(chance.random()))) for side in (one, two)
            ]
            await asyncio.sleep(chance.uniform(0.3, 2))
            victim = chance.choice(victims)
            victim.kill()
            await asyncio.sleep(chance.uniform(0, 1.5))
            await asyncio.to_thread(victim.start)
            await asyncio.sleep(0.5)
            done.set()
            await asyncio.gather(*talking)
        print(f"{kills} kills, {await meet(one, two, room)} events on both")
    finally:
        for side in (one, two):
            side.kill()


@pytest.fixture
def authority(tmp_path) -> Authority:
    made = Authority(tmp_path / "authority")
    made.context("localhost")
    return made


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_many_kills(tmp_path, authority) -> None:
    one, two = (Ours(tmp_path / name / name, authority) for name in ("one", "two"))
    await endure(one, two, [one, two], KILLS, 22)


@pytest.mark.peer
@pytest.mark.slow
@needs_synapse
@pytest.mark.timeout(3600)
async def test_many_kills_beside_a_synapse(tmp_path, authority) -> None:
    one, two = Ours(tmp_path / "one" / "one", authority), Theirs(tmp_path / "theirs", authority)
    await endure(one, two, [one, one, one, two], KILLS // 5, 23)
