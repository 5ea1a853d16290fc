"""Reports of how TLS went on the way to a domain: who wants them, and what they are made of. RFC 8460"""

import gzip
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

import msgspec

Kind = Literal["sts", "tlsa", "no-policy-found"]
_RECORD = re.compile(r"v=TLSRPTv1[ \t]*;(.*)\Z", re.S)
_MAILTO = re.compile(r"mailto:([^\s,;?!]+@[^\s,;?!]+)", re.I)
_MOST = 5


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
