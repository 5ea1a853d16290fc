"""What SEARCH, SORT and THREAD ask: a tree of keys (RFC 9051 §6.4.4, with RFC 5032, 7162, 8474 and 8514)."""

import datetime
from collections.abc import Callable
from typing import Literal, Union

import msgspec

from .errors import BadCharset
from .numbers import Numbers
from .reader import Reader

KEYS_LIMIT = 1_000
CHARSETS = ("UTF-8", "US-ASCII")


class And(msgspec.Struct, frozen=True):
    """All of them; of one, itself."""

    keys: tuple["SearchKey", ...]


class Or(msgspec.Struct, frozen=True):
    """One of the two or both."""

    left: "SearchKey"
    right: "SearchKey"


class Not(msgspec.Struct, frozen=True):
    """Whatever the key does not match."""

    key: "SearchKey"


class All(msgspec.Struct, frozen=True):
    """Every message."""


class Flag(msgspec.Struct, frozen=True):
    r"""A system flag is set or is not: `\Seen`; `\Recent` too, which RFC 3501 §6.4.4 alone knows."""

    name: str
    present: bool = True


class Keyword(msgspec.Struct, frozen=True):
    """A keyword is set or is not."""

    name: str
    present: bool = True


class Text(msgspec.Struct, frozen=True):
    """A text stands in a field of the envelope, in the body, or anywhere."""

    field: Literal["FROM", "TO", "CC", "BCC", "SUBJECT", "BODY", "TEXT"]
    value: str


class Header(msgspec.Struct, frozen=True):
    """A text stands in a header field; the empty one says that the field is there."""

    name: str
    value: str


class When(msgspec.Struct, frozen=True):
    """The day of arrival, of the Date field, or of being saved here (RFC 8514 §4.2), without its time and zone."""

    field: Literal["INTERNAL", "SENT", "SAVED"]
    relation: Literal["before", "on", "since"]
    day: datetime.date


class Within(msgspec.Struct, frozen=True):
    """Arrived in the last seconds, or before them (RFC 5032 §3)."""

    relation: Literal["younger", "older"]
    seconds: int


class Size(msgspec.Struct, frozen=True):
    """RFC822.SIZE is above or below, never equal."""

    relation: Literal["larger", "smaller"]
    octets: int


class Uids(msgspec.Struct, frozen=True):
    """The unique identifier is in the set."""

    numbers: Numbers


class Sequence(msgspec.Struct, frozen=True):
    """The message number is in the set."""

    numbers: Numbers


class Modseq(msgspec.Struct, frozen=True):
    """Changed at this mod-sequence or later (RFC 7162 §3.1.5); which flag it was about does not matter here."""

    value: int


class EmailId(msgspec.Struct, frozen=True):
    """The EMAILID is this one (RFC 8474 §6)."""

    id: str


class ThreadId(msgspec.Struct, frozen=True):
    """The THREADID is this one (RFC 8474 §6)."""

    id: str


SearchKey = Union[  # noqa: UP007 - names in quotes
    And, Or, Not, All, Flag, Keyword, Text, Header, When, Within, Size, Uids, Sequence, Modseq, EmailId, ThreadId
]


def read_charset(reader: Reader) -> str:
    """The name of a charset. Raises BadCharset when it is not known here."""
    name = reader.text().upper()
    if name not in CHARSETS:
        raise BadCharset(reader.tag, "The charset is not known")
    return name


def read_keys(reader: Reader, charset: str | None) -> SearchKey:
    """The keys to the end of the command, all of which have to match. Their strings are in the charset; without one
    in UTF-8, of which ASCII is a part (RFC 9051 §6.4.4)."""
    return _Keys(reader, charset or "UTF-8").all()


class _Keys:
    """Reads keys and counts them."""

    def __init__(self, reader: Reader, charset: str) -> None:
        self.reader = reader
        self.charset = charset
        self.count = 0

    def all(self) -> SearchKey:
        found = [self.key()]
        while self.reader.more():
            found.append(self.key())
        return found[0] if len(found) == 1 else And(tuple(found))

    def key(self) -> SearchKey:
        reader = self.reader
        self.count += 1
        if self.count > KEYS_LIMIT:
            reader.bad("Too many search keys")
        if reader.next_is(b"("):
            found = reader.listed(self.key)
            return found[0] if len(found) == 1 else And(found)
        if reader.at_set():
            return Sequence(reader.numbers())
        name = reader.name("A search key")
        fixed = _FLAGS.get(name) or _FIXED.get(name)
        if fixed is not None:
            return fixed
        read = _KEYS.get(name)
        if read is None:
            reader.bad(f"There is no search key {name[:40]}")
        reader.space()
        return read(self)

    def inside(self) -> SearchKey:
        """A key that belongs to NOT or OR."""
        self.reader.deeper()
        found = self.key()
        self.reader.shallower()
        return found

    def either(self) -> SearchKey:
        left = self.inside()
        self.reader.space()
        return Or(left, self.inside())

    def string(self) -> str:
        """A string in the charset of the search."""
        data = self.reader.astring()
        try:
            return data.decode("ascii" if self.charset == "US-ASCII" else "utf-8")
        except UnicodeDecodeError:
            self.reader.bad("A string is not in the charset of the search")

    def header(self) -> SearchKey:
        name = self.reader.text()
        self.reader.space()
        return Header(name, self.string())

    def modseq(self) -> SearchKey:
        """`MODSEQ ["/flags/\\\\draft" all] 620162338` (RFC 7162 §3.1.5)."""
        if self.reader.next_is(b'"'):
            self.reader.string()
            self.reader.space()
            if self.reader.name() not in ("ALL", "PRIV", "SHARED"):
                self.reader.bad("MODSEQ is not understood")
            self.reader.space()
        return Modseq(self.reader.modseq())


def _text(field: Literal["FROM", "TO", "CC", "BCC", "SUBJECT", "BODY", "TEXT"]) -> Callable[[_Keys], SearchKey]:
    return lambda keys: Text(field, keys.string())


def _when(
    field: Literal["INTERNAL", "SENT", "SAVED"], relation: Literal["before", "on", "since"]
) -> Callable[[_Keys], SearchKey]:
    return lambda keys: When(field, relation, keys.reader.date())


_FIXED: dict[str, SearchKey] = {
    "ALL": All(),
    "NEW": And((Flag("\\Recent"), Flag("\\Seen", False))),
    "OLD": Flag("\\Recent", False),
    "RECENT": Flag("\\Recent"),
    "SAVEDATESUPPORTED": All(),
}
_FLAGS: dict[str, SearchKey] = {
    prefix + name.upper(): Flag(f"\\{name}", not prefix)
    for name in ("Seen", "Answered", "Flagged", "Deleted", "Draft")
    for prefix in ("", "UN")
}
_KEYS: dict[str, Callable[[_Keys], SearchKey]] = {
    "NOT": lambda keys: Not(keys.inside()),
    "OR": _Keys.either,
    "KEYWORD": lambda keys: Keyword(keys.reader.atom("A keyword")),
    "UNKEYWORD": lambda keys: Keyword(keys.reader.atom("A keyword"), False),
    "FROM": _text("FROM"),
    "TO": _text("TO"),
    "CC": _text("CC"),
    "BCC": _text("BCC"),
    "SUBJECT": _text("SUBJECT"),
    "BODY": _text("BODY"),
    "TEXT": _text("TEXT"),
    "HEADER": _Keys.header,
    "BEFORE": _when("INTERNAL", "before"),
    "ON": _when("INTERNAL", "on"),
    "SINCE": _when("INTERNAL", "since"),
    "SENTBEFORE": _when("SENT", "before"),
    "SENTON": _when("SENT", "on"),
    "SENTSINCE": _when("SENT", "since"),
    "SAVEDBEFORE": _when("SAVED", "before"),
    "SAVEDON": _when("SAVED", "on"),
    "SAVEDSINCE": _when("SAVED", "since"),
    "YOUNGER": lambda keys: Within("younger", keys.reader.number(1)),
    "OLDER": lambda keys: Within("older", keys.reader.number(1)),
    "LARGER": lambda keys: Size("larger", keys.reader.modseq()),
    "SMALLER": lambda keys: Size("smaller", keys.reader.modseq()),
    "UID": lambda keys: Uids(keys.reader.numbers()),
    "MODSEQ": _Keys.modseq,
    "EMAILID": lambda keys: EmailId(keys.reader.text()),
    "THREADID": lambda keys: ThreadId(keys.reader.text()),
}
