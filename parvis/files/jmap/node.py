"""FileNode/get: nodes as the asker may see them. draft-ietf-jmap-filenode §3.2.1

A node whose folder the asker may not see is at the top for them (`parentId` null): of what is around a shared
folder they learn nothing, not even that it is there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from parvis.access import parts
from parvis.access.gate import Access
from parvis.files import person, scan, store, trash
from parvis.files.model import RIGHTS, SCOPE, Node
from parvis.files.trash import Trashed
from parvis.kernel import clock, ids
from parvis.serve.jmap import shares
from parvis.serve.jmap.blobs import blob_id
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.kind import GetArguments
from parvis.serve.jmap.types import Object
from parvis.store.sql.contract import marks

_OWN = frozenset({"isFavourite", "opened", "isSubscribed"})


class FileNodeGetArguments(GetArguments):
    """draft-ietf-jmap-filenode §3.2.1"""

    fetch_parents: bool = False


@dataclass(slots=True)
class _Around:
    """What is told of nodes beside their rows."""

    parts: dict[int, Access]
    hidden: set[int] = field(default_factory=set)
    """Folders that the asker may not see."""
    shared: dict[int, int] = field(default_factory=dict)
    """Nodes that are parts of their own, with the part."""
    shares: dict[int, Object | None] = field(default_factory=dict)
    own: dict[int, person.Own] = field(default_factory=dict)
    trashed: dict[int, Trashed] = field(default_factory=dict)
    scans: dict[str, str] = field(default_factory=dict)


async def read(call: Call, numbers: Sequence[int] | None, wanted: frozenset[str]) -> list[Object]:
    """The nodes, and with `fetchParents` the folders they are in."""
    if numbers is None:
        most = call.context.settings.limits.objects_in_get
        nodes = await store.first(call.db, call.account_id, call.principal, most + 1)
    else:
        nodes = await store.several(call.db, call.account_id, numbers, call.principal)
    if getattr(call.arguments, "fetch_parents", False):
        nodes += await _parents(call, nodes)
    around = await _around(call, nodes, wanted)
    return [_shown(node, around) for node in nodes]


async def _parents(call: Call, nodes: Sequence[Node]) -> list[Node]:
    """The folders above nodes, level by level, as far as the asker may see them."""
    known, found = {node.id for node in nodes}, list[Node]()
    level = list(nodes)
    while missing := sorted({node.parent_id for node in level if node.parent_id} - known):
        level = await store.several(call.db, call.account_id, missing, call.principal)
        found += level
        known |= set(missing)
    return found


async def _around(call: Call, nodes: Sequence[Node], wanted: frozenset[str]) -> _Around:
    db: Any = call.db
    seen = await parts.readable(db, call.principal, call.account_id, SCOPE)
    around = _Around({access.scope.id: access for access in seen})
    numbers = [node.id for node in nodes]
    if "parentId" in wanted and not call.access.owner:
        around.hidden = await _hidden(call, nodes, set(around.parts))
    if "shareWith" in wanted:
        around.shared = await _shared(call, numbers)
        around.shares = await shares.read(call.db, call.principal, list(around.shared.values()), RIGHTS)
    if wanted & _OWN:
        around.own = await person.of(call.db, call.principal, numbers)
    if "scan" in wanted and call.context.settings.files.clamd:
        around.scans = await scan.of(call.db, [node.hash for node in nodes])
    if "trashed" in wanted:
        around.trashed = await trash.of(call.db, numbers)
    return around


async def _hidden(call: Call, nodes: Sequence[Node], visible: set[int]) -> set[int]:
    wanted = sorted({node.parent_id for node in nodes if node.parent_id})
    hidden: set[int] = set()
    for start in range(0, len(wanted), store.PAGE):
        page = wanted[start : start + store.PAGE]
        rows = await call.db.rows(f"SELECT id, scope_id FROM file_node WHERE id IN {marks(len(page))}", *page)
        hidden |= {number for number, scope_id in rows if scope_id not in visible}
    return hidden


async def _shared(call: Call, numbers: Sequence[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for start in range(0, len(numbers), store.PAGE):
        page = numbers[start : start + store.PAGE]
        rows = await call.db.rows(
            f"SELECT node_id, scope_id FROM file_part WHERE node_id IN {marks(len(page))}", *page
        )
        found |= dict(rows)
    return found


def date(milliseconds: int) -> str:
    """A time as JMAP's UTCDate, with milliseconds when there are any. RFC 8620 §1.4"""
    if milliseconds % 1000:
        return clock.from_ms(milliseconds).isoformat(timespec="milliseconds")[:-6] + "Z"
    return clock.utc_date(milliseconds)


def _shown(node: Node, around: _Around) -> Object:
    access = around.parts[node.scope_id]
    own = around.own.get(node.id, person.NOTHING)
    visible = bool(node.parent_id) and node.parent_id not in around.hidden
    return {
        "id": ids.text(node.id),
        "parentId": ids.text(node.parent_id) if visible else None,
        "name": node.name,
        "target": None,
        "created": date(node.created_ms),
        "modified": date(node.modified_ms),
        "accessed": date(node.accessed_ms),
        "changed": date(node.changed_ms),
        "executable": node.executable,
        "isSubscribed": own.subscribed,
        "myRights": shares.mine(access, RIGHTS),
        "shareWith": around.shares.get(around.shared.get(node.id, 0)),
        "role": node.role or None,
        "tags": dict.fromkeys(node.tags, True),
        "isFavourite": own.favourite,
        "opened": date(own.opened_ms) if own.opened_ms else None,
        "createdBy": ids.text(node.created_by) if node.created_by else None,
        "changedBy": ids.text(node.changed_by) if node.changed_by else None,
        "scan": around.scans.get(node.hash),
        "trashed": _trashed(around.trashed.get(node.id)),
        **(_of_folder(node) if node.folder else _of_file(node)),
    }


def _of_folder(node: Node) -> Object:
    return {
        "nodeType": "directory",
        "blobId": None,
        "size": None,
        "type": None,
        "version": 1,
        "etag": None,
        "sha256": None,
        "childCount": node.tree_nodes,
        "treeSize": node.tree_bytes,
    }


def _of_file(node: Node) -> Object:
    return {
        "nodeType": "file",
        "blobId": blob_id(node.hash),
        "size": node.size,
        "type": node.media_type,
        "version": node.number,
        "etag": node.etag.strip('"'),
        "sha256": node.hash,
        "childCount": None,
        "treeSize": None,
    }


def _trashed(kept: Trashed | None) -> Object | None:
    if kept is None:
        return None
    return {
        "date": date(kept.trashed_ms),
        "by": ids.text(kept.trashed_by) if kept.trashed_by else None,
        "parentId": ids.text(kept.parent_id) if kept.parent_id else None,
        "name": kept.name,
    }
