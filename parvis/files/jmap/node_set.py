"""FileNode/set and /copy. draft-ietf-jmap-filenode §3.2.3, §3.2.4"""

import re
from collections.abc import Awaitable
from typing import Any, Literal, TypeVar

import msgspec

from parvis.access import parts
from parvis.access.principal import Right
from parvis.files import across, person, service, sharing, store, trash
from parvis.files.model import KIND, RIGHTS, ROLES, SCOPE, Content, Node, node_name, tags_of
from parvis.files.service import OnExists, Place
from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, NotFound
from parvis.serve.jmap import shares
from parvis.serve.jmap.blobs import Library
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import SetError, invalid_properties
from parvis.serve.jmap.kind import CopyArguments, Copying, Created, Creation, SetArguments, Update
from parvis.serve.jmap.types import Object
from parvis.store.unit import Unit

T = TypeVar("T")
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
_PERSONAL = {"isFavourite": "favourite", "isSubscribed": "subscribed", "opened": "opened_ms"}
_TIMES = {"created": "created_ms", "modified": "modified_ms", "accessed": "accessed_ms"}
_PLACED = frozenset({"parentId", "name"})
_ANYTHING = "application/octet-stream"


class FileNodeSetArguments(SetArguments):
    """draft-ietf-jmap-filenode §3.2.3"""

    on_destroy_remove_children: bool = False
    on_exists: Literal["replace", "rename", "newest"] | None = None
    compare_case_insensitively: bool = False


class FileNodeCopyArguments(CopyArguments):
    """draft-ietf-jmap-filenode §3.2.4"""

    on_destroy_remove_children: bool = False
    on_exists: Literal["replace", "rename", "newest"] | None = None
    compare_case_insensitively: bool = False


def moves_shares(given: FileNodeSetArguments | FileNodeCopyArguments) -> bool:
    """Whether it may change who sees what: by shares, or since shared folders go elsewhere or away. What only puts
    files somewhere does not wait for all others that do."""
    if given.on_exists in ("replace", "newest"):
        return True
    if isinstance(given, FileNodeCopyArguments):
        return False
    created, updated = (given.create or {}).values(), (given.update or {}).values()
    shared = any(key.partition("/")[0] == "shareWith" for change in (*created, *updated) for key in change)
    return shared or bool(given.destroy) or any("parentId" in change for change in updated)


async def prepare(call: Call, asked: Creation | Update | Copying) -> Content | None:
    """The content that a node is to have: a blob the asker may read. Raises SetError."""
    given = asked.values if not isinstance(asked, Copying) else {}
    wanted = given.get("blobId")
    if not isinstance(wanted, str):
        return None
    real = call.resolve(wanted)
    try:
        if real is None:
            raise NotFound("no such blob")
        blob = await call.context.need(Library).find(call.principal, call.account_id, real)
    except NotFound as error:
        raise invalid_properties("blobId", why="no such blob") from error
    if blob.digest is None:
        digest = await call.context.store.blobs.put(await blob.read())
        return Content(digest, blob.size, blob.media_type)
    return Content(blob.digest, blob.size, blob.media_type)


async def create(call: Call, unit: Unit, creation: Creation) -> Created:
    """Makes a file or a folder."""
    values, content = creation.values, _content(creation)
    _check_kind(values, content)
    where = await service.place(unit, call.principal, call.account_id, _folder(call, values["parentId"]))
    values_ = _plain(values | {"shareWith": None})
    name = node_name(values["name"])
    name, replaced = await _settled(call, unit, where, name, values_, folder=content is None)
    node = await _guarded(service.add(unit, call.principal, where, name, content, values=values_))
    call.gone += replaced
    mine = {
        inside: _personal(values[outside]) for outside, inside in _PERSONAL.items() if outside in creation.given
    }
    if mine:
        await person.note(unit, call.principal, node, mine)
    if values["shareWith"]:
        await _share(call, unit, node, values["shareWith"])
    return Created(node.id)


def _content(creation: Creation) -> Content | None:
    content: Content | None = creation.prepared
    if content is None:
        return None
    given = creation.values["type"]
    media_type = given if given is not None else content.media_type.partition(";")[0].strip() or _ANYTHING
    return Content(content.hash, content.size, _media_type(media_type))


def _media_type(given: str) -> str:
    """RFC 6838 §4.2"""
    if not _MEDIA_TYPE.fullmatch(given):
        raise invalid_properties("type", why="no media type")
    return given


def _check_kind(values: Object, content: Content | None) -> None:
    kind = values["nodeType"]
    if values["target"] is not None or kind == "symlink":
        raise invalid_properties("nodeType", why="there are no symbolic links here")
    if kind is not None and (kind == "file") != (content is not None):
        raise invalid_properties("blobId", why="a file has a blob, a folder has none")
    if content is None and values["type"] is not None:
        raise invalid_properties("type", why="a folder has no media type")
    if values["size"] is not None and (content is None or values["size"] != content.size):
        raise invalid_properties("size", why="the blob has another size")
    if values["role"] is not None and (content is not None or values["role"] not in ROLES - {"trash"}):
        raise invalid_properties("role", why="no such role")


def _folder(call: Call, given: str | None) -> int:
    if given is None:
        return 0
    number = call.number(given)
    if number is None:
        raise invalid_properties("parentId", why="no such folder")
    return number


def _plain(values: Object) -> dict[str, Any]:
    """Columns that are set as they are; a time of null is now."""
    plain: dict[str, Any] = {
        inside: clock.now_ms() if values[outside] is None else clock.parse_utc(values[outside])
        for outside, inside in _TIMES.items()
        if outside in values
    }
    if "executable" in values:
        plain["executable"] = values["executable"]
    if "tags" in values:
        plain["tags"] = tags_of(values["tags"])
    if "role" in values:
        plain["role"] = values["role"] or ""
    return plain


def _personal(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    return clock.parse_utc(value) if value is not None else 0


async def _settled(
    call: Call, unit: Unit, where: Place, name: str, values: dict[str, Any], *, but: int = 0, folder: bool = False
) -> tuple[str, list[int]]:
    arguments = call.arguments
    on_exists: OnExists = getattr(arguments, "on_exists", None)
    return await _guarded(
        service.settle(
            unit,
            call.principal,
            where,
            name,
            on_exists,
            moment_ms=values.get("modified_ms", clock.now_ms()),
            but=but,
            folder=folder,
            cases=not getattr(arguments, "compare_case_insensitively", False),
            whole=getattr(arguments, "on_destroy_remove_children", False),
        )
    )


async def _guarded(work: Awaitable[T]) -> T:
    """Conflicts as SetErrors."""
    try:
        return await work
    except Conflict as conflict:
        if "existing" in conflict.fields:
            existing = ids.text(conflict.fields["existing"])
            raise SetError("alreadyExists", conflict.sentence, existingId=existing) from conflict
        if "reason" in conflict.fields:
            raise SetError(conflict.fields["reason"], conflict.sentence) from conflict
        raise


async def update(call: Call, unit: Unit, change: Update) -> Object | None:
    """Changes a node: what is one's own needs only to read it, all else the right to write."""
    values, extra = dict(change.values), Object()
    node = await service.find(unit, call.principal, call.account_id, change.object_id)
    if mine := {inside: _personal(values.pop(o)) for o, inside in _PERSONAL.items() if o in values}:
        await person.note(unit, call.principal, node, mine)
    if "shareWith" in values:
        await _share(call, unit, node, values.pop("shareWith") or {})
        node = await service.find(unit, call.principal, call.account_id, change.object_id)
    if values.keys() & {"size", "target"}:
        _check_size(values, change.prepared)
    if "blobId" in values:
        node = await _write(call, unit, node, change, values)
        extra |= {"size": node.size, "version": node.number, "etag": node.etag.strip('"'), "sha256": node.hash}
        if "type" not in change.values:
            extra["type"] = node.media_type
    if plain := _plain(values):
        if "role" in values and not (
            node.folder and values["role"] in ROLES | {None} and values["role"] != "trash"
        ):
            raise invalid_properties("role", why="no such role")
        node = await service.change(unit, call.principal, node, plain)
    if "type" in values:
        await _retype(call, unit, node, values["type"])
    if values.keys() & _PLACED:
        extra |= await _place(call, unit, node, values)
    return extra or None


def _check_size(values: Object, content: Content | None) -> None:
    size, target = values.pop("size", None), values.pop("target", None)
    if target is not None:
        raise invalid_properties("target", why="there are no symbolic links here")
    if size is not None and (content is None or content.size != size):
        raise invalid_properties("size", why="the blob has another size")


async def _write(call: Call, unit: Unit, node: Node, change: Update, values: Object) -> Node:
    content: Content | None = change.prepared
    values.pop("blobId")
    if content is None:
        raise invalid_properties("blobId", why="a file has a blob, a folder has none")
    given = values.pop("type", None)
    media_type = _media_type(given) if given is not None else node.media_type
    modified = values.pop("modified", None) if "modified" in values else None
    return await service.write(
        unit,
        call.principal,
        node,
        Content(content.hash, content.size, media_type),
        clock.parse_utc(modified) if modified is not None else None,
    )


async def _retype(call: Call, unit: Unit, node: Node, given: str | None) -> None:
    if node.folder or given is None:
        raise invalid_properties("type", why="a file has a media type, a folder has none")
    await service.change(unit, call.principal, node, {"media_type": _media_type(given).lower()})


async def _place(call: Call, unit: Unit, node: Node, values: Object) -> Object:
    """Moves and renames; moving into the trash remembers where the node was."""
    folder = _folder(call, values["parentId"]) if "parentId" in values else node.parent_id
    room = await store.room(unit, call.account_id)
    if room and folder == room[1] and node.parent_id != folder:
        await trash.put(unit, call.principal, node)
        kept = await store.by_id(unit, node.id)
        return {"name": kept.name} if kept and kept.name != values.get("name", node.name) else {}
    if folder == node.parent_id:  # who may write a shared folder may rename it where it is
        around = await store.by_id(unit, folder) if folder else None
        where = Place(node.account_id, around.scope_id if around else room[0] if room else 0, around)
    else:
        where = await service.place(unit, call.principal, call.account_id, folder)
    wanted = node_name(values.get("name", node.name))
    name, replaced = await _settled(call, unit, where, wanted, {}, but=node.id, folder=node.folder)
    await _guarded(service.move(unit, call.principal, node, where, name))
    call.gone += replaced
    return {"name": name} if name != values.get("name", node.name) else {}


async def _share(call: Call, unit: Unit, node: Node, wanted: dict[str, Any]) -> None:
    """RFC 9670: reaches what `shareWith` says."""
    part = await sharing.own_part(unit, call.principal, node)
    given = {key: msgspec.to_builtins(rights) for key, rights in wanted.items()}
    if await shares.apply(unit, call.principal, part, RIGHTS, given):
        await unit.changed(node.account_id, KIND, node.id, "updated", part=part)


async def destroy(call: Call, unit: Unit, number: int) -> None:
    """Destroys a node for good; clients that want it back move it into the trash instead. Who sees but a part of
    somebody's tree, and no trash, puts it into theirs."""
    if (call.account_id, number) in call.exchange.moved:
        return
    if number in call.gone:  # its folder was destroyed before it in the same call
        call.gone.remove(number)
        return
    whole = getattr(call.arguments, "on_destroy_remove_children", False) or await _all_named(call, unit, number)
    own = call.account_id == call.principal.id or await trash.is_seen(unit, call.principal, call.account_id)
    remove = service.destroy if own else trash.leave
    call.gone += (await _guarded(remove(unit, call.principal, call.account_id, number, children=whole)))[1:]


async def _all_named(call: Call, unit: Unit, number: int) -> bool:
    """Whether all that a folder holds, at any depth, is destroyed in the same call: then it counts as empty."""
    named = {call.number(key) for key in getattr(call.arguments, "destroy", None) or ()}
    rows = await unit.rows(
        f"SELECT n.id FROM file_node n WHERE n.id IN {store.DOWN} LIMIT ?", number, len(named) + 1
    )
    return {row[0] for row in rows} <= named


async def copy(call: Call, unit: Unit, copying: Copying) -> Created:
    """Copies a node with all in it from another account."""
    values = copying.values
    if values.keys() - {"parentId", "name"}:
        raise invalid_properties(
            *sorted(values.keys() - {"parentId", "name"}), why="only place and name can differ"
        )
    node = await service.find(unit, call.principal, copying.source.account_id, copying.object_id)
    where = await service.place(unit, call.principal, call.account_id, _folder(call, values.get("parentId")))
    wanted = node_name(values.get("name", node.name))
    name, _ = await _settled(call, unit, where, wanted, {"modified_ms": node.modified_ms}, folder=node.folder)
    moved = call.arguments.on_success_destroy_original and await _goes(call, unit, node)
    put = across.move if moved else service.copy
    return Created(await put(unit, call.principal, node, where, name), {"name": name}, moved)


async def _goes(call: Call, unit: Unit, node: Node) -> bool:
    """Whether what is copied is moved, since its original is to be destroyed and may be."""
    deletable = await parts.several(unit, call.principal, SCOPE, [node.scope_id], Right.DELETE)
    return bool(deletable) and call.arguments.destroy_from_if_in_state is None


RIGHTS_NEEDED = {"create": Right.WRITE, "update": Right.READ, "destroy": Right.DELETE}
