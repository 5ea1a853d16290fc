"""What goes into the vault below the doors, on both databases."""

import pytest

from parvis.kernel.errors import NotFound
from parvis.mail import deleted, mailboxes, service
from parvis.mail import store as mailstore
from parvis.mail.check import check
from parvis.mail.service import Delivery
from parvis.mail.vault import store as vault
from parvis.mail.vault.service import restore
from parvis.store.store import Store


async def kept(store: Store, person) -> list[tuple[int, str, str]]:
    return [(one.id, one.subject, one.sender) for one in await vault.read(store.db, person.id, 0)]


async def test_destroyed_and_restored(store, make_user, message) -> None:
    ann, bob = await make_user(store, "ann"), await make_user(store, "bob")
    raw = message(message_id="1@x")
    (number,) = await service.deliver(store, [Delivery(ann.id)], raw)
    await store.write(lambda unit: service.destroy(store, unit, ann, ann.id, [number]))
    assert await kept(store, ann) == [(number, "Hello", "Bob <bob@example.net>")] and await kept(store, bob) == []
    with pytest.raises(NotFound):
        await restore(store, bob, number, 30)
    assert await restore(store, ann, number, 30) == number
    assert await service.raw_of(store, ann, ann.id, number) == raw
    assert await kept(store, ann) == [] and await check(store.db) == []
    with pytest.raises(NotFound):
        await restore(store, ann, number, 30)


async def test_expunged(store, make_user, message) -> None:
    r"""What IMAP marks \Deleted goes into the vault when it is expunged, unless it is elsewhere still."""
    ann = await make_user(store, "ann")
    numbers = [
        (await service.deliver(store, [Delivery(ann.id)], message(message_id=f"{n}@x")))[0] for n in range(3)
    ]
    inbox, archive = [await mailboxes.by_role(store.db, ann.id, role) for role in ("inbox", "archive")]
    await store.write(
        lambda unit: mailstore.edit(
            unit, ann.id, [mailstore.Edit(numbers[2], mailbox_ids=frozenset({inbox, archive}))]
        )
    )
    await store.write(lambda unit: deleted.mark(unit, store.db.dialect, ann.id, inbox, [1, 2, 3]))
    assert await kept(store, ann) == []
    assert await store.write(lambda unit: deleted.expunge(unit, ann.id, inbox, [1, 3])) == [1, 3]
    assert await kept(store, ann) == [(numbers[0], "Hello", "Bob <bob@example.net>")]
    await store.write(lambda unit: deleted.drop_mailbox(unit, ann.id, inbox))
    assert {one[0] for one in await kept(store, ann)} == set(numbers[:2])
    assert await restore(store, ann, numbers[1], 30) == numbers[1]
    assert await check(store.db) == []
