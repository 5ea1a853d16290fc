"""Rooms: made, joined, left; what is said there, by whom, and who may read it."""

import asyncio
import json

import pytest

from parvis.access import accounts, sessions
from parvis.access.erasure import Gone
from parvis.chat.rooms import said
from parvis.kernel.signal import Signal
from parvis.ops import people
from parvis.serve.context import Context
from parvis.serve.doors import Doors
from parvis.serve.feature import Feature
from parvis.serve.http.exchange import Request
from parvis.store.sql.contract import counting
from tests.chat.conftest import Client, Opener


async def made(client: Client, **body) -> str:
    """A new room's id."""
    return (await client.ask("POST", "/v3/createRoom", json=body))["room_id"]


async def say(client: Client, room: str, text: str, **more) -> str:
    """A message's id."""
    txn = more.pop("txn", f"{text}-{len(text)}")
    body = {"msgtype": "m.text", "body": text, **more}
    return (await client.ask("PUT", f"/v3/rooms/{room}/send/m.room.message/{txn}", json=body))["event_id"]


async def both(open_client: Opener, **body) -> tuple[Client, Client, str]:
    """Ann and Bob in a room of hers."""
    ann, bob = await open_client("ann"), await open_client("bob")
    room = await made(ann, invite=[bob.user], **body)
    await bob.ask("POST", f"/v3/rooms/{room}/join", json={})
    return ann, bob, room


async def texts(client: Client, room: str, **query) -> list[str]:
    """What was said, the last first."""
    page = await client.ask("GET", f"/v3/rooms/{room}/messages", params={"dir": "b", "limit": 100, **query})
    return [each["content"].get("body") for each in page["chunk"] if each["type"] == "m.room.message"]


@pytest.mark.parametrize("version", ["10", "11", "12"])
async def test_a_room_of_each_version_is_made_and_said_in(open_client: Opener, version: str) -> None:
    ann, bob, room = await both(open_client, room_version=version, name="Choir", topic="Songs")
    assert await say(ann, room, "hello") and await say(bob, room, "hi")
    assert await texts(bob, room) == ["hi", "hello"]
    state = (await ann.request("GET", f"/_matrix/client/v3/rooms/{room}/state")).json()
    found = {each["type"]: each["content"] for each in state if not each["state_key"]}
    assert found["m.room.create"]["room_version"] == version
    assert found["m.room.name"] == {"name": "Choir"} and found["m.room.join_rules"] == {"join_rule": "invite"}
    assert (await bob.ask("GET", "/v3/joined_rooms")) == {"joined_rooms": [room]}


async def test_who_is_not_in_a_room_reads_and_writes_nothing(open_client: Opener) -> None:
    ann, room = await open_client("ann"), None
    room = await made(ann)
    event = await say(ann, room, "secret")
    eve = await open_client("eve")
    for path in ("messages?dir=b", "state", "members", "joined_members", f"context/{event}"):
        assert (await eve.ask("GET", f"/v3/rooms/{room}/{path}", 403))["errcode"] == "M_FORBIDDEN"
    assert (await eve.ask("GET", f"/v3/rooms/{room}/event/{event}", 404))["errcode"] == "M_NOT_FOUND"
    body = {"msgtype": "m.text", "body": "x"}
    await eve.ask("PUT", f"/v3/rooms/{room}/send/m.room.message/1", 403, json=body)
    await eve.ask("POST", f"/v3/rooms/{room}/join", 403, json={})
    await eve.ask("POST", f"/v3/rooms/{room}/invite", 403, json={"user_id": eve.user})
    assert "rooms" not in await eve.ask("GET", "/v3/sync")


async def test_a_kick_closes_the_room_at_once(open_client: Opener) -> None:
    ann, bob, room = await both(open_client)
    since = (await bob.ask("GET", "/v3/sync"))["next_batch"]
    await ann.ask("POST", f"/v3/rooms/{room}/kick", json={"user_id": bob.user, "reason": "noise"})
    await bob.ask("GET", f"/v3/rooms/{room}/messages?dir=b", 403)
    told = await bob.ask("GET", "/v3/sync", params={"since": since})
    [left] = told["rooms"]["leave"][room]["timeline"]["events"]
    assert left["content"] == {"membership": "leave", "reason": "noise"} and "join" not in told["rooms"]
    await ann.ask("POST", f"/v3/rooms/{room}/ban", json={"user_id": bob.user})
    await ann.ask("POST", f"/v3/rooms/{room}/invite", 403, json={"user_id": bob.user})
    await ann.ask("POST", f"/v3/rooms/{room}/unban", json={"user_id": bob.user})
    await ann.ask("POST", f"/v3/rooms/{room}/invite", json={"user_id": bob.user})
    await bob.ask("POST", f"/v3/join/{room}", json={})
    assert room in (await bob.ask("GET", "/v3/joined_rooms"))["joined_rooms"]


async def test_what_is_sent_twice_under_one_name_is_said_once(open_client: Opener, context) -> None:
    ann, bob, room = await both(open_client)
    assert await say(ann, room, "once", txn="t1") == await say(ann, room, "once", txn="t1")
    assert await say(bob, room, "once", txn="t1") != await say(ann, room, "once", txn="t1")
    told = await ann.ask("GET", f"/v3/rooms/{room}/messages", params={"dir": "b"})
    names = [each["unsigned"].get("transaction_id") for each in told["chunk"] if each["sender"] == ann.user]
    assert names[0] == "t1"  # as a browser's session, which has no device, knows its own by
    assert await said.forget(context.store) == 0
    await context.store.db.write(lambda tx: tx.run("UPDATE chat_transaction SET sent_ms = 1"))
    assert await said.forget(context.store) == 2
    assert await texts(ann, room) == ["once", "once"]


async def test_a_name_of_a_request_that_is_too_long_is_refused(open_client: Opener) -> None:
    ann = await open_client("ann")
    room, name = await made(ann), "x" * 256
    for where in (f"rooms/{room}/send/m.room.message", f"rooms/{room}/redact/$any", "sendToDevice/m.dummy"):
        refused = await ann.ask("PUT", f"/v3/{where}/{name}", 400, json={"body": "", "messages": {}})
        assert refused["errcode"] == "M_INVALID_PARAM"
    assert await texts(ann, room) == []


async def test_what_is_taken_back_is_gone_from_the_disk(open_client: Opener, context) -> None:
    ann, bob, room = await both(open_client)
    event = await say(ann, room, "a regrettable word")
    other = await say(bob, room, "fine")
    await bob.ask("PUT", f"/v3/rooms/{room}/redact/{event}/1", 403, json={})
    done = await ann.ask("PUT", f"/v3/rooms/{room}/redact/{event}/1", json={"reason": "typo"})
    assert done == await ann.ask("PUT", f"/v3/rooms/{room}/redact/{event}/1", json={"reason": "typo"})
    shown = await bob.ask("GET", f"/v3/rooms/{room}/event/{event}")
    assert shown["content"] == {} and shown["unsigned"]["redacted_because"]["content"]["reason"] == "typo"
    kept = await context.store.db.rows("SELECT json FROM chat_event")
    assert not any(b"regrettable" in bytes(row[0]) for row in kept)
    await ann.ask("PUT", f"/v3/rooms/{room}/redact/{other}/2", json={})
    assert await texts(bob, room) == [None, None]


async def test_pages_go_both_ways_and_end(open_client: Opener) -> None:
    ann = await open_client("ann")
    room = await made(ann)
    for number in range(25):
        await say(ann, room, f"{number}")
    found, query = [], {"dir": "b", "limit": 7}
    while True:
        page = await ann.ask("GET", f"/v3/rooms/{room}/messages", params=query)
        found += page["chunk"]
        if "end" not in page:
            break
        query["from"] = page["end"]
    assert [each["content"]["body"] for each in found if each["type"] == "m.room.message"] == [
        f"{number}" for number in reversed(range(25))
    ]
    assert found[-1]["type"] == "m.room.create"
    page = await ann.ask("GET", f"/v3/rooms/{room}/messages", params={"dir": "f", "limit": 100})
    assert [each["event_id"] for each in page["chunk"]] == [each["event_id"] for each in reversed(found)]
    about = await ann.ask("GET", f"/v3/rooms/{room}/context/{found[10]['event_id']}", params={"limit": 6})
    assert [each["event_id"] for each in about["events_before"]] == [each["event_id"] for each in found[11:14]]
    assert [each["event_id"] for each in about["events_after"]] == [each["event_id"] for each in found[9:6:-1]]


async def test_history_is_visible_as_the_room_says(open_client: Opener) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    hidden = {"type": "m.room.history_visibility", "state_key": "", "content": {"history_visibility": "joined"}}
    room = await made(ann, initial_state=[hidden])
    before = await say(ann, room, "before")
    await ann.ask("POST", f"/v3/rooms/{room}/invite", json={"user_id": bob.user})
    await bob.ask("POST", f"/v3/rooms/{room}/join", json={})
    await say(ann, room, "after")
    assert await texts(bob, room) == ["after"] and await texts(ann, room) == ["after", "before"]
    await bob.ask("GET", f"/v3/rooms/{room}/event/{before}", 404)
    await bob.ask("GET", f"/v3/rooms/{room}/context/{before}", 404)
    synced = (await bob.ask("GET", "/v3/sync"))["rooms"]["join"][room]["timeline"]["events"]
    assert [each["content"]["body"] for each in synced if each["type"] == "m.room.message"] == ["after"]


async def test_edits_threads_and_reactions(open_client: Opener) -> None:
    ann, bob, room = await both(open_client)
    root = await say(ann, room, "root")
    about = {"m.relates_to": {"rel_type": "m.thread", "event_id": root}}
    first, last = await say(bob, room, "one", **about), await say(bob, room, "two", **about)
    edit = {"m.new_content": {"body": "root!", "msgtype": "m.text"}}
    edit["m.relates_to"] = {"rel_type": "m.replace", "event_id": root}
    await say(ann, room, "* root!", **edit)
    reaction = {"m.relates_to": {"rel_type": "m.annotation", "event_id": root, "key": "👍"}}
    path = f"/v3/rooms/{room}/send/m.reaction"
    await bob.ask("PUT", f"{path}/1", json=reaction)
    assert (await bob.ask("PUT", f"{path}/2", 400, json=reaction))["errcode"] == "M_DUPLICATE_ANNOTATION"
    shown = (await ann.ask("GET", f"/v3/rooms/{room}/event/{root}"))["unsigned"]["m.relations"]
    assert shown["m.thread"]["count"] == 2 and shown["m.thread"]["latest_event"]["event_id"] == last
    assert shown["m.replace"]["content"]["m.new_content"]["body"] == "root!"
    threads = await ann.ask("GET", f"/v1/rooms/{room}/threads")
    assert [each["event_id"] for each in threads["chunk"]] == [root]
    found = await ann.ask("GET", f"/v1/rooms/{room}/relations/{root}/m.thread")
    assert [each["event_id"] for each in found["chunk"]] == [last, first]
    found = await ann.ask("GET", f"/v1/rooms/{room}/relations/{root}/m.annotation/m.reaction")
    assert [each["content"]["m.relates_to"]["key"] for each in found["chunk"]] == ["👍"]
    assert "recursion_depth" not in found
    reaction["m.relates_to"]["event_id"] = first
    about_first = (await ann.ask("PUT", f"{path}/3", json=reaction))["event_id"]
    found = await ann.ask("GET", f"/v1/rooms/{room}/relations/{root}", params={"recurse": "true", "limit": 50})
    assert len(found["chunk"]) == 5 and found["recursion_depth"] == 3
    assert found["chunk"][0]["event_id"] == about_first


async def test_aliases_and_the_public_list(open_client: Opener) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    room = await made(ann, visibility="public", room_alias_name="choir", name="Choir", topic="Songs")
    found = await bob.ask("POST", "/v3/publicRooms", json={"filter": {"generic_search_term": "cHo"}})
    assert [each["room_id"] for each in found["chunk"]] == [room] and found["chunk"][0]["num_joined_members"] == 1
    assert (await bob.ask("POST", "/v3/publicRooms", json={"filter": {"generic_search_term": "zzz"}}))[
        "chunk"
    ] == []
    assert (await bob.ask("GET", "/v3/directory/room/%23choir:example.org"))["room_id"] == room
    await bob.ask("DELETE", "/v3/directory/room/%23choir:example.org", 403)
    assert (await bob.ask("POST", "/v3/join/%23choir:example.org", json={})) == {"room_id": room}
    other = await ann.ask("POST", "/v3/createRoom", 400, json={"room_alias_name": "choir"})
    assert other["errcode"] == "M_ROOM_IN_USE"
    assert len((await ann.ask("GET", "/v3/joined_rooms"))["joined_rooms"]) == 1  # nothing of it was made


async def test_a_name_that_is_taken_away_is_not_the_one_of_the_room_any_more(open_client: Opener) -> None:
    ann, bob, room = await both(open_client, room_alias_name="choir")
    path = f"/v3/rooms/{room}/state/m.room.canonical_alias"
    for name in ("songs", "voices"):
        await ann.ask("PUT", f"/v3/directory/room/%23{name}:example.org", json={"room_id": room})
    named = {"alias": "#choir:example.org", "alt_aliases": ["#songs:example.org", "#voices:example.org"]}
    await ann.ask("PUT", path, json=named)
    await ann.ask("DELETE", "/v3/directory/room/%23songs:example.org")
    await ann.ask("DELETE", "/v3/directory/room/%23choir:example.org")
    assert await ann.ask("GET", path) == {"alt_aliases": ["#voices:example.org"]}
    await bob.ask("PUT", "/v3/directory/room/%23bass:example.org", json={"room_id": room})
    named = {"alt_aliases": ["#bass:example.org"]}
    await ann.ask("PUT", path, json=named)
    await bob.ask("DELETE", "/v3/directory/room/%23bass:example.org")  # he gave it, and may not change the state
    await bob.ask("GET", "/v3/directory/room/%23bass:example.org", 404)
    assert await ann.ask("GET", path) == named


async def test_who_is_invited_as_a_room_begins_has_their_name(open_client: Opener) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    room = await made(ann, invite=[bob.user], is_direct=True)
    guest = await ann.ask("GET", f"/v3/rooms/{room}/state/m.room.member/{bob.user}")
    name = (await ann.ask("GET", f"/v3/profile/{bob.user}/displayname"))["displayname"]
    assert guest == {"membership": "invite", "displayname": name, "is_direct": True}


async def test_knocking_restricted_rooms_and_spaces(open_client: Opener) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    space = await made(ann, creation_content={"type": "m.space"}, name="All")
    rule = {"join_rule": "restricted", "allow": [{"type": "m.room_membership", "room_id": space}]}
    room = await made(ann, initial_state=[{"type": "m.room.join_rules", "state_key": "", "content": rule}])
    await ann.ask("PUT", f"/v3/rooms/{space}/state/m.space.child/{room}", json={"via": ["example.org"]})
    await bob.ask("POST", f"/v3/join/{room}", 403, json={})
    await bob.ask("GET", f"/v1/rooms/{space}/hierarchy", 403)
    await ann.ask("POST", f"/v3/rooms/{space}/invite", json={"user_id": bob.user})
    await bob.ask("POST", f"/v3/join/{space}", json={})
    found = await bob.ask("GET", f"/v1/rooms/{space}/hierarchy")
    assert [each["room_id"] for each in found["rooms"]] == [space, room]
    await bob.ask("POST", f"/v3/join/{room}", json={})
    asked = await made(ann, initial_state=[{"type": "m.room.join_rules", "content": {"join_rule": "knock"}}])
    await bob.ask("POST", f"/v3/knock/{asked}", json={"reason": "please"})
    assert asked in (await bob.ask("GET", "/v3/sync"))["rooms"]["knock"]
    await ann.ask("POST", f"/v3/rooms/{asked}/invite", json={"user_id": bob.user})
    await bob.ask("POST", f"/v3/join/{asked}", json={})


async def test_a_room_is_told_of_in_short_to_who_may_come_in(open_client: Opener) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    room, closed = await made(ann, name="Quay", preset="public_chat"), await made(ann, name="Closed")
    for path in ("v1/room_summary", "unstable/im.nheko.summary/summary"):
        told = await bob.ask("GET", f"/{path}/{room}")
        assert (told["name"], told["num_joined_members"], told["membership"]) == ("Quay", 1, "leave")
        await bob.ask("GET", f"/{path}/{closed}", 403)


async def test_a_room_is_replaced_by_one_of_another_version(open_client: Opener) -> None:
    ann = await open_client("ann")
    room = await made(ann, room_version="10", name="Old", room_alias_name="it")
    new = (await ann.ask("POST", f"/v3/rooms/{room}/upgrade", json={"new_version": "12"}))["replacement_room"]
    assert (await ann.ask("GET", "/v3/directory/room/%23it:example.org"))["room_id"] == new
    assert (await ann.ask("GET", f"/v3/rooms/{room}/state/m.room.tombstone/"))["replacement_room"] == new
    assert (await ann.ask("GET", f"/v3/rooms/{new}/state/m.room.name"))["name"] == "Old"
    assert (await ann.ask("GET", f"/v3/rooms/{new}/state/m.room.create"))["predecessor"] == {"room_id": room}
    levels = await ann.ask("GET", f"/v3/rooms/{room}/state/m.room.power_levels")
    assert (levels["events_default"], levels["invite"]) == (50, 50)
    room = await made(ann, room_version="10")
    last = await say(ann, room, "here")
    body = {"new_version": "11", "additional_creators": ["@eve:example.org"]}
    new = (await ann.ask("POST", f"/v3/rooms/{room}/upgrade", json=body))["replacement_room"]
    created = await ann.ask("GET", f"/v3/rooms/{new}/state/m.room.create")
    assert created["predecessor"] == {"room_id": room, "event_id": last} and "additional_creators" not in created
    body["new_version"] = "12"
    newest = (await ann.ask("POST", f"/v3/rooms/{new}/upgrade", json=body))["replacement_room"]
    created = await ann.ask("GET", f"/v3/rooms/{newest}/state/m.room.create")
    assert created["additional_creators"] == ["@eve:example.org"]
    body["additional_creators"] = "@eve:example.org"
    await ann.ask("POST", f"/v3/rooms/{newest}/upgrade", 400, json=body)
    back = (await ann.ask("POST", f"/v3/rooms/{newest}/upgrade", json={"new_version": "11"}))["replacement_room"]
    assert (await ann.ask("GET", f"/v3/rooms/{back}/state/m.room.power_levels"))["users"] == {ann.user: 100}


async def test_who_comes_into_the_successor_of_a_room_finds_what_they_had_set(open_client: Opener) -> None:
    ann, bob, room = await both(open_client)
    for who in (ann, bob):
        tag = f"/v3/user/{who.user}/rooms/%s/tags"
        await who.ask("PUT", f"{tag % room}/u.work", json={"order": 0.5})
        await who.ask("PUT", f"/v3/pushrules/global/room/{room}", json={"actions": []})
        muted = {"actions": [], "conditions": [{"kind": "event_match", "key": "room_id", "pattern": room}]}
        await who.ask("PUT", f"/v3/pushrules/global/override/{room}", json=muted)
    new = (await ann.ask("POST", f"/v3/rooms/{room}/upgrade", json={"new_version": "12"}))["replacement_room"]
    false = await made(ann, creation_content={"predecessor": {"room_id": room}}, invite=[bob.user])
    await ann.ask("POST", f"/v3/rooms/{new}/invite", json={"user_id": bob.user})
    for each in (new, false):
        await bob.ask("POST", f"/v3/join/{each}", json={})
    for who in (ann, bob):
        tag = f"/v3/user/{who.user}/rooms/%s/tags"
        assert (await who.ask("GET", tag % new))["tags"] == {"u.work": {"order": 0.5}}
        assert (await who.ask("GET", tag % false))["tags"] == {}
        told = (await who.ask("GET", "/v3/pushrules/"))["global"]
        assert {each["rule_id"] for each in told["room"]} == {room, new}
        own = {each["rule_id"]: each["conditions"] for each in told["override"] if not each["default"]}
        assert own.keys() == {room, new} and own[new][0]["pattern"] == new and own[room][0]["pattern"] == room


async def test_sync_tells_what_is_new_and_nothing_twice(open_client: Opener) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    start = (await bob.ask("GET", "/v3/sync"))["next_batch"]
    room = await made(ann, invite=[bob.user], name="Choir")
    told = await bob.ask("GET", "/v3/sync", params={"since": start})
    invited = told["rooms"]["invite"][room]["invite_state"]["events"]
    assert {"m.room.create", "m.room.name", "m.room.member"} <= {each["type"] for each in invited}
    await bob.ask("POST", f"/v3/join/{room}", json={})
    told = await bob.ask("GET", "/v3/sync", params={"since": told["next_batch"]})
    joined = told["rooms"]["join"][room]
    all_events = joined["state"]["events"] + joined["timeline"]["events"]
    assert {"m.room.create", "m.room.power_levels", "m.room.name"} <= {each["type"] for each in all_events}
    assert joined["summary"]["m.joined_member_count"] == 2
    await say(ann, room, "one")
    told = await bob.ask("GET", "/v3/sync", params={"since": told["next_batch"]})
    joined = told["rooms"]["join"][room]
    assert [each["content"]["body"] for each in joined["timeline"]["events"]] == ["one"]
    assert joined["unread_notifications"] == {"notification_count": 1, "highlight_count": 0}
    assert not joined["timeline"]["limited"] and joined["state"]["events"] == []
    last = await bob.ask("GET", "/v3/sync", params={"since": told["next_batch"]})
    assert not last.keys() & {"rooms", "account_data", "to_device", "device_lists"}


async def test_a_gap_is_told_with_the_state_in_it(open_client: Opener) -> None:
    ann, bob, room = await both(open_client)
    since = (await bob.ask("GET", "/v3/sync"))["next_batch"]
    await ann.ask("PUT", f"/v3/rooms/{room}/state/m.room.topic", json={"topic": "new"})
    for number in range(5):
        await say(ann, room, f"{number}")
    query = {"since": since, "filter": '{"room":{"timeline":{"limit":2}}}'}
    told = (await bob.ask("GET", "/v3/sync", params=query))["rooms"]["join"][room]
    assert told["timeline"]["limited"] and len(told["timeline"]["events"]) == 2
    assert [each["type"] for each in told["state"]["events"]] == ["m.room.topic"]
    before = told["timeline"]["prev_batch"]
    assert (await texts(bob, room, **{"from": before}))[:3] == ["2", "1", "0"]


def room_filter(**parts) -> str:
    return json.dumps({"room": parts})


async def test_a_timeline_that_a_filter_narrows_is_filled_and_its_state_is_whole(open_client: Opener) -> None:
    ann, bob, room = await both(open_client)
    said = await say(ann, room, "one")
    for number in range(12):
        await ann.ask("PUT", f"/v3/rooms/{room}/state/org.example.note/{number}", json={"number": number})
    few = {"filter": room_filter(timeline={"limit": 1, "types": ["m.room.message"]})}
    told = await bob.ask("GET", "/v3/sync", params=few)
    joined = told["rooms"]["join"][room]
    assert [each["event_id"] for each in joined["timeline"]["events"]] == [said]
    assert not joined["timeline"]["limited"]
    notes = [each["state_key"] for each in joined["state"]["events"] if each["type"] == "org.example.note"]
    assert len(notes) == 12
    await ann.ask("PUT", f"/v3/rooms/{room}/state/org.example.note/3", json={"number": 30})
    last = await say(ann, room, "three", **{"m.mentions": {}})
    told = await bob.ask("GET", "/v3/sync", params={"since": told["next_batch"], **few})
    joined = told["rooms"]["join"][room]
    assert [each["event_id"] for each in joined["timeline"]["events"]] == [last]
    assert [each["content"] for each in joined["state"]["events"]] == [{"number": 30}]
    none = {"filter": room_filter(timeline={"limit": 0})}
    joined = (await bob.ask("GET", "/v3/sync", params=none))["rooms"]["join"][room]
    assert joined["timeline"]["events"] == [] and joined["timeline"]["limited"]
    assert len([each for each in joined["state"]["events"] if each["type"] == "org.example.note"]) == 12
    far = joined["timeline"]["prev_batch"]
    assert (await texts(bob, room, **{"from": far}))[0] == "three"


async def test_events_are_told_in_the_form_of_servers_to_who_asks_for_it(open_client: Opener) -> None:
    ann, bob, room = await both(open_client, name="Choir")
    event = await say(ann, room, "hello")
    taken = await say(ann, room, "oops")
    await bob.ask("POST", f"/v3/rooms/{room}/receipt/m.read/{event}", json={})
    await ann.ask("PUT", f"/v3/rooms/{room}/redact/{taken}/r", json={})
    query = {"filter": json.dumps({"event_format": "federation"})}
    told = (await bob.ask("GET", "/v3/sync", params=query))["rooms"]["join"][room]
    found = {each["event_id"]: each for each in (*told["timeline"]["events"], *told["state"]["events"])}
    for each in found.values():
        assert {"auth_events", "prev_events", "depth", "hashes", "signatures", "unsigned"} <= each.keys()
    assert found[event]["content"]["body"] == "hello" and found[event]["room_id"] == room
    assert found[taken]["content"] == {} and found[taken]["unsigned"]["redacted_because"]


async def test_who_left_in_a_gap_is_told_where_members_are_loaded_as_needed(open_client: Opener) -> None:
    ann, bob, room = await both(open_client)
    cho = await open_client("cho")
    await ann.ask("POST", f"/v3/rooms/{room}/invite", json={"user_id": cho.user})
    await cho.ask("POST", f"/v3/join/{room}", json={})
    lazy = {"filter": room_filter(timeline={"limit": 2}, state={"lazy_load_members": True})}
    since = (await bob.ask("GET", "/v3/sync", params=lazy))["next_batch"]
    await cho.ask("POST", f"/v3/rooms/{room}/leave", json={})
    for number in range(4):
        await say(ann, room, f"{number}")
    joined = (await bob.ask("GET", "/v3/sync", params={"since": since, **lazy}))["rooms"]["join"][room]
    assert joined["timeline"]["limited"]
    members = {each["state_key"]: each["content"]["membership"] for each in joined["state"]["events"]}
    assert members == {ann.user: "join", cho.user: "leave"}


async def test_what_changed_unseen_is_told_to_who_comes_back(open_client: Opener) -> None:
    ann, bob, room = await both(open_client)
    await ann.ask("PUT", f"/v3/rooms/{room}/state/m.room.history_visibility", json={"history_visibility": "joined"})
    await bob.ask("POST", f"/v3/rooms/{room}/leave", json={})
    since = (await bob.ask("GET", "/v3/sync"))["next_batch"]
    await ann.ask("PUT", f"/v3/rooms/{room}/state/m.room.topic", json={"topic": "meanwhile"})
    await ann.ask("POST", f"/v3/rooms/{room}/invite", json={"user_id": bob.user})
    await bob.ask("POST", f"/v3/join/{room}", json={})
    joined = (await bob.ask("GET", "/v3/sync", params={"since": since}))["rooms"]["join"][room]
    told = joined["state"]["events"] + joined["timeline"]["events"]
    assert [each["content"] for each in told if each["type"] == "m.room.topic"][-1:] == [{"topic": "meanwhile"}]


async def test_who_waits_is_woken_at_once(open_client: Opener) -> None:
    ann, bob, room = await both(open_client)
    since = (await bob.ask("GET", "/v3/sync"))["next_batch"]
    waiting = asyncio.create_task(bob.ask("GET", "/v3/sync", params={"since": since, "timeout": 20000}))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    await say(ann, room, "wake")
    told = await asyncio.wait_for(waiting, 2)
    assert told["rooms"]["join"][room]["timeline"]["events"][0]["content"]["body"] == "wake"
    waiting = asyncio.create_task(
        bob.ask("GET", "/v3/sync", params={"since": told["next_batch"], "timeout": 20000})
    )
    await asyncio.sleep(0.1)
    other = await made(ann, invite=[bob.user])
    assert other in (await asyncio.wait_for(waiting, 2))["rooms"]["invite"]


async def test_who_is_ignored_is_not_heard_and_invites_nobody(open_client: Opener) -> None:
    ann, bob, room = await both(open_client)
    start = (await bob.ask("GET", "/v3/sync"))["next_batch"]
    data = f"/v3/user/{bob.user}/account_data/m.ignored_user_list"
    await bob.ask("PUT", data, json={"ignored_users": {ann.user: {}}})
    await say(ann, room, "unheard")
    await ann.ask("PUT", f"/v3/rooms/{room}/state/m.room.topic", json={"topic": "heard"})
    other = await made(ann, invite=[bob.user])
    for since in ({"since": start}, {}):
        told = await bob.ask("GET", "/v3/sync", params=since)
        joined = told["rooms"]["join"][room]
        types = [each["type"] for each in joined["timeline"]["events"]]
        assert "m.room.topic" in types and "m.room.message" not in types
        assert joined["unread_notifications"]["notification_count"] == 0
        assert other not in told["rooms"].get("invite", {})
    await bob.ask("PUT", data, json={"ignored_users": {}})
    told = await bob.ask("GET", "/v3/sync")
    types = [each["type"] for each in told["rooms"]["join"][room]["timeline"]["events"]]
    assert "m.room.message" in types and other in told["rooms"]["invite"]
    for odd in ({}, {"ignored_users": [ann.user]}, {"ignored_users": None}):
        await bob.ask("PUT", data, json=odd)
        assert other in (await bob.ask("GET", "/v3/sync"))["rooms"]["invite"]


async def test_what_somebody_sent_is_confirmed_before_it_comes_back_to_them(open_client: Opener) -> None:
    ann, _, room = await both(open_client)
    since = (await ann.ask("GET", "/v3/sync"))["next_batch"]
    waiting = asyncio.create_task(ann.ask("GET", "/v3/sync", params={"since": since, "timeout": 20000}))
    await asyncio.sleep(0.1)
    await say(ann, room, "one")
    assert not waiting.done()
    assert room in (await asyncio.wait_for(waiting, 2))["rooms"]["join"]


@pytest.mark.parametrize(
    ("asked", "since", "next_"),
    [
        ("GET /_matrix/client/v3/sync", "since", "next_batch"),
        ("POST /_matrix/client/unstable/org.matrix.simplified_msc3575/sync", "pos", "pos"),
    ],
)
async def test_nothing_waits_for_a_client_that_has_gone(
    open_client: Opener, doors: Doors, context: Context, monkeypatch, asked: str, since: str, next_: str
) -> None:
    ann = await open_client("ann")
    first = (await ann.request(*asked.split())).json()[next_]
    begun, ended = asyncio.Event(), asyncio.Event()
    wait = Request.wait

    async def watched(request: Request, signal: Signal, seconds: float) -> bool:
        begun.set()
        try:
            return await wait(request, signal, seconds)
        finally:
            ended.set()

    monkeypatch.setattr(Request, "wait", watched)
    _, writer = await asyncio.open_connection("127.0.0.1", context.settings.ports.http)
    head = f"host: x\r\nauthorization: {ann.headers['authorization']}"
    writer.write(f"{asked}?{since}={first}&timeout=60000 HTTP/1.1\r\n{head}\r\n\r\n".encode())
    async with asyncio.timeout(10):
        await begun.wait()
        writer.close()
        await ended.wait()


async def test_who_waits_is_answered_when_the_server_stops(open_client: Opener, room: Feature) -> None:
    ann = await open_client("ann")
    since = (await ann.ask("GET", "/v3/sync"))["next_batch"]
    waiting = asyncio.create_task(ann.ask("GET", "/v3/sync", params={"since": since, "timeout": 20000}))
    await asyncio.sleep(0.1)
    assert room.closing and not waiting.done()
    room.closing()
    assert (await asyncio.wait_for(waiting, 2))["next_batch"] == since


async def test_receipts_and_typing(open_client: Opener) -> None:
    ann, bob, room = await both(open_client)
    event = await say(ann, room, f"hello {bob.user}", **{"m.mentions": {"user_ids": [bob.user]}})
    told = await bob.ask("GET", "/v3/sync")
    counts = told["rooms"]["join"][room]["unread_notifications"]
    assert counts == {"notification_count": 1, "highlight_count": 1}
    since = (await ann.ask("GET", "/v3/sync"))["next_batch"]
    await bob.ask("POST", f"/v3/rooms/{room}/receipt/m.read.private/{event}", json={})
    assert "rooms" not in await ann.ask("GET", "/v3/sync", params={"since": since})
    told = await bob.ask("GET", "/v3/sync", params={"since": told["next_batch"]})
    assert told["rooms"]["join"][room]["unread_notifications"]["notification_count"] == 0
    await bob.ask("POST", f"/v3/rooms/{room}/receipt/m.read/{event}", json={})
    found = await ann.ask("GET", "/v3/sync", params={"since": since})
    [receipt] = found["rooms"]["join"][room]["ephemeral"]["events"]
    assert bob.user in receipt["content"][event]["m.read"]
    marks = {"m.fully_read": event, "m.read": event}
    await bob.ask("POST", f"/v3/rooms/{room}/read_markers", json=marks)
    marked = (await bob.ask("GET", "/v3/sync", params={"since": told["next_batch"]}))["rooms"]["join"][room]
    assert marked["account_data"]["events"] == [{"type": "m.fully_read", "content": {"event_id": event}}]
    await bob.ask("PUT", f"/v3/rooms/{room}/typing/{bob.user}", json={"typing": True, "timeout": 400})
    found = await ann.ask("GET", "/v3/sync", params={"since": found["next_batch"]})
    [typing] = found["rooms"]["join"][room]["ephemeral"]["events"]
    assert typing == {"type": "m.typing", "content": {"user_ids": [bob.user]}}
    found = await ann.ask("GET", "/v3/sync", params={"since": found["next_batch"], "timeout": 5000})
    assert found["rooms"]["join"][room]["ephemeral"]["events"][0]["content"]["user_ids"] == []


async def test_what_notified_somebody(open_client: Opener) -> None:
    ann, bob, room = await both(open_client)
    first = await say(ann, room, "one")
    second = await say(ann, room, "two", **{"m.mentions": {"user_ids": [bob.user]}})
    await say(bob, room, "mine")
    await made(ann)
    await bob.ask("POST", f"/v3/rooms/{room}/receipt/m.read/{first}", json={})
    with counting() as count:
        told = (await bob.ask("GET", "/v3/notifications"))["notifications"]
    assert told[2]["event"]["type"] == "m.room.member" and told[2]["read"]  # the invitation
    assert [(each["event"]["event_id"], each["read"]) for each in told[:2]] == [(second, False), (first, True)]
    assert len(count) <= 16 and told[0]["room_id"] == room and "notify" in told[0]["actions"]
    page = await bob.ask("GET", "/v3/notifications", params={"limit": 1})
    assert [each["event"]["event_id"] for each in page["notifications"]] == [second]
    query = {"limit": 1, "from": page["next_token"]}
    page = await bob.ask("GET", "/v3/notifications", params=query)
    assert [each["event"]["event_id"] for each in page["notifications"]] == [first]
    await bob.ask("GET", "/v3/notifications", 400, params={"from": "!"})
    called = await bob.ask("GET", "/v3/notifications", params={"only": "highlight"})
    assert [each["event"]["event_id"] for each in called["notifications"]] == [second]
    eve = await open_client("eve")
    assert await eve.ask("GET", "/v3/notifications") == {"notifications": []}


async def test_statements_do_not_grow_with_what_is_there(open_client: Opener) -> None:
    ann, bob, room = await both(open_client)
    for number in range(30):
        await say(ann, room, f"{number}")
    await bob.ask("GET", "/v3/sync")
    with counting() as one:
        await bob.ask("GET", "/v3/sync")
    for number in range(15):
        await made(ann, invite=[bob.user])
        name = {"name": f"{number}"} if number % 3 else {}
        other = await made(ann, invite=[bob.user], **name)
        await bob.ask("POST", f"/v3/join/{other}", json={})
        await say(ann, other, "hi")
    await bob.ask("GET", "/v3/sync")
    with counting() as many:
        await bob.ask("GET", "/v3/sync")
    assert len(many) <= 32 and len(many) <= len(one) + 6, many.statements
    with counting() as count:
        await texts(bob, room)
    assert len(count) <= 11, count.statements
    since = (await bob.ask("GET", "/v3/sync"))["next_batch"]
    await say(ann, room, "new")
    with counting() as count:
        await bob.ask("GET", "/v3/sync", params={"since": since})
    assert len(count) <= 25, count.statements
    with counting() as count:
        await say(ann, room, "again")
    assert len(count) <= 30, count.statements


@pytest.mark.parametrize(
    ("path", "body", "errcode"),
    [
        ("/v3/createRoom", {"room_version": "99"}, "M_UNSUPPORTED_ROOM_VERSION"),
        ("/v3/createRoom", {"preset": "odd"}, "M_INVALID_PARAM"),
        ("/v3/createRoom", {"preset": []}, "M_INVALID_PARAM"),
        ("/v3/createRoom", {"invite": ["nobody"]}, "M_INVALID_PARAM"),
        ("/v3/createRoom", {"initial_state": [{"type": "x"}]}, "M_INVALID_PARAM"),
        ("/v3/createRoom", {"name": 1}, "M_INVALID_PARAM"),
        ("/v3/createRoom", {"name": 1.5}, "M_BAD_JSON"),
    ],
)
async def test_what_is_wrong_is_said_and_changes_nothing(open_client: Opener, path, body, errcode) -> None:
    ann = await open_client("ann")
    assert (await ann.ask("POST", path, 400, json=body))["errcode"] == errcode
    assert (await ann.ask("GET", "/v3/joined_rooms"))["joined_rooms"] == []


async def test_whose_account_is_gone_leaves_every_room(open_client: Opener, context, room) -> None:
    ann, bob, place = await both(open_client)
    event = await say(bob, place, "goodbye")
    await bob.ask("POST", f"/v3/rooms/{place}/receipt/m.read/{event}", json={})
    await bob.ask("POST", f"/v3/rooms/{place}/report/{event}", json={"reason": "mine"})
    asked = await made(ann, invite=[bob.user])
    number = bob.person.id
    gone = await context.store.write(lambda unit: accounts.remove(unit, number))
    assert room.erase
    await room.erase(context.store, Gone(number, tuple(gone)))
    await room.erase(context.store, Gone(number, tuple(gone)))  # as after a crash
    db = context.store.db
    for table in ("chat_member", "chat_receipt", "chat_transaction", "chat_report"):
        assert await db.rows(f"SELECT 1 FROM {table} WHERE principal_id = ?", number) == []
    for each in (place, asked):
        state = await ann.ask("GET", f"/v3/rooms/{each}/state/m.room.member/{bob.user}")
        assert state == {"membership": "leave"}
    again = await people.create(context.store, [room], "person", "Other", "bob@example.org")
    token, _ = await sessions.open(context.store, again, "", "", kind="token", protocols=frozenset({"matrix"}))
    bob.headers["authorization"] = f"Bearer {token}"
    assert "rooms" not in await bob.ask("GET", "/v3/sync")  # who has the name now has nothing else of theirs
    await bob.ask("GET", f"/v3/rooms/{place}/messages?dir=b", 403)
    await ann.ask("POST", f"/v3/rooms/{place}/invite", json={"user_id": bob.user})
    await bob.ask("POST", f"/v3/join/{place}", json={})
    assert place in (await bob.ask("GET", "/v3/sync"))["rooms"]["join"]
    assert await texts(ann, place) == ["goodbye"]


async def test_a_changed_profile_is_told_in_every_room(open_client: Opener, context, room) -> None:
    ann, bob, place = await both(open_client)
    member = f"/v3/rooms/{place}/state/m.room.member/{bob.user}"
    assert await ann.ask("GET", member) == {"membership": "join", "displayname": "Bob"}
    picture = {"avatar_url": "mxc://example.org/abc"}
    await bob.ask("PUT", f"/v3/profile/{bob.user}/avatar_url", json=picture)
    follow = room.followers["chat-profiles"]
    await follow(await context.store.outbox.after(0, 0, 1000))
    assert await ann.ask("GET", member) == {"membership": "join", "displayname": "Bob", **picture}
    since = await context.store.db.value("SELECT MAX(stream) FROM chat_event")
    await follow(await context.store.outbox.after(0, 0, 1000))  # nothing is said twice
    assert await context.store.db.value("SELECT MAX(stream) FROM chat_event") == since
