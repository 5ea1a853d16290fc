"""The JMAP engine with contacts in it, and people with clients."""

from collections.abc import Awaitable, Callable

import pytest

from parvis import contacts
from parvis.kernel.egress import Egress
from parvis.ops import people
from parvis.serve.context import Context
from parvis.serve.feature import Feature
from parvis.serve.jmap.blob_methods import BlobType, BlobTypes, linked
from parvis.serve.jmap.blobs import Library
from parvis.serve.jmap.core import feature as core
from parvis.serve.jmap.engine import Engine
from parvis.serve.newcomers import Newcomers
from parvis.store.store import Store
from tests.mail.client import Client as JmapClient

URNS = (
    "urn:ietf:params:jmap:core",
    "urn:ietf:params:jmap:contacts",
    "urn:ietf:params:jmap:principals",
    "urn:parvis:contacts",
    "urn:ietf:params:jmap:blob",
)


class Client(JmapClient):
    """Somebody with contacts."""

    using = URNS

    async def books(self, **extra) -> dict[str, dict]:
        """All books, by name."""
        return {each["name"]: each for each in (await self("AddressBook/get", ids=None, **extra))["list"]}

    async def book(self, **extra) -> str:
        """The id of the default book."""
        return next(each["id"] for each in (await self.books(**extra)).values() if each["isDefault"])

    async def make(self, **card) -> str:
        """A new card's id."""
        card.setdefault("addressBookIds", {await self.book(): True})
        made = await self("ContactCard/set", create={"c": card})
        assert made["created"], made
        return made["created"]["c"]["id"]

    async def card(self, number: str, **extra) -> dict:
        """One card."""
        return (await self("ContactCard/get", ids=[number], **extra))["list"][0]

    async def found(self, **condition) -> list[str]:
        """Ids of a query."""
        account = condition.pop("account", self.account)
        return (await self("ContactCard/query", accountId=account, filter=condition))["ids"]

    async def names(self, **condition) -> list[str]:
        """Full names of what a query finds."""
        cards = await self("ContactCard/get", ids=await self.found(**condition))
        return sorted(each["name"]["full"] for each in cards["list"])


Person = Callable[..., Awaitable[Client]]


@pytest.fixture
def rooms() -> list[str]:
    return ["store", "access", "search", "serve", "contacts"]


@pytest.fixture
def context(store: Store, settings) -> Context:
    return Context(settings, store, Egress([]))


@pytest.fixture
def room(context: Context) -> Feature:
    """The room itself."""
    return contacts.feature(context)


@pytest.fixture
async def engine(context: Context, room: Feature) -> Engine:
    context.offer(Newcomers([room]))
    scopes = {kind.name: kind.scope for kind in room.kinds} | dict(room.blob_scopes)
    context.offer(Library(context.store, room.blobs, scopes, frozenset({"addressbook"})))
    context.offer(BlobTypes({"ContactCard": BlobType(URNS[1], linked("ContactCard"))}))
    if room.start:
        await room.start()
    return Engine(context, [core(context), room])


@pytest.fixture
def person(engine: Engine, context: Context) -> Person:
    async def make(name: str, **more) -> Client:
        features = context.need(Newcomers).features
        found = await people.create(context.store, features, "person", name.title(), f"{name}@example.org", **more)
        return Client(engine, found)

    return make


@pytest.fixture
async def ann(person: Person) -> Client:
    return await person("ann")


@pytest.fixture
async def bob(person: Person) -> Client:
    return await person("bob")
