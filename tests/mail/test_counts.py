"""Random histories of an account against a naive model: counts, threads and the change log are what one gets by
counting everything anew."""

import random
from collections import defaultdict

import pytest

from parvis.mail import check as mailcheck
from parvis.mail import mailboxes
from parvis.mail import message as reading
from parvis.mail import store as mailstore
from parvis.mail.model import is_unread
from parvis.mail.store import Edit, New
from parvis.store import changes
from parvis.store.store import Store

KEYWORDS = ("$seen", "$flagged", "$draft", "work")


class Model:
    """What should be there: for each message its thread, mailboxes and keywords."""

    def __init__(self) -> None:
        self.emails: dict[int, tuple[int, frozenset[int], frozenset[str]]] = {}

    def counts(self, mailbox: int, trash: int) -> tuple[int, int, int, int]:
        """RFC 8621 §2, written down once more and slowly."""
        inside = {n: e for n, e in self.emails.items() if mailbox in e[1]}
        threads = {e[0] for e in inside.values()}
        unread_threads = set()
        for thread, boxes, keywords in self.emails.values():
            if thread in threads and is_unread(keywords):
                counts_here = trash in boxes if mailbox == trash else boxes != {trash}
                if counts_here:
                    unread_threads.add(thread)
        unread = sum(is_unread(e[2]) for e in inside.values())
        return len(inside), unread, len(threads), len(unread_threads)


async def check(store: Store, account: int, model: Model, trash: int) -> None:
    present = await mailboxes.every(store.db, account)
    for row in present.values():
        counted = (row.total_emails, row.unread_emails, row.total_threads, row.unread_threads)
        assert counted == model.counts(row.id, trash), row.name
    newest = defaultdict(set)
    for number, (_, boxes, _) in model.emails.items():
        for box in boxes:
            newest[box].add(number)
    for box in present:
        rows = await store.db.rows("SELECT newest_id, emails FROM thread_mailbox WHERE mailbox_id = ?", box)
        assert {row[0] for row in rows} <= newest[box]
        assert sum(row[1] for row in rows) == len(newest[box])
    used = await store.db.row("SELECT used_bytes, messages FROM mail_account WHERE account_id = ?", account)
    sizes = await store.db.row("SELECT COALESCE(SUM(size), 0), COUNT(*) FROM email WHERE account_id = ?", account)
    assert tuple(map(int, used)) == tuple(map(int, sizes)) == (int(sizes[0]), len(model.emails))


@pytest.mark.parametrize("seed", range(6))
async def test_a_random_history(store_sqlite: Store, make_user, message, seed) -> None:
    await history(store_sqlite, await make_user(store_sqlite, "ann"), message, random.Random(seed), 60)


async def test_a_random_history_on_both(store: Store, make_user, message) -> None:
    await history(store, await make_user(store, "ann"), message, random.Random(99), 25)


async def history(store: Store, ann, message, chance: random.Random, steps: int) -> None:
    model, subjects = Model(), ("Plan", "Lunch", "Other")
    boxes = [row.id for row in (await mailboxes.every(store.db, ann.id)).values()]
    trash = await mailboxes.by_role(store.db, ann.id, "trash")
    state, known = await store.state(ann.id, "Email"), set()
    for step in range(steps):
        await one_step(store, ann, message, chance, model, boxes, subjects, step)
        await check(store, ann.id, model, trash)
        found = await changes.since(store.db, ann.id, "Email", state, 1000)
        known = (known | set(found.created)) - set(found.destroyed)
        state = found.new_state
        assert known == set(model.emails)
    assert await mailcheck.check(store.db) == []
    threads = await changes.since(store.db, ann.id, "Thread", 0, 1000)
    assert set(threads.created) == {thread for thread, _, _ in model.emails.values()}


async def one_step(store, ann, message, chance, model, boxes, subjects, step) -> None:
    action = chance.choice(("create", "create", "create", "edit", "edit", "edit", "remove"))
    some = chance.sample(sorted(model.emails), min(len(model.emails), chance.randint(1, 3)))
    dialect = store.db.dialect
    if action == "create" or not some:
        places = frozenset(chance.sample(boxes, chance.randint(1, 2)))
        keywords = frozenset(chance.sample(KEYWORDS, chance.randint(0, 2)))
        raw = message(
            chance.choice(subjects), message_id=f"{step}@x", references=f"{chance.randint(0, step)}@x 0@x"
        )
        new = New(reading.read(raw), f"{step:064x}", places, keywords, chance.randint(1, 9) * 1000)
        (made,) = await store.write(lambda unit: mailstore.append(unit, dialect, ann.id, [new]))
        model.emails[made.id] = (made.thread_id, places, keywords)
    elif action == "edit":
        edits = []
        for number in some:
            thread, places, keywords = model.emails[number]
            if chance.random() < 0.5:
                places = frozenset(chance.sample(boxes, chance.randint(1, 3)))
            else:
                keywords = frozenset(chance.sample(KEYWORDS, chance.randint(0, 3)))
            model.emails[number] = (thread, places, keywords)
            edits.append(Edit(number, keywords, places))
        await store.write(lambda unit: mailstore.edit(unit, ann.id, edits))
    else:
        await store.write(lambda unit: mailstore.remove(unit, dialect, ann.id, some))
        for number in some:
            del model.emails[number]


async def test_another_trash_is_another_count(store_sqlite: Store, make_user, message) -> None:
    store, ann = store_sqlite, await make_user(store_sqlite, "ann")
    by_role = {row.role: row.id for row in (await mailboxes.every(store.db, ann.id)).values()}
    model, places = Model(), ({by_role["trash"]}, {by_role["inbox"]})
    for number, place in enumerate(places):
        raw = message(message_id=f"{number}@x", references="r@x")
        keywords = frozenset() if number == 0 else frozenset({"$seen"})
        new = New(reading.read(raw), f"{number:064x}", frozenset(place), keywords, number)
        (made,) = await store.write(lambda unit, new=new: mailstore.append(unit, store.db.dialect, ann.id, [new]))
        model.emails[made.id] = (made.thread_id, frozenset(place), keywords)
    await check(store, ann.id, model, by_role["trash"])
    await store.write(lambda unit: mailboxes.change(unit, ann.id, by_role["trash"], {"role": None}))
    await check(store, ann.id, model, 0)


async def test_a_mailbox_that_is_destroyed_takes_its_messages(store: Store, make_user, message) -> None:
    ann = await make_user(store, "ann")
    inbox = await mailboxes.by_role(store.db, ann.id, "inbox")
    work = await store.write(lambda unit: mailboxes.create(unit, ann.id, "Work"))
    dialect, made = store.db.dialect, []
    for number, place in enumerate(({work}, {work, inbox})):
        new = New(reading.read(message(message_id=f"{number}@x")), f"{number:064x}", frozenset(place))
        made += await store.write(lambda unit, new=new: mailstore.append(unit, dialect, ann.id, [new]))
    await store.write(lambda unit: mailboxes.destroy(unit, dialect, ann.id, work, remove_emails=True))
    assert await mailstore.mailboxes_of(store.db, [one.id for one in made]) == {made[0].id: [], made[1].id: [inbox]}
    assert [row[0] for row in await mailstore.rows_of(store.db, ann.id, [one.id for one in made])] == [made[1].id]


async def test_what_is_torn_is_found(store: Store, make_user, message) -> None:
    ann = await make_user(store, "ann")
    inbox = await mailboxes.by_role(store.db, ann.id, "inbox")
    new = New(reading.read(message(message_id="1@x")), "0" * 64, frozenset({inbox}))
    (made,) = await store.write(lambda unit: mailstore.append(unit, store.db.dialect, ann.id, [new]))
    assert await mailcheck.check(store.db) == []
    for code, damage in (
        ("mail-count", "UPDATE mailbox SET unread_threads = unread_threads + 1 WHERE id = ?"),
        ("mail-uid", "UPDATE mailbox SET uid_next = 1 WHERE id = ?"),
        ("mail-place", "DELETE FROM email_mailbox WHERE mailbox_id = ?"),
    ):
        await store.db.write(lambda tx, damage=damage: tx.run(damage, inbox))
        assert code in {fault.code for fault in await mailcheck.check(store.db)}
    await store.db.write(lambda tx: tx.run("DELETE FROM email WHERE id = ?", made.id))
    assert {"mail-text", "mail-log", "mail-used"} <= {fault.code for fault in await mailcheck.check(store.db)}
