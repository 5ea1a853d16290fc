"""The grammar of SMTP."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.wire.smtp import (
    Chunk,
    Command,
    MailFrom,
    RcptTo,
    SyntaxRefused,
    decode_xtext,
    encode_xtext,
    is_address,
    is_host,
    parse_bdat,
    parse_command,
    parse_mail,
    parse_plain,
    parse_rcpt,
    parse_reply,
    reply,
    split_detail,
)


def code(function: object, *arguments: object) -> int:
    with pytest.raises(SyntaxRefused) as caught:
        function(*arguments)  # type: ignore[operator]
    return caught.value.reply.code


def test_commands() -> None:
    assert parse_command(b"mail FROM:<a@b> SIZE=1 ") == Command("MAIL", "FROM:<a@b> SIZE=1")
    assert parse_command(b"QUIT") == Command("QUIT", "")
    assert parse_command("EHLO mái.vn".encode()) == Command("EHLO", "mái.vn")
    for line in (b"", b" QUIT", b"\xff", b"EHLO \xff", b"GET / HTTP/1.1\0", b"X" * 30, b"A " + b"b" * 20_000):
        assert code(parse_command, line) == 500


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("FROM:<a@b.c>", MailFrom("a@b.c")),
        ("from: <a@b.c>", MailFrom("a@b.c")),
        ("FROM:<>", MailFrom("")),
        ("FROM:<@hop.org,@b:a@b.c>", MailFrom("a@b.c")),
        ('FROM:<"a b>c"@b.c>', MailFrom('"a b>c"@b.c')),
        ("FROM:<a@[127.0.0.1]>", MailFrom("a@[127.0.0.1]")),
        ("FROM:<a@[IPv6:::1]>", MailFrom("a@[IPv6:::1]")),
        ("FROM:<a@b> SIZE=1000 BODY=8bitmime", MailFrom("a@b", size=1000, body="8BITMIME")),
        ("FROM:<ấ@b> SMTPUTF8", MailFrom("ấ@b", smtputf8=True)),
        ("FROM:<a@b> RET=HDRS ENVID=QQ314159+2B", MailFrom("a@b", ret="HDRS", envid="QQ314159+")),
        ("FROM:<a@b> AUTH=<>", MailFrom("a@b", auth="")),
        ("FROM:<a@b> AUTH=e+3Dmc2@example.com", MailFrom("a@b", auth="e=mc2@example.com")),
    ],
)
def test_mail_from(argument: str, expected: MailFrom) -> None:
    assert parse_mail(argument) == expected


@pytest.mark.parametrize(
    ("argument", "refused"),
    [
        ("", 501),
        ("FROM:a@b", 501),
        ("FROM <a@b>", 501),
        ("FROM:<a@b", 501),
        ("FROM:<a@b>SIZE=1", 501),
        ("FROM:<a@b> SIZE=x", 501),
        ("FROM:<a@b> SIZE=1 SIZE=1", 501),
        ("FROM:<a@b> BODY=9BIT", 501),
        ("FROM:<a@b> SMTPUTF8=1", 501),
        ("FROM:<a@b> RET=ALL", 501),
        ("FROM:<a@b> ENVID=a+4", 501),
        ("FROM:<a@b> X-WHAT=1", 555),
        ("FROM:<a>", 553),
        ("FROM:<a@b@c>", 553),
        ("FROM:<a..b@c>", 553),
        ("FROM:<a b@c>", 553),
        ("FROM:<a@-b>", 553),
        ("FROM:<ấ@b>", 553),
        (f"FROM:<{'a' * 65}@b>", 553),
    ],
)
def test_mail_from_that_is_refused(argument: str, refused: int) -> None:
    assert code(parse_mail, argument) == refused


def test_rcpt_to() -> None:
    assert parse_rcpt("TO:<a+b@c.d>") == RcptTo("a+b@c.d")
    assert parse_rcpt("TO:<Postmaster>") == RcptTo("Postmaster")
    assert parse_rcpt("TO:<a@b> NOTIFY=success,FAILURE ORCPT=rfc822;Bob+40x@y") == RcptTo(
        "a@b", ("SUCCESS", "FAILURE"), ("rfc822", "Bob@x@y")
    )
    assert parse_rcpt("TO:<a@b> NOTIFY=NEVER").notify == ("NEVER",)
    assert parse_rcpt("TO:<ấ@b> ORCPT=utf-8;\\x{1EA5}@b", smtputf8=True).orcpt == ("utf-8", "ấ@b")
    for argument in ("TO:<>", "TO:<a@b> NOTIFY=NEVER,DELAY", "TO:<a@b> NOTIFY=", "TO:<a@b> ORCPT=x"):
        assert code(parse_rcpt, argument) == 501


def test_bdat_and_plain() -> None:
    assert parse_bdat("1000") == Chunk(1000, False)
    assert parse_bdat("0 last") == Chunk(0, True)
    for argument in ("", "x", "-1", "1 FIRST", "1" * 20):
        assert code(parse_bdat, argument) == 501
    assert parse_plain("AHRpbQB0YW5zdGFhZnRhbnN0YWFm") == ("", "tim", "tanstaaftanstaaf")
    for response in ("*", "=", "AAAA", "\u00e9"):
        assert code(parse_plain, response) == 501


@pytest.mark.parametrize(
    "address", ["a@b", "a.b+c@d.example", "x@y.", "a@xn--vd-uia.vn", "ấ@vídụ.vn", '"a\\"b"@c', "a@[1.2.3.4]"]
)
def test_addresses(address: str) -> None:
    assert is_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "@b",
        "a@",
        ".a@b",
        "a.@b",
        "a@b..c",
        "a@b c",
        "a\r\n@b",
        "a@b\n",
        "a@" + "b" * 64,
        "a@" + "b.c" * 130,
    ],
)
def test_what_is_no_address(address: str) -> None:
    assert not is_address(address)


def test_hosts() -> None:
    assert is_host("mx.example.org") and is_host("[127.0.0.1]") and is_host("localhost")
    assert not is_host("a b") and not is_host("") and not is_host("x\r\ny")


def test_sub_addresses() -> None:
    assert split_detail("user+tag@x") == ("user@x", "tag")
    assert split_detail("user+a+b@x") == ("user@x", "a+b")
    assert split_detail("user@x") == ("user@x", None)
    assert split_detail("+tag@x") == ("+tag@x", None)
    assert split_detail("user+@x") == ("user@x", "")


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=50))
def test_xtext_comes_back(text: str) -> None:
    assert decode_xtext(encode_xtext(text)) == text


def test_replies() -> None:
    answer = reply(250, "2.1.0", "one", "two\r\n666 three")
    assert answer.render() == b"250-2.1.0 one\r\n250 2.1.0 two  666 three\r\n"
    assert parse_reply(["250-2.1.0 one", "250 2.1.0 two"]) == reply(250, "2.1.0", "one", "two")
    assert parse_reply(["220 hello"]) == reply(220, "", "hello")
    assert parse_reply(["550"]) == reply(550, "", "")
    assert parse_reply(["hello"]) is None
    assert parse_reply(["250-a", "550 b"]) is None
    assert parse_reply([]) is None


@given(st.binary(max_size=200))
def test_any_line_is_a_command_or_refused(line: bytes) -> None:
    try:
        argument = parse_command(line).argument
        parse_mail("FROM:" + argument)
    except SyntaxRefused as refused:
        assert refused.reply.code in (500, 501, 553, 555)
