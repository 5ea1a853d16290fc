"""The real server over the toy trees, and people with passwords who have something in each."""

import httpx
import pytest

from parvis.access import gate, passwords
from parvis.kernel import ids
from parvis.kernel.egress import Egress
from parvis.serve.context import Context
from parvis.serve.doors import Doors
from parvis.serve.jmap.core import feature as core
from tests.serve.dav import shelf

SECRET = "a long enough pass phrase"


@pytest.fixture
def toys():
    """The toy feature, of which a test may want another."""
    return shelf.feature


@pytest.fixture
async def dav_doors(store, settings, tmp_path, toys):
    words = (
        store.db.dialect.tokens["{text}"]
        if "{text}" in store.db.dialect.tokens
        else store.db.dialect.tokens["text"]
    )
    await store.db.script(shelf.TABLE.replace("{text}", words).replace("{{}}", "{}"))
    settings.ports.http = 0
    context = Context(settings, store, Egress([]))
    opened = Doors(context, [core(context), toys(context)], tmp_path / "web")
    await opened.start()
    opened.context = context
    yield opened
    await opened.stop()


class Peer(httpx.AsyncClient):
    """Somebody with a WebDAV client; paths are below their own home: `ann.files + "a.txt"`."""

    def __init__(self, url: str, person) -> None:
        super().__init__(base_url=url, auth=(person.address, SECRET), trust_env=False, timeout=30)
        self.person, self.account = person, ids.text(person.id)
        self.files, self.calendars, self.books = (
            f"/dav/{home}/{self.account}/" for home in ("files", "calendars", "addressbooks")
        )

    async def ask(self, method, path, body=None, **headers):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.request(method, path, content=body, headers=names)


@pytest.fixture
async def open_peer(dav_doors, store, make_person):
    made = []

    async def open_(name: str) -> Peer:
        person = await make_person(store, name, kinds=("shelf",))
        await passwords.change(store, person.id, SECRET)

        async def work(unit) -> None:
            for tree, collection in ((shelf.Diaries(store), "work"), (shelf.Rolodexes(store), "people")):
                number = await gate.create_scope(unit, person.id, tree.scope, collection)
                await tree.insert(
                    unit, person.id, number, (), collection, tree.shape, number=number, title=collection
                )

        await store.write(work)
        made.append(Peer(dav_doors.context.public_url, person))
        return made[-1]

    yield open_
    for peer in made:
        await peer.aclose()


@pytest.fixture
async def ann(open_peer):
    return await open_peer("ann")


@pytest.fixture
async def bob(open_peer):
    return await open_peer("bob")
