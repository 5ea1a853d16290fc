"""Files that are kept with events: who may read them, and that they go with their event, or when it no longer names
them. RFC 8607"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from parvis.access import parts
from parvis.access.principal import Principal
from parvis.calendar import draft, events
from parvis.calendar.draft import Draft, parsed
from parvis.calendar.model import SCOPE
from parvis.kernel import ids
from parvis.kernel.errors import NotFound, OverQuota, TooLarge
from parvis.serve import scheduling
from parvis.serve.http.exchange import Response
from parvis.serve.jmap.blobs import link
from parvis.serve.jmap.transfer import disposition
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.contentlines import Property
from parvis.wire.ical import managed
from parvis.wire.ical.itip.message import attendees
from parvis.wire.ical.managed import MANAGED_ID

LETTER = "k"
"""Blob ids of attachments: `k` and the attachment's id."""
LARGEST = 10_000_000
"""Bytes of one file."""
MOST = 50
"""Files of one event."""
MOST_BYTES = 2_000_000_000
"""Bytes of the files of an account's events."""
_PATH = re.compile(r"/attachments/([a-z2-9]{13})/")
COLUMNS = "a.id, a.account_id, a.event_id, a.hash, a.size, a.name, a.media_type"
"""What a Row is made of."""


@dataclass(frozen=True, slots=True)
class Row:
    """An attachment as it is kept."""

    id: int
    account_id: int
    event_id: int
    hash: str
    size: int
    name: str
    media_type: str

    def href(self, base: str) -> str:
        """Its address, below that of the server."""
        return f"{base}/attachments/{ids.text(self.id)}/{quote(self.name, safe='')}"

    def property(self, base: str) -> Property:
        """As an event names it. RFC 8607 §4"""
        params = {MANAGED_ID: [ids.text(self.id)], "SIZE": [str(self.size)], "FILENAME": [self.name]}
        params |= {"FMTTYPE": [self.media_type]} if self.media_type else {}
        return Property("ATTACH", self.href(base), params)


def answer(store: Store, row: Row, more: Sequence[tuple[str, str]] = ()) -> Response:
    """A file as it is sent to somebody who may read it."""
    headers = [
        ("content-type", row.media_type or "application/octet-stream"),
        ("content-disposition", disposition("attachment", row.name)),
        ("content-length", str(row.size)),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("cache-control", "private, no-cache"),
        ("etag", f'"{row.hash[:24]}"'),
        *more,
    ]
    return Response(200, store.blobs.stream(row.hash), headers)


def named(href: str, base: str) -> str | None:
    """The id of the attachment that is at an address; None for what is elsewhere."""
    found = _PATH.match(href.removeprefix(base)) if href.startswith(base) else None
    return found[1] if found is not None else None


async def add(unit: Unit, account_id: int, digest: str, size: int, name: str, media_type: str) -> Row:
    """Keeps a file for an event that is written in the same unit. Raises TooLarge, OverQuota."""
    if size > LARGEST:
        raise TooLarge(f"a file of an event has at most {LARGEST} bytes", limit=LARGEST)
    held = await unit.value("SELECT SUM(size) FROM calendar_attachment WHERE account_id = ?", account_id)
    if int(held or 0) + size > MOST_BYTES:
        raise OverQuota(f"the files of events have at most {MOST_BYTES} bytes together")
    clean = "".join(each for each in name if each.isprintable() and each not in '"/\\').strip()[:200] or "file"
    row = Row(ids.new_id(), account_id, 0, digest, size, clean, media_type[:100])
    await unit.run(
        """INSERT INTO calendar_attachment (id, account_id, event_id, hash, size, name, media_type)
        VALUES (?, ?, ?, ?, ?, ?, ?)""",
        row.id,
        row.account_id,
        row.event_id,
        row.hash,
        row.size,
        row.name,
        row.media_type,
    )
    await link(unit, digest, account_id, events.ATTACHMENT, row.id, size, row.media_type)
    return row


async def cloned(unit: Unit, made: Draft, account_id: int, base: str) -> Draft:
    """An event for another account, with files of its own instead of those of the event that it is copied from."""
    series = made.series
    for each in sorted(managed.ids_of(series))[:MOST]:
        row = await unit.row(
            f"SELECT {COLUMNS} FROM calendar_attachment a WHERE a.id = ? AND a.event_id <> 0", ids.parse(each) or 0
        )
        if row is not None:
            known = Row(*row)
            fresh = await add(unit, account_id, known.hash, known.size, known.name, known.media_type)
            change = managed.exchanged_for(each, fresh.property(base))
            series = managed.changed(series, managed.having(series, each), change)
    return made if series is made.series else draft.made(series, made.data)


async def readable(db: Any, principal: Principal, number: int) -> Row:
    """An attachment, for who may read its event or is invited to it. Raises NotFound. RFC 8607 §7"""
    row = await db.row(
        f"""SELECT {COLUMNS}, e.calendar_id, e.privacy, e.etag, o.data FROM calendar_attachment a
        JOIN calendar_event e ON e.id = a.event_id JOIN calendar_object o ON o.event_id = e.id WHERE a.id = ?""",
        number,
    )
    if row is None:
        raise NotFound("no such attachment")
    calendar_id, privacy, etag, data = row[7:]
    access = (await parts.several(db, principal, SCOPE, [calendar_id])).get(calendar_id)
    if access is not None and (access.owner or not privacy):
        return Row(*row[:7])
    mine = await scheduling.me(db, principal.id)
    if not any(name in mine for each in parsed(etag, data).components for name in attendees(each)):
        raise NotFound("no such attachment")
    return Row(*row[:7])
