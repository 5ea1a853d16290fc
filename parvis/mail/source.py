"""Mail as search and the assistant read it: each message is an item, its body and each attachment a document."""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

import msgspec

from parvis.access import directory
from parvis.kernel.errors import Invalid
from parvis.kernel.knowledge import Document, Item, Origin
from parvis.mail import store as mailstore
from parvis.mail.model import SCOPE
from parvis.mail.structure import Node, Structure, body_part
from parvis.store.store import Store
from parvis.wire import mime
from parvis.wire.text import html_to_text

_PAGE = 1000
_MOST_PEOPLE = 50
_summary = msgspec.json.Decoder(dict[str, Any])


class MailSource:
    """Implements kernel.knowledge.Source."""

    kind = "Email"

    def __init__(self, store: Store) -> None:
        self._store = store

    async def item(self, account_id: int, object_id: int) -> Item | None:
        """The message, or None when it is gone. Nothing of its bytes is read before a document is loaded."""
        db = self._store.db
        rows = await mailstore.rows_of(db, account_id, [object_id])
        scope_id = await db.value("SELECT id FROM scope WHERE account_id = ? AND kind = ?", account_id, SCOPE)
        if not rows or scope_id is None:
            return None
        _, _, digest, _, received_ms, keywords, packed = rows[0]
        summary = _summary.decode(packed)
        structure, _ = (await mailstore.parts_of(db, [object_id]))[object_id]
        boxes = (await mailstore.mailboxes_of(db, [object_id]))[object_id]
        return Item(
            account_id=account_id,
            scope_id=scope_id,
            kind=self.kind,
            object_id=object_id,
            title=summary["subject"] or "",
            time_ms=received_ms,
            origin=await self._origin(account_id, summary["from"]),
            author=_shown(summary["from"][0]) if summary["from"] else "",
            people=_people(summary),
            facets={
                "hasAttachment": summary["hasAttachment"],
                "mailboxIds": boxes,
                "keywords": keywords.split(),
            },
            documents=self._documents(digest, structure, summary["subject"] or ""),
        )

    async def _origin(self, account_id: int, senders: Sequence[dict[str, str | None]] | None) -> Origin:
        """Who wrote it, by the From address: the label that travels into a prompt. trust.md"""
        given = (senders or [{}])[0].get("email") or ""
        try:
            address = directory.normal(given)
        except Invalid:
            return "outside"
        owner = await self._store.db.value("SELECT principal_id FROM address WHERE address = ?", address)
        if owner is None:
            sql = "SELECT account_id FROM external_account WHERE account_id = ? AND address = ?"
            owner = await self._store.db.value(sql, account_id, address)
        if owner is None:
            return "outside"
        return "own" if owner == account_id else "colleague"

    def _documents(self, digest: str, structure: Structure, subject: str) -> tuple[Document, ...]:
        leaves = structure.leaves()
        shown = [leaves[section] for section in structure.text if leaves[section].is_text]
        found = []
        if shown:
            found.append(
                Document(
                    part="body",
                    title=subject,
                    media_type="text/plain",
                    load=partial(self._body, digest, shown),
                    size=sum(node.size for node in shown),
                )
            )
        for section in structure.attachments:
            node = leaves[section]
            found.append(
                Document(
                    part=section,
                    title=node.name or subject,
                    media_type=node.media_type,
                    load=partial(self._part, digest, node),
                    size=node.size,
                    file_name=node.name or "",
                )
            )
        return tuple(found)

    async def _body(self, digest: str, nodes: Sequence[Node]) -> bytes:
        """The words of the body as a person reads them, as UTF-8."""
        texts = []
        for node in nodes:
            raw = await self._store.blobs.get(digest, node.start, node.end)
            text = mime.decode_text(raw, body_part(node, len(raw))).text
            texts.append(html_to_text(text).text if node.media_type == "text/html" else text)
        return "\n\n".join(texts).encode("utf-8", "replace")

    async def _part(self, digest: str, node: Node) -> bytes:
        raw = await self._store.blobs.get(digest, node.start, node.end)
        return mime.decode_body(raw, body_part(node, len(raw)))

    async def every(self, account_id: int) -> AsyncIterator[int]:
        """All messages of an account, newest first."""
        moment, last = 2**62, 2**62
        while True:
            rows = await self._store.db.rows(
                """SELECT received_ms, id FROM email WHERE account_id = ? AND (received_ms, id) < (?, ?)
                ORDER BY received_ms DESC, id DESC LIMIT ?""",
                account_id,
                moment,
                last,
                _PAGE,
            )
            for moment, last in rows:  # noqa: B007 - the last pair is where the next page begins
                yield last
            if len(rows) < _PAGE:
                return


def _shown(person: dict[str, str | None]) -> str:
    name, email = person.get("name"), person.get("email") or ""
    return f"{name} <{email}>" if name else email


def _people(summary: dict[str, Any]) -> tuple[str, ...]:
    listed = (person for field in ("from", "to", "cc", "bcc", "replyTo") for person in summary[field] or ())
    return tuple(dict.fromkeys(_shown(person) for person in listed))[:_MOST_PEOPLE]
