"""Reads the words of a command from left to right: atoms, strings, literals, lists, numbers, dates (RFC 9051
§9)."""

import datetime
import re
from collections.abc import Callable, Sequence
from typing import Literal, NoReturn, TypeVar

from parvis.kernel.clock import to_ms
from parvis.kernel.errors import Invalid

from . import numbers
from .errors import BadCommand
from .literal import LiteralMark, Octets, literal_at_end
from .mailbox import decode_mailbox
from .numbers import Numbers
from .tokens import MONTHS

T = TypeVar("T")
Kind = Literal["argument", "message", "text"]

NESTING_LIMIT = 50
ITEMS_LIMIT = 1_000
"""Members of one list; a set of numbers is one word and may name more."""
WORD_LIMIT = 1_000
"""Bytes of one atom."""
_TAG = re.compile(rb"[!#$&'\-.,/0-9:;<=>?@A-Z\[\]^_`a-z|}~]{1,200}\Z")
_ATOM = re.compile(rb"[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]++")
_ASTRING = re.compile(rb"[!#$&'+,\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]++")
_PATTERN = re.compile(rb"[!#$%&'*+,\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]++")
_NAME = re.compile(rb"[0-9A-Za-z.\-+_]++")
_QUOTED = re.compile(rb'"((?:[^"\\\0\r\n]++|\\[^\0\r\n])*+)"')
_ESCAPE = re.compile(rb"\\(.)", re.S)
_NUMBER = re.compile(rb"\d{1,19}(?!\d)")
_SET = re.compile(rb"[0-9:,*]++|\$")
_SET_BEGINS = frozenset({b"*", b"$"} | {b"%d" % digit for digit in range(10)})
_FLAG = re.compile(rb"\\?[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]++")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]*+={0,2}")
_SPACES = re.compile(rb" ++")
_DATE = re.compile(rb'("?)(\d{1,2})-([A-Za-z]{3})-(\d{4})\1')
_MOMENT = re.compile(rb'"([ \d]\d)-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"')
_MONTH = {name.upper().encode(): number for number, name in enumerate(MONTHS, start=1)}
_SYSTEM = {name.upper(): name for name in ("\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft", "\\Recent")}


class Announced(Exception):
    """The parts end where a literal is announced that was not read yet; `kind` is what it will be."""

    def __init__(self, kind: Kind, mark: LiteralMark) -> None:
        super().__init__(kind)
        self.kind: Kind = kind
        self.mark = mark


class Reader:
    """A place in a command. `utf8` says how mailboxes are named. What is wrong raises BadCommand with the tag that
    was read."""

    def __init__(self, parts: Sequence[bytes | Octets], utf8: bool = False) -> None:
        self._parts = parts
        self._next = 1
        self._line = parts[0] if parts and isinstance(parts[0], bytes) else b""
        self._at = 0
        self._depth = 0
        self.utf8 = utf8
        self.tag: str | None = None
        self.target: str | None = None
        """The mailbox a message goes into, once it was read."""

    def bad(self, sentence: str) -> NoReturn:
        """Ends the reading."""
        raise BadCommand(self.tag, sentence)

    def read_tag(self) -> str:
        """The tag that begins a command (RFC 9051 §2.2.1)."""
        word, space, _ = self._line.partition(b" ")
        if not space or not _TAG.match(word):
            self.bad("A command begins with a tag")
        self._at = len(word)
        self.tag = word.decode("ascii")
        return self.tag

    # --- marks -------------------------------------------------------------------------------------------------

    def next_is(self, mark: bytes) -> bool:
        """Is this what comes next? Nothing is read."""
        return self._line.startswith(mark, self._at)

    def take(self, mark: bytes) -> bool:
        """Reads this mark when it comes next."""
        if self._line.startswith(mark, self._at):
            self._at += len(mark)
            return True
        return False

    def take_word(self, word: bytes) -> bool:
        """Reads this word when it comes next, in capitals or not."""
        if self._line[self._at : self._at + len(word)].upper() == word:
            self._at += len(word)
            return True
        return False

    def expect(self, mark: bytes) -> None:
        """Reads this mark, which has to come."""
        if not self.take(mark):
            self.bad(f"{mark.decode('ascii')!r} is missing")

    def more(self) -> bool:
        """Reads the space before a further argument; false when none follows."""
        match = _SPACES.match(self._line, self._at)
        if match is None or match.end() == len(self._line):
            return False
        self._at = match.end()
        return True

    def space(self) -> None:
        """Reads the space between two arguments. More than one is forgiven."""
        if not self.more():
            self.bad("An argument is missing")

    def end(self) -> None:
        """Nothing but space may follow."""
        if self._line[self._at :].strip(b" ") or self._next < len(self._parts):
            self.bad("The command goes on where it should end")

    def listed(self, item: Callable[[], T], empty: bool = False) -> tuple[T, ...]:
        """A list in brackets, its members read by `item`."""
        self.expect(b"(")
        self.deeper()
        self.more()
        found: list[T] = []
        while not self.next_is(b")"):
            if len(found) >= ITEMS_LIMIT:
                self.bad("A list is too long")
            found.append(item())
            if not self.more() and not self.next_is(b")"):
                self.bad("')' is missing")
        self.expect(b")")
        self.shallower()
        if not found and not empty:
            self.bad("A list is empty")
        return tuple(found)

    def deeper(self) -> None:
        """One bracket, NOT or OR further inside."""
        self._depth += 1
        if self._depth > NESTING_LIMIT:
            self.bad("Nested too deep")

    def shallower(self) -> None:
        """Out of it again."""
        self._depth -= 1

    # --- words -------------------------------------------------------------------------------------------------

    def _match(self, pattern: re.Pattern[bytes], what: str) -> re.Match[bytes]:
        match = pattern.match(self._line, self._at)
        if match is None:
            self.bad(f"{what} is needed")
        self._at = match.end()
        return match

    def _word(self, pattern: re.Pattern[bytes], what: str) -> bytes:
        word = self._match(pattern, what).group()
        if len(word) > WORD_LIMIT:
            self.bad("A word is too long")
        return word

    def name(self, what: str = "A word") -> str:
        """A word of letters, digits, `.`, `-`, `+` and `_`, such as a command or an item, in capitals."""
        return self._word(_NAME, what).decode("ascii").upper()

    def atom(self, what: str = "An atom") -> str:
        """An atom as written (RFC 9051 §4.1)."""
        return self._word(_ATOM, what).decode("ascii")

    def string(self) -> bytes:
        """A quoted string or a literal (RFC 9051 §4.3)."""
        if self.next_is(b'"'):
            inner = self._match(_QUOTED, "The end of a quoted string").group(1)
            return _ESCAPE.sub(rb"\1", inner) if b"\\" in inner else inner
        octets = self.literal()
        if octets.data is None or (b"\0" in octets.data and not octets.binary):
            self.bad("A literal cannot be read here")
        return octets.data

    def astring(self) -> bytes:
        """An atom, a quoted string or a literal."""
        if self.next_is(b'"') or self.at_literal():
            return self.string()
        return self._word(_ASTRING, "A string")

    def text(self) -> str:
        """An astring as text."""
        return self.decoded(self.astring())

    def decoded(self, data: bytes) -> str:
        """Bytes of an argument as text."""
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            self.bad("An argument is not UTF-8")

    def nil(self) -> bool:
        """Reads `NIL` when it comes next."""
        if self._line[self._at : self._at + 3].upper() == b"NIL":
            after = self._line[self._at + 3 : self._at + 4]
            if after in (b"", b" ", b")"):
                self._at += 3
                return True
        return False

    def base64(self) -> bytes:
        """A response of SASL as written, of any length (RFC 9051 §9, initial-resp)."""
        return self._match(_BASE64, "Base64").group()

    def at_literal(self) -> bool:
        """Does a literal come next?"""
        return self.next_is(b"{") or self.next_is(b"~{")

    def at_set(self) -> bool:
        """Does a set of numbers come next?"""
        return self._line[self._at : self._at + 1] in _SET_BEGINS

    def literal(self, kind: Kind = "argument") -> Octets:
        """A literal; `kind` is what it holds. Raises Announced when it is still to be read."""
        mark = literal_at_end(self._line)
        if mark is None or not self.at_literal() or self._line.rindex(b"{") - mark.binary != self._at:
            self.bad("A literal is needed")
        if self._next >= len(self._parts):
            raise Announced(kind, mark)
        octets = self._parts[self._next]
        rest = self._parts[self._next + 1] if self._next + 1 < len(self._parts) else b""
        if not isinstance(octets, Octets) or not isinstance(rest, bytes) or octets.size != mark.size:
            self.bad("A literal is missing")
        self._line, self._at, self._next = rest, 0, self._next + 2
        return octets

    # --- values ------------------------------------------------------------------------------------------------

    def number(self, lowest: int = 0, largest: int = numbers.LARGEST) -> int:
        """A number between two others."""
        value = int(self._match(_NUMBER, "A number").group())
        if not lowest <= value <= largest:
            self.bad("A number is out of range")
        return value

    def modseq(self, lowest: int = 0) -> int:
        """A mod-sequence, of 63 bits (RFC 7162 §7)."""
        return self.number(lowest, 2**63 - 1)

    def numbers(self) -> Numbers:
        """A set of numbers."""
        text = self._match(_SET, "A set of numbers").group().decode("ascii")
        try:
            return numbers.parse(text)
        except Invalid as error:
            self.bad(error.sentence)

    def mailbox(self) -> str:
        """The name of a mailbox."""
        return self._mailbox(self.astring())

    def pattern(self) -> str:
        """The name of a mailbox with `*` and `%` in it (RFC 9051 §6.3.9)."""
        if self.next_is(b'"') or self.at_literal():
            return self._mailbox(self.string())
        return self._mailbox(self._word(_PATTERN, "A pattern"))

    def _mailbox(self, name: bytes) -> str:
        try:
            return decode_mailbox(name, self.utf8)
        except Invalid as error:
            self.bad(error.sentence)

    def flag(self) -> str:
        r"""A flag; those of the standard with its capitals (RFC 9051 §2.3.2)."""
        word = self._word(_FLAG, "A flag").decode("ascii")
        if not word.startswith("\\"):
            return word
        known = _SYSTEM.get(word.upper())
        if known is None:
            self.bad(f"There is no system flag {word}")
        return known

    def attribute(self) -> str:
        r"""A special use such as `\Drafts`, as written (RFC 6154 §6)."""
        word = self._word(_FLAG, "A special use").decode("ascii")
        if not word.startswith("\\"):
            self.bad("A special use begins with a backslash")
        return word

    def date(self) -> datetime.date:
        """A day, in quotes or without: `1-Feb-1994` (RFC 9051 §9, date)."""
        match = self._match(_DATE, "A date")
        try:
            return datetime.date(int(match[4]), _MONTH[match[3].upper()], int(match[2]))
        except (KeyError, ValueError):
            self.bad("There is no such day")

    def moment(self) -> int:
        """A date-time in milliseconds: `" 7-Feb-1994 21:52:25 -0800"` (RFC 9051 §9, date-time)."""
        match = self._match(_MOMENT, "A date with a time")
        offset = datetime.timedelta(hours=int(match[8]), minutes=int(match[9]))
        try:
            zone = datetime.timezone(-offset if match[7] == b"-" else offset)
            day = (int(match[3]), _MONTH[match[2].upper()], int(match[1]))
            seconds = min(int(match[6]), 59)  # a leap second is the one before it
            return to_ms(datetime.datetime(*day, int(match[4]), int(match[5]), seconds, tzinfo=zone))
        except (KeyError, ValueError, OverflowError):
            self.bad("There is no such moment")
