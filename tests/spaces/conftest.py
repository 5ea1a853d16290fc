"""The JMAP engine with mail and spaces in it, and people with clients."""

from collections.abc import Awaitable, Callable

import pytest

from parvis import mail, spaces
from parvis.kernel.egress import Egress
from parvis.ops import people
from parvis.serve.context import Context
from parvis.serve.jmap.blobs import Library
from parvis.serve.jmap.core import feature as core
from parvis.serve.jmap.engine import Engine
from parvis.serve.newcomers import Newcomers
from parvis.store.store import Store
from tests.mail.client import Client as JmapClient


class Client(JmapClient):
    """Somebody who uses spaces."""

    using = ("urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail", "urn:parvis:spaces", "urn:parvis:sharing")

    async def make(self, **properties) -> str:
        """A new space's id."""
        made = await self("Space/set", create={"s": properties})
        return made["created"]["s"]["id"]

    async def spaces(self) -> dict[str, dict]:
        """All spaces that are seen, by name."""
        return {each["name"]: each for each in (await self("Space/get", ids=None))["list"]}


Person = Callable[[str], Awaitable[Client]]


@pytest.fixture
def rooms() -> list[str]:
    return ["store", "access", "serve", "mail", "spaces"]


@pytest.fixture
def context(store: Store, settings) -> Context:
    return Context(settings, store, Egress([]))


@pytest.fixture
async def engine(context: Context) -> Engine:
    built = [mail.feature(context), spaces.feature(context)]
    context.offer(Newcomers(built))
    context.offer(Library(context.store, built[0].blobs, {kind.name: kind.scope for kind in built[0].kinds}))
    return Engine(context, [core(context), *built])


@pytest.fixture
def person(engine: Engine, context: Context) -> Person:
    async def make(name: str, **more) -> Client:
        features = context.need(Newcomers).features
        found = await people.create(context.store, features, "person", name, f"{name}@example.org", **more)
        return Client(engine, found)

    return make
