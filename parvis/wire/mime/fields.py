"""Header fields written correctly: folding, encoded words, addresses, parameters (RFC 5322 §2.2.3, 2047, 2231,
6532)."""

import binascii
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from urllib.parse import quote

from .model import Address, AddressGroup

LINE = 76
"""Where lines are folded; 78 is what RFC 5322 §2.1.1 asks for."""
_HARD = 850
"""A word longer than this cannot stand unencoded: lines may have 998 bytes (§2.1.1)."""
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
_LINE_END = re.compile(r"\r\n|\r|\n")
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+\Z")
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+\Z")
_PLAIN_EMAIL = re.compile(r"""[^\s<>"(),:;@\\\[\]]+@[^\s<>"(),:;@\\\[\]]+\Z""")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]+\Z")
_Q_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def clean(text: str) -> str:
    """One line without control characters, so that no value can begin another field."""
    return _CONTROL.sub("", _LINE_END.sub(" ", text)).encode("utf-8", "replace").decode("utf-8")


def raw(value: str) -> str:
    """A value in Raw form: folding is kept, any other line end becomes folding, controls go."""
    lines = [_CONTROL.sub("", line) for line in _LINE_END.split(value)]
    kept = [lines[0], *(line for line in lines[1:] if line.strip())]
    folded = "\r\n".join(
        line if number == 0 or line[:1] in " \t" else " " + line for number, line in enumerate(kept)
    )
    return folded if folded[:1] in ("", " ", "\t") else " " + folded


def encoded_words(text: str) -> list[str]:
    """Text as encoded words of at most 75 characters (RFC 2047 §2), whole characters in each, in the shorter
    encoding."""
    data = text.encode("utf-8")
    quoted = sum(1 if byte in _Q_SAFE or byte == 32 else 3 for byte in data)
    if quoted <= len(data) * 4 // 3 + 4:
        return [f"=?utf-8?Q?{piece}?=" for piece in _pieces(text, _q_letter, 63)]
    words = []
    for piece in _pieces(text, lambda letter: letter, 45):
        words.append(f"=?utf-8?B?{binascii.b2a_base64(piece.encode('utf-8'), newline=False).decode()}?=")
    return words


def _q_letter(letter: str) -> str:
    if letter == " ":
        return "_"
    return "".join(chr(byte) if byte in _Q_SAFE else f"={byte:02X}" for byte in letter.encode("utf-8"))


def _pieces(text: str, write: Callable[[str], str], limit: int) -> Iterable[str]:
    """Text cut into runs whose written form has at most `limit` bytes."""
    run: list[str] = []
    size = 0
    for letter in text:
        written = write(letter)
        length = len(written.encode("utf-8"))
        if size + length > limit and run:
            yield "".join(run)
            run, size = [], 0
        run.append(written)
        size += length
    if run:
        yield "".join(run)


def fold(name: str, words: Iterable[str]) -> str:
    """A whole field, `Name: ...` with its CRLF, broken between words (which may be several lines' worth of
    text)."""
    line = name + ":"
    lines = []
    for word in words:
        if len(line.encode("utf-8")) + 1 + len(word.encode("utf-8")) > LINE and line.strip() and line != name + ":":
            lines.append(line)
            line = ""
        line += " " + word
    return "\r\n".join([*lines, line]) + "\r\n"


def _needs_encoding(word: str) -> bool:
    return not word.isascii() or "=?" in word or len(word) > _HARD


def text_words(text: str) -> list[str]:
    """Text form as words to fold: as it is where it can be, encoded words from the first to the last that need
    them.

    Space that would be lost, at the ends or two in a row, is carried inside encoded words."""
    text = clean(text).replace("\t", " ")
    words = text.split(" ")
    needy = [number for number, word in enumerate(words) if _needs_encoding(word) or not word]
    if not needy:
        return words
    first, last = needy[0], needy[-1]
    if not words[first]:
        first = max(first - 1, 0)
    if not words[last]:
        last = min(last + 1, len(words) - 1)
    return [*words[:first], *encoded_words(" ".join(words[first : last + 1])), *words[last + 1 :]]


def phrase(name: str) -> str:
    """A display name (RFC 5322 §3.2.5): as atoms, quoted, or as encoded words."""
    name = " ".join(clean(name).split())
    if not name.isascii() or "=?" in name or len(name) > _HARD // 2:
        return " ".join(encoded_words(name))
    if _PHRASE.match(name):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def mailbox(address: Address) -> str:
    """One mailbox (RFC 5322 §3.4). What is not an address is written as well as it can be, for drafts."""
    email = domain_as_ascii(
        _LINE_END.sub("", clean(address.email)).replace("<", "").replace(">", "").strip()[:_HARD]
    )
    name = phrase(address.name) if address.name else ""
    if name:
        return f"{name} <{email}>"
    return email if _PLAIN_EMAIL.match(email) or (_ATOM.match(email) and "@" not in email) else f"<{email}>"


def domain_as_ascii(email: str) -> str:
    """An address with its domain in A-labels (RFC 5890) when the local part is ASCII, so that servers without
    SMTPUTF8 can carry it; other addresses stay as they are (RFC 6532)."""
    local, at, domain = email.rpartition("@")
    if email.isascii() or not at or not local.isascii():
        return email
    try:
        return local + at + domain.encode("idna").decode("ascii")
    except UnicodeError:
        return email


def groups(name: str, value: Iterable[AddressGroup]) -> str:
    """A field of mailboxes and groups."""
    items = []
    for group in value:
        members = ", ".join(mailbox(address) for address in group.addresses)
        items.append(members if group.name is None else f"{phrase(group.name) or 'group'}: {members};")
    return fold(name, ", ".join(item for item in items if item).split(" "))


def angled(name: str, values: Iterable[str], between: str) -> str:
    """A field of things in angle brackets: message ids (`between` empty) or addresses on the web (a comma)."""
    items = [f"<{''.join(clean(value).replace('<', '').replace('>', '').split())[:_HARD]}>" for value in values]
    return fold(name, [item + between for item in items[:-1]] + items[-1:])


def date(moment: datetime) -> str:
    """A date (RFC 5322 §3.3); a moment without an offset is taken as UTC."""
    offset = moment.utcoffset()
    minutes = 0 if offset is None else int(offset.total_seconds() // 60)
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return (
        f"{_DAYS[moment.weekday()]}, {moment.day} {_MONTHS[moment.month - 1]} {moment.year:04d} "
        f"{moment.hour:02d}:{moment.minute:02d}:{moment.second:02d} {sign}{minutes // 60:02d}{minutes % 60:02d}"
    )


def parameter(name: str, value: str) -> list[str]:
    """One parameter: as a token, quoted, or by RFC 2231, cut in numbered pieces when long."""
    value = clean(value).replace("\t", " ")
    if value.isascii() and len(value) <= 60:
        if _TOKEN.match(value):
            return [f"{name}={value}"]
        return [name + '="' + value.replace("\\", "\\\\").replace('"', '\\"') + '"']
    pieces = list(_pieces(value, lambda letter: quote(letter, safe="!#$&+.^_`|~-"), 50))
    if len(pieces) == 1:
        return [f"{name}*=utf-8''{pieces[0]}"]
    return [
        f"{name}*0*=utf-8''{pieces[0]}",
        *(f"{name}*{n}*={piece}" for n, piece in enumerate(pieces[1:], start=1)),
    ]


def with_parameters(name: str, value: str, params: Iterable[tuple[str, str]]) -> str:
    """A field such as Content-Type with its parameters."""
    words = [clean(value)[:_HARD]]
    for key, text in params:
        for item in parameter(key, text):
            words[-1] += ";"
            words.append(item)
    return fold(name, words)
