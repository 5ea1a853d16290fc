"""Signing in and out, and one's devices."""

from parvis.access import app_passwords, sessions
from parvis.chat.people import devices
from parvis.chat.rooms.service import Rooms
from parvis.kernel import clock
from parvis.store.sql.contract import counting
from tests.chat.conftest import PASSWORD
from tests.chat.keyring import Signer, device_keys


def by_password(user: str, **more) -> dict:
    return {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": user},
        "password": PASSWORD,
        **more,
    }


def proof(password: str = PASSWORD) -> dict:
    return {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": "ann"}, "password": password}


async def login(client, user: str = "ann", **more) -> dict:
    found = await client.ask("POST", "/v3/login", json=by_password(user, **more))
    client.headers["authorization"] = f"Bearer {found['access_token']}"
    return found


async def test_a_device_signs_in_by_any_name_of_its_owner_and_is_a_sign_in_of_the_house(
    open_client, context
) -> None:
    ann = await open_client("ann", signed_in=False)
    assert {"type": "m.login.password"} in (await ann.ask("GET", "/v3/login"))["flows"]
    for name in ("ann", "Ann", "@ann:example.org", "ann@example.org"):
        found = await login(ann, name, initial_device_display_name="Phone")
        assert found["user_id"] == ann.user
        me = await ann.ask("GET", "/v3/account/whoami")
        assert me == {"user_id": ann.user, "device_id": found["device_id"], "is_guest": False}
    listed = await sessions.of(context.store, ann.person)
    assert {(each.kind, each.name, each.protocols) for each in listed} == {
        ("token", "Phone", frozenset({"matrix"}))
    }
    assert len(listed) == 4


async def test_wrong_passwords_names_and_ways_are_refused(open_client) -> None:
    ann = await open_client("ann", signed_in=False)
    for body, status, code in (
        (by_password("ann", password="wrong"), 403, "M_FORBIDDEN"),
        (by_password("@ann:elsewhere.org"), 403, "M_FORBIDDEN"),
        (by_password("nobody"), 403, "M_FORBIDDEN"),
        ({"type": "m.login.token", "token": "x"}, 403, "M_FORBIDDEN"),
        ({"type": "m.login.other"}, 400, "M_UNKNOWN"),
        ({"type": "m.login.password", "password": PASSWORD}, 400, "M_MISSING_PARAM"),
        (by_password("ann", device_id=7), 400, "M_INVALID_PARAM"),
    ):
        assert (await ann.ask("POST", "/v3/login", status, json=body))["errcode"] == code, body
    assert (await ann.ask("POST", "/v3/login", 400, content=b"{"))["errcode"] == "M_NOT_JSON"
    assert (await ann.ask("POST", "/v3/register", 403, json={}))["errcode"] == "M_FORBIDDEN"
    last = [await ann.post("/_matrix/client/v3/login", json=by_password("ann", password="x")) for _ in range(6)][-1]
    assert last.json()["errcode"] == "M_LIMIT_EXCEEDED" and last.json()["retry_after_ms"] >= 1000


async def test_an_app_password_for_matrix_signs_in_and_one_for_mail_does_not(open_client, context) -> None:
    ann = await open_client("ann", signed_in=False)
    mail, _ = await app_passwords.create(context.store, ann.person, "Mail", ["imap"])
    chat, _ = await app_passwords.create(context.store, ann.person, "Chat", ["matrix"])
    assert (await ann.ask("POST", "/v3/login", 403, json=by_password("ann", password=mail)))[
        "errcode"
    ] == "M_FORBIDDEN"
    assert (await ann.ask("POST", "/v3/login", json=by_password("ann", password=chat)))["user_id"] == ann.user


async def test_what_an_app_password_has_opened_ends_with_it(open_client, context) -> None:
    ann, desk = await open_client("ann", signed_in=False), await open_client("ann", signed_in=False)
    await login(desk)
    end = clock.now_ms() + 3_600_000
    secret, password = await app_passwords.create(context.store, ann.person, "Chat", ["matrix"], end)
    await login(ann, password=secret)
    (opened,) = [
        each for each in await sessions.of(context.store, ann.person) if each.kind == "token" and each.expires_ms
    ]
    assert opened.expires_ms == end
    await app_passwords.remove(context.store, ann.person, password.id)
    assert (await ann.ask("GET", "/v3/account/whoami", 401))["errcode"] == "M_UNKNOWN_TOKEN"
    assert (await desk.ask("GET", "/v3/account/whoami"))["user_id"] == ann.user


async def test_signing_in_as_the_same_device_ends_its_sign_in_before(open_client) -> None:
    first, second = await open_client("ann", signed_in=False), await open_client("ann", signed_in=False)
    await login(first, device_id="PHONE")
    await first.ask("GET", "/v3/account/whoami")
    await login(second, device_id="PHONE")
    assert (await first.ask("GET", "/v3/account/whoami", 401))["errcode"] == "M_UNKNOWN_TOKEN"
    assert [each["device_id"] for each in (await second.ask("GET", "/v3/devices"))["devices"]] == ["PHONE"]


async def test_devices_are_named_listed_and_removed_with_the_password(open_client) -> None:
    ann, phone, bob = [await open_client(name, signed_in=False) for name in ("ann", "ann", "bob")]
    await login(ann, device_id="DESK")
    await login(phone, device_id="PHONE")
    await login(bob, "bob", device_id="DESK")
    await ann.ask("PUT", "/v3/devices/PHONE", json={"display_name": "My phone"})
    assert (await ann.ask("GET", "/v3/devices/PHONE"))["display_name"] == "My phone"
    assert (await bob.ask("GET", "/v3/devices/PHONE", 404))["errcode"] == "M_NOT_FOUND"
    assert (await bob.ask("PUT", "/v3/devices/PHONE", 404, json={"display_name": "x"}))["errcode"] == "M_NOT_FOUND"
    asked = await ann.ask("DELETE", "/v3/devices/PHONE", 401)
    assert asked["flows"] == [{"stages": ["m.login.password"]}] and asked["session"]
    wrong = await ann.ask("DELETE", "/v3/devices/PHONE", 401, json={"auth": proof("wrong")})
    assert wrong["errcode"] == "M_FORBIDDEN" and wrong["flows"]
    await phone.ask("GET", "/v3/account/whoami")
    await ann.ask("DELETE", "/v3/devices/PHONE", json={"auth": proof() | {"session": asked["session"]}})
    assert (await phone.ask("GET", "/v3/account/whoami", 401))["errcode"] == "M_UNKNOWN_TOKEN"
    await ann.ask("POST", "/v3/delete_devices", 401, json={"devices": ["DESK"]})
    await ann.ask("POST", "/v3/delete_devices", json={"devices": ["DESK", "none"], "auth": proof()})
    assert (await ann.ask("GET", "/v3/devices", 401))["errcode"] == "M_UNKNOWN_TOKEN"
    assert (await bob.ask("GET", "/v3/account/whoami"))["device_id"] == "DESK"


async def test_signing_out_and_out_everywhere(open_client, context) -> None:
    desk, phone, other = [await open_client("ann", signed_in=False) for _ in range(3)]
    for client in (desk, phone, other):
        await login(client)
    await desk.ask("POST", "/v3/logout")
    await desk.ask("GET", "/v3/account/whoami", 401)
    assert len((await phone.ask("GET", "/v3/devices"))["devices"]) == 2
    await phone.ask("POST", "/v3/logout/all")
    await other.ask("GET", "/v3/account/whoami", 401)
    assert not await sessions.of(context.store, phone.person)


async def test_a_device_is_known_without_asking_for_it_again(open_client) -> None:
    ann = await open_client("ann", signed_in=False)
    await login(ann)
    with counting() as first:
        await ann.ask("GET", "/v3/account/whoami")
    with counting() as second:
        await ann.ask("GET", "/v3/account/whoami")
    assert (len(first.statements), len(second.statements)) == (2, 0)


async def browser(open_client, context, name: str = "ann"):
    """Somebody's browser: signed in by a session of the house."""
    client = await open_client(name, signed_in=False)
    token, session = await sessions.open(context.store, client.person, "Firefox", "")
    client.headers["authorization"] = f"Bearer {token}"
    return client, session


async def test_a_browser_names_a_device_of_its_own_and_takes_it_up_again_after_its_sign_in_is_over(
    open_client, context
) -> None:
    ann, _ = await browser(open_client, context)
    assert "device_id" not in await ann.ask("GET", "/v3/account/whoami")
    await ann.ask("PUT", "/v3/devices/WEB", 201, json={"display_name": "Firefox, Linux"})
    await ann.ask("GET", "/v3/account/whoami")
    with counting() as statements:
        assert (await ann.ask("GET", "/v3/account/whoami"))["device_id"] == "WEB"
    assert len(statements) <= 1
    listed = (await ann.ask("GET", "/v3/devices"))["devices"]
    assert [(each["device_id"], each["display_name"]) for each in listed] == [("WEB", "Firefox, Linux")]
    other, kept = await browser(open_client, context)
    refused = await other.ask("PUT", "/v3/devices/WEB", 403, json={})
    assert refused["errcode"] == "M_FORBIDDEN"
    await sessions.end_by_password(context.store, ann.person.id, but=kept.id)
    await other.ask("PUT", "/v3/devices/WEB", 201, json={})
    assert (await other.ask("GET", "/v3/account/whoami"))["device_id"] == "WEB"
    await other.ask("POST", "/v3/logout", json={})
    last, _ = await browser(open_client, context)
    assert (await last.ask("GET", "/v3/devices"))["devices"] == []


async def test_a_device_of_somebody_else_is_not_taken_and_a_token_has_no_other(open_client, context) -> None:
    ann, _ = await browser(open_client, context)
    bob, _ = await browser(open_client, context, "bob")
    await ann.ask("PUT", "/v3/devices/WEB", 201, json={})
    await bob.ask("PUT", "/v3/devices/WEB", 201, json={})
    assert len((await ann.ask("GET", "/v3/devices"))["devices"]) == 1
    token = await open_client("ann")
    assert (await token.ask("PUT", "/v3/devices/NEW", 404, json={}))["errcode"] == "M_UNRECOGNIZED"


async def test_a_sign_in_that_is_ended_takes_its_device_along(open_client, context) -> None:
    ann, session = await browser(open_client, context)
    phone = await open_client("ann", signed_in=False)
    await login(phone, device_id="PHONE")
    await ann.ask("PUT", "/v3/devices/WEB", 201, json={})
    keys = device_keys(Signer(), ann.user, "WEB")
    await ann.ask("POST", "/v3/keys/upload", json={"device_keys": keys})
    since = (await phone.ask("GET", "/v3/sync"))["next_batch"]
    await sessions.end(context.store, ann.person, session.id)
    ending = devices.Ending(context.need(Rooms).home._server)
    for _ in range(2):  # an event may come twice
        await ending.follow(await context.store.outbox.after(0, 0))
    assert [each["device_id"] for each in (await phone.ask("GET", "/v3/devices"))["devices"]] == ["PHONE"]
    known = await phone.ask("POST", "/v3/keys/query", json={"device_keys": {ann.user: []}})
    assert "WEB" not in known["device_keys"].get(ann.user, {})
    told = await phone.ask("GET", "/v3/sync", params={"since": since})
    assert told["device_lists"]["changed"] == [ann.user]
    back, _ = await browser(open_client, context)
    await back.ask("GET", "/v3/devices/WEB", 404)
