"""The JMAP engine and the real server with the calendar in it, and people with clients."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from parvis import calendar
from parvis.access import passwords
from parvis.kernel import ids
from parvis.kernel.egress import Egress
from parvis.serve.context import Context
from parvis.serve.doors import Doors
from parvis.serve.feature import Feature
from parvis.serve.jmap.blobs import Library
from parvis.serve.jmap.core import feature as core
from parvis.serve.jmap.engine import Engine
from parvis.serve.newcomers import Newcomers
from parvis.store.store import Store
from tests.mail.client import Client as JmapClient

SECRET = "a long enough pass phrase"


class Client(JmapClient):
    """Somebody with calendars."""

    using = (
        "urn:ietf:params:jmap:core",
        "urn:ietf:params:jmap:calendars",
        "urn:ietf:params:jmap:principals",
        "urn:ietf:params:jmap:principals:availability",
        "urn:ietf:params:jmap:calendars:parse",
        "urn:parvis:calendars",
    )

    async def calendars(self, **extra) -> dict[str, dict]:
        """All calendars, by name."""
        return {each["name"]: each for each in (await self("Calendar/get", ids=None, **extra))["list"]}

    async def calendar(self, **extra) -> str:
        """The id of the default calendar."""
        return next(each["id"] for each in (await self.calendars(**extra)).values() if each["isDefault"])

    async def make(self, *, tell: bool = False, account: str = "", **event) -> str:
        """A new event's id."""
        if "calendarIds" not in event:
            event["calendarIds"] = {await self.calendar(): True}
        event = {"start": "2026-01-05T10:00:00", "timeZone": "Etc/UTC", "duration": "PT1H", **event}
        made = await self(
            "CalendarEvent/set", accountId=account or self.account, create={"e": event}, sendSchedulingMessages=tell
        )
        assert made["created"], made
        return made["created"]["e"]["id"]

    async def event(self, number: str, *properties: str, **extra) -> dict:
        """One event."""
        got = await self("CalendarEvent/get", ids=[number], properties=list(properties) or None, **extra)
        assert got["list"], got
        return got["list"][0]

    async def change(self, number: str, patch: dict, **extra) -> dict:
        """What the change of an event answers."""
        return await self("CalendarEvent/set", update={number: patch}, **extra)

    async def found(self, **condition) -> list[str]:
        """Ids of a query."""
        extra = {
            name: condition.pop(name)
            for name in ("accountId", "timeZone", "expandRecurrences", "sort")
            if name in condition
        }
        return (await self("CalendarEvent/query", filter=condition, **extra))["ids"]


Person = Callable[..., Awaitable[Client]]


@pytest.fixture
def rooms() -> list[str]:
    return ["store", "access", "search", "serve", "calendar"]


@pytest.fixture
def context(store: Store, settings) -> Context:
    return Context(settings, store, Egress([]))


@pytest.fixture
def room(context: Context) -> Feature:
    """The room itself, with who does its jobs."""
    made = calendar.feature(context)
    for kind, handler in made.jobs.items():
        context.store.jobs.handle(kind, handler)
    return made


@pytest.fixture
async def engine(context: Context, room: Feature) -> Engine:
    context.offer(Newcomers([room]))
    scopes = {kind.name: kind.scope for kind in room.kinds} | dict(room.blob_scopes)
    context.offer(Library(context.store, room.blobs, scopes, frozenset({"calendar"})))
    if room.start:
        await room.start()
    return Engine(context, [core(context), room])


@pytest.fixture
async def person(engine: Engine, context: Context) -> Person:
    """`await person("ann")`: somebody new with a client."""

    async def make(name: str, **extra) -> Client:
        newcomers = context.need(Newcomers)
        kind = extra.pop("kind", "person")
        number = await context.store.write(
            lambda unit: newcomers.create(unit, kind, name, f"{name}@example.org", **extra)
        )
        from parvis.access import directory

        return Client(engine, await directory.by_id(context.store.db, number))

    return make


@pytest.fixture
async def ann(person: Person) -> Client:
    return await person("ann")


@pytest.fixture
async def bob(person: Person) -> Client:
    return await person("bob")


async def run_jobs(context: Context) -> None:
    """Does what is due."""
    while await context.store.jobs.claim_due():
        await context.store.jobs.idle()


@pytest.fixture
async def doors(context: Context, room: Feature, settings, tmp_path):
    """The real server with CalDAV."""
    settings.ports.http = 0
    context.offer(Newcomers([room]))
    if room.start:
        await room.start()
    opened = Doors(context, [core(context), room], tmp_path / "web")
    await opened.start()
    yield opened
    await opened.stop()


class Peer(httpx.AsyncClient):
    """Somebody with a program that speaks CalDAV."""

    def __init__(self, url: str, person) -> None:
        super().__init__(base_url=url, auth=(person.address, SECRET), trust_env=False, timeout=30)
        self.person, self.account = person, ids.text(person.id)
        self.home = f"/dav/calendars/{self.account}/"
        self.calendar = f"{self.home}calendar/"

    async def ask(self, method, path, body=None, **headers):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.request(method, path, content=body, headers=names)


@pytest.fixture
async def peer(doors, context: Context):
    """`await peer("ann")`"""
    from parvis.access import directory

    made = []

    async def open_(name: str) -> Peer:
        newcomers = context.need(Newcomers)
        number = await context.store.write(
            lambda unit: newcomers.create(unit, "person", name, f"{name}@example.org")
        )
        await passwords.change(context.store, number, SECRET)
        made.append(Peer(context.public_url, await directory.by_id(context.store.db, number)))
        return made[-1]

    yield open_
    for each in made:
        await each.aclose()
