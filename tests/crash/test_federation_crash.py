"""kill -9 of two servers that share a room, while people on both talk and change things there: what either said yes
to is in the end on both, and both hold the same."""

import asyncio
import os
import pathlib
import random
import sqlite3
import time

import httpx
import pytest

from parvis.access import directory, sessions
from parvis.app import App
from parvis.kernel.settings import load
from parvis.ops import people
from tests.certificates import Authority
from tests.crash.server import Server
from tests.servers import free_port

KILLS = int(os.environ.get("PARVIS_CRASH_KILLS", "150")) // 10


class Side:
    """One of the servers, and somebody on it."""

    def __init__(self, folder: pathlib.Path, authority: Authority) -> None:
        self.folder, self.port = folder, free_port()
        self.name, self.user = f"localhost:{self.port}", f"@ann:localhost:{self.port}"
        certificate = authority.file.parent / "localhost1.pem"
        folder.mkdir(parents=True)
        (folder / "parvis.toml").write_text(
            f"""hostname = "localhost"
domains = ["{folder.name}.example"]
public_url = "https://{self.name}"
tls_certificate = "{certificate}"
tls_key = "{certificate}"
[ports]
http = {self.port}
smtp = 0
[limits]
requests_per_minute = 0
[chat]
server_name = "{self.name}"
[chat.federation]
enabled = true
private = true
authority = "{authority.file}"
"""
        )
        self.said: dict[str, str] = {}
        self.token = ""
        self.server: Server | None = None

    async def prepare(self) -> None:
        app = await App.open(load(self.folder))
        address = f"ann@{self.folder.name}.example"
        await people.create(app.context.store, app.features, "person", "Ann", address, password=None)
        ann = await directory.by_address(app.context.store.db, address)
        self.token, _ = await sessions.open(
            app.context.store, ann, "", "", kind="token", protocols=frozenset({"matrix"})
        )
        await app.stop()

    def start(self) -> None:
        self.server = Server(self.folder)

    def kill(self) -> None:
        assert self.server
        self.server.kill()
        self.server = None

    async def ask(self, method: str, path: str, patience: float = 60, **more) -> httpx.Response:
        """Asks until there is an answer, whoever was killed meanwhile."""
        end = time.monotonic() + patience
        while True:
            try:
                async with httpx.AsyncClient(verify=False, trust_env=False, timeout=30) as client:
                    url = f"https://{self.name}/_matrix/client{path}"
                    found = await client.request(
                        method, url, headers={"authorization": f"Bearer {self.token}"}, **more
                    )
                if found.status_code < 500:
                    return found
            except httpx.HTTPError:
                pass
            assert time.monotonic() < end, (method, path)
            await asyncio.sleep(0.1)

    async def talk(self, room: str, until: asyncio.Event, chance: random.Random) -> None:
        number = 0
        while not until.is_set():
            number += 1
            text = f"{self.folder.name} {number}"
            if number % 5:
                path = f"/v3/rooms/{room}/send/m.room.message/{number}"
                found = await self.ask("PUT", path, json={"msgtype": "m.text", "body": text})
            else:
                kind = chance.choice(["m.room.topic", "x.y"])
                key = "" if kind == "m.room.topic" else f"/{chance.randrange(5)}"
                found = await self.ask("PUT", f"/v3/rooms/{room}/state/{kind}{key}", json={"topic": text})
            assert found.status_code == 200, found.text
            self.said[found.json()["event_id"]] = text
            await asyncio.sleep(0.02)

    async def state(self, room: str) -> dict[tuple[str, str], str]:
        found = (await self.ask("GET", f"/v3/rooms/{room}/state")).json()
        return {(each["type"], each["state_key"]): each["event_id"] for each in found}

    def held(self) -> set[str]:
        """The ids of all events that are there and were let in."""
        db = sqlite3.connect(f"file:{self.folder}/parvis.sqlite?mode=ro", uri=True)
        try:
            return {name for (name,) in db.execute("SELECT event_id FROM chat_event WHERE stream > 0")}
        finally:
            db.close()


async def endure(tmp_path: pathlib.Path, kills: int, seed: int) -> None:
    authority = Authority(tmp_path / "authority")
    authority.context("localhost")
    sides, chance = [Side(tmp_path / name / name, authority) for name in ("one", "two")], random.Random(seed)
    one, two = sides
    for side in sides:
        await side.prepare()
        side.start()
    try:
        two.user = (await two.ask("GET", "/v3/account/whoami")).json()["user_id"]
        body = {"preset": "public_chat", "power_level_content_override": {"state_default": 0, "events": {}}}
        room = (await one.ask("POST", "/v3/createRoom", json=body)).json()["room_id"]
        joined = await two.ask("POST", f"/v3/join/{room}", json={}, params={"via": one.name})
        assert joined.status_code == 200, joined.text
        for _ in range(kills):
            done = asyncio.Event()
            talking = [asyncio.create_task(side.talk(room, done, random.Random(chance.random()))) for side in sides]
            await asyncio.sleep(chance.uniform(0.3, 2))
            victim = chance.choice(sides)
            victim.kill()
            await asyncio.sleep(chance.uniform(0, 1.5))
            await asyncio.to_thread(victim.start)
            await asyncio.sleep(0.5)
            done.set()
            await asyncio.gather(*talking)
        await meet(one, two, room)
    finally:
        for side in sides:
            if side.server is not None:
                side.kill()
    said = one.said.keys() | two.said.keys()
    assert said <= one.held() and said <= two.held()
    print(f"{kills} kills, {len(said)} events on both")


async def meet(one: Side, two: Side, room: str) -> None:
    """Waits until both hold the same."""
    end, said = time.monotonic() + 90, one.said.keys() | two.said.keys()
    while True:
        for side in (one, two):  # a server that was away is spoken to again when it speaks
            await side.ask("PUT", f"/v3/rooms/{room}/send/m.room.message/{time.monotonic_ns()}", json={"body": "?"})
        await asyncio.sleep(1)
        states = [await side.state(room) for side in (one, two)]
        lacking = [len(said - side.held()) for side in (one, two)]
        if states[0] == states[1] and lacking == [0, 0]:
            return
        assert time.monotonic() < end, (lacking, set(states[0].items()) ^ set(states[1].items()))


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_many_kills(tmp_path) -> None:
    await endure(tmp_path, KILLS, 22)
