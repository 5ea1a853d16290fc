"""Accounts as clients see them, and what stands at other places."""

import base64
import hashlib
import hmac

from parvis.store.sql.contract import counting
from tests.chat.conftest import Opener
from tests.chat.test_rooms import both, made


async def test_addresses_are_shown_and_not_changed_here(open_client: Opener) -> None:
    ann = await open_client("ann")
    [only] = (await ann.ask("GET", "/v3/account/3pid"))["threepids"]
    assert (only["medium"], only["address"]) == ("email", "ann@example.org")
    for verb in ("", "/add", "/bind", "/delete", "/unbind", "/email/requestToken"):
        assert (await ann.ask("POST", f"/v3/account/3pid{verb}", 403, json={}))["errcode"] == "M_THREEPID_DENIED"
    await ann.ask("POST", "/v3/account/deactivate", 403, json={})
    refused = await ann.ask("POST", "/v3/refresh", 401, json={"refresh_token": "x"})
    assert refused["errcode"] == "M_UNKNOWN_TOKEN"


async def test_a_token_of_openid_says_who_one_is_and_nothing_else(open_client: Opener) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    given = await ann.ask("POST", f"/v3/user/{ann.user}/openid/request_token", json={})
    assert (given["matrix_server_name"], given["token_type"]) == ("example.org", "Bearer")
    path = "/_matrix/federation/v1/openid/userinfo"
    found = await bob.get(path, params={"access_token": given["access_token"]})
    assert found.json() == {"sub": ann.user}
    assert (await bob.get(path, params={"access_token": given["access_token"][:-6]})).status_code == 401
    await bob.ask("POST", f"/v3/user/{ann.user}/openid/request_token", 403, json={})
    bob.headers["authorization"] = f"Bearer {given['access_token']}"
    await bob.ask("GET", "/v3/account/whoami", 401)


async def test_where_somebody_is_signed_in_is_for_them_and_administrators(open_client: Opener, context) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    assert (await ann.ask("GET", f"/v3/admin/whois/{ann.user}"))["user_id"] == ann.user
    await bob.ask("GET", f"/v3/admin/whois/{ann.user}", 403)


async def test_relays_of_calls_are_named_with_a_password_that_ends(open_client: Opener, context) -> None:
    ann = await open_client("ann")
    assert await ann.ask("GET", "/v3/voip/turnServer") == {}
    chat = context.settings.chat
    chat.turn_uris, chat.turn_secret = ["turn:turn.example.org"], "secret"
    found = await ann.ask("GET", "/v3/voip/turnServer")
    until, _, user = found["username"].partition(":")
    assert user == ann.user and until.isdigit() and found["uris"] == ["turn:turn.example.org"]
    digest = hmac.new(b"secret", found["username"].encode(), hashlib.sha1).digest()
    assert base64.b64decode(found["password"]) == digest
    assert await ann.ask("GET", "/v3/thirdparty/protocols") == {}
    await ann.ask("GET", "/v3/thirdparty/protocol/irc", 404)


async def test_people_are_reported(open_client: Opener, context) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    await ann.ask("POST", f"/v3/users/{bob.user}/report", json={"reason": "spam"})
    await ann.ask("POST", "/v3/users/@nobody:example.org/report", 404, json={"reason": "spam"})
    assert await context.store.db.rows("SELECT user_id, reason FROM chat_report") == [(bob.user, "spam")]


async def test_rooms_that_two_share(open_client: Opener) -> None:
    ann, bob, room = await both(open_client)
    await made(ann)
    with counting() as count:
        found = await ann.ask("GET", "/v1/mutual_rooms", params={"user_id": bob.user})
    assert found == {"joined": [room], "count": 1} and len(count) <= 3
    await ann.ask("GET", "/v1/mutual_rooms", 400, params={"user_id": ann.user})
