"""The engine with tasks in it, and people who have them; everything on both databases."""

import httpx
import pytest

from parvis.access import directory, passwords
from parvis.kernel import ids
from parvis.kernel.egress import Egress
from parvis.serve.context import Context
from parvis.serve.doors import Doors
from parvis.serve.jmap.core import feature as core
from parvis.serve.jmap.engine import Engine
from parvis.serve.jmap.principals import PRINCIPALS
from parvis.serve.jmap.request import Request
from parvis.serve.jmap.sharing import SHARING
from parvis.store.store import Store
from parvis.tasks import feature
from parvis.tasks.model import PARVIS_TASKS, TASKS


@pytest.fixture
def rooms() -> list[str]:
    return ["store", "access", "serve", "tasks"]


class Client:
    """`await ann("Task/get", ids=[...])` gives the arguments of the response, with `error` when it is one."""

    using = ("urn:ietf:params:jmap:core", TASKS, PARVIS_TASKS, PRINCIPALS, SHARING)

    def __init__(self, engine: Engine, principal) -> None:
        self.engine, self.principal = engine, principal
        self.account = ids.text(principal.id)

    async def __call__(self, name, **arguments):
        arguments.setdefault("accountId", self.account)
        request = Request(list(self.using), [(name, arguments, "c")])
        answered, result, _ = (await self.engine.process(self.principal, request))[0][0]
        return result if answered == name else {"error": result["type"], **result}

    async def first(self) -> str:
        """The id of the first list."""
        return next(each["id"] for each in (await self("TaskList/get"))["list"] if each["role"] == "inbox")

    async def add(self, title="Write", where=None, account=None, **properties) -> str:
        """Makes a task and returns its id."""
        values = {"taskListId": where or await self.first(), "title": title, **properties}
        done = await self("Task/set", create={"t": values}, **({"accountId": account} if account else {}))
        assert done["created"], done
        return done["created"]["t"]["id"]

    async def task(self, number: str, account=None, properties=None) -> dict:
        """One task."""
        given = {"accountId": account} if account else {}
        return (await self("Task/get", ids=[number], properties=properties, **given))["list"][0]

    async def change(self, number: str, account=None, **values) -> dict:
        """Changes a task and returns what came of it."""
        given = {"accountId": account} if account else {}
        return await self("Task/set", update={number: values}, **given)


@pytest.fixture
def context(store: Store, settings) -> Context:
    return Context(settings, store, Egress([]))


@pytest.fixture
def tasks(context):
    return feature(context)


@pytest.fixture
async def engine(context, tasks) -> Engine:
    return Engine(context, [core(context), tasks])


@pytest.fixture
def open_client(engine, store, tasks):
    """`await open_client("ann", language="fr")`."""

    async def open_(name: str, **extra) -> Client:
        async def work(unit) -> int:
            number = await directory.create(unit, "person", name.title(), f"{name}@example.org", **extra)
            await tasks.provision(unit, number, "person")
            return number

        return Client(engine, await directory.by_id(store.db, await store.write(work)))

    return open_


@pytest.fixture
async def ann(open_client) -> Client:
    return await open_client("ann")


@pytest.fixture
async def bob(open_client) -> Client:
    return await open_client("bob")


@pytest.fixture
async def doors(context, tasks, settings, tmp_path):
    """The real server over tasks, on a free port."""
    settings.ports.http = 0
    opened = Doors(context, [core(context), tasks], tmp_path / "web")
    await opened.start()
    opened.context = context
    yield opened
    await opened.stop()


SECRET = "a long enough pass phrase"


class Dav(httpx.AsyncClient):
    """Somebody with a CalDAV client, and one for JMAP beside it."""

    def __init__(self, url: str, client: Client) -> None:
        super().__init__(base_url=url, auth=(client.principal.address, SECRET), trust_env=False, timeout=30)
        self.jmap, self.home = client, f"/dav/calendars/{client.account}/"

    async def ask(self, method, path, body=None, **headers):
        """One request; `If_Match=...` is the header If-Match."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.request(method, path, content=body, headers=names)


@pytest.fixture
async def open_dav(doors, store, tasks):
    """`await open_dav("ann")`."""
    made = []

    async def open_(name: str) -> Dav:
        async def work(unit) -> int:
            number = await directory.create(unit, "person", name.title(), f"{name}@example.org")
            await tasks.provision(unit, number, "person")
            return number

        person = await directory.by_id(store.db, await store.write(work))
        await passwords.change(store, person.id, SECRET)
        made.append(Dav(doors.context.public_url, Client(doors.engine, person)))
        return made[-1]

    yield open_
    for client in made:
        await client.aclose()
