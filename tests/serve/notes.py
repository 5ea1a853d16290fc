"""A toy feature in parts: notes in binders, of which an account has many, each shared by itself."""

from typing import ClassVar

import msgspec

from parvis.access import gate, parts, visibility
from parvis.access.gate import VISIBLE, visible
from parvis.access.principal import Right
from parvis.kernel import ids
from parvis.kernel.records import Record, ServerSet
from parvis.serve.feature import Capability, Context, Feature
from parvis.serve.jmap import shares
from parvis.serve.jmap.blobs import link
from parvis.serve.jmap.errors import SetError
from parvis.serve.jmap.kind import Created, Kind
from parvis.serve.jmap.shares import Shared
from parvis.serve.jmap.types import Id
from parvis.store.sql.contract import marks

URN = "urn:example:notes"
BINDER = "binder"
TABLE = "CREATE TABLE note (id BIGINT PRIMARY KEY, account_id BIGINT NOT NULL, part BIGINT NOT NULL, text TEXT NOT NULL)"
NAMES = {
    "mayRead": Right.READ,
    "mayWrite": Right.WRITE | Right.DELETE,
    "mayShare": Right.SHARE,
    "mayReadFreeBusy": Right.FREE_BUSY,
}


class Binder(Record):
    kind: ClassVar[str] = "Binder"
    capability: ClassVar[str] = URN
    id: ServerSet[str]
    name: str
    parent_id: Id | None = None
    my_rights: ServerSet[dict[str, bool]] = msgspec.field(default_factory=dict)
    share_with: dict[Id, dict[str, bool]] | None = None


class Note(Record):
    kind: ClassVar[str] = "Note"
    capability: ClassVar[str] = URN
    id: ServerSet[str]
    binder_id: Id
    text: str


async def read_binders(call, numbers, wanted):
    found = await parts.readable(call.db, call.principal, call.account_id, BINDER, Right(0))
    shown = [access for access in found if numbers is None or access.scope.id in numbers]
    given = await shares.read(call.db, call.principal, [access.scope.id for access in shown], NAMES)
    return [
        {
            "id": ids.text(access.scope.id),
            "name": access.scope.name,
            "myRights": shares.mine(access, NAMES),
            "shareWith": given[access.scope.id],
        }
        for access in shown
    ]


async def create_binder(call, unit, creation):
    parent = call.number(creation.values["parentId"]) if creation.values["parentId"] else None
    number = await gate.create_scope(unit, call.account_id, BINDER, creation.values["name"], parent)
    await unit.changed(call.account_id, "Binder", number, "created", part=number)
    if creation.values["shareWith"]:
        await shares.apply(unit, call.principal, number, NAMES, creation.values["shareWith"])
    return Created(number)


async def update_binder(call, unit, change):
    if "name" in change.values:
        await parts.part(unit, call.principal, change.object_id, BINDER, Right.WRITE)
        await gate.rename_scope(unit, change.object_id, change.values["name"])
    if "shareWith" in change.values:
        await shares.apply(unit, call.principal, change.object_id, NAMES, change.values["shareWith"] or {})
    await unit.changed(call.account_id, "Binder", change.object_id, "updated", part=change.object_id)


async def destroy_binder(call, unit, number):
    await parts.part(unit, call.principal, number, BINDER, Right.DELETE)
    for (note,) in await unit.rows("SELECT id FROM note WHERE part = ?", number):
        await destroy_note(call, unit, note)
    await gate.remove_scope(unit, number, call.principal)
    await unit.changed(call.account_id, "Binder", number, "destroyed", part=number)


async def read_notes(call, numbers, wanted):
    some = f"AND id IN {marks(len(numbers))}" if numbers is not None else ""
    rows = await call.db.rows(
        f"SELECT id, part, text FROM note WHERE account_id = ? AND part IN {VISIBLE} {some} ORDER BY id",
        call.account_id,
        *visible(call.principal),
        *(numbers or ()),
    )
    return [{"id": ids.text(row[0]), "binderId": ids.text(row[1]), "text": row[2]} for row in rows]


async def create_note(call, unit, creation):
    part, number = call.number(creation.values["binderId"]) or 0, ids.new_id()
    await parts.part(unit, call.principal, part, BINDER, Right.WRITE)
    await unit.run(
        "INSERT INTO note (id, account_id, part, text) VALUES (?, ?, ?, ?)",
        number,
        call.account_id,
        part,
        creation.values["text"],
    )
    await unit.changed(call.account_id, "Note", number, "created", part=part)
    if creation.values["text"].startswith("blob "):
        await link(unit, creation.values["text"][5:], call.account_id, "Note", number, 5)
    return Created(number)


async def place(call, unit, number, right):
    part = await unit.value("SELECT part FROM note WHERE id = ? AND account_id = ?", number, call.account_id)
    if part is None:
        raise SetError("notFound")
    await parts.part(unit, call.principal, part, BINDER, right)
    return part


async def update_note(call, unit, change):
    part = await place(call, unit, change.object_id, Right.WRITE)
    if "binderId" in change.values:
        old, part = part, call.number(change.values["binderId"]) or 0
        await parts.part(unit, call.principal, part, BINDER, Right.WRITE)
        await unit.run("UPDATE note SET part = ? WHERE id = ?", part, change.object_id)
        await unit.left(call.account_id, "Note", change.object_id, old, "note")
    if "text" in change.values:
        await unit.run("UPDATE note SET text = ? WHERE id = ?", change.values["text"], change.object_id)
    await unit.changed(call.account_id, "Note", change.object_id, "updated", part=part)


async def destroy_note(call, unit, number):
    part = await place(call, unit, number, Right.DELETE)
    await unit.run("DELETE FROM note WHERE id = ?", number)
    await unit.changed(call.account_id, "Note", number, "destroyed", part=part)
    await unit.left(call.account_id, "Note", number, part, "note")


async def query_notes(call, question):
    return [ids.parse(each["id"]) for each in await read_notes(call, None, frozenset())]


BINDERS = Kind(
    record=Binder,
    scope=BINDER,
    parts=True,
    sees=parts.ANY_SIGHT,
    read=read_binders,
    create=create_binder,
    update=update_binder,
    destroy=destroy_binder,
    rights={"create": Right.WRITE, "update": Right.WRITE | Right.SHARE, "destroy": Right.DELETE},
    first=visibility.turn,
)
NOTES = Kind(
    record=Note,
    scope=BINDER,
    parts=True,
    read=read_notes,
    create=create_note,
    update=update_note,
    destroy=destroy_note,
    query=query_notes,
)


async def _provision(unit, principal_id, kind) -> None:
    number = await gate.create_scope(unit, principal_id, BINDER, "Notes")
    await unit.changed(principal_id, "Binder", number, "created", part=number)


def feature(context: Context) -> Feature:
    return Feature(
        name="notes",
        kinds=(BINDERS, NOTES),
        capabilities=(
            Capability(URN, BINDER, account=lambda access: {"mayCreateNote": Right.WRITE in access.rights}),
        ),
        shares=(Shared(BINDER, "Binder", NAMES),),
        blob_scopes={"Note": BINDER},
        provision=_provision,
    )
