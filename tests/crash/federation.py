"""Servers that share a room, on each of which somebody talks and changes things, while the servers are killed."""

import asyncio
import pathlib
import random
import signal
import sqlite3
import sys
import time
from collections.abc import Sequence

import httpx

from parvis.access import directory, sessions
from parvis.app import App
from parvis.kernel.settings import load
from parvis.ops import people
from tests.certificates import Authority
from tests.crash.server import Server
from tests.servers import await_port, free_port, start, stop
from tests.synapse import Synapse

ROOT = pathlib.Path(__file__).parents[2]
OPEN = {"preset": "public_chat", "power_level_content_override": {"state_default": 0, "events": {}}}
"""A room in which everybody may change everything."""


class Side:
    """One of the servers, and somebody on it who remembers what it said yes to. `inside` are the words before a command
    that runs where `host` is."""

    name: str
    token: str

    def __init__(self, label: str) -> None:
        self.label, self._number = label, 0
        self.said: dict[str, set[str]] = {}
        """Events by the room."""

    async def prepare(self) -> None:
        """Makes the person; the server answers then."""
        raise NotImplementedError

    def start(self) -> None:
        """Begins to answer again; returns when it does."""
        raise NotImplementedError

    def kill(self) -> None:
        """kill -9."""
        raise NotImplementedError

    async def ask(self, method: str, path: str, patience: float = 60, **more) -> httpx.Response:
        """Asks until there is an answer, whoever was killed meanwhile."""
        end, headers = time.monotonic() + patience, {"authorization": f"Bearer {self.token}"}
        while True:
            try:
                async with httpx.AsyncClient(verify=False, trust_env=False, timeout=30) as client:
                    url = f"https://{self.name}/_matrix/client/v3{path}"
                    found = await client.request(method, url, headers=headers, **more)
                if found.status_code < 500:
                    return found
                why = found.text
            except httpx.HTTPError as error:
                why = repr(error)
            assert time.monotonic() < end, (method, path, why)
            await asyncio.sleep(0.1)

    async def create(self) -> str:
        """A room that everybody may join; its id."""
        return (await self.ask("POST", "/createRoom", json=OPEN)).json()["room_id"]

    async def join(self, room: str, other: "Side") -> None:
        """Joins a room of another server."""
        joined = await self.ask(
            "POST", f"/join/{room}", json={}, params={"via": other.name, "server_name": other.name}
        )
        assert joined.status_code == 200, joined.text

    async def say(self, room: str, chance: random.Random) -> None:
        """Says something or, each fifth time, changes something."""
        self._number += 1
        text = f"{self.label} {self._number}"
        if self._number % 5:
            path = f"/rooms/{room}/send/m.room.message/{self._number}"
            found = await self.ask("PUT", path, json={"msgtype": "m.text", "body": text})
        else:
            kind = chance.choice(["m.room.topic/", f"x.y/{chance.randrange(5)}"])
            found = await self.ask("PUT", f"/rooms/{room}/state/{kind}", json={"topic": text})
        assert found.status_code == 200, found.text
        self.said.setdefault(room, set()).add(found.json()["event_id"])

    async def talk(self, room: str, until: asyncio.Event, chance: random.Random) -> None:
        """Says one thing after the other."""
        while not until.is_set():
            await self.say(room, chance)
            await asyncio.sleep(0.02)

    async def state(self, room: str) -> dict[tuple[str, str], str]:
        """Its view of a room."""
        found = (await self.ask("GET", f"/rooms/{room}/state")).json()
        return {(each["type"], each["state_key"]): each["event_id"] for each in found}

    async def held(self, room: str) -> set[str]:
        """The ids of all events of a room that people can read there."""
        raise NotImplementedError


class Elsewhere:
    """`python -m parvis serve` behind the words `inside`, to be killed."""

    def __init__(self, folder: pathlib.Path, inside: Sequence[str], name: str) -> None:
        log, (host, _, port) = folder.parent / "server.log", name.partition(":")
        command = [*inside, sys.executable, "-m", "parvis", "serve", "--data", str(folder)]
        self._process = start(command, log, cwd=ROOT)
        await_port(int(port), self._process, log, 240, host)

    def kill(self) -> None:
        """kill -9, and nothing else."""
        stop(self._process, signal.SIGKILL)


class Ours(Side):
    """A Parvis."""

    def __init__(
        self, folder: pathlib.Path, authority: Authority, host: str = "localhost", inside: Sequence[str] = ()
    ) -> None:
        super().__init__(folder.name)
        port = free_port()
        self.name = f"{host}:{port}"
        self._folder, self._inside = folder, inside
        certificate = authority.file.parent / f"{host}1.pem"
        folder.mkdir(parents=True)
        (folder / "parvis.toml").write_text(
            f"""hostname = "localhost"
host = "{"0.0.0.0" if inside else "127.0.0.1"}"
domains = ["{folder.name}.example"]
public_url = "https://{self.name}"
tls_certificate = "{certificate}"
tls_key = "{certificate}"
[ports]
http = {port}
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
        self._server: Server | Elsewhere | None = None

    async def prepare(self) -> None:
        app = await App.open(load(self._folder))
        address = f"ann@{self._folder.name}.example"
        await people.create(app.context.store, app.features, "person", "Ann", address, password=None)
        ann = await directory.by_address(app.context.store.db, address)
        self.token, _ = await sessions.open(
            app.context.store, ann, "", "", kind="token", protocols=frozenset({"matrix"})
        )
        await app.stop()
        self.start()

    def start(self) -> None:
        self._server = Elsewhere(self._folder, self._inside, self.name) if self._inside else Server(self._folder)

    def kill(self) -> None:
        if self._server is not None:
            self._server.kill()
        self._server = None

    async def held(self, room: str) -> set[str]:
        """Those that came in order, without what was only fetched as somebody read back."""
        db = sqlite3.connect(f"file:{self._folder}/parvis.sqlite?mode=ro", uri=True, timeout=30)
        try:
            return {name for (name,) in db.execute("SELECT event_id FROM chat_event WHERE stream > 0")}
        finally:
            db.close()


class Theirs(Side):
    """A Synapse."""

    def __init__(
        self, folder: pathlib.Path, authority: Authority, host: str = "localhost", inside: Sequence[str] = ()
    ) -> None:
        super().__init__("theirs")
        self._server = Synapse(folder, authority, host, inside)
        self.name = self._server.name

    async def prepare(self) -> None:
        self.start()
        client = await self._server.client("sam")
        self.token = client.headers["authorization"].removeprefix("Bearer ")
        await client.aclose()

    def start(self) -> None:
        self._server.start()

    def kill(self) -> None:
        self._server.stop(signal.SIGKILL)

    async def held(self, room: str) -> set[str]:
        """All, read back to the beginning: where more than a hundred events of a room wait to be looked at, as after a
        kill, Synapse forgets all but the newest, to fetch them when somebody reads back."""
        found, query = set[str](), {"dir": "b", "limit": 100}
        while True:
            page = (await self.ask("GET", f"/rooms/{room}/messages", params=query)).json()
            found |= {each["event_id"] for each in page["chunk"]}
            if "end" not in page:
                return found
            query = {**query, "from": page["end"]}


async def meet(one: Side, two: Side, room: str, seconds: float = 90) -> int:
    """Waits until both hold the same, and all that either said yes to; how many events that is."""
    end = time.monotonic() + seconds
    said = one.said.get(room, set()) | two.said.get(room, set())
    while True:
        for side in (one, two):  # a server that was away is spoken to again when it speaks
            path = f"/rooms/{room}/send/m.room.message/{time.monotonic_ns()}"
            await side.ask("PUT", path, json={"msgtype": "m.text", "body": "?"})
        await asyncio.sleep(1)
        states = [await side.state(room) for side in (one, two)]
        lacking = [len(said - await side.held(room)) for side in (one, two)]
        if states[0] == states[1] and lacking == [0, 0]:
            return len(said)
        assert time.monotonic() < end, (lacking, set(states[0].items()) ^ set(states[1].items()))
