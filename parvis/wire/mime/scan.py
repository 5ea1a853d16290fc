"""One walk over the bytes of a message that finds its header fields and its parts. It never fails, does not
recurse, and takes time in proportion to the size (RFC 5322 §2, RFC 2046 §5.1)."""

import re

from parvis.kernel.mapped import Raw

from .content import Content, content_of
from .model import LIMITS, Header, Limits, Message, Part

FIELD = re.compile(rb"([!-9;-~]++)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)(?:\n|\Z)")
JUNK_LINE = re.compile(rb"[^\n]*(?:\n|\Z)")
BLANK = re.compile(rb"\r*(?:\n|\Z)")
ENVELOPE = re.compile(rb">?From [^\n]*(?:\n|\Z)")
DELIMITER_LIMIT = 1_000


class _Open:
    """A part whose end is not yet known."""

    __slots__ = ("body_start", "children", "content", "header_start", "headers", "section")

    def __init__(self, section: str, start: int, headers: list[Header], body_start: int, content: Content) -> None:
        self.section = section
        self.header_start = start
        self.headers = headers
        self.body_start = body_start
        self.content = content
        self.children: list[Part] = []

    def close(self, raw: Raw, end: int) -> Part:
        content = self.content
        # a part of nothing ends where it begins, after the line end that belongs to the delimiter that ends it
        end = max(end, self.body_start, self.children[-1].body_end if self.children else 0)
        return Part(
            headers=tuple(self.headers),
            header_start=self.header_start,
            body_start=self.body_start,
            body_end=end,
            lines=0 if content.type == "multipart" else raw.count(b"\n", self.body_start, end),
            type=content.type,
            subtype=content.subtype,
            section=self.section,
            params=content.params,
            charset=content.charset,
            disposition=content.disposition,
            disposition_params=content.disposition_params,
            filename=content.filename,
            content_id=content.content_id,
            language=content.language,
            location=content.location,
            encoding=content.encoding,
            children=tuple(self.children),
        )


class _Scan:
    """The state of one walk: the multiparts that are open, outermost first, and their delimiters."""

    def __init__(self, raw: Raw, end: int, limits: Limits) -> None:
        self.raw = raw
        self.end = end
        self.limits = limits
        self.defects: dict[str, None] = {}
        self.open: list[_Open] = []
        self.levels: dict[bytes, int] = {}
        self.parts = 0
        self.fields = 0

    def headers(self, pos: int) -> tuple[list[Header], int]:
        """Reads header fields from `pos`; gives them with the place where the body begins."""
        raw, end = self.raw, self.end
        found: list[Header] = []
        while pos < end:
            field = FIELD.match(raw, pos, end)
            if field is None or (self.levels and self.is_delimiter(pos)):
                blank = BLANK.match(raw, pos, end)
                if blank is not None:
                    return found, blank.end()
                after = self.junk(pos, found)
                if after is None:
                    return found, pos
                pos = after
                continue
            after = field.end()
            self.fields += 1
            if self.fields <= self.limits.headers:
                value = field.group(2)
                if value.endswith(b"\r"):
                    value = value.rstrip(b"\r")
                found.append(Header(field.group(1).decode("ascii"), value, pos, after))
            else:
                self.defects["headers"] = None
            pos = after
        return found, pos

    def junk(self, pos: int, found: list[Header]) -> int | None:
        """A line that is no header field. Gives where to go on, or `None` when the body begins here.

        A `From ` line of a mbox before the first field is skipped; a line between two fields is a
        continuation that lost its indentation and is skipped too; anything else is text."""
        raw, end = self.raw, self.end
        if not found:
            line = ENVELOPE.match(raw, pos, end) if not self.open else None
            return line.end() if line else None
        if self.levels and self.is_delimiter(pos):
            return None
        line = JUNK_LINE.match(raw, pos, end)
        assert line is not None
        self.defects["junk-header"] = None
        return line.end() if FIELD.match(raw, line.end(), end) else None

    def delimiter(self, pos: int) -> tuple[int, bool] | None:
        """Is the line at `pos`, which begins with `--`, a delimiter of an open multipart? Gives its level and
        whether it is the closing one. The outermost multipart wins a boundary that is used twice."""
        stop = self.raw.find(b"\n", pos, min(self.end, pos + DELIMITER_LIMIT))
        word = self.raw[pos + 2 : stop if stop >= 0 else min(self.end, pos + DELIMITER_LIMIT)].rstrip()
        level = self.levels.get(word)
        if level is not None:
            return level, False
        if word.endswith(b"--"):
            level = self.levels.get(word[:-2])
            if level is not None:
                return level, True
        return None

    def is_delimiter(self, pos: int) -> bool:
        """Does a delimiter line begin at `pos`?"""
        return self.raw.startswith(b"--", pos) and pos < self.end and self.delimiter(pos) is not None

    def next_delimiter(self, pos: int) -> tuple[int, int, bool] | None:
        """The first delimiter line at or after `pos` (the start of a line): its place, level, and whether it
        closes."""
        raw, end = self.raw, self.end
        if not self.levels:
            return None
        while pos < end:
            if not raw.startswith(b"--", pos):
                pos = raw.find(b"\n--", pos, end) + 1
                if pos == 0:
                    return None
            found = self.delimiter(pos)
            if found is not None:
                return pos, *found
            pos = raw.find(b"\n", pos, end) + 1
            if pos == 0:
                return None
        return None

    def close_down_to(self, level: int, end: int) -> None:
        """Closes every multipart inside `level`."""
        while len(self.open) > level + 1:
            inner = self.open.pop()
            boundary = inner.content.boundary
            if self.levels.get(boundary) == len(self.open):
                del self.levels[boundary]
                self.defects["unclosed"] = None
            self.open[-1].children.append(self.finish(inner, end))

    def finish(self, part: _Open, end: int) -> Part:
        """The finished part. A multipart in which no part was found is read as text, so that its words are
        not lost."""
        if part.content.type == "multipart" and not part.children and end > part.body_start:
            self.defects["no-parts"] = None
            part.content = part.content.as_text()
            part.section = part.section or "1"
        return part.close(self.raw, end)

    def before(self, pos: int) -> int:
        """Where the line end before a delimiter at `pos` begins."""
        if pos >= 2 and self.raw[pos - 2] == 13:
            return pos - 2
        return max(pos - 1, 0)

    def begin(self, pos: int) -> _Open:
        """Reads the header of the part at `pos`."""
        parent = self.open[-1] if self.open else None
        headers, body = self.headers(pos)
        digest = parent is not None and parent.content.subtype == "digest"
        content = content_of(headers, digest, self.defects)
        if content.type == "multipart":
            if not content.boundary:
                self.defects["no-boundary"] = None
                content = content.as_text()
            elif len(self.open) >= self.limits.depth:
                self.defects["depth"] = None
                content = content.as_opaque()
        if parent is None:
            section = "" if content.type == "multipart" else "1"
        else:
            number = str(len(parent.children) + 1)
            section = f"{parent.section}.{number}" if parent.section else number
        self.parts += 1
        return _Open(section, pos, headers, body, content)

    def run(self, start: int) -> Part:
        """Walks the whole message and gives its root."""
        part = self.begin(start)
        pos = part.body_start
        while True:
            if part.content.type == "multipart":
                self.levels.setdefault(part.content.boundary, len(self.open))
                self.open.append(part)
                leaf = None
            else:
                leaf = part
            where = self.following_part(leaf, pos)
            if where is None:
                break
            part = self.begin(where)
            pos = part.body_start
        return self.root

    def following_part(self, leaf: _Open | None, pos: int) -> int | None:
        """Ends `leaf` and the multiparts that end with it; gives the header of the next part, `None` at the
        end."""
        while True:
            if self.parts >= self.limits.parts and self.levels:
                self.defects["parts"] = None
                self.levels.clear()
            found = self.next_delimiter(pos)
            line_end = -1 if found is None else self.raw.find(b"\n", found[0], self.end)
            stop = self.end if found is None else self.before(found[0])
            level = 0 if found is None else found[1]
            if leaf is not None:
                if not self.open:
                    self.root = self.finish(leaf, stop)
                    return None
                self.open[-1].children.append(self.finish(leaf, stop))
                leaf = None
            self.close_down_to(level, stop)
            if found is None:
                if self.levels:
                    self.defects["unclosed"] = None
                self.root = self.finish(self.open[0], self.end)
                return None
            after = self.end if line_end < 0 else line_end + 1
            if not found[2] and not self.is_delimiter(after):  # two delimiters with nothing between are one
                return after
            if not found[2]:
                pos = after
                continue
            del self.levels[self.open[level].content.boundary]
            pos = after


def parse(raw: Raw, start: int = 0, end: int | None = None, limits: Limits = LIMITS) -> Message:
    """Reads the message in `raw[start:end]`. Never fails: nonsense is a `text/plain` message without header
    fields.

    Offsets in the result count from the beginning of `raw`, so that a message inside another, where no
    transfer encoding is in between, can be read in place. Line ends are CRLF or LF; a lone CR is an ordinary
    byte."""
    stop = len(raw) if end is None else min(end, len(raw))
    scan = _Scan(raw, stop, limits)
    root = scan.run(min(start, stop))
    return Message(root, stop - min(start, stop), tuple(scan.defects))


def header(raw: Raw, start: int = 0) -> tuple[list[Header], int]:
    """Only the header fields of the message that begins at `start`, as `parse` reads them, and where its body
    begins."""
    return _Scan(raw, len(raw), LIMITS).headers(start)
