"""Media as servers send it to each other: JSON about it, and then its bytes or the address they are at, in one body
(Matrix v1.19 Server-Server §Content Repository; RFC 2046 §5.1)."""

import re
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from urllib.parse import unquote

from .errors import BadMatrix

_HEAD_LIMIT = 65_536
"""Bytes before the media begins."""
_BOUNDARY = re.compile(
    r"multipart/mixed\s*;(?:.*;)?\s*boundary=(?:\"([^\"]{1,70})\"|([^\s;\"]{1,70}))", re.I | re.S
)
_EXTENDED = re.compile(r";\s*filename\*=utf-8''([^\s;]{1,1000})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class About:
    """What the second part says of itself; `location` is where its bytes are, empty where they follow."""

    media_type: str
    name: str
    location: str


def begin(boundary: str, media_type: str, disposition: str) -> bytes:
    """What is sent before the bytes of the media."""
    lines = [
        f"--{boundary}",
        "Content-Type: application/json",
        "",
        "{}",
        f"--{boundary}",
        f"Content-Type: {media_type}",
        f"Content-Disposition: {disposition}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


def end(boundary: str) -> bytes:
    """What is sent behind them."""
    return f"\r\n--{boundary}--\r\n".encode()


class Parts:
    """Reads such a body as it comes."""

    def __init__(self, content_type: str) -> None:
        """Raises BadMatrix where a header says that it is no such body."""
        match = _BOUNDARY.match(content_type)
        if match is None:
            raise BadMatrix("Not parts of media", field="content-type")
        self._mark = f"\r\n--{match[1] or match[2]}".encode()
        self._held = bytearray(b"\r\n")
        self._ended = False
        self.about: About | None = None
        """What was said of the media, once that has come."""

    def feed(self, data: bytes) -> bytes:
        """Takes what came; returns what of it is the media's. Raises BadMatrix."""
        self._held += data
        if self.about is None and not self._begun():
            return b""
        if self._ended:
            return b""
        place = self._held.find(self._mark)
        if place >= 0:
            self._ended = True
        else:
            place = max(0, len(self._held) - len(self._mark) + 1)
        found = bytes(self._held[:place])
        del self._held[:place]
        return found

    def finish(self) -> About:
        """What was said of the media, of which all has come. Raises BadMatrix."""
        if self.about is None or not (self._ended or self.about.location):
            raise BadMatrix("The media did not come whole")
        return self.about

    def _begun(self) -> bool:
        """Whether all before the media has come; it is taken away then."""
        first = self._held.find(self._mark)
        second = self._held.find(self._mark, first + 1) if first >= 0 else -1
        head = self._held.find(b"\r\n", second + 1) if second >= 0 else -1
        blank = self._held.find(b"\r\n\r\n", head) if head >= 0 else -1
        if blank < 0:
            if len(self._held) > _HEAD_LIMIT:
                raise BadMatrix("Too much before the media", errcode="M_TOO_LARGE")
            return False
        headers = BytesHeaderParser().parsebytes(bytes(self._held[head + 2 : blank + 2]))
        kind, location = str(headers.get("content-type", "")), str(headers.get("location", ""))
        self.about = About(kind or "application/octet-stream", _name(headers), location)
        del self._held[: blank + 4]
        return True


def _name(headers: Message) -> str:
    """The name of the file; the one that may have any letter comes first (RFC 6266 §4.3)."""
    match = _EXTENDED.search(str(headers.get("content-disposition", "")))
    return unquote(match[1]) if match else headers.get_filename() or ""
