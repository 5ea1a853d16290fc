"""The broken charsets of twenty years of real mail."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.wire.mime import decode_text, parse
from parvis.wire.mime.charsets import CODECS, codec_of, decode
from parvis.wire.mime.vietnamese import TABLES

FRENCH = "Bonjour, ça fait déjà un été que nous n’avons rien reçu : élève, forêt, où ?"
LATIN = FRENCH.replace("’", "'")
VIETNAMESE = "Kính gửi bạn, tôi đã nhận được thư của bạn về việc trả lời những người ở Việt Nam"


def in_table(text: str, name: str) -> bytes:
    back = {letter: byte for byte, letter in enumerate(TABLES[name])}
    return bytes(back[letter] for letter in text)


def test_every_codec_named_exists() -> None:
    for codec in set(CODECS.values()) - {""} - set(TABLES):
        codecs.lookup(codec)


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("UTF-8", "utf-8"),
        (' "utf8" ', "utf-8"),
        ("ISO-8859-1", "cp1252"),
        ("iso_8859-1:1987", "cp1252"),
        ("ISO-8859-15", "iso8859-15"),
        ("windows-1258", "cp1258"),
        ("CP-1252", "cp1252"),
        ("ks_c_5601-1987", "cp949"),
        ("GB2312", "gb18030"),
        ("x-unknown", ""),
        ("unknown-8bit", ""),
        (None, ""),
        ("klingon", None),
        ("punycode", None),
        ("rot13", None),
        ("unicode_escape", None),
        ("undefined", None),
        ("x" * 10_000, None),
    ],
)
def test_labels(label: str | None, codec: str | None) -> None:
    assert codec_of(label) == codec


@pytest.mark.parametrize(
    ("data", "label", "text", "problem"),
    [
        (FRENCH.encode(), "utf-8", FRENCH, False),
        (FRENCH.encode("cp1252"), "iso-8859-1", FRENCH, False),  # Windows letters under a Latin name
        (FRENCH.encode("cp1252"), "windows-1252", FRENCH, False),
        (FRENCH.encode(), "iso-8859-1", FRENCH, False),  # UTF-8 under a Latin name
        (FRENCH.encode(), "us-ascii", FRENCH, True),
        (FRENCH.encode("cp1252"), "us-ascii", FRENCH, True),
        (FRENCH.encode("cp1252"), "utf-8", FRENCH, True),  # Latin under the name of UTF-8
        (FRENCH.encode("cp1252"), None, FRENCH, True),
        (FRENCH.encode("cp1252"), "klingon", FRENCH, True),
        ("“€”".encode("cp1252"), "iso-8859-1", "“€”", False),
        (b"a\x81b", "windows-1252", "a\ufffdb", True),
        ("été ".encode() * 20 + b"\xff", "utf-8", "été " * 20 + "\ufffd", True),  # a wound stays a wound
        ("\ufeffx".encode(), "utf-8", "x", False),
        (b"a\0b", "utf-8", "ab", False),
        ("héllo".encode("utf-16"), "utf-16", "héllo", False),
        (b"Hi +AOk-", "utf-7", "Hi é", False),
        (b"+2AE-", "utf-7", "\ufffd", False),
        ("你好".encode("gb18030"), "gb2312", "你好", False),
        ("镕".encode("gbk"), "gb2312", "镕", False),  # not in GB 2312
        ("你好".encode("hz"), "hz-gb-2312", "你好", False),
        ("안녕 똠".encode("cp949"), "ks_c_5601-1987", "안녕 똠", False),
        ("こんにちは".encode("iso-2022-jp"), "ISO-2022-JP", "こんにちは", False),
        ("こんにちは".encode("iso-2022-jp"), None, "こんにちは", True),
        ("①".encode("cp932"), "shift_jis", "①", False),
        ("Привет".encode("koi8-r"), "koi8-r", "Привет", False),
        ("Việt Nam".encode(), "windows-1258", "Viá»‡t Nam", False),
        (b"Vi\xea\xf2t", "windows-1258", "Việt", False),  # tones are characters of their own there
        (in_table("Tiếng Việt", "viscii"), "viscii", "Tiếng Việt", False),
        (in_table("Tiếng Việt", "tcvn"), "x-viet-tcvn", "Tiếng Việt", False),
    ],
)  # fmt: skip
def test_declared(data: bytes, label: str | None, text: str, problem: bool) -> None:
    assert decode(data, label) == (text, problem)


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("cp1252", FRENCH),
        ("iso8859-1", LATIN),
        ("euc-kr", "안녕하세요 광고 요즘 뜨는 직종"),
        ("gb2312", "你好，我知道你需要更多机会"),
        ("big5", "我知道你需要更多機會,一起來吧!"),
        ("cp1251", "Привет, как дела? Это тестовое сообщение"),
        ("koi8-r", "Привет, как дела? Это тестовое сообщение"),
        ("euc-jp", "こんにちは世界、テストです"),
        ("cp932", "こんにちは世界、テストです"),
        ("cp1254", "özür dileriz, güneş ışığı çok şaşırtıcı"),
    ],
)
def test_undeclared(codec: str, text: str) -> None:
    assert decode(text.encode(codec), "unknown-8bit") == (text, True)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("label", [None, "iso-8859-1", "us-ascii", "x-user-defined"])
def test_vietnamese_before_unicode(name: str, label: str | None) -> None:
    assert decode(in_table(VIETNAMESE, name), label).text == VIETNAMESE


def test_french_is_not_taken_for_vietnamese() -> None:
    assert decode((LATIN * 20).encode("iso-8859-1"), "iso-8859-1").text == LATIN * 20


@given(st.binary(max_size=200), st.sampled_from(sorted(set(CODECS))) | st.text(max_size=20))
def test_nothing_fails(data: bytes, label: str) -> None:
    text = decode(data, label).text
    assert "\0" not in text
    text.encode("utf-8")


def test_an_unknown_transfer_encoding_is_a_problem() -> None:
    raw = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: x-zip\r\n\r\nx"
    assert decode_text(raw, parse(raw).root) == ("x", True)


def test_every_codec_that_a_label_may_mean_is_there() -> None:
    """Found by fuzzing: `windows-1259` meant a codec that nobody has."""
    forms = ("iso-8859-{}", "windows-{}", "cp{}", "ibm{}", "x-{}")
    labels = [form.format(number) for form in forms for number in (*range(1, 20), *range(400, 1300))]
    for codec in {codec_of(label) for label in (*labels, *CODECS)} - {None, "", *TABLES}:
        codecs.lookup(codec)
    assert codec_of("windows-1259") is None and codec_of("windows-1258") == "cp1258"
