"""Fixtures of files: people with a tree, and their JMAP clients over an engine."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from parvis.access import directory, gate, passwords
from parvis.access.principal import Principal, Right
from parvis.files import feature, service, sharing
from parvis.files import store as files
from parvis.files.model import KIND, SCOPE, Content, Node
from parvis.kernel.egress import Egress
from parvis.search.service import Search
from parvis.serve.context import Context
from parvis.serve.doors import Doors
from parvis.serve.jmap.blobs import Library
from parvis.serve.jmap.core import feature as core
from parvis.serve.jmap.engine import Engine
from parvis.store.store import Store
from tests.mail.client import Client as JmapClient

Maker = Callable[..., Awaitable[Principal]]


@pytest.fixture
def rooms() -> list[str]:
    """Rooms whose migrations a test's store has."""
    return ["store", "access", "search", "serve", "files"]


@pytest.fixture
def search() -> Search:
    """Search by words."""
    return Search(None)


@pytest.fixture
def prepare(search: Search) -> list:
    return [search.prepare]


@pytest.fixture
def make_owner() -> Maker:
    """`await make_owner(store, "ann")`: a person with files."""

    async def make(store: Store, name: str, *, quota_bytes: int = 0, kind: str = "person") -> Principal:
        async def work(unit) -> int:
            number = await directory.create(unit, kind, name, f"{name}@example.org")
            await service.provision(unit, number, "en", quota_bytes)
            return number

        return await directory.by_id(store.db, await store.write(work))

    return make


class Tree:
    """`await tree.file(ann, "a/b.txt", b"...")` makes what is missing on the way."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def folder(self, who: Principal, path: str, owner: Principal | None = None) -> Node:
        return await self.store.write(lambda unit: self._folder(unit, who, path, (owner or who).id))

    async def _folder(self, unit, who: Principal, path: str, account: int) -> Node:
        above, node = 0, None
        for name in path.split("/"):
            node = await files.child(unit, account, above, name)
            if node is None:
                node = await service.add(unit, who, await service.place(unit, who, account, above), name, None)
            above = node.id
        return node

    async def file(
        self, who: Principal, path: str, content: bytes = b"words", owner: Principal | None = None
    ) -> Node:
        digest, account = await self.store.blobs.put(content), (owner or who).id
        around, _, name = path.rpartition("/")

        async def work(unit) -> Node:
            above = (await self._folder(unit, who, around, account)).id if around else 0
            where = await service.place(unit, who, account, above)
            return await service.add(unit, who, where, name, Content(digest, len(content), "text/plain"))

        return await self.store.write(work)

    async def do(self, work, *args, **more):
        """One function of the service in a unit."""
        return await self.store.write(lambda unit: work(unit, *args, **more))

    async def get(self, node: Node) -> Node:
        return await files.by_id(self.store.db, node.id)

    async def share(self, owner: Principal, node: Node, to: Principal, rights: Right = Right.READ) -> int:
        async def work(unit) -> int:
            return await gate.give(unit, owner, await sharing.own_part(unit, owner, node), to.id, rights)

        return await self.store.write(work)


@pytest.fixture
def tree(store: Store) -> Tree:
    return Tree(store)


@pytest.fixture
async def ann(store: Store, make_owner) -> Principal:
    return await make_owner(store, "ann")


@pytest.fixture
async def bob(store: Store, make_owner) -> Principal:
    return await make_owner(store, "bob")


class Client(JmapClient):
    """A client of files."""

    using = ("urn:ietf:params:jmap:core", "urn:ietf:params:jmap:filenode", "urn:parvis:files")

    async def create(self, name: str, content: bytes | None = None, parent: str | None = None, **more):
        """A node; its properties as the server set them, or the SetError."""
        arguments = {
            key: more.pop(key) for key in ("accountId", "onExists", "compareCaseInsensitively") if key in more
        }
        given = {"name": name, "parentId": parent, **more}
        if content is not None:
            given["blobId"] = await self.upload(content)
        got = await self("FileNode/set", create={"n": given}, **arguments)
        assert "created" in got, got
        return (got["created"] or got["notCreated"])["n"]

    async def one(self, node_id: str, *properties, **extra):
        got = await self("FileNode/get", ids=[node_id], properties=list(properties) or None, **extra)
        return got["list"][0] if got["list"] else None


@pytest.fixture
async def context(store: Store, settings, search: Search) -> Context:
    made = Context(settings, store, Egress([]))
    made.offer(search)
    return made


@pytest.fixture
async def engine(context: Context, store: Store, search: Search) -> Engine:
    room = feature(context)
    search.open(store, list(room.sources))
    context.offer(Library(store, room.blobs, {KIND: SCOPE}, frozenset({SCOPE})))
    return Engine(context, [core(context), room])


@pytest.fixture
async def anna(engine: Engine, ann: Principal) -> Client:
    return Client(engine, ann)


@pytest.fixture
async def bobby(engine: Engine, bob: Principal) -> Client:
    return Client(engine, bob)


PASSWORD = "a long enough pass phrase"


@pytest.fixture
async def doors(context: Context, store: Store, search: Search, settings, tmp_path):
    """The real server with files, on a free port."""
    settings.ports.http = 0
    room = feature(context)
    search.open(store, list(room.sources))
    opened = Doors(context, [core(context), room], tmp_path / "web")
    await opened.start()
    opened.context = context
    yield opened
    await opened.stop()


@pytest.fixture
async def open_http(doors, store):
    """`await open_http(ann)`: an HTTP client of somebody, by name and password."""
    made = []

    async def open_(who: Principal | None, **more) -> httpx.AsyncClient:
        auth = None
        if who is not None:
            await passwords.change(store, who.id, PASSWORD)
            auth = (who.address, PASSWORD)
        client = httpx.AsyncClient(
            base_url=doors.context.public_url, auth=auth, trust_env=False, verify=False, timeout=30, **more
        )
        made.append(client)
        return client

    yield open_
    for client in made:
        await client.aclose()
