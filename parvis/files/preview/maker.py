"""Making previews and keeping them: each once for an account, a few at a time, and none twice at once."""

import asyncio
from dataclasses import dataclass

from parvis.files.links import pages
from parvis.files.links.store import Link
from parvis.files.links.words import say
from parvis.files.model import Node
from parvis.files.preview.forms import LARGEST, form_of
from parvis.kernel import clock, ids
from parvis.kernel.languages import Language
from parvis.kernel.once import Once
from parvis.serve.jmap.blobs import link
from parvis.serve.pictures.maker import made
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.markup import escape

KIND = "FilePreview"
SIDES = (256, 1024)
"""Pixels of the longer side."""
_AT_ONCE = 2
_TEXT_BYTES = 64_000
_KEPT_MS = 30 * 86_400_000
_TOUCH_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Picture:
    """A preview: WebP in the blob store."""

    hash: str


class Previews:
    """Those of one store; `office` says whether LibreOffice may be asked."""

    def __init__(self, store: Store, *, office: bool) -> None:
        self._store, self._office = store, office
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._under_way: Once[tuple[int, str, int], Picture | None] = Once()

    async def of(self, node: Node, side: int) -> Picture | None:
        """The preview of a file, made now when there is none yet; None when there cannot be one. Says nothing about
        rights."""
        form = form_of(node.media_type, node.name, office=self._office)
        if node.folder or form in (None, "text") or not 0 < node.size <= LARGEST:
            return None
        row = await self._store.db.row(
            "SELECT id, picture, used_ms FROM file_preview WHERE account_id = ? AND hash = ? AND side = ?",
            node.account_id,
            node.hash,
            side,
        )
        if row is not None:
            if clock.now_ms() - row[2] > _TOUCH_MS:
                await self._store.write(lambda unit: _touch(unit, row[0]))
            return Picture(row[1]) if row[1] else None
        key = (node.account_id, node.hash, side)
        return await self._under_way.of(key, lambda: self._make(node, str(form), side))

    async def _make(self, node: Node, form: str, side: int) -> Picture | None:
        async with self._turns:
            content = await made(self._store.blobs, node.hash, form, side)
        digest = await self._store.blobs.put(content) if content else ""
        await self._store.write(lambda unit: _keep(unit, node, side, digest, len(content)))
        return Picture(digest) if digest else None

    async def text(self, node: Node) -> str | None:
        """The beginning of a text file; None for other files."""
        if node.folder or form_of(node.media_type, node.name, office=False) != "text":
            return None
        raw = await self._store.blobs.get(node.hash, 0, min(node.size, _TEXT_BYTES))
        return raw.decode("utf-8", "replace").replace("\0", "\ufffd")

    async def shown(self, link_: Link, node: Node, language: Language) -> str:
        """A preview as HTML, for the page of a link."""
        if (text := await self.text(node)) is not None:
            return f"<pre>{escape(text)}</pre>"
        if await self.of(node, SIDES[1]) is None:
            return f"<p>{escape(say('no_preview', language))}</p>"
        return f'<img src="{pages.address(link_, node)}?preview=1" alt="{escape(node.name)}">'


async def _touch(unit: Unit, preview_id: int) -> None:
    await unit.run("UPDATE file_preview SET used_ms = ? WHERE id = ?", clock.now_ms(), preview_id)


async def _keep(unit: Unit, node: Node, side: int, digest: str, size: int) -> None:
    number = ids.new_id()
    fresh = await unit.run(
        """INSERT INTO file_preview (id, account_id, hash, side, picture, used_ms) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (account_id, hash, side) DO NOTHING""",
        number,
        node.account_id,
        node.hash,
        side,
        digest,
        clock.now_ms(),
    )
    if fresh and digest:
        await link(unit, digest, node.account_id, KIND, number, size, "image/webp")


async def forget(store: Store) -> int:
    """Drops previews that nobody has looked at for a month; part of the daily tidying. Returns how many."""
    gone = 0
    while rows := await store.db.rows(
        "SELECT id, account_id FROM file_preview WHERE used_ms < ? LIMIT 500", clock.now_ms() - _KEPT_MS
    ):

        async def work(unit: Unit, page: tuple[tuple[int, ...], ...] = tuple(map(tuple, rows))) -> None:
            for number, account_id in page:
                await unit.run("DELETE FROM file_preview WHERE id = ?", number)
                await unit.run(
                    "DELETE FROM blob_link WHERE account_id = ? AND kind = ? AND object_id = ?",
                    account_id,
                    KIND,
                    number,
                )

        await store.write(work)
        gone += len(rows)
    return gone
