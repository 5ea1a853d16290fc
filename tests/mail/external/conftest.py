"""A whole Parvis whose people have accounts at a Dovecot, or at another Parvis."""

import asyncio
import imaplib
import time
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest

from parvis.app import App
from parvis.kernel import ids
from parvis.kernel.settings import Ports, Settings
from parvis.mail.external import keeper
from parvis.wire.maildir import from_mutf7
from tests import dovecot as dovecots
from tests.leak.test_leak import Person, someone


@pytest.fixture(autouse=True)
def often(monkeypatch) -> None:
    """All folders are read twice a second."""
    monkeypatch.setattr(keeper, "_POLL_SECONDS", 0.5)
    monkeypatch.setattr(keeper, "_CALM_SECONDS", 0.05)
    monkeypatch.setattr(keeper, "_BACKOFF_SECONDS", (0.2, 0.5))


@pytest.fixture
def dovecot() -> Iterator[dovecots.Dovecot]:
    """A running Dovecot."""
    server = dovecots.Dovecot()
    yield server
    server.close()


@pytest.fixture(params=["sqlite", "postgres"])
async def app(request, tmp_path) -> AsyncIterator[App]:
    """The program, on both databases."""
    settings = Settings(
        data=str(tmp_path / "here"), domains=["example.net"], egress_allow=["127.0.0.1"], ports=Ports(http=0)
    )
    if request.param == "postgres":
        settings.database = await request.getfixturevalue("postgres").fresh()
    opened = await opened_app(settings)
    yield opened
    await closed(opened)
    if settings.database:
        await request.getfixturevalue("postgres").drop(settings.database)


@pytest.fixture
async def one_app(tmp_path) -> AsyncIterator[App]:
    """The program on SQLite."""
    settings = Settings(
        data=str(tmp_path / "here"), domains=["example.net"], egress_allow=["127.0.0.1"], ports=Ports(http=0)
    )
    opened = await opened_app(settings)
    yield opened
    await closed(opened)


async def opened_app(settings: Settings) -> App:
    """A program that is started."""
    opened = await App.open(settings)
    opened.ports = await opened.start()
    opened.clients = []
    return opened


async def closed(app: App) -> None:
    """Stops it."""
    for client in app.clients:
        await client.aclose()
    await app.stop()


def server(port: int, **more) -> dict:
    """A server on this machine as JMAP has it."""
    return {"host": "127.0.0.1", "port": port, "security": "none", "username": "bob", **more}


class Away:
    """A person's account at another provider, seen from both sides."""

    def __init__(self, app: App, owner: Person, number: str) -> None:
        self.app, self.owner, self.id = app, owner, number
        self.number = ids.parse(number)

    async def state(self) -> dict:
        """The ExternalAccount."""
        answer = await self.owner(("ExternalAccount/get", {"accountId": self.owner.account, "ids": [self.id]}))
        return answer[0][1]["list"][0]

    async def until(self, state: str = "ok", seconds: float = 30) -> dict:
        """Waits for a state."""
        end = time.monotonic() + seconds
        while (now := await self.state())["state"] != state:
            assert time.monotonic() < end, now
            await asyncio.sleep(0.1)
        return now

    async def here(self) -> dict[str, dict[str, frozenset[str]]]:
        """Message-IDs with their keywords, by mailbox name."""
        db = self.app.context.store.db
        rows = await db.rows(
            """SELECT b.name, b.role, e.id, e.keywords, e.summary FROM mailbox b
            LEFT JOIN email_mailbox m ON m.mailbox_id = b.id LEFT JOIN email e ON e.id = m.email_id
            WHERE b.account_id = ?""",
            self.number,
        )
        found: dict = {}
        for name, role, number, keywords, summary in rows:
            place = found.setdefault("INBOX" if role == "inbox" else name, {})
            if number:
                place.setdefault(_message_id(summary), []).append(frozenset(keywords.split()))
        return {name: {key: tuple(each) for key, each in held.items()} for name, held in found.items() if held}

    async def set(self, **changes) -> dict:
        """Email/set in its mail."""
        answer = await self.owner(("Email/set", {"accountId": self.id, **changes}))
        assert not any(answer[0][1].get(f"not{verb}") for verb in ("Created", "Updated", "Destroyed")), answer
        return answer[0][1]

    async def emails(self, *subjects: str) -> list[str]:
        """The ids of messages by Message-ID."""
        rows = await self.app.context.store.db.rows(
            "SELECT id, summary FROM email WHERE account_id = ?", self.number
        )
        by = {_message_id(summary): ids.text(number) for number, summary in rows}
        return [by[f"{subject}@example.org"] for subject in subjects]

    async def boxes(self) -> dict[str, str]:
        """Mailbox ids by name, or role."""
        answer = await self.owner(("Mailbox/get", {"accountId": self.id}))
        return {each["role"] or each["name"]: each["id"] for each in answer[0][1]["list"]}


def _message_id(summary: str) -> str:
    return (msgspec.json.decode(summary)["messageId"] or [""])[0]


async def added(app: App, owner: Person, port: int, password: str = dovecots.PASSWORD, **more) -> Away:
    """Adds an account, which works."""
    given = {"address": "bob@elsewhere.example", "imap": server(port), "password": password, **more}
    answer = await owner(("ExternalAccount/set", {"accountId": owner.account, "create": {"a": given}}))
    assert answer[0][1]["created"], answer
    return Away(app, owner, answer[0][1]["created"]["a"]["id"])


def there(box: imaplib.IMAP4) -> dict[str, dict[str, tuple[frozenset[str], ...]]]:
    """Message-IDs with their keywords, by folder, at the provider."""
    found: dict = {}
    for line in box.list()[1]:
        name = line.decode().rpartition(' "/" ')[2].strip('"')
        if "Noselect" in line.decode() or name == "Everything":
            continue
        while box.select(f'"{name}"', readonly=True)[0] != "OK":  # Dovecot mends an index that does not fit
            time.sleep(0.1)
        held: dict = {}
        data = box.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")[1]
        for part, after in zip(data, [*data[1:], b""], strict=True):
            if isinstance(part, tuple):
                words = part[0] + (after if isinstance(after, bytes) else b"")
                flags = words.partition(b"FLAGS (")[2].partition(b")")[0].decode().lower().split()
                key = part[1].decode().partition("<")[2].partition(">")[0]
                if "\\deleted" not in flags:
                    known = {flag.replace("\\", "$") for flag in flags if flag != "\\recent"}
                    held.setdefault(key, []).append(frozenset(known))
        if held:
            found[from_mutf7(name).rpartition("/")[2]] = {key: tuple(each) for key, each in held.items()}
    return found


def same(one: dict, other: dict, names: dict[str, str] | None = None) -> bool:
    """Whether both sides have the same; `names` are mailboxes that are called otherwise there."""
    said = {(names or {}).get(name, name): _sorted(held) for name, held in one.items()}
    return said == {name: _sorted(held) for name, held in other.items()}


def _sorted(held: dict) -> dict:
    return {key: sorted(map(sorted, each)) for key, each in held.items()}


async def agree(away: Away, box: imaplib.IMAP4, names: dict[str, str] | None = None, seconds: float = 30) -> None:
    """Waits until both sides are the same."""
    end = time.monotonic() + seconds
    while not same(here := await away.here(), far := await asyncio.to_thread(there, box), names):
        if time.monotonic() > end:
            raise AssertionError(_difference(here, far, names or {}))
        await asyncio.sleep(0.2)


def _difference(here: dict, far: dict, names: dict[str, str]) -> str:
    lines = []
    ours = {names.get(name, name): held for name, held in here.items()}
    for name in sorted(ours.keys() | far.keys()):
        one, other = ours.get(name, {}), far.get(name, {})
        for key in sorted(one.keys() | other.keys()):
            if sorted(map(sorted, one.get(key, ()))) != sorted(map(sorted, other.get(key, ()))):
                lines.append(f"{name} {key}: here {one.get(key)} there {other.get(key)}")
    return "\n".join(lines[:20]) or f"{sorted(ours)} {sorted(far)}"


def letter(name: str, body: str = "Some words.") -> bytes:
    """A plain message with the Message-ID `name@example.org`."""
    return (
        f"From: Petra <petra@elsewhere.example>\r\nTo: bob@elsewhere.example\r\nSubject: {name}\r\n"
        f"Message-ID: <{name}@example.org>\r\nDate: Tue, 03 Feb 2026 10:00:00 +0100\r\n\r\n{body}\r\n"
    ).encode()


async def person(app: App, name: str = "ann") -> Person:
    """Somebody here."""
    return await someone(app, name)
