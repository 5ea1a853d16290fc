"""What stands in the mailboxes that are open on this node, in memory for all their sessions: uids and flags as
packed numbers, 8 bytes a message, brought up to date by what the change log says. RFC 9051 §2.3"""

import asyncio
from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from parvis.mail.store import KIND
from parvis.store.sql.contract import Database, Row

_HELD = 4_000_000
"""Messages of all mailboxes that are kept, those asked for last."""
_MANY = 2000
"""Changes that are not read on the event loop."""
_CLOCK = "SELECT a.modseq, b.vanished_until FROM mailbox b JOIN account a ON a.id = b.account_id WHERE b.id = ?"
_UIDS = """SELECT (SELECT string_agg(CAST(uid AS TEXT), ',') FROM email_mailbox WHERE mailbox_id = ?),
    (SELECT string_agg(CAST(uid AS TEXT), ',') FROM deleted_email WHERE mailbox_id = ?)"""
_FLAGS = """SELECT m.uid, e.keywords, 0 FROM email_mailbox m JOIN email e ON e.id = m.email_id
    WHERE m.mailbox_id = ? UNION ALL SELECT uid, keywords, 1 FROM deleted_email WHERE mailbox_id = ? ORDER BY 1"""
_FRESH = """SELECT uid FROM email_mailbox WHERE mailbox_id = ? AND uid > ?
    UNION SELECT uid FROM deleted_email WHERE mailbox_id = ? AND uid > ? ORDER BY 1"""
_GONE = "SELECT uid FROM vanished_uid WHERE mailbox_id = ? AND modseq > ?"
_CHANGED = f"""SELECT m.uid, e.keywords, 0 FROM change c JOIN email_mailbox m ON m.email_id = c.object_id
    AND m.mailbox_id = ? JOIN email e ON e.id = c.object_id
    WHERE c.account_id = ? AND c.kind = '{KIND}' AND c.modseq > ? AND c.destroyed = 0
    UNION ALL SELECT uid, keywords, 1 FROM deleted_email WHERE mailbox_id = ? AND modseq > ?"""


Read = Callable[..., Awaitable[Sequence[Row]]]
"""`Database.rows`, or `scan` for what may take long."""


async def uids_in(db: Database, mailbox_id: int) -> list[int]:
    """All uids that are in a mailbox, in order."""
    ((live, marked),) = await db.scan(_UIDS, mailbox_id, mailbox_id)
    found = f"{live or ''},{marked or ''}".strip(",")
    return sorted(map(int, found.split(","))) if found else []


async def fresh_in(read: Read, mailbox_id: int, last: int) -> list[int]:
    """The uids of a mailbox above one, in order."""
    return [row[0] for row in await read(_FRESH, mailbox_id, last, mailbox_id, last)]


async def gone_from(read: Read, mailbox_id: int, since: int) -> set[int]:
    """The uids that left a mailbox after a modseq, as far as they are remembered."""
    return {row[0] for row in await read(_GONE, mailbox_id, since)}


class Form(NamedTuple):
    r"""The flags that some messages have: keywords as they are stored, and whether \Deleted is among them."""

    keywords: str
    deleted: bool


@dataclass(frozen=True, slots=True)
class Flagged:
    """The flags of a message."""

    uid: int
    keywords: frozenset[str]
    modseq: int
    deleted: bool


class Contents:
    """One mailbox as it was at `modseq`. Whoever reads it awaits nothing in between."""

    def __init__(self, account_id: int, mailbox_id: int) -> None:
        self._account_id, self._mailbox_id = account_id, mailbox_id
        self._turn = asyncio.Lock()
        self.modseq = 0
        self.uids: array[int] = array("I")
        self.forms: list[Form] = []
        """The different ones, in the order they were met."""
        self._numbers: dict[Form, int] = {}
        self.flags: array[int] | None = None
        """For each of the uids the place of its form in `forms`; None until somebody asks for flags."""
        self.said: set[str] = set()
        """The flags that clients were told of. One that comes back may remember them of messages, and is told of
        them again though nothing has them now. RFC 7162 §3.2.5"""

    async def refresh(self, db: Database, *, flags: bool) -> None:
        """Brings it up to date, and reads the flags when they are wanted."""
        async with self._turn:
            row = await db.row(_CLOCK, self._mailbox_id)
            if row is None:
                self.uids, self.flags, self.modseq = array("I"), None, 0
                return
            now, remembered = row
            if self.modseq < max(remembered, 1) or now < self.modseq or (flags and self.flags is None):
                await self._load(db, flags=flags or self.flags is not None)
            elif now != self.modseq and not await self._catch_up(db, now):
                await self._load(db, flags=self.flags is not None)
            self.modseq = now

    async def _load(self, db: Database, *, flags: bool) -> None:
        if flags:
            rows = await db.scan(_FLAGS, self._mailbox_id, self._mailbox_id)
            self.forms, self._numbers = [], {}
            self.uids = array("I", [row[0] for row in rows])
            self.flags = array("I", [self._number(Form(row[1], bool(row[2]))) for row in rows])
            return
        self.uids, self.flags = array("I", await uids_in(db, self._mailbox_id)), None

    async def _catch_up(self, db: Database, now: int) -> bool:
        """Reads what has changed; False when reading all of it anew is better."""
        since, box = self.modseq, self._mailbox_id
        last = self.uids[-1] if self.uids else 0
        read = db.scan if now - since > _MANY else db.rows
        gone, fresh = await gone_from(read, box, since), await fresh_in(read, box, last)
        changed: dict[int, Form] = {}
        if self.flags is not None:
            changed = {
                row[0]: Form(row[1], bool(row[2]))
                for row in await read(_CHANGED, box, self._account_id, since, box, since)
            }
            if not changed.keys() >= set(fresh) or len(self.forms) > len(self.uids) + _MANY:
                return False
            self.flags.extend([self._number(changed.pop(uid)) for uid in fresh])
        self.uids.extend(fresh)
        for uid, form in changed.items():
            self._set(uid, form)
        if gone:
            kept = [place for place, uid in enumerate(self.uids) if uid not in gone]
            self.uids = array("I", [self.uids[place] for place in kept])
            self.flags = self.flags and array("I", [self.flags[place] for place in kept])
        return True

    def wrote(self, since: int, until: int, flagged: Iterable[Flagged]) -> None:
        """Takes over what a unit made of the flags of some messages, when nothing else has happened meanwhile: it
        found the account's clock at `since` and left it at `until`."""
        if since == self.modseq:
            forms: dict[tuple[frozenset[str], bool], Form] = {}
            for one in flagged:
                key = one.keywords, one.deleted
                if key not in forms:
                    forms[key] = Form(" ".join(sorted(one.keywords)), one.deleted)
                self._set(one.uid, forms[key])
            self.modseq = until

    def _set(self, uid: int, form: Form) -> None:
        if self.flags is not None and (place := self._place(uid)) is not None:
            self.flags[place] = self._number(form)

    def _number(self, form: Form) -> int:
        number = self._numbers.get(form)
        if number is None:
            number = self._numbers[form] = len(self.forms)
            self.forms.append(form)
        return number

    def _place(self, uid: int) -> int | None:
        place = bisect_left(self.uids, uid)
        return place if place < len(self.uids) and self.uids[place] == uid else None

    def flags_of(self, uids: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
        """Those of ascending uids that are there, and the place of the form of each in `forms`."""
        assert self.flags is not None
        if not uids:
            return [], []
        first, end = bisect_left(self.uids, uids[0]), bisect_right(self.uids, uids[-1])
        given = uids if isinstance(uids, array) else array("I", uids)
        if end - first == len(given) and self.uids[first:end] == given:
            return uids, self.flags[first:end]
        places = [place for uid in uids if (place := self._place(uid)) is not None]
        return [self.uids[place] for place in places], [self.flags[place] for place in places]


class Shelf:
    """The mailboxes of a node that were asked for last."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._held: OrderedDict[int, Contents] = OrderedDict()

    async def get(self, account_id: int, mailbox_id: int, *, flags: bool = False) -> Contents:
        """What stands in a mailbox now, with its flags when they are wanted."""
        found = self._held.get(mailbox_id)
        if found is None:
            found = self._held[mailbox_id] = Contents(account_id, mailbox_id)
        self._held.move_to_end(mailbox_id)
        await found.refresh(self._db, flags=flags)
        while len(self._held) > 1 and sum(len(one.uids) for one in self._held.values()) > _HELD:
            self._held.popitem(last=False)
        return found
