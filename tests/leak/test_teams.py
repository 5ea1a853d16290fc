"""The room of a space: whoever is in the space is in it, reads and writes there by their role, and sees nothing of it
from the moment they are in the space no more. The whole program runs. A4, S1"""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from parvis.access import accounts, directory, erasure, gate
from parvis.access.check import check
from parvis.access.principal import Right
from parvis.app import App
from parvis.chat.rooms import removing, teams
from parvis.chat.rooms import store as rows
from parvis.chat.rooms.model import Room
from parvis.chat.rooms.service import Rooms
from parvis.kernel import clock, ids
from parvis.ops import people
from tests.leak.test_chat import Chatter, becomes, chatter, found, say

WORD = "turquoiseaxolotl"


async def until(what: Callable[[], Awaitable[bool]]) -> None:
    """Waits for those who follow the outbox."""
    end = clock.monotonic() + 15
    while not await what():
        assert clock.monotonic() < end, "nothing followed"
        await asyncio.sleep(0.05)


async def made(app: App, by: Chatter, members: dict[str, str], name: str = "Lab") -> str:
    """A new space's id."""
    given = {"name": name, "members": members}
    [[_, answer, _]] = await by.person(("Space/set", {"accountId": by.person.account, "create": {"s": given}}))
    return answer["created"]["s"]["id"]


async def change(by: Chatter, space: str, **values) -> None:
    [[_, answer, _]] = await by.person(("Space/set", {"accountId": by.person.account, "update": {space: values}}))
    assert space in answer["updated"], answer


async def room_of(app: App, space: str) -> Room | None:
    return await rows.room_of_team(app.context.store.db, ids.parse(space))


async def members(app: App, space: str) -> set[str]:
    """Who is in the room of a space."""
    room = await room_of(app, space)
    told = await app.context.store.db.rows(
        "SELECT user_id FROM chat_member WHERE room = ? AND membership = 'join'", room.id if room else 0
    )
    return {user for (user,) in told} - {app.context.need(Rooms).home.users.of_space(ids.parse(space))}


async def has(app: App, space: str, *who: Chatter) -> None:
    wanted = {each.user for each in who}

    async def same() -> bool:
        return await members(app, space) == wanted

    await until(same)


async def together(app: App) -> tuple[Chatter, Chatter, str, Room]:
    """Two people in a space, its id, and its room, in which they are."""
    ann, bob = await chatter(app, "ann"), await chatter(app, "bob")
    space = await made(app, ann, {bob.person.account: "member"})
    await has(app, space, ann, bob)
    room = await room_of(app, space)
    assert room is not None
    return ann, bob, space, room


async def sees(app: App, who: Chatter, room: Room) -> bool:
    db = app.context.store.db
    return bool(await rows.visible_rooms(db, who.person.principal, [room.id]))


async def joined(who: Chatter) -> list[str]:
    return (await who("GET", "/v3/joined_rooms"))["joined_rooms"]


async def test_a_space_has_a_room_of_its_members(app: App) -> None:
    ann, bob, cy, eve = [await chatter(app, name) for name in ("ann", "bob", "cy", "eve")]
    space = await made(app, ann, {bob.person.account: "member", cy.person.account: "guest"})
    await has(app, space, ann, bob, cy)
    room = await room_of(app, space)
    assert room is not None and room.name == "Lab"
    assert await joined(bob) == [room.room_id] and await joined(eve) == []
    event = await say(bob, room.room_id, f"The {WORD} arrives.")
    path = f"/v3/rooms/{room.room_id}"
    saying = f"{path}/send/m.room.message/2"
    await cy("PUT", saying, {"msgtype": "m.text", "body": "x"}, status=403)
    assert (await cy("GET", f"{path}/event/{event}"))["content"]["body"].startswith("The")
    await eve("POST", f"/v3/join/{room.room_id}", status=403)
    await eve("GET", f"{path}/event/{event}", status=404)
    for act in ("invite", "kick", "ban"):
        await ann("POST", f"{path}/{act}", {"user_id": eve.user if act == "invite" else bob.user}, status=403)
    await bob("POST", f"{path}/leave", status=403)
    await bob("PUT", f"{path}/redact/{event}/3")
    assert await check(app.context.store.db) == []


async def test_who_leaves_the_space_sees_nothing_at_once(app: App) -> None:
    ann, bob, space, room = await together(app)
    event = await say(ann, room.room_id, f"The {WORD} arrives on Thursday.")
    await becomes(bob, WORD, True)
    await change(bob, space, members={ann.person.account: "manager"})
    path = f"/v3/rooms/{room.room_id}/event/{event}"
    assert not await sees(app, bob, room)
    await bob("GET", path, status=404)
    assert await joined(bob) == [] and not await found(bob, WORD)
    told = await bob("GET", "/v3/sync")
    assert WORD not in str(told)
    await has(app, space, ann)
    await bob("POST", f"/v3/join/{room.room_id}", status=403)
    await change(ann, space, members={ann.person.account: "manager", bob.person.account: "guest"})
    await has(app, space, ann, bob)
    await bob("GET", path)
    await bob(
        "PUT", f"/v3/rooms/{room.room_id}/send/m.room.message/2", {"msgtype": "m.text", "body": "x"}, status=403
    )


async def test_groups_names_the_archive_and_those_switched_off(app: App) -> None:
    store = app.context.store
    ann, bob = await chatter(app, "ann"), await chatter(app, "bob")
    group = await people.create(store, (), "group", "Crew", "crew@example.net")
    space = await made(app, ann, {ids.text(group.id): "member"})
    await has(app, space, ann)
    await store.write(lambda unit: directory.join(unit, group.id, bob.person.principal.id))
    await has(app, space, ann, bob)
    room = await room_of(app, space)
    assert room is not None
    await say(bob, room.room_id, "before")
    await change(ann, space, isArchived=True, name="Laboratory")

    async def closed() -> bool:
        answer = await bob.person.client.put(
            f"/_matrix/client/v3/rooms/{room.room_id}/send/m.room.message/{ids.new_id()}",
            json={"msgtype": "m.text", "body": "x"},
            headers=bob._headers,
        )
        return answer.status_code == 403

    await until(closed)
    assert (await room_of(app, space)).name == "Laboratory"
    await ann(
        "PUT", f"/v3/rooms/{room.room_id}/send/m.room.message/4", {"msgtype": "m.text", "body": "x"}, status=403
    )
    await ann("PUT", f"/v3/rooms/{room.room_id}/state/m.room.topic", {"topic": "x"}, status=403)
    await change(ann, space, isArchived=False)
    await accounts.disable(store, bob.person.principal.id)
    await has(app, space, ann)
    await accounts.enable(store, bob.person.principal.id)
    await has(app, space, ann, bob)
    await store.write(lambda unit: directory.leave(unit, group.id, bob.person.principal.id))
    assert not await sees(app, bob, room)
    await has(app, space, ann)


async def hurry(app: App, *kinds: str) -> None:
    """Has jobs run now."""
    for kind in kinds:
        await app.context.store.write(
            lambda unit, kind=kind: unit.run("UPDATE job SET run_at_ms = 0 WHERE kind = ?", kind)
        )


async def test_a_deleted_space_closes_its_room_and_takes_it_along(app: App) -> None:
    store = app.context.store
    ann, bob, space, room = await together(app)
    event = await say(bob, room.room_id, f"The {WORD} arrives.")
    await ann.person(("Space/set", {"accountId": ann.person.account, "destroy": [space]}))
    assert not await sees(app, bob, room) and not await sees(app, ann, room)
    await has(app, space)
    await change(ann, space, deletes=None)
    await has(app, space, ann, bob)
    await bob("GET", f"/v3/rooms/{room.room_id}/event/{event}")
    await erasure.schedule(store, ids.parse(space))
    await hurry(app, accounts.ERASE)

    async def gone() -> bool:
        return await store.db.value("SELECT 1 FROM account WHERE id = ?", ids.parse(space)) is None

    await until(gone)
    assert await room_of(app, space) is None and await rows.room_named(store.db, room.room_id) is None
    assert await store.db.value("SELECT COUNT(*) FROM chat_event WHERE room = ?", room.id) == 0
    assert await check(store.db) == []


async def test_nothing_of_its_room_is_left_where_the_removal_is_cut_off(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, cut = app.context.store, asyncio.Event()
    _, bob, space, room = await together(app)
    await say(bob, room.room_id, f"The {WORD} arrives.")

    async def dies(*_: object) -> int:
        cut.set()
        raise OSError("the machine died")

    monkeypatch.setattr(removing, "_events", dies)
    await erasure.schedule(store, ids.parse(space))
    await hurry(app, accounts.ERASE)
    await asyncio.wait_for(cut.wait(), 15)
    monkeypatch.undo()

    async def gone() -> bool:
        await hurry(app, accounts.ERASE, removing.JOB)
        kept = await store.db.value("SELECT COUNT(*) FROM chat_event WHERE room = ?", room.id)
        return not kept and await store.db.value("SELECT 1 FROM account WHERE id = ?", ids.parse(space)) is None

    await until(gone)
    for table, _ in removing._LEFT:
        assert await store.db.value(f"SELECT COUNT(*) FROM {table} WHERE room = ?", room.id) == 0, table
    assert await check(store.db) == []


async def test_a_space_of_before_gets_its_room(app: App) -> None:
    store = app.context.store
    ann = await chatter(app, "ann")
    space = await made(app, ann, {})
    await has(app, space, ann)
    room = await room_of(app, space)
    assert room is not None

    async def without(unit) -> None:
        await unit.run("UPDATE chat_room SET team = 0 WHERE id = ?", room.id)

    await store.write(without)
    following = teams.Teams(app.context.need(Rooms))
    await following.open()
    await has(app, space, ann)
    again = await room_of(app, space)
    assert again is not None and again.id != room.id
    access = await gate.require(store.db, ann.person.principal, ids.parse(space), "mail")
    assert Right.SHARE in access.rights
