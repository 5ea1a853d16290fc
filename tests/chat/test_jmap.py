"""Where what search has found is, for our own client."""

from parvis.access import sessions
from parvis.chat.jmap import CHAT
from parvis.kernel import ids
from parvis.store.sql.contract import counting


async def locate(client, *wanted: str) -> list[dict]:
    body = {
        "using": ["urn:ietf:params:jmap:core", CHAT],
        "methodCalls": [["RoomEvent/locate", {"accountId": ids.text(client.person.id), "ids": list(wanted)}, "0"]],
    }
    found = await client.post("/jmap/api", json=body)
    [[name, answer, _]] = found.json()["methodResponses"]
    assert name == "RoomEvent/locate", answer
    return answer["list"]


async def test_a_message_is_located_by_who_is_in_its_room_alone(open_client, context) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    room = (await ann.ask("POST", "/v3/createRoom", json={}))["room_id"]
    said = await ann.ask("PUT", f"/v3/rooms/{room}/send/m.room.message/1", json={"msgtype": "m.text", "body": "x"})
    row = await context.store.db.value("SELECT id FROM chat_event WHERE event_id = ?", said["event_id"])
    for client in (ann, bob):
        token, _ = await sessions.open(context.store, client.person, "test", "", kind="token")
        client.headers["authorization"] = f"Bearer {token}"
    wanted = {"id": ids.text(row), "roomId": room, "eventId": said["event_id"], "threadId": None}
    assert await locate(ann, ids.text(row), "nonsense") == [wanted]
    assert await locate(bob, ids.text(row)) == []
    with counting() as counted:
        await locate(ann, ids.text(row))
    assert len(counted.statements) <= 4
