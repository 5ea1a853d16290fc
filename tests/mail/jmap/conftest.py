"""The JMAP engine with mail in it, and people with clients."""

import pytest

from parvis.kernel.egress import Egress
from parvis.mail import feature
from parvis.serve.context import Context
from parvis.serve.jmap.blobs import Library
from parvis.serve.jmap.core import feature as core
from parvis.serve.jmap.engine import Engine
from parvis.store.store import Store
from tests.mail.client import Client as JmapClient


class Client(JmapClient):
    """A client of mail."""

    using = ("urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail", "urn:ietf:params:jmap:quota")

    async def one(self, email_id: str, *properties, **extra):
        """One Email."""
        got = await self("Email/get", ids=[email_id], properties=list(properties) or None, **extra)
        return got["list"][0]


@pytest.fixture
def rooms() -> list[str]:
    return ["store", "access", "serve", "mail"]


@pytest.fixture
async def store(store_sqlite: Store) -> Store:
    """The doors alone are tested here, on SQLite; what is below them is tested on both databases."""
    return store_sqlite


@pytest.fixture
async def engine(store: Store, settings) -> Engine:
    context = Context(settings, store, Egress([]))
    mail = feature(context)
    scopes = {kind.name: kind.scope for kind in mail.kinds}
    context.offer(Library(store, mail.blobs, scopes))
    return Engine(context, [core(context), mail])


@pytest.fixture
async def ann(engine, store, make_user) -> Client:
    return Client(engine, await make_user(store, "ann"))


@pytest.fixture
async def bob(engine, store, make_user) -> Client:
    return Client(engine, await make_user(store, "bob"))
