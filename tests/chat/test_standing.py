"""Accounts that administrators lock or suspend (Matrix v1.19 Client-Server §Account moderation)."""

import asyncio

from parvis.access import accounts
from parvis.chat.people.standing import Standing, Standings
from parvis.serve.context import Context
from parvis.store.sql.contract import counting
from tests.chat.conftest import Client, Opener
from tests.chat.test_login import by_password, login
from tests.chat.test_rooms import both, made, say, texts


async def administrator(open_client: Opener, context: Context) -> Client:
    """Somebody who runs the server."""
    boss = await open_client("boss", signed_in=False)
    await context.store.write(
        lambda unit: unit.run("UPDATE principal SET administrator = 1 WHERE id = ?", boss.person.id)
    )
    return await open_client("boss")


async def test_who_is_locked_can_do_nothing_but_sign_out(open_client: Opener, context: Context) -> None:
    boss = await administrator(open_client, context)
    ann, bob, room = await both(open_client)
    await login(ann)
    path = f"/v1/admin/lock/{ann.user}"
    since = (await ann.ask("GET", "/v3/sync"))["next_batch"]
    waiting = asyncio.create_task(ann.ask("GET", "/v3/sync", 401, params={"since": since, "timeout": 20_000}))
    await asyncio.sleep(0.05)
    assert await boss.ask("GET", path) == {"locked": False}
    assert await boss.ask("PUT", path, json={"locked": True}) == {"locked": True}
    told = await waiting  # at once, and nothing of what is said from now on
    assert (told["errcode"], told["soft_logout"]) == ("M_USER_LOCKED", True)
    with counting() as counted:
        await ann.ask("GET", f"/v3/rooms/{room}/messages?dir=b", 401)
    assert len(counted.statements) <= 1
    await ann.ask("PUT", f"/v3/rooms/{room}/send/m.room.message/1", 401, json={"body": "x", "msgtype": "m.text"})
    stranger = await open_client("ann", signed_in=False)
    refused = await stranger.ask("POST", "/v3/login", 401, json=by_password("ann"))
    assert refused["errcode"] == "M_USER_LOCKED"
    await boss.ask("PUT", path, json={"locked": False})
    assert await say(ann, room, "free again")  # the sign-in is the same
    assert await context.store.db.rows("SELECT * FROM chat_standing") == []
    await boss.ask("PUT", path, json={"locked": True})
    await ann.ask("POST", "/v3/logout/all", json={})
    await boss.ask("PUT", path, json={"locked": False})
    assert (await ann.ask("GET", "/v3/sync", 401))["errcode"] == "M_UNKNOWN_TOKEN"
    assert await texts(bob, room) == ["free again"]


async def test_who_is_suspended_reads_and_says_nothing(open_client: Opener, context: Context) -> None:
    boss = await administrator(open_client, context)
    ann, bob, room = await both(open_client)
    await login(ann)
    open_room = await made(bob, preset="public_chat")
    mine, theirs = await say(ann, room, "mine"), await say(bob, room, "theirs")
    assert await boss.ask("PUT", f"/v1/admin/suspend/{ann.user}", json={"suspended": True}) == {"suspended": True}
    message = {"body": "x", "msgtype": "m.text"}
    for method, where, body in (
        ("PUT", f"/v3/rooms/{room}/send/m.room.message/1", message),
        ("PUT", f"/v3/rooms/{room}/state/m.room.topic", {"topic": "x"}),
        ("PUT", f"/v3/rooms/{room}/redact/{theirs}/2", {}),
        ("PUT", f"/v3/rooms/{room}/send/m.room.redaction/3", {"redacts": theirs}),
        ("POST", f"/v3/join/{open_room}", {}),
        ("POST", f"/v3/knock/{open_room}", {}),
        ("POST", f"/v3/rooms/{room}/invite", {"user_id": boss.user}),
        ("POST", "/v3/createRoom", {}),
        ("PUT", f"/v3/profile/{ann.user}/avatar_url", {"avatar_url": ""}),
    ):
        refused = await ann.ask(method, where, 403, json=body)
        assert refused["errcode"] == "M_USER_SUSPENDED" and "soft_logout" not in refused, where
    assert await texts(ann, room) == ["theirs", "mine"]
    assert (await ann.ask("GET", "/v3/sync"))["rooms"]["join"][room]
    await ann.ask("PUT", f"/v3/rooms/{room}/redact/{mine}/4", json={})
    await ann.ask("PUT", "/v3/sendToDevice/m.test/1", json={"messages": {}})
    await ann.ask("POST", f"/v3/rooms/{room}/leave", json={})
    assert await boss.ask("PUT", f"/v1/admin/suspend/{ann.user}", json={"suspended": False}) == {"suspended": False}
    await ann.ask("POST", f"/v3/join/{open_room}", json={})


async def test_administrators_alone_learn_and_decide_it(open_client: Opener, context: Context) -> None:
    boss = await administrator(open_client, context)
    ann = await open_client("ann")
    assert (await boss.ask("GET", "/v3/capabilities"))["capabilities"]["m.account_moderation"]["lock"]
    assert "m.account_moderation" not in (await ann.ask("GET", "/v3/capabilities"))["capabilities"]
    for word, name in (("lock", "locked"), ("suspend", "suspended")):
        path = f"/v1/admin/{word}"
        await ann.ask("GET", f"{path}/@nobody:example.org", 403)
        await ann.ask("PUT", f"{path}/{ann.user}", 403, json={name: True})
        await boss.ask("GET", f"{path}/@nobody:example.org", 404)
        assert (await boss.ask("GET", f"{path}/@ann:else.org", 400))["errcode"] == "M_INVALID_PARAM"
        await boss.ask("PUT", f"{path}/{boss.user}", 403, json={name: True})
        assert await boss.ask("GET", f"{path}/{boss.user}") == {name: False}
        await boss.ask("PUT", f"{path}/{ann.user}", 400, json={name: 1})
    await accounts.disable(context.store, ann.person.id)
    await boss.ask("GET", f"/v1/admin/lock/{ann.user}", 404)


async def test_another_node_hears_of_it(open_client: Opener, context: Context) -> None:
    ann, here, there = await open_client("ann"), Standings(context.store), Standings(context.store)
    await there.open()
    await here.put(ann.person.id, locked=True)
    await here.put(ann.person.id, suspended=True)
    async with asyncio.timeout(5):
        while there.of(ann.person.id) != Standing(True, True):
            await asyncio.sleep(0.01)
    await there.stop()


async def test_nobody_is_invited_by_a_mail_address(open_client: Opener) -> None:
    ann = await open_client("ann")
    room = await made(ann)
    invite = {"medium": "email", "address": "bob@example.org", "id_server": "id.org", "id_access_token": "x"}
    for path, body in ((f"/v3/rooms/{room}/invite", invite), ("/v3/createRoom", {"invite_3pid": [invite]})):
        refused = await ann.ask("POST", path, 403, json=body)
        assert refused["errcode"] == "M_THREEPID_DENIED" and "identity server" in refused["error"]
