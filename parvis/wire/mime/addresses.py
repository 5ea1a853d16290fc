"""Lists of mailboxes and groups (RFC 5322 §3.4, with the obsolete syntax of §4.4), as well as they can be
understood."""

import re

from .model import LIMITS, Address, AddressGroup
from .normal import nfc
from .words import decode_words, text_of, unfold

_SIMPLE = re.compile(
    r'\s*+(?:"([^"\\]*+)"\s*+|([^"(),:;<>@\[\]\\=]*+))<([^\s<>"(),:;\\\[\]@]++@[^\s<>"(),:;\\\[\]@]++)>\s*+\Z'
)
_BARE = re.compile(r"""\s*+([^\s<>"(),:;\\\[\]@]++@[^\s<>"(),:;\\\[\]@]++)\s*+\Z""")
_TOKEN = re.compile(
    r"""(?P<space>\s++)
    |(?P<word>=\?[^?\s]++\?[bBqQ]\?[^?\s]*+\?=)
    |(?P<angle><(?:(?:"(?:[^"\\]|\\.){0,100}+"|[^<>"])*+>|[^<>]*+>?))
    |(?P<separator>[,;:])
    |(?P<literal>\[[^\[\]]*+\])
    |(?P<atom>(?:[^\s"(),:;<>\[=]|=(?!\?)|=(?=\?))[^\s"(),:;<>\[]*+)
    |(?P<other>.)""",
    re.X | re.S,
)
_QUOTED = re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.S)
_PAIR = re.compile(r"\\(.)", re.S)
_COMMENT_MARK = re.compile(r"[()\\]")
_ROUTE = re.compile(r"(?:@[^:,@]*+,?)++:")


class _Words:
    """What was read since the last comma: words, an address in angle brackets, a comment."""

    def __init__(self, decoded: bool) -> None:
        self.decoded = decoded
        self.words: list[tuple[str, str, bool]] = []  # as written, as meant, after a space
        self.angle: str | None = None
        self.comment: str | None = None

    def phrase(self, words: list[tuple[str, str, bool]] | None = None) -> str | None:
        chosen = self.words if words is None else words
        text = "".join(" " + meant if spaced else meant for _, meant, spaced in chosen)
        return _name(text, self.decoded)

    def address(self) -> Address | None:
        """The mailbox these words are, `None` when there is nothing."""
        if self.angle is not None:
            email, name = _bare_email(self.angle), self.phrase()
            if not email and name is None:
                return None
        elif self.words:
            start, end = self._email_span()
            email = "".join(written for written, _, _ in self.words[start:end])
            if start == 0 and end == len(self.words) and "@" not in email:
                email = " ".join(meant for _, meant, _ in self.words)
            name = self.phrase(self.words[:start] + self.words[end:])
        else:
            return None
        if name is None and self.comment is not None:
            name = _name(self.comment, self.decoded)
        return Address(name, email)

    def _email_span(self) -> tuple[int, int]:
        """Which words are the address when no angle brackets say so: those around the last `@`."""
        words = self.words
        at = next(
            (i for i in range(len(words) - 1, -1, -1) if "@" in words[i][0] and words[i][0][:2] != "=?"), None
        )
        if at is None:
            return 0, len(words)
        start, end = at, at + 1
        while start > 0 and (
            not words[start][2] or words[start][0][0] in "@." or words[start - 1][0].endswith(".")
        ):
            start -= 1
        while end < len(words) and (
            not words[end][2] or words[end - 1][0][-1] in "@." or words[end][0].startswith(".")
        ):
            end += 1
        return start, end


def _name(text: str, decoded: bool) -> str | None:
    """A display name without space around it, its encoded words `decoded`, then in NFC; `None` when nothing is
    left."""
    return (nfc(decode_words(text.strip())) if decoded else text).strip() or None


def _bare_email(text: str) -> str:
    """The address inside angle brackets without route (RFC 5322 §4.4), comments and space."""
    if "(" in text and '"' not in text:
        text = re.sub(r"\([^()]*+\)", "", text)
    if '"' not in text:
        text = "".join(text.split())
    if text.startswith("@"):
        text = _ROUTE.sub("", text, count=1)
    return text.strip()


def comment_at(text: str, pos: int) -> int | None:
    """Where the comment that opens at `pos` ends, nested ones and quoted pairs understood; `None` when it does
    not."""
    depth = 0
    while True:
        mark = _COMMENT_MARK.search(text, pos)
        if mark is None:
            return None
        pos = mark.end()
        if mark.group() == "\\":
            pos += 1
        else:
            depth += 1 if mark.group() == "(" else -1
            if depth == 0:
                return pos


class _Reader:
    """Reads an address list from left to right. An open quote or bracket that never closes is an ordinary
    character; that none closes is remembered, so that the end is looked for once."""

    def __init__(self, text: str, decoded: bool) -> None:
        self.text = text
        self.decoded = decoded
        self.groups: list[AddressGroup] = []
        self.group: str | None = None
        self.in_group = False
        self.found: list[Address] = []
        self.count = 0
        self.now = _Words(self.decoded)
        self.spaced = False
        self.dead = ""

    def read(self) -> tuple[AddressGroup, ...]:
        text, pos = self.text, 0
        while pos < len(text) and self.count < LIMITS.addresses:
            pos = self.step(pos)
        self.end_address()
        self.end_group()
        return tuple(self.groups)

    def step(self, pos: int) -> int:
        """Reads one token; gives where the next begins."""
        text = self.text
        first = text[pos]
        if first == '"' and first not in self.dead:
            quoted = _QUOTED.match(text, pos)
            if quoted is not None:
                inner = _PAIR.sub(r"\1", quoted.group(1))
                self.word(quoted.group(), inner.strip() if not self.now.words else inner)
                return quoted.end()
            self.dead += '"'
        elif first == "(" and first not in self.dead:
            end = comment_at(text, pos)
            if end is not None:
                self.now.comment = _PAIR.sub(r"\1", text[pos + 1 : end - 1])
                return end
            self.dead += "("
        token = _TOKEN.match(text, pos)
        assert token is not None
        kind, value = token.lastgroup, token.group()
        if kind == "space":
            self.spaced = True
        elif kind == "angle":
            if self.now.angle is None or not self.now.angle.strip():
                self.now.angle = value[1:].removesuffix(">")
        elif kind == "separator":
            self.separator(value)
        elif kind != "other" or value not in '"()':
            self.word(value, value)
        return token.end()

    def word(self, written: str, meant: str) -> None:
        if self.now.angle is None:
            self.now.words.append((written, meant, self.spaced))
            self.now.comment = None
        self.spaced = False

    def separator(self, value: str) -> None:
        if value == ":" and not self.in_group and self.now.angle is None and self.now.words:
            name = self.now.phrase()
            self.end_group()
            self.group, self.in_group = name or "", True
            self.now, self.spaced = _Words(self.decoded), False
        elif value == ":":
            if self.now.words:
                self.word(value, value)
        else:
            self.end_address()
            if value == ";" and self.in_group:  # outside of a group some programs write ";" for ","
                self.end_group()

    def end_address(self) -> None:
        address = self.now.address()
        if address is not None:
            self.found.append(address)
            self.count += 1
        self.now, self.spaced = _Words(self.decoded), False

    def end_group(self) -> None:
        if self.found or self.in_group:
            self.groups.append(AddressGroup(self.group if self.in_group else None, tuple(self.found)))
        self.found, self.group, self.in_group = [], None, False


def grouped(value: bytes, decoded: bool = True) -> tuple[AddressGroup, ...]:
    """The groups of an address list; neighbours outside of any group share one with the name `None`. Without
    `decoded`, encoded words stay in the names, as IMAP gives them."""
    text = unfold(text_of(value[: LIMITS.value]))
    simple = _SIMPLE.match(text)
    if simple is not None:
        quoted, plain, email = simple.groups()
        name = _name(quoted if quoted is not None else plain, decoded)
        return (AddressGroup(None, (Address(name, email),)),)
    bare = _BARE.match(text)
    if bare is not None:
        return (AddressGroup(None, (Address(None, bare.group(1)),)),)
    return _Reader(text, decoded).read()
