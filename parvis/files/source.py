"""Files as search and the assistant read them: each file is an item with one document, each folder a name."""

from collections.abc import AsyncIterator
from functools import partial

from parvis.files import scan
from parvis.files import store as files
from parvis.files.model import KIND, Node
from parvis.kernel.knowledge import Document, Item, Origin
from parvis.search.newest import newest
from parvis.store.store import Store


class FileSource:
    """Implements kernel.knowledge.Source."""

    kind = KIND

    def __init__(self, store: Store) -> None:
        self._store = store

    async def item(self, account_id: int, object_id: int) -> Item | None:
        """The file, or None when it is gone or in the trash. Nothing of its bytes is read before a document is
        loaded."""
        node = await files.by_id(self._store.db, object_id, account_id)
        if node is None or node.role == "trash" or await self._is_trashed(node):
            return None
        author = await self._store.db.row("SELECT name, address FROM principal WHERE id = ?", node.content_by)
        return Item(
            account_id=account_id,
            scope_id=node.scope_id,
            kind=KIND,
            object_id=object_id,
            title=node.name,
            time_ms=node.content_ms,
            origin=_origin(node),
            author=author[0] if author else "",
            people=(f"{author[0]} <{author[1]}>" if author[1] else author[0],) if author else (),
            facets={"keywords": list(node.tags)},
            documents=() if node.folder or await self._is_infected(node) else (self._document(node),),
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

    async def _is_infected(self, node: Node) -> bool:
        """Whether ClamAV has found something: then nothing reads it, the index neither."""
        return (await scan.of(self._store.db, [node.hash])).get(node.hash) == "infected"

    async def _is_trashed(self, node: Node) -> bool:
        found = await self._store.db.value(
            """SELECT 1 FROM file_account a JOIN file_part p ON p.node_id = a.trash_id
            WHERE a.account_id = ? AND p.scope_id = ?""",
            node.account_id,
            node.scope_id,
        )
        return found is not None

    def every(self, account_id: int) -> AsyncIterator[int]:
        """All nodes of an account, newest first."""
        return newest(self._store.db, "file_node", account_id)


def _origin(node: Node) -> Origin:
    """Who wrote it: its owner, somebody else here, or nobody who has signed in (a link that takes uploads)."""
    if not node.content_by:
        return "outside"
    return "own" if node.content_by == node.account_id else "colleague"
