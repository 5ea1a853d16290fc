"""What waits for other servers and how it gets there; how it is taken there."""

import asyncio

import pytest

from parvis.chat.federation.contract import PeerError, path
from parvis.chat.federation.queue import forget
from parvis.kernel import clock
from parvis.kernel.errors import Unavailable
from parvis.store.sql.contract import counting
from parvis.wire.matrix import hashes, transactions, versions
from parvis.wire.matrix.transactions import DirectToDevice, Receipt, Typing


class Incoming:
    """Keeps what arrives."""

    def __init__(self) -> None:
        self.taken: list[list[str]] = []
        self.fails = 0

    async def pdus(self, origin, pdus):
        if self.fails:
            self.fails -= 1
            raise Unavailable("the database is away")
        self.taken.append([each["content"].get("body", each["type"]) for each in pdus])
        return {f"${number}": {} for number, _ in enumerate(pdus)}

    @property
    def all(self) -> list[str]:
        return [each for some in self.taken for each in some]


async def until(done, seconds: float = 5.0) -> None:
    """Waits until something holds."""
    end = clock.monotonic() + seconds
    while not done():
        assert clock.monotonic() < end, "not in time"
        await asyncio.sleep(0.01)


async def room_of(peer, client) -> tuple[str, int]:
    room_id = (await client.ask("POST", "/v3/createRoom", json={"preset": "public_chat"}))["room_id"]
    return room_id, await peer.store.db.value("SELECT id FROM chat_room WHERE room_id = ?", room_id)


async def say(client, room_id: str, text: str) -> None:
    body = {"msgtype": "m.text", "body": text}
    await client.ask("PUT", f"/v3/rooms/{room_id}/send/m.room.message/{text}", json=body)


async def queue(peer, room: int, *servers: str) -> None:
    """As if the newest event were for these servers."""
    stream = await peer.store.db.value("SELECT MAX(stream) FROM chat_event WHERE room = ?", room)
    await peer.store.write(lambda unit: peer.federation.queue.event(unit, room, stream, servers))
    peer.federation.sender.wake()


async def test_events_come_in_order_and_only_what_was_for_the_server(two) -> None:
    one, other = two
    other.federation.incoming = got = Incoming()
    ann = await one.client("ann")
    room_id, room = await room_of(one, ann)
    for text in ("a", "b", "c"):
        await say(ann, room_id, text)
        await queue(one, room, other.name, one.name)
    await until(lambda: got.all == ["a", "b", "c"])
    for text in ("not", "d"):
        await say(ann, room_id, text)
    await queue(one, room, other.name)
    await until(lambda: got.all[-1] == "d")
    assert got.all == ["a", "b", "c", "d"]
    await asyncio.sleep(0.1)
    assert await one.store.db.rows("SELECT * FROM chat_outgoing") == []


async def test_who_was_away_for_long_gets_the_newest_event_of_each_room(two) -> None:
    one, other = two
    ann = await one.client("ann")
    rooms = [await room_of(one, ann) for _ in range(2)]
    await one.federation.backoff.failed(other.name)
    one.federation.backoff._known.clear()
    await one.store.write(lambda unit: unit.run("UPDATE chat_peer SET retry_ms = ?", clock.now_ms() + 60_000))
    for text in ("a", "b", "c"):
        for room_id, room in rooms:
            await say(ann, room_id, text)
            await queue(one, room, other.name)
    other.federation.incoming = got = Incoming()
    assert len(await one.store.db.rows("SELECT * FROM chat_outgoing")) == 2
    long_ago = clock.now_ms() - 3_600_000
    await one.store.write(
        lambda unit: unit.run("UPDATE chat_outgoing SET since_ms = ? WHERE room = ?", long_ago, rooms[0][1])
    )
    await other.federation.peers.get(one.name, path("federation", "v1", "query", "profile"), {"user_id": ann.user})
    await until(lambda: len(got.all) == 4)
    assert got.taken == [["a", "b", "c", "c"]]


async def test_what_was_not_taken_comes_again_under_the_same_name(two, monkeypatch) -> None:
    one, other = two
    monkeypatch.setattr("parvis.chat.federation.backoff._PAUSES_S", (0.05,))
    other.federation.incoming = got = Incoming()
    got.fails = 2
    ann = await one.client("ann")
    room_id, room = await room_of(one, ann)
    await say(ann, room_id, "a")
    await queue(one, room, other.name)
    await until(lambda: got.all == ["a"])
    names = {each.reason.rpartition("/")[2] for each in one.contacts if "/send/" in each.reason}
    assert len(names) == 1
    await until(lambda: one.federation.backoff._known[other.name].tries == 0)


async def test_a_transaction_that_comes_twice_is_taken_once(two) -> None:
    one, other = two
    other.federation.incoming = got = Incoming()
    where = path("federation", "v1", "send", "name")
    pdu = {"type": "x", "content": {}, "room_id": "!a:b"}
    body = transactions.written(one.name, 1, [pdu], [])
    first = await one.federation.peers.put(other.name, where, body)
    assert first == {"pdus": {"$0": {}}}
    with counting():
        again = await asyncio.gather(*(one.federation.peers.put(other.name, where, body) for _ in range(3)))
    assert again == [first] * 3 and len(got.taken) == 1
    await other.store.write(lambda unit: unit.run("UPDATE chat_peer_transaction SET received_ms = 1"))
    assert await forget(other.store) == 1


async def test_transactions_that_are_none(two) -> None:
    one, other = two
    other.federation.incoming = got = Incoming()
    where = path("federation", "v1", "send", "name")
    wrong = [
        transactions.written("elsewhere.org", 1, [], []),
        {"origin": one.name, "pdus": [{}] * 51},
        {"origin": one.name, "pdus": [], "edus": [{}] * 101},
        {"pdus": []},
    ]
    for body in wrong:
        with pytest.raises(PeerError) as error:
            await one.federation.peers.put(other.name, where, body)
        assert error.value.status in (400, 401)
    with pytest.raises(PeerError) as error:
        await one.federation.peers.put(other.name, path("federation", "v1", "send", "x" * 300), {})
    assert error.value.errcode == "M_INVALID_PARAM" and not got.taken
    with pytest.raises(PeerError) as error:
        big = {"origin": one.name, "pdus": [{"x": "y" * 17_000_000}]}
        await one.federation.peers.put(other.name, where, big)
    assert (error.value.errcode, error.value.status) == ("M_TOO_LARGE", 413)


async def test_a_room_keeps_servers_out(two) -> None:
    one, other = two
    other.federation.incoming = got = Incoming()
    bob = await other.client("bob")
    room_id, _ = await room_of(other, bob)
    await bob.ask("PUT", f"/v3/rooms/{room_id}/state/m.room.server_acl/", json={"allow": ["a.org"]})
    pdus = [{"type": kind, "content": {}, "room_id": where} for kind, where in (("x", room_id), ("y", "!a:b"))]
    body = transactions.written(one.name, 1, pdus, [])
    answer = await one.federation.peers.put(other.name, path("federation", "v1", "send", "name"), body)
    assert got.taken == [["y"]]
    kept_out = hashes.named(pdus[0], versions.DEFAULT)
    assert answer == {"pdus": {kept_out: {"error": "This room keeps your server out"}, "$0": {}}}
    for word, version in (("invite", "v2"), ("send_leave", "v2"), ("send_join", "v2"), ("send_knock", "v1")):
        with pytest.raises(PeerError) as error:
            await one.federation.peers.put(other.name, path("federation", version, word, room_id, "$x"), {})
        assert error.value.errcode == "M_FORBIDDEN", word
    assert [*await other.federation.acls.closed([room_id], one.name)] == [room_id]
    with counting() as counted:
        assert not await other.federation.acls.closed([room_id, "!c:d"], "a.org")
    assert len(counted.statements) == 1


async def test_messages_to_devices_both_ways(two) -> None:
    one, other = two
    ann, bob = await one.client("ann"), await other.client("bob")
    messages = {bob.user: {bob.device: {"text": "hello"}}, f"@no:{other.name}": {"*": {"text": "lost"}}}
    for _ in range(2):  # the same
        await ann.ask("PUT", "/v3/sendToDevice/m.test/1", json={"messages": messages})
    messages = {ann.user: {"*": {"text": "yes"}}}
    await bob.ask("PUT", "/v3/sendToDevice/m.test/1", json={"messages": messages})
    for client, sender, said in ((bob, ann, "hello"), (ann, bob, "yes")):
        found = await client.ask("GET", "/v3/sync", params={"timeout": 3000})
        if not found.get("to_device"):
            found = await client.ask("GET", "/v3/sync", params={"timeout": 5000, "since": found["next_batch"]})
        assert found["to_device"]["events"] == [
            {"sender": sender.user, "type": "m.test", "content": {"text": said}}
        ]
    await until(lambda: not one.federation.sender._sending)
    assert await one.store.db.rows("SELECT * FROM chat_outgoing_edu") == []


async def test_a_message_that_comes_beside_others_again_is_left_once(two) -> None:
    one, other = two
    bob = await other.client("bob")
    edu = DirectToDevice(f"@ann:{one.name}", "m.test", "1", {bob.user: {"*": {}}})
    forged = DirectToDevice("@ann:elsewhere.org", "m.test", "2", {bob.user: {"*": {}}})
    for name in ("a", "b"):
        edus = [transactions.wrapped(edu), transactions.wrapped(forged)]
        body = transactions.written(one.name, 1, [], edus)
        await one.federation.peers.put(other.name, path("federation", "v1", "send", name), body)
    assert await other.store.db.value("SELECT COUNT(*) FROM chat_to_device") == 1


async def test_who_types_and_reads_is_told_by_members_alone(two) -> None:
    one, other = two
    bob = await other.client("bob")
    room_id, room = await room_of(other, bob)
    ann = f"@ann:{one.name}"
    event_id = await other.store.db.value("SELECT event_id FROM chat_event ORDER BY stream DESC LIMIT 1")
    edus = [Typing(room_id, ann, True), Receipt(room_id, ann, event_id, 5, ""), Receipt(room_id, ann, "$x", 5, "")]
    body = transactions.written(one.name, 1, [], [transactions.wrapped(each) for each in edus])
    await one.federation.peers.put(other.name, path("federation", "v1", "send", "1"), body)
    found = await bob.ask("GET", "/v3/sync")
    assert "ephemeral" not in str(found) or ann not in str(found)
    await other.store.write(
        lambda unit: unit.run(
            """INSERT INTO chat_member (room, user_id, principal_id, membership, event, stream, changed)
            VALUES (?, ?, 0, 'join', 0, 1, 1)""",
            room,
            ann,
        )
    )
    await one.federation.peers.put(other.name, path("federation", "v1", "send", "2"), body)
    found = await bob.ask("GET", "/v3/sync")
    told = {each["type"]: each["content"] for each in found["rooms"]["join"][room_id]["ephemeral"]["events"]}
    assert told["m.typing"] == {"user_ids": [ann]}
    assert told["m.receipt"] == {event_id: {"m.read": {ann: {"ts": 5}}}}


async def test_what_passes_is_told_to_the_servers_of_a_room(two) -> None:
    one, other = two
    ann = await one.client("ann")
    room_id, room = await room_of(one, ann)
    event_id = await one.store.db.value("SELECT event_id FROM chat_event ORDER BY stream DESC LIMIT 1")
    sent: list = []

    async def keep(federation, origin, edu) -> None:
        sent.append(edu)

    async def join(unit) -> None:
        await unit.run("INSERT INTO chat_room_server (room, server, joined) VALUES (?, ?, 1)", room, other.name)
        await unit.run("UPDATE chat_room SET others = 1 WHERE id = ?", room)

    await one.store.write(join)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("parvis.chat.federation.edus.take", keep)
        await ann.ask("PUT", f"/v3/rooms/{room_id}/typing/{ann.user}", json={"typing": True})
        await ann.ask("POST", f"/v3/rooms/{room_id}/receipt/m.read/{event_id}", json={})
        await ann.ask("POST", f"/v3/rooms/{room_id}/receipt/m.read.private/{event_id}", json={})
        await until(lambda: len(sent) == 2)
    assert sent[0] == Typing(room_id, ann.user, True)
    assert (sent[1].room_id, sent[1].user_id, sent[1].event_id) == (room_id, ann.user, event_id)
