"""What a delivery leaves behind, for one recipient and for several."""

import pytest

from parvis.kernel import clock
from parvis.kernel.errors import Forbidden, NotFound, OverQuota
from parvis.mail import mailboxes, service
from parvis.mail import store as mailstore
from parvis.mail.service import Delivery, Import
from parvis.store import changes
from parvis.store.sql.contract import counting
from parvis.store.store import Store


async def test_one_message_for_two_people(store: Store, make_user, message) -> None:
    ann, bob = await make_user(store, "ann"), await make_user(store, "bob")
    raw = message(message_id="a@x")
    numbers = await service.deliver(store, [Delivery(ann.id), Delivery(bob.id, role="junk")], raw)
    assert len(numbers) == 2
    for person, role, number in ((ann, "inbox", numbers[0]), (bob, "junk", numbers[1])):
        boxes = await mailboxes.every(store.db, person.id)
        counted = {row.role: (row.total_emails, row.unread_threads) for row in boxes.values()}
        assert counted.pop(role) == (1, 1)
        assert set(counted.values()) == {(0, 0)}
        assert await service.raw_of(store, person, person.id, number) == raw
        found = await changes.since(store.db, person.id, "Email", 0, 10)
        assert found.created == [number]


async def test_answers_join_their_thread_and_a_new_subject_begins_one(store: Store, make_user, message) -> None:
    ann = await make_user(store, "ann")
    raws = [
        message("Plan", message_id="1@x"),
        message("RE: [team] Plan", message_id="2@x", references="1@x"),
        message("=?utf-8?q?R=C3=A9f?= : plan", message_id="3@x", references="1@x 2@x"),
        message("Lunch", message_id="4@x", references="1@x"),
    ]
    numbers = [(await service.deliver(store, [Delivery(ann.id)], raw))[0] for raw in raws]
    rows = {row[0]: row[1] for row in await mailstore.rows_of(store.db, ann.id, numbers)}
    one, two, three, four = (rows[number] for number in numbers)
    assert one == two == three != four
    inbox = await mailboxes.by_role(store.db, ann.id, "inbox")
    assert (await mailboxes.every(store.db, ann.id))[inbox].total_threads == 2


async def test_a_full_mailbox_refuses_for_everybody(store: Store, make_user, message) -> None:
    ann, full = await make_user(store, "ann"), await make_user(store, "full", quota_bytes=10)
    with pytest.raises(OverQuota):
        await service.deliver(store, [Delivery(ann.id), Delivery(full.id)], message())
    assert (await changes.since(store.db, ann.id, "Email", 0, 10)).created == []


async def test_a_stranger_imports_nothing(store: Store, make_user, message) -> None:
    ann, bob = await make_user(store, "ann"), await make_user(store, "bob")
    inbox = await mailboxes.by_role(store.db, ann.id, "inbox")
    with pytest.raises((NotFound, Forbidden)):
        await service.import_message(store, bob, ann.id, message(), [inbox])


async def test_an_import_keeps_its_date_and_finds_its_message_id(store: Store, make_user, message) -> None:
    ann = await make_user(store, "ann")
    inbox = frozenset({await mailboxes.by_role(store.db, ann.id, "inbox")})
    old = message(message_id="old@x", extra="Received: from a by b; Mon, 05 Jan 2004 10:00:00 +0000")
    messages = [Import(old, inbox, frozenset({"$seen"})), Import(message(), inbox)]
    stored = await service.import_messages(store, ann, ann.id, messages)
    row = (await mailstore.rows_of(store.db, ann.id, [stored[0].id]))[0]
    assert clock.utc_date(row[4]) == "2004-01-05T10:00:00Z"
    assert await service.find_by_message_id(store.db, ann.id, "old@x") == [stored[0].id]


async def test_addresses_lead_to_accounts(store: Store, make_user) -> None:
    ann = await make_user(store, "ann")
    assert await service.account_of(store.db, "Ann+news@example.org") == ann.id
    assert await service.account_of(store.db, "nobody@example.org") is None


async def test_a_delivery_costs_few_statements(store_sqlite: Store, make_user, message) -> None:
    ann = await make_user(store_sqlite, "ann")
    await service.deliver(store_sqlite, [Delivery(ann.id)], message(message_id="1@x"))
    with counting() as count:
        await service.deliver(store_sqlite, [Delivery(ann.id)], message(message_id="2@x", references="1@x"))
    assert len(count) <= 36, "\n".join(count.statements)
