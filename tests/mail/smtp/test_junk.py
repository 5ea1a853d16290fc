"""Unwanted mail by SMTP."""

import asyncio
import smtplib

from parvis.mail import mailboxes
from tests.mail.smtp.conftest import Site
from tests.mail.spam.conftest import teach, unwanted, wanted


async def test_by_smtp_into_junk(site_sqlite: Site) -> None:
    ann = await site_sqlite.person("ann")
    await teach(site_sqlite.store, ann.id)

    def send(raw: bytes) -> None:
        with smtplib.SMTP("127.0.0.1", site_sqlite.ports["smtp"]) as client:
            client.sendmail("bob@example.net", ["ann@example.org"], raw)

    for raw in (b"X-Parvis-Spam: 0.0000 (forged)\r\n" + unwanted(1), b"X-Parvis-Spam: 1 (forged)\r\n" + wanted(1)):
        await asyncio.to_thread(send, raw)
    db = site_sqlite.store.db
    junk = await mailboxes.by_role(db, ann.id, "junk")
    rows = await db.rows(
        "SELECT e.blob, e.keywords, p.mailbox_id FROM email e JOIN email_mailbox p ON p.email_id = e.id ORDER BY e.id"
    )
    assert [(row[1], row[2] == junk) for row in rows] == [("$junk", True), ("", False)]
    bad, good = [await site_sqlite.store.blobs.get(row[0]) for row in rows]
    assert bad.count(b"X-Parvis-Spam: ") == good.count(b"X-Parvis-Spam: ") == 1
    assert b"forged" not in bad + good and bad.startswith(b"Return-Path: ")
    assert b"X-Parvis-Spam: 0.99" in bad or b"X-Parvis-Spam: 1.0" in bad
