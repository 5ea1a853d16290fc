"""What a server says about who sent a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.kernel.errors import Invalid
from parvis.wire import authres
from parvis.wire.authres import Result, Results

PLAIN = b"From: ann@example.org\r\nSubject: x\r\n\r\nAuthentication-Results: mx.here; in the body\r\n"


def test_written_and_read() -> None:
    found = (
        Result("spf", "pass", "", (("smtp.mailfrom", "ann@example.org"),)),
        Result("dkim", "fail", 'the "body" was changed', (("header.d", "example.org"), ("header.s", "a b"))),
    )
    raw = authres.write("mx.here", found)
    assert raw.splitlines() == [
        b"Authentication-Results: mx.here;", b"\tspf=pass smtp.mailfrom=ann@example.org;",
        b'\tdkim=fail reason="the \\"body\\" was changed" header.d=example.org header.s="a b"',
    ]  # fmt: skip
    assert authres.parse(raw.decode().partition(":")[2]) == Results("mx.here", found)
    assert authres.parse(authres.value("mx.here", ())) == Results("mx.here", ())


def test_the_examples_of_rfc_8601_appendix_b() -> None:
    assert authres.parse(" example.org 1; none") == Results("example.org", ())
    text = """ example.com;
              auth=pass (cram-md5) smtp.auth=sender@example.net;
              spf=pass smtp.mailfrom=example.net"""
    found = authres.parse(text)
    assert [(one.method, one.value) for one in found.results] == [("auth", "pass"), ("spf", "pass")]
    text = """ foo.example.net (foobar) 1 (baz);
        dkim (Because I like it) / 1 (One yay) = (wait for it) fail
          policy (A dot can go here) . (like that) expired
          (this surprised me) = (as I wasn't expecting it) 1362471462"""
    assert authres.server_of(text) == "foo.example.net"


@pytest.mark.parametrize(
    "forged",
    [
        b"Authentication-Results: mx.here; spf=pass", b"authentication-results:MX.Here.;\r\n\tspf=pass",
        b"Authentication-Results: (x(y)\\)) mx.here (z) 1; spf=pass", b'Authentication-Results: "mx.here"; spf=pass',
        b"Authentication-Results:\r\n mx.here; spf=pass", b"Authentication-Results : mx.here; spf=pass",
        b"Authentication-Results: (never ends mx.here; spf=pass", b"Authentication-Results: ; spf=pass",
    ],
)  # fmt: skip
def test_forged_ones_go(forged) -> None:
    other = b"Authentication-Results: mx.other; spf=pass\r\n"
    head = b"Received: by mx.here\r\n"
    assert authres.strip(other + forged + b"\r\n" + PLAIN, "mx.here") == other + PLAIN
    assert authres.strip(head + PLAIN + forged, "mx.here", len(head)) == PLAIN + forged
    assert authres.strip(other + PLAIN, "mx.here") == other + PLAIN


def test_nothing_to_strip_is_the_same_bytes() -> None:
    assert authres.strip(PLAIN, "mx.here") is PLAIN


@given(st.text(max_size=200))
def test_any_value(text: str) -> None:
    authres.server_of(text)
    try:
        assert authres.parse(text).server
    except Invalid as error:
        assert error.sentence


@given(st.text(max_size=80), st.text(max_size=80))
def test_what_strangers_say_breaks_no_line(reason: str, value: str) -> None:
    raw = authres.write("mx.here", [Result("spf", "fail", reason, (("smtp.mailfrom", value),))])
    assert raw.count(b"\n") == 2 and raw.isascii()
    assert authres.parse(raw.decode().partition(":")[2]).results[0].method == "spf"


@given(st.lists(st.sampled_from(["(", ")", "\\", '"', ";", "=", "a", " "]), max_size=60))
def test_hostile_fields_are_stripped_or_kept(pieces: list[str]) -> None:
    raw = b"Authentication-Results:" + "".join(pieces).encode() + b"\r\n" + PLAIN
    assert authres.strip(raw, "mx.here") in (raw, PLAIN)
