"""The door of Matrix clients: what is known, what is not, and how errors are told."""

from parvis.access import app_passwords, sessions
from parvis.kernel.settings import Limits
from parvis.serve.http.rates import Rates
from parvis.store.sql.contract import counting


async def test_versions_and_where_the_server_is(open_client, context) -> None:
    ann = await open_client("ann", signed_in=False)
    versions = await ann.ask("GET", "/versions")
    assert "v1.11" in versions["versions"] and "v1.19" in versions["versions"]
    known = await ann.get("/.well-known/matrix/client")
    assert known.json() == {"m.homeserver": {"base_url": context.public_url}}
    assert known.headers["access-control-allow-origin"] == "*"


async def test_whom_to_write_to_about_the_server(open_client, context) -> None:
    ann = await open_client("ann", signed_in=False)
    assert (await ann.get("/.well-known/matrix/support")).status_code == 404
    context.settings.chat.support_email = "chat@example.org"
    told = {"contacts": [{"role": "m.role.admin", "email_address": "chat@example.org"}]}
    assert (await ann.get("/.well-known/matrix/support")).json() == told
    context.settings.chat.support_page = "https://example.org/chat"
    found = await ann.get("/.well-known/matrix/support")
    assert found.json() == told | {"support_page": "https://example.org/chat"}
    assert found.headers["access-control-allow-origin"] == "*"


async def test_capabilities_are_for_who_has_signed_in(open_client) -> None:
    ann = await open_client("ann")
    found = (await ann.ask("GET", "/v3/capabilities"))["capabilities"]
    assert found["m.room_versions"] == {"default": "12", "available": dict.fromkeys(("10", "11", "12"), "stable")}
    assert found["m.change_password"] == {"enabled": False}
    stranger = await open_client("ann", signed_in=False)
    assert (await stranger.ask("GET", "/v3/capabilities", 401))["errcode"] == "M_MISSING_TOKEN"
    stranger.headers["authorization"] = "Bearer nothing"
    assert (await stranger.ask("GET", "/v3/capabilities", 401))["errcode"] == "M_UNKNOWN_TOKEN"


async def test_what_is_not_known_is_told_in_matrix_words(open_client) -> None:
    ann = await open_client("ann")
    assert (await ann.ask("GET", "/v3/nothing", 404))["errcode"] == "M_UNRECOGNIZED"
    assert (await ann.ask("DELETE", "/versions", 405))["errcode"] == "M_UNRECOGNIZED"
    for path, allowed in (("versions", "GET"), ("v3/account/whoami", "GET"), ("v3/join/x", "POST")):
        other = await ann.delete(f"/_matrix/client/{path}")
        assert other.status_code == 405 and other.headers["allow"].split(", ")[0] == allowed
    asked = await ann.options("/_matrix/client/v3/capabilities")
    assert asked.status_code == 200 and asked.content == b""
    assert "Authorization" in asked.headers["access-control-allow-headers"]
    assert "DELETE" in asked.headers["access-control-allow-methods"]


async def test_a_token_of_matrix_opens_nothing_else_and_an_app_password_for_mail_not_this(
    open_client, context
) -> None:
    ann = await open_client("ann")
    assert (await ann.get("/jmap/session")).status_code == 403
    secret, _ = await app_passwords.create(context.store, ann.person, "Mail", ["imap"])
    other = await open_client("ann", signed_in=False)
    got = await other.get("/_matrix/client/v3/capabilities", auth=(ann.person.address, secret))
    assert (got.status_code, got.json()["errcode"]) == (401, "M_UNKNOWN_TOKEN")


async def test_a_token_that_ended_is_refused_at_once(open_client, context) -> None:
    ann = await open_client("ann")
    await ann.ask("GET", "/v3/capabilities")
    (session,) = await sessions.of(context.store, ann.person)
    assert session.protocols == {"matrix"}
    await sessions.end(context.store, ann.person, session.id)
    assert (await ann.ask("GET", "/v3/capabilities", 401))["errcode"] == "M_UNKNOWN_TOKEN"


async def test_too_many_requests_are_told_in_milliseconds(open_client, context, doors) -> None:
    ann = await open_client("ann")
    doors.door._rates = Rates(Limits(requests_per_minute=3))
    found = [await ann.get("/_matrix/client/v3/capabilities") for _ in range(4)][-1]
    assert found.status_code == 429, found.text
    assert found.json()["errcode"] == "M_LIMIT_EXCEEDED" and found.json()["retry_after_ms"] > 0
    assert found.headers["access-control-allow-origin"] == "*"


async def test_where_it_is_switched_off_nothing_is_answered(context, settings) -> None:
    from parvis import chat

    settings.chat.enabled = False
    assert not chat.feature(context).routes


async def test_asking_costs_two_statements_at_first(open_client, context) -> None:
    ann = await open_client("ann")
    with counting() as counted:
        await ann.ask("GET", "/v3/capabilities")
    assert len(counted.statements) == 2
