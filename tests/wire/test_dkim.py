"""Signatures of domains: the examples of the RFCs, what is refused, and what is made here."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.kernel.errors import Invalid
from parvis.wire import dkim, dkim_keys
from parvis.wire.canonical import Text, canonical_body, canonical_field
from parvis.wire.dkim_keys import parse_key

NOW = 1_800_000_000
# RFC 8463 appendix A.2 and A.3
ED25519 = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
RSA = (
    "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16"
    "JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
)
KEYS = {"brisbane._domainkey.football.example.com": ED25519, "test._domainkey.football.example.com": RSA}
EXAMPLE = (
    b"""DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.

"""
).replace(b"\n", b"\r\n")
PLAIN = (
    b"From: Ann <ann@example.org>\r\nTo: bob@example.net\r\nSubject: One\r\n\tand two\r\n\r\nSome  words.\r\n\r\n"
)


def results(raw: bytes, keys: dict[str, str], now: int = NOW) -> list[tuple[str, str]]:
    text = Text(raw)
    found = [dkim.verify(text, one, keys.get(one.key_name), now) for one in dkim.signatures(text)]
    return [(one.value, one.reason) for one in found]


def values(raw: bytes, keys: dict[str, str], now: int = NOW) -> list[str]:
    return [value for value, _ in results(raw, keys, now)]


@pytest.fixture(scope="module")
def own() -> list[dkim_keys.SigningKey]:
    return [dkim_keys.generate("example.org", "a", "rsa"), dkim_keys.generate("example.org", "b", "ed25519")]


def test_canonical_forms_as_rfc_6376_3_4_5_shows_them() -> None:
    text = Text(b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n")
    assert [text.field(field, "relaxed") for field in text.fields] == [b"a:X\r\n", b"b:Y Z\r\n"]
    assert b"".join(text.field(field, "simple") for field in text.fields) == b"A: X\r\nB : Y\t\r\n\tZ  \r\n"
    assert text.body("relaxed") == b" C\r\nD E\r\n"
    assert text.body("simple") == b" C \r\nD \t E\r\n"
    assert (canonical_body(b"", "simple"), canonical_body(b"", "relaxed")) == (b"\r\n", b"")
    assert canonical_body(b"x", "relaxed") == b"x\r\n" == canonical_body(b"x", "simple")


def test_the_example_of_rfc_6376() -> None:
    """Appendix A.2, simple/simple, with the key of appendix C."""
    key = (
        "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4"
        "jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"
    )
    signature = b"""DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;
      c=simple/simple; q=dns/txt; i=joe@football.example.com;
      h=Received : From : To : Subject : Date : Message-ID;
      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB
      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut
      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV
      4bmp/YzhwvcubU4=;
Received: from client1.football.example.com  [192.0.2.1]
      by submitserver.example.com with SUBMISSION;
      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)
"""
    message = EXAMPLE[EXAMPLE.index(b"From: Joe") :].replace(b"game.  Are", b"game. Are")
    raw = signature.replace(b"\n", b"\r\n") + message
    assert values(raw, {"brisbane._domainkey.example.com": key}) == ["pass"]
    assert values(raw.replace(b"com  [", b"com ["), {"brisbane._domainkey.example.com": key}) == ["fail"]


def test_the_example_of_rfc_8463() -> None:
    assert values(EXAMPLE, KEYS) == ["pass", "pass"]


@pytest.mark.parametrize(
    ("before", "after", "value"),
    [
        (b"dinner", b"lunch", "fail"),
        (b"hungry", b"angry", "fail"),
        (b"From: Joe", b"From: Eve <eve@example.net>\r\nFrom: Joe", "fail"),
        (b"s=brisbane; t=1528637909;", b"s=brisbane; t=1528637909; x=1528637999;", "permerror"),
        (b"s=brisbane; t=1528637909;", b"s=brisbane; t=1900000000;", "permerror"),
        (b"s=brisbane; t=1528637909;", b"s=brisbane; l=9999;", "permerror"),
        (b"h=from : to :\r\n subject : date : message-id : from :", b"h=to :\r\n", "permerror"),
        (b"i=@football.example.com", b"i=@ball.example.com", "permerror"),
        (b"v=1; a=ed", b"v=2; a=ed", "permerror"),
        (b"a=ed25519-sha256", b"a=rsa-sha1", "permerror"),
        (b"s=brisbane;", b"s=brisbane; s=test;", "permerror"),
        (b"s=brisbane;", b"s=nothing;", "permerror"),
        (b"q=dns/txt; s=b", b"q=carrier/pigeon; s=b", "permerror"),
    ],
)
def test_what_is_not_believed(before, after, value) -> None:
    assert before in EXAMPLE
    assert values(EXAMPLE.replace(before, after, 1), KEYS)[0] == value


@pytest.mark.parametrize(
    "record",
    [
        "", "v=DKIM2; k=ed25519; p=AAAA", "k=ed25519; v=DKIM1; p=AAAA", "v=DKIM1; k=ed25519; p=", "v=DKIM1; p=AAAA",
        "v=DKIM1; k=dsa; p=AAAA", "v=DKIM1; k=ed25519; p=AAAA", ED25519 + "; s=tlsrpt", "v=DKIM1; k=rsa; p=!",
        "v=DKIM1; k=rsa", ED25519 + "; p=AAAA",
    ],
)  # fmt: skip
def test_keys_that_are_none(record) -> None:
    with pytest.raises(Invalid):
        parse_key(record)
    assert values(EXAMPLE, KEYS | {"brisbane._domainkey.football.example.com": record}) == ["permerror", "pass"]


def test_a_key_says_what_it_is_for() -> None:
    below = EXAMPLE.replace(b"i=@foot", b"i=joe@x.foot", 1)
    for flags, raw, value in (
        (";t=s", below, "permerror"),
        (";h=sha1", EXAMPLE, "permerror"),
        (";t=y", EXAMPLE, "pass"),
    ):
        assert values(raw, {"brisbane._domainkey.football.example.com": ED25519 + flags})[0] == value


def test_short_keys_are_not_believed() -> None:
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

    weak = dkim_keys.SigningKey("example.org", "a", generate_private_key(65537, 1024))
    assert parse_key(weak.record).algorithm == "rsa"  # the least that RFC 8301 §3.2 wants believed
    with pytest.raises(Invalid, match="768"):  # made once by a library that still did
        parse_key(
            "v=DKIM1; p=MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhANp2Ph1UsTdLLBsNjSRr9/w6gXSPRbS55n9WQJ8V+30wG1iUDLsBRSJqkJFEhEAA"
            "lVZGRbXR2xTLRGoEBbAxRXO8OeD7YnDQYBvmYZxzsVCPgPrTCTXDsYcRHRXx3CDnSwIDAQAB"
        )


def test_signed_here_and_verified(own) -> None:
    raw = dkim.sign(Text(PLAIN), own, NOW) + PLAIN
    keys = {key.name: key.record for key in own}
    assert values(raw, keys) == ["pass", "pass"]
    assert max(map(len, raw.split(b"\r\n"))) < 100
    for added in (
        b"Subject: Two",
        b"From: eve@example.net",
        b"Content-Type: text/html",
        b"Reply-To: eve@example.net",
    ):
        assert values(raw.replace(b"To: bob", added + b"\r\nTo: bob"), keys) == ["fail", "fail"]
    assert values(raw.replace(b"To: bob", b"List-Id: <x>\r\nTo: bob"), keys) == ["pass", "pass"]
    assert values(b"Received: by somebody\r\n" + raw.replace(b"Some  words.", b"Some words."), keys) == [
        "pass",
        "pass",
    ]


def test_a_key_is_kept_as_text(own) -> None:
    for key in own:
        assert dkim_keys.load(key.domain, key.selector, key.pem()).record == key.record
    with pytest.raises(Invalid):
        dkim_keys.load("example.org", "a", "-----BEGIN NOTHING-----")


def test_what_comes_after_the_signed_beginning_makes_it_worthless(own) -> None:
    key = own[1]
    text = Text(PLAIN)
    body = text.body("relaxed")
    head = f"v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.org; s=b; l={len(body)};\r\n"
    raw = dkim.signed_field(text, "DKIM-Signature", head, ["from"], key) + PLAIN
    assert values(raw, {key.name: key.record}) == ["pass"]
    more = results(raw + b"and more\r\n", {key.name: key.record})
    assert more == [("policy", "only the beginning of the body is signed")]
    assert values(raw.replace(b"Some", b"Other"), {key.name: key.record}) == ["fail"]


def test_only_so_many_signatures_are_looked_at(own) -> None:
    raw = dkim.sign(Text(PLAIN), [own[1]] * 30, NOW) + PLAIN
    assert len(dkim.signatures(Text(raw))) == dkim.SIGNATURES
    huge = b"DKIM-Signature: v=1; h=" + b"a:" * 20_000 + b"from\r\n" + PLAIN
    assert dkim.signatures(Text(huge))[0].fault == "the signature is too long"
    keys = {own[1].name: own[1].record}
    assert results(b"X: " + b"y" * dkim.HEADER_BYTES + b"\r\n" + raw, keys)[0] == (
        "permerror",
        "the header is too long",
    )


@given(st.binary(max_size=300), st.sampled_from([b"b=", b"bh=", b"h=", b"d=", b"t=", b"c=", b"v=1"]))
def test_nonsense_is_a_fault(data: bytes, where: bytes) -> None:
    raw = EXAMPLE.replace(where, where + data, 1)
    for one in dkim.signatures(Text(raw)):
        assert dkim.verify(Text(raw), one, ED25519, NOW).value in ("pass", "fail", "permerror", "policy")


@given(st.text(max_size=200))
def test_any_key_record(record: str) -> None:
    try:
        parse_key(f"v=DKIM1;{record}")
    except Invalid as error:
        assert error.sentence


@given(st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"\r", b"\n", b"a", b"\xc3"]), max_size=60))
def test_the_canonical_form_of_a_canonical_form_is_itself(pieces: list[bytes]) -> None:
    body = b"".join(pieces)
    for form in ("simple", "relaxed"):
        once = canonical_body(body, form)
        assert canonical_body(once, form) == once
    once = canonical_field("X", body.replace(b"\n", b"\n "))
    assert canonical_field("x", once[2:].removesuffix(b"\r\n")) == once


def test_signatures_are_base64(own) -> None:
    (one,) = dkim.signatures(Text(dkim.sign(Text(PLAIN), own[:1], NOW) + PLAIN))
    assert len(one.signature) == 256 and base64.b64encode(one.body_hash)
