"""What search and the assistant see of mail, and what tools do with it."""

import pytest

from parvis.kernel import ids
from parvis.kernel.errors import Forbidden, NotFound
from parvis.mail import mailboxes, service
from parvis.mail.service import Delivery
from parvis.mail.source import MailSource
from parvis.mail.tools import Archive, Label, MailTools, ReadThread, SaveDraft
from parvis.store.store import Store

WITH_FILE = b"""From: Bob <bob@example.org>
To: ann@example.org
Subject: Rapport
Message-ID: <r@x>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html; charset=iso-8859-1

<style>p{}</style><p>L'\xe9t\xe9 <b>arrive</b></p>
--b
Content-Type: text/csv; name=a.csv
Content-Disposition: attachment; filename=a.csv
Content-Transfer-Encoding: base64

YSxiCg==
--b--
"""


async def test_an_item_of_mail(store: Store, make_user, message) -> None:
    ann, bob = await make_user(store, "ann"), await make_user(store, "bob")
    (number,) = await service.deliver(store, [Delivery(ann.id)], WITH_FILE)
    source = MailSource(store)
    item = await source.item(ann.id, number)
    assert (item.title, item.author, item.origin) == ("Rapport", "Bob <bob@example.org>", "colleague")
    assert item.people == ("Bob <bob@example.org>", "ann@example.org")
    assert item.facets["hasAttachment"] is True
    assert item.facets["mailboxIds"] == [await mailboxes.by_role(store.db, ann.id, "inbox")]
    body, attached = item.documents
    assert (await body.load()).decode() == "L'été arrive"
    assert (attached.part, attached.media_type, attached.file_name) == ("2", "text/csv", "a.csv")
    assert await attached.load() == b"a,b\n"
    (other,) = await service.deliver(store, [Delivery(ann.id)], message(sender="x@elsewhere.net"))
    (own,) = await service.deliver(store, [Delivery(ann.id)], message(sender="Ann <ANN@example.org>"))
    assert [(await source.item(ann.id, one)).origin for one in (other, own)] == ["outside", "own"]
    assert [one async for one in source.every(ann.id)] == [own, other, number]
    assert await source.item(bob.id, number) is None


async def test_tools(store_sqlite: Store, make_user, message) -> None:
    store = store_sqlite
    ann, bob = await make_user(store, "ann"), await make_user(store, "bob")
    tools, account = MailTools(store, "mail.example.org"), ids.text(ann.id)
    (number,) = await service.deliver(store, [Delivery(ann.id)], message("Plan", message_id="p@x"))
    email = ids.text(number)
    draft = SaveDraft(
        account_id=account, text="Oui.", subject="Re: Plan", to=["bob@example.net"], reply_to_id=email
    )
    made = await tools.save_draft(ann, draft)
    read = await tools.read_thread(ann, ReadThread(account_id=account, email_id=email))
    assert [(one["origin"], one["text"].strip()) for one in read] == [("outside", "Some words."), ("own", "Oui.")]
    raw = await service.raw_of(store, ann, ann.id, ids.parse(made["emailId"]))
    assert b"AI-Content: level=generated" in raw
    await tools.archive(ann, Archive(account_id=account, email_ids=[email]))
    await tools.label(ann, Label(account_id=account, email_ids=[email], add=["Work"]))
    item = await MailSource(store).item(ann.id, number)
    assert item.facets["keywords"] == ["work"]
    assert item.facets["mailboxIds"] == [await mailboxes.by_role(store.db, ann.id, "archive")]
    for attempt in (
        tools.read_thread(bob, ReadThread(account_id=account, email_id=email)),
        tools.save_draft(bob, draft),
        tools.archive(bob, Archive(account_id=account, email_ids=[email])),
        tools.label(bob, Label(account_id=account, email_ids=[email], add=["x"])),
    ):
        with pytest.raises((NotFound, Forbidden)):
            await attempt
