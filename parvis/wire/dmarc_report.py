"""Reports of other servers about mail that says to be from a domain: how much they got, from where, whether it was
proved, what they did with it. RFC 7489 Appendix C, RFC 9990 §3.1.1"""

import ipaddress
import re
from collections import Counter
from typing import Literal
from xml.parsers import expat

import msgspec

from parvis.kernel.errors import Invalid
from parvis.wire.dkim import within

Disposition = Literal["none", "quarantine", "reject"]
ROWS = 5_000
"""Rows of one report that are read; those alike count as one."""
_DEPTH = 32
_TEXT = 1_000
_COUNT = 1_000_000_000
_DISPOSITIONS: dict[str, Disposition] = {"quarantine": "quarantine", "reject": "reject"}
_DOMAIN = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}\Z")


class Row(msgspec.Struct, frozen=True):
    """Messages alike of one source; `dkim` and `spf` say whether each proved that they are from `header_from`
    (aligned, RFC 7489 §3.1)."""

    source: str
    dkim: bool
    spf: bool
    disposition: Disposition
    header_from: str


class Report(msgspec.Struct, frozen=True):
    """One report; times in seconds since 1970."""

    reporter: str
    report_id: str
    domain: str
    begin: int
    end: int
    rows: tuple[tuple[Row, int], ...]
    """Each with the number of its messages."""


def read(data: bytes) -> Report:
    """Reads the XML of a report, of either namespace or of none; extensions and rows that cannot be understood are
    left out. A document type or an entity is refused: a few lines of those can stand for gigabytes. Raises
    Invalid. RFC 9990 §3.1.1, §3.2, §5, §8.1"""
    reading = _Reading()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.text
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, UnicodeError, ValueError) as error:
        raise Invalid("the report is not XML") from error
    return reading.report()


def _refuse(*_: object) -> None:
    raise Invalid("a report has no document type")


class _Reading:
    """What the parser tells, gathered: the values of the report, then those of one record after the other."""

    def __init__(self) -> None:
        self._path: list[str] = []
        self._words: list[str] = []
        self._length = 0
        self._head: dict[str, str] = {}
        self._record: dict[str, str] = {}
        self._rows: Counter[Row] = Counter()

    def start(self, name: str, _: object) -> None:
        self._path.append(name.rpartition(":")[2])
        if len(self._path) > _DEPTH:
            raise Invalid("the report is nested too deeply")
        self._words, self._length = [], 0
        if self._path[1:] == ["record"]:
            self._record = {}

    def text(self, piece: str) -> None:
        if self._length < _TEXT:
            self._words.append(piece)
            self._length += len(piece)

    def end(self, _: str) -> None:
        name = "/".join(self._path[1:])
        if name == "record":
            self._count()
        elif name.startswith("record/"):
            self._record.setdefault(name[7:], "".join(self._words)[:_TEXT].strip())
        else:
            self._head.setdefault(name, "".join(self._words)[:_TEXT].strip())
        self._path.pop()
        self._words, self._length = [], 0

    def _count(self) -> None:
        said = self._record.get
        try:
            source = str(ipaddress.ip_address(said("row/source_ip", "")))
            count = min(int(said("row/count", "")), _COUNT)
        except ValueError:
            return
        row = Row(
            source=source,
            dkim=said("row/policy_evaluated/dkim", "").lower() == "pass",
            spf=said("row/policy_evaluated/spf", "").lower() == "pass",
            disposition=_DISPOSITIONS.get(said("row/policy_evaluated/disposition", "").lower(), "none"),
            header_from=said("identifiers/header_from", "").lower().rstrip("."),
        )
        if count > 0 and (row in self._rows or len(self._rows) < ROWS):
            self._rows[row] += count

    def report(self) -> Report:
        """All of it. Raises Invalid when it does not say whose it is and of what."""
        said = self._head.get
        domain = said("policy_published/domain", "").lower().rstrip(".")
        if not _DOMAIN.match(domain):
            raise Invalid("the report names no domain")
        reporter = "".join(filter(str.isprintable, said("report_metadata/org_name", "")))
        number = said("report_metadata/report_id", "")
        if not reporter or not number:
            raise Invalid("the report does not say whose it is")
        try:
            begin = int(said("report_metadata/date_range/begin", ""))
            end = int(said("report_metadata/date_range/end", ""))
        except ValueError:
            raise Invalid("the report does not say of what time it is") from None
        rows = tuple((row, count) for row, count in self._rows.items() if within(row.header_from, domain))
        return Report(reporter[:100], number[:200], domain, begin, end, rows)
