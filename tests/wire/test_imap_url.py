"""URLs of messages. RFC 5092, RFC 4467"""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.kernel.errors import Invalid
from parvis.wire.imap.fetch import Section
from parvis.wire.imap.url import Authorization, ImapUrl, parse_url

WHOLE = Section("BODY", peek=True)


def test_a_message_and_its_pieces() -> None:
    """RFC 5092 §11, and its examples without the server."""
    assert parse_url("/inbox/;UID=20") == ImapUrl("INBOX", 20, WHOLE)
    assert parse_url("/INBOX;UIDVALIDITY=78/;UID=20/;section=1.2") == ImapUrl(
        "INBOX", 20, Section("BODY", (1, 2), peek=True), uid_validity=78
    )
    assert parse_url("/a%2Fb/c%20%C3%A9/;UID=1/;SECTION=TEXT/;PARTIAL=0.1024") == ImapUrl(
        "a/b/c é", 1, Section("BODY", part="TEXT", peek=True, partial=(0, 1024))
    )
    fields = Section("BODY", (3,), "HEADER.FIELDS", ("Date", "From"), True, (5, 2**63 - 1))
    with pytest.raises(Invalid):
        parse_url("/x/;UID=1/;SECTION=3.HEADER.FIELDS")
    found = parse_url("imap://joe;AUTH=*@example.com/x/;UID=1/;SECTION=3.HEADER.FIELDS%20(Date%20From)/;PARTIAL=5")
    assert found == ImapUrl("x", 1, fields, "joe", "example.com")


def test_who_may_read_it() -> None:
    """RFC 4467 §3"""
    rump = "imap://joe@example.com/INBOX/;uid=20/;section=1.2;expire=2030-01-01T00:00:00Z;urlauth=submit+fred"
    assert parse_url(rump).authorization == Authorization("submit", "fred", 1_893_456_000_000, rump=rump)
    token = "91354a473744909de610943775f92038"
    assert parse_url(f"{rump}:INTERNAL:{token}").authorization == Authorization(
        "submit", "fred", 1_893_456_000_000, "INTERNAL", token, rump
    )
    assert parse_url("imap://ann@x.org@h/a/;uid=2;urlauth=anonymous").user == "ann@x.org"


@pytest.mark.parametrize(
    "text",
    [
        "", "/", "/INBOX", "imap://h/", "imap://h/INBOX", "imap://h/INBOX?TEXT%20a", "/;UID=1", "/x/;UID=0",
        "/x/;UID=4294967296", "/x;UIDVALIDITY=0/;UID=1", "/x/;UID=1/;SECTION=1.FOO", "/x/;UID=1/;SECTION=1]<0.1>",
        "/x/;UID=1;URLAUTH=user", "/x/;UID=1;URLAUTH=anonymous+a", "/x/;UID=1;URLAUTH=other", "/%FF/;UID=1",
        "/x/;UID=1;EXPIRE=2030-01-01T00:00:00Z", "/x/;UID=1;EXPIRE=2030-01-01T00:00:00;URLAUTH=anonymous",
        "/x%0D%0A/;UID=1", "http://h/x/;UID=1", "/x/;UID=1/;SECTION=HEADER.FIELDS%20({3}",
    ],
)  # fmt: skip
def test_what_is_none(text: str) -> None:
    with pytest.raises(Invalid):
        parse_url(text)


_WORDS = st.sampled_from(
    [
        "imap://",
        "a",
        "@",
        "/",
        ";UID=1",
        ";SECTION=",
        "1.2",
        ";PARTIAL=",
        "0.1",
        ";URLAUTH=",
        "user+",
        ":",
        "%",
        ";EXPIRE=",
    ]
)


@given(st.lists(_WORDS | st.text(max_size=5), max_size=300).map("".join))
def test_anything_is_read_or_refused_at_once(text: str) -> None:
    begun = time.perf_counter()
    try:
        found = parse_url(text)
    except Invalid:
        return
    finally:
        assert time.perf_counter() - begun < 0.5
    assert found.uid == 1
