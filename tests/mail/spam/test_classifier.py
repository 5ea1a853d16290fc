"""The classifier by itself: tokens of any bytes, and scores."""

import string

from hypothesis import given
from hypothesis import strategies as st

from parvis.mail import message
from parvis.mail.spam.classifier import Counts, Known, Score
from parvis.mail.spam.classifier import score as weighted
from parvis.mail.spam.tokens import FIELDS, LINKS, PARTS, WORDS, tokens
from tests.mail.conftest import plain

TOTAL = Counts(100, 200)


def score(total: Counts, known: dict[str, Counts]) -> Score | None:
    return weighted(Known(total), {text: Known(counts) for text, counts in known.items()})


HTML = (
    b"From: Shop <news@shop.example>\r\nReply-To: other@elsewhere.example\r\nSubject: =?utf-8?q?Khuy=E1=BA=BFn_m=C3=A3i?=\r\n"
    b"Received: from mx.shop.example ([192.0.2.44]) by here; Tue, 03 Feb 2026 10:00:00 +0100\r\n"
    b"Authentication-Results: mail.example.org; spf=fail smtp.mailfrom=shop.example; dmarc=fail\r\n"
    b"X-Parvis-Spam: 0.0001 (forged)\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b'<p>Win now <a href="http://192.0.2.9/x">here</a> <a href="https://a.b.shop.example/">there</a></p>'
)


def test_a_message_is_seen_from_all_sides() -> None:
    found = set(tokens(message.read(HTML)).values())
    assert {
        "from:news@shop.example", "reply-to:elsewhere.example", "subject:khuyen", "subject:mai", "auth:spf=fail",
        "auth:dmarc=fail", "received:192.0", "received:shop.example", "link:number", "link:shop.example",
        "part:text/html", "part:html alone", "win", "win now",
    } <= found  # fmt: skip
    assert not [text for text in found if "forged" in text or "parvis-spam" in text]


def test_vietnamese_is_the_same_with_its_accents_and_without() -> None:
    said = tokens(message.read(plain("Chào", "Khuyến mãi đặc biệt hôm nay")))
    bare = tokens(message.read(plain("Chao", "Khuyen mai dac biet hom nay")))
    assert said == bare and "khuyen mai" in said.values()


def test_our_own_field_changes_nothing() -> None:
    raw = plain()
    assert tokens(message.read(b"X-Parvis-Spam: 0.99 (viagra)\r\n" + raw)) == tokens(message.read(raw))


@given(st.binary(max_size=3000), st.text(max_size=500))
def test_any_bytes_give_few_tokens(raw: bytes, text: str) -> None:
    for one in (raw, b"Received: " + raw, HTML[:300] + raw, plain(body=text)):
        found = tokens(message.read(one))
        assert len(found) <= 2 * WORDS + FIELDS + LINKS + PARTS
        assert all(-(2**63) <= number < 2**63 for number in found)


def test_a_long_message_gives_no_more_tokens() -> None:
    body = " ".join(f"word{number} http://h{number}.example/" for number in range(20_000))
    assert len(tokens(message.read(plain(body=body)))) <= 2 * WORDS + FIELDS + LINKS + PARTS


def test_scores() -> None:
    spam = {f"s{number}": Counts(30, 0) for number in range(20)}
    ham = {f"h{number}": Counts(0, 60) for number in range(20)}
    bad, good, both = score(TOTAL, spam), score(TOTAL, ham), score(TOTAL, spam | ham)
    assert bad is not None and bad.value > 0.999 and set(bad.reasons) <= spam.keys() and bad.reasons
    assert good is not None and good.value < 0.001
    assert both is not None and 0.3 < both.value < 0.7
    assert score(TOTAL, {}) == Score(0.5)
    assert score(TOTAL, {"common": Counts(10, 20)}) == Score(0.5)
    assert score(Counts(9, 500), spam) is None and score(Counts(500, 19), spam) is None


counted = st.builds(Counts, st.integers(0, 100), st.integers(0, 200))


@given(st.dictionaries(st.text(string.ascii_letters, min_size=1, max_size=8), counted, max_size=400))
def test_a_score_is_always_between_nothing_and_all(known) -> None:
    found = score(TOTAL, known)
    assert found is not None and 0.0 <= found.value <= 1.0


@given(st.dictionaries(st.text(string.ascii_letters, min_size=1, max_size=8), counted, max_size=60))
def test_one_more_bad_word_never_makes_it_better(known) -> None:
    before, after = score(TOTAL, known), score(TOTAL, known | {"UNLIKE OTHERS": Counts(90, 0)})
    assert before is not None and after is not None and after.value >= before.value - 1e-9
