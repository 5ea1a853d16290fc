"""Threads that a later message shows to be one. RFC 8621 §3"""

import pytest

from parvis.kernel import clock
from parvis.mail import mailboxes, service, snooze, threads
from parvis.mail import store as mailstore
from parvis.mail.check import check
from parvis.mail.joining import JOIN, Joiner
from parvis.mail.service import Delivery
from parvis.mail.textindex import text_index
from parvis.store import changes
from parvis.store.sql.contract import counting
from parvis.store.store import Store


async def join(store: Store) -> None:
    """Runs what is planned as if its time had come."""
    store.jobs.handle(JOIN, Joiner(store).handle, at_once=1)
    await store.write(lambda unit: unit.run("UPDATE job SET run_at_ms = 0, lease_ms = 0 WHERE finished_ms IS NULL"))
    while await store.jobs.claim_due():
        await store.jobs.idle()


async def thread_of(store: Store, account_id: int, email_id: int) -> int:
    return (await mailstore.rows_of(store.db, account_id, [email_id]))[0][1]


@pytest.fixture
async def split(store: Store, make_user, message):
    """Ann with the first message of a thread and the third, which names only the second."""
    ann = await make_user(store, "ann")
    (first,) = await service.deliver(store, [Delivery(ann.id)], message("Plan", message_id="1@x"))
    third = message("Re: Plan", "the walrus", message_id="3@x", extra="In-Reply-To: <2@x>")
    kept = frozenset({"$seen", "work"})
    (late,) = await service.deliver(store, [Delivery(ann.id, role="archive", keywords=kept)], third)
    assert await thread_of(store, ann.id, first) != await thread_of(store, ann.id, late)
    return ann, first, late


def second(message) -> bytes:
    return message("Re: Plan", message_id="2@x", extra="In-Reply-To: <1@x>")


async def test_a_message_between_them_joins_them_later(store: Store, split, message) -> None:
    ann, first, late = split
    plain = message("Re: Plan", message_id="9@x", extra="In-Reply-To: <1@x>")
    with counting() as usual:
        (other,) = await service.deliver(store, [Delivery(ann.id)], plain)
    with counting() as joining:
        (middle,) = await service.deliver(store, [Delivery(ann.id)], second(message))
    assert len(joining) <= len(usual) + 1, "\n".join(joining.statements)
    state = await store.state(ann.id, "Email")
    apart = {await thread_of(store, ann.id, number) for number in (first, late)}
    await join(store)
    told = await changes.since(store.db, ann.id, "Email", state, 10)
    assert len(told.destroyed) == len(told.created) == 2
    assert set(told.destroyed) in ({first, other}, {middle, late})
    seen = await changes.since(store.db, ann.id, "Thread", 0, 10)
    (left,) = seen.created
    assert left in apart and len(await threads.emails(store.db, ann.id, left)) == 4
    assert await check(store.db) == []


async def test_what_is_snoozed_still_comes_back(store: Store, split, message) -> None:
    ann, first, late = split
    day = clock.now_ms() + 86_400_000

    async def sleep(unit) -> None:
        box = frozenset({await mailboxes.create(unit, ann.id, "Later", role="snoozed")})
        await mailstore.edit(unit, ann.id, [mailstore.Edit(number, mailbox_ids=box) for number in (first, late)])
        for number in (first, late):
            await snooze.until(unit, ann.id, number, day)

    await store.write(sleep)
    await service.deliver(store, [Delivery(ann.id)], second(message))
    await join(store)
    now = [row[0] for row in await store.db.rows("SELECT id FROM email WHERE account_id = ?", ann.id)]
    assert list((await snooze.times(store.db, now)).values()) == [day, day]
    waiting = await store.db.value("SELECT COUNT(*) FROM job WHERE kind = ? AND finished_ms IS NULL", snooze.JOB)
    assert waiting >= 2
    assert await check(store.db) == []


async def test_many_threads_become_one_in_whatever_order(store: Store, make_user, message) -> None:
    ann = await make_user(store, "ann")
    for number in (1, 3, 5, 7):
        raw = message("Re: Plan", message_id=f"{number}@x")
        await service.deliver(store, [Delivery(ann.id)], raw)
    for number in range(4):  # so that the newer thread moves into the older one
        raw = message("Re: Plan", message_id=f"{number}@y", references="1@x")
        await service.deliver(store, [Delivery(ann.id)], raw)
    for number in (2, 6, 4):  # each names the one before and is named by the one after
        raw = message("Re: Plan", message_id=f"{number}@x", references=f"{number - 1}@x {number + 1}@x")
        await service.deliver(store, [Delivery(ann.id)], raw)
    assert await store.db.value("SELECT COUNT(*) FROM job WHERE kind = ?", JOIN) == 3
    await join(store)
    assert await store.db.value("SELECT COUNT(DISTINCT thread_id) FROM email") == 1
    assert await store.db.value("SELECT COUNT(*) FROM email") == 11
    assert await check(store.db) == []


async def test_what_is_put_in_again_is_the_same_mail(store: Store, split, message) -> None:
    ann, _, late = split
    before = (await mailstore.rows_of(store.db, ann.id, [late]))[0]
    for number in range(2):  # the other thread is the longer one
        raw = message("Re: Plan", message_id=f"{number}@y", extra="In-Reply-To: <1@x>")
        await service.deliver(store, [Delivery(ann.id)], raw)
    await service.deliver(store, [Delivery(ann.id)], second(message))
    await join(store)
    subquery, parameters = text_index(store.db.dialect, ann.id).matching(("body",), "walrus")
    ((again,),) = await store.db.rows(f"SELECT id FROM email WHERE id IN {subquery}", *parameters)
    after = (await mailstore.rows_of(store.db, ann.id, [again]))[0]
    assert again != late and (before[2:], before[5]) == (after[2:], "$seen work")
    archive = await mailboxes.by_role(store.db, ann.id, "archive")
    assert await mailstore.mailboxes_of(store.db, [again]) == {again: [archive]}
    assert len(await threads.emails(store.db, ann.id, after[1])) == 5


async def test_a_draft_is_not_taken_from_under_the_writer(store: Store, split, message) -> None:
    ann, _, late = split
    await store.write(lambda unit: service.change_keywords(unit, ann, ann.id, [late], add=["$draft"]))
    for number in range(2):
        raw = message("Re: Plan", message_id=f"{number}@y", extra="In-Reply-To: <1@x>")
        await service.deliver(store, [Delivery(ann.id)], raw)
    await service.deliver(store, [Delivery(ann.id)], second(message))
    await join(store)
    assert await mailstore.rows_of(store.db, ann.id, [late])
    planned = await store.db.value("SELECT run_at_ms FROM job WHERE kind = ? AND finished_ms IS NULL", JOIN)
    assert planned > clock.now_ms()
    await store.write(lambda unit: service.change_keywords(unit, ann, ann.id, [late], remove=["$draft"]))
    await join(store)
    assert await mailstore.rows_of(store.db, ann.id, [late]) == []


async def test_long_threads_stay_apart(store: Store, split, message, monkeypatch) -> None:
    ann, first, late = split
    monkeypatch.setattr("parvis.mail.joining._MOST", 0)
    await service.deliver(store, [Delivery(ann.id)], second(message))
    await join(store)
    assert await thread_of(store, ann.id, first) != await thread_of(store, ann.id, late)
    assert await store.db.value("SELECT COUNT(*) FROM job WHERE kind = ? AND finished_ms IS NULL", JOIN) == 0
