"""Reports about our mail, read from whatever somebody sends: DMARC in XML, TLS in JSON, packed or not."""

import contextlib
import gzip
import io
import json
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.kernel.errors import Invalid
from parvis.wire import dmarc_report, tlsrpt
from parvis.wire.dmarc_report import Row
from parvis.wire.tlsrpt import Count
from parvis.wire.unpack import UNPACKED_BYTES, unpack
from tests.report_samples import FASTMAIL, MICROSOFT, YAHOO, google, tls, zipped

GOOGLE = google("example.org", 1_790_000_000, [("192.0.2.1", 12, "none", "pass", "pass")])
TLS = tls("example.org", "2026-11-20", 40, [("certificate-expired", 3, "mail.example.org")])


def test_google() -> None:
    found = dmarc_report.read(GOOGLE)
    assert (found.reporter, found.report_id, found.domain) == ("google.com", "123", "example.org")
    assert (found.begin, found.end) == (1_790_000_000, 1_790_086_399)
    assert found.rows == ((Row("192.0.2.1", True, True, "none", "example.org"), 12),)


def test_microsoft_names_subdomains_and_long_addresses() -> None:
    found = dmarc_report.read(MICROSOFT)
    assert found.reporter == "Outlook.com"
    assert found.rows == ((Row("2001:db8::1", False, False, "quarantine", "news.example.org"), 3),)


def test_yahoo_and_rows_that_are_alike() -> None:
    assert dmarc_report.read(YAHOO).rows == ((Row("192.0.2.1", True, False, "none", "example.org"), 9),)


def test_the_namespace_of_rfc_9990_and_its_words() -> None:
    found = dmarc_report.read(FASTMAIL)
    assert found.reporter == "Fastmail Pty Ltd"
    assert found.rows == ((Row("192.0.2.1", True, True, "none", "example.org"), 4),)


def test_extensions_are_passed_over() -> None:
    """RFC 9990 §3.2, §5"""
    added = b"<x:more xmlns:x='urn:x'><x:count>9</x:count></x:more>"
    told = GOOGLE.replace(b"</policy_published>", b"</policy_published><extension>" + added + b"</extension>")
    assert told != GOOGLE and dmarc_report.read(
        told.replace(b"</record>", added + b"</record>")
    ) == dmarc_report.read(GOOGLE)


@pytest.mark.parametrize(
    "wrong",
    [
        b"", b"nothing", b"<feedback/>", GOOGLE.replace(b"google.com", b""), GOOGLE[:-12],
        GOOGLE.replace(b"<domain>example.org", b"<domain>no domain"), GOOGLE.replace(b"1790000000", b"yesterday"),
        GOOGLE.replace(b"<feedback>", b"<!DOCTYPE feedback [<!ENTITY a 'aaaa'>]><feedback>"),
        b"<feedback>" + b"<a>" * 40 + b"</a>" * 40 + b"</feedback>", b'<?xml version="1.0" encoding="x-none"?><a/>',
    ],
)  # fmt: skip
def test_what_is_no_report(wrong: bytes) -> None:
    with pytest.raises(Invalid):
        dmarc_report.read(wrong)


def test_rows_that_make_no_sense_are_left_out() -> None:
    rows = [("nowhere", 1, "none", "pass", "pass"), ("192.0.2.1", -4, "none", "pass", "pass")]
    assert dmarc_report.read(google("example.org", 1, rows)).rows == ()
    other = GOOGLE.replace(b"<header_from>example.org", b"<header_from>example.net")
    assert dmarc_report.read(other).rows == ()


def test_a_report_is_read_up_to_a_number_of_rows() -> None:
    rows = [(f"10.0.{each // 256}.{each % 256}", 1, "none", "fail", "fail") for each in range(6000)]
    assert len(dmarc_report.read(google("example.org", 1, rows)).rows) == dmarc_report.ROWS


def test_tls() -> None:
    found = tlsrpt.read(TLS)
    assert (found.reporter, found.report_id) == ("Google Inc.", "tls-1")
    assert found.begin == datetime(2026, 11, 20, tzinfo=UTC)
    assert found.counts == (
        (Count("example.org", "sts", "", ""), 40),
        (Count("example.org", "sts", "certificate-expired", "mail.example.org"), 3),
    )


def test_tls_as_others_write_it() -> None:
    loose = json.loads(TLS)
    (policy,) = loose["policies"]
    policy["policy"]["mx-host"] = "mail.example.org"
    policy["failure-details"] = None
    policy["summary"]["total-failure-session-count"] = "2"
    assert dict(tlsrpt.read(json.dumps(loose).encode()).counts)[Count("example.org", "sts", "unknown", "")] == 2
    sent = tlsrpt.Report(
        "a.example", tlsrpt.Span(datetime(2026, 1, 1), datetime(2026, 1, 2)), "x@a.example", "1", ()
    )
    assert tlsrpt.read(unpack(sent.packed())).begin == datetime(2026, 1, 1, tzinfo=UTC)


def test_what_is_packed() -> None:
    assert unpack(gzip.compress(GOOGLE)) == unpack(zipped("a.xml", GOOGLE)) == unpack(GOOGLE) == GOOGLE


def test_bombs_are_refused() -> None:
    zeros = bytes(UNPACKED_BYTES + 1)
    for bomb in (gzip.compress(zeros), zipped("a.xml", zeros), zeros, b"PK\x03\x04" + zeros[:3_000_000]):
        with pytest.raises(Invalid):
            unpack(bomb)
    with pytest.raises(Invalid):
        unpack(gzip.compress(GOOGLE)[:-9])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w"):
        pass
    with pytest.raises(Invalid):
        unpack(b"PK\x03\x04" + out.getvalue())


@given(st.binary(max_size=400), st.integers(0, 2000), st.integers(0, 30))
def test_nothing_crashes(noise: bytes, place: int, gone: int) -> None:
    for whole in (GOOGLE, TLS, MICROSOFT, gzip.compress(GOOGLE, mtime=0), zipped("a.xml", GOOGLE)):
        for data in (noise, whole[:place] + noise + whole[place + gone :]):
            for read in (dmarc_report.read, tlsrpt.read):
                with contextlib.suppress(Invalid):
                    read(unpack(data))


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner) | st.dictionaries(
    st.sampled_from(["policies", "policy", "summary", "failure-details", "report-id"]), inner), max_leaves=20))  # fmt: skip
def test_any_json_is_read_or_refused(tree: object) -> None:
    for data in (tree, json.loads(TLS) | (tree if isinstance(tree, dict) else {})):
        with contextlib.suppress(Invalid):
            tlsrpt.read(json.dumps(data).encode())
