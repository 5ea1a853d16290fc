"""The rows of a letter that a program wrote: patches, logs, traces of errors, source text, dumps of headers. Search
finds them as they stand, but nobody said them, so they are never quoted as an answer."""

import re
from collections.abc import Sequence

_PATCH = re.compile(r"^(?:diff -|Index: \S+$|RCS file: |@@ -\d.*@@)")
_CHANGED = re.compile(r"^[+-]|^={40,}$|^retrieving revision ")
_CONTEXT = 6
"""A patch has no more rows without a change between two changes."""
_LOGGED = re.compile(
    r"^(?:<\d+>)?(?:"
    r"(?:[A-Z][a-z]{2} \d{1,2} )?\d{2}:\d{2}:\d{2}[ .,]"
    r"|\[?\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}"
    r"|\d+\.\d+\.\d+\.\d+ - )"
)
_TRACED = re.compile(
    r"^(?:at [\w.$<>]+\(|File \".*\", line \d+|Traceback \("
    r"|(?:\w+\.)+\w*(?:Error|Exception)\b|[A-Z]\w*(?:Error|Exception):)"
)
_FIELD = re.compile(r"^(?:Received|(?!E-)[A-Z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)+): ?\S")
"""RFC 5322 §3.6.7, §3.6.8: fields that people do not read."""
_FOLDED = re.compile(r"^(?:by|from|id|for|with|via|tests=|boundary=|charset=|protocol=|micalg=|version=)\b|^\(")
_CODED = re.compile(r";$|[{}]|&&|\|\||[=!<>]=|\(\)|\);|->\w|::\w|^#(?:include|define|if|endif)|^\$\w+ ?=")
_WORD = re.compile(
    r"[\"'“”‘’«»(\[<*_]*[^\W\d_]+(?:['’./&@:+-][^\W\d_]+)*(?:\(\w{1,3}\))?[\"'“”‘’»)\]>*_.,;:!?…%]*", re.UNICODE
)
_COUNT = re.compile(
    r"[-+~(]?[€£$]?\d[\d.,:/h%–-]*[\d%€]*[.,;:!?)]*|[^\w\s]+|[(]?[A-Z0-9][A-Za-z0-9]*(?:[-./][A-Za-z0-9]+)*[.,;:!?)]*"
)
_FEWEST = 3
"""So many odd tokens a row must have before it is called no language."""


def machine_rows(rows: Sequence[str]) -> frozenset[int]:
    """The numbers of the rows that a program wrote."""
    found = {number for number, row in enumerate(rows) if _LOGGED.match(row) or _TRACED.match(row) or _is_code(row)}
    return frozenset(found | _patched(rows) | _fields(rows))


def _patched(rows: Sequence[str]) -> set[int]:
    """A patch: from its first mark on as long as it changes something."""
    found: set[int] = set()
    for number, row in enumerate(rows):
        if _PATCH.match(row):
            found.add(number)
        elif _CHANGED.match(row) and found and number - max(found) <= _CONTEXT:
            found.update(range(max(found), number + 1))
    return found


def _fields(rows: Sequence[str]) -> set[int]:
    """Fields of a header that only programs read, with the rows that they are folded over."""
    found: set[int] = set()
    for number, row in enumerate(rows):
        if _FIELD.match(row) or (number - 1 in found and _FOLDED.match(row)):
            found.add(number)
    return found


def _is_code(row: str) -> bool:
    """Whether most of a row is neither words nor plain numbers."""
    tokens = row.split()
    words = sum(bool(_WORD.fullmatch(token)) for token in tokens)
    odd = len(tokens) - words - sum(bool(_COUNT.fullmatch(token)) for token in tokens)
    signs = len(_CODED.findall(row))
    return (odd >= _FEWEST and odd > words) or signs > 1 or (signs > 0 and odd >= words)
