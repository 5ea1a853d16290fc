"""A store with the toy feature's table, and an engine over it."""

import pytest

from parvis.kernel.egress import Egress
from parvis.serve.context import Context
from parvis.serve.jmap.core import feature as core
from parvis.serve.jmap.engine import Engine
from parvis.serve.jmap.principals import PRINCIPALS
from parvis.serve.jmap.request import Request
from parvis.store.store import Store
from tests.serve import notes, todo


@pytest.fixture
def rooms() -> list[str]:
    return ["store", "access", "serve"]


class Peer:
    """Somebody with a client: `await ann("Todo/get", ids=None)` gives the arguments of the response."""

    def __init__(self, engine: Engine, principal) -> None:
        self.engine, self.principal = engine, principal
        from parvis.kernel import ids

        self.account = ids.text(principal.id)

    async def all(self, *calls, using=(todo.URN, notes.URN, PRINCIPALS, "urn:ietf:params:jmap:core"), **extra):
        request = Request(list(using), [(name, args, f"c{i}") for i, (name, args) in enumerate(calls)], **extra)
        return await self.engine.process(self.principal, request)

    async def __call__(self, name, **arguments):
        arguments.setdefault("accountId", self.account)
        responses, _ = await self.all((name, arguments))
        answered, result, _ = responses[0]
        return result if answered == name else {"error": result["type"], **result}


@pytest.fixture
async def engine(store: Store, settings) -> Engine:
    await store.db.script(f"{todo.TABLE}; {notes.TABLE}")
    context = Context(settings, store, Egress([]))
    return Engine(context, [core(context), todo.feature(context), notes.feature(context)])


@pytest.fixture
async def ann(engine, store, make_person) -> Peer:
    return Peer(engine, await make_person(store, "ann", kinds=("todo", "binder")))


@pytest.fixture
async def bob(engine, store, make_person) -> Peer:
    return Peer(engine, await make_person(store, "bob", kinds=("todo", "binder")))


@pytest.fixture
async def doors(store: Store, settings, tmp_path):
    """The real server over the toy feature, on a free port."""
    from parvis.serve.doors import Doors

    await store.db.script(f"{todo.TABLE}; {notes.TABLE}")
    settings.ports.http = 0
    web = tmp_path / "web"
    (web / "assets").mkdir(parents=True)
    (web / "index.html").write_text("<!doctype html><title>Parvis</title>")
    (web / "assets" / "a-123.js").write_text("let a")
    (web / "assets" / "a-123.js.br").write_bytes(b"brotli")
    context = Context(settings, store, Egress([]))
    opened = Doors(context, [core(context), todo.feature(context), notes.feature(context)], web)
    await opened.start()
    opened.context = context
    yield opened
    await opened.stop()


@pytest.fixture
async def open_client(doors, store, make_person):
    """`await open_client("ann")`: a browser of a new person, signed in, with `person` and `account`."""
    from parvis.access import passwords
    from parvis.kernel import ids

    made = []

    async def open_(name: str, *, signed_in: bool = True):
        import httpx

        person = await make_person(store, name, kinds=("todo", "binder"))
        await passwords.change(store, person.id, "a long enough pass phrase")
        client = httpx.AsyncClient(
            base_url=doors.context.public_url, headers={"x-parvis": "1"}, trust_env=False, verify=False, timeout=20
        )
        client.person, client.account = person, ids.text(person.id)
        if signed_in:
            given = {"username": person.address, "password": "a long enough pass phrase", "device": "test"}
            answer = await client.post("/auth/sign-in", json=given)
            assert answer.status_code == 200, answer.text
        made.append(client)
        return client

    yield open_
    for client in made:
        await client.aclose()
