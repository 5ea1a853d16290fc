"""The grammar of SMTP as pure functions: commands, parameters, addresses, replies, and the end of a message.

RFC 5321, with SIZE (1870), 8BITMIME (6152), CHUNKING and BINARYMIME (3030), SMTPUTF8 (6531), DSN (3461), AUTH
(4954)."""

import binascii
import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

import msgspec

from parvis.kernel.errors import Invalid

LINE_LIMIT = 12_288
"""Bytes of a command line: 512 and what the extensions add, AUTH most of all (RFC 5321 §4.5.3.1.4, RFC 4954 §4)."""


class Reply(NamedTuple):
    """An answer: code, enhanced status (RFC 3463; empty where none belongs, as for 220 and 354), lines of text."""

    code: int
    status: str
    lines: tuple[str, ...]

    def render(self) -> bytes:
        """The bytes of the answer, one line for each text (RFC 5321 §4.2)."""
        head = f"{self.status} " if self.status else ""
        last = len(self.lines) - 1
        return "".join(
            f"{self.code}{' ' if number == last else '-'}{head}{_printable(line)}\r\n"
            for number, line in enumerate(self.lines)
        ).encode("utf-8")


def reply(code: int, status: str, *lines: str) -> Reply:
    """An answer of one or more lines."""
    return Reply(code, status, lines or ("",))


def _printable(line: str) -> str:
    return _CONTROL.sub(" ", line)[:500]


class SyntaxRefused(Invalid):
    """A command breaks the grammar or asks what is not there; `reply` is the answer."""

    def __init__(self, code: int, status: str, sentence: str) -> None:
        super().__init__(sentence, reply=code)
        self.reply = reply(code, status, sentence)


class Command(NamedTuple):
    """A verb in capitals and the rest of the line without space around it."""

    verb: str
    argument: str


class MailFrom(msgspec.Struct, frozen=True):
    """`MAIL FROM` with its parameters."""

    sender: str
    """`""` is the null path of a notification (RFC 5321 §4.5.5)."""
    size: int | None = None
    """Bytes the client says it will send."""
    body: Literal["7BIT", "8BITMIME", "BINARYMIME"] = "7BIT"
    smtputf8: bool = False
    ret: Literal["FULL", "HDRS"] | None = None
    envid: str | None = None
    auth: str | None = None
    """The identity of AUTH=, `""` for `<>` (RFC 4954 §5)."""


class RcptTo(msgspec.Struct, frozen=True):
    """`RCPT TO` with its parameters."""

    recipient: str
    notify: tuple[str, ...] = ()
    """`NEVER`, or any of `SUCCESS`, `FAILURE`, `DELAY`; empty when the client did not say (RFC 3461 §4.1)."""
    orcpt: tuple[str, str] | None = None
    """Type in lower case and address, decoded: `("rfc822", "joe@example.org")` (RFC 3461 §4.2)."""


class Chunk(NamedTuple):
    """`BDAT`: how many bytes follow and whether they are the last (RFC 3030 §2)."""

    size: int
    last: bool


_CONTROL = re.compile("[\x00-\x1f\x7f]")
_ATEXT = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~\-"
_UTF8 = "\u0080-\U0010ffff"
_LABEL = rf"[A-Za-z0-9{_UTF8}](?:[A-Za-z0-9\-_{_UTF8}]{{0,61}}[A-Za-z0-9{_UTF8}])?"
_LOCAL = rf'(?:[{_ATEXT}{_UTF8}]+(?:\.[{_ATEXT}{_UTF8}]+)*|"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*")'
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[^\[\]\\\s]{{1,80}}\])"
_ADDRESS = re.compile(rf"({_LOCAL})@({_DOMAIN})\Z")
_PATH = re.compile(r'\s*<((?:"(?:[^"\\]|\\.)*"|[^<>"])*)>(?:\s+(.*))?\Z', re.S)
_ROUTE = re.compile(r"@[^:\s]{1,300}:")
_VERB = re.compile(rb"([A-Za-z][A-Za-z0-9]{0,19})(?:[ \t]+(.*))?\Z", re.S)
_KEYWORD = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^=\s]+))?\Z")
_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*\Z")
_HEX = re.compile(r"\+([0-9A-F]{2})")
_UNITEXT = re.compile(r"\\x\{([0-9A-F]{2,6})\}")
_NOTIFY = frozenset({"SUCCESS", "FAILURE", "DELAY"})


def parse_command(line: bytes) -> Command:
    """A command line, without its CRLF; verbs in any case (RFC 5321 §2.4). Raises SyntaxRefused (500) for what is
    none: no verb, control characters, bytes that are not UTF-8."""
    match = _VERB.match(line.rstrip(b" \t"))
    if match is None or len(line) > LINE_LIMIT:
        raise SyntaxRefused(500, "5.5.2", "Command not recognised")
    try:
        argument = (match.group(2) or b"").decode("utf-8").strip(" \t")
    except UnicodeDecodeError:
        raise SyntaxRefused(500, "5.5.2", "Command is not UTF-8") from None
    if _CONTROL.search(argument.replace("\t", " ")):
        raise SyntaxRefused(500, "5.5.2", "Command has control characters")
    return Command(match.group(1).decode("ascii").upper(), argument)


def parse_mail(argument: str) -> MailFrom:
    """`FROM:<path> parameters`. Raises SyntaxRefused: 501 for the grammar, 553 for an address, 555 for a parameter
    that is not known (RFC 5321 §4.1.1.11, RFC 6531 §3.4, §3.7.4.1)."""
    path, words = _path(argument, "FROM:")
    values = _parameters(words)
    found = MailFrom(
        sender=path,
        size=_number(values.pop("SIZE", None)),
        body=_choice(values, "BODY", ("7BIT", "8BITMIME", "BINARYMIME")) or "7BIT",  # type: ignore[arg-type]
        smtputf8=_flag(values, "SMTPUTF8"),
        ret=_choice(values, "RET", ("FULL", "HDRS")),  # type: ignore[arg-type]
        envid=_xtext(values.pop("ENVID", None), 100),
        auth=_auth(values.pop("AUTH", None)),
    )
    _none_left(values)
    if path:
        _check(path, found.smtputf8)
    return found


def parse_rcpt(argument: str, smtputf8: bool = False) -> RcptTo:
    """`TO:<path> parameters`; `smtputf8` as MAIL said. `<Postmaster>` needs no domain (RFC 5321 §4.5.1). Raises as
    `parse_mail`."""
    path, words = _path(argument, "TO:")
    if not path:
        raise SyntaxRefused(501, "5.1.3", "A recipient is needed")
    values = _parameters(words)
    notify = _notify(values.pop("NOTIFY", None))
    orcpt = _original(values.pop("ORCPT", None))
    _none_left(values)
    if path.lower() != "postmaster":
        _check(path, smtputf8)
    return RcptTo(path, notify, orcpt)


def parse_bdat(argument: str) -> Chunk:
    """`size` or `size LAST` (RFC 3030 §2). Raises SyntaxRefused."""
    match = re.match(r"(\d{1,15})(?:\s+(LAST))?\Z", argument, re.I | re.A)
    if match is None:
        raise SyntaxRefused(501, "5.5.4", "BDAT needs a size")
    return Chunk(int(match.group(1)), match.group(2) is not None)


def parse_plain(response: str) -> tuple[str, str, str]:
    """The base64 response of AUTH PLAIN: the identity to act as, the identity, the password (RFC 4616 §2, RFC
    4954 §8). Raises SyntaxRefused."""
    parts = decode_response(response).split("\0")
    if len(parts) != 3 or not parts[1]:
        raise SyntaxRefused(501, "5.5.2", "Not a PLAIN response")
    return parts[0], parts[1], parts[2]


def decode_response(response: str) -> str:
    """A base64 response of AUTH as text; `=` is the empty one (RFC 4954 §4). Raises SyntaxRefused."""
    try:
        data = b"" if response == "=" else binascii.a2b_base64(response.encode("ascii"), strict_mode=True)
        return data.decode("utf-8")
    except (ValueError, UnicodeError):
        raise SyntaxRefused(501, "5.5.2", "Not base64") from None


def _path(argument: str, prefix: str) -> tuple[str, list[str]]:
    """The path without brackets and route (RFC 5321 §3.6.1), and the words after it."""
    if argument[: len(prefix)].upper() != prefix:
        raise SyntaxRefused(501, "5.5.4", f"{prefix}<address> is needed")
    match = _PATH.match(argument[len(prefix) :])
    if match is None:
        raise SyntaxRefused(501, "5.5.4", f"{prefix}<address> is needed")
    path = match.group(1).strip()
    if path.startswith("@"):  # a source route is to be ignored, RFC 5321 §4.1.1.3
        path = _ROUTE.sub("", path, count=1)
    return path, (match.group(2) or "").split()


def _parameters(words: Iterable[str]) -> dict[str, str | None]:
    values: dict[str, str | None] = {}
    for word in words:
        match = _KEYWORD.match(word) if "=" not in word[word.find("=") + 1 :] else _loose(word)
        if match is None or match.group(1).upper() in values:
            raise SyntaxRefused(501, "5.5.4", "Parameters are not understood")
        values[match.group(1).upper()] = match.group(2)
    return values


def _loose(word: str) -> re.Match[str] | None:
    """AUTH= and ENVID= of careless clients carry a `=` in their value."""
    return re.match(r"([A-Za-z0-9][A-Za-z0-9-]*)=(\S+)\Z", word)


def _none_left(values: dict[str, str | None]) -> None:
    if values:
        raise SyntaxRefused(555, "5.5.4", f"Parameter {next(iter(values))} is not known")


def _number(value: str | None) -> int | None:
    if value is None:
        return None
    if not re.match(r"\d{1,20}\Z", value, re.A):
        raise SyntaxRefused(501, "5.5.4", "SIZE is a number")
    return int(value)


def _choice(values: dict[str, str | None], name: str, allowed: tuple[str, ...]) -> str | None:
    if name not in values:
        return None
    value = (values.pop(name) or "").upper()
    if value not in allowed:
        raise SyntaxRefused(501, "5.5.4", f"{name} is one of {', '.join(allowed)}")
    return value


def _flag(values: dict[str, str | None], name: str) -> bool:
    if name not in values:
        return False
    if values.pop(name) is not None:
        raise SyntaxRefused(501, "5.5.4", f"{name} takes no value")
    return True


def decode_xtext(value: str) -> str | None:
    """Text written as xtext (RFC 3461 §4); `None` when it is not."""
    if not _XTEXT.match(value):
        return None
    data = _HEX.sub(lambda match: chr(int(match.group(1), 16)), value)
    try:
        return data.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return None


def encode_xtext(value: str) -> str:
    """Text as xtext (RFC 3461 §4)."""
    return "".join(
        chr(byte) if 33 <= byte <= 126 and byte not in b"+=" else f"+{byte:02X}" for byte in value.encode("utf-8")
    )


def _xtext(value: str | None, limit: int) -> str | None:
    if value is None:
        return None
    text = decode_xtext(value)
    if text is None or len(value) > limit or _CONTROL.search(text):
        raise SyntaxRefused(501, "5.5.4", "ENVID is not understood")
    return text


def _auth(value: str | None) -> str | None:
    if value is None:
        return None
    text = decode_xtext(value)
    if text is None or len(value) > 500:
        raise SyntaxRefused(501, "5.5.4", "AUTH is not understood")
    return "" if text == "<>" else text


def _notify(value: str | None) -> tuple[str, ...]:
    if value is None:
        return ()
    words = tuple(value.upper().split(","))
    if words != ("NEVER",) and (not set(words) <= _NOTIFY or len(set(words)) != len(words)):
        raise SyntaxRefused(501, "5.5.4", "NOTIFY is not understood")
    return words


def _original(value: str | None) -> tuple[str, str] | None:
    """ORCPT (RFC 3461 §4.2), for type utf-8 as of RFC 6533 §3."""
    if value is None:
        return None
    kind, mark, encoded = value.partition(";")
    text = decode_xtext(encoded) if encoded.isascii() else encoded
    if not mark or text is None or len(value) > 500 or not re.match(r"[A-Za-z0-9-]{1,40}\Z", kind):
        raise SyntaxRefused(501, "5.5.4", "ORCPT is not understood")
    if kind.lower() == "utf-8":
        text = _UNITEXT.sub(lambda match: _character(int(match.group(1), 16)), text)
    if _CONTROL.search(text):
        raise SyntaxRefused(501, "5.5.4", "ORCPT is not understood")
    return kind.lower(), text


def _character(number: int) -> str:
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"


def _check(address: str, smtputf8: bool) -> None:
    if not is_address(address):
        raise SyntaxRefused(553, "5.1.3", "The address is not valid")
    if not smtputf8 and not address.isascii():
        raise SyntaxRefused(553, "5.6.7", "An address beyond ASCII needs SMTPUTF8")


def is_address(address: str) -> bool:
    """Is this an address that can be in an envelope (RFC 5321 §2.3.11, §4.1.2, RFC 6531 §3.3): local part at
    most 64 bytes, domain 255?"""
    match = _ADDRESS.match(address[:400])
    if match is None or len(address) > 320:
        return False
    return (
        len(match.group(1).encode("utf-8", "replace")) <= 64
        and len(match.group(2).encode("utf-8", "replace")) <= 255
    )


def is_host(name: str) -> bool:
    """Is this what may follow HELO or EHLO: a domain or an address in brackets (RFC 5321 §2.3.4, §2.3.5,
    §4.1.3)?"""
    return len(name) <= 255 and re.fullmatch(_DOMAIN, name) is not None


def split_address(address: str) -> tuple[str, str]:
    """Local part and domain; the domain is empty when there is no `@`."""
    local, mark, domain = address.rpartition("@")
    return (local, domain) if mark else (address, "")


def split_detail(address: str, separator: str = "+") -> tuple[str, str | None]:
    """`user+tag@x` as (`user@x`, `tag`); without a tag the second is `None` (RFC 5233 §4)."""
    local, domain = split_address(address)
    user, mark, detail = local.partition(separator)
    if not mark or not user or local.startswith('"'):
        return address, None
    return (f"{user}@{domain}" if domain else user), detail


def parse_reply(lines: Iterable[str]) -> Reply | None:
    """An answer out of its lines, without CRLF; `None` when they are none (RFC 5321 §4.2.1)."""
    code, status, texts = 0, "", []
    for line in lines:
        match = re.match(r"([2-5]\d\d)(?:[ -](?:([245]\.\d{1,3}\.\d{1,3})(?: |\Z))?(.*))?\Z", line, re.S)
        if match is None or (code and int(match.group(1)) != code):
            return None
        code, status = int(match.group(1)), status or match.group(2) or ""
        texts.append(match.group(3) or "")
    return Reply(code, status, tuple(texts)) if texts else None
