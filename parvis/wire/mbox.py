"""Mail as other programs keep it: mbox files in all their dialects (RFC 4155), and the names of Maildir files.

Readers take bytes in any cuts and give messages with the places where they begin and end, so that an import that
was broken off goes on where it was."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from .mime import Part, as_date, as_text, parse
from .mime.dates import date_of

MESSAGE_LIMIT = 200_000_000
"""Bytes of one message; a larger one is passed over and reported."""
_HEADER_LIMIT = 1_000_000
_SEPARATOR = re.compile(
    rb"From (?P<sender>[^\n]*?)[ \t]+(?P<date>(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?[ \t]+)?"
    rb"(?:[a-z]{3,9}[ \t]+\d{1,2}|\d{1,2}[ \t]+[a-z]{3,9})[ \t,]+[^\n]*\d{1,2}:\d{2}[^\n]*?)[ \t]*\r?\n",
    re.I,
)
_FIELD = re.compile(rb"[!-9;-~]{1,100}:")
_CONTENT_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,12})[ \t]*\r?$", re.I | re.M)
_HEADER_END = re.compile(rb"\n\r?\n")
_QUOTED = re.compile(rb"^>(>*From )", re.M)
_UNQUOTED = re.compile(rb"^From ", re.M)
_LONE_LF = re.compile(rb"(?<!\r)\n")


class Found(NamedTuple):
    """One message of a mbox."""

    raw: bytes
    """The message without its `From ` line, as it was before quoting; empty when it is over the limit."""
    start: int
    """Where its `From ` line begins in the file."""
    end: int
    """Where the next one begins: the place to go on from."""
    keywords: frozenset[str]
    """JMAP keywords; `$deleted` for what its program only had marked."""
    labels: tuple[str, ...]
    """Folders that another program says it was in (X-Gmail-Labels)."""
    date: datetime | None
    """When it arrived, by the `From ` line."""
    too_large: bool = False


class MboxReader:
    """Reads one mbox.

    reader = MboxReader(offset)
    for data in chunks: yield from reader.feed(data)
    yield from reader.end()
    """

    def __init__(self, offset: int = 0, limit: int = MESSAGE_LIMIT) -> None:
        self._offset = offset  # of the first byte of the buffer in the file
        self._limit = limit
        self._buffer = bytearray()
        self._begin = 0  # of the message in the buffer
        self._scan = 0  # where to look for the next separator
        self._started = False
        self._dropped = 0  # bytes let go of a message that is over the limit
        self._length: int | None = None  # where Content-Length says that the message ends
        self._looked = False

    def feed(self, data: bytes) -> list[Found]:
        """Takes the next bytes of the file; gives the messages that are complete."""
        self._buffer += data
        return self._run(False)

    def end(self) -> list[Found]:
        """There is no more: gives the last message."""
        found = self._run(True)
        if self._started and len(self._buffer) > self._begin:
            found.append(self._take(len(self._buffer)))
        return found

    def _run(self, last: bool) -> list[Found]:
        found: list[Found] = []
        if not self._started and not self._find_first(last):
            return found
        while (stop := self._next(last)) is not None:
            found.append(self._take(stop))
        self._compact()
        return found

    def _find_first(self, last: bool) -> bool:
        """Passes over what stands before the first `From ` line."""
        while True:
            is_first = self._scan == 0 and self._buffer.startswith(b"From ")
            at = 0 if is_first else self._buffer.find(b"\nFrom ", self._scan) + 1
            if at == 0 and not is_first:
                self._scan = max(len(self._buffer) - 5, 0)
                return False
            verdict = self._is_separator(at, last)
            if verdict is None:
                return False
            if verdict:
                self._started, self._begin, self._scan = True, at, at + 5
                return True
            self._scan = at + 5

    def _is_separator(self, at: int, last: bool) -> bool | None:
        """Does a message begin at `at`, which says `From `? `None` when more bytes are needed. It does when the
        line has a date, or a header field follows after an empty line."""
        buffer = self._buffer
        line_end = buffer.find(b"\n", at, at + 1_000)
        if line_end < 0:
            return None if len(buffer) < at + 1_000 and not last else False
        if _SEPARATOR.match(buffer, at, line_end + 1):
            return True
        if at > 0 and buffer[max(at - 2, 0) : at] != b"\n\n" and buffer[max(at - 3, 0) : at] != b"\n\r\n":
            return False
        if len(buffer) < line_end + 102 and not last:
            return None
        return _FIELD.match(buffer, line_end + 1) is not None

    def _next(self, last: bool) -> int | None:
        """Where the message at `_begin` ends; `None` when that is not known yet."""
        if not self._looked:
            self._look_for_length(last)
            if not self._looked:
                return None
        if self._length is not None:
            verdict = self._check_length(last)
            if verdict is None:
                return None
            if verdict >= 0:
                return verdict
            self._length = None
        while True:
            at = self._buffer.find(b"\nFrom ", self._scan) + 1
            if at == 0:
                self._scan = max(len(self._buffer) - 5, self._scan)
                return None
            verdict_here = self._is_separator(at, last)
            if verdict_here is None:
                self._scan = at - 1
                return None
            if verdict_here:
                return at
            self._scan = at

    def _look_for_length(self, last: bool) -> None:
        """Reads Content-Length once the header is there (mboxcl and mboxcl2)."""
        end = _HEADER_END.search(self._buffer, self._begin, self._begin + _HEADER_LIMIT)
        if end is None:
            self._looked = last or len(self._buffer) > self._begin + _HEADER_LIMIT
            return
        self._looked = True
        length = _CONTENT_LENGTH.search(self._buffer, self._begin, end.end())
        if length is not None and int(length.group(1)) <= self._limit:
            self._length = end.end() + int(length.group(1))

    def _check_length(self, last: bool) -> int | None:
        """The end by Content-Length when a message begins there, -1 when it is a lie, `None` when not known yet."""
        assert self._length is not None
        if len(self._buffer) < self._length + 1_100 and not last:
            return None
        if len(self._buffer) < self._length:
            return -1
        at = self._length
        while at < len(self._buffer) and at < self._length + 4 and self._buffer[at] in b"\r\n":
            at += 1
        if at == len(self._buffer):
            return at
        begins = self._buffer[at : at + 5] == b"From " and self._is_separator(at, True)
        return at if begins else -1

    def _take(self, stop: int) -> Found:
        buffer, begin = self._buffer, self._begin
        line_end = buffer.find(b"\n", begin, stop) + 1 or stop
        line = bytes(buffer[begin:line_end])
        start = self._offset + begin - self._dropped
        too_large = bool(self._dropped) or stop - begin > self._limit
        raw = (
            b""
            if too_large
            else self._unquoted(bytes(buffer[line_end:stop]), self._length == stop or self._length is not None)
        )
        self._begin, self._scan, self._length, self._looked, self._dropped = stop, stop + 5, None, False, 0
        root = parse(raw[:_HEADER_LIMIT]).root
        return Found(raw, start, self._offset + stop, _keywords(root), _labels(root), _arrival(line), too_large)

    def _unquoted(self, raw: bytes, by_length: bool) -> bytes:
        """The message without the empty line before the next one, and without the `>` before `From ` at the
        beginning of lines. Where Content-Length tells the end and such a line stands unquoted, nothing was quoted
        (mboxcl2)."""
        if raw.endswith(b"\r\n\r\n"):
            raw = raw[:-2]
        elif raw.endswith(b"\n\n"):
            raw = raw[:-1]
        if b">From " not in raw or (by_length and _UNQUOTED.search(raw)):
            return raw
        return _QUOTED.sub(rb"\1", raw)

    def _compact(self) -> None:
        """Forgets what was given, and the inside of a message that is over the limit."""
        if self._begin:
            del self._buffer[: self._begin]
            self._offset += self._begin
            self._scan -= self._begin
            if self._length is not None:
                self._length -= self._begin
            self._begin = 0
        if self._started and len(self._buffer) > self._limit and self._length is None:
            line_end = self._buffer.find(b"\n") + 1
            cut = self._scan - 2 - line_end
            if cut > 0:
                del self._buffer[line_end : line_end + cut]
                self._dropped += cut
                self._offset += cut
                self._scan -= cut


def _arrival(line: bytes) -> datetime | None:
    match = _SEPARATOR.match(line)
    return date_of(match["date"].decode("ascii", "replace")) if match else None


_STATUS = {"R": "$seen", "A": "$answered", "F": "$flagged", "T": "$draft", "D": "$deleted"}
_MOZILLA = {0x1: "$seen", 0x2: "$answered", 0x4: "$flagged", 0x8: "$deleted", 0x1000: "$forwarded"}


def _value(root: Part, name: str) -> str:
    header = root.last(name)
    return as_text(header.value) if header else ""


def _keywords(root: Part) -> frozenset[str]:
    """What Status, X-Status, X-Mozilla-Status and X-Gmail-Labels say."""
    letters = _value(root, "Status") + _value(root, "X-Status")
    found = {keyword for letter, keyword in _STATUS.items() if letter in letters} if letters else set()
    mozilla = _value(root, "X-Mozilla-Status").strip()
    if re.fullmatch(r"[0-9A-Fa-f]{4}", mozilla):
        found |= {keyword for bit, keyword in _MOZILLA.items() if int(mozilla, 16) & bit}
    labels = {label.lower() for label in _all_labels(root)}
    if labels:
        found |= {"$seen"} if not labels & {"unread", "non lus", "chưa đọc"} else set()
        found |= {"$flagged"} if labels & {"starred", "suivis", "có gắn dấu sao"} else set()
    return frozenset(found)


def _all_labels(root: Part) -> Iterable[str]:
    return [label for item in _value(root, "X-Gmail-Labels").split(",") if (label := item.strip().strip('"'))]


def _labels(root: Part) -> tuple[str, ...]:
    return tuple(_all_labels(root))


def with_crlf(raw: bytes) -> bytes:
    """A message with every lone LF made CRLF, as the wire wants it (RFC 5322 §2.1)."""
    return raw if raw.count(b"\n") == raw.count(b"\r\n") else _LONE_LF.sub(b"\r\n", raw)


def looks_like_mbox(head: bytes) -> bool:
    """Do the first bytes of a file look like a mbox rather than one message?"""
    head = head.lstrip(b"\r\n\t \xef\xbb\xbf")
    return head.startswith(b"From ") and (
        _SEPARATOR.match(head) is not None or _FIELD.match(head, head.find(b"\n") + 1) is not None
    )


def received_date(root: Part) -> datetime | None:
    """When a message without another sign arrived: the date of its newest Received field, else its Date."""
    received = next((header for header in root.headers if header.name.lower() == "received"), None)
    if received is not None:
        found = as_date(received.value.rpartition(b";")[2])
        if found is not None:
            return found.astimezone(UTC)
    own = root.last("Date")
    return as_date(own.value) if own else None
