"""A real server in a process of its own, and a client that keeps a ledger of what the server acknowledged."""

import asyncio
import contextlib
import multiprocessing
import os
import pathlib
import random
import re
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import httpx

from parvis.__main__ import main
from parvis.access import check as access_check
from parvis.access import directory, sessions
from parvis.app import App
from parvis.kernel import ids
from parvis.kernel.settings import load
from parvis.ops import people
from parvis.store import check
from parvis.store.check import Fault
from parvis.store.sql.contract import Database
from tests.servers import die_with_parent

USING = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"]
PERSON = "ann@example.org"
_PATIENCE = 240
"""Seconds until a server has started, which takes one on a quiet machine."""
_forking = multiprocessing.get_context("forkserver")
"""Servers are forked from a process that has imported the program: that takes longer than all that they do to start."""
_forking.set_forkserver_preload(["parvis.__main__"])


def _serve(folder: pathlib.Path, log: pathlib.Path, out: Connection) -> None:
    """What is printed goes into `out`, what is complained about into `log`."""
    die_with_parent()
    with log.open("ab") as complaints:
        os.dup2(complaints.fileno(), 2)
    os.dup2(out.fileno(), 1)
    sys.stdout, sys.stderr = open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115 - until it is killed
    sys.argv[1:] = ["serve", "--data", str(folder)]
    sys.exit(main())


async def prepare(folder: pathlib.Path, database: str = "") -> tuple[str, str]:
    """Makes a data folder with one person. Returns a bearer token and the account's id."""
    folder.mkdir()
    lines = ['hostname = "mail.example.org"', 'domains = ["example.org"]', f'database = "{database}"']
    unlimited = ["[limits]", "requests_per_minute = 0", ""]
    (folder / "parvis.toml").write_text("\n".join([*lines, "[ports]", "http = 0", "smtp = 0", *unlimited]))
    app = await App.open(load(folder))
    store = app.context.store
    await people.create(
        store, app.features, "person", "Ann", PERSON, language="en", administrator=False, password=None
    )
    ann = await directory.by_address(store.db, PERSON)
    token, _ = await sessions.open(store, ann, "crash test", "127.0.0.1", kind="token")
    await app.stop()
    return token, ids.text(ann.id)


class Server:
    """`parvis serve` in a process of its own, to be killed."""

    def __init__(self, folder: pathlib.Path) -> None:
        log = folder.parent / "server.log"
        self._out, written = _forking.Pipe(duplex=False)
        self.process = _forking.Process(target=_serve, args=(folder, log, written), daemon=True)
        self.process.start()
        written.close()
        printed, end = "", time.monotonic() + _PATIENCE
        while "smtp: " not in printed or not printed.endswith("\n"):
            piece = os.read(self._out.fileno(), 4096).decode() if self._out.poll(1) else ""
            assert self.process.is_alive(), log.read_text()
            assert time.monotonic() < end, f"not started after {_PATIENCE} s\n{log.read_text()}"
            printed += piece
        self.ports = {name: int(port) for name, port in re.findall(r"^  (\w+): (\d+)$", printed, re.MULTILINE)}
        self.url = f"http://127.0.0.1:{self.ports['http']}"

    def kill(self) -> None:
        """kill -9, and nothing else."""
        self.process.kill()
        self.process.join()
        self.process.close()
        self._out.close()


@dataclass
class Mail:
    """One message as the client knows it: asked for, acknowledged, flagged, destroyed."""

    state: str = "asked"
    email_id: str = ""
    asked: set[str] = field(default_factory=set)
    flagged: bool = False


class Client:
    """Sends and writes as fast as the server answers, and remembers every answer."""

    def __init__(self, token: str, account: str, seed: int) -> None:
        self._headers = {"authorization": f"Bearer {token}"}
        self.account, self.chance = account, random.Random(seed)
        self.mails: dict[str, Mail] = {}
        self.answers = 0
        self.state = ""
        self.after_state: set[str] = set()
        """Tokens of messages that were acknowledged after `state` was told."""

    def _token(self) -> str:
        token = f"t{len(self.mails):06d}x{self.chance.randrange(1 << 40):010x}"
        self.mails[token] = Mail()
        return token

    async def work(self, server: Server, seconds: float) -> None:
        """Until the server dies; it is killed after `seconds`."""
        async with httpx.AsyncClient(
            base_url=server.url, headers=self._headers, timeout=30, trust_env=False
        ) as http:
            tasks = [asyncio.create_task(self._smtp(server.ports["smtp"])) for _ in range(2)]
            tasks += [asyncio.create_task(self._jmap(http)) for _ in range(3)]
            await asyncio.sleep(seconds)
            server.kill()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        wrong = [r for r in results if not isinstance(r, httpx.TransportError | OSError | EOFError)]
        assert not wrong, wrong

    async def _smtp(self, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def say(line: str, expected: str) -> None:
            writer.write(line.encode() + b"\r\n" if line else b"")
            while True:
                answer = (await reader.readuntil(b"\r\n")).decode()
                if answer[3:4] != "-":
                    break
            assert answer.startswith(expected), answer

        try:
            await say("", "220")
            await say("EHLO client.example.net", "250")
            while True:
                await say("MAIL FROM:<bob@example.net>", "250")
                await say(f"RCPT TO:<{PERSON}>", "250")
                await say("DATA", "354")
                token = self._token()
                await say(self._message(token) + "\r\n.", "250")
                self._acknowledged(token)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _message(self, token: str) -> str:
        body = "\r\n".join("Ceci est une ligne de texte." for _ in range(self.chance.choice([2, 50, 3000])))
        return f"From: bob@example.net\r\nTo: {PERSON}\r\nSubject: {token}\r\nMessage-ID: <{token}@example.net>\r\n\r\n{body}"

    def _acknowledged(self, token: str, email_id: str = "") -> None:
        self.mails[token].state, self.mails[token].email_id = "there", email_id
        self.after_state.add(token)
        self.answers += 1

    async def call(self, http: httpx.AsyncClient, name: str, **arguments) -> dict:
        """One JMAP method call."""
        call = [name, {"accountId": self.account, **arguments}, "c"]
        answer = await http.post("/jmap/api", json={"using": USING, "methodCalls": [call]})
        assert answer.status_code == 200, answer.text
        [[answered, result, _]] = answer.json()["methodResponses"]
        assert answered == name, result
        return result

    async def _jmap(self, http: httpx.AsyncClient) -> None:
        boxes = (await self.call(http, "Mailbox/get", ids=None))["list"]
        drafts = next(box["id"] for box in boxes if box["role"] == "drafts")
        while True:
            await self.chance.choices([self._draft, self._import, self._flag, self._destroy], weights=[4, 3, 3, 1])[
                0
            ](http, drafts)

    async def _draft(self, http: httpx.AsyncClient, drafts: str) -> None:
        token = self._token()
        draft = {
            "mailboxIds": {drafts: True},
            "subject": token,
            "from": [{"email": PERSON}],
            "bodyStructure": {"partId": "1", "type": "text/plain"},
            "bodyValues": {"1": {"value": "x" * self.chance.choice([5, 5000])}},
        }
        result = await self.call(http, "Email/set", create={"d": draft})
        self._acknowledged(token, result["created"]["d"]["id"])

    async def _import(self, http: httpx.AsyncClient, drafts: str) -> None:
        token = self._token()
        sent = await http.post(f"/jmap/upload/{self.account}/", content=self._message(token).encode())
        assert sent.status_code == 200, sent.text
        new = {"blobId": sent.json()["blobId"], "mailboxIds": {drafts: True}}
        result = await self.call(http, "Email/import", emails={"i": new})
        self._acknowledged(token, result["created"]["i"]["id"])

    def _some(self) -> str | None:
        known = [
            token for token, mail in list(self.mails.items())[-200:] if mail.email_id and mail.state == "there"
        ]
        return self.chance.choice(known) if known else None

    async def _flag(self, http: httpx.AsyncClient, _: str) -> None:
        if token := self._some():
            mail = self.mails[token]
            mail.asked.add("flag")
            result = await self.call(http, "Email/set", update={mail.email_id: {"keywords/$flagged": True}})
            if mail.email_id in (result["updated"] or {}):
                mail.flagged = True
                mail.asked.discard("flag")
                self.answers += 1

    async def _destroy(self, http: httpx.AsyncClient, _: str) -> None:
        if token := self._some():
            mail = self.mails[token]
            mail.state = "leaving"
            result = await self.call(http, "Email/set", destroy=[mail.email_id])
            if mail.email_id in (result["destroyed"] or []):
                mail.state = "gone"
                self.answers += 1

    async def verify(self, server: Server) -> None:
        """Raises when the server does not hold what it had acknowledged, or holds something torn."""
        async with httpx.AsyncClient(
            base_url=server.url, headers=self._headers, timeout=60, trust_env=False
        ) as http:
            found = await self._everything(http)
            subjects: dict[str, dict] = {}
            for email in found:
                assert email["subject"] not in subjects, "twice there"
                subjects[email["subject"]] = email
            assert subjects.keys() <= self.mails.keys()
            for token, mail in self.mails.items():
                self._compare(token, mail, subjects.get(token))
            await self._counts(http, found)
            await self._changes(http, subjects)
            await self._bytes(http, self.chance.sample(found, min(5, len(found))))

    @staticmethod
    def _compare(token: str, mail: Mail, email: dict | None) -> None:
        """Holds one message against the ledger; what was open becomes what it is."""
        if mail.state == "there":
            assert email is not None, f"{token} was acknowledged and is lost"
        elif mail.state in ("gone", "lost"):
            assert email is None, f"{token} came back"
        if email is None:
            mail.state = "gone" if mail.state in ("leaving", "gone") else "lost"
            return
        assert not mail.flagged or "$flagged" in email["keywords"], f"{token} lost its flag"
        mail.state, mail.email_id = "there", email["id"]

    async def _everything(self, http: httpx.AsyncClient) -> list[dict]:
        found: list[dict] = []
        while True:
            page = (
                await self.call(
                    http, "Email/query", sort=[{"property": "receivedAt"}], position=len(found), limit=500
                )
            )["ids"]
            if not page:
                return found
            wanted = ["id", "subject", "keywords", "mailboxIds", "blobId", "size"]
            result = await self.call(http, "Email/get", ids=page, properties=wanted)
            assert result["notFound"] == []
            found += result["list"]

    async def _counts(self, http: httpx.AsyncClient, found: list[dict]) -> None:
        for box in (await self.call(http, "Mailbox/get", ids=None))["list"]:
            here = [email for email in found if box["id"] in email["mailboxIds"]]
            assert box["totalEmails"] == len(here)
            assert box["unreadEmails"] == sum("$seen" not in email["keywords"] for email in here)

    async def _changes(self, http: httpx.AsyncClient, subjects: dict[str, dict]) -> None:
        if self.state:
            told: set[str] = set()
            state, more = self.state, True
            while more:
                changes = await self.call(http, "Email/changes", sinceState=state)
                told |= {*changes["created"], *changes["updated"], *changes["destroyed"]}
                state, more = changes["newState"], changes["hasMoreChanges"]
            assert {subjects[token]["id"] for token in self.after_state if token in subjects} <= told
        self.state = (await self.call(http, "Email/get", ids=[]))["state"]
        self.after_state.clear()

    async def _bytes(self, http: httpx.AsyncClient, sample: list[dict]) -> None:
        for email in sample:
            answer = await http.get(f"/jmap/download/{self.account}/{email['blobId']}/m.eml")
            assert len(answer.content) == email["size"] and email["subject"].encode() in answer.content


async def endure(client: Any, folder: pathlib.Path, kills: int, seed: int) -> None:
    """Kills the server so often while a client works, which looks each time at what is there, and once more."""
    chance = random.Random(seed)
    for _ in range(kills):
        server = Server(folder)
        await client.verify(server)
        await client.work(server, chance.choice([chance.uniform(0, 0.3), chance.uniform(0.3, 2.5)]))
    server = Server(folder)
    await client.verify(server)
    server.kill()


async def faults(
    folder: pathlib.Path, kinds: dict[str, str], *checks: Callable[[Database], Awaitable[list[Fault]]]
) -> list[Fault]:
    """What is wrong in the files of a server that was killed: in the store, in who sees what, and what `checks` of
    rooms find."""
    app = await App.open(load(folder))
    store = app.context.store
    found = await check.check(store, kinds, deep=True) + await access_check.check(store.db)
    for each in checks:
        found += await each(store.db)
    await app.stop()
    return found
