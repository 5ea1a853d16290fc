"""The keys of a search as SQL over `m` (the place in the mailbox) and `e` (the message). RFC 9051 §6.4.4"""

import datetime
from dataclasses import dataclass
from typing import Any

import msgspec

from parvis.kernel import clock, ids
from parvis.mail.imap.flags import keyword_of
from parvis.mail.imap.view import View
from parvis.store.sql.contract import Dialect
from parvis.wire.imap import search as keys
from parvis.wire.imap.numbers import Numbers, compressed, parse
from parvis.wire.imap.search import SearchKey

Candidates = dict[keys.Text, tuple[frozenset[int], bool]]
"""For texts that are looked for: the messages that may have it, and whether all of these have, as the text index
knows; of what attachments say it knows nothing. See textindex.containing."""
_DAY_MS = 86_400_000
_ZONES_MS = 15 * 3_600_000
"""How far the day of a Date field may be from the day of its moment."""
_RANGES = 200
_HAS = "m.email_id IN (SELECT k.email_id FROM email_keyword k WHERE k.account_id = ? AND k.keyword = ?)"
_UNSEEN = """m.email_id IN (SELECT u.id FROM email u WHERE u.account_id = ? AND u.unread = 1 UNION ALL
    SELECT k.email_id FROM email_keyword k WHERE k.account_id = ? AND k.keyword = '$draft' AND NOT EXISTS
    (SELECT 1 FROM email_keyword s WHERE s.email_id = k.email_id AND s.keyword = '$seen'))"""
_SINCE = """EXISTS (SELECT 1 FROM change c WHERE c.account_id = e.account_id AND c.kind = 'Email'
    AND c.object_id = e.id AND c.modseq >= ?)"""


@dataclass(frozen=True, slots=True)
class Condition:
    """What SQL can say of a key: exactly, or more than it finds."""

    sql: str
    parameters: tuple[Any, ...] = ()
    exact: bool = True


_ALL = Condition("1 = 1")
_NONE = Condition("1 = 0")
_OPEN = Condition("1 = 1", exact=False)


class Conditions:
    """For one mailbox as a session sees it."""

    def __init__(self, view: View, candidates: Candidates, dialect: Dialect) -> None:
        self._view, self._candidates, self._dialect = view, candidates, dialect

    def of(self, key: SearchKey) -> Condition:
        """The condition of a key. What is not exact is true of everything that the key finds, and of more."""
        match key:
            case keys.And(several):
                return _joined(" AND ", [self.of(one) for one in several])
            case keys.Or(left, right):
                return _joined(" OR ", [self.of(left), self.of(right)])
            case keys.Not(inner):
                found = self.of(inner)
                return Condition(f"NOT ({found.sql})", found.parameters) if found.exact else _OPEN
            case keys.All():
                return _ALL
            case keys.Uids(numbers) | keys.Sequence(numbers):
                return self._within(numbers, uid=isinstance(key, keys.Uids))
            case keys.Flag(name, present) if name.upper() == r"\RECENT":
                spans = [f"m.uid BETWEEN {one.start} AND {one.stop - 1}" for one in self._view.recent]
                return _is(present, Condition(f"({' OR '.join(spans) or '1 = 0'})"))
            case keys.Text(field, _) if field != "TEXT" and key in self._candidates:
                return self._one_of(*self._candidates[key], body=field == "BODY")
            case keys.Flag(name, present):
                return self._flag(name, present)
            case keys.Keyword(name, present):
                return _is(present, Condition(_HAS, (self._view.account_id, name.lower())))
        return simple(key)

    def _flag(self, name: str, present: bool) -> Condition:
        r"""A system flag. \Deleted is not set on what stands in these tables."""
        bare = name.removeprefix("\\").upper()
        if bare == "DELETED":
            return _NONE if present else _ALL
        if bare == "SEEN":
            return _is(not present, Condition(_UNSEEN, (self._view.account_id, self._view.account_id)))
        return _is(present, Condition(_HAS, (self._view.account_id, keyword_of(bare))))

    def _one_of(self, numbers: frozenset[int], sure: bool, *, body: bool) -> Condition:
        """What the text index has found, and for bodies what has attachments, which are not in it."""
        listed = msgspec.json.encode(sorted(numbers)).decode()
        if body:
            return Condition(f"(e.has_attachment = 1 OR e.id IN {self._dialect.numbers})", (listed,), exact=False)
        return Condition(f"m.email_id IN {self._dialect.numbers}", (listed,), exact=sure)

    def _within(self, numbers: Numbers, *, uid: bool) -> Condition:
        uids = self._view.chosen(numbers, uid=uid)
        if not uids:
            return _NONE
        spans = parse(compressed(uids)).ranges
        if len(spans) > _RANGES:
            return _OPEN
        parts = [f"m.uid BETWEEN {int(first or 0)} AND {int(last or 0)}" for first, last in spans]
        return Condition(f"({' OR '.join(parts)})")


def simple(key: SearchKey) -> Condition:
    """The condition of a key that holds no other and no sequence set."""
    match key:
        case keys.Size(relation, octets):
            return Condition(f"e.size {'>' if relation == 'larger' else '<'} ?", (octets,))
        case keys.When(field, relation, day):
            return _when(field, relation, day)
        case keys.Within(relation, seconds):
            sign = ">=" if relation == "younger" else "<="
            return Condition(f"e.received_ms {sign} ?", (clock.now_ms() - 1000 * seconds,))
        case keys.Modseq(value):
            return Condition(_SINCE, (value,))
        case keys.EmailId(given):
            return Condition("e.id = ?", (number_of(given),))
        case keys.ThreadId(given):
            return Condition("e.thread_id = ?", (number_of(given),))
    return _OPEN


def number_of(given: str) -> int:
    """The number of an id; -1 for what is none."""
    number = ids.parse(given)
    return -1 if number is None else number


def day_ms(day: datetime.date) -> int:
    """The moment a day begins in UTC, which is the zone of the server."""
    return clock.to_ms(datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC))


def _when(field: str, relation: str, day: datetime.date) -> Condition:
    """A day of arrival, of the Date field, or of being put here. RFC 9051 §6.4.4, RFC 8514 §4.3"""
    start = day_ms(day)
    if field == "SENT":
        column, slack = "COALESCE(e.sent_ms, e.received_ms)", _ZONES_MS
    else:
        column = "COALESCE(m.saved_ms, m.received_ms)" if field == "SAVED" else "e.received_ms"
        slack = 0
    if relation == "before":
        return Condition(f"{column} < ?", (start + slack,), not slack)
    if relation == "since":
        return Condition(f"{column} >= ?", (start - slack,), not slack)
    bounds = (start - slack, start + _DAY_MS + slack)
    return Condition(f"({column} >= ? AND {column} < ?)", bounds, not slack)


def _is(present: bool, condition: Condition) -> Condition:
    return condition if present else Condition(f"NOT {condition.sql}", condition.parameters)


def _joined(word: str, several: list[Condition]) -> Condition:
    return Condition(
        f"({word.join(one.sql for one in several)})",
        tuple(value for one in several for value in one.parameters),
        all(one.exact for one in several),
    )
