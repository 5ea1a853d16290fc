"""Programs that are let in by the browser, and never see a password."""

import asyncio
import base64
import hashlib
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from parvis.access import renewing, sessions
from parvis.kernel import clock
from parvis.serve.http.identity import COOKIE
from parvis.serve.oauth import clients, requests
from parvis.store.sql.contract import counting
from tests.chat.conftest import PASSWORD
from tests.chat.keyring import Signer, cross
from tests.chat.test_login import by_password, proof

VERIFIER = "a-verifier-that-is-long-enough-to-be-one-of-pkce"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
PROGRAM = {
    "client_name": "Chatter",
    "client_uri": "https://chatter.example/",
    "redirect_uris": ["https://app.chatter.example/back?x=1"],
    "grant_types": [*clients.GRANTS, "password"],
    "response_types": ["code", "token"],
}
SCOPE = "urn:matrix:client:api:* urn:matrix:client:device:PHONE12345"


async def registered(client, **more) -> str:
    found = await client.post("/oauth/register", json={**PROGRAM, **more})
    assert found.status_code == 201, found.text
    return found.json()["client_id"]


def asked(program: str, **more) -> dict[str, str]:
    return {
        "response_type": "code",
        "client_id": program,
        "redirect_uri": PROGRAM["redirect_uris"][0],
        "scope": SCOPE,
        "state": "s t/1",
        "response_mode": "fragment",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **more,
    }


SIGN_IN = {"username": "ann@example.org", "password": PASSWORD, "answer": "allow"}


async def code_of(client, client_id: str, **more) -> str:
    found = await client.post("/oauth/authorize", params=asked(client_id, **more), data=SIGN_IN)
    assert found.status_code == 303, found.text
    to = urlsplit(found.headers["location"])
    told = parse_qs(to.fragment or to.query)
    assert told["state"] == ["s t/1"]
    return told["code"][0]


async def token(client, status: int = 200, **given) -> dict:
    found = await client.post("/oauth/token", data=given)
    assert found.status_code == status, found.text
    assert found.headers["access-control-allow-origin"] == "*" and found.headers["cache-control"] == "no-store"
    return found.json()


def exchange(client_id: str, code: str, **more) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "client_id": client_id,
        "code": code,
        "redirect_uri": PROGRAM["redirect_uris"][0],
        "code_verifier": VERIFIER,
        **more,
    }


async def let_in(client) -> tuple[str, dict]:
    client_id = await registered(client)
    return client_id, await token(client, **exchange(client_id, await code_of(client, client_id)))


def bearer(tokens: dict) -> dict:
    return {"authorization": f"Bearer {tokens['access_token']}"}


@pytest.mark.parametrize(
    ("registered_uri", "uri", "source"),
    [
        ("http://127.0.0.1/back", "http://127.0.0.1:1234/back", "http://127.0.0.1:1234"),
        ("http://[::1]/back", "http://[::1]:1234/back", "http:"),
        ("example.chatter:/back", "example.chatter:/back", "example.chatter:"),
    ],
)
async def test_a_browser_may_follow_the_answer_to_a_program_of_the_machine(
    open_client, registered_uri, uri, source
) -> None:
    """RFC 8252 §7.1, §7.3"""
    ann = await open_client("ann", signed_in=False)
    client_id = await registered(ann, application_type="native", redirect_uris=[registered_uri])
    page = await ann.get("/oauth/authorize", params=asked(client_id, redirect_uri=uri))
    assert f"form-action 'self' {source};" in page.headers["content-security-policy"]


async def test_a_program_is_let_in_renews_its_token_and_signs_out(open_client, context) -> None:
    ann = await open_client("ann", signed_in=False)
    told = await ann.ask("GET", "/v1/auth_metadata")
    assert told == (await ann.get("/.well-known/oauth-authorization-server")).json() | {
        name: told[name] for name in ("account_management_uri", "account_management_actions_supported")
    }
    for name in ("authorization", "token", "revocation", "registration", "device_authorization"):
        assert told[f"{name}_endpoint"].startswith(f"{context.public_url}/oauth/")

    client_id = await registered(ann)
    assert client_id == await registered(ann), "what says the same is one program"
    page = await ann.get("/oauth/authorize", params=asked(client_id))
    assert "Chatter (app.chatter.example)" in page.text and page.headers["cache-control"] == "no-store"
    assert "form-action 'self' https://app.chatter.example;" in page.headers["content-security-policy"]
    code = await code_of(ann, client_id)
    with counting() as counted:
        tokens = await token(ann, **exchange(client_id, code))
    assert len(counted.statements) <= 16
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 3600, SCOPE)
    me = await ann.ask("GET", "/v3/account/whoami", headers=bearer(tokens))
    assert me == {"user_id": ann.user, "device_id": "PHONE12345", "is_guest": False}
    (listed,) = await sessions.of(context.store, ann.person)
    assert (listed.kind, listed.name) == ("token", "Chatter")

    renewed = await token(
        ann, grant_type="refresh_token", client_id=client_id, refresh_token=tokens["refresh_token"]
    )
    assert renewed["access_token"] != tokens["access_token"] and renewed["scope"] == SCOPE
    assert (await ann.ask("GET", "/v3/account/whoami", headers=bearer(renewed)))["device_id"] == "PHONE12345"
    (same,) = await sessions.of(context.store, ann.person)
    assert same.id == listed.id, "it is the same sign-in all the while"

    assert (await ann.post("/oauth/revoke", data={"token": renewed["refresh_token"]})).status_code == 200
    assert (await ann.post("/oauth/revoke", data={"token": "never was one"})).status_code == 200
    gone = await ann.ask("GET", "/v3/account/whoami", 401, headers=bearer(renewed))
    assert gone["errcode"] == "M_UNKNOWN_TOKEN" and "soft_logout" not in gone
    assert await sessions.of(context.store, ann.person) == []


async def test_an_answer_that_was_lost_is_asked_for_again_and_what_was_stolen_ends_the_sign_in(
    open_client, context
) -> None:
    ann = await open_client("ann", signed_in=False)
    client_id, first = await let_in(ann)

    async def renew(tokens: dict, status: int = 200) -> dict:
        given = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": tokens["refresh_token"]}
        return await token(ann, status, **given)

    await renew(first)  # the answer is lost
    second = await renew(first)
    await ann.ask("GET", "/v3/account/whoami", headers=bearer(second))
    async with asyncio.timeout(20):
        while (await sessions.of(context.store, ann.person))[0].used_ms < clock.now_ms() - 30_000:
            await asyncio.sleep(0.01)  # it is noted beside the answer
    assert (await renew(first, 400))["error"] == "invalid_grant"
    assert await sessions.of(context.store, ann.person) == [], "somebody else has it too: nobody is let in by it"
    assert (await renew(second, 400))["error"] == "invalid_grant"
    assert await renewing.forget(context.store) == 1


async def test_a_token_that_is_over_says_that_it_can_be_renewed(open_client, monkeypatch) -> None:
    ann = await open_client("ann", signed_in=False)
    _, tokens = await let_in(ann)
    now = clock.now_ms()
    monkeypatch.setattr(clock, "now_ms", lambda: now + renewing.ACCESS_SECONDS * 1000 + 1)
    told = await ann.ask("GET", "/v3/account/whoami", 401, headers=bearer(tokens))
    assert (told["errcode"], told["soft_logout"]) == ("M_UNKNOWN_TOKEN", True)


async def test_what_is_not_sound_is_told_to_the_program_or_shown_when_nobody_knows_whom_to_tell(
    open_client,
) -> None:
    ann = await open_client("ann", signed_in=False)
    client_id = await registered(ann)
    for wrong in ({"client_id": "nobody"}, {"redirect_uri": "https://evil.example/"}, {"redirect_uri": ""}):
        found = await ann.get("/oauth/authorize", params=asked(client_id, **wrong))
        assert found.status_code == 400 and "location" not in found.headers, wrong
    for wrong, error in (
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"scope": "urn:matrix:client:api:*"}, "invalid_scope"),
        ({"scope": f"{SCOPE} urn:matrix:client:device:ANOTHER123"}, "invalid_scope"),
        ({"scope": "openid"}, "invalid_scope"),
    ):
        found = await ann.get("/oauth/authorize", params=asked(client_id, **wrong))
        assert found.status_code == 303, wrong
        to = urlsplit(found.headers["location"])
        told = parse_qs(to.fragment or to.query)
        assert told["error"] == [error] and told["state"] == ["s t/1"], wrong
    refused = await ann.post("/oauth/authorize", params=asked(client_id), data={"answer": "refuse"})
    assert "error=access_denied" in refused.headers["location"]
    wrong_password = await ann.post("/oauth/authorize", params=asked(client_id), data=SIGN_IN | {"password": "x"})
    assert wrong_password.status_code == 403 and "location" not in wrong_password.headers


async def test_a_code_is_good_once_for_who_asked_and_a_second_time_ends_what_it_brought(
    open_client, context
) -> None:
    ann = await open_client("ann", signed_in=False)
    client_id, other = await registered(ann), await registered(ann, client_name="Another")
    for wrong in (
        {"code_verifier": VERIFIER[::-1]},
        {"redirect_uri": "https://app.chatter.example/"},
        {"client_id": other},
    ):
        code = await code_of(ann, client_id)
        assert (await token(ann, 400, **exchange(client_id, code) | wrong))["error"] == "invalid_grant", wrong
        assert (await token(ann, 400, **exchange(client_id, code)))["error"] == "invalid_grant", "it was tried"
    code = await code_of(ann, client_id)
    tokens = await token(ann, **exchange(client_id, code))
    assert (await token(ann, 400, **exchange(client_id, code)))["error"] == "invalid_grant"
    assert await sessions.of(context.store, ann.person) == []
    await ann.ask("GET", "/v3/account/whoami", 401, headers=bearer(tokens))
    assert (await token(ann, 401, grant_type="refresh_token", client_id="x"))["error"] == "invalid_client"
    assert (await token(ann, 400, grant_type="password", client_id=client_id))["error"] == "unsupported_grant_type"
    theirs = {"grant_type": "refresh_token", "client_id": other}
    tokens = await token(ann, **exchange(client_id, await code_of(ann, client_id)))
    told = await token(ann, 400, **theirs, refresh_token=tokens["refresh_token"])
    assert told["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("uri", "kind", "right"),
    [
        ("https://example.com/callback", "web", True),
        ("https://app.example.com/callback", "web", True),
        ("https://example.com:5173/?query=value", "web", True),
        ("https://example.com/callback#fragment", "web", False),
        ("http://example.com/callback", "web", False),
        ("http://localhost/", "web", False),
        ("https://user@example.com/", "web", False),
        ("https://badexample.com/", "web", False),
        ("https://x;script-src.example.com/", "web", False),
        ("https://example.com.evil.org/", "web", False),
        ("com.example.app:/callback", "native", True),
        ("com.example:/", "native", True),
        ("com.example:callback", "native", True),
        ("http://localhost/callback", "native", True),
        ("http://127.0.0.1/callback", "native", True),
        ("http://[::1]/callback", "native", True),
        ("example:/callback", "native", False),
        ("com.example.app://callback", "native", False),
        ("https://localhost/callback", "native", False),
        ("http://localhost:1234/callback", "native", False),
        ("http://[::1/callback", "native", False),
        ("javascript:alert(1)", "native", False),
        (7, "native", False),
    ],
)
def test_redirect_uris_of_the_specification(uri, kind, right) -> None:
    given = {"client_uri": "https://example.com/", "application_type": kind, "redirect_uris": [uri]}
    if right:
        assert clients.metadata_of(given)["redirect_uris"] == [uri]
    else:
        with pytest.raises(clients.OAuthError):
            clients.metadata_of(given)


async def test_what_registers_says_what_is_true_and_what_is_not_understood_is_left_out(
    open_client, context
) -> None:
    ann = await open_client("ann", signed_in=False)
    for wrong in (
        {"client_uri": "http://chatter.example/"},
        {"client_uri": None},
        {"application_type": "other"},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"redirect_uris": []},
        {"redirect_uris": ["https://app.chatter.example/"] * 11},
        {"grant_types": "authorization_code"},
    ):
        found = await ann.post("/oauth/register", json={**PROGRAM, **wrong})
        assert found.status_code == 400 and found.json()["error"].startswith("invalid_"), wrong
    given = {**PROGRAM, "client_name": "a\n\x00 b", "logo_uri": "https://elsewhere.example/l", "extra": 1}
    told = (await ann.post("/oauth/register", json=given)).json()
    assert told["client_name"] == "a b" and not {"logo_uri", "extra"} & set(told)
    assert told["grant_types"] == list(clients.GRANTS) and told["response_types"] == ["code"]
    assert (await ann.post("/oauth/register", content=b"{")).json()["error"] == "invalid_request"
    assert (await ann.options("/oauth/register")).headers["access-control-allow-headers"]


async def test_a_native_program_comes_back_by_any_port_of_its_own_machine(open_client) -> None:
    ann = await open_client("ann", signed_in=False)
    client_id = await registered(
        ann, application_type="native", redirect_uris=["http://127.0.0.1/done", "example.chatter:/done"]
    )
    for uri in ("http://127.0.0.1:39001/done", "example.chatter:/done"):
        code = await code_of(ann, client_id, redirect_uri=uri, response_mode="query")
        tokens = await token(ann, **exchange(client_id, code, redirect_uri=uri))
        await ann.ask("GET", "/v3/account/whoami", headers=bearer(tokens))
    found = await ann.get("/oauth/authorize", params=asked(client_id, redirect_uri="http://127.0.0.1:39001/other"))
    assert found.status_code == 400


async def test_who_is_signed_in_in_the_browser_answers_with_a_press_and_no_other_site_does(
    open_client, context
) -> None:
    ann = await open_client("ann", signed_in=False)
    client_id = await registered(ann)
    cold = {"sec-fetch-site": "cross-site"}
    page = await ann.get("/oauth/authorize", params=asked(client_id), headers=cold)
    again = page.headers["refresh"].partition("url=")[2]
    secret, _ = await sessions.open(context.store, ann.person, "browser", "")
    inside = {"cookie": f"{COOKIE}={secret}"}
    page = await ann.get(again, headers=inside)
    assert "password" not in page.text and "ann@example.org" in page.text
    shown = re.search(r'name="proof" value="([0-9a-f]+)"', page.text)[1]
    foreign = await ann.post(again, headers=inside, data={"proof": "0" * 64, "answer": "allow"})
    assert foreign.status_code == 403 and "location" not in foreign.headers
    found = await ann.post(again, headers=inside, data={"proof": shown, "answer": "allow"})
    assert found.status_code == 303 and "code=" in found.headers["location"]
    assert "password" in (await ann.get(again, headers=cold)).text, "it is not led in a circle"


async def test_a_device_without_a_browser_waits_until_somebody_types_its_code(open_client, context) -> None:
    ann = await open_client("ann", signed_in=False)
    client_id = await registered(ann)

    async def begin() -> tuple[dict, dict]:
        found = await ann.post("/oauth/device", data={"client_id": client_id, "scope": SCOPE})
        told = found.json()
        assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", told["user_code"])
        grant = clients.GRANTS[2]
        return told, {"grant_type": grant, "client_id": client_id, "device_code": told["device_code"]}

    told, poll = await begin()
    assert (await token(ann, 400, **poll))["error"] == "authorization_pending"
    assert (await token(ann, 400, **poll))["error"] == "slow_down"
    assert "user_code" in (await ann.get("/oauth/link")).text
    assert (await ann.get("/oauth/link?user_code=BBBB-BBBB")).status_code == 404
    typed = told["user_code"].replace("-", " ").lower()
    assert "Chatter" in (await ann.get("/oauth/link", params={"user_code": typed})).text
    found = await ann.post("/oauth/link", params={"user_code": typed}, data=SIGN_IN)
    assert found.status_code == 200, found.text
    tokens = await token(ann, **poll)
    assert (await ann.ask("GET", "/v3/account/whoami", headers=bearer(tokens)))["device_id"] == "PHONE12345"
    assert (await token(ann, 400, **poll))["error"] == "invalid_grant"

    told, poll = await begin()
    await ann.post("/oauth/link", params={"user_code": told["user_code"]}, data={"answer": "refuse"})
    assert (await token(ann, 400, **poll))["error"] == "access_denied"
    found = await ann.post("/oauth/device", data={"client_id": client_id, "scope": "openid"})
    assert found.json()["error"] == "invalid_scope"
    statuses = [(await ann.get("/oauth/link?user_code=CCCC-CCCC")).status_code for _ in range(30)]
    assert statuses[-1] == 429, "codes are not to be guessed"


async def test_keys_are_replaced_when_somebody_says_so_in_the_browser(open_client, context) -> None:
    ann = await open_client("ann", signed_in=False)
    _, tokens = await let_in(ann)
    ann.headers.update(bearer(tokens))
    first, other = ({"master_key": cross(Signer(), ann.user, "master")} for _ in range(2))
    await ann.ask("POST", "/v3/keys/device_signing/upload", json=first)
    told = await ann.ask("POST", "/v3/keys/device_signing/upload", 401, json=other)
    assert told["flows"] == [{"stages": ["m.oauth"]}]
    proven = other | {"auth": {"session": told["session"]}}
    assert (await ann.ask("POST", "/v3/keys/device_signing/upload", 401, json=proven))["session"] != told["session"]
    url = urlsplit(told["params"]["m.oauth"]["url"])
    page = f"{url.path}?{url.query}"
    assert (await ann.get(page)).status_code == 200
    assert (await ann.post(page, data=SIGN_IN)).status_code == 200
    await ann.ask("POST", "/v3/keys/device_signing/upload", json=proven)
    assert (await ann.get("/oauth/account?action=org.matrix.devices_list")).headers[
        "location"
    ] == "/settings/security"


async def test_a_password_brings_a_token_that_is_renewed_to_who_asks_for_one(open_client) -> None:
    ann = await open_client("ann", signed_in=False)
    found = await ann.ask("POST", "/v3/login", json=by_password("ann", refresh_token=True))
    assert found["expires_in_ms"] == 3_600_000
    renewed = await ann.ask("POST", "/v3/refresh", json={"refresh_token": found["refresh_token"]})
    me = await ann.ask("GET", "/v3/account/whoami", headers=bearer(renewed))
    assert me["device_id"] == found["device_id"]
    assert (await ann.ask("POST", "/v3/refresh", 401, json={"refresh_token": "x"}))["errcode"] == "M_UNKNOWN_TOKEN"
    _, tokens = await let_in(ann)
    theirs = {"refresh_token": tokens["refresh_token"]}
    assert (await ann.ask("POST", "/v3/refresh", 401, json=theirs))["errcode"] == "M_UNKNOWN_TOKEN"


async def test_a_program_lets_another_in_by_a_token_that_is_good_once(open_client) -> None:
    ann = await open_client("ann")
    assert "flows" in await ann.ask("POST", "/v1/login/get_token", 401, json={})
    found = await ann.ask("POST", "/v1/login/get_token", json={"auth": proof()})
    assert found["expires_in_ms"] == requests.CODE_MS
    body = {"type": "m.login.token", "token": found["login_token"]}
    assert (await ann.ask("POST", "/v3/login", json=body))["user_id"] == ann.user
    assert (await ann.ask("POST", "/v3/login", 403, json=body))["errcode"] == "M_FORBIDDEN"


async def test_programs_that_nobody_uses_are_forgotten(open_client, context, monkeypatch) -> None:
    ann = await open_client("ann", signed_in=False)
    client_id, _ = await let_in(ann)
    await registered(ann, client_name="Another")
    now = clock.now_ms()
    monkeypatch.setattr(clock, "now_ms", lambda: now + 2 * 86_400_000)
    assert await clients.forget(context.store) == 1
    assert (await clients.find(context.store, client_id)).name == "Chatter"
    assert await requests.forget(context.store) == 1
