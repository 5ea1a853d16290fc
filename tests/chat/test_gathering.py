"""Writes to rooms that come at the same time share a unit."""

import asyncio

import pytest

from parvis.chat.rooms import sending
from parvis.chat.rooms.model import Me
from parvis.chat.rooms.saying import Message, say_all
from parvis.chat.rooms.service import Rooms
from parvis.chat.rooms.writing import Writing
from parvis.kernel.errors import Forbidden, ParvisError
from parvis.serve.context import Context
from parvis.store.sql.contract import counting
from parvis.wire.matrix.errors import NotAllowed
from tests.chat.conftest import Opener
from tests.chat.test_rooms import both, made, say, texts
from tests.servers import settle

CLOCK = "UPDATE account SET modseq = modseq + 1"


async def test_what_is_said_at_the_same_time_is_written_in_few_units(open_client: Opener) -> None:
    ann, bob, room = await both(open_client)
    with counting() as count:
        await asyncio.gather(*(say((ann, bob)[number % 2], room, f"{number}") for number in range(20)))
    assert sum(CLOCK in each for each in count.statements) <= 3
    assert sorted(await texts(bob, room), key=int) == [f"{number}" for number in range(20)]
    assert await say(ann, room, "0") in await ids(ann, room)


async def ids(client, room: str) -> list[str]:
    page = await client.ask("GET", f"/v3/rooms/{room}/messages", params={"dir": "b", "limit": 100})
    return [each["event_id"] for each in page["chunk"]]


async def test_one_that_is_refused_takes_nothing_from_the_others(open_client: Opener, context: Context) -> None:
    ann, bob, room = await both(open_client)
    private, rooms = await made(ann), context.need(Rooms)
    bobs, before = Me(bob.person, bob.user), await ids(ann, room)

    async def said_and_regretted(writing: Writing) -> None:
        await sending.send(writing, Message(bobs, room, "m.room.message", {"msgtype": "m.text", "body": "no"}))
        raise Forbidden("regretted")

    async def said(where: str, text: str) -> str:
        content = {"msgtype": "m.text", "body": text}
        return await rooms.say(Message(bobs, where, "m.room.message", content))

    done = await asyncio.gather(
        said(room, "one"),
        rooms.write(said_and_regretted),
        said(private, "two"),
        said(room, "three"),
        return_exceptions=True,
    )
    assert isinstance(done[1], Forbidden) and isinstance(done[2], Forbidden)
    assert await texts(ann, room) == ["three", "one"] and await texts(ann, private) == []
    assert await ids(ann, room) == [done[3], done[0], *before]


async def test_who_goes_away_stops_nothing(open_client: Opener, context: Context) -> None:
    ann, _, room = await both(open_client)
    rooms, me = context.need(Rooms), Me(ann.person, ann.user)
    content = {"msgtype": "m.text", "body": "gone"}
    asked = asyncio.create_task(rooms.say(Message(me, room, "m.room.message", content)))
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    await say(ann, room, "still here")
    assert await texts(ann, room) == ["still here", "gone"]


async def test_many_messages_take_the_statements_of_one(open_client: Opener, context: Context) -> None:
    ann, bob, room = await both(open_client)
    rooms, people = context.need(Rooms), [Me(each.person, each.user) for each in (ann, bob)]

    def message(number: int, txn: str = "") -> Message:
        return Message(people[number % 2], room, "m.room.message", {"msgtype": "m.text", "body": f"{number}"}, txn)

    async def said(*messages: Message) -> tuple[list[str | ParvisError], int]:
        with counting() as count:
            found = await rooms.write(lambda writing: say_all(writing, messages))
        return found, len(count)

    (first,), one = await said(message(0, "first"))
    found, many = await said(*(message(number, f"t{number}") for number in range(1, 20)), message(1, "t1"))
    assert found[-1] == found[0] and len({first, *found}) == 20
    assert many <= one + 8
    assert (await said(message(7, "t7")))[0] == [found[6]]
    assert await texts(ann, room) == [f"{number}" for number in reversed(range(20))]
    page = await ann.ask("GET", f"/v3/rooms/{room}/messages", params={"dir": "f", "limit": 100})
    assert [each["event_id"] for each in page["chunk"]][-19:] == found[:-1]


async def test_who_may_not_speak_is_told_and_the_others_are_heard(open_client: Opener, context: Context) -> None:
    ann, bob, room = await both(open_client)
    eve, rooms = await open_client("eve"), context.need(Rooms)
    levels = await ann.ask("GET", f"/v3/rooms/{room}/state/m.room.power_levels")
    quiet = {**levels, "events": {**levels["events"], "m.quiet": 50}}
    await ann.ask("PUT", f"/v3/rooms/{room}/state/m.room.power_levels", json=quiet)
    said = [(ann, "m.room.message"), (eve, "m.room.message"), (bob, "m.quiet"), (bob, "m.room.message")]
    found = await rooms.write(
        lambda writing: say_all(
            writing,
            [
                Message(Me(who.person, who.user), room, kind, {"msgtype": "m.text", "body": "a"})
                for who, kind in said
            ],
        )
    )
    assert [isinstance(each, str) for each in found] == [True, False, False, True]
    assert isinstance(found[1], Forbidden) and isinstance(found[2], NotAllowed)
    assert await texts(ann, room) == ["a", "a"]


async def test_who_was_answered_together_is_written_together(
    open_client: Opener, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, _, room = await both(open_client)
    monkeypatch.setattr("parvis.chat.rooms.gathering._MOMENT", 0.5)
    monkeypatch.setattr("parvis.chat.rooms.gathering._OVER", 60.0)
    rooms, me = context.need(Rooms), Me(ann.person, ann.user)

    def said(*texts: str) -> list[asyncio.Task[str]]:
        contents = [{"msgtype": "m.text", "body": text} for text in texts]
        return [asyncio.create_task(rooms.say(Message(me, room, "m.room.message", each))) for each in contents]

    await asyncio.gather(*said("1", "2", "3"))
    with counting() as count:
        first = said("4")
        await settle()
        await asyncio.gather(*first, *said("5", "6"))
    assert sum(CLOCK in each for each in count.statements) == 1
    assert await texts(ann, room) == ["6", "5", "4", "3", "2", "1"]
