"""Policies of author domains, found by walking up the tree, and what they are applied to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.kernel.errors import Invalid
from parvis.wire import dmarc
from parvis.wire.dmarc import Proof
from tests.wire.test_spf import Table


def zone(**records: str) -> Table:
    return Table({(f"_dmarc.{name.replace('__', '.')}", "TXT"): [text] for name, text in records.items()})


async def outcome(table: Table, domain: str, *proofs: Proof) -> tuple[str, str]:
    found = await dmarc.evaluate(table, domain, proofs)
    return found.value, found.wish


def test_a_record() -> None:
    found = dmarc.parse(
        "v=DMARC1; p=reject; sp=quarantine; adkim=s; rua=mailto:a@x.test,mailto:b@x.test; foo=1; t=y"
    )
    assert (found.policy, found.subdomains, found.missing) == ("reject", "quarantine", "quarantine")
    assert found.strict_dkim and not found.strict_spf and found.testing and len(found.reports) == 2
    assert dmarc.parse("v = DMARC1 ; p=bad; rua=mailto:a@x.test").policy == "none"
    assert dmarc.parse("v=DMARC1; p=reject; and so on; =x; sp=none").subdomains == "none"  # RFC 9989 §4.8
    strange = dmarc.parse("v=DMARC1; p=reject; sp=bad; np=reject; rua=none,mailto:a@x.test")  # RFC 9989 §4.10.1
    assert (strange.policy, strange.subdomains, strange.missing) == ("none", "none", "none")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "p=none; v=DMARC1",
        "v=DMARC2; p=none",
        "v=DMARC1",
        "v=DMARC1; p=x",
        "v=DMARC1;p=none;p=x",
        "v=DMARC1; p=x; rua=nobody",
        "v=DMARC1; p=reject; sp=x",
        "v=DMARC1; p=reject; np=",
    ],
)
def test_no_record(text) -> None:
    with pytest.raises(Invalid):
        dmarc.parse(text)


def test_the_walk_is_at_most_eight_steps() -> None:
    assert dmarc.walk("mail.example.com") == ["mail.example.com", "example.com", "com"]
    names = dmarc.walk("a.b.c.d.e.f.g.h.i.j.mail.example.com")  # RFC 9989 §4.10
    assert names[:2] == ["a.b.c.d.e.f.g.h.i.j.mail.example.com", "g.h.i.j.mail.example.com"]
    assert len(names) == 8 and names[-1] == "com"


def test_the_organisation() -> None:
    """RFC 9989 §4.10.2"""
    none, suffix, not_one = (dmarc.parse(f"v=DMARC1; p=none{more}") for more in ("", "; psd=y", "; psd=n"))
    assert (
        dmarc.organisation("a.mail.example.com", {"example.com": none, "a.mail.example.com": none}) == "example.com"
    )
    assert (
        dmarc.organisation("a.mail.example.com", {"mail.example.com": not_one, "example.com": none})
        == "mail.example.com"
    )
    assert dmarc.organisation("a.giant.bank.example", {"bank.example": suffix}) == "giant.bank.example"
    assert dmarc.organisation("a.example.com", {}) == "a.example.com"


async def test_aligned_or_not() -> None:
    """RFC 9989 §5.3.4, §5.3.5"""
    table = zone(example__com="v=DMARC1; p=reject", other__test="v=DMARC1; p=none")
    assert await outcome(table, "example.com") == ("fail", "reject")
    assert await outcome(table, "example.com", Proof("dkim", "other.test")) == ("fail", "reject")
    assert await outcome(table, "example.com", Proof("dkim", "notexample.com")) == ("fail", "reject")
    assert await outcome(table, "example.com", Proof("spf", "example.com")) == ("pass", "none")
    assert await outcome(table, "example.com", Proof("spf", "bounce.Example.com")) == ("pass", "none")
    assert await outcome(table, "news.example.com", Proof("dkim", "example.com")) == ("pass", "none")
    assert await outcome(table, "nothing.test", Proof("dkim", "nothing.test")) == ("none", "none")


async def test_strict_alignment() -> None:
    table = zone(example__com="v=DMARC1; p=reject; adkim=s")
    assert (await outcome(table, "example.com", Proof("dkim", "a.example.com")))[0] == "fail"
    assert (await outcome(table, "example.com", Proof("spf", "a.example.com")))[0] == "pass"


async def test_a_subdomain_may_be_an_organisation_of_its_own() -> None:
    table = zone(example__com="v=DMARC1; p=reject", hosted__example__com="v=DMARC1; p=none; psd=n")
    assert (await outcome(table, "example.com", Proof("dkim", "hosted.example.com")))[0] == "fail"


async def test_whose_policy_counts() -> None:
    """RFC 9989 §4.7, §4.10.1"""
    table = zone(example__com="v=DMARC1; p=none; sp=quarantine; np=reject", own__example__com="v=DMARC1; p=none")
    table.found["there.example.com", "A"] = ["192.0.2.1"]
    assert await outcome(table, "example.com") == ("fail", "none")
    assert await outcome(table, "there.example.com") == ("fail", "quarantine")
    assert await outcome(table, "gone.example.com") == ("fail", "reject")
    assert await outcome(table, "own.example.com") == ("fail", "none")
    assert await outcome(zone(bank="v=DMARC1; p=reject; psd=y"), "shop.bank") == ("fail", "reject")
    assert await outcome(zone(example__com="v=DMARC1; p=reject; t=y"), "example.com") == ("fail", "quarantine")


async def test_two_records_are_none_and_no_answer_is_for_later() -> None:
    table = zone()
    table.found["_dmarc.example.com", "TXT"] = ["v=DMARC1; p=reject", "v=DMARC1; p=none"]
    assert await outcome(table, "example.com") == ("none", "none")
    table.found["_dmarc.example.com", "TXT"] = None
    assert await outcome(table, "example.com") == ("temperror", "none")


@given(st.text(max_size=100))
def test_any_text(text: str) -> None:
    try:
        assert dmarc.parse(f"v=DMARC1;{text}").policy in ("none", "quarantine", "reject")
    except Invalid as error:
        assert error.sentence


@given(st.text(alphabet="ab.-é", max_size=80))
async def test_any_domain(domain: str) -> None:
    table = zone(a="v=DMARC1; p=reject")
    assert (await dmarc.evaluate(table, domain, [Proof("spf", "b.a")])).value in ("none", "pass", "fail")
    assert len(dmarc.walk(domain)) <= 8
