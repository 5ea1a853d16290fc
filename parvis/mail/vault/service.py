"""Having back what was deleted for good."""

from parvis.access import gate
from parvis.access.principal import Principal, Right
from parvis.kernel import clock, ids
from parvis.kernel.errors import NotFound
from parvis.mail import mailboxes, service
from parvis.mail import store as mailstore
from parvis.mail.model import SCOPE
from parvis.mail.store import New
from parvis.mail.vault import store
from parvis.mail.vault.store import DAY_MS, Kept
from parvis.store.store import Store
from parvis.store.unit import Unit

_NOT_AGAIN = frozenset({"trash", "junk"})


def since_ms(days: int) -> int:
    """What was deleted before this moment is not in the vault any more."""
    return clock.now_ms() - days * DAY_MS


async def restore(keep: Store, principal: Principal, number: int, days: int) -> int:
    """Puts one message of a person's vault back into the mailboxes it was in (into the inbox when they are gone, or
    it was in the trash). Returns its id, the old one when that is free. Raises NotFound, OverQuota."""
    account_id = principal.id
    found = await store.read(keep.db, account_id, since_ms(days), [number])
    if not found:
        raise NotFound("the vault has no such message")
    parsed = await service.read_blob(keep.blobs, found[0].blob)

    async def work(unit: Unit) -> int:
        await gate.require(unit, principal, account_id, SCOPE, Right.WRITE)
        if not await store.read(unit, account_id, since_ms(days), [number]):
            raise NotFound("the vault has no such message")
        taken = await unit.value("SELECT 1 FROM email WHERE id = ?", number)
        new = New(
            parsed,
            found[0].blob,
            await _places(unit, account_id, found[0]),
            frozenset(found[0].keywords.split()),
            found[0].received_ms,
            ids.new_id() if taken else number,
        )
        (stored,) = await mailstore.append(unit, keep.db.dialect, account_id, [new])
        await store.take(unit, account_id, [number])
        return stored.id

    return await keep.write(work)


async def _places(unit: Unit, account_id: int, kept: Kept) -> frozenset[int]:
    held = {int(one) for one in kept.mailboxes.split()}
    every = await mailboxes.every(unit, account_id)
    places = frozenset(number for number in held if number in every and every[number].role not in _NOT_AGAIN)
    if places:
        return places
    inbox = await mailboxes.by_role(unit, account_id, "inbox")
    return frozenset({inbox or (await mailboxes.ensure(unit, account_id, "en"))["inbox"]})
