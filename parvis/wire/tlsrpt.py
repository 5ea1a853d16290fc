"""Reports of how TLS went on the way to a domain: who wants them, and what they are made of. RFC 8460"""

import gzip
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec

from parvis.kernel.errors import Invalid

Kind = Literal["sts", "tlsa", "no-policy-found"]
_RECORD = re.compile(r"v=TLSRPTv1[ \t]*;(.*)\Z", re.S)
_MAILTO = re.compile(r"mailto:([^\s,;?!]+@[^\s,;?!]+)", re.I)
_MOST = 5
_POLICIES, _FAILURES = 100, 200
"""Of one report, that are read."""


class Policy(msgspec.Struct, frozen=True, rename="kebab"):
    """The policy that counted (RFC 8460 §4.4)."""

    policy_type: Kind
    policy_domain: str
    policy_string: tuple[str, ...] = ()
    mx_host: tuple[str, ...] = ()


class Summary(msgspec.Struct, frozen=True, rename="kebab"):
    """How often TLS went well, and how often not."""

    total_successful_session_count: int = 0
    total_failure_session_count: int = 0


class Failure(msgspec.Struct, frozen=True, rename="kebab", omit_defaults=True):
    """What went wrong with one server (RFC 8460 §4.4)."""

    result_type: str
    failed_session_count: int
    receiving_mx_hostname: str = ""
    receiving_ip: str = ""
    failure_reason_code: str = ""


class Result(msgspec.Struct, frozen=True, rename="kebab"):
    """All of one policy."""

    policy: Policy
    summary: Summary
    failure_details: tuple[Failure, ...] = ()


class Span(msgspec.Struct, frozen=True, rename="kebab"):
    """The time that a report is about."""

    start_datetime: datetime
    end_datetime: datetime


class Report(msgspec.Struct, frozen=True, rename="kebab"):
    """One report (RFC 8460 §4.4)."""

    organization_name: str
    date_range: Span
    contact_info: str
    report_id: str
    policies: tuple[Result, ...]

    def packed(self) -> bytes:
        """As it is sent: JSON, compressed (RFC 8460 §5.1, §6.3)."""
        return gzip.compress(msgspec.json.encode(self), mtime=0)


def recipients(texts: Iterable[str]) -> tuple[str, ...]:
    """The addresses that want reports, out of the TXT records at `_smtp._tls.`; none without a record, or with two
    (RFC 8460 §3)."""
    found: Sequence[str] = [match[1] for text in texts if (match := _RECORD.match(text))]
    if len(found) != 1:
        return ()
    fields = (field.strip(" \t") for field in found[0].split(";"))
    wanted = next((field.partition("=")[2] for field in fields if field.startswith("rua=")), "")
    uris = (_MAILTO.fullmatch(uri.strip(" \t")) for uri in wanted.split(","))
    return tuple(match[1] for match in uris if match)[:_MOST]


class Count(msgspec.Struct, frozen=True):
    """Connections alike, as another server tells of them; `result` is empty for those that went well."""

    domain: str
    kind: str
    result: str
    host: str


class Heard(msgspec.Struct, frozen=True):
    """A report that somebody sent us."""

    reporter: str
    report_id: str
    begin: datetime
    end: datetime
    counts: tuple[tuple[Count, int], ...]


class _Policy(msgspec.Struct, rename="kebab"):
    policy_domain: str
    policy_type: str = ""


class _Failure(msgspec.Struct, rename="kebab"):
    result_type: str
    failed_session_count: int = 0
    receiving_mx_hostname: str | None = None


class _Result(msgspec.Struct, rename="kebab"):
    policy: _Policy
    summary: Summary = Summary()
    failure_details: list[_Failure] | None = None


class _Report(msgspec.Struct, rename="kebab"):
    organization_name: str
    date_range: Span
    report_id: str
    policies: list[_Result]


def read(data: bytes) -> Heard:
    """Reads the JSON of a report; what is not asked for in it is passed over. Raises Invalid. RFC 8460 §4"""
    try:
        found = msgspec.json.decode(data, type=_Report, strict=False)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Invalid(f"not a report of TLS: {error}") from error
    counts: Counter[Count] = Counter()
    for one in found.policies[:_POLICIES]:
        domain, kind = one.policy.policy_domain.lower().rstrip("."), _word(one.policy.policy_type, 40)
        counts[Count(domain, kind, "", "")] += _bounded(one.summary.total_successful_session_count)
        left = _bounded(one.summary.total_failure_session_count)
        for failure in (one.failure_details or [])[:_FAILURES]:
            sessions = min(_bounded(failure.failed_session_count), left)
            host = _word(failure.receiving_mx_hostname or "", 253).lower().rstrip(".")
            counts[Count(domain, kind, _word(failure.result_type, 60).lower() or "unknown", host)] += sessions
            left -= sessions
        counts[Count(domain, kind, "unknown", "")] += left
    kept = tuple((count, sessions) for count, sessions in counts.items() if sessions)
    span = found.date_range
    return Heard(_word(found.organization_name, 100), _word(found.report_id, 200), _utc(span.start_datetime),
        _utc(span.end_datetime), kept)  # fmt: skip


def _bounded(sessions: int) -> int:
    return max(0, min(sessions, 1_000_000_000))


def _word(text: str, most: int) -> str:
    """A text as it may be shown anywhere: in one line, not too long."""
    return "".join(letter for letter in text[:most] if letter.isprintable())


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
