"""FileVersion: what a file held before; to be read, named, restored and let go. Parvis's own."""

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from parvis.access.gate import VISIBLE, visible
from parvis.access.principal import Right
from parvis.files import service, store, versions
from parvis.files.jmap.node import date
from parvis.files.model import KIND, PARVIS_FILES, SCOPE
from parvis.files.versions import Version
from parvis.kernel import ids
from parvis.kernel.errors import NotFound
from parvis.kernel.records import Record, ServerSet
from parvis.serve.jmap.blobs import blob_id
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.errors import MethodError, SetError, invalid_properties
from parvis.serve.jmap.kind import Kind, Method, Query, Update
from parvis.serve.jmap.types import Arguments, Object
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit

_LABEL = 200


class FileVersion(Record, kw_only=True):
    """One older content of a file. One with a label stays until it is destroyed."""

    kind: ClassVar[str] = "FileVersion"
    capability: ClassVar[str] = PARVIS_FILES
    id: ServerSet[str] = ""
    node_id: ServerSet[str] = ""
    number: ServerSet[int] = 0
    blob_id: ServerSet[str] = ""
    size: ServerSet[int] = 0
    type: ServerSet[str] = ""
    created: ServerSet[str] = ""
    created_by: ServerSet[str | None] = None
    label: str = ""


class FileVersionCondition(msgspec.Struct, kw_only=True, rename="camel"):
    """Whose versions."""

    node_id: str


async def read(call: Call, numbers: Sequence[int] | None, _: frozenset[str]) -> list[Object]:
    """The versions of files that the asker may read."""
    wanted = list(numbers or ())
    rows = await call.db.rows(
        f"""SELECT v.id, v.node_id, v.number, v.hash, v.size, v.media_type, v.content_ms, v.content_by, v.label
        FROM file_version v JOIN file_node n ON n.id = v.node_id
        WHERE v.id IN {marks(len(wanted))} AND n.account_id = ? AND n.scope_id IN {VISIBLE}""",
        *wanted,
        call.account_id,
        *visible(call.principal),
    )
    return [_shown(Version(*row)) for row in rows]


def _shown(version: Version) -> Object:
    return {
        "id": ids.text(version.id),
        "nodeId": ids.text(version.node_id),
        "number": version.number,
        "blobId": blob_id(version.hash),
        "size": version.size,
        "type": version.media_type,
        "created": date(version.content_ms),
        "createdBy": ids.text(version.content_by) if version.content_by else None,
        "label": version.label,
    }


async def query(call: Call, asked: Query) -> list[int]:
    """The versions of one file, the newest first."""
    if not isinstance(asked.filter, FileVersionCondition):
        raise MethodError("unsupportedFilter", "name the file: nodeId")
    number = call.number(asked.filter.node_id)
    try:
        node = await service.find(call.db, call.principal, call.account_id, number or 0)
    except NotFound:
        return []
    return [version.id for version in await versions.of(call.db, node.id)]


async def state(call: Call) -> str:
    """Versions come and go with changes of their files."""
    found = await call.db.value(
        "SELECT modseq FROM kind_state WHERE account_id = ? AND kind = ?", call.account_id, KIND
    )
    return str(found or 0)


async def update(call: Call, unit: Unit, change: Update) -> None:
    """Names a version."""
    version = await _writable(call, unit, change.object_id)
    label = change.values.get("label", version.label)
    if len(label) > _LABEL:
        raise invalid_properties("label", why=f"at most {_LABEL} characters")
    await unit.run("UPDATE file_version SET label = ? WHERE id = ?", label, version.id)
    await _touch(unit, version)


async def destroy(call: Call, unit: Unit, number: int) -> None:
    """Lets a version go."""
    version = await _writable(call, unit, number, Right.DELETE)
    await versions.drop(unit, call.account_id, number)
    await store.weigh(unit, call.account_id, -version.size)
    await _touch(unit, version)


async def _writable(call: Call, unit: Unit, number: int, right: Right = Right.WRITE) -> Version:
    version = await versions.one(unit, number)
    if version is None:
        raise SetError("notFound")
    await service.find(unit, call.principal, call.account_id, version.node_id, right)
    return version


async def _touch(unit: Unit, version: Version) -> None:
    node = await store.by_id(unit, version.node_id)
    if node is not None:
        await unit.changed(node.account_id, KIND, node.id, "updated", part=node.scope_id)


class RestoreArguments(Arguments):
    """FileVersion/restore"""

    account_id: str
    id: str


async def restore(call: Call) -> Result:
    """Gives a file the content of a version again; what it holds now becomes a version."""
    number = call.number(call.arguments.id)

    async def work(unit: Unit) -> int:
        version = await versions.one(unit, number or 0)
        if version is None:
            raise NotFound("no such version")
        node = await service.find(unit, call.principal, call.account_id, version.node_id)
        return (await service.write(unit, call.principal, node, version.content)).number

    made = await call.context.store.write(work)
    return {"accountId": ids.text(call.account_id), "id": call.arguments.id, "version": made}


VERSION_KIND = Kind(
    record=FileVersion,
    scope=SCOPE,
    read=read,
    query=query,
    condition=FileVersionCondition,
    update=update,
    destroy=destroy,
    state=state,
    listable=False,
)
METHODS = (
    Method(
        name="FileVersion/restore", capability=PARVIS_FILES, arguments=RestoreArguments, run=restore, scope=SCOPE
    ),
)
