"""Gathering what `suspicion` needs of a stored message: computed on reading, so that old messages have it too."""

from collections.abc import Mapping
from typing import Any

import msgspec

from parvis.access import directory
from parvis.kernel import clock
from parvis.kernel.errors import Invalid
from parvis.kernel.settings import Settings
from parvis.mail import store as mailstore
from parvis.mail import suspicion
from parvis.mail.structure import Structure, body_part
from parvis.mail.suspicion import Caution, Facts
from parvis.mail.textindex import text_index
from parvis.mail.words import words
from parvis.store.store import Store
from parvis.wire import authres, mime
from parvis.wire.text import links

_FRESH_MS = 60_000
_HTML_BYTES = 1_000_000
"""How much of the HTML of one message is looked through for links."""
_summary = msgspec.json.Decoder(dict[str, Any])
Names = Mapping[str, frozenset[str]]


class Warner:
    """Says what may be wrong with messages."""

    def __init__(self, keep: Store, settings: Settings) -> None:
        self._keep, self._settings = keep, settings
        self._names: tuple[int, Names] = (0, {})

    async def of(self, account_id: int, email_ids: list[int]) -> dict[int, list[Caution]]:
        """The warnings of each message that is in the account."""
        db = self._keep.db
        rows = await mailstore.rows_of(db, account_id, email_ids)
        parts = await mailstore.parts_of(db, [row[0] for row in rows])
        names = await self._colleagues()
        found = {}
        for number, _, digest, _, received_ms, _, packed in rows:
            summary, (structure, header) = _summary.decode(packed), parts[number]
            sender = (summary["from"] or [{}])[0]
            address = sender.get("email") or ""
            facts = Facts(
                name=sender.get("name") or "",
                address=address,
                reply_to=[each["email"] or "" for each in summary["replyTo"] or ()],
                dmarc=self._dmarc(header),
                is_known=await self._is_known(account_id, number, received_ms, address),
                links=await self._links(digest, structure),
                domains=self._settings.domains,
                colleagues=names,
            )
            found[number] = suspicion.warnings(facts)
        return found

    async def _colleagues(self) -> Names:
        """The addresses of the people here, by the form in which names are compared; read once a minute."""
        if clock.now_ms() - self._names[0] >= _FRESH_MS:
            rows = await self._keep.db.rows(
                """SELECT p.name, a.address FROM principal p JOIN address a ON a.principal_id = p.id
                WHERE p.kind = 'person' AND p.disabled_ms IS NULL"""
            )
            names: dict[str, frozenset[str]] = {}
            for name, address in rows:
                if key := suspicion.name_key(name):
                    names[key] = names.get(key, frozenset()) | {address}
            self._names = clock.now_ms(), names
        return self._names[1]

    def _dmarc(self, header: bytes) -> str:
        """What we found when the message came; "" for one that we did not examine."""
        for field in mime.parse(header).root.all(authres.FIELD):
            try:
                said = authres.parse(field.value.decode("latin-1"))
            except Invalid:
                continue
            if said.server.lower() == self._settings.hostname.lower():
                return next((one.value for one in said.results if one.method == "dmarc"), "")
        return ""

    async def _is_known(self, account_id: int, number: int, received_ms: int, address: str) -> bool:
        """Whether the sender wrote before (and not only into Junk), or was written to."""
        cut = words(address)
        if not cut:
            return True
        db = self._keep.db
        index = text_index(db.dialect, account_id)
        phrase = '"' + " ".join(cut) + '"'
        for fields in (("sender",), ("recipient", "copied")):
            subquery, parameters = index.matching(fields, phrase)
            known = await db.value(
                f"""SELECT 1 FROM email e WHERE e.account_id = ? AND e.id <> ? AND e.received_ms <= ?
                AND e.id IN {subquery} AND NOT EXISTS (SELECT 1 FROM email_mailbox p JOIN mailbox m
                ON m.id = p.mailbox_id WHERE p.email_id = e.id AND m.role = 'junk') LIMIT 1""",
                account_id,
                number,
                received_ms,
                *parameters,
            )
            if known is not None:
                return True
        return await directory.by_address(db, address) is not None

    async def _links(self, digest: str, structure: Structure) -> list[tuple[str, str]]:
        found, leaves = list[tuple[str, str]](), structure.leaves()
        for section in structure.html:
            node = leaves[section]
            if node.media_type == "text/html":
                raw = await self._keep.blobs.get(digest, node.start, min(node.end, node.start + _HTML_BYTES))
                found += links(mime.decode_text(raw, body_part(node, len(raw))).text)
        return found
