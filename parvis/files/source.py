"""Files as search and the assistant read them: each file is an item with one document, each folder a name."""

from collections.abc import AsyncIterator
from functools import partial

from parvis.files import store as files
from parvis.files.model import KIND, Node
from parvis.kernel.knowledge import Document, Item, Origin
from parvis.search.newest import newest
from parvis.store.store import Store

_ITEM = f"""SELECT {files.COLUMNS}, p.name, p.address, s.verdict FROM file_node n
    LEFT JOIN principal p ON p.id = n.content_by LEFT JOIN file_scan s ON s.hash = n.hash
    WHERE n.id = ? AND n.account_id = ? AND n.role <> 'trash' AND NOT EXISTS (SELECT 1 FROM file_account a
    JOIN file_part t ON t.node_id = a.trash_id WHERE a.account_id = n.account_id AND t.scope_id = n.scope_id)"""
"""A node that is not in the trash, who wrote its content, and what ClamAV says of that: what it has found nothing
reads, the index neither."""


class FileSource:
    """Implements kernel.knowledge.Source."""

    kind = KIND

    def __init__(self, store: Store) -> None:
        self._store = store

    async def item(self, account_id: int, object_id: int) -> Item | None:
        """The file, or None when it is gone or in the trash. Nothing of its bytes is read before a document is
        loaded."""
        row = await self._store.db.row(_ITEM, object_id, account_id)
        if row is None:
            return None
        node, (name, address, verdict) = files.node_of(row[:-3]), row[-3:]
        return Item(
            account_id=account_id,
            scope_id=node.scope_id,
            kind=KIND,
            object_id=object_id,
            title=node.name,
            time_ms=node.content_ms,
            origin=_origin(node),
            author=name or "",
            people=() if name is None else (f"{name} <{address}>" if address else name,),
            facets={"keywords": list(node.tags)},
            documents=() if node.folder or verdict == "infected" else (self._document(node),),
        )

    def _document(self, node: Node) -> Document:
        return Document(
            part="body",
            title=node.name,
            media_type=node.media_type,
            load=partial(self._store.blobs.get, node.hash),
            size=node.size,
            file_name=node.name,
        )

    def every(self, account_id: int) -> AsyncIterator[int]:
        """All nodes of an account, newest first."""
        return newest(self._store.db, "file_node", account_id)


def _origin(node: Node) -> Origin:
    """Who wrote it: its owner, somebody else here, or nobody who has signed in (a link that takes uploads)."""
    if not node.content_by:
        return "outside"
    return "own" if node.content_by == node.account_id else "colleague"
