"""The parsed forms of header fields (RFC 8621 §4.1.2), with the examples of RFC 5322, 2047 and 2369."""

from datetime import datetime

import pytest

from parvis.wire.mime import (
    Address,
    AddressGroup,
    as_addresses,
    as_date,
    as_grouped_addresses,
    as_message_ids,
    as_raw,
    as_text,
    as_urls,
)

GROUPED = b'"  James Smythe" <james@example.com>, Friends:\r\n  jane@example.com, =?UTF-8?Q?John_Sm=C3=AEth?=\r\n  <john@example.com>;'


def test_raw_keeps_all_but_nul_and_broken_bytes() -> None:
    assert as_raw(b" a\0b\r\n c \xe9 \xc3\xa9") == " ab\r\n c \ufffd é"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b" Hello\r\n  world", "Hello  world"),
        (b"  =?utf-8?q?caf=C3=A9?=", "café"),
        (b" (=?ISO-8859-1?Q?a?=)", "(a)"),
        (b" =?ISO-8859-1?Q?a?= b", "a b"),
        (b" =?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"),
        (b" =?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=", "ab"),
        (b" =?ISO-8859-1?Q?a_b?=", "a b"),
        (b" =?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"),
        (b" =?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore"),
        (b" =?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
         "If you can read this you understand the example."),
        (b" x=?utf-8?q?no?=", "x=?utf-8?q?no?="),  # not after white space: RFC 2047 §5
        (b" =?utf-8?q?no?=x", "=?utf-8?q?no?=x"),
        (b" =?martian?q?no?=", "=?martian?q?no?="),
        (b" =?utf-8?x?no?=", "=?utf-8?x?no?="),
        (b" =?utf-8?B?w6?= =?utf-8?B?k=?=", "é"),  # base64 cut anywhere
        (b" =?utf-8?B?4oI=?= =?utf-8?B?rA==?=", "€"),  # one character over two words
        (b" =?utf-8?Q?=E2=82?=\r\n =?UTF-8?Q?=AC_5?=", "€ 5"),
        (b" =?utf-8?q?a?==?utf-8?q?b?=", "ab"),  # glued
        (b" =?utf-8?Q?with real spaces?=", "with real spaces"),
        (b" =?utf-8?Q?a=00=0A=07b?=", "ab"),
        (b" =?utf-8?q?e=CC=81?=", "é"),  # NFC
        ("  déjà vu".encode(), "déjà vu"),
        ("  déjà vu".encode("latin-1"), "déjà vu"),
        (b" =?iso-2022-jp?B?GyRCJDMkcyRLJEEkTxsoQg==?=", "こんにちは"),
        (b" =?gb2312?B?xOO6ww==?=", "你好"),
        (b" =?ks_c_5601-1987?B?vsiz5w==?=", "안녕"),
        (b" =?unknown-8bit?q?caf=e9?=", "café"),
        (b"", ""),
    ],
)  # fmt: skip
def test_text(value: bytes, text: str) -> None:
    assert as_text(value) == text


def test_addresses_of_the_standard() -> None:
    assert as_addresses(GROUPED) == (
        Address("James Smythe", "james@example.com"),
        Address(None, "jane@example.com"),
        Address("John Smîth", "john@example.com"),
    )
    assert as_grouped_addresses(GROUPED) == (
        AddressGroup(None, (Address("James Smythe", "james@example.com"),)),
        AddressGroup("Friends", (Address(None, "jane@example.com"), Address("John Smîth", "john@example.com"))),
    )


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        (b"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", [("Pete", "pete@silly.test")]),
        (b"Joe Q. Public <john.q.public@example.com>", [("Joe Q. Public", "john.q.public@example.com")]),
        (b'"Giant; \\"Big\\" Box" <sysservices@example.net>', [('Giant; "Big" Box', "sysservices@example.net")]),
        (b"Mary Smith <@node.test,@b.test:mary@example.net>, , jdoe@test  . example",
         [("Mary Smith", "mary@example.net"), (None, "jdoe@test.example")]),
        (b"joe@x.org (Joe Smith)", [("Joe Smith", "joe@x.org")]),
        (b"Muhammed.(I am  the greatest) Ali @(the) Vegas.WBA", [(None, "Muhammed.Ali@Vegas.WBA")]),
        (b'"john doe"@example.com', [(None, '"john doe"@example.com')]),
        (b"joe@[192.168.0.1]", [(None, "joe@[192.168.0.1]")]),
        (b"undisclosed-recipients:;", []),
        (b"Joe", [(None, "Joe")]),
        (b'"Joe"', [(None, "Joe")]),
        (b"a@b; c@d", [(None, "a@b"), (None, "c@d")]),
        (b"John Smith john@example.com", [("John Smith", "john@example.com")]),
        (b'"Joe <joe@x>, bob@y', [("Joe", "joe@x"), (None, "bob@y")]),
        (b"joe@x (", [(None, "joe@x")]),
        (b"=?utf-8?Q?Smith,_J?= <a@b>", [("Smith, J", "a@b")]),
        (b'"=?utf-8?q?J=C3=A9r=C3=B4me?=" <j@x>', [("Jérôme", "j@x")]),
        ("Nguyễn Văn An <an@vídụ.vn>".encode(), [("Nguyễn Văn An", "an@vídụ.vn")]),
        (b"", []),
        (b"<>", []),
        (b" ,;:", []),
    ],
)  # fmt: skip
def test_addresses_as_they_are_met(value: bytes, addresses: list[tuple[str | None, str]]) -> None:
    assert list(as_addresses(value)) == addresses


def test_a_group_with_comments() -> None:
    value = (
        b"A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n         joe@example.org,\r\n"
        b"  John <jdoe@one.test> (my dear friend); (the end of the group)"
    )
    assert as_grouped_addresses(value) == (
        AddressGroup(
            "A Group",
            (
                Address("Chris Jones", "c@public.example"),
                Address(None, "joe@example.org"),
                Address("John", "jdoe@one.test"),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        (b" <1234@local.machine.example>", ("1234@local.machine.example",)),
        (b" <a@b> <c@d>\r\n <e@f>", ("a@b", "c@d", "e@f")),
        (b"<a@b>(comment <no@id>)<c@d>", ("a@b", "c@d")),
        (b'Your message of "x (y" <a@b>', ("a@b",)),
        (b"< a@b >", ("a@b",)),
        (b"a@b c@d", ("a@b", "c@d")),
        (b"no id here", None),
        (b"<>", None),
        (b"", None),
    ],
)
def test_message_ids(value: bytes, ids: tuple[str, ...] | None) -> None:
    assert as_message_ids(value) == ids


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (b" Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T09:55:06-06:00"),
        (b"Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 (Newfoundland Time)", "1969-02-13T23:32:00-03:30"),
        (b"21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06+00:00"),
        (b"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21T09:55:06-06:00"),
        (b"Mon, 1 Jan 2024 00:00:00 -0000", "2024-01-01T00:00:00+00:00"),
        (b"Sat, 31 Dec 2016 23:59:60 +0000", "2016-12-31T23:59:59+00:00"),
        (b"Thu Feb 13 23:32:54 1969", "1969-02-13T23:32:54+00:00"),
        (b"Thu, 22-Aug-102 18:26 EST", "2002-08-22T18:26:00-05:00"),
        (b"Wed, Jan 1, 2003 10:00:00 +0100", "2003-01-01T10:00:00+01:00"),
        (b"2003-01-01T10:00:00Z", "2003-01-01T10:00:00+00:00"),
        (b"Tue, 1 Jul 2003 10:52:37 +9999", "2003-07-01T10:52:37+00:00"),
        (b"Tue, 1 Jul 2003 1:05:00 PM +0200", "2003-07-01T13:05:00+02:00"),
        (b"Wed, 31 Feb 2001 01:01:01 +0000", None),
        (b"yesterday", None),
        (b"", None),
    ],
)  # fmt: skip
def test_dates(value: bytes, moment: str | None) -> None:
    found = as_date(value)
    assert found == (datetime.fromisoformat(moment) if moment else None)
    assert found is None or found.isoformat() == moment


@pytest.mark.parametrize(
    ("value", "urls"),
    [
        (b" <mailto:list@host.com?subject=help> (List Instructions)", ("mailto:list@host.com?subject=help",)),
        (b"<ftp://ftp.host.com/list.txt> (FTP),\r\n    <mailto:list@host.com>", ("ftp://ftp.host.com/list.txt", "mailto:list@host.com")),
        (b"(Use <x> by mail) <https://host/\r\n  unsubscribe?id=1>", ("https://host/unsubscribe?id=1",)),
        (b"NO (posting not allowed)", None),
        (b"", None),
    ],
)  # fmt: skip
def test_urls(value: bytes, urls: tuple[str, ...] | None) -> None:
    assert as_urls(value) == urls
