"""Making and changing mailboxes: CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE. RFC 9051 §6.3.4 to §6.3.8"""

from parvis.access import gate
from parvis.access.gate import Access
from parvis.access.principal import Right
from parvis.kernel import ids
from parvis.kernel.errors import Conflict, OverQuota
from parvis.mail import mailboxes, store
from parvis.mail.imap.names import DELIMITER, ROLES, Named, plain_step
from parvis.mail.imap.session import Done, No, Session
from parvis.mail.model import SCOPE
from parvis.mail.store import Edit
from parvis.store.unit import Unit
from parvis.wire.imap import arguments as a
from parvis.wire.imap.command import Command

_MISSING = No("There is no such mailbox", "NONEXISTENT")


async def create(session: Session, command: Command) -> Done:
    """RFC 9051 §6.3.4, RFC 6154 §3, RFC 8474 §4.1"""
    asked = command.arguments
    assert isinstance(asked, a.Create)
    name = asked.mailbox.rstrip(DELIMITER)
    names = await session.names()
    if names.find(name) is not None:
        raise No("There is a mailbox of this name", "ALREADYEXISTS")
    roles = [ROLES.get(use.lower()) for use in asked.special_use]
    if len(roles) > 1 or None in roles:
        raise No("There is no such use", "USEATTR")
    access, parent, steps = names.place(name)

    async def work(unit: Unit) -> int:
        await gate.require(unit, session.who, access.scope.account_id, SCOPE, Right.WRITE)
        return await _make(unit, session, access, parent, steps, roles[0] if roles else None)

    try:
        number = await session.store.write(work)
    except Conflict as conflict:
        code = "USEATTR" if conflict.fields.get("field") == "role" else "ALREADYEXISTS"
        raise No(conflict.sentence, code) from conflict
    return Done("Made", f"MAILBOXID ({ids.text(number)})")


async def _make(
    unit: Unit, session: Session, access: Access, parent: int, steps: list[str], role: str | None = None
) -> int:
    """A mailbox and those above it that are missing."""
    account_id = access.scope.account_id
    for place, step in enumerate(steps):
        last = place == len(steps) - 1
        parent = await mailboxes.create(
            unit, account_id, plain_step(step), parent_id=parent, role=role if last else None
        )
        if access.owner:  # who wants to see it says SUBSCRIBE
            await mailboxes.subscribe(unit, account_id, parent, session.who.id, False)
    return parent


async def delete(session: Session, command: Command) -> Done:
    """RFC 9051 §6.3.5. What is in no other mailbox is gone with it."""
    asked = command.arguments
    assert isinstance(asked, a.Delete)
    named = await _found(session, asked.mailbox)
    if named.row is not None and named.row.role == "inbox":
        raise No("The inbox stays", "CANNOT")
    account_id, number, dialect = named.account_id, _number(named), session.store.db.dialect

    async def work(unit: Unit) -> None:
        await gate.require(unit, session.who, account_id, SCOPE, Right.WRITE | Right.DELETE)
        chosen = await mailboxes.subscriptions(unit, [account_id], session.who.id)
        await mailboxes.destroy(unit, dialect, account_id, number, remove_emails=True)
        if chosen.get(number):
            await _subscribe_name(unit, session.who.id, asked.mailbox)

    try:
        await session.store.write(work)
    except Conflict as conflict:
        raise No("There are mailboxes in it", "HASCHILDREN") from conflict
    return Done()


async def rename(session: Session, command: Command) -> Done:
    """RFC 9051 §6.3.6. Renaming the inbox moves what is in it, and leaves it empty."""
    asked = command.arguments
    assert isinstance(asked, a.Rename)
    names = await session.names()
    new = asked.new.rstrip(DELIMITER)
    named = names.find(asked.old)
    if named is None or named.row is None:
        raise _MISSING
    if names.find(new) is not None:
        raise No("There is a mailbox of this name", "ALREADYEXISTS")
    if new.startswith(named.name + DELIMITER):
        raise No("A mailbox cannot be inside itself", "CANNOT")
    access, parent, steps = names.place(new)
    if access.scope.account_id != named.account_id:
        raise No("Mail of somebody else is copied, not renamed", "CANNOT")
    inbox, number, account_id = named.row.role == "inbox", named.row.id, named.account_id

    async def work(unit: Unit) -> None:
        await gate.require(unit, session.who, account_id, SCOPE, Right.WRITE)
        if inbox:
            await _empty_into(unit, account_id, number, await _make(unit, session, access, parent, steps))
            return
        above = await _make(unit, session, access, parent, steps[:-1]) if len(steps) > 1 else parent
        values = {"name": plain_step(steps[-1]), "parent_id": above}
        await mailboxes.change(unit, account_id, number, values)

    try:
        await session.store.write(work)
    except Conflict as conflict:
        raise No(conflict.sentence, "ALREADYEXISTS") from conflict
    return Done()


async def _empty_into(unit: Unit, account_id: int, inbox: int, target: int) -> None:
    rows = await unit.rows("SELECT email_id FROM email_mailbox WHERE mailbox_id = ? ORDER BY uid", inbox)
    places = await store.mailboxes_of(unit, [row[0] for row in rows])
    edits = [Edit(number, mailbox_ids=frozenset(held) - {inbox} | {target}) for number, held in places.items()]
    await store.edit(unit, account_id, edits)


async def subscribe(session: Session, command: Command) -> Done:
    """RFC 9051 §6.3.7"""
    asked = command.arguments
    assert isinstance(asked, a.Subscribe)
    named = (await session.names()).find(asked.mailbox)

    async def work(unit: Unit) -> None:
        if named is None:
            await _subscribe_name(unit, session.who.id, asked.mailbox)
        else:
            await mailboxes.subscribe(unit, named.account_id, _number(named), session.who.id, True)

    await session.store.write(work)
    return Done()


async def unsubscribe(session: Session, command: Command) -> Done:
    """RFC 9051 §6.3.8"""
    asked = command.arguments
    assert isinstance(asked, a.Unsubscribe)
    named = (await session.names()).find(asked.mailbox)

    async def work(unit: Unit) -> None:
        await unit.run(
            "DELETE FROM subscribed_name WHERE principal_id = ? AND name = ?", session.who.id, asked.mailbox
        )
        if named is not None:
            await mailboxes.subscribe(unit, named.account_id, _number(named), session.who.id, False)

    await session.store.write(work)
    return Done()


async def _subscribe_name(unit: Unit, principal_id: int, name: str) -> None:
    """Notes that somebody is subscribed to what is no mailbox. Raises OverQuota."""
    if (
        await unit.value("SELECT COUNT(*) FROM subscribed_name WHERE principal_id = ?", principal_id)
        >= mailboxes.MOST
    ):
        raise OverQuota("too many subscriptions")
    await unit.run(
        "INSERT INTO subscribed_name (principal_id, name) VALUES (?, ?) ON CONFLICT DO NOTHING", principal_id, name
    )


async def _found(session: Session, name: str) -> Named:
    found = (await session.names()).find(name)
    if found is None:
        raise _MISSING
    return found


def _number(named: Named) -> int:
    assert named.row is not None
    return named.row.id
