"""What other servers send that is forged, broken, too much or without end: it changes nothing, and costs little.
Matrix v1.19 Server-Server §Checks performed on receipt of a PDU"""

import time
from typing import Any

import pytest

from parvis.chat.federation.contract import PeerError
from parvis.chat.rooms import append, store
from parvis.chat.rooms.model import Draft
from parvis.wire.matrix import base64, hashes, versions
from parvis.wire.matrix import event as events
from parvis.wire.matrix.event import Event
from tests.chat.federation.sides import A, B, Net, both
from tests.chat.test_rooms import made, say, texts


async def draft(
    net: Net, room: str, user: str, kind: str, content: dict, key: str | None = None, **more: Any
) -> Event:
    """An event as B would say it, where `more` is otherwise; signed by B and not said there."""
    side, found = net.sides[B], []

    class _Undone(Exception):
        pass

    async def work(writing) -> None:
        locked = await append.locked(writing, room)
        levels = Draft("m.room.message", {"body": "x"})
        model, _ = await append.build(writing, locked, user, levels)
        found.append((model, locked.version))
        raise _Undone

    with pytest.raises(_Undone):
        await side.rooms.write(work)
    model, version = found[0]
    source = {**model.source, "type": kind, "content": content, "sender": user, **more}
    if key is not None:
        source["state_key"] = key
    for name in ("hashes", "signatures"):
        source.pop(name)
    home = side.rooms.home
    sealed = hashes.sealed(source, version, home.name, home.key)
    return events.load(sealed, version)


async def told(net: Net, *pdus: Any) -> dict:
    """What A answers to B."""
    sources = [each.source if isinstance(each, Event) else each for each in pdus]
    return dict(await net.sides[A].shared.events.pdus(B, sources))


async def test_what_is_forged_or_broken_is_refused(net: Net) -> None:
    ann, bob, room = await both(net)
    before = await net.sides[A].state(room)
    forged = await draft(net, room, ann.user, "m.room.message", {"body": "forged"})
    large = await draft(net, room, bob.user, "m.room.message", {"body": "x" * 70_000})
    elsewhere = await draft(net, room, bob.user, "m.room.message", {"body": "x"}, room_id=f"{room[:-1]}x")
    unsigned = {**(await draft(net, room, bob.user, "m.room.message", {"body": "x"})).source, "signatures": {}}
    deep = await draft(net, room, bob.user, "m.room.message", {"body": "x"}, depth=-1)
    answers = [await told(net, each) for each in (forged, large, elsewhere, unsigned, deep)]
    assert all("error" in next(iter(each.values())) for each in answers if each), answers
    assert answers[2] == {}  # of a room that is not here nothing is said
    assert await net.sides[A].timeline(room) == [] and await net.sides[A].state(room) == before
    [answer] = (await told(net, {"room_id": room}, {"room_id": 5}, {})).values()
    assert answer == {"error": "Not text"}


async def test_of_what_has_another_hash_only_the_skeleton_is_taken(net: Net) -> None:
    ann, bob, room = await both(net)
    event = await draft(net, room, bob.user, "m.room.message", {"body": "true"})
    source = {**event.source, "content": {"body": "false", "msgtype": "m.text"}}
    assert await told(net, source) == {event.event_id: {}}
    shown = await ann.ask("GET", f"/v3/rooms/{room}/event/{event.event_id}")
    assert shown["content"] == {}


async def test_what_is_not_allowed_is_kept_from_everything(net: Net) -> None:
    ann, bob, room = await both(net)
    since = (await ann.ask("GET", "/v3/sync"))["next_batch"]
    levels = await draft(net, room, bob.user, "m.room.power_levels", {"users": {bob.user: 100}}, "")
    assert await told(net, levels) == {levels.event_id: {}}
    after = await draft(net, room, bob.user, "m.room.topic", {"topic": "mine"}, "", prev_events=[levels.event_id])
    said = await draft(net, room, bob.user, "m.room.message", {"body": "after"}, prev_events=[levels.event_id])
    await told(net, after, said)
    state = await net.sides[A].state(room)
    assert state["m.room.power_levels", ""] != levels.event_id and ("m.room.topic", "") not in state
    told_ann = (await ann.ask("GET", "/v3/sync", params={"since": since}))["rooms"]["join"][room]
    assert [each["content"] for each in told_ann["timeline"]["events"]] == [{"body": "after"}]
    assert told_ann["state"]["events"] == []
    await ann.ask("GET", f"/v3/rooms/{room}/event/{levels.event_id}", 404)
    db = net.sides[A].context.store.db
    rejected = await store.select(db, "e.rejected = 1")
    assert {each.event_id for each in rejected} == {levels.event_id, after.event_id}
    await say(ann, room, "goes on")
    await net.flow()
    assert (await texts(bob, room))[0] == "goes on"


async def test_an_event_that_names_too_much_is_not_taken(net: Net) -> None:
    _ann, bob, room = await both(net)
    await say(bob, room, "one")
    await net.flow()
    message = (await net.sides[A].timeline(room))[-1]
    model = await draft(net, room, bob.user, "m.room.message", {"body": "x"})
    wrong = await draft(
        net, room, bob.user, "m.room.message", {"body": "x"}, auth_events=[*model.auth_events, message]
    )
    assert await told(net, wrong) == {wrong.event_id: {}}  # known, and rejected
    assert wrong.event_id not in await net.sides[A].timeline(room)


async def test_a_gap_without_end_is_given_up(net: Net) -> None:
    ann, bob, room = await both(net)
    liar, made_up = net.sides[B], 0
    model = await draft(net, room, bob.user, "m.room.message", {"body": "x"})

    def more(query, body) -> dict:
        nonlocal made_up
        found = []
        for name in body["latest_events"]:
            made_up += 1
            found.append({**known[name], "content": {"body": f"{made_up}"}})
        return {"events": [sealed(each) for each in found]}

    def sealed(source: dict) -> dict:
        home = liar.rooms.home
        plain = {name: value for name, value in source.items() if name not in ("hashes", "signatures")}
        plain["prev_events"] = [f"${base64.encode_url(bytes([made_up % 256] * 32))}"]
        done = hashes.sealed(plain, model.version, home.name, home.key)
        known[hashes.event_id(done, model.version)] = done
        return done

    known: dict[str, dict] = {}
    first = sealed(model.source)
    liar.lies = {
        "get_missing_events": more,
        "state_ids": lambda query, body: {"pdu_ids": ["$x"] * 100_001, "auth_chain_ids": []},
        "event": _nowhere,
    }
    net.asked.clear()
    answer = await told(net, first)
    assert "error" in answer[hashes.event_id(first, model.version)]
    assert len(net.asked) < 120, len(net.asked)
    assert await net.sides[A].timeline(room) == []
    liar.lies = {}
    await say(bob, room, "real")
    await net.flow()
    assert await texts(ann, room) == ["real"]


def _nowhere(*_: object) -> dict:
    raise PeerError("M_NOT_FOUND", 404)


async def test_a_bomb_of_state_and_a_deep_chain_are_taken_in_bounded_time(net: Net) -> None:
    ann, bob, room = await both(net, power_level_content_override={"state_default": 0})
    side = net.sides[B]
    net.cut.add(frozenset((A, B)))
    for number in range(80):
        await bob.ask("PUT", f"/v3/rooms/{room}/state/m.x/{number}", json={"n": number})
        await bob.ask(
            "PUT", f"/v3/rooms/{room}/state/m.room.member/{bob.user}", json={"membership": "join", "n": number}
        )
    await say(ann, room, "on the other side")
    net.cut.clear()
    start = time.monotonic()
    await net.flow()
    seconds = time.monotonic() - start
    assert await net.sides[A].state(room) == await side.state(room)
    rows = await net.sides[A].context.store.db.value("SELECT COUNT(*) FROM chat_branch_state")
    assert rows < 160 * 160 / 20 and seconds < 60, (rows, seconds)


async def test_a_join_that_tells_another_state_is_refused(net: Net) -> None:
    ann, bob = await net.sides[A].client("ann"), await net.sides[B].client("bob")
    room = await made(bob, preset="public_chat")
    side = net.sides[B]
    real = net.sides[A]._ask

    async def without(server: str, method: str, path: str, body: dict | None, query: Any) -> Any:
        found = await real(server, method, path, body, query)
        if "/send_join/" in path:
            found["state"] = [each for each in found["state"] if each["type"] != lacking]
        return found

    net.sides[A]._ask = without
    for lacking in ("m.room.create", "m.room.join_rules"):
        await ann.ask(
            "POST", f"/v3/join/{room}", 400 if lacking == "m.room.create" else 403, json={}, params={"via": B}
        )
        assert (await ann.ask("GET", "/v3/joined_rooms"))["joined_rooms"] == []
    net.sides[A]._ask = real
    await ann.ask("POST", f"/v3/join/{room}", json={}, params={"via": B})
    await net.flow()
    assert await side.state(room) == await net.sides[A].state(room)


async def test_whose_server_is_not_in_a_room_gets_nothing_of_it(net: Net) -> None:
    ann = await net.sides[A].client("ann")
    room = await made(ann)
    event = await say(ann, room, "inside")
    peers = net.sides[B]
    for path in (
        f"event/{event}",
        f"backfill/{room}",
        f"state/{room}",
        f"state_ids/{room}",
        f"event_auth/{room}/{event}",
    ):
        with pytest.raises(PeerError) as refused:
            await peers.get(A, f"/_matrix/federation/v1/{path}", {"event_id": event, "v": event, "limit": "1"})
        assert refused.value.errcode == "M_FORBIDDEN", path
    with pytest.raises(PeerError) as refused:
        await peers.get(A, f"/_matrix/federation/v1/make_join/{room}/@eve:{B}", {"ver": ["12"]})
    assert refused.value.errcode == "M_FORBIDDEN"
    with pytest.raises(PeerError) as refused:
        await peers.get(A, f"/_matrix/federation/v1/make_join/{room}/@eve:c.example", {"ver": ["12"]})
    assert refused.value.errcode == "M_FORBIDDEN"


async def test_what_is_soft_failed_is_seen_by_nobody_and_followed_by_nothing(net: Net) -> None:
    """Matrix v1.19 Server-Server §Soft failure: allowed where it says it stands, and not as the room is now."""
    ann, bob, room = await both(net)
    side = net.sides[A]
    said = await draft(net, room, bob.user, "m.room.message", {"body": "before the ban, he says"})
    renamed = await draft(
        net, room, bob.user, "m.room.member", {"membership": "join", "displayname": "Ann"}, bob.user
    )
    await ann.ask("POST", f"/v3/rooms/{room}/ban", json={"user_id": bob.user})
    since, before = (await ann.ask("GET", "/v3/sync"))["next_batch"], await side.state(room)
    assert await told(net, said, renamed) == {said.event_id: {}, renamed.event_id: {}}
    db = side.context.store.db
    failed = await store.select(db, "e.soft_failed = 1")
    assert {each.event_id for each in failed} == {said.event_id, renamed.event_id}
    assert (await ann.ask("GET", "/v3/sync", params={"since": since})).get("rooms", {}) == {}
    await ann.ask("GET", f"/v3/rooms/{room}/event/{said.event_id}", 404)
    assert await side.state(room) == before and await texts(ann, room) == []
    own = await say(ann, room, "goes on")
    [mine] = await store.select(db, "e.event_id = ?", own)
    assert not {said.event_id, renamed.event_id} & set(mine.event.source["prev_events"])
    again = await told(net, said)  # it is known, and is not weighed anew
    assert again == {said.event_id: {}} and await texts(ann, room) == ["goes on"]


async def test_what_takes_back_nothing_that_is_here_is_not_shown(net: Net) -> None:
    """Matrix v1.19 Room Version 3 §Handling redactions: of another room, of somebody else, of what is to come."""
    ann, bob, room = await both(net)
    other = await made(ann, invite=[bob.user])
    await bob.ask("POST", f"/v3/rooms/{other}/join", json={})
    await net.flow()
    there, hers = await say(bob, other, "in another room"), await say(ann, room, "hers")
    await net.flow()
    since = (await ann.ask("GET", "/v3/sync"))["next_batch"]
    late = await draft(net, room, bob.user, "m.room.message", {"body": "late", "msgtype": "m.text"})
    for target in (there, hers, late.event_id):
        taking = await draft(net, room, bob.user, "m.room.redaction", {"redacts": target})
        assert await told(net, taking) == {taking.event_id: {}}
        await ann.ask("GET", f"/v3/rooms/{room}/event/{taking.event_id}", 404)
    assert (await ann.ask("GET", "/v3/sync", params={"since": since})).get("rooms", {}) == {}
    assert await texts(ann, other) == ["in another room"] and await texts(ann, room) == ["hers"]
    assert await told(net, late) == {late.event_id: {}}
    shown = await ann.ask("GET", f"/v3/rooms/{room}/event/{late.event_id}")
    assert shown["content"] == {} and shown["unsigned"]["redacted_because"]["event_id"] == taking.event_id
    await say(ann, room, "goes on")
    await net.flow()
    assert (await texts(bob, room))[0] == "goes on"


async def test_names_that_look_like_others_are_others(net: Net) -> None:
    """Servers have names of plain letters; whoever is called like somebody else has neither their rooms nor their
    power."""
    ann, bob, room = await both(net)
    before = await net.sides[A].state(room)
    for sender in ("@bob:b.ex\N{CYRILLIC SMALL LETTER A}mple", "@bob:\N{FULLWIDTH LATIN SMALL LETTER B}.example"):
        forged = await draft(net, room, bob.user, "m.room.message", {"body": "x"}, sender=sender)
        assert "error" in (await told(net, forged))[forged.event_id]
        await ann.ask("POST", f"/v3/rooms/{room}/invite", 400, json={"user_id": sender})
    alike = f"@b\N{CYRILLIC SMALL LETTER O}b:{B}"
    other = await draft(net, room, bob.user, "m.room.message", {"body": "not bob"}, sender=alike)
    assert await told(net, other) == {other.event_id: {}}  # known, and rejected: that one is not in the room
    assert await net.sides[A].timeline(room) == [] and await net.sides[A].state(room) == before
    called = {"membership": "join", "displayname": "\N{CYRILLIC CAPITAL LETTER A}nn"}
    await told(net, await draft(net, room, bob.user, "m.room.member", called, bob.user))
    topic = await draft(net, room, bob.user, "m.room.topic", {"topic": "by her name"}, "")
    await told(net, topic)
    assert ("m.room.topic", "") not in await net.sides[A].state(room)
    members = (await ann.ask("GET", f"/v3/rooms/{room}/joined_members"))["joined"]
    assert set(members) == {ann.user, bob.user}


async def drafted(net: Net, room: str, user: str, word: str = "join") -> dict:
    """A membership that A drafts for somebody of B."""
    path = f"/_matrix/federation/v1/make_{word}/{room}/{user}"
    found = await net.sides[B].get(A, path, {"ver": ["12"]})
    return dict(found["event"])


async def handed(net: Net, source: dict, word: str = "join", *, name: str = "", room: str = "") -> dict:
    """B signs a membership and hands it in at A, under its name or another."""
    side, version = net.sides[B], versions.supported("12")
    sealed = hashes.sealed(source, version, side.rooms.home.name, side.rooms.home.key)
    where = f"{room or source['room_id']}/{name or hashes.event_id(sealed, version)}"
    return dict(await side.put(A, f"/_matrix/federation/v2/send_{word}/{where}", sealed))


async def test_handshakes_that_are_forged_change_nothing(net: Net) -> None:
    ann, bob = await net.sides[A].client("ann"), await net.sides[B].client("bob")
    room, other = await made(ann, preset="public_chat"), await made(ann, preset="public_chat")
    before = await net.sides[A].state(room)
    draft = await drafted(net, room, bob.user)
    eve = f"@eve:{B}"
    wrong: list[tuple[dict, dict]] = [
        ({"content": {"membership": "leave"}}, {}),
        ({"content": {"membership": "join"}, "type": "m.room.topic"}, {}),
        ({"state_key": ann.user}, {}),
        ({"state_key": eve}, {}),
        ({"sender": ann.user, "state_key": ann.user}, {}),
        ({"sender": "@eve:c.example", "state_key": "@eve:c.example"}, {}),
        ({"room_id": other}, {"room": room}),
        ({}, {"name": "$another"}),
        ({}, {"room": other}),
        ({"auth_events": []}, {}),
        ({"content": {"membership": "join", "x": "x" * 70_000}}, {}),
    ]
    for change, where in wrong:
        with pytest.raises(PeerError) as refused:
            await handed(net, draft | change, **where)
        assert 400 <= refused.value.status < 500, (change, refused.value.errcode)
    version, home = versions.supported("12"), net.sides[B].rooms.home
    sealed = hashes.sealed(draft, version, home.name, home.key)
    (key_id,) = sealed["signatures"][B]
    forged = sealed | {"signatures": {B: {key_id: base64.encode(b"x" * 64)}}}
    with pytest.raises(PeerError) as refused:
        name = hashes.event_id(sealed, version)
        await net.sides[B].put(A, f"/_matrix/federation/v2/send_join/{room}/{name}", forged)
    assert refused.value.status == 401 or refused.value.errcode in ("M_UNAUTHORIZED", "M_FORBIDDEN")
    assert await net.sides[A].state(room) == before
    assert len(await net.sides[A].state(other)) == len(before)


async def test_a_join_that_is_handed_in_once_more_brings_nobody_back(net: Net) -> None:
    ann, bob = await net.sides[A].client("ann"), await net.sides[B].client("bob")
    room = await made(ann, preset="public_chat")
    draft = await drafted(net, room, bob.user)
    first = await handed(net, draft)
    again = await handed(net, draft)  # its answer was lost
    assert again["event"] == first["event"] and len(again["state"]) == len(first["state"])
    await ann.ask("POST", f"/v3/rooms/{room}/ban", json={"user_id": bob.user})
    state, waiting = await net.sides[A].state(room), dict(net.sides[A].waiting)
    for _ in range(3):
        with pytest.raises(PeerError) as refused:
            await handed(net, draft)
        assert refused.value.errcode == "M_FORBIDDEN"
    assert await net.sides[A].state(room) == state
    assert net.sides[A].waiting == waiting  # and is told to nobody once more
    assert bob.user not in (await ann.ask("GET", f"/v3/rooms/{room}/joined_members"))["joined"]
    relayed = await store.select(net.sides[A].context.store.db, "e.relayed = 1")
    assert len(relayed) == 1


async def test_an_invitation_that_is_forged_reaches_nobody(net: Net) -> None:
    ann = await net.sides[A].client("ann")
    bob, version = await net.sides[B].client("bob"), versions.supported("12")
    room = await made(bob)
    invited = await draft(net, room, bob.user, "m.room.member", {"membership": "invite"}, ann.user)
    wrong: list[dict] = [
        {"event": invited.source | {"sender": ann.user}},
        {"event": invited.source | {"content": {"membership": "join"}}},
        {"event": invited.source | {"signatures": {}}},
        {"event": invited.source | {"state_key": f"@nobody:{A}"}},
        {"event": invited.source, "room_version": "1"},
        {"event": invited.source, "invite_room_state": "all"},
        {"event": 5},
        {},
    ]
    for body in wrong:
        path = f"/_matrix/federation/v2/invite/{room}/{invited.event_id}"
        with pytest.raises(PeerError) as refused:
            await net.sides[B].put(A, path, {"room_version": version.id, "invite_room_state": [], **body})
        assert 400 <= refused.value.status < 500, (body, refused.value.errcode)
    assert "invite" not in (await ann.ask("GET", "/v3/sync")).get("rooms", {})
