"""A server of ours and a Synapse in networks of their own: while nothing passes between them people on both talk and
change things in a room of each, and both servers are killed; when they reach each other again both hold the same."""

import random

import pytest

from tests.certificates import Authority
from tests.crash import networks
from tests.crash.federation import Ours, Theirs, meet
from tests.synapse import needs_synapse

needs_networks = pytest.mark.skipif(bool(why := networks.missing()), reason=why)
pytestmark = [pytest.mark.peer, pytest.mark.slow, needs_synapse, needs_networks]


@pytest.fixture
def joined(tmp_path):
    made = networks.Networks(tmp_path)
    yield made
    made.close()


@pytest.mark.timeout(300)
async def test_both_go_on_while_the_network_is_cut(tmp_path, joined) -> None:
    authority, chance = Authority(tmp_path / "authority"), random.Random(7)
    places = [joined.join() for _ in range(2)]
    for host, _ in places:
        authority.context(host)
    one = Ours(tmp_path / "one" / "one", authority, *places[0])
    two = Theirs(tmp_path / "theirs", authority, *places[1])
    try:
        for side in (one, two):
            await side.prepare()
        rooms = [await one.create(), await two.create()]
        await two.join(rooms[0], one)
        await one.join(rooms[1], two)

        async def life() -> None:
            for _ in range(15):
                for side in (one, two):
                    for room in rooms:
                        await side.say(room, chance)

        await life()
        for room in rooms:
            await meet(one, two, room)
        with joined.cut():
            await life()
            for side in (two, one):
                side.kill()
                side.start()
                await life()
            apart = [await side.state(rooms[0]) for side in (one, two)]
            assert apart[0] != apart[1]
        for room in rooms:
            assert await meet(one, two, room, 120) > 60
    finally:
        for side in (one, two):
            side.kill()
