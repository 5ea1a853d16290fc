"""Push by EventSource, WebSocket and POST, against the real server. RFC 8620 §7, RFC 8887"""

import asyncio
import base64
import json
import os

import httpx
import pytest
import websockets
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from parvis.access import gate, sessions, signin
from parvis.access.principal import Right
from parvis.kernel import clock
from parvis.serve.http.exchange import Request
from parvis.serve.http.rates import Rates
from parvis.serve.jmap.push import delivery, encryption, websocket

USING = ["urn:ietf:params:jmap:core", "urn:example:todo"]


async def call(client, name, **arguments):
    answer = await client.post("/jmap/api", json={"using": USING, "methodCalls": [[name, arguments, "c"]]})
    return answer.json()["methodResponses"][0][1]


async def add(client, title="x") -> str:
    done = await call(client, "Todo/set", accountId=client.account, create={"a": {"title": title}})
    return done["newState"]


PASSWORD = "a long enough pass phrase"


class Events:
    """A reader of one event stream."""

    def __init__(self, client, **query) -> None:
        self._client, self._headers = client, query.pop("headers", {})
        if "auth" in query:
            self._headers = {"authorization": httpx.BasicAuth(*query.pop("auth"))._auth_header}
        self._query = {"types": "*", "closeafter": "no", "ping": "0"} | query

    async def __aenter__(self):
        self._context = self._client.stream("GET", "/jmap/events", params=self._query, headers=self._headers)
        answer = await self._context.__aenter__()
        assert answer.headers["content-type"] == "text/event-stream", answer
        self._lines = answer.aiter_lines()
        assert await self._event() == {}
        return self

    async def _event(self) -> dict:
        found = {}
        async for line in self._lines:
            if not line:
                return found
            name, _, value = line.partition(":")
            if name:
                found[name] = value.strip()
        raise EOFError

    async def next(self) -> dict:
        found = await asyncio.wait_for(self._event(), 10)
        return found | {"data": json.loads(found["data"])}

    async def __aexit__(self, *error) -> None:
        await self._context.__aexit__(*error)


async def test_a_change_is_told(open_client, doors) -> None:
    ann = await open_client("ann")
    async with Events(ann) as events:
        state = await add(ann)
        told = await events.next()
        assert told["event"] == "state"
        assert told["data"] == {"@type": "StateChange", "changed": {ann.account: {"Todo": state}}}
        last = told["id"]
    while len(doors.hub):
        await asyncio.sleep(0.01)
    missed = await add(ann)
    async with Events(ann, headers={"last-event-id": last}) as events:
        assert (await events.next())["data"]["changed"][ann.account]["Todo"] == missed


async def test_a_stream_says_that_it_is_open_once_it_misses_nothing(open_client, doors, monkeypatch) -> None:
    ann, states, looked = await open_client("ann"), doors.hub.states, asyncio.Event()

    async def late(*given):
        await looked.wait()
        return await states(*given)

    monkeypatch.setattr(doors.hub, "states", late)
    opening = asyncio.ensure_future(Events(ann).__aenter__())
    await add(ann)
    assert not opening.done()
    looked.set()
    events, state = await opening, await add(ann)
    assert (await events.next())["data"]["changed"][ann.account]["Todo"] == state
    await events.__aexit__(None, None, None)


async def test_who_knows_nothing_yet_is_told_all_states(open_client) -> None:
    ann = await open_client("ann")
    state = await add(ann)
    async with Events(ann, pushstate="0", types="Todo,Other") as events:
        assert (await events.next())["data"]["changed"] == {ann.account: {"Todo": state}}
        state = await add(ann)
        assert (await events.next())["data"]["changed"] == {ann.account: {"Todo": state}}


async def test_nobody_between_takes_a_silent_stream_for_dead(open_client, doors, monkeypatch) -> None:
    from parvis.serve.http import events as sse

    monkeypatch.setattr(sse, "KEEP_ALIVE_SECONDS", 0.02)
    ann = await open_client("ann")
    async with ann.stream("GET", "/jmap/events") as answer:
        assert answer.headers["x-accel-buffering"] == "no"
        lines = answer.aiter_lines()
        assert [await anext(lines) for _ in range(4)] == [": open", "", ": ", ""]
    while len(doors.hub):
        await asyncio.sleep(0.01)


async def test_types_closeafter_and_ping(open_client, monkeypatch) -> None:
    from parvis.serve.jmap.push import event_source

    monkeypatch.setattr(event_source, "_SHORTEST_PING", 1)
    ann = await open_client("ann")
    async with Events(ann, types="Other,Thing", ping="1") as events:
        await add(ann)
        told = await events.next()
        assert told == {"event": "ping", "data": {"interval": 1}}
    async with Events(ann, types="Todo", closeafter="state") as events:
        await add(ann)
        assert (await events.next())["event"] == "state"
        with pytest.raises(EOFError):
            await asyncio.wait_for(events._event(), 10)
    for bad in ({"closeafter": "never"}, {"ping": "x"}):
        assert (await ann.get("/jmap/events", params=bad)).status_code == 400


async def test_only_what_is_visible_when_it_is_sent(open_client, store) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    scope = (await gate.require(store.db, ann.person, ann.person.id, "todo")).scope.id
    grant = await store.write(lambda unit: gate.give(unit, ann.person, scope, bob.person.id, Right.READ))
    async with Events(bob) as events:
        await add(ann)
        assert set((await events.next())["data"]["changed"]) == {ann.account}
        await store.write(lambda unit: gate.withdraw(unit, ann.person, grant))
        await add(ann)
        await add(bob)
        assert set((await events.next())["data"]["changed"]) == {bob.account}


async def test_a_stream_ends_with_its_session(open_client, store) -> None:
    ann = await open_client("ann")
    found = await sessions.of(store, ann.person)
    async with Events(ann) as events:
        await sessions.end(store, ann.person, found[0].id)
        with pytest.raises(EOFError):
            await asyncio.wait_for(events._event(), 10)


async def test_a_stream_by_password_ends_when_the_password_changes(open_client, store) -> None:
    ann = await open_client("ann", signed_in=False)
    async with Events(ann, auth=(ann.person.address, PASSWORD)) as events:
        await signin.change_password(store, ann.person, PASSWORD, PASSWORD + " 2", remote="127.0.0.1")
        with pytest.raises(EOFError):
            await asyncio.wait_for(events._event(), 10)


async def test_a_stream_ends_when_its_session_expires(open_client, doors, store) -> None:
    ann = await open_client("ann")
    async with Events(ann) as events:
        with clock.frozen(clock.now_ms() + sessions.SESSION_MS + 1000):
            for stream in doors.hub._streams:
                stream.wake.set()
            with pytest.raises(EOFError):
                await asyncio.wait_for(events._event(), 10)


def connect(client, doors, **extra):
    cookie = {"cookie": f"parvis_session={client.cookies['parvis_session']}"}
    url = doors.context.public_url.replace("http", "ws") + "/jmap/ws"
    return websockets.connect(url, additional_headers=cookie | extra, subprotocols=["jmap"], proxy=None)


async def test_requests_over_a_websocket(open_client, doors) -> None:
    ann = await open_client("ann")
    async with connect(ann, doors) as socket:
        assert socket.subprotocol == "jmap"

        async def ask(message):
            await socket.send(message if isinstance(message, str) else json.dumps(message))
            return json.loads(await asyncio.wait_for(socket.recv(), 10))

        request = {"@type": "Request", "id": "R1", "using": USING, "methodCalls": [["Core/echo", {"a": 1}, "c"]]}
        answer = await ask(request)
        assert (answer["@type"], answer["requestId"]) == ("Response", "R1")
        assert answer["methodResponses"] == [["Core/echo", {"a": 1}, "c"]]
        assert answer["sessionState"]
        wrong = await ask({"@type": "Request", "id": "R2", "using": ["no"], "methodCalls": []})
        assert (wrong["@type"], wrong["requestId"]) == ("RequestError", "R2")
        assert wrong["type"].endswith("unknownCapability")
        assert (await ask("{"))["type"].endswith("notJSON")
        assert (await ask("[]"))["type"].endswith("notRequest")
        assert (await ask({"@type": "Nonsense", "id": 5}))["requestId"] is None
        assert (await ask({"@type": "Request", "id": "R3"}))["type"].endswith("notRequest")


async def test_push_over_a_websocket(open_client, doors, store) -> None:
    ann = await open_client("ann")
    async with connect(ann, doors) as socket:
        await socket.send(json.dumps({"@type": "WebSocketPushEnable", "dataTypes": ["Todo"]}))
        while len(doors.hub) < 2:
            await asyncio.sleep(0.01)
        state = await add(ann)
        told = json.loads(await asyncio.wait_for(socket.recv(), 10))
        push_state = told.pop("pushState")
        assert told == {"@type": "StateChange", "changed": {ann.account: {"Todo": state}}}
        await socket.send(json.dumps({"@type": "WebSocketPushDisable"}))
        while len(doors.hub) > 1:
            await asyncio.sleep(0.01)
        missed = await add(ann)
        await socket.send(json.dumps({"@type": "WebSocketPushEnable", "dataTypes": None, "pushState": push_state}))
        told = json.loads(await asyncio.wait_for(socket.recv(), 10))
        assert told["changed"][ann.account]["Todo"] == missed
        found = await sessions.of(store, ann.person)
        await sessions.end(store, ann.person, found[0].id)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await asyncio.wait_for(socket.recv(), 10)
        assert closed.value.rcvd.code == 1008
    while len(doors.hub):
        await asyncio.sleep(0.01)


async def test_stopping_ends_streams_and_sockets(open_client, doors) -> None:
    ann = await open_client("ann")
    async with Events(ann) as events, connect(ann, doors) as socket:
        while len(doors.hub) < 2:
            await asyncio.sleep(0.01)
        await asyncio.wait_for(doors.stop(), 8)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd.code == 1001
        with pytest.raises(EOFError):
            await events._event()


async def test_who_may_open_a_websocket(open_client, doors) -> None:
    ann = await open_client("ann")
    url = doors.context.public_url.replace("http", "ws") + "/jmap/ws"

    async def status(**extra) -> int:
        with pytest.raises(websockets.InvalidStatus) as refused:
            await websockets.connect(url, proxy=None, **extra)
        return refused.value.response.status_code

    cookie = {"cookie": f"parvis_session={ann.cookies['parvis_session']}"}
    assert await status(subprotocols=["jmap"]) == 401
    assert await status(additional_headers=cookie) == 400
    basic = {"authorization": "Basic " + base64.b64encode(f"{ann.person.address}:{PASSWORD}".encode()).decode()}
    for sent_by_itself in (cookie, basic):
        asked = await status(
            subprotocols=["jmap"], additional_headers=sent_by_itself, origin="https://evil.example"
        )
        assert asked == 403
    async with connect(ann, doors) as socket:
        await socket.send(b"binary")
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await asyncio.wait_for(socket.recv(), 10)
        assert closed.value.rcvd.code == 1003


class PushService:
    """A push service on loopback: keeps what is posted."""

    async def __aenter__(self):
        self.got: asyncio.Queue = asyncio.Queue()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/push"
        self.status = 201
        return self

    async def _serve(self, reader, writer) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = (line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        headers = {name.lower(): value for name, value in lines}
        body = await reader.readexactly(int(headers["content-length"]))
        writer.write(f"HTTP/1.1 {self.status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        await self.got.put((headers, body))

    async def next(self):
        return await asyncio.wait_for(self.got.get(), 10)

    async def __aexit__(self, *error) -> None:
        self._server.close()
        await self._server.wait_closed()


@pytest.fixture
async def following(doors, store, monkeypatch):
    """The outbox followed, as app.py does it."""
    monkeypatch.setattr(delivery, "_PAUSE_SECONDS", 0.01)
    follow = next(feature.followers["push"] for feature in doors.engine.features if feature.name == "serve")
    task = asyncio.create_task(store.outbox.follow("push", follow))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def allow(doors) -> None:
    doors.context.settings.egress_allow.append("127.0.0.1")


async def session_key(client) -> str:
    session = (await client.get("/.well-known/jmap", follow_redirects=True)).json()
    return session["capabilities"]["urn:ietf:params:jmap:webpush-vapid"]["applicationServerKey"]


def proved(authorization: str, key: str, url: str) -> None:
    """As a push service reads it. RFC 8292"""
    read = encryption.unpadded
    scheme, _, given = authorization.partition(" ")
    fields = dict(each.strip().split("=", 1) for each in given.split(","))
    assert (scheme, fields["k"]) == ("vapid", key)
    signed, _, signature = fields["t"].rpartition(".")
    header, claims = (json.loads(read(each)) for each in signed.split("."))
    assert header == {"typ": "JWT", "alg": "ES256"}
    assert claims["aud"] == url.removesuffix("/push")
    assert 0 < claims["exp"] - clock.now_ms() // 1000 <= 86_400
    assert claims["sub"].startswith(("mailto:", "https:"))
    both = read(signature)
    r, s = int.from_bytes(both[:32]), int.from_bytes(both[32:])
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), read(key))
    public.verify(encode_dss_signature(r, s), signed.encode(), ec.ECDSA(SHA256()))


async def test_a_subscription_is_verified_then_told(open_client, doors, following, store) -> None:
    allow(doors)
    ann = await open_client("ann")
    async with PushService() as service:
        given = {"deviceClientId": "d", "url": service.url, "types": ["Todo"], "expires": "2099-01-01T00:00:00Z"}
        made = (await call(ann, "PushSubscription/set", create={"k": given}))["created"]["k"]
        assert made["expires"] < "2099"
        headers, body = await service.next()
        verification = json.loads(body)
        assert headers["ttl"]
        proved(headers["authorization"], await session_key(ann), service.url)
        assert verification["@type"] == "PushVerification"
        assert verification["pushSubscriptionId"] == made["id"]
        await add(ann)
        wrong = await call(ann, "PushSubscription/set", update={made["id"]: {"verificationCode": "guess"}})
        assert wrong["notUpdated"][made["id"]]["properties"] == ["verificationCode"]
        code = verification["verificationCode"]
        right = await call(ann, "PushSubscription/set", update={made["id"]: {"verificationCode": code}})
        assert made["id"] in right["updated"]
        state = await add(ann)
        while True:
            told = json.loads((await service.next())[1])
            assert told["@type"] == "StateChange"
            if told["changed"][ann.account]["Todo"] == state:
                break
        listed = (await call(ann, "PushSubscription/get", ids=None))["list"]
        assert listed[0]["types"] == ["Todo"]
        assert not {"url", "keys"} & set(listed[0])
        assert (await call(ann, "PushSubscription/get", properties=["url"]))["type"] == "forbidden"
        service.status = 410
        await add(ann)
        await service.next()
        while (await call(ann, "PushSubscription/get"))["list"]:
            await asyncio.sleep(0.01)


async def test_a_subscription_belongs_to_its_sign_in(open_client, doors) -> None:
    allow(doors)
    ann = await open_client("ann")
    async with (
        PushService() as service,
        httpx.AsyncClient(base_url=ann.base_url, headers={"x-parvis": "1"}, trust_env=False) as other,
    ):
        given = {"username": ann.person.address, "password": "a long enough pass phrase"}
        await other.post("/auth/sign-in", json=given)
        made = await call(ann, "PushSubscription/set", create={"k": {"deviceClientId": "d", "url": service.url}})
        number = made["created"]["k"]["id"]
        assert (await call(other, "PushSubscription/get"))["list"] == []
        refused = await call(other, "PushSubscription/set", destroy=[number])
        assert refused["notDestroyed"][number]["type"] == "notFound"
        assert (await call(ann, "PushSubscription/set", destroy=[number]))["destroyed"] == [number]


async def test_what_is_gone_is_erased(open_client, doors, following, store) -> None:
    from parvis.access import accounts

    allow(doors)
    ann, bob = await open_client("ann"), await open_client("bob")

    async def left() -> int:
        return await store.db.value("SELECT COUNT(*) FROM push_subscription")

    async with PushService() as service:
        for client in (ann, bob):
            await call(client, "PushSubscription/set", create={"k": {"deviceClientId": "d", "url": service.url}})
        assert await left() == 2
        await sessions.end(store, ann.person, (await sessions.of(store, ann.person))[0].id)
        while await left() > 1:
            await asyncio.sleep(0.01)
        await accounts.disable(store, bob.person.id)
        while await left():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://push.example.org/x", "invalidProperties"),
        ("https://127.0.0.1/x", "forbidden"),
        ("https://localhost/x", "forbidden"),
        ("https://[::1]/x", "forbidden"),
        ("https://elsewhere.example.org/x", "forbidden"),
        ("nonsense", "invalidProperties"),
    ],
)
async def test_where_push_may_not_go(open_client, url, kind) -> None:
    ann = await open_client("ann")
    done = await call(ann, "PushSubscription/set", create={"k": {"deviceClientId": "d", "url": url}})
    assert done["notCreated"]["k"]["type"] == kind


def test_only_the_owner_of_the_keys_can_read_it() -> None:
    import base64

    mine, secret = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
    point = mine.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    told = [base64.urlsafe_b64encode(each).decode().rstrip("=") for each in (point, secret)]
    body = encryption.encrypted(b"hello", *told)
    salt, length = body[:16], body[20]
    theirs, sealed = body[21 : 21 + length], body[21 + length :]
    shared = mine.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))

    def derived(material, salt, info, size):
        return HKDF(SHA256(), size, salt, info).derive(material)

    material = derived(shared, secret, b"WebPush: info\0" + point + theirs, 32)
    key = derived(material, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = derived(material, salt, b"Content-Encoding: nonce\0", 12)
    assert AESGCM(key).decrypt(nonce, sealed, None) == b"hello\x02"


async def test_nothing_of_a_stream_stays_when_its_client_left_at_once(doors, open_client, monkeypatch) -> None:
    ann = await open_client("ann")
    rates = Rates(doors.context.settings.limits)
    request = Request("GET", "/jmap/ws", {}, {}, receive=None, principal=ann.person)
    connection = websocket._Connection(doors.context, doors._api, doors.hub, rates, request, send=None)
    for _ in range(3):
        await connection._enable({"@type": "WebSocketPushEnable"})
        connection._disable()  # before the task's first step
    await asyncio.sleep(0)
    assert len(doors.hub) == 0
    monkeypatch.setattr(doors.hub, "states", lambda *_: asyncio.Event().wait())
    opening = asyncio.create_task(doors.hub.open(ann.person, None))
    await asyncio.sleep(0)
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)
    assert len(doors.hub) == 0


async def test_who_asks_and_does_not_listen_is_not_waited_for(doors, open_client) -> None:
    ann = await open_client("ann")
    rates, waiting, said = Rates(doors.context.settings.limits), asyncio.Event(), []

    async def send(message) -> None:
        if "Response" in message["text"]:
            await waiting.wait()  # the client does not read
        said.append(json.loads(message["text"]))

    request = Request("GET", "/jmap/ws", {}, {}, receive=None, principal=ann.person)
    connection = websocket._Connection(doors.context, doors._api, doors.hub, rates, request, send)
    asked = {"@type": "Request", "using": USING, "methodCalls": [["Core/echo", {}, "c"]]}
    for _ in range(40):
        await connection._take(json.dumps(asked).encode())
        for _ in range(20):
            await asyncio.sleep(0)
    assert len(connection._tasks) == doors.context.settings.limits.concurrent_requests
    assert {one["limit"] for one in said} == {"maxConcurrentRequests"}
    waiting.set()
    await asyncio.gather(*connection._tasks)


async def test_nobody_opens_sockets_without_end(doors, open_client, monkeypatch) -> None:
    ann = await open_client("ann")
    for handler in doors.door._sockets.values():
        handler._open._limit = 1
    async with connect(ann, doors):
        with pytest.raises(websockets.InvalidStatus):
            await connect(ann, doors)
    while len(doors.hub):
        await asyncio.sleep(0.01)
    async with connect(ann, doors):
        pass


async def test_a_long_answer_of_a_push_service_is_not_read(open_client, doors, monkeypatch) -> None:
    allow(doors)
    ann = await open_client("ann")
    sent: asyncio.Queue = asyncio.Queue()

    async def endless(reader, writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 201 x\r\ntransfer-encoding: chunked\r\n\r\n")
        count = 0
        try:
            while count < 64:
                writer.write(b"100000\r\n" + b"x" * 0x100000 + b"\r\n")
                await writer.drain()
                count += 1
        except ConnectionError:
            pass
        writer.close()
        await sent.put(count)

    async with await asyncio.start_server(endless, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/push"
        await call(ann, "PushSubscription/set", create={"k": {"deviceClientId": "d", "url": url}})
        assert await asyncio.wait_for(sent.get(), 20) < 64


async def test_subscriptions_are_not_made_in_a_row_without_end(open_client, doors) -> None:
    allow(doors)
    ann = await open_client("ann")
    async with PushService() as service:
        refused = {}
        for turn in range(4):
            given = {f"{turn}-{n}": {"deviceClientId": "d", "url": service.url} for n in range(20)}
            made = await call(ann, "PushSubscription/set", create=given)
            refused |= made["notCreated"] or {}
            gone = [each["id"] for each in (made["created"] or {}).values()]
            await call(ann, "PushSubscription/set", destroy=gone)
    assert {error["type"] for error in refused.values()} == {"rateLimit"}
