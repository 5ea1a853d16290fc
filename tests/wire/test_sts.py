"""Policies of MTA-STS and who wants reports of TLS, read from whatever somebody publishes."""

import json
import zlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.kernel.errors import Invalid
from parvis.wire import sts, tlsrpt
from parvis.wire.sts import Policy

TEXT = "version: STSv1\r\nmode: enforce\r\nmx: Mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n"


def test_a_policy_as_the_rfc_shows_it() -> None:
    policy = sts.parse(TEXT)
    assert policy == Policy("enforce", 604_800, ("mail.example.com", "*.example.net"))
    assert policy.names("MAIL.example.com.") and policy.names("a.example.net")
    assert not policy.names("example.net") and not policy.names("a.b.example.net") and not policy.names("")
    assert sts.parse("\r\n".join(policy.lines())) == policy


@pytest.mark.parametrize(
    "wrong",
    [
        "", TEXT.replace("STSv1", "STSv2"), TEXT.replace("enforce", "Enforce"), TEXT.replace("604800", "-1"),
        TEXT.replace("604800", "٣"), TEXT.replace("mx:", "my:"), TEXT.replace("*.example", "*.*.example"),
        "version: STSv1\nmode: testing\nmax_age: 1",
    ],
)  # fmt: skip
def test_what_is_no_policy(wrong: str) -> None:
    with pytest.raises(Invalid):
        sts.parse(wrong)


def test_lesser_forms() -> None:
    assert sts.parse("version: STSv1\nmode: none\nmax_age: 0\nmode: enforce") == Policy("none", 0)
    assert sts.parse(TEXT.replace("604800", "9999999999")).max_age == 31_557_600
    assert sts.parse(TEXT + "further: things\nnothing\n").mode == "enforce"


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["v=STSv1; id=20160831085700Z;"], "20160831085700Z"), (["v=STSv1;id=1; more=2"], "1"), (["v=STSv1;"], None),
        (["v=spf1", "v=STSv1; id=1"], "1"), (["v=STSv1; id=1", "v=STSv1; id=2"], None), (["v=STSv1; id=a-b"], None),
        (["v=STSv12; id=1"], None), ([f"v=STSv1; id={'1' * 33}"], None), ([], None),
    ],
)  # fmt: skip
def test_the_record_that_announces(texts: list[str], found: str | None) -> None:
    assert sts.policy_id(texts) == found


@given(st.text(max_size=3000), st.lists(st.text(max_size=300), max_size=3))
def test_nothing_crashes(text: str, texts: list[str]) -> None:
    for one in (text, TEXT + text, text + TEXT):
        try:
            policy = sts.parse(one)
        except Invalid:
            continue
        assert 0 <= policy.max_age <= 31_557_600 and (policy.exchangers or policy.mode == "none")
        policy.names(text)
    sts.policy_id(texts)
    tlsrpt.recipients(["v=TLSRPTv1;" + each for each in texts[:1]])


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["v=TLSRPTv1; rua=mailto:tls@example.org"], ("tls@example.org",)),
        (["v=TLSRPTv1;rua=https://r.example/v1,mailto:a@b.example , mailto:c@d.example"],
         ("a@b.example", "c@d.example")),
        (["v=TLSRPTv1; rua=mailto:a@b.example?cc=x@y.example"], ()), (["v=TLSRPTv1; rua=mailto:no"], ()),
        (["v=TLSRPTv1; rua=mailto:a@b.example"] * 2, ()), (["v=TLSRPTv2; rua=mailto:a@b.example"], ()), ([], ()),
    ],
)  # fmt: skip
def test_who_wants_reports(texts: list[str], found: tuple[str, ...]) -> None:
    assert tlsrpt.recipients(texts) == found


def test_a_report_has_the_names_of_the_rfc() -> None:
    day = datetime(2026, 2, 3, tzinfo=UTC)
    result = tlsrpt.Result(
        tlsrpt.Policy("sts", "example.net", ("version: STSv1",), ("mx.example.net",)),
        tlsrpt.Summary(3, 1),
        (tlsrpt.Failure("certificate-expired", 1, "mx.example.net", "192.0.2.1"),),
    )
    report = tlsrpt.Report("example.org", tlsrpt.Span(day, day), "postmaster@example.org", "1", (result,))
    read = json.loads(zlib.decompress(report.packed(), 31))
    assert read["date-range"] == {"start-datetime": "2026-02-03T00:00:00Z", "end-datetime": "2026-02-03T00:00:00Z"}
    assert read["policies"][0]["summary"] == {"total-successful-session-count": 3, "total-failure-session-count": 1}
    assert read["policies"][0]["policy"]["policy-type"] == "sts"
    assert read["policies"][0]["failure-details"] == [
        {
            "result-type": "certificate-expired",
            "failed-session-count": 1,
            "receiving-mx-hostname": "mx.example.net",
            "receiving-ip": "192.0.2.1",
        }
    ]
