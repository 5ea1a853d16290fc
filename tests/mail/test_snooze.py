"""Snoozing, on both databases: what waits comes back at its time as one that has just arrived."""

from functools import partial

import pytest

from parvis.kernel import clock
from parvis.kernel.errors import Invalid
from parvis.mail import check, mailboxes, service, snooze, store
from parvis.mail.service import Delivery
from parvis.mail.snooze import Waker
from parvis.mail.store import Edit


@pytest.fixture
async def sleeper(store, make_user, message):
    """Ann's account, one read message in her mailbox Snoozed, and that mailbox."""
    ann = await make_user(store, "ann")
    (email,) = await service.deliver(
        store, [Delivery(ann.id, keywords=frozenset({"$seen", "$flagged"}))], message(message_id="a@x"),
        received_ms=1_700_000_000_000,
    )  # fmt: skip

    async def work(unit) -> int:
        box = await mailboxes.create(unit, ann.id, "Later", role="snoozed")
        await put(unit, ann.id, email, box)
        return box

    return ann.id, email, await store.write(work)


async def put(unit, account: int, email: int, box: int) -> None:
    await store.edit(unit, account, [Edit(email, mailbox_ids=frozenset({box}))])


async def wake(keep) -> None:
    """Runs what is due, as the node does."""
    keep.jobs.handle(snooze.JOB, Waker(keep).handle)
    await keep.jobs.claim_due()
    await keep.jobs.idle()


async def where(keep, account: int) -> list[tuple[str, str]]:
    return await keep.db.rows(
        """SELECT b.role, e.keywords FROM email e JOIN email_mailbox m ON m.email_id = e.id
        JOIN mailbox b ON b.id = m.mailbox_id WHERE e.account_id = ?""",
        account,
    )


async def until(keep, account: int, email: int, wake_ms: int | None) -> None:
    await keep.write(partial(snooze.until, account_id=account, email_id=email, wake_ms=wake_ms))


async def test_it_comes_back_unread_and_newest(store, sleeper) -> None:
    account, email, _ = sleeper
    before = clock.now_ms()
    thread = await store.db.value("SELECT thread_id FROM email WHERE id = ?", email)
    await until(store, account, email, before)
    await wake(store)
    assert [tuple(row) for row in await where(store, account)] == [("inbox", "$flagged")]
    ((number, again, received),) = await store.db.rows("SELECT id, thread_id, received_ms FROM email")
    assert number != email and again == thread and received >= before
    assert await store.db.rows("SELECT * FROM snooze") == []
    assert await check.check(store.db) == []


async def test_it_waits_for_its_time_and_the_last_time_counts(store, sleeper) -> None:
    account, email, _ = sleeper
    later = clock.now_ms() + 3_600_000
    await until(store, account, email, clock.now_ms())
    await until(store, account, email, later)
    assert await snooze.times(store.db, [email]) == {email: later}
    await wake(store)
    assert [row[0] for row in await where(store, account)] == ["snoozed"]


async def test_what_left_the_mailbox_before_stays_where_it_is(store, sleeper) -> None:
    account, email, _ = sleeper
    archive = await mailboxes.by_role(store.db, account, "archive")
    await until(store, account, email, clock.now_ms())
    await store.write(lambda unit: put(unit, account, email, archive))
    assert await snooze.times(store.db, [email]) == {}
    await wake(store)
    assert [row[0] for row in await where(store, account)] == ["archive"]


async def test_a_full_account_gets_it_back_too(store, sleeper) -> None:
    account, email, _ = sleeper
    await until(store, account, email, clock.now_ms())
    await store.write(
        lambda unit: unit.run("UPDATE mail_account SET quota_bytes = 1 WHERE account_id = ?", account)
    )
    await wake(store)
    assert [tuple(row) for row in await where(store, account)] == [("inbox", "$flagged")]
    assert await store.db.value("SELECT id FROM email") == email
    assert await store.db.rows("SELECT * FROM snooze") == []


async def test_only_what_is_snoozed_has_a_time(store, sleeper) -> None:
    account, email, _ = sleeper
    inbox = await mailboxes.by_role(store.db, account, "inbox")
    await store.write(lambda unit: put(unit, account, email, inbox))
    with pytest.raises(Invalid):
        await until(store, account, email, clock.now_ms())


async def test_a_destroyed_message_leaves_nothing(store, sleeper) -> None:
    account, email, _ = sleeper
    await until(store, account, email, clock.now_ms())
    await store.write(partial(_destroy, keep=store, account=account, email=email))
    await wake(store)
    assert await store.db.rows("SELECT * FROM snooze") == []
    assert await store.db.value("SELECT state FROM job WHERE kind = ?", snooze.JOB) == "done"


async def _destroy(unit, keep, account: int, email: int) -> None:
    await store.remove(unit, keep.db.dialect, account, [email])
