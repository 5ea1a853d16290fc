"""A store with the toy feature's table, and an engine over it."""

import pytest

from parvis.kernel.egress import Egress
from parvis.serve.context import Context
from parvis.serve.jmap.core import feature as core
from parvis.serve.jmap.engine import Engine
from parvis.serve.jmap.request import Request
from parvis.store.store import Store
from tests.serve import todo


@pytest.fixture
def rooms() -> list[str]:
    return ["store", "access", "serve"]


class Peer:
    """Somebody with a client: `await ann("Todo/get", ids=None)` gives the arguments of the response."""

    def __init__(self, engine: Engine, principal) -> None:
        self.engine, self.principal = engine, principal
        from parvis.kernel import ids

        self.account = ids.text(principal.id)

    async def all(self, *calls, using=(todo.URN, "urn:ietf:params:jmap:core"), **extra):
        request = Request(list(using), [(name, args, f"c{i}") for i, (name, args) in enumerate(calls)], **extra)
        return await self.engine.process(self.principal, request)

    async def __call__(self, name, **arguments):
        arguments.setdefault("accountId", self.account)
        responses, _ = await self.all((name, arguments))
        answered, result, _ = responses[0]
        return result if answered == name else {"error": result["type"], **result}


@pytest.fixture
async def engine(store: Store, settings) -> Engine:
    await store.db.script(todo.TABLE)
    context = Context(settings, store, Egress([]))
    return Engine(context, [core(context), todo.feature(context)])


@pytest.fixture
async def ann(engine, store, make_person) -> Peer:
    return Peer(engine, await make_person(store, "ann", kinds=("todo",)))


@pytest.fixture
async def bob(engine, store, make_person) -> Peer:
    return Peer(engine, await make_person(store, "bob", kinds=("todo",)))
