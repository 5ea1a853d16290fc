"""Why mail was not taken, told from answers as large providers give them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.mail.doctor import words, words_en, words_fr, words_vi
from parvis.mail.doctor.reasons import OWN_FAULT, REASONS, reason
from parvis.mail.queue import suppression

ANSWERS = {
    "dmarc": [
        "550 5.7.26 Unauthenticated email from example.org is not accepted due to domain's DMARC policy.",
        "550 5.7.26 This mail has been blocked because the sender is unauthenticated. Gmail requires all senders to "
        "authenticate with either SPF or DKIM.",
        "550 5.7.515 Access denied, sending domain example.org does not meet the required authentication level.",
        "554 5.7.9 Message not accepted for policy reasons. See https://postmaster.yahooinc.com/error-codes",
        "550 5.7.509 Access denied, sending domain example.org does not pass DMARC verification",
    ],
    "spf": ["550 5.7.23 The message was rejected because of Sender Policy Framework violation",
            "421 4.7.27 Your email has been rate limited because SPF authentication didn't pass"],
    "dkim": ["421 4.7.30 Your email has been rate limited because DKIM authentication didn't pass"],
    "ptr": ["550 5.7.25 The IP address sending this message does not have a PTR record setup",
            "450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]",
            "550 5.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]"],
    "google-slow": ["421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP"],
    "tls-wanted": ["421 4.7.29 Your email has been rate limited because this message wasn't sent over a TLS connection",
                   "530 5.7.0 Must issue a STARTTLS command first"],
    "microsoft-block": [
        "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider "
        "since part of their network is on our block list (S3140).",
        "550 5.7.606 Access denied, banned sending IP [192.0.2.1] AS(16012609)",
    ],
    "microsoft-slow": ["451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation. "
                       "For e-mail delivery information, see https://postmaster.live.com (S775)"],
    "yahoo-slow": ["421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user "
                   "complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes"],
    "blocklist": ["554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org"],
    "spam": ["550 5.7.1 [192.0.2.1 12] Our system has detected that this message is likely unsolicited mail.",
             "550 5.7.1 Service unavailable. Message rejected as AS(4810)"],
    "grey": ["450 4.2.0 x@one.example: Recipient address rejected: Greylisted, see http://postgrey.example",
             "451 4.7.1 Please try again later", "450 please try again in 5 minutes"],
    "unknown": ["550 5.1.1 The email account that you tried to reach does not exist.",
                "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
                "550 no such user here", "554 delivery error: dd This user doesn't have account - mailbox unknown"],
    "closed": ["550 5.2.1 The email account that you tried to reach is inactive."],
    "full": ["452 4.2.2 The recipient's inbox is out of storage space.", "552 5.2.2 mailbox full"],
    "big": ["552 5.3.4 the message has 9 bytes, the other server takes 1", "552 5.2.3 Message exceeds maximum size"],
    "no-mail": ["556 5.1.10 one.example accepts no mail"],
    "no-domain": ["550 5.1.2 the domain one.example does not exist"],
    "no-dns": ["451 4.4.3 one.example cannot be looked up: Timeout"],
    "no-route": ["450 4.4.4 no server of one.example has an address"],
    "unreached": ["451 4.4.1 mx.one.example: ConnectionRefusedError",
                  "550 5.4.7 given up; the last answer was: 451 4.4.1 mx.one.example: TimeoutError"],
    "dnssec": ["451 4.7.5 _25._tcp.mx.one.example cannot be looked up: NoNameservers"],
    "dane": ["451 4.7.5 mx.one.example: the certificate is not the one that DNS names (DANE), and one.example wants"],
    "sts": ["451 4.7.5 mx.one.example is not in the MTA-STS policy of one.example"],
    "no-tls": ["451 4.7.4 mx.one.example: it offers no TLS, and one.example wants mail sent by safe ways only"],
    "certificate": ["451 4.7.5 mx.one.example: TLS fails: certificate has expired, and one.example wants it"],
    "login": ["535 5.7.8 Authentication credentials invalid", "550 5.7.57 Client not authenticated to send mail"],
    "relay": ["554 5.7.1 <x@one.example>: Relay access denied", "550 5.7.1 This server does not relay"],
    "slow": ["421 4.7.0 Too many connections", "452 4.5.3 too many recipients"],
    "sender": ["550 5.1.8 Bad sender's system address"],
    "loop": ["554 5.4.6 This message runs in a circle"],
    "policy": ["550 5.7.1 not you"],
    "content": ["554 5.6.3 the other server takes no 8-bit mail, and this message has some"],
    "busy": ["451 4.3.0 out of order"],
    "later": ["421 later"],
    "other": ["554 no"],
    "address": ["501 5.1.3 Bad recipient address syntax"],
}  # fmt: skip


@pytest.mark.parametrize(("known", "answer"), [(known, each) for known, some in ANSWERS.items() for each in some])
def test_answers_of_others(known: str, answer: str) -> None:
    assert reason(answer) == known


def test_answers_of_our_own() -> None:
    alone = suppression.answer(suppression.Suppressed(0, "x@one.example", "550 5.1.1 no such user", 1))
    assert reason(str(alone)) == "alone"
    dropped = "550 5.7.0 the administrator of the sending server has dropped this message"
    assert reason(dropped) == ""


@given(st.text(max_size=1200))
def test_any_answer_has_a_reason(text: str) -> None:
    assert reason(text) in REASONS | {""}


def test_every_reason_has_words_in_every_language() -> None:
    assert set(ANSWERS) | {"alone"} == REASONS and OWN_FAULT < REASONS
    for table in ("REASONS", "FINDINGS", "NOUNS", "RESULTS"):
        tables = [getattr(module, table) for module in (words_en, words_fr, words_vi)]
        assert len({frozenset(each) for each in tables}) == 1
        for key in tables[0]:
            if table == "REASONS":
                assert all(len(each[key]) == 3 and all(each[key]) for each in tables) and key in REASONS
            else:
                named = {frozenset(re.findall(r"\{\w+\}", "".join(each[key]))) for each in tables}
                assert len(named) == 1, key
    assert not set(words.TEXTS) & set(words_en.FINDINGS)
