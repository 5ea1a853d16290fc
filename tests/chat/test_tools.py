"""What the assistant may do in rooms."""

import pytest

from parvis.chat.kinds import STATE
from parvis.chat.rooms.service import Rooms
from parvis.chat.tools import AI_FIELD, ReadTopic, SendMessage
from parvis.kernel.errors import Forbidden, Invalid


async def made(client, kind: str) -> str:
    state = [{"type": STATE, "state_key": "", "content": {"kind": kind}}]
    return (await client.ask("POST", "/v3/createRoom", json={"initial_state": state}))["room_id"]


async def said(client, room: str, text: str, thread: str = "") -> str:
    content = {"msgtype": "m.text", "body": text}
    if thread:
        content["m.relates_to"] = {"rel_type": "m.thread", "event_id": thread}
    path = f"/v3/rooms/{room}/send/m.room.message/{text}"
    return (await client.ask("PUT", path, json=content))["event_id"]


async def test_a_topic_is_read_and_answered_under_the_persons_rights(open_client, room) -> None:
    tools = {tool.name: tool for tool in room.tools}
    assert {name: tool.effect for name, tool in tools.items()} == {
        "chat.read_topic": "read",
        "chat.send": "outside",
    }
    ann, bob = await open_client("ann"), await open_client("bob")
    place = await made(ann, "open")
    root = await said(ann, place, "root")
    inside = await said(ann, place, "inside", root)
    read, send = tools["chat.read_topic"].run, tools["chat.send"].run
    found = await read(ann.person, ReadTopic(room_id=place, thread_id=root))
    assert [(each["eventId"], each["text"], each["origin"]) for each in found] == [
        (root, "root", "colleague"),
        (inside, "inside", "colleague"),
    ]
    assert [each["text"] for each in await read(ann.person, ReadTopic(room_id=place))] == ["root"]
    answer = await send(ann.person, SendMessage(room_id=place, text="Noted", thread_id=root))
    event = await ann.ask("GET", f"/v3/rooms/{place}/event/{answer['eventId']}")
    assert event["content"][AI_FIELD] == {"level": "generated"} and event["sender"] == ann.user
    assert event["content"]["m.relates_to"]["event_id"] == root
    for run, given in ((read, ReadTopic(room_id=place)), (send, SendMessage(room_id=place, text="x"))):
        with pytest.raises(Forbidden):
            await run(bob.person, given)
    with pytest.raises(Invalid):
        await send(ann.person, SendMessage(room_id=place, text=" "))


async def test_who_is_locked_or_suspended_has_nothing_said(open_client, room, context) -> None:
    tools = {tool.name: tool for tool in room.tools}
    read, send = tools["chat.read_topic"].run, tools["chat.send"].run
    ann = await open_client("ann")
    place = await made(ann, "open")
    standings = context.need(Rooms).home.standings
    await standings.put(ann.person.id, suspended=True)
    assert await read(ann.person, ReadTopic(room_id=place)) == []
    with pytest.raises(Forbidden):
        await send(ann.person, SendMessage(room_id=place, text="x"))
    await standings.put(ann.person.id, locked=True)
    with pytest.raises(Forbidden):
        await read(ann.person, ReadTopic(room_id=place))


async def test_a_private_room_is_neither_read_nor_written_in(open_client, room) -> None:
    tools = {tool.name: tool for tool in room.tools}
    ann = await open_client("ann")
    place = await made(ann, "private")
    with pytest.raises(Forbidden):
        await tools["chat.read_topic"].run(ann.person, ReadTopic(room_id=place))
    with pytest.raises(Forbidden):
        await tools["chat.send"].run(ann.person, SendMessage(room_id=place, text="x"))
