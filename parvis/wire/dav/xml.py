"""XML read within bounds and written. RFC 4918 §8.2, §20.6, RFC 3744 §10, RFC 4791 §1.2

A request's XML may not have a DTD, so no entity can be defined and none be fetched; depth, elements and length are
bounded. What is read has namespaces resolved to Clark's notation; what is written uses the prefixes of
wire.dav.names, which dead properties are kept with: a prefix is never given to another namespace. Elements that
nobody knows are passed over (RFC 4918 §17).
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any
from xml.parsers.expat import ExpatError, errors

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from parvis.kernel.errors import Invalid, TooLarge
from parvis.wire.dav.element import Element, Value
from parvis.wire.dav.names import DAV, PREFIXES, split

MOST_BYTES = 1_000_000
MOST_ELEMENTS = 50_000
MOST_DEPTH = 100
_XML = "http://www.w3.org/XML/1998/namespace"
_LANG = f"{{{_XML}}}lang"


class _Builder:
    """What the parser calls."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._last: Element | None = None
        self._pieces: list[str] = []
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._flush()
        self._count += 1
        if self._count > MOST_ELEMENTS or len(self._open) >= MOST_DEPTH:
            raise TooLarge("the XML has too many elements", limit=MOST_ELEMENTS)
        element = Element(name, attributes=dict(attributes))
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        self._last = None

    def data(self, text: str) -> None:
        self._pieces.append(text)

    def _flush(self) -> None:
        if self._pieces:
            text = "".join(self._pieces)
            self._pieces.clear()
            if self._last is not None:
                self._last.tail = text
            elif self._open:
                self._open[-1].text = text

    def end(self, name: str) -> None:
        self._flush()
        self._last = self._open.pop()

    def close(self) -> Element | None:
        return self.root


def read(body: bytes) -> Element:
    """The root element. Raises Invalid for what is no well-formed XML or has a DTD, TooLarge."""
    if len(body) > MOST_BYTES:
        raise TooLarge("the XML is too large", limit=MOST_BYTES)
    parser: Any = DefusedXMLParser(target=_Builder(), forbid_dtd=True)
    try:
        parser.feed(body)
        root = parser.close()
    except DefusedXmlException as error:
        raise Invalid("XML with a DTD is not read here") from error
    except (ParseError, ExpatError, ValueError, LookupError) as error:
        raise Invalid(f"this is no well-formed XML: {_reason(error)}") from error
    if not isinstance(root, Element):
        raise Invalid("this is no well-formed XML: it is empty")
    return _languages(root, "")


def _reason(error: Exception) -> str:
    code = getattr(error, "code", None)
    place = getattr(error, "position", None)
    message = errors.messages.get(code, "") if isinstance(code, int) else ""
    return f"{message or 'malformed'}" + (f", line {place[0]}" if place else "")


def _languages(element: Element, language: str) -> Element:
    """Gives each property the language that it stands in: it is part of its value. RFC 4918 §4.3, §14.26, §19"""
    pending = [(element, language, 0)]
    while pending:
        found, around, depth = pending.pop()
        own = found.attributes.get(_LANG, around)
        for child in found.children:
            if own and found.name == f"{{{DAV}}}prop":
                child.attributes.setdefault(_LANG, own)
            elif depth < 4:  # propertyupdate, set, prop: a property stands no deeper
                pending.append((child, own, depth + 1))
    return element


_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"} | dict.fromkeys(range(9), "\ufffd"))
_TEXT.update(dict.fromkeys((11, 12, *range(14, 32), 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)), "\ufffd"))
_UNSAID = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_SPECIAL = re.compile(f"[&<>\r]|{_UNSAID.pattern}")
_ATTRIBUTE = {**_TEXT, ord('"'): "&quot;", ord("\n"): "&#10;", ord("\t"): "&#9;"}


def text(value: str) -> str:
    """Text within an element; what XML 1.0 has no way to say becomes U+FFFD."""
    if _UNSAID.search(value) is not None:
        return value.translate(_TEXT)
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def texts(values: Sequence[str | None]) -> Sequence[str | None]:
    """The same for a column of them."""
    if _SPECIAL.search("".join(filter(None, values))) is None:
        return values
    return [value and text(value) for value in values]


@lru_cache(maxsize=2000)
def tags(name: str) -> tuple[str, str]:
    """What opens an element (without its brackets, attributes may follow) and what closes it. A namespace without a
    prefix of ours is declared in place."""
    space, local = split(name)
    if (prefix := PREFIXES.get(space)) is not None:
        return f"{prefix}:{local}", f"{prefix}:{local}"
    if not space:
        return local, local
    return f'x:{local} xmlns:x="{space.translate(_ATTRIBUTE)}"', f"x:{local}"


def wrapped(name: str, inside: str) -> str:
    """An element of written content."""
    begin, end = tags(name)
    return f"<{begin}>{inside}</{end}>" if inside else f"<{begin}/>"


def empty(*names: str) -> str:
    """Elements without content."""
    return "".join(f"<{tags(name)[0]}/>" for name in names)


def href(path: str) -> str:
    """A DAV:href; `path` is percent-encoded already. RFC 4918 §14.7"""
    return f"<D:href>{path.replace('&', '&amp;')}</D:href>" if path.isascii() else wrapped("{DAV:}href", text(path))


def hrefs(given: Sequence[str]) -> Sequence[str]:
    """The content of DAV:href for many paths, each percent-encoded already."""
    return [path.replace("&", "&amp;") for path in given] if "&" in "".join(given) else given


def written(element: Element) -> str:
    """An element with everything below it."""
    if not (element.children or element.attributes):
        return wrapped(element.name, text(element.text))
    begin, end = tags(element.name)
    for number, (name, value) in enumerate(element.attributes.items()):
        begin += _attribute(name, value, number)
    inside = text(element.text) + "".join(written(child) + text(child.tail) for child in element.children)
    return f"<{begin}>{inside}</{end}>" if inside else f"<{begin}/>"


def _attribute(name: str, value: str, number: int) -> str:
    space, local = split(name)
    shown = value.translate(_ATTRIBUTE)
    if not space:
        return f' {local}="{shown}"'
    if space == _XML:
        return f' xml:{local}="{shown}"'
    return f' xmlns:y{number}="{space.translate(_ATTRIBUTE)}" y{number}:{local}="{shown}"'


def value(given: Value) -> str:
    """The written inside of a property."""
    return text(given) if isinstance(given, str) else "".join(map(written, given))


def document(root: str, inside: str, declared: Iterable[tuple[str, str]] = tuple(PREFIXES.items())) -> bytes:
    """A whole document whose root declares our prefixes."""
    return (opening(root, declared) + inside + closing(root)).encode()


def opening(root: str, declared: Iterable[tuple[str, str]] = tuple(PREFIXES.items())) -> str:
    """The beginning of a document that is written piece by piece."""
    spaces = "".join(f' xmlns:{prefix}="{space}"' for space, prefix in declared)
    return f'<?xml version="1.0" encoding="utf-8"?>\n<{tags(root)[0]}{spaces}>'


def closing(root: str) -> str:
    """Its end."""
    return f"</{tags(root)[1]}>\n"
