"""What people do teaches, once for each message and direction."""

import pytest

from parvis.kernel import clock
from parvis.mail import mailboxes, service
from parvis.mail.service import Delivery
from parvis.mail.smtp.wiring import HOOKS
from parvis.mail.spam import store as spam
from parvis.mail.spam.classifier import Counts
from parvis.mail.spam.learner import Learner, Place, Report, lesson
from parvis.store.store import Store
from tests.mail.spam.conftest import unwanted, wanted

DAY = 86_400_000


async def deliver(store: Store, person, raw: bytes, **more) -> int:
    moment = clock.now_ms() - 2 * DAY
    (number,) = await service.deliver(store, [Delivery(person.id, **more)], raw, received_ms=moment, hooks=HOOKS)
    return number


async def move(store: Store, person, number: int, role: str) -> None:
    box = await mailboxes.by_role(store.db, person.id, role)
    await store.write(lambda unit: service.move(unit, person, person.id, [number], [box]))


async def mark(store: Store, person, number: int, add=(), remove=()) -> None:
    await store.write(
        lambda unit: service.change_keywords(unit, person, person.id, [number], add=add, remove=remove)
    )


async def total(store: Store, owner: int) -> Counts:
    return (await spam.totals(store.db, [owner])).get(owner, Counts())


async def tokens(store: Store, owner: int) -> set[tuple[int, int]]:
    rows = await store.db.rows("SELECT spam, ham FROM spam_token WHERE account_id = ?", owner)
    return {(row[0], row[1]) for row in rows}


async def test_into_junk_and_back(store: Store, make_user, follow) -> None:
    ann = await make_user(store, "ann")
    number = await deliver(store, ann, unwanted(1))
    await follow()
    assert await total(store, ann.id) == Counts()
    await move(store, ann, number, "junk")
    await mark(store, ann, number, add=["$junk"])
    events = await follow()
    await Learner(store).follow(events)  # events may come again
    assert await total(store, ann.id) == await total(store, 0) == Counts(1, 0)
    assert await tokens(store, ann.id) == {(1, 0)}
    await mark(store, ann, number, add=["$seen"])
    await move(store, ann, number, "trash")
    await follow()
    assert await total(store, 0) == Counts(1, 0)
    await move(store, ann, number, "inbox")
    await follow()
    assert await total(store, ann.id) == await total(store, 0) == Counts(0, 1)
    assert await tokens(store, ann.id) == await tokens(store, 0) == {(0, 1)}


async def test_what_delivery_puts_into_junk_teaches_only_when_it_is_taken_out(store, make_user, follow) -> None:
    ann = await make_user(store, "ann")
    first, second = [
        await deliver(store, ann, raw, role="junk", keywords=frozenset({"$junk"}))
        for raw in (unwanted(1), wanted(1))
    ]
    await mark(store, ann, first, add=["$seen"])
    await follow()
    assert await total(store, 0) == Counts()
    await move(store, ann, second, "inbox")  # with $junk still on it, as programs do that know no keywords
    await follow()
    assert await total(store, ann.id) == Counts(0, 1)


async def test_each_message_counts_once_however_often_it_is_there(store, make_user, follow) -> None:
    ann, bob = await make_user(store, "ann"), await make_user(store, "bob")
    for _ in range(2):
        await mark(store, ann, await deliver(store, ann, unwanted(1)), add=["$junk"])
    await mark(store, bob, await deliver(store, bob, unwanted(1)), add=["$phishing"])
    await follow()
    assert await total(store, ann.id) == await total(store, bob.id) == Counts(1, 0)
    assert await total(store, 0) == Counts(2, 0)


async def test_wanted_mail_is_learned_beside(store, make_user, follow) -> None:
    ann = await make_user(store, "ann")
    for number in range(5):
        await mark(store, ann, await deliver(store, ann, wanted(number)), add=["$seen"])
    await deliver(store, ann, wanted(8))  # not read
    await deliver(store, ann, wanted(9), role="junk")
    await mark(store, ann, await deliver(store, ann, unwanted(1)), add=["$junk"])
    await follow()
    assert await total(store, ann.id) == Counts(1, 3)
    await mark(store, ann, await deliver(store, ann, unwanted(2)), add=["$junk"])
    await follow()
    assert await total(store, ann.id) == Counts(2, 5)


async def test_an_answer_says_that_a_message_was_wanted(store, make_user, follow) -> None:
    ann = await make_user(store, "ann")
    await mark(store, ann, await deliver(store, ann, wanted(1)), add=["$answered", "$seen"])
    await follow()
    assert await total(store, ann.id) == Counts(0, 1)


async def test_nothing_is_learned_for_who_is_gone(store, make_user, follow) -> None:
    ann = await make_user(store, "ann")
    await mark(store, ann, await deliver(store, ann, unwanted(1)), add=["$junk"])
    await store.write(lambda unit: unit.run("DELETE FROM mail_account WHERE account_id = ?", ann.id))
    await follow()
    assert await store.db.value("SELECT COUNT(*) FROM spam_token") == 0


async def test_old_and_too_many_tokens_are_forgotten(store, make_user, follow, monkeypatch) -> None:
    ann = await make_user(store, "ann")
    now = clock.now_ms()
    with clock.frozen(now):
        await mark(store, ann, await deliver(store, ann, unwanted(1)), add=["$junk"])
        await follow()
    before = await store.db.value("SELECT COUNT(*) FROM spam_token")
    assert before > 40 and await spam.forget(store) == 0
    monkeypatch.setattr(spam, "MOST_TOKENS", {True: 500_000, False: 10})
    with clock.frozen(now + 2 * DAY):
        await mark(store, ann, await deliver(store, ann, unwanted(2)), add=["$junk"])
        await follow()
        assert await spam.forget(store) > 0
        left = await store.db.rows("SELECT DISTINCT day FROM spam_token WHERE account_id = ?", ann.id)
        assert left == [((now + 2 * DAY) // DAY,)]
    with clock.frozen(now + (2 + spam.RARE_DAYS + 1) * DAY):
        await spam.forget(store)
        assert await store.db.value("SELECT MIN(spam) FROM spam_token") == 2
    with clock.frozen(now + 3 * spam.KEEP_DAYS * DAY):
        await spam.forget(store)
    assert await store.db.value("SELECT COUNT(*) FROM spam_token") == 0


@pytest.mark.parametrize(
    ("before", "in_junk", "keywords", "after"),
    [
        (None, False, "", None),
        (None, False, "$seen", None),
        (None, True, "$junk", Report("spam", True, "$junk")),
        (None, False, "$junk $notjunk", Report("ham", False, "$notjunk")),
        (None, None, "$flagged", None),
        (Report("", True, "$junk"), True, "$junk $seen $flagged", None),
        (Report("", True, "$junk"), True, "", Report("ham", True, "")),
        (Report("spam", True, "$junk"), None, "$junk", None),
        (Report("spam", True, "$junk"), False, "$junk", Report("ham", False, "$junk")),
        (Report("ham", False, "$junk"), True, "$junk", Report("spam", True, "$junk")),
        (Report("ham", False, "$notjunk"), False, "", Report("ham", False, "")),
    ],
)
def test_what_a_place_says(before, in_junk, keywords, after) -> None:
    assert lesson(before, Place("x", in_junk, frozenset(keywords.split()))) == after
