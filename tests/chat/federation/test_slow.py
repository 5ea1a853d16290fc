"""A server that is slow holds nobody up for long."""

import asyncio
import json

import pytest

from parvis.chat.federation.rooms import incoming
from parvis.chat.rooms import store
from parvis.kernel import clock
from tests.chat.federation.sides import A, B, Net, both
from tests.chat.test_rooms import say, texts


async def test_who_is_slow_about_many_events_holds_the_room_no_longer(
    net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob, room = await both(net)
    a, b = net.sides[A], net.sides[B]
    said = [await say(ann, room, f"message {number}") for number in range(7)]
    here = await store.room_named(a.context.store.db, room)
    assert here is not None
    found = await store.by_event_ids(a.context.store.db, here.id, said[1::2])
    pdus = json.loads(json.dumps([found[each].event.source for each in said[1::2]]))

    async def slow(*_: object, **__: object) -> object:
        await asyncio.sleep(2)
        return {}

    monkeypatch.setattr(incoming, "_SECONDS", 0.3)
    for verb in ("get", "post"):
        monkeypatch.setattr(b, verb, slow)
    begun = clock.monotonic()
    told = await b.shared.events.pdus(A, pdus)
    assert clock.monotonic() - begun < 5 and all("in time" in each["error"] for each in told.values())
    assert len(told) == 3 and await say(bob, room, "we go on") and await texts(bob, room) == ["we go on"]
