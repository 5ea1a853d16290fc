"""Parameters of Content-Type and Content-Disposition (RFC 2045 §5.1), with charset and continuations (RFC
2231) and the mistakes of real mail: encoded words in quotes, unquoted spaces, quotes that never end, 8-bit
bytes."""

import re
from urllib.parse import quote, unquote_to_bytes

from .charsets import decode
from .words import decode_words, text_of, unfold

_PARAM = re.compile(
    r"""[;\s]*+(?:\([^()]*+\)\s*+)?([^\s=;"()]++)\s*+"""  # name, after a comment that may stand before it
    r"""(?:=\s*+(?:"((?:[^"\\]++|\\.|\\\Z)*+)(?:"[^;]*+|\Z)|([^";][^;]*+)?))?""",
    re.S,
)
_QUOTED_PAIR = re.compile(r"\\([\\\"])")  # other backslashes are those of careless programs: C:\TEMP\x.png
_SECTION = re.compile(r"(.*?)\*(?:(\d{1,3})(\*)?)?\Z", re.S)
PARAMS_LIMIT = 500


def parse_value(value: bytes) -> tuple[str, dict[str, str]]:
    """Splits `text/plain; charset=utf-8` into its first word in lower case, comments removed, and its
    parameters."""
    text = unfold(text_of(value)).strip()
    head, _, rest = text.partition(";")
    if "(" in head:
        head = re.sub(r"\([^()]*\)", "", head)
    head = head.strip().lower()
    return head, (parameters(rest) if rest else {})


def parameters(text: str) -> dict[str, str]:
    """Parameters after the first semicolon, names in lower case. The first of two with one name counts."""
    plain, sections = _read(text)
    found = {
        name: decode_words(value, anywhere=True).strip() if "=?" in value else value
        for name, value in plain.items()
    }
    return found | {name: _joined(pieces) for name, pieces in sections.items()}


def written_parameters(value: bytes) -> dict[str, str]:
    """The parameters after the first semicolon of a field with nothing decoded, as IMAP gives them (RFC 9051
    §7.5.2): continuations put together, under a name such as `filename*` when they are percent-encoded (RFC 2231
    §4.1)."""
    plain, sections = _read(unfold(text_of(value)).partition(";")[2])
    for name, pieces in sections.items():
        numbers = _consecutive(pieces)
        encoded = any(pieces[number][1] for number in numbers)
        texts = [pieces[n][0] if pieces[n][1] or not encoded else quote(pieces[n][0]) for n in numbers]
        plain.setdefault(f"{name}*" if encoded else name, "".join(texts))
    return plain


def _read(text: str) -> tuple[dict[str, str], dict[str, dict[int, tuple[str, bool]]]]:
    """Values by name, and the numbered pieces of others, each with whether it is percent-encoded."""
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    pos = 0
    for _ in range(PARAMS_LIMIT):
        match = _PARAM.match(text, pos)
        if match is None or match.end() == pos:
            break
        pos = match.end()
        name = match.group(1).lower()
        if "*" in name:
            split = _SECTION.match(name)
            if split is not None:
                number, encoded = split.group(2), split.group(3) is not None or split.group(2) is None
                found = sections.setdefault(split.group(1), {})
                found.setdefault(int(number or 0), (_raw_value(match), encoded))
                continue
        plain.setdefault(name, _plain_value(match))
    return plain, sections


def _raw_value(match: re.Match[str]) -> str:
    quoted = match.group(2)
    if quoted is not None:
        return _QUOTED_PAIR.sub(r"\1", quoted) if "\\" in quoted else quoted
    return (match.group(3) or "").strip()


def _plain_value(match: re.Match[str]) -> str:
    value = _raw_value(match)
    if match.group(2) is None and value.endswith(")"):
        value = value[: value.rindex("(")].rstrip() if "(" in value else value
    return value


def _consecutive(found: dict[int, tuple[str, bool]]) -> list[int]:
    """The numbers of continuations, up to the first that is missing (RFC 2231 §3)."""
    numbers = []
    for expected, number in enumerate(sorted(found), start=min(found)):
        if number != expected:
            break
        numbers.append(number)
    return numbers


def _joined(found: dict[int, tuple[str, bool]]) -> str:
    """The continuations of one parameter put together (RFC 2231 §4.1)."""
    numbers = _consecutive(found)
    if not any(found[number][1] for number in numbers):
        return decode_words("".join(found[number][0] for number in numbers), anywhere=True)
    label: str | None = None
    data = []
    for place, number in enumerate(numbers):
        value, encoded = found[number]
        if place == 0 and encoded and value.count("'") >= 2:
            label, _, value = value.split("'", 2)
        data.append(unquote_to_bytes(value) if encoded else value.encode("utf-8", "replace"))
    return decode(b"".join(data), label or None).text
