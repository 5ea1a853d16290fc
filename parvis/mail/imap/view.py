"""A selected mailbox as one session sees it: which uid has which sequence number, and what has changed since the
session was last told. RFC 9051 §2.3.1"""

import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from parvis.access.gate import Access
from parvis.access.principal import Right
from parvis.mail.imap.contents import Contents, Flagged, fresh_in, gone_from, uids_in
from parvis.mail.mailboxes import MailboxRow
from parvis.mail.store import KIND
from parvis.store.sql.contract import Database, Row, marks
from parvis.store.unit import Unit
from parvis.wire.imap.numbers import LARGEST, Numbers, compressed

PAGE = 500
"""Messages that are read together."""
_SPARSE = 4
_MESSAGES = f"""SELECT m.uid, e.id, e.thread_id, e.blob, e.size, e.received_ms, e.keywords, c.modseq,
    e.has_attachment, 0, COALESCE(m.saved_ms, m.received_ms) FROM email_mailbox m JOIN email e ON e.id = m.email_id
    LEFT JOIN change c ON c.account_id = ? AND c.kind = '{KIND}' AND c.object_id = e.id
    WHERE m.mailbox_id = ? AND {{}}
    UNION ALL SELECT d.uid, d.email_id, d.thread_id, d.blob, d.size, d.received_ms, d.keywords, d.modseq, 1, 1,
    COALESCE(d.saved_ms, d.received_ms)
    FROM deleted_email d WHERE d.mailbox_id = ? AND {{}} ORDER BY 1"""
_CHANGED = f"""SELECT m.uid, e.keywords, c.modseq FROM change c JOIN email_mailbox m ON m.email_id = c.object_id
    JOIN email e ON e.id = c.object_id
    WHERE c.account_id = ? AND c.kind = '{KIND}' AND c.modseq > ? AND c.destroyed = 0 AND m.mailbox_id = ?"""
_MARKED_SINCE = "SELECT uid, keywords, modseq FROM deleted_email WHERE mailbox_id = ? AND modseq > ?"


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the mailbox. `deleted` says that it is marked so; see mail.deleted."""

    uid: int
    email_id: int
    thread_id: int
    blob: str
    size: int
    received_ms: int
    keywords: frozenset[str]
    modseq: int
    has_attachment: bool
    """Or may have one."""
    deleted: bool
    saved_ms: int
    """When it was put into the mailbox. RFC 8514 §3"""


@dataclass(slots=True)
class News:
    """What a session is to be told: sequence numbers that are gone, each as it is when those before it are gone;
    uids that are gone; whether there are more messages; changed flags."""

    expunged: list[int] = field(default_factory=list)
    vanished: list[int] = field(default_factory=list)
    grown: bool = False
    destroyed: bool = False
    """The mailbox itself is gone."""
    flags: list[Flagged] = field(default_factory=list)
    touched: list[int] = field(default_factory=list)
    """Uids that are new or have changed, those too that the session knows of."""

    def number_before(self, view: "View", uid: int) -> int:
        """The sequence number that a uid had before those that are gone were taken out of the view."""
        return bisect_left(view.uids, uid) + bisect_left(self.vanished, uid) + 1


class View:
    """See the module."""

    def __init__(self, name: str, access: Access, row: MailboxRow, read_only: bool) -> None:
        self.name, self.access, self.read_only = name, access, read_only
        self.account_id, self.mailbox_id, self.uid_validity = access.scope.account_id, row.id, row.uid_validity
        self.uids: array[int] = array("I")
        self.modseq = 0
        self.saved: list[int] = []
        """The uids of the last SEARCH that asked to SAVE them. RFC 9051 §6.4.4.1"""
        self.recent: list[range] = []
        r"""Uids that are \Recent in this session."""
        self._told: dict[int, int] = {}
        self.said: set[str] = set()
        """See Contents."""

    def is_recent(self, uid: int) -> bool:
        r"""Whether a message is \Recent. RFC 3501 §2.3.2"""
        return any(uid in span for span in self.recent)

    def recent_among(self, first: int, last: int) -> bool | None:
        r"""Whether all messages from one uid to another are \Recent, or none is; None when some are."""
        spans = [span for span in self.recent if span.start <= last and first < span.stop]
        if not spans:
            return False
        return True if any(span.start <= first and last < span.stop for span in spans) else None

    def count_recent(self) -> int:
        """How many are."""
        return sum(bisect_left(self.uids, span.stop) - bisect_left(self.uids, span.start) for span in self.recent)

    def may(self, right: Right) -> bool:
        """Whether the session may do this here."""
        return not self.read_only and right in self.access.rights

    def load(self, contents: Contents) -> None:
        """Begins with what is in the mailbox now."""
        self.uids, self.modseq, self.said = contents.uids[:], contents.modseq, contents.said

    async def vanished(self, db: Database, since: int, within: Numbers | None) -> str:
        """The uids that left the mailbox after a modseq, of those in a set, as a set; empty for none. Where they
        are not remembered any more, all that are missing. RFC 7162 §3.2.6, §3.2.10.2, §5.3"""
        row = await db.row("SELECT vanished_until, uid_next FROM mailbox WHERE id = ?", self.mailbox_id)
        until, uid_next = row or (0, 1)
        if since < until:
            return self._missing(within or Numbers(((1, None),)), uid_next - 1)
        gone = sorted(uid for uid in await gone_from(db.scan, self.mailbox_id, since) if not self.sequence(uid))
        return compressed(uid for uid in gone if within is None or within.contains(uid, LARGEST))

    def _missing(self, numbers: Numbers, last: int) -> str:
        """Those of a set up to `last` that are not in the mailbox."""
        found = []
        for span in numbers.resolve(last):
            first = span.start
            there = self.uids[bisect_left(self.uids, span.start) : bisect_left(self.uids, span.stop)]
            for uid in [*there, span.stop]:
                if first < uid:
                    found.append((first, uid - 1))
                first = uid + 1
        return str(Numbers(tuple(found)))

    def told(self, flags: Iterable[Flagged]) -> None:
        """Notes that the session knows these flags already."""
        self._told.update({one.uid: one.modseq for one in flags if one.modseq > self.modseq})

    def wrote(self, since: int, until: int) -> None:
        """Passes over what the session did itself and was told of, when nothing else has happened meanwhile: its
        unit found the account's clock at `since` and left it at `until`."""
        if since == self.modseq:
            self.modseq = until

    async def news(self, db: Database, *, expunges: bool = True) -> News:
        """What has changed, after which this view is as the database. Without `expunges` nothing may go, and what
        has gone is told the next time."""
        now = await _modseq(db, self.account_id)
        found = News()
        if now == self.modseq:
            return found
        until = await db.value("SELECT vanished_until FROM mailbox WHERE id = ?", self.mailbox_id)
        if until is None:
            found.destroyed = True
            return found
        if self.modseq < until:
            gone = set(self.uids) - set(await uids_in(db, self.mailbox_id))
        else:
            gone = await gone_from(db.rows, self.mailbox_id, self.modseq)
        fresh = await fresh_in(db.rows, self.mailbox_id, self.uids[-1] if self.uids else 0)
        self.uids.extend(fresh)
        found.grown = bool(fresh)
        found.flags, found.touched = await self._flags(db, fresh)
        leaving = sorted(uid for uid in gone if self.sequence(uid))
        if leaving and not expunges:
            found.flags = [one for one in found.flags if one.uid not in gone]
            return found  # the clock stays: they are found again
        found.vanished = leaving
        for uid in leaving:
            place = bisect_left(self.uids, uid)
            found.expunged.append(place + 1)
            del self.uids[place]
        self.modseq = now
        self._told = {uid: modseq for uid, modseq in self._told.items() if modseq > now}
        return found

    async def _flags(self, db: Database, fresh: Sequence[int]) -> tuple[list[Flagged], list[int]]:
        """What is to be told of flags, and the uids of all that has changed or is new."""
        found = await self.changed(db, self.modseq)
        changed = [one for one in found if self._told.get(one.uid, 0) < one.modseq]
        self.told(changed)
        new = set(fresh)
        return [one for one in changed if one.uid not in new], [*fresh, *(one.uid for one in found)]

    async def changed(self, db: Database, since: int, *, long_ago: bool = False) -> list[Flagged]:
        """Messages that are there and changed after a modseq, by uid."""
        read = db.scan if long_ago else db.rows
        live = await read(_CHANGED, self.account_id, since, self.mailbox_id)
        marked = await db.rows(_MARKED_SINCE, self.mailbox_id, since)
        found = [Flagged(row[0], words(row[1]), row[2], False) for row in live]
        found += [Flagged(row[0], words(row[1]), row[2], True) for row in marked]
        return sorted(found, key=lambda one: one.uid)

    def sequence(self, uid: int) -> int:
        """The sequence number of a uid; 0 when it is not there."""
        place = bisect_left(self.uids, uid)
        return place + 1 if place < len(self.uids) and self.uids[place] == uid else 0

    def sequences(self, uids: Sequence[int]) -> list[int]:
        """The sequence numbers of ascending uids, 0 for what is not there."""
        if not uids or not self.uids:
            return [0] * len(uids)
        first = bisect_left(self.uids, uids[0])
        span = self.uids[first : bisect_right(self.uids, uids[-1])]
        if len(span) == len(uids) and span.tolist() == list(uids):
            return list(range(first + 1, first + 1 + len(uids)))
        if len(span) > 16 * len(uids):
            return [self.sequence(uid) for uid in uids]
        places = dict(zip(span, range(first + 1, first + 1 + len(span)), strict=True))
        return [places.get(uid, 0) for uid in uids]

    def chosen(self, numbers: Numbers, *, uid: bool) -> Sequence[int]:
        """The uids that a sequence set means, in order."""
        if numbers.saved:
            return [one for one in self.saved if self.sequence(one)]
        if not self.uids:
            return []
        found: list[int] = []
        for span in numbers.resolve(self.uids[-1] if uid else len(self.uids)):
            if uid:
                found += self.uids[bisect_left(self.uids, span.start) : bisect_right(self.uids, span.stop - 1)]
            else:
                found += self.uids[span.start - 1 : span.stop - 1]
        return found

    async def messages(self, db: Database | Unit, uids: Sequence[int]) -> list[Message]:
        """Those of the uids that are there, in order; at most PAGE uids."""
        if not uids:
            return []
        if uids[-1] - uids[0] < _SPARSE * len(uids):
            where, span = "uid >= ? AND {}.uid <= ?", [uids[0], uids[-1]]
        else:
            where, span = f"uid IN {marks(len(uids))}", list(uids)
        sql = _MESSAGES.format("m." + where.format("m"), "d." + where.format("d"))
        rows = await db.rows(sql, self.account_id, self.mailbox_id, *span, self.mailbox_id, *span)
        wanted = set(uids)
        return [message(row) for row in rows if row[0] in wanted]


async def headers_of(db: Database, messages: Sequence[Message]) -> dict[int, bytes]:
    """The header blocks that are stored, by message."""
    numbers = [one.email_id for one in messages if not one.deleted]
    rows = await db.rows(
        f"SELECT email_id, headers FROM email_part WHERE email_id IN {marks(len(numbers))}", *numbers
    )
    return {row[0]: zlib.decompress(row[1]) for row in rows}


def paged(uids: Sequence[int], size: int = PAGE) -> Iterator[Sequence[int]]:
    """Uids in pieces that are read together."""
    for start in range(0, len(uids), size):
        yield uids[start : start + size]


def message(row: Row) -> Message:
    """A row of the statement above."""
    uid, email_id, thread_id, blob, size, received_ms, keywords, modseq, attached, deleted, saved_ms = row
    held = words(keywords)
    return Message(
        uid,
        email_id,
        thread_id,
        blob,
        size,
        received_ms,
        held,
        modseq or 1,
        bool(attached),
        bool(deleted),
        saved_ms,
    )


@lru_cache(4096)
def words(stored: str) -> frozenset[str]:
    """Keywords as they are stored."""
    return frozenset(stored.split())


async def _modseq(db: Database, account_id: int) -> int:
    return int(await db.value("SELECT modseq FROM account WHERE id = ?", account_id) or 0)
