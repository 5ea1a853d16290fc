"""A toy feature: todos, to test the engine without knowing any real one. RFC 8620 §5.7's own example."""

from typing import ClassVar

import msgspec

from parvis.kernel import ids
from parvis.kernel.errors import Invalid
from parvis.kernel.records import Immutable, Record, ServerSet
from parvis.serve.feature import Capability, Context, Feature
from parvis.serve.jmap.errors import SetError
from parvis.serve.jmap.filters import matches, ordered
from parvis.serve.jmap.kind import Created, Kind
from parvis.serve.jmap.types import Id

URN = "urn:example:todo"
TABLE = """CREATE TABLE todo (id BIGINT PRIMARY KEY, account_id BIGINT NOT NULL, title TEXT NOT NULL,
    body TEXT NOT NULL, parent BIGINT)"""


class Todo(Record):
    kind: ClassVar[str] = "Todo"
    capability: ClassVar[str] = URN
    id: ServerSet[str]
    title: str
    keywords: dict[str, bool] = msgspec.field(default_factory=dict)
    origin: Immutable[str] = "here"
    estimate: ServerSet[int] = 0
    parent_id: Id | None = None
    sub_todo_ids: list[Id] | None = None
    tree: dict[str, object] = msgspec.field(default_factory=dict)


class Condition(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    has_keyword: str | None = None
    title: str | None = None


_KEPT = ("keywords", "origin", "subTodoIds", "tree")


def _row(row) -> dict:
    number, title, body, parent = row
    return {
        "id": ids.text(number),
        "title": title,
        "estimate": len(title),
        "parentId": ids.text(parent) if parent else None,
        **msgspec.json.decode(body),
    }


async def read(call, numbers, wanted):
    found = await call.db.rows("SELECT id, title, body, parent FROM todo WHERE account_id = ?", call.account_id)
    return [_row(row) for row in found if numbers is None or row[0] in numbers]


def _checked(values) -> None:
    if values.get("title") == "":
        raise Invalid("a title is needed", field="title")
    if values.get("title") == "boom":
        raise ZeroDivisionError
    if values.get("title") == "mine":
        raise SetError("forbidden", "not yours")


async def create(call, unit, creation):
    number, values = ids.new_id(), creation.values
    _checked(values)
    await unit.run(
        "INSERT INTO todo (id, account_id, title, body, parent) VALUES (?, ?, ?, ?, ?)",
        number,
        call.account_id,
        values["title"],
        msgspec.json.encode({name: values[name] for name in _KEPT}).decode(),
        call.number(values["parentId"]) if values["parentId"] else None,
    )
    await unit.changed(call.account_id, "Todo", number, "created")
    return Created(number)


async def update(call, unit, change):
    _checked(change.values)
    found = (await read(call, [change.object_id], frozenset()))[0] | change.values
    await unit.run(
        "UPDATE todo SET title = ?, body = ?, parent = ? WHERE id = ?",
        found["title"],
        msgspec.json.encode({name: found[name] for name in _KEPT}).decode(),
        call.number(found["parentId"]) if found["parentId"] else None,
        change.object_id,
    )
    await unit.changed(call.account_id, "Todo", change.object_id, "updated")
    return {"estimate": len(found["title"])} if "title" in change.values else None


async def destroy(call, unit, number):
    if await unit.value("SELECT 1 FROM todo WHERE parent = ?", number):
        raise SetError("todoHasChild")
    if not await unit.run("DELETE FROM todo WHERE id = ? AND account_id = ?", number, call.account_id):
        raise SetError("notFound")
    await unit.changed(call.account_id, "Todo", number, "destroyed")


async def copy(call, unit, copying):
    found = [each for each in await read(copying.source, [copying.object_id], frozenset()) if each]
    if not found:
        raise SetError("notFound")
    number = ids.new_id()
    title = copying.values.get("title", found[0]["title"])
    await unit.run(
        "INSERT INTO todo (id, account_id, title, body, parent) VALUES (?, ?, ?, ?, NULL)",
        number,
        call.account_id,
        title,
        msgspec.json.encode({name: found[0][name] for name in _KEPT}).decode(),
    )
    await unit.changed(call.account_id, "Todo", number, "created")
    return Created(number, {})


async def query(call, question):
    def leaf(condition) -> bool:
        if condition.has_keyword is not None and condition.has_keyword not in todo["keywords"]:
            return False
        return condition.title is None or condition.title in todo["title"]

    kept = []
    for todo in await read(call, None, frozenset()):
        if matches(question.filter, leaf):
            kept.append(todo)
    kept = ordered(kept, question.sort, lambda todo, by: todo[by.property], lambda todo: todo["id"])
    return [ids.parse(todo["id"]) for todo in kept]


KIND = Kind(
    record=Todo,
    scope="todo",
    read=read,
    create=create,
    update=update,
    destroy=destroy,
    copy=copy,
    query=query,
    condition=Condition,
    sorts=frozenset({"title", "estimate"}),
)


async def _provision(unit, principal_id, kind) -> None:
    from parvis.access import gate

    await gate.create_scope(unit, principal_id, "todo")


def feature(context: Context) -> Feature:
    return Feature(
        name="todo",
        kinds=(KIND,),
        capabilities=(Capability(URN, "todo"),),
        blob_scopes={"Todo": "todo"},
        provision=_provision,
    )
