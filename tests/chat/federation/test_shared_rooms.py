"""Rooms that several servers of ours share: people come, talk, change things and go, on either side, with the network
cut and healed."""

import pytest

from parvis.access import accounts
from parvis.access.erasure import Gone
from parvis.chat.federation.contract import PeerError
from parvis.chat.federation.rooms import closing, gaps, serving
from parvis.chat.rooms import append
from parvis.chat.rooms import closing as waiting
from parvis.chat.rooms import store as rows
from parvis.chat.rooms.model import Draft
from parvis.store.sql.contract import counting
from parvis.wire.matrix import hashes
from parvis.wire.matrix.versions import supported
from tests.chat.federation.sides import A, B, Net, Side, both
from tests.chat.test_rooms import made, say, texts


async def same(net: Net, room: str) -> None:
    """Both have the same."""
    await net.flow()
    a, b = net.sides[A], net.sides[B]
    assert await a.state(room) == await b.state(room)


@pytest.mark.parametrize("version", ["10", "11", "12"])
async def test_who_joins_elsewhere_talks_with_those_there(net: Net, version: str) -> None:
    ann, bob = await net.sides[A].client("ann"), await net.sides[B].client("bob")
    room = await made(ann, preset="public_chat", name="Choir", room_version=version)
    await say(ann, room, "before")
    await bob.ask("POST", f"/v3/join/{room}", json={}, params={"via": A})
    await same(net, room)
    assert (await bob.ask("GET", "/v3/joined_rooms"))["joined_rooms"] == [room]
    await say(bob, room, "hello from b")
    await net.flow()
    await say(ann, room, "hello from a")
    await net.flow()
    assert await texts(ann, room) == ["hello from a", "hello from b", "before"]
    assert await texts(bob, room) == ["hello from a", "hello from b", "before"]
    told = await bob.ask("GET", "/v3/sync")
    joined = told["rooms"]["join"][room]
    assert {each["content"].get("name") for each in joined["state"]["events"]} >= {"Choir"}
    assert [each["content"].get("body") for each in joined["timeline"]["events"]][-2:] == [
        "hello from b",
        "hello from a",
    ]
    assert joined["summary"]["m.joined_member_count"] == 2


async def test_invitations_edits_reactions_and_redactions_go_both_ways(net: Net) -> None:
    ann, bob, room = await both(net, name="Board")
    event = await say(ann, room, "first")
    await net.flow()
    reaction = {"m.relates_to": {"rel_type": "m.annotation", "event_id": event, "key": "+"}}
    await bob.ask("PUT", f"/v3/rooms/{room}/send/m.reaction/r", json=reaction)
    edit = {"msgtype": "m.text", "body": "* second", "m.new_content": {"msgtype": "m.text", "body": "second"}}
    edit["m.relates_to"] = {"rel_type": "m.replace", "event_id": event}
    await ann.ask("PUT", f"/v3/rooms/{room}/send/m.room.message/e", json=edit)
    await same(net, room)
    shown = await bob.ask("GET", f"/v3/rooms/{room}/event/{event}")
    assert shown["unsigned"]["m.relations"]["m.replace"]["content"]["m.new_content"]["body"] == "second"
    await ann.ask("PUT", f"/v3/rooms/{room}/redact/{event}/x", json={})
    await net.flow()
    assert (await bob.ask("GET", f"/v3/rooms/{room}/event/{event}"))["content"] == {}
    other = await say(bob, room, "mine")
    await net.flow()
    await ann.ask("PUT", f"/v3/rooms/{room}/redact/{other}/y", json={"reason": "no"})
    await net.flow()
    assert (await bob.ask("GET", f"/v3/rooms/{room}/event/{other}"))["content"] == {}


async def test_a_kick_and_a_ban_close_the_room_on_the_other_side(net: Net) -> None:
    ann, bob, room = await both(net)
    await ann.ask("POST", f"/v3/rooms/{room}/kick", json={"user_id": bob.user})
    await net.flow()
    await bob.ask("GET", f"/v3/rooms/{room}/messages?dir=b", 403)
    await bob.ask("PUT", f"/v3/rooms/{room}/send/m.room.message/1", 403, json={"body": "x", "msgtype": "m.text"})
    await ann.ask("POST", f"/v3/rooms/{room}/invite", json={"user_id": bob.user})
    await say(ann, room, "while he was away")
    await bob.ask("POST", f"/v3/rooms/{room}/join", json={})
    await same(net, room)
    await say(bob, room, "back")
    await net.flow()
    assert (await texts(ann, room))[0] == "back" and (await texts(bob, room))[0] == "back"
    await ann.ask("POST", f"/v3/rooms/{room}/ban", json={"user_id": bob.user})
    await net.flow()
    await bob.ask("POST", f"/v3/rooms/{room}/join", 403, json={})
    assert (await bob.ask("GET", "/v3/joined_rooms"))["joined_rooms"] == []


async def test_an_invitation_is_declined_and_a_room_left(net: Net) -> None:
    ann, bob, room = await both(net)
    await bob.ask("POST", f"/v3/rooms/{room}/leave", json={})
    await net.flow()
    members = await ann.ask("GET", f"/v3/rooms/{room}/members")
    assert {each["state_key"]: each["content"]["membership"] for each in members["chunk"]}[bob.user] == "leave"
    await ann.ask("POST", f"/v3/rooms/{room}/invite", json={"user_id": bob.user})
    await bob.ask("POST", f"/v3/rooms/{room}/leave", json={"reason": "busy"})
    members = await ann.ask("GET", f"/v3/rooms/{room}/members")
    assert {each["state_key"]: each["content"]["membership"] for each in members["chunk"]}[bob.user] == "leave"
    assert "rooms" not in await bob.ask("GET", "/v3/sync")


async def test_a_version_that_is_not_known_here_is_named(net: Net) -> None:
    """Matrix v1.19 Client-Server §M_INCOMPATIBLE_ROOM_VERSION, Server-Server §PUT /invite"""
    ann, bob = await net.sides[A].client("ann"), await net.sides[B].client("bob")
    room = await made(ann, preset="public_chat")

    def refused(*_: object) -> dict:
        said = {"errcode": "M_INCOMPATIBLE_ROOM_VERSION", "error": "no", "room_version": "99"}
        raise PeerError(said["errcode"], 400, said["error"], said)

    for lie in (refused, lambda *_: {"room_version": "99", "event": {"content": {}}}):
        net.sides[A].lies = {"make_join": lie}
        found = await bob.ask("POST", f"/v3/join/{room}", 400, json={}, params={"via": A})
        assert (found["errcode"], found["room_version"]) == ("M_INCOMPATIBLE_ROOM_VERSION", "99")
    with pytest.raises(PeerError) as caught:
        where = "/_matrix/federation/v2/invite/!a:a.example/$x"
        await net.sides[A].put(B, where, {"room_version": "99", "event": {}})
    assert caught.value.body["room_version"] == "99"


async def test_who_is_invited_hears_of_it_once(net: Net) -> None:
    """By the invitation itself, which no transaction repeats where their server is not in the room."""
    ann, bob = await net.sides[A].client("ann"), await net.sides[B].client("bob")
    room = await made(ann)
    await ann.ask("POST", f"/v3/rooms/{room}/invite", json={"user_id": bob.user})
    assert room in (await bob.ask("GET", "/v3/sync"))["rooms"]["invite"] and not net.sides[A].waiting


async def test_an_invitation_is_taken_back(net: Net) -> None:
    ann, bob = await net.sides[A].client("ann"), await net.sides[B].client("bob")
    room = await made(ann, invite=[bob.user])
    await ann.ask("POST", f"/v3/rooms/{room}/kick", json={"user_id": bob.user})
    await net.flow()
    assert "rooms" not in await bob.ask("GET", "/v3/sync")
    await ann.ask("POST", f"/v3/rooms/{room}/invite", json={"user_id": bob.user})
    since = (await bob.ask("GET", "/v3/sync"))["next_batch"]
    await ann.ask("POST", f"/v3/rooms/{room}/kick", json={"user_id": bob.user})
    pdu = (await _memberships(net, room, bob.user))[-1]
    assert await net.sides[B].shared.events.pdus("c.example", [pdu]) == {}
    assert "rooms" not in await bob.ask("GET", "/v3/sync", params={"since": since})
    await net.flow()
    assert room in (await bob.ask("GET", "/v3/sync", params={"since": since}))["rooms"]["leave"]


async def _memberships(net: Net, room: str, user: str) -> list[dict]:
    db = net.sides[A].context.store.db
    found = await rows.select(db, "r.room_id = ? AND e.stream > 0 ORDER BY e.stream", room)
    return [each.event.source for each in found if each.event.key == ("m.room.member", user)]


async def test_an_event_whose_state_is_asked_for_is_to_be_named(net: Net) -> None:
    _ann, _bob, room = await both(net)
    for word in ("state", "state_ids"):
        with pytest.raises(PeerError) as caught:
            await net.sides[B].get(A, f"/_matrix/federation/v1/{word}/{room}")
        assert caught.value.errcode == "M_MISSING_PARAM"


async def test_servers_that_ask_in_the_first_form_are_answered_in_it(net: Net, monkeypatch) -> None:
    ann, bob = await net.sides[A].client("ann"), await net.sides[B].client("bob")
    room = await made(ann, preset="public_chat")
    b, ask = net.sides[B], net.sides[B]._ask

    async def older(server: str, method: str, path: str, *more: object) -> object:
        if "/v2/" in path:
            raise PeerError("M_UNKNOWN", 404)
        return await ask(server, method, path, *more)

    monkeypatch.setattr(b, "_ask", older)
    await bob.ask("POST", f"/v3/join/{room}", json={}, params={"via": A})
    await same(net, room)
    drafted = await b.get(A, f"/_matrix/federation/v1/make_leave/{room}/{bob.user}")
    version = supported(drafted["room_version"])
    left = hashes.sealed(drafted["event"], version, B, b.rooms.home.key)
    name = hashes.named(left, version)
    assert await b.put(A, f"/_matrix/federation/v1/send_leave/{room}/{name}", left) == [200, {}]
    with pytest.raises(PeerError) as caught:
        await b.put(A, f"/_matrix/federation/v1/invite/{room}/$x", {})
    assert caught.value.errcode == "M_INCOMPATIBLE_ROOM_VERSION" and caught.value.body["room_version"] == "1"


async def test_nobody_is_drafted_into_a_room_that_everybody_has_left(net: Net) -> None:
    ann = await net.sides[A].client("ann")
    room = await made(ann, preset="public_chat")
    where = f"/_matrix/federation/v1/make_join/{room}/@bob:{B}"
    await net.sides[B].get(A, where, {"ver": ["12"]})
    await ann.ask("POST", f"/v3/rooms/{room}/leave", json={})
    with pytest.raises(PeerError) as caught:
        await net.sides[B].get(A, where, {"ver": ["12"]})
    assert caught.value.errcode == "M_NOT_FOUND"


async def test_where_the_rest_of_a_gap_is_not_told_the_state_before_it_is_asked_for(net: Net, monkeypatch) -> None:
    monkeypatch.setattr(serving, "_MOST_MISSING", 5)
    ann, bob, room = await both(net)
    a, b = net.sides[A], net.sides[B]
    number = await a.context.store.db.value("SELECT id FROM chat_room")
    for each in range(20):
        await say(ann, room, f"{each}")
    a.sent[B, number] = await a.rooms.position()  # nothing of it arrived
    await say(ann, room, "back")
    ask, asked = b._ask, 0

    async def once(server: str, method: str, path: str, *more: object) -> object:
        nonlocal asked
        asked += "get_missing_events" in path
        if "get_missing_events" in path and asked > 1:
            raise PeerError("M_UNKNOWN", 404)
        return await ask(server, method, path, *more)

    monkeypatch.setattr(b, "_ask", once)
    await net.flow()
    assert (await texts(bob, room)) == ["back", "19", "18", "17", "16", "15"]
    await say(bob, room, "yes")
    await same(net, room)


async def test_who_knocks_elsewhere_is_let_in(net: Net) -> None:
    ann, bob = await net.sides[A].client("ann"), await net.sides[B].client("bob")
    rules = {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "knock"}}
    room = await made(ann, initial_state=[rules])
    await bob.ask("POST", f"/v3/knock/{room}", json={"reason": "please"}, params={"via": A})
    assert room in (await bob.ask("GET", "/v3/sync"))["rooms"]["knock"]
    members = await ann.ask("GET", f"/v3/rooms/{room}/members", params={"membership": "knock"})
    assert [each["content"]["reason"] for each in members["chunk"]] == ["please"]
    await ann.ask("POST", f"/v3/rooms/{room}/invite", json={"user_id": bob.user})
    await bob.ask("POST", f"/v3/rooms/{room}/join", json={})
    await same(net, room)


async def test_members_of_another_room_are_let_in(net: Net) -> None:
    ann, bob = await net.sides[A].client("ann"), await net.sides[B].client("bob")
    club = await made(ann, preset="public_chat")
    allow = [{"type": "m.room_membership", "room_id": club}]
    rules = {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "restricted", "allow": allow}}
    room = await made(ann, initial_state=[rules])
    await bob.ask("POST", f"/v3/join/{room}", 400, json={}, params={"via": A})
    await bob.ask("POST", f"/v3/join/{club}", json={}, params={"via": A})
    await bob.ask("POST", f"/v3/join/{room}", json={}, params={"via": A})
    await same(net, room)


async def test_what_both_do_while_they_cannot_speak_meets(net: Net) -> None:
    ann, bob, room = await both(net, power_level_content_override={"state_default": 0, "events": {}})
    net.cut.add(frozenset((A, B)))
    for number in range(5):
        await say(ann, room, f"a{number}")
        await say(bob, room, f"b{number}")
    topic = f"/v3/rooms/{room}/state/m.room.topic"
    await ann.ask("PUT", topic, json={"topic": "of a"})
    await bob.ask("PUT", topic, json={"topic": "of b"})
    await bob.ask("PUT", f"/v3/rooms/{room}/state/m.room.name", json={"name": "by b"})
    await ann.ask("PUT", f"/v3/rooms/{room}/state/x.y/k", json={"by": "a"})
    await net.flow()
    net.cut.clear()
    await same(net, room)
    assert sorted(await texts(ann, room)) == sorted(await texts(bob, room)) and len(await texts(ann, room)) == 10
    assert (await ann.ask("GET", topic)) == (await bob.ask("GET", topic)) == {"topic": "of b"}
    await say(ann, room, "joins them")
    await same(net, room)
    for side in net.sides.values():
        assert await side.context.store.db.value("SELECT latest FROM chat_room") == await net.sides[
            A
        ].context.store.db.value("SELECT latest FROM chat_room")


async def test_a_long_time_apart_is_made_up_for_by_what_the_newest_event_follows(net: Net, monkeypatch) -> None:
    """As Synapse has it: who was away is told the newest event alone, and asks for the others, 20 each time. What is
    here already is not told again, though the other server has not heard of our latest event."""
    monkeypatch.setattr(serving, "_MOST_MISSING", 20)
    ann, bob, room = await both(net)
    net.cut.add(frozenset((A, B)))
    for number in range(45):
        await say(ann, room, f"a{number}")
        await say(bob, room, f"b{number}")
    net.cut.clear()
    await net.sides[A].deliver()
    await say(ann, room, "not told yet")
    await say(bob, room, "the newest")
    a, b = net.sides[A], net.sides[B]
    b.sent = {key: upto - 1 for key, upto in b.waiting.items()}
    await b.deliver()
    assert set(await b.timeline(room)) < set(await a.timeline(room))
    await net.flow()
    await same(net, room)


async def test_who_was_away_for_long_has_all_that_was_said_in_order(net: Net, monkeypatch) -> None:
    """More than a server tells at once, and than ten times that: in steps, each as large as the other server has it."""
    monkeypatch.setattr(serving, "_MOST_MISSING", 5)
    ann, bob, room = await both(net)
    a, b = net.sides[A], net.sides[B]
    number = await a.context.store.db.value("SELECT id FROM chat_room")
    for each in range(80):
        await say(ann, room, f"{each}")
    a.sent[B, number] = await a.rooms.position()  # nothing of it arrived
    await say(ann, room, "back")
    net.asked.clear()
    await net.flow()
    assert sum("get_missing_events" in path for _, _, path in net.asked) == 16
    assert await b.timeline(room) == await a.timeline(room) and len(await a.timeline(room)) == 81
    await say(bob, room, "yes")
    await same(net, room)


async def test_who_was_banned_meanwhile_says_nothing_more(net: Net) -> None:
    ann, bob, room = await both(net)
    net.cut.add(frozenset((A, B)))
    await ann.ask("POST", f"/v3/rooms/{room}/ban", json={"user_id": bob.user})
    await say(bob, room, "too late")
    net.cut.clear()
    await net.sides[B].deliver()  # it was sent before he could know
    await net.flow()
    assert await texts(ann, room) == []
    await say(ann, room, "quiet now")
    await net.flow()
    assert (await texts(ann, room)) == ["quiet now"]


async def test_the_past_is_filled_in_as_somebody_reads_back(net: Net) -> None:
    ann, bob = await net.sides[A].client("ann"), await net.sides[B].client("bob")
    room = await made(ann, preset="public_chat", name="first name")
    said = [await say(ann, room, f"{number}") for number in range(150)]
    await ann.ask("PUT", f"/v3/rooms/{room}/state/m.room.name", json={"name": "second name"})
    await ann.ask("PUT", f"/v3/rooms/{room}/redact/{said[3]}/1", json={})
    await bob.ask("POST", f"/v3/join/{room}", json={}, params={"via": A})
    joined = (await bob.ask("GET", "/v3/sync"))["rooms"]["join"][room]["timeline"]
    assert joined["limited"] and len(joined["events"]) == 1
    found, query = [], {"dir": "b", "limit": 40, "from": joined["prev_batch"]}
    while True:
        page = await bob.ask("GET", f"/v3/rooms/{room}/messages", params=query)
        found += page["chunk"]
        if "end" not in page:
            break
        query["from"] = page["end"]
    assert [each["event_id"] for each in found if each["type"] == "m.room.message"] == said[::-1]
    assert found[-1]["type"] == "m.room.create" and len({each["event_id"] for each in found}) == len(found)
    await say(bob, room, "after")
    await same(net, room)
    since = (await bob.ask("GET", "/v3/sync"))["next_batch"]
    assert "rooms" not in await bob.ask("GET", "/v3/sync", params={"since": since})


async def test_what_was_not_shown_to_who_came_later_stays_hidden_when_filled_in(net: Net) -> None:
    ann, bob = await net.sides[A].client("ann"), await net.sides[B].client("bob")
    seen = {"type": "m.room.history_visibility", "state_key": "", "content": {"history_visibility": "joined"}}
    room = await made(ann, preset="public_chat", initial_state=[seen])
    await say(ann, room, "a secret")
    await ann.ask("PUT", f"/v3/rooms/{room}/state/m.room.history_visibility", json={"history_visibility": "shared"})
    await say(ann, room, "open")
    await bob.ask("POST", f"/v3/join/{room}", json={}, params={"via": A})
    assert [each for each in await texts(bob, room) if each] == ["open"]
    kept = await net.sides[B].context.store.db.rows("SELECT json FROM chat_event")
    assert not any(b"a secret" in bytes(row[0]) for row in kept)  # it was never sent


async def test_a_gap_is_closed_and_of_what_is_before_the_state_is_asked(net: Net, monkeypatch) -> None:
    ann, bob, room = await both(net)
    a, b = net.sides[A], net.sides[B]
    number = await a.context.store.db.value("SELECT id FROM chat_room")
    await say(ann, room, "lost 1")
    await say(ann, room, "lost 2")
    upto = await a.rooms.position()
    a.sent[B, number] = upto  # it never arrived
    await say(ann, room, "arrives")
    await net.flow()
    assert await texts(bob, room) == ["arrives", "lost 2", "lost 1"]
    topic = f"/v3/rooms/{room}/state/m.room.topic"
    monkeypatch.setattr(gaps, "_MOST", 10)
    for each in range(80):
        await ann.ask("PUT", topic, json={"topic": f"{each}"})
    a.sent[B, number] = await a.rooms.position()
    await say(ann, room, "much later")
    await net.flow()
    assert (await texts(bob, room))[0] == "much later"
    assert (await bob.ask("GET", topic)) == {"topic": "79"}
    assert await b.context.store.db.value("SELECT COUNT(*) FROM chat_event WHERE type = 'm.room.topic'") < 80
    assert await a.state(room) == await b.state(room)
    await say(bob, room, "yes")
    await same(net, room)
    assert (await texts(ann, room))[0] == "yes"


async def fill(side: Side) -> int:
    """Has what is missing asked for until nothing more is planned; returns in how many pieces."""
    jobs, pieces = side.context.store.jobs, 0
    jobs.handle(waiting.JOB, side.shared.close)
    while await jobs.claim_due():
        await jobs.idle()
        pieces += 1
        assert pieces < 50
    return pieces


async def test_what_was_missed_for_long_is_filled_in_piece_by_piece(net: Net, monkeypatch) -> None:
    for module, name, value in (
        (gaps, "_MOST", 20), (serving, "_MOST_MISSING", 5), (waiting, "_SOON_MS", 0), (closing, "_PAUSE_MS", -1),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)
    ann, bob, room = await both(net, preset="public_chat")
    a, b = net.sides[A], net.sides[B]
    number = await a.context.store.db.value("SELECT id FROM chat_room")
    await say(ann, room, "before")
    await net.flow()
    seen, topic = f"/v3/rooms/{room}/state/m.room.history_visibility", f"/v3/rooms/{room}/state/m.room.topic"
    for each in range(60):
        if each in (20, 40):
            how = "joined" if each == 20 else "shared"
            await ann.ask("PUT", seen, json={"history_visibility": how})
        if each % 10 == 5:
            await ann.ask("PUT", topic, json={"topic": f"{each}"})
        await say(ann, room, f"{each}")
    a.sent[B, number] = await a.rooms.position()  # nothing of it arrived
    await say(ann, room, "much later")
    await net.flow()
    assert len(await texts(bob, room)) < 40
    since, state = (await bob.ask("GET", "/v3/sync"))["next_batch"], await b.state(room)
    assert 2 <= await fill(b) <= 6
    assert await b.timeline(room) == await a.timeline(room)
    said = [f"{each}" for each in range(60)]
    assert await texts(bob, room) == ["much later", *said[::-1], "before"]
    assert await b.state(room) == state == await a.state(room)
    assert (await bob.ask("GET", "/v3/sync", params={"since": since})).get("rooms", {}) == {}
    carol = await b.client("carol")
    await carol.ask("POST", f"/v3/join/{room}", json={})
    assert await texts(carol, room) == ["much later", *said[:39:-1], *said[19::-1], "before"]
    await say(bob, room, "yes")
    await same(net, room)
    assert (await texts(ann, room))[0] == "yes" and await fill(b) == 0


async def test_a_gap_that_nobody_fills_is_left_in_the_end(net: Net, monkeypatch) -> None:
    monkeypatch.setattr(waiting, "_SOON_MS", 0)
    monkeypatch.setattr(closing, "_PAUSE_MS", -1)
    ann, bob, room = await both(net)
    a, b = net.sides[A], net.sides[B]
    number = await a.context.store.db.value("SELECT id FROM chat_room")
    lost = await say(ann, room, "lost")
    a.sent[B, number] = await a.rooms.position()
    a.lies["get_missing_events"] = lambda *_: {"events": []}
    await say(ann, room, "arrives")
    await net.flow()
    assert await texts(bob, room) == ["arrives"]
    ask = b._ask

    async def nothing(server: str, method: str, path: str, *more: object) -> object:
        if "/event/" in path:
            raise PeerError("M_NOT_FOUND", 404)
        return await ask(server, method, path, *more)

    monkeypatch.setattr(b, "_ask", nothing)
    assert await fill(b) == 6
    assert lost not in await b.timeline(room)
    await say(bob, room, "yes")
    await same(net, room)


async def test_a_space_is_told_to_servers_whose_people_could_join(net: Net) -> None:
    ann = await net.sides[A].client("ann")
    space = await made(ann, preset="public_chat", name="All", creation_content={"type": "m.space"})
    names = {
        "public": await made(ann, preset="public_chat", name="Open"),
        "private": await made(ann, name="Closed"),
    }
    for room in names.values():
        await ann.ask("PUT", f"/v3/rooms/{space}/state/m.space.child/{room}", json={"via": [A]})
    told = await net.sides[B].get(A, f"/_matrix/federation/v1/hierarchy/{space}")
    assert told["room"]["name"] == "All" and len(told["room"]["children_state"]) == 2
    assert [each["room_id"] for each in told["children"]] == [names["public"]]
    assert told["inaccessible_children"] == [names["private"]]
    with pytest.raises(PeerError) as refused:
        await net.sides[B].get(A, f"/_matrix/federation/v1/hierarchy/{names['private']}")
    assert refused.value.status == 404


async def test_whose_account_is_gone_leaves_rooms_elsewhere_and_is_invited_no_more(net: Net) -> None:
    ann, bob, room = await both(net)
    other = await made(ann, invite=[bob.user])
    side = net.sides[B]
    gone = await side.context.store.write(lambda unit: accounts.remove(unit, bob.person.id))
    await side.feature.erase(side.context.store, Gone(bob.person.id, tuple(gone)))
    await net.flow()
    members = await ann.ask("GET", f"/v3/rooms/{room}/members")
    assert {each["state_key"]: each["content"]["membership"] for each in members["chunk"]}[bob.user] == "leave"
    left = await side.context.store.db.rows(
        "SELECT principal_id, membership FROM chat_member WHERE user_id = ?", bob.user
    )
    assert left == [(0, "leave"), (0, "leave")] and other
    assert await side.context.store.db.rows("SELECT 1 FROM chat_invitation") == []


async def test_statements_do_not_grow_with_the_room(net: Net) -> None:
    ann, bob, room = await both(net)
    a, b = net.sides[A], net.sides[B]

    async def people(writing, after: int) -> None:
        for number in range(after, after + 50):
            user = f"@u{number}:{B}"
            await append.append(writing, room, user, Draft("m.room.member", {"membership": "join"}, user))

    await ann.ask("PUT", f"/v3/rooms/{room}/state/m.room.join_rules", json={"join_rule": "public"})
    counts = []
    for after in (0, 50):
        await net.flow()
        await b.rooms.write(lambda writing, after=after: people(writing, after))
        await net.flow()
        await say(bob, room, f"one {after}")
        with counting() as one:
            await net.flow()
        net.cut.add(frozenset((A, B)))
        await say(ann, room, f"here {after}")
        await bob.ask(
            "PUT", f"/v3/rooms/{room}/state/m.room.member/{bob.user}", json={"membership": "join", "n": after}
        )
        await say(bob, room, f"there {after}")
        net.cut.clear()
        with counting() as fork:
            await net.flow()
        with counting() as state:
            await b.get(A, f"/_matrix/federation/v1/state_ids/{room}", {"event_id": (await a.timeline(room))[-1]})
        counts.append((len(one), len(fork), len(state)))
    assert counts[1][0] <= counts[0][0] <= 24, counts
    assert counts[1][1] <= counts[0][1] + 6 <= 140, counts
    assert counts[1][2] <= counts[0][2] + 4 <= 30, counts
    await same(net, room)
