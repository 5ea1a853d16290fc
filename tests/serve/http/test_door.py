"""The HTTP door: sign-in, who is asked, static files, errors."""

import asyncio
import base64
import contextlib

from parvis.access import app_passwords, signin
from parvis.serve.http.exchange import Request, Response
from parvis.serve.http.static import Static

CALL = {"using": ["urn:ietf:params:jmap:core"], "methodCalls": [["Core/echo", {"a": 1}, "c"]]}
PASSWORD = "a long enough pass phrase"


def basic(client, password=PASSWORD) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{client.person.address}:{password}".encode()).decode()}


async def test_sign_in_session_and_sign_out(open_client) -> None:
    ann = await open_client("ann")
    got = await ann.get("/auth/session")
    assert got.json()["principal"]["address"] == "ann@example.org"
    assert got.json()["principal"]["id"] == ann.account
    listed = (await ann.get("/auth/sessions")).json()["sessions"]
    assert [each["name"] for each in listed] == ["test"]
    assert listed[0]["current"]
    token = ann.cookies["parvis_session"]
    assert (await ann.post("/auth/sign-out")).status_code == 200
    assert "parvis_session" not in ann.cookies
    ann.cookies.set("parvis_session", token)
    refused = await ann.get("/auth/session")
    assert refused.status_code == 401
    assert refused.json()["code"] == "unauthenticated"
    assert "www-authenticate" not in refused.headers


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(open_client) -> None:
    ann = await open_client("ann", signed_in=False)
    answer = await ann.post("/auth/sign-in", json={"username": ann.person.address, "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie
    for path in ("/jmap/api", "/auth/sign-in", f"/jmap/upload/{ann.account}/"):
        refused = await ann.post(path, json=CALL, headers={"x-parvis": ""})
        assert refused.status_code == 403, path


async def test_a_wrong_password_and_too_many(open_client) -> None:
    ann = await open_client("ann", signed_in=False)
    given = {"username": ann.person.address, "password": "no"}
    for _ in range(5):
        refused = await ann.post("/auth/sign-in", json=given)
        assert refused.status_code == 401
    refused = await ann.post("/auth/sign-in", json=given)
    assert refused.status_code == 429
    assert refused.json()["retryAfter"] >= 1
    assert refused.headers["retry-after"]
    assert (await ann.post("/auth/sign-in", content=b"{")).status_code == 400


async def test_basic_and_bearer_and_app_passwords(open_client, store) -> None:
    ann = await open_client("ann", signed_in=False)
    ann.headers.pop("x-parvis")
    asked = await ann.get("/jmap/session")
    assert asked.status_code == 401
    assert asked.headers["www-authenticate"].startswith("Basic")
    page = await ann.get("/jmap/session", headers={"sec-fetch-site": "same-origin"})
    assert page.status_code == 401
    assert "www-authenticate" not in page.headers, "a browser would ask for a password over our page"
    assert (await ann.post("/jmap/api", json=CALL, headers=basic(ann))).json()["methodResponses"][0][1] == {"a": 1}
    assert (await ann.get("/jmap/session", headers=basic(ann, "wrong"))).status_code == 401
    secret, session = await app_passwords.create(store, ann.person, "phone", ["jmap"])
    app = basic(ann, secret)
    assert (await ann.get("/jmap/session", headers=app)).status_code == 200
    assert (await ann.get("/auth/sessions", headers=app)).status_code == 403
    await app_passwords.remove(store, ann.person, session.id)
    assert (await ann.get("/jmap/session", headers=app)).status_code == 401
    smtp, _ = await app_passwords.create(store, ann.person, "printer", ["smtp"])
    assert (await ann.get("/jmap/session", headers=basic(ann, smtp))).status_code == 401
    for bad in ("Basic !!!", "Basic " + base64.b64encode(b"nocolon").decode(), "Bearer nonsense"):
        assert (await ann.get("/jmap/session", headers={"authorization": bad})).status_code == 401


async def test_a_password_is_remembered_for_a_moment_and_forgotten_when_it_changes(
    open_client, store, monkeypatch
) -> None:
    ann = await open_client("ann", signed_in=False)
    asked, plain = [], signin.authenticate

    async def counted(*args, **named):
        asked.append(args)
        return await plain(*args, **named)

    monkeypatch.setattr(signin, "authenticate", counted)
    for _ in range(3):
        assert (await ann.get("/jmap/session", headers=basic(ann))).status_code == 200
    assert len(asked) == 1
    await signin.change_password(store, ann.person, PASSWORD, PASSWORD + " 2", remote="127.0.0.1")
    assert (await ann.get("/jmap/session", headers=basic(ann))).status_code == 401
    assert (await ann.get("/jmap/session", headers=basic(ann, PASSWORD + " 2"))).status_code == 200


async def test_another_site_signs_nobody_out(open_client) -> None:
    ann = await open_client("ann")
    assert (await ann.post("/auth/sign-out", headers={"x-parvis": ""})).status_code == 403
    assert (await ann.get("/auth/session")).status_code == 200


async def test_app_passwords_by_http(open_client) -> None:
    ann = await open_client("ann")
    made = await ann.post("/auth/app-passwords", json={"name": "phone", "protocols": ["jmap"]})
    assert made.status_code == 201
    listed = (await ann.get("/auth/app-passwords")).json()["appPasswords"]
    assert [(each["name"], each["protocols"]) for each in listed] == [("phone", ["jmap"])]
    assert made.json()["password"] not in str(listed)
    number = made.json()["appPassword"]["id"]
    assert (await ann.delete(f"/auth/app-passwords/{number}")).status_code == 200
    assert (await ann.delete(f"/auth/app-passwords/{number}")).status_code == 404
    assert (await ann.post("/auth/app-passwords", json={"name": "x", "protocols": ["no"]})).status_code == 400


async def test_static_files(open_client) -> None:
    ann = await open_client("ann", signed_in=False)
    page = await ann.get("/mail/inbox", headers={"accept": "text/html"})
    assert "<title>Parvis" in page.text
    assert "script-src 'self' 'wasm-unsafe-eval';" in page.headers["content-security-policy"]
    assert "camera=(self)" in page.headers["permissions-policy"]
    assert page.headers["cache-control"] == "no-cache"
    assert (await ann.get("/", headers={"if-none-match": page.headers["etag"]})).status_code == 304
    script = await ann.get("/assets/a-123.js", headers={"accept-encoding": "gzip"})
    assert script.text == "let a"
    assert "immutable" in script.headers["cache-control"]
    async with ann.stream("GET", "/assets/a-123.js", headers={"accept-encoding": "br"}) as raw:
        assert raw.headers["content-encoding"] == "br"
    for path in (
        "/assets/none.js",
        "/../settings",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/assets/a-123.js.br",
        "/jmap/none",
    ):
        missing = await ann.get(path, headers={"accept": "text/html"})
        assert missing.status_code == 404 or "<title>Parvis" in missing.text
        assert "root:" not in missing.text


async def test_errors_have_one_form(open_client) -> None:
    ann = await open_client("ann")
    wrong = await ann.get("/auth/password")
    assert wrong.status_code == 405
    assert wrong.headers["allow"] == "POST"
    missing = await ann.get("/jmap/none")
    assert missing.headers["content-type"] == "application/problem+json"
    assert missing.json()["status"] == 404
    assert missing.headers["x-content-type-options"] == "nosniff"
    assert missing.headers["x-request-id"]
    assert (await ann.get("/healthz")).json()["status"] == "ok"
    metrics = await ann.get("/metrics")
    assert 'parvis_http_requests_total{method="GET",status="404"} 1' in metrics.text


def test_the_files_that_are_there_stay_reachable_whatever_else_is_asked_for(tmp_path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "a.js").write_text("let a")
    static = Static(tmp_path)

    def asked(path: str) -> Response | None:
        return static.answer(Request("GET", path, {}, {}, receive=None))

    for number in range(5_001):
        assert asked(f"/nothing-{number}") is None
    assert asked("/assets/a.js").body == b"let a"
    for odd in ("/\0", "/" + "x" * 5_000, "/assets/../assets/a.js", "/./assets/a.js", "/assets//a.js", "/assets"):
        assert asked(odd) is None


async def raw(doors, data: bytes) -> bytes:
    """What the server says to these bytes until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", doors.context.settings.ports.http)
    writer.write(data)
    try:
        async with asyncio.timeout(20):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_a_header_has_an_end_in_size_and_time(doors, monkeypatch) -> None:
    begun = b"GET /healthz HTTP/1.1\r\nhost: x\r\n"
    for endless in (b"x: " + b"a" * 1_000_000, b"x: 1\r\n" * 200_000):
        assert not (await raw(doors, begun + endless)).startswith(b"HTTP/1.1 200")
    trailers = (
        b"POST /auth/sign-in HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n" + b"x: 1\r\n" * 200_000
    )
    assert b" 200 " not in await raw(doors, trailers)
    monkeypatch.setattr("parvis.serve.http.server._HEAD_SECONDS", 0.2)
    assert await raw(doors, b"") == b""
    assert await raw(doors, begun) == b""
    kept = await raw(doors, begun + b"\r\n" + begun)
    assert kept.startswith(b"HTTP/1.1 200") and kept.count(b"HTTP/1.1") == 1


async def test_a_large_body_in_small_pieces_is_no_header(open_client) -> None:
    ann = await open_client("ann")

    async def pieces():
        for _ in range(3_000):
            yield b"y" * 100

    made = await ann.post(f"/jmap/upload/{ann.account}/", content=pieces())
    assert made.json()["size"] == 300_000


async def test_a_body_that_does_not_come_is_not_waited_for(doors, monkeypatch) -> None:
    monkeypatch.setattr("parvis.serve.http.exchange._SILENT_SECONDS", 0.2)
    head = (
        b"POST /auth/sign-in HTTP/1.1\r\nhost: x\r\nx-parvis: 1\r\nconnection: close\r\ncontent-length: 9\r\n\r\n{"
    )
    assert (await raw(doors, head)).startswith(b"HTTP/1.1 503")
