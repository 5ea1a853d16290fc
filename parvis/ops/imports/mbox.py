"""Reading an mbox file, of any size, without holding more than one message. RFC 4155, and the customs around it."""

import email.header
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from parvis.kernel.languages import fold
from parvis.ops.imports.folders import role_of
from parvis.ops.imports.reader import MESSAGE_BYTES, Fault, Found, is_message

# RFC 4155 asks for an address and a date; a sentence that begins with "From" has no clock time and year in it.
_ENVELOPE = re.compile(rb"From (\S.*)?\d\d:\d\d(:\d\d)?.*\d{4}|From \S+@\S+\s")
_ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)
_GMAIL_STATES = {
    "unread", "opened", "starred", "important", "archived", "non lus", "ouvert", "suivis", "importants",
    "archives", "messages archives",
}  # fmt: skip


class Mbox:
    """One mbox file as a source; its mailbox is named after the file unless the messages carry Gmail's labels."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._folder = (path.stem if path.suffix.lower() in (".mbox", ".mbx") else path.name,)

    @property
    def position(self) -> dict[str, Any]:
        """See Reader: the byte that comes next."""
        return {"offset": self._offset}

    def total(self) -> int:
        """See Reader: not known without reading it all."""
        return 0

    def read(self, position: dict[str, Any]) -> Iterator[Found | Fault]:
        """See Reader. Raises OSError when the file cannot be opened."""
        with self._path.open("rb") as file:
            start = file.seek(int(position.get("offset", 0)))
            for begin, end, raw in _messages(file, start):
                self._offset = end
                if raw is None:
                    yield Fault(f"{self._path.name} at byte {begin}", "the message is too large")
                elif not is_message(raw):
                    yield Fault(f"{self._path.name} at byte {begin}", "this does not begin like a message")
                else:
                    yield self._found(raw, begin)

    def _found(self, raw: bytes, begin: int) -> Found | Fault:
        head = _head(raw)
        keywords = _keywords(head)
        if keywords is None:
            return Fault(f"{self._path.name} at byte {begin}", "marked as deleted, left out")
        labels = _labels(head.get("x-gmail-labels", ""))
        if labels:
            keywords |= {"$flagged"} & {"$flagged" for label in labels if fold(label) in ("starred", "suivis")}
            unread = any(fold(label) in ("unread", "non lus") for label in labels)
            keywords = keywords - {"$seen"} if unread else keywords | {"$seen"}
        places = [label for label in labels if fold(label) not in _GMAIL_STATES]
        folder = tuple(places[0].split("/")) if places else self._folder
        return Found(folder, raw, keywords, role=role_of(folder))


def _messages(file: IO[bytes], start: int) -> Iterator[tuple[int, int, bytes | None]]:
    """Begin, end and bytes of each message (None when too large). `start` is the beginning of an envelope line."""
    begin, size, lines, blank, offset = start, 0, list[bytes](), True, start
    for line in file:
        if blank and _ENVELOPE.match(line):
            if size:
                yield begin, offset, _joined(lines, size)
            begin, size, lines = offset, 0, []
        else:
            size += len(line)
            if size <= MESSAGE_BYTES:
                lines.append(line)
            else:
                lines.clear()
        blank = line in (b"\n", b"\r\n")
        offset += len(line)
    if size:
        yield begin, offset, _joined(lines, size)


def _joined(lines: list[bytes], size: int) -> bytes | None:
    if size > MESSAGE_BYTES:
        return None
    if lines and lines[-1] in (b"\n", b"\r\n"):  # the empty line before the next envelope is not the message's
        lines = lines[:-1]
    return _ESCAPED.sub(rb"\1", b"".join(lines))


def _head(raw: bytes) -> dict[str, str]:
    """The fields that mail programs keep their state in."""
    block = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0]
    unfolded = re.sub(rb"\r?\n[ \t]+", b" ", block).decode("ascii", "replace")
    fields = (line.partition(":") for line in unfolded.splitlines())
    return {name.strip().lower(): value.strip() for name, _, value in fields}


def _keywords(head: dict[str, str]) -> frozenset[str] | None:
    """Keywords from Status, X-Status and Mozilla's fields; None for a message that is marked as deleted."""
    status = head.get("status", "") + head.get("x-status", "")
    found = {word for letter, word in (("R", "$seen"), ("A", "$answered"), ("F", "$flagged")) if letter in status}
    try:
        mozilla = int(head.get("x-mozilla-status", "0"), 16)
    except ValueError:
        mozilla = 0
    if mozilla & 0x0008 or "D" in head.get("x-status", ""):
        return None
    for bit, word in ((0x1, "$seen"), (0x2, "$answered"), (0x4, "$flagged"), (0x1000, "$forwarded")):
        if mozilla & bit:
            found.add(word)
    return frozenset(found)


def _labels(value: str) -> list[str]:
    """Gmail's labels, which may be encoded words. RFC 2047"""
    pieces = email.header.decode_header(value)
    text = "".join(p.decode(c or "utf-8", "replace") if isinstance(p, bytes) else p for p, c in pieces)
    return [label.strip().strip('"') for label in text.split(",") if label.strip()]
