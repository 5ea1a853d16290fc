"""Strings of a script: encoded characters (RFC 5228 §2.4.2.4), references to variables and their modifiers (RFC
5229)."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import quote

MATCH_VALUES = 33
"""Match variables up to ${32}."""
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\Z")
_NAME = re.compile(r"(?:[A-Za-z_][A-Za-z0-9_]*\.)*(?:[A-Za-z_][A-Za-z0-9_]*|\d+)\Z")
_ENCODED = re.compile(
    r"\$\{(?:hex:(?P<hex>[ \t\r\n]*(?:[0-9a-f]{1,2}(?:[ \t\r\n]+[0-9a-f]{1,2})*)[ \t\r\n]*)"
    r"|unicode:(?P<unicode>[ \t\r\n]*(?:[0-9a-f]+(?:[ \t\r\n]+[0-9a-f]+)*)[ \t\r\n]*))\}",
    re.I,
)
_REFERENCE = re.compile(r"\$\{((?:[A-Za-z_][A-Za-z0-9_]*\.)*(?:[A-Za-z_][A-Za-z0-9_]*|\d+))\}")


class Variable(NamedTuple):
    """A reference to a variable, its name in lower case, or to the match value `number`."""

    name: str
    namespace: str = ""
    number: int | None = None


class Template(NamedTuple):
    """A string with references in it."""

    parts: tuple[str | Variable, ...]


Text = str | Template


def decode_characters(text: str) -> str:
    """A string with `${hex:...}` and `${unicode:...}` replaced (RFC 5228 §2.4.2.4); anything else stays as it is.
    Octets that are not UTF-8 become U+FFFD. Raises ValueError for what is no character."""
    if "${" not in text:
        return text
    pieces, done = [], 0
    for match in _ENCODED.finditer(text):
        pieces.append(text[done : match.start()].encode("utf-8", "replace"))
        done = match.end()
        if match["hex"] is not None:
            pieces.append(bytes(int(octet, 16) for octet in match["hex"].split()))
        else:
            pieces += [_character(word).encode("utf-8") for word in match["unicode"].split()]
    pieces.append(text[done:].encode("utf-8", "replace"))
    return b"".join(pieces).decode("utf-8", "replace")


def _character(word: str) -> str:
    digits = word.lstrip("0") or "0"
    number = int(digits, 16) if len(digits) < 7 else 0x110000
    if number > 0x10FFFF or 0xD800 <= number < 0xE000:
        raise ValueError(f"{word[:20]} is no character of Unicode.")
    return chr(number)


def template_of(text: str, namespaces: frozenset[str]) -> Text:
    """A string with its references found (RFC 5229 §3). Raises ValueError for a namespace that is not known, or a
    match variable beyond the last."""
    if "${" not in text:
        return text
    parts: list[str | Variable] = []
    done = 0
    for match in _REFERENCE.finditer(text):
        if match.start() > done:
            parts.append(text[done : match.start()])
        parts.append(variable_of(match.group(1), namespaces))
        done = match.end()
    if done == 0:
        return text
    if done < len(text):
        parts.append(text[done:])
    return Template(tuple(parts))


def variable_of(written: str, namespaces: frozenset[str]) -> Variable:
    """What a name refers to. Raises ValueError as `template_of`."""
    if not _NAME.match(written):
        raise ValueError(f"'{written[:40]}' is no name of a variable.")
    namespace, _, name = written.lower().rpartition(".")
    if namespace and namespace not in namespaces:
        raise ValueError(f"The namespace '{namespace[:40]}' of variables is not known.")
    if name.isdigit():
        digits = name.lstrip("0") or "0"
        if namespace or len(digits) > 4 or int(digits) >= MATCH_VALUES:
            raise ValueError(f"There is no match variable '{written[:20]}'.")
        return Variable(name, number=int(digits))
    return Variable(name, namespace)


def _quoted(text: str) -> str:
    return re.sub(r"([\\*?])", r"\\\1", text)


def _encoded_url(text: str) -> str:
    return quote(text, safe="-._~", errors="replace")


MODIFIERS: Mapping[str, tuple[int, Callable[[str], str]]] = {
    "lower": (40, str.lower),
    "upper": (40, str.upper),
    "lowerfirst": (30, lambda text: text[:1].lower() + text[1:]),
    "upperfirst": (30, lambda text: text[:1].upper() + text[1:]),
    "quotewildcard": (20, _quoted),
    "encodeurl": (15, _encoded_url),
    "length": (10, lambda text: str(len(text))),
}
"""Modifiers of `set` with their precedence (RFC 5229 §4.1; RFC 5435 §6 has :encodeurl)."""


def modified(text: str, modifiers: list[str], limit: int) -> str:
    """A value after its modifiers, those of higher precedence first (RFC 5229 §4.1), none of them giving more than
    `limit` bytes; what `:quotewildcard` and `:encodeurl` have written is not cut in its middle."""
    for name in sorted(modifiers, key=lambda name: -MODIFIERS[name][0]):
        text = cut(MODIFIERS[name][1](text), limit)
        if name == "quotewildcard" and (len(text) - len(text.rstrip("\\"))) % 2:
            text = text[:-1]
        if name == "encodeurl":
            text = re.sub("%[0-9A-F]?\\Z", "", text)
    return text


def cut(text: str, limit: int) -> str:
    """The first characters of a text, at most `limit` bytes of them (RFC 5229 §6)."""
    if len(text) * 4 <= limit:
        return text
    return text.encode("utf-8", "replace")[:limit].decode("utf-8", "ignore")
