"""Of which kind a room is: what says so itself, what we say where a program does not, and what others made."""

import pytest

from parvis.chat import kinds
from parvis.chat.rooms import store
from parvis.chat.source import ChatSource
from parvis.serve.context import Context
from parvis.store.migration import migrate
from tests.chat.conftest import Opener
from tests.chat.federation.conftest import databases, net
from tests.chat.federation.sides import A, B, Net, Side, both
from tests.chat.test_rooms import made, say

__all__ = ["databases", "net"]
ENCRYPTED = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}


def stated(kind: str | None) -> dict:
    """An event of `initial_state` that says it, or says nothing."""
    return {"type": kinds.STATE, "state_key": "", "content": {"kind": kind} if kind else {}}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({}, "open"),
        ({"preset": "public_chat"}, "open"),
        ({"is_direct": True}, "private"),
        ({"preset": "trusted_private_chat"}, "private"),
        ({"preset": "trusted_private_chat", "initial_state": [stated("open")]}, "open"),
        ({"initial_state": [stated("private")]}, "private"),
        ({"initial_state": [stated(None)]}, "private"),
        ({"initial_state": [ENCRYPTED]}, "encrypted"),
    ],
)
async def test_a_room_says_of_which_kind_it_is(
    open_client: Opener, context: Context, body: dict, kind: str
) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    room = await made(ann, invite=[bob.user], **body)
    row = await store.room_named(context.store.db, room)
    assert row is not None and row.kind == kind
    told = (await bob.ask("GET", "/v3/sync"))["rooms"]["invite"][room]["invite_state"]["events"]
    said = {each["type"]: each["content"] for each in told}
    assert kinds.kind_of(said) == kind
    assert (kinds.STATE in said) == (kind != "encrypted")


async def test_the_organisation_has_rooms_be_private(open_client: Opener, context: Context) -> None:
    context.settings.chat.room_kind = "private"
    ann = await open_client("ann")
    room = await made(ann)
    assert await ann.ask("GET", f"/v3/rooms/{room}/state/{kinds.STATE}") == {"kind": "private"}


async def test_a_room_in_the_place_of_another_is_of_its_kind(open_client: Opener, context: Context) -> None:
    ann = await open_client("ann")
    for kind in ("open", "private", None):
        room = await made(ann, room_version="11", initial_state=[stated(kind)])
        body = {"new_version": "12"}
        new = (await ann.ask("POST", f"/v3/rooms/{room}/upgrade", json=body))["replacement_room"]
        row = await store.room_named(context.store.db, new)
        assert row is not None and row.kind == (kind or "private")


async def _is_read(side: Side, room: str, event: str) -> bool:
    db = side.context.store.db
    row = await store.room_named(db, room)
    assert row is not None
    stored = (await store.by_event_ids(db, row.id, [event]))[event]
    return await ChatSource(side.server).item(row.account_id, stored.id) is not None


async def test_a_room_made_elsewhere_is_private_until_it_says_otherwise(net: Net) -> None:
    ann, bob, room = await both(net, initial_state=[stated(None)])
    first = await say(ann, room, "said where nothing is known of kinds")
    await net.flow()
    assert not await _is_read(net.sides[B], room, first) and not await _is_read(net.sides[A], room, first)
    told = (await bob.ask("GET", "/v3/sync"))["rooms"]["join"][room]
    state = {each["type"]: each["content"] for each in told["state"]["events"] if not each["state_key"]}
    assert kinds.kind_of(state) == "private"
    await ann.ask("PUT", f"/v3/rooms/{room}/state/{kinds.STATE}", json={"kind": "open"})
    await net.flow()
    assert await _is_read(net.sides[B], room, first) and await _is_read(net.sides[A], room, first)


async def test_a_room_keeps_its_kind_when_other_servers_come(net: Net) -> None:
    ann, _, room = await both(net)
    closed = await made(ann, preset="public_chat", initial_state=[stated("private")])
    bob = await net.sides[B].client("ben")
    await bob.ask("POST", f"/v3/join/{closed}", json={}, params={"via": A})
    said = await say(ann, room, "in the open"), await say(ann, closed, "in private")
    await net.flow()
    for side in net.sides.values():
        assert await _is_read(side, room, said[0]) and not await _is_read(side, closed, said[1])


async def test_rooms_of_before_that_say_nothing_become_private(open_client: Opener, context: Context) -> None:
    ann, db = await open_client("ann"), context.store.db
    silent, spoken = await made(ann, initial_state=[ENCRYPTED]), await made(ann)

    await db.script("UPDATE chat_room SET kind = 'open'; DELETE FROM migration WHERE room = 'chat' AND number = 22")
    assert [each.number for each in await migrate(db, ["chat"])] == [22]
    rooms = {each: await store.room_named(db, each) for each in (silent, spoken)}
    assert rooms[silent] and rooms[silent].kind == "private" and rooms[spoken] and rooms[spoken].kind == "open"
    told = await db.rows(
        "SELECT args FROM job WHERE kind = 'chat-reread' AND finished_ms IS NULL AND run_at_ms = 0"
    )
    assert told == [(f'{{"room":{rooms[silent].id}}}',)]
