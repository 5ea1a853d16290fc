"""What the assistant may do with files, on a person's behalf and under that person's rights: look into a folder,
read a file's text, make a folder, write a text file, move, rename, label. Nothing here is destroyed, and nothing
leaves."""

from collections.abc import Sequence
from typing import Any

import msgspec

from parvis.access.principal import Principal
from parvis.files import service, store, trash
from parvis.files.jmap.node import date
from parvis.files.model import Content, Node, node_name, tags_of
from parvis.files.service import Place
from parvis.kernel import ids
from parvis.kernel.errors import Invalid, NotFound
from parvis.kernel.knowledge import Tool
from parvis.store.store import Store
from parvis.store.unit import Unit

_LONGEST_TEXT = 200_000
_LISTED = 200


class ListFolder(msgspec.Struct, kw_only=True, rename="camel"):
    """A folder by its id; empty for the top of the account."""

    account_id: str
    folder_id: str = ""


class CreateFolder(msgspec.Struct, kw_only=True, rename="camel"):
    """A new folder, in a folder or at the top."""

    account_id: str
    name: str
    folder_id: str = ""


class WriteText(msgspec.Struct, kw_only=True, rename="camel"):
    """A text file: a new one of this name, or a new version of `fileId`."""

    account_id: str
    text: str
    name: str = ""
    folder_id: str = ""
    file_id: str = ""


class MoveFile(msgspec.Struct, kw_only=True, rename="camel"):
    """A file or folder to put elsewhere, to rename, or both."""

    account_id: str
    file_id: str
    folder_id: str | None = None
    name: str = ""


class TagFile(msgspec.Struct, kw_only=True, rename="camel"):
    """Tags to add to a file or folder and to take from it."""

    account_id: str
    file_id: str
    add: list[str] = msgspec.field(default_factory=list)
    remove: list[str] = msgspec.field(default_factory=list)


class TrashFile(msgspec.Struct, kw_only=True, rename="camel"):
    """A file or folder for the trash, from where it can be brought back."""

    account_id: str
    file_id: str


class FileTools:
    """The tools over one store."""

    def __init__(self, kept: Store) -> None:
        self._store = kept

    def all(self) -> Sequence[Tool]:
        """Their declarations."""
        return (
            Tool("files.list", "Look into a folder", ListFolder, "read", self.look),
            Tool("files.create_folder", "Make a folder", CreateFolder, "change", self.create_folder),
            Tool("files.write_text", "Write a text file", WriteText, "change", self.write_text),
            Tool("files.move", "Move or rename a file", MoveFile, "change", self.move),
            Tool("files.tag", "Tag a file", TagFile, "change", self.tag),
            Tool("files.trash", "Put a file into the trash", TrashFile, "change", self.trash),
        )

    async def look(self, principal: Principal, given: ListFolder) -> list[dict[str, Any]]:
        """What a folder holds. Raises NotFound."""
        account_id, folder_id = _number(given.account_id), _folder(given.folder_id)
        if folder_id:
            await service.find(self._store.db, principal, account_id, folder_id)
        found = await store.children(self._store.db, account_id, folder_id, principal)
        return [_shown(node) for node in found[:_LISTED]]

    async def create_folder(self, principal: Principal, given: CreateFolder) -> dict[str, str]:
        """Makes a folder. Raises NotFound, Forbidden, Conflict."""

        async def work(unit: Unit) -> Node:
            where = await service.place(unit, principal, _number(given.account_id), _folder(given.folder_id))
            return await service.add(unit, principal, where, given.name, None)

        return {"fileId": ids.text((await self._store.write(work)).id)}

    async def write_text(self, principal: Principal, given: WriteText) -> dict[str, Any]:
        """Writes a text. What a file held before stays as a version. Raises NotFound, Forbidden, OverQuota."""
        if len(given.text) > _LONGEST_TEXT:
            raise Invalid(f"at most {_LONGEST_TEXT} characters", field="text")
        raw = given.text.encode("utf-8", "replace")
        digest, step = await self._store.blobs.join(raw)

        async def work(unit: Unit) -> Node:
            await step(unit)
            account_id = _number(given.account_id)
            if given.file_id:
                node = await service.find(unit, principal, account_id, _number(given.file_id))
                return await service.write(unit, principal, node, Content(digest, len(raw), node.media_type))
            where = await service.place(unit, principal, account_id, _folder(given.folder_id))
            name = await service.free_name(unit, where, node_name(given.name))
            return await service.add(unit, principal, where, name, Content(digest, len(raw), "text/plain"))

        node = await self._store.write(work)
        return {"fileId": ids.text(node.id), "name": node.name, "version": node.number}

    async def move(self, principal: Principal, given: MoveFile) -> dict[str, str]:
        """Moves and renames; another name is found when this one is taken. Raises NotFound, Forbidden, Invalid."""

        async def work(unit: Unit) -> str:
            account_id = _number(given.account_id)
            node = await service.find(unit, principal, account_id, _number(given.file_id))
            where = await _target(unit, principal, node, given.folder_id)
            wanted = node_name(given.name or node.name)
            if (where.id, wanted) != (node.parent_id, node.name):
                wanted = await service.free_name(unit, where, wanted, folder=node.folder)
            await service.move(unit, principal, node, where, wanted)
            return wanted

        return {"name": await self._store.write(work)}

    async def tag(self, principal: Principal, given: TagFile) -> dict[str, list[str]]:
        """Adds and removes tags. Raises NotFound, Forbidden, Invalid."""

        async def work(unit: Unit) -> tuple[str, ...]:
            node = await service.find(unit, principal, _number(given.account_id), _number(given.file_id))
            tags = tags_of(dict.fromkeys({*node.tags, *given.add} - set(given.remove), True))
            return (await service.change(unit, principal, node, {"tags": tags})).tags

        return {"tags": list(await self._store.write(work))}

    async def trash(self, principal: Principal, given: TrashFile) -> dict[str, bool]:
        """Moves something into the trash. Raises NotFound, Forbidden."""

        async def work(unit: Unit) -> None:
            node = await service.find(unit, principal, _number(given.account_id), _number(given.file_id))
            await trash.put(unit, principal, node)

        await self._store.write(work)
        return {"trashed": True}


async def _target(unit: Unit, principal: Principal, node: Node, folder_id: str | None) -> Place:
    if folder_id is not None:
        return await service.place(unit, principal, node.account_id, _folder(folder_id))
    around = await store.by_id(unit, node.parent_id) if node.parent_id else None
    room = await store.room(unit, node.account_id)
    return Place(node.account_id, around.scope_id if around else room[0] if room else 0, around)


def _shown(node: Node) -> dict[str, Any]:
    return {
        "fileId": ids.text(node.id),
        "name": node.name,
        "folder": node.folder,
        "size": node.tree_bytes if node.folder else node.size,
        "type": node.media_type,
        "modified": date(node.modified_ms),
        "tags": list(node.tags),
    }


def _number(given: str) -> int:
    found = ids.parse(given)
    if found is None:
        raise NotFound("no such id")
    return found


def _folder(given: str) -> int:
    return _number(given) if given else 0
