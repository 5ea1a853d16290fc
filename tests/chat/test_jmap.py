"""Where what search has found is, for our own client."""

import pytest

from parvis.access import gate, sessions
from parvis.chat.jmap import CHAT, capabilities
from parvis.chat.kinds import STATE
from parvis.chat.rooms.about import FIELD
from parvis.kernel import ids
from parvis.kernel.settings import Chat
from parvis.store.sql.contract import counting


async def jmap(client, context, method: str, **arguments) -> dict:
    token, _ = await sessions.open(context.store, client.person, "test", "", kind="token")
    call = [method, {"accountId": ids.text(client.person.id), **arguments}, "0"]
    body = {"using": ["urn:ietf:params:jmap:core", CHAT], "methodCalls": [call]}
    with counting() as counted:
        found = await client.post("/jmap/api", json=body, headers={"authorization": f"Bearer {token}"})
    assert len(counted.statements) <= 6
    [[name, answer, _]] = found.json()["methodResponses"]
    assert name == method, answer
    return answer


async def locate(client, context, *wanted: str) -> list[dict]:
    return (await jmap(client, context, "RoomEvent/locate", ids=list(wanted)))["list"]


async def test_a_message_is_located_by_who_is_in_its_room_alone(open_client, context) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    room = (await ann.ask("POST", "/v3/createRoom", json={}))["room_id"]
    said = await ann.ask("PUT", f"/v3/rooms/{room}/send/m.room.message/1", json={"msgtype": "m.text", "body": "x"})
    row = await context.store.db.value("SELECT id FROM chat_event WHERE event_id = ?", said["event_id"])
    wanted = {"id": ids.text(row), "roomId": room, "eventId": said["event_id"], "threadId": None}
    assert await locate(ann, context, ids.text(row), "nonsense") == [wanted]
    assert await locate(bob, context, ids.text(row)) == []


async def say(client, room: str, text: str, thread: str = "", **more) -> str:
    content = {"msgtype": "m.text", "body": text, **more}
    if thread:
        content["m.relates_to"] = {"rel_type": "m.thread", "event_id": thread}
    path = f"/v3/rooms/{room}/send/m.room.message/{text.replace(' ', '-')}"
    return (await client.ask("PUT", path, json=content))["event_id"]


async def test_what_is_new_is_told_by_topic_and_only_of_open_rooms(open_client, context) -> None:
    ann, bob, eve = await open_client("ann"), await open_client("bob"), await open_client("eve")
    rooms = []
    for kind in ("open", "private"):
        state = [{"type": STATE, "state_key": "", "content": {"kind": kind}}]
        body = {"preset": "public_chat", "initial_state": state}
        rooms.append((await ann.ask("POST", "/v3/createRoom", json=body))["room_id"])
        await bob.ask("POST", f"/v3/join/{rooms[-1]}", json={})
    room, private = rooms
    first = await say(ann, room, "first")
    await bob.ask("POST", f"/v3/rooms/{room}/receipt/m.read/{first}", json={})
    root = await say(ann, room, "root")
    inside = await say(ann, room, "inside", root)
    second = await say(ann, room, "second")
    later = await say(ann, room, "later", root)
    await say(bob, room, "my own")
    gone = await say(ann, room, "gone")
    await ann.ask("PUT", f"/v3/rooms/{room}/redact/{gone}/1", json={})
    new = {"msgtype": "m.text", "body": "2"}
    await say(
        ann, room, "edit", **{"m.new_content": new, "m.relates_to": {"rel_type": "m.replace", "event_id": second}}
    )
    await say(ann, private, "secret")

    async def told(client, since: dict[str, str | None]) -> tuple[list[str], list[str]]:
        answer = await jmap(client, context, "RoomEvent/missed", rooms=since)
        return [each["eventId"] for each in answer["list"]], answer["closed"]

    assert await told(bob, {room: None, private: None}) == ([root, second, inside, later], [private])
    assert await told(bob, {room: second}) == ([inside, later], [])
    await bob.ask("POST", f"/v3/rooms/{room}/receipt/m.read/{second}", json={"thread_id": "main"})
    assert await told(bob, {room: None}) == ([inside, later], [])
    assert await told(bob, {room: first}) == ([root, second, inside, later], [])
    await bob.ask("POST", f"/v3/rooms/{room}/receipt/m.read/{later}", json={"thread_id": root})
    assert await told(bob, {room: first}) == ([root, second], [])
    assert await told(eve, {room: None, private: None}) == ([], [])
    assert await told(bob, {"!none:example.org": None}) == ([], [])


async def test_where_a_mail_is_discussed_is_told_to_who_is_there(open_client, context) -> None:
    ann, bob, eve = await open_client("ann"), await open_client("bob"), await open_client("eve")
    await context.store.write(lambda unit: gate.create_scope(unit, ann.person.id, "mail"))
    room = (await ann.ask("POST", "/v3/createRoom", json={"invite": [bob.user]}))["room_id"]
    await bob.ask("POST", f"/v3/join/{room}", json={})
    mail = {"kind": "Email", "account_id": ids.text(ann.person.id), "id": ids.text(77)}
    said = await say(ann, room, "look", **{FIELD: mail})
    for number, wrong in enumerate(({**mail, "kind": "None"}, {**mail, "id": 5}, "x", {})):
        await say(ann, room, f"wrong {number}", **{FIELD: wrong})
    await say(bob, room, "not his to show", **{FIELD: mail})
    asked = {"of": ids.text(ann.person.id), "kind": "Email", "ids": [ids.text(77), "nonsense"]}
    found = {"id": ids.text(77), "roomId": room, "eventId": said, "threadId": None}
    for client, told in ((ann, [found]), (bob, [found]), (eve, [])):
        assert (await jmap(client, context, "RoomEvent/about", **asked))["list"] == told
    readers = {"roomId": room, "of": ids.text(ann.person.id), "kind": "Email"}
    answer = await jmap(ann, context, "RoomEvent/readers", **readers)
    assert (answer["may"], answer["mayNot"]) == ([ann.user], [bob.user])
    await ann.ask("PUT", f"/v3/rooms/{room}/redact/{said}/1", json={})
    assert (await jmap(bob, context, "RoomEvent/about", **asked))["list"] == []


@pytest.mark.parametrize("who", ["bob", "eve"])
async def test_who_may_open_a_mail_is_told_to_who_may_and_is_there(open_client, context, who: str) -> None:
    ann, other = await open_client("ann"), await open_client(who)
    await context.store.write(lambda unit: gate.create_scope(unit, ann.person.id, "mail"))
    room = (await ann.ask("POST", "/v3/createRoom", json={"preset": "public_chat"}))["room_id"]
    if who == "bob":
        await other.ask("POST", f"/v3/join/{room}", json={})
    readers = {"roomId": room, "of": ids.text(ann.person.id), "kind": "Email"}
    token, _ = await sessions.open(context.store, other.person, "test", "", kind="token")
    call = ["RoomEvent/readers", {"accountId": ids.text(other.person.id), **readers}, "0"]
    body = {"using": ["urn:ietf:params:jmap:core", CHAT], "methodCalls": [call]}
    found = await other.post("/jmap/api", json=body, headers={"authorization": f"Bearer {token}"})
    assert found.json()["methodResponses"][0][0] == "error"


def test_the_session_says_what_the_organisation_has_chosen() -> None:
    told = [capabilities(each)[0].session for each in (Chat(), Chat(previews=True, confirmed_devices=True))]
    kept = {"retention": {"days": 0, "leastDays": 1, "mostDays": 0}}
    assert told == [{"linkPreviews": on, "confirmedDevices": on} | kept for on in (False, True)]
