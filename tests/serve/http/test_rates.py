"""Too many requests, of one person and from one address."""

import json

import pytest
import websockets

from parvis.kernel import clock
from parvis.kernel.settings import Limits, Settings

AWAY = {"x-forwarded-for": "203.0.113.9"}
NEAR = {"x-forwarded-for": "203.0.113.10"}


def echo(size: int) -> dict:
    return {"using": ["urn:ietf:params:jmap:core"], "methodCalls": [["Core/echo", {"a": "mail " * size}, "c"]]}


@pytest.fixture
def settings(settings) -> Settings:
    settings.limits = Limits(requests_per_minute=6, requests_per_minute_of_address=4)
    return settings


async def test_a_person_in_a_loop_waits_and_others_do_not(open_client, monkeypatch) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    for _ in range(6):
        assert (await ann.post("/jmap/api", json=echo(1))).status_code == 200
    refused = await ann.post("/jmap/api", json=echo(1))
    assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
    assert refused.json()["code"] == "rateLimited" and refused.json()["status"] == 429
    wait = int(refused.headers["retry-after"])
    assert refused.json()["retryAfter"] == wait and 1 <= wait <= 10
    assert (await ann.get("/auth/session")).headers["content-type"] == "application/json"
    assert (await bob.post("/jmap/api", json=echo(1))).status_code == 200
    later = clock.monotonic() + wait
    monkeypatch.setattr(clock, "monotonic", lambda: later)
    assert (await ann.post("/jmap/api", json=echo(1))).status_code == 200


async def test_an_address_in_a_loop_waits_before_anything_is_looked_up(open_client) -> None:
    ann = await open_client("ann", signed_in=False)
    wrong = AWAY | {"authorization": "Bearer nonsense"}
    assert [(await ann.get("/jmap/session", headers=wrong)).status_code for _ in range(6)] == [401] * 4 + [429] * 2
    refused = await ann.post("/auth/sign-in", json={"username": "x@y.example", "password": "z"}, headers=AWAY)
    assert refused.status_code == 429 and refused.json()["code"] == "rateLimited"
    assert (await ann.get("/jmap/session", headers=wrong | NEAR)).status_code == 401
    assert (await ann.get("/", headers=AWAY)).status_code == 200
    for _ in range(6):
        assert (await ann.get("/healthz")).status_code == 200


async def test_what_is_asked_over_a_websocket_counts_too(open_client, doors) -> None:
    ann = await open_client("ann")
    cookie = {"cookie": f"parvis_session={ann.cookies['parvis_session']}"}
    url = doors.context.public_url.replace("http", "ws") + "/jmap/ws"
    async with websockets.connect(url, additional_headers=cookie, subprotocols=["jmap"], proxy=None) as socket:
        kinds = []
        for _ in range(7):
            await socket.send(json.dumps({"@type": "Request", **echo(1)}))
            kinds.append(json.loads(await socket.recv()))
    assert [each["@type"] for each in kinds] == ["Response"] * 5 + ["RequestError"] * 2
    assert kinds[-1]["status"] == 429 and kinds[-1]["limit"] == "requestsPerMinute"
