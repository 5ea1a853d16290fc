"""Content lines, the syntax that iCalendar and vCard share: folded lines `group.NAME;PARAM=value:value` between
BEGIN and END. RFC 5545 §3.1, RFC 6350 §3.2-3.3, RFC 6868

What is read is read as clients send it: LF alone, a BOM, blank lines, a fold within a character, a missing END,
bare parameters and quoted-printable of vCard 2.1, other charsets. What is written is UTF-8, CRLF, folded at 75
octets; a property that nobody touched is written with the octets that it came with."""

import binascii
import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from parvis.kernel.errors import Invalid

from .mime import charsets

FOLD = 75
"""Octets of a line, its end not counted. RFC 5545 §3.1"""
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\r\n") + b"\x7f"
_WORD = r"[^\s:;,=\".\\<>]{1,255}+"
_NAME = re.compile(rf"(?:({_WORD})\.)?({_WORD}(?:\.{_WORD})*+)(?=[:;])")
_PARAM = re.compile(r";\s*([^\s:;,=\"]{0,255})\s*(=?)")
_PARAM_VALUE = re.compile(r'(?:"[^"]*+"|[^;:,"]++|"(?![^"]*+"))*+')
_ESCAPED_VALUE = re.compile(r'(?:"[^"]*+"|\\[;:,]|[^;:,"\\]++|\\|"(?![^"]*+"))*+')
"""With escapes as in TEXT, which a parameter does not have, and Apple's calendars write."""
_WELL_NAMED = re.compile(rf"{_WORD}(?:\.{_WORD})*+")
_CARET = re.compile(r"\^([n'^])")
_CARETS = {"n": "\n", "'": '"', "^": "^"}
_ESCAPED = re.compile(r"\\([\\;,:nN])")
_UNQUOTED = re.compile(r'[^\x00-\x1f\x7f":;,]*')
_ENCODINGS = {"QUOTED-PRINTABLE", "BASE64", "B", "8BIT", "7BIT"}
_LINE_ENDS = re.compile(r"\r\n?|\n")


class Limits(msgspec.Struct, frozen=True):
    """How much is read; one more is refused."""

    bytes: int = 10_000_000
    lines: int = 200_000
    """Lines as they stand, folds counted."""
    depth: int = 8
    """Components within each other."""
    components: int = 20_000
    properties: int = 100_000
    """Of all components together."""
    params: int = 64
    """Values of all parameters of a property together."""
    ended: bool = False
    """Whether each component must have its own END: what is kept as it came must be whole, for others too."""


LIMITS = Limits()


class BadContent(Invalid):
    """What cannot be read as content lines. `line` counts from 1, 0 is the whole; `reason` says why."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"Line {line}: {reason}" if line else reason, line=line, reason=reason)
        self.line = line
        self.reason = reason


class Property(msgspec.Struct, frozen=True):
    """A content line. It is never changed in place: `changed` makes another."""

    name: str
    """Upper case."""
    value: str
    """As on the wire, escapes included, unfolded; quoted-printable and charsets are decoded."""
    params: Mapping[str, list[str]] = {}
    """Names upper case; values without quotes and with the carets of RFC 6868 decoded."""
    group: str = ""
    source: bytes = b""
    """The octets read, folds and CRLF included; empty when they cannot be written again or there are none."""
    line: int = 0
    """Where it was read, from 1."""

    def changed(
        self, value: str | None = None, params: Mapping[str, list[str]] | None = None, group: str | None = None
    ) -> "Property":
        """The same property with another value, other parameters or another group."""
        return Property(
            self.name,
            self.value if value is None else value,
            self.params if params is None else params,
            self.group if group is None else group,
        )

    def param(self, name: str) -> str:
        """The first value of a parameter (its name upper case), empty when it is not there."""
        values = self.params.get(name)
        return values[0] if values else ""

    @property
    def text(self) -> str:
        """The value as one TEXT, without escapes."""
        return unescape(self.value)


class Component(msgspec.Struct):
    """What stands between BEGIN and END."""

    name: str
    """Upper case."""
    properties: list[Property] = []
    components: list["Component"] = []

    def first(self, name: str) -> Property | None:
        """The first property of that name (upper case)."""
        return next((each for each in self.properties if each.name == name), None)

    def every(self, *names: str) -> list[Property]:
        """All properties of these names, in their order."""
        return [each for each in self.properties if each.name in names]

    def value(self, name: str) -> str:
        """The first property of that name as TEXT without escapes, empty when it is not there."""
        found = self.first(name)
        return found.text if found is not None else ""

    def put(self, name: str, *properties: Property) -> None:
        """These stand instead of all properties of that name, where the first of them stood, else at the end."""
        place = next((at for at, each in enumerate(self.properties) if each.name == name), len(self.properties))
        before = self.properties[:place]
        self.properties = [*before, *properties, *(e for e in self.properties[place:] if e.name != name)]


def parse(data: bytes, limits: Limits = LIMITS) -> list[Component]:
    """The components at the top, in their order. Raises BadContent."""
    reader = _Components(limits)
    for number, source, raw in _Unfolded(data, limits):
        reader.take(_read_property(number, source, raw, limits))
    return reader.done()


def write(component: Component) -> bytes:
    """A component as octets. A property whose name, group or parameter cannot stand in a line raises BadContent."""
    return b"".join(_written(component))


def write_property(given: Property) -> bytes:
    """A content line, folded, with its CRLF."""
    if given.source:
        return given.source
    names = [given.name, *given.params, *([given.group] if given.group else [])]
    if not all(is_name(name) for name in names) or "." in given.group:
        raise BadContent(0, f"{given.name[:40]!r} has a name that cannot be written.")
    params = "".join(
        f";{name}={','.join(_written_param(value) for value in values)}"
        for name, values in given.params.items()
        if values
    )
    value = _LINE_ENDS.sub(r"\\n", given.value)
    line = f"{given.group}.{given.name}" if given.group else given.name
    return fold(f"{line}{params}:{value}".encode("utf-8", "replace").translate(None, _CONTROLS))


def is_name(text: str) -> bool:
    """Whether it can be written as the name of a property or a parameter."""
    return _WELL_NAMED.fullmatch(text) is not None


def fold(line: bytes) -> bytes:
    """A line in UTF-8 without its end as lines of at most 75 octets, each with CRLF; a character is never cut."""
    if len(line) <= FOLD:
        return line + b"\r\n"
    pieces, place, room = [], 0, FOLD
    while place < len(line):
        end = min(place + room, len(line))
        while end < len(line) and line[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(line[place:end])
        place, room = end, FOLD - 1
    return b"\r\n ".join(pieces) + b"\r\n"


def escape(text: str) -> str:
    """TEXT with its escapes. RFC 5545 §3.3.11, RFC 6350 §3.4"""
    plain = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return _LINE_ENDS.sub(r"\\n", plain)


def unescape(value: str) -> str:
    """TEXT without its escapes; a backslash that escapes nothing stays."""
    if "\\" not in value:
        return value
    return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)


def split_raw(value: str, separator: str) -> list[str]:
    """A value cut where the separator stands unescaped; the pieces keep their escapes."""
    if "\\" not in value:
        return value.split(separator)
    pieces, start, place = [], 0, 0
    while place < len(value):
        if value[place] == "\\":
            place += 1
        elif value[place] == separator:
            pieces.append(value[start:place])
            start = place + 1
        place += 1
    return [*pieces, value[start:]]


def split_text(value: str, separator: str = ",") -> list[str]:
    """A list of TEXT, each without escapes."""
    return [unescape(piece) for piece in split_raw(value, separator)]


def join_text(texts: Iterable[str], separator: str = ",") -> str:
    """The value of a list of TEXT."""
    return separator.join(escape(text) for text in texts)


def split_structured(value: str) -> list[list[str]]:
    """The components of a structured value, each a list of TEXT. RFC 6350 §3.3 (component)"""
    return [split_text(piece) for piece in split_raw(value, ";")]


def join_structured(parts: Iterable[Iterable[str]]) -> str:
    """The structured value of these components."""
    return ";".join(join_text(part) for part in parts)


def decode_caret(value: str) -> str:
    """The value of a parameter without its carets. RFC 6868 §3.2"""
    return _CARET.sub(lambda match: _CARETS[match[1]], value) if "^" in value else value


def encode_caret(value: str) -> str:
    """The value of a parameter with the carets that it needs. RFC 6868 §3.1"""
    return _LINE_ENDS.sub("^n", value.replace("^", "^^")).replace('"', "^'")


def _written(component: Component) -> Iterator[bytes]:
    yield write_property(Property("BEGIN", component.name))
    for each in component.properties:
        yield write_property(each)
    for inner in component.components:
        yield from _written(inner)
    yield write_property(Property("END", component.name))


def _written_param(value: str) -> str:
    plain = encode_caret(value)
    return plain if _UNQUOTED.fullmatch(plain) and plain.strip() == plain else f'"{plain}"'


class _Unfolded:
    """Unfolded lines, each with its number, its octets as they came and its octets without the folds."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        if len(data) > limits.bytes:
            raise BadContent(0, f"It has more than {limits.bytes} bytes.")
        self.lines = data.removeprefix(b"\xef\xbb\xbf").translate(None, _CONTROLS).splitlines()
        if len(self.lines) > limits.lines:
            raise BadContent(0, f"It has more than {limits.lines} lines.")

    def __iter__(self) -> Iterator[tuple[int, bytes, bytes]]:
        place = 0
        while place < len(self.lines):
            if not self.lines[place].strip():
                place += 1
                continue
            end = self._end_of(place)
            kept = [line for line in self.lines[place:end] if line]
            yield place + 1, b"\r\n".join(kept) + b"\r\n", _joined(kept, _is_printable(kept[0]))
            place = end

    def _end_of(self, start: int) -> int:
        """Where the next property begins."""
        head = self.lines[start].upper().partition(b":")[0]
        printable = _is_printable(head)
        # vCard 2.1 §2.4.1: base64 goes on until a blank line, and some writers do not even indent it.
        base64 = b";BASE64" in head or b"ENCODING=B" in head
        place = start + 1
        while place < len(self.lines):
            line = self.lines[place]
            folded = line[:1] in (b" ", b"\t") or not line
            soft = printable and self.lines[place - 1].endswith(b"=")
            if not (folded or soft or (base64 and b":" not in line)):
                break
            place += 1
        return place


def _is_printable(line: bytes) -> bool:
    return b"QUOTED-PRINTABLE" in line.upper().partition(b":")[0]


def _joined(lines: list[bytes], printable: bool) -> bytes:
    """Lines without their folds; in quoted-printable `=` at the end folds, and a space after it is meant."""
    pieces = [lines[0]]
    for line in lines[1:]:
        if printable and pieces[-1].endswith(b"="):
            pieces[-1] = pieces[-1][:-1]
            pieces.append(line)
        else:
            pieces.append(line[1:] if line[:1] in (b" ", b"\t") else line)
    return b"".join(pieces)


def _read_property(number: int, source: bytes, raw: bytes, limits: Limits) -> Property:
    line, plain = _decoded(raw)
    match = _NAME.match(line)
    if match is None:
        raise BadContent(number, "There is no name of a property before a colon.")
    params, end = _read_params(number, line, match.end(), limits)
    if line[end : end + 1] != ":" and "\\" in line:
        params, end = _read_params(number, line, match.end(), limits, _ESCAPED_VALUE)
    if line[end : end + 1] != ":":
        raise BadContent(number, "There is no colon before the value.")
    charset = next(iter(params.pop("CHARSET", [])), None)
    value = line[end + 1 :]
    if [each.upper() for each in params.get("ENCODING", [])] == ["QUOTED-PRINTABLE"]:
        del params["ENCODING"]
        value = _from_printable(_behind(raw, line[: end + 1].count(":")), charset)
    elif charset is not None and not plain:
        value = charsets.decode(_behind(raw, line[: end + 1].count(":")), charset).text
    kept = source if plain and _is_utf8(source) else b""
    return Property(match[2].upper(), value, params, match[1] or "", kept, number)


def _behind(raw: bytes, colons: int) -> bytes:
    return raw.split(b":", colons)[-1]


def _read_params(
    number: int, line: str, place: int, limits: Limits, syntax: re.Pattern[str] = _PARAM_VALUE
) -> tuple[dict[str, list[str]], int]:
    """The parameters from the place where the first `;` may stand, and the place behind them."""
    params: dict[str, list[str]] = {}
    count = 0
    while line[place : place + 1] == ";":
        match = _PARAM.match(line, place)
        assert match is not None
        name, place = match[1].upper(), match.end()
        values = [name]
        if match[2]:
            values, place = _read_values(line, place, limits.params + 1, syntax)
        elif name:
            # vCard 2.1 §2.1.2: a bare word is a type or an encoding.
            name, values = ("ENCODING" if name in _ENCODINGS else "TYPE"), [match[1]]
        count += len(values)
        if count > limits.params:
            raise BadContent(number, f"It has more than {limits.params} values of parameters.")
        if name:
            params.setdefault(name, []).extend(values)
    return params, place


def _read_values(line: str, place: int, most: int, syntax: re.Pattern[str]) -> tuple[list[str], int]:
    values: list[str] = []
    while len(values) < most:
        match = syntax.match(line, place)
        assert match is not None
        plain = match[0] if syntax is _PARAM_VALUE else unescape(match[0])
        values.append(decode_caret(plain.replace('"', "")))
        place = match.end()
        if line[place : place + 1] != ",":
            break
        place += 1
    return values, place


def _decoded(raw: bytes) -> tuple[str, bool]:
    """A line as text, and whether it was UTF-8."""
    try:
        return raw.decode(), True
    except UnicodeDecodeError:
        return charsets.decode(raw, None).text, False


def _is_utf8(source: bytes) -> bool:
    """Whether the octets can stand in a text: not when a fold cuts a character."""
    try:
        source.decode()
    except UnicodeDecodeError:
        return False
    return True


def _from_printable(value: bytes, charset: str | None) -> str:
    """Quoted-printable of vCard 2.1 as a value of today: its line ends are escaped."""
    return _LINE_ENDS.sub(r"\\n", charsets.decode(binascii.a2b_qp(value), charset).text.rstrip("\r\n"))


class _Components:
    """Components under construction."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.top: list[Component] = []
        self.open: list[Component] = []
        self.components = self.properties = 0

    def take(self, given: Property) -> None:
        """The next line."""
        if given.name == "BEGIN":
            self._begin(given)
        elif given.name == "END":
            self._end(given)
        elif not self.open:
            raise BadContent(given.line, f"{given.name[:40]} stands outside BEGIN and END.")
        else:
            self.properties += 1
            if self.properties > self.limits.properties:
                raise BadContent(given.line, f"There are more than {self.limits.properties} properties.")
            self.open[-1].properties.append(given)

    def _begin(self, given: Property) -> None:
        self.components += 1
        if self.components > self.limits.components:
            raise BadContent(given.line, f"There are more than {self.limits.components} components.")
        if len(self.open) >= self.limits.depth:
            raise BadContent(given.line, f"Components are more than {self.limits.depth} deep.")
        name = given.value.strip().upper()
        if not _WELL_NAMED.fullmatch(name):
            raise BadContent(given.line, "BEGIN names no component.")
        made = Component(name)
        (self.open[-1].components if self.open else self.top).append(made)
        self.open.append(made)

    def _end(self, given: Property) -> None:
        """Closes the component of that name, and those within it that were not closed."""
        name = given.value.strip().upper()
        place = next((at for at in reversed(range(len(self.open))) if self.open[at].name == name), None)
        if place is None or (self.limits.ended and place < len(self.open) - 1):
            raise BadContent(given.line, f"END:{name[:40]} closes nothing.")
        del self.open[place:]

    def done(self) -> list[Component]:
        """What was read; components that are still open end with the text."""
        if not self.top:
            raise BadContent(0, "There is no component.")
        if self.open and self.limits.ended:
            raise BadContent(0, f"There is no END:{self.open[-1].name[:40]}; it has been cut off.")
        return self.top
