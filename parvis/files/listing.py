"""What a folder holds in columns, for WebDAV: of ten thousand files only what is asked of them is read, and nothing
is made for each but what is said of it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec

from parvis.access import parts
from parvis.access.gate import VISIBLE, Access, visible
from parvis.access.principal import Principal
from parvis.files.model import SCOPE, etag
from parvis.serve.dav.listing import Rows
from parvis.serve.dav.tree import Node
from parvis.store.sql.contract import Database

_ALWAYS = ("id", "name", "folder", "scope_id")
_NEEDED = {
    "etag": ("hash", "number", "tree_modseq"),
    "state": ("tree_modseq",),
    "size": ("size",),
    "media_type": ("media_type",),
    "created_ms": ("created_ms",),
    "modified_ms": ("modified_ms",),
    "own": ("size", "hash", "tree_bytes"),
}
"""Of which columns fields of Node are made."""


class Held(msgspec.Struct, frozen=True, gc=False):
    """What a member has in `own`: of a model.Node as much as a listing says of it."""

    folder: int
    size: int
    hash: str
    tree_bytes: int


class _Files(Rows):
    """A page of members of a folder, as the columns of their table."""

    def __init__(self, found: Mapping[str, Sequence[Any]], around: Node, rights: Mapping[int, Access]) -> None:
        super().__init__(found, around, {})
        self._rights = rights

    def column(self, name: str) -> Sequence[Any]:
        """See Members."""
        found = self.found
        match name:
            case "shape":
                return ["folder" if folder else "resource" for folder in found["folder"]]
            case "access":
                return [self._rights[scope_id] for scope_id in found["scope_id"]]
            case "etag":
                return list(map(etag, *(found[each] for each in ("folder", "id", "tree_modseq", "hash", "number"))))
            case "state":
                return [
                    modseq if folder else None
                    for folder, modseq in zip(found["folder"], found["tree_modseq"], strict=True)
                ]
            case "own":
                return list(map(Held, *(found[each] for each in Held.__struct_fields__)))
        return super().column(name)


async def listed(
    db: Database, principal: Principal, node: Node, fields: frozenset[str] | None, page: int
) -> AsyncIterator[_Files]:
    """What is directly in a folder, as far as a principal may read it: see Tree.listed."""
    wanted = _NEEDED.keys() if fields is None else fields
    names = tuple(dict.fromkeys((*_ALWAYS, *(each for field in wanted for each in _NEEDED.get(field, ())))))
    rights, after = {node.access.scope.id: node.access}, ""
    while True:
        rows = await db.rows(
            f"""SELECT {", ".join(names)} FROM file_node WHERE account_id = ? AND parent_id = ? AND name > ?
            AND scope_id IN {VISIBLE} AND role <> 'trash' ORDER BY name LIMIT ?""",
            node.account_id,
            node.own.id if node.own else 0,
            after,
            *visible(principal),
            page,
        )
        if rows:
            columns = dict(zip(names, zip(*rows, strict=True), strict=True))
            if others := sorted(set(columns["scope_id"]) - rights.keys()):
                rights |= await parts.several(db, principal, SCOPE, others)
            yield _Files(columns, node, rights)
            after = columns["name"][-1]
        if len(rows) < page:
            return
