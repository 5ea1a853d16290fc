"""Delivery status notifications."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.kernel.languages import LANGUAGES, Language
from parvis.wire.dsn import Notification, RecipientStatus, Report, build, read
from parvis.wire.mime import as_text, decode_text, parse

NOW = datetime(2026, 11, 22, 4, 5, 6, tzinfo=UTC)
ORIGINAL = "Message-ID: <orig@x>\r\nSubject: chào\r\n\r\nbody\r\n".encode()


def boundaries() -> Iterator[str]:
    yield from (f"parvis{number}" for number in range(100))


def report(
    *recipients: RecipientStatus, language: Language = "en", full: bool = False, original: bytes = ORIGINAL
) -> bytes:
    notification = Notification("mx.example.org", recipients, envid="env 1", arrival=NOW)
    return build(
        Report(notification, "joe@x", "mailer-daemon@example.org", NOW, "r@example.org", original, full, language),
        boundaries(),
    )


FAILED = RecipientStatus(
    "bob@example.com",
    "failed",
    "5.1.1",
    "550 5.1.1 No such user",
    "mx.example.com",
    ("rfc822", "robert@example.com"),
    NOW,
)
DELAYED = RecipientStatus("ấn@vídụ.vn", "delayed", "4.4.1", will_retry_until=NOW)


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_can_be_read_again(language: Language, full: bool) -> None:
    raw = report(FAILED, DELAYED, language=language, full=full)
    message = parse(raw)
    found = read(raw, message)
    assert found == Notification("mx.example.org", (FAILED, DELAYED), "env 1", NOW, "orig@x")
    assert message.root.params["report-type"] == "delivery-status"
    assert message.leaves()[0].language == (language,)
    assert message.root.last("Auto-Submitted").value == b" auto-replied"  # type: ignore[union-attr]
    text = decode_text(raw, message.leaves()[0]).text
    assert "bob@example.com" in text and "550 5.1.1 No such user" in text and "ấn@vídụ.vn" in text


def test_plain_addresses_give_the_plain_types() -> None:
    kinds = [part.media_type for part in parse(report(FAILED, original=b"Subject: x\r\n\r\ny")).leaves()]
    assert kinds == ["text/plain", "message/delivery-status", "text/rfc822-headers"]


def test_the_subject_tells_the_worst() -> None:
    good = RecipientStatus("a@b", "delivered", "2.0.0")
    subjects = {
        as_text(parse(report(*given_recipients)).root.last("Subject").value)  # type: ignore[union-attr]
        for given_recipients in ((good, DELAYED), (good, DELAYED, FAILED), (good,))
    }
    assert subjects == {
        "Your message is delayed",
        "Your message could not be delivered",
        "Your message was delivered",
    }


def test_nothing_of_the_other_server_gets_into_other_fields() -> None:
    evil = RecipientStatus(
        "a@b", "failed", "5.0.0", "550 x\r\nFinal-Recipient: rfc822; evil@x\r\n\r\nAction: failed"
    )
    raw = report(evil)
    found = read(raw, parse(raw))
    assert found is not None and [recipient.final for recipient in found.recipients] == ["a@b"]


def test_a_report_of_another_program() -> None:
    raw = (
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nSorry\n--b\n"
        b"Content-Type: message/delivery-status\n\nReporting-MTA: dns;a.example\n\n"
        b"Final-Recipient: RFC822;  <x@y>\nAction: Failed (ouch)\nStatus: 5.0.0 (permanent)\n"
        b"Diagnostic-Code: smtp; 550\n not here\n\nFinal-Recipient: rfc822; no-action@y\n\n--b--\n"
    )
    found = read(raw, parse(raw))
    assert found == Notification("a.example", (RecipientStatus("x@y", "failed", "5.0.0", "550 not here"),))


def test_a_message_that_is_no_report() -> None:
    assert read(ORIGINAL, parse(ORIGINAL)) is None


@given(st.binary(max_size=300))
def test_any_status_part_can_be_read(body: bytes) -> None:
    raw = b"Content-Type: message/delivery-status\r\n\r\n" + body
    assert read(raw, parse(raw)) is not None
