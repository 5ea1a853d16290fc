"""Mailboxes: making, changing, destroying and finding them. RFC 8621 §2"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, Invalid, NotFound, OverQuota
from parvis.kernel.languages import Language
from parvis.mail import counts, deleted, store
from parvis.mail.model import DEPTH, MAILBOX_NAMES, ROLES, mailbox_name
from parvis.mail.vault import store as vault
from parvis.store.sql.contract import Dialect, marks
from parvis.store.unit import Unit

KIND = "Mailbox"
MOST = 2000
"""Mailboxes of an account, which are read together."""
_COLUMNS = """id, name, parent_id, role, sort_order, total_emails, unread_emails, total_threads, unread_threads,
    uid_validity, uid_next"""


@dataclass(frozen=True, slots=True)
class MailboxRow:
    """A mailbox as it is stored; `parent_id` 0 is the top level."""

    id: int
    name: str
    parent_id: int
    role: str | None
    sort_order: int
    total_emails: int
    unread_emails: int
    total_threads: int
    unread_threads: int
    uid_validity: int
    uid_next: int


async def every(db: Any, account_id: int) -> dict[int, MailboxRow]:
    """All mailboxes of an account by id."""
    rows = await db.rows(
        f"SELECT {_COLUMNS} FROM mailbox WHERE account_id = ? ORDER BY sort_order, name", account_id
    )
    return {row[0]: MailboxRow(*row) for row in rows}


async def of_accounts(db: Any, account_ids: Sequence[int]) -> dict[int, dict[int, MailboxRow]]:
    """All mailboxes of several accounts, by account and id."""
    found: dict[int, dict[int, MailboxRow]] = {number: {} for number in account_ids}
    for page in counts.pages(account_ids):
        for account_id, *row in await db.rows(
            f"SELECT account_id, {_COLUMNS} FROM mailbox WHERE account_id IN {marks(len(page))}", *page
        ):
            found[account_id][row[0]] = MailboxRow(*row)
    return found


async def by_role(db: Any, account_id: int, role: str) -> int | None:
    """The mailbox of a role, or None."""
    found = await db.value("SELECT id FROM mailbox WHERE account_id = ? AND role = ?", account_id, role)
    return None if found is None else int(found)


async def by_path(db: Any, account_id: int, path: Sequence[str]) -> int | None:
    """The mailbox at a path of names from the top, or None."""
    parent = 0
    for name in path:
        found = await db.value(
            "SELECT id FROM mailbox WHERE account_id = ? AND parent_id = ? AND name = ?", account_id, parent, name
        )
        if found is None:
            return None
        parent = int(found)
    return parent or None


async def ensure(unit: Unit, account_id: int, language: Language) -> dict[str, int]:
    """Makes the mailboxes that every account begins with and that are missing; gives all of them by role. A name
    that is taken by a mailbox without a role gives that one the role."""
    present = await every(unit, account_id)
    found = {row.role: row.id for row in present.values() if row.role}
    for role, name, order in MAILBOX_NAMES[language]:
        if role in found:
            continue
        taken = next((row for row in present.values() if not row.parent_id and row.name == name), None)
        if taken is not None and taken.role is None:
            await change(unit, account_id, taken.id, {"role": role})
            found[role] = taken.id
        else:
            found[role] = await create(unit, account_id, name, role=role, sort_order=order)
    return found


async def ensure_path(unit: Unit, account_id: int, path: Sequence[str]) -> int:
    """The mailbox at a path of names from the top, made where it is missing."""
    parent = 0
    for name in path:
        normal = mailbox_name(name)
        found = await by_path_step(unit, account_id, parent, normal)
        parent = found or await create(unit, account_id, normal, parent_id=parent)
    return parent


async def by_path_step(unit: Unit, account_id: int, parent: int, name: str) -> int | None:
    """The child of this name, or None."""
    found = await unit.value(
        "SELECT id FROM mailbox WHERE account_id = ? AND parent_id = ? AND name = ?", account_id, parent, name
    )
    return None if found is None else int(found)


async def create(
    unit: Unit, account_id: int, name: str, *, parent_id: int = 0, role: str | None = None, sort_order: int = 0
) -> int:
    """Makes a mailbox and returns its id. Raises Invalid, OverQuota, or Conflict with `existing` when the name is
    taken."""
    normal = mailbox_name(name)
    mailboxes = await every(unit, account_id)
    if len(mailboxes) >= MOST:
        raise OverQuota(f"at most {MOST} mailboxes")
    number = ids.new_id()
    _check_place(mailboxes, number, normal, parent_id)
    _check_role(mailboxes, number, role)
    await unit.run(
        "INSERT INTO mailbox (id, account_id, name, parent_id, role, sort_order, uid_validity)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        number,
        account_id,
        normal,
        parent_id,
        role,
        sort_order,
        await _uid_validity(unit, account_id),
    )
    await unit.changed(account_id, KIND, number, "created")
    return number


async def _uid_validity(unit: Unit, account_id: int) -> int:
    """The time in seconds, or the next number that no mailbox of the account had. RFC 9051 §2.3.1.1"""
    now = clock.now_ms() // 1000
    found = await unit.value(
        """UPDATE mail_account SET uid_validity = CASE WHEN uid_validity < ? THEN ? ELSE uid_validity + 1 END
        WHERE account_id = ? RETURNING uid_validity""",
        now,
        now,
        account_id,
    )
    return now if found is None else int(found)


async def change(unit: Unit, account_id: int, mailbox_id: int, values: Mapping[str, Any]) -> None:
    """Sets `name`, `parent_id`, `role` or `sort_order`. Raises NotFound, Invalid, Conflict."""
    mailboxes = await every(unit, account_id)
    if mailbox_id not in mailboxes:
        raise NotFound("no such mailbox")
    before = mailboxes[mailbox_id]
    name = mailbox_name(values["name"]) if "name" in values else before.name
    parent = values.get("parent_id", before.parent_id)
    role = values.get("role", before.role)
    if (name, parent) != (before.name, before.parent_id):
        _check_place(mailboxes, mailbox_id, name, parent)
    if role != before.role:
        _check_role(mailboxes, mailbox_id, role)
    await unit.run(
        "UPDATE mailbox SET name = ?, parent_id = ?, role = ?, sort_order = ? WHERE id = ?",
        name,
        parent,
        role,
        values.get("sort_order", before.sort_order),
        mailbox_id,
    )
    await unit.changed(account_id, KIND, mailbox_id, "updated")
    if "trash" in (role, before.role) and role != before.role:
        await _recount(unit, account_id, mailbox_id)


async def _recount(unit: Unit, account_id: int, mailbox_id: int) -> None:
    """What is unread depends on which mailbox is the trash."""
    rows = await unit.rows("SELECT thread_id FROM thread_mailbox WHERE mailbox_id = ?", mailbox_id)
    await counts.refresh(unit, account_id, [row[0] for row in rows])


async def destroy(
    unit: Unit, dialect: Dialect, account_id: int, mailbox_id: int, *, remove_emails: bool = False
) -> None:
    """Destroys a mailbox. Raises NotFound, or Conflict with `reason` mailboxHasChild, mailboxHasEmail. With
    `remove_emails` its messages leave it, and those in no other mailbox are destroyed. RFC 8621 §2.5"""
    mailboxes = await every(unit, account_id)
    if mailbox_id not in mailboxes:
        raise NotFound("no such mailbox")
    if any(row.parent_id == mailbox_id for row in mailboxes.values()):
        raise Conflict("the mailbox has mailboxes in it", reason="mailboxHasChild")
    rows = await unit.rows("SELECT email_id FROM email_mailbox WHERE mailbox_id = ?", mailbox_id)
    if rows and not remove_emails:
        raise Conflict("the mailbox has messages in it", reason="mailboxHasEmail")
    await _empty(unit, dialect, account_id, mailbox_id, [row[0] for row in rows])
    await deleted.drop_mailbox(unit, account_id, mailbox_id)
    await unit.run("DELETE FROM mailbox_subscription WHERE mailbox_id = ?", mailbox_id)
    await unit.run("DELETE FROM mailbox WHERE id = ?", mailbox_id)
    await unit.changed(account_id, KIND, mailbox_id, "destroyed")


async def _empty(unit: Unit, dialect: Dialect, account_id: int, mailbox_id: int, email_ids: Sequence[int]) -> None:
    places = await store.mailboxes_of(unit, email_ids)
    alone = [number for number, held in places.items() if held == [mailbox_id]]
    others = [
        store.Edit(number, mailbox_ids=frozenset(held) - {mailbox_id})
        for number, held in places.items()
        if held != [mailbox_id]
    ]
    await store.edit(unit, account_id, others)
    await vault.keep(unit, account_id, alone)
    await store.remove(unit, dialect, account_id, alone)


def _check_place(mailboxes: Mapping[int, MailboxRow], number: int, name: str, parent_id: int) -> None:
    """The parent exists, is not inside the mailbox itself nor too deep, and no sibling has the name."""
    if parent_id and parent_id not in mailboxes:
        raise Invalid("no such parent", field="parentId")
    above, depth = parent_id, 1
    while above:
        if above == number or depth >= DEPTH:
            raise Invalid("a mailbox cannot be inside itself or this deep", field="parentId")
        above, depth = mailboxes[above].parent_id, depth + 1
    for row in mailboxes.values():
        if row.id != number and (row.parent_id, row.name) == (parent_id, name):
            raise Conflict("a mailbox of this name is there", field="name", existing=row.id)


def _check_role(mailboxes: Mapping[int, MailboxRow], number: int, role: str | None) -> None:
    if role is None:
        return
    if role not in ROLES:
        raise Invalid(f"unknown role {role!r}", field="role")
    if any(row.role == role and row.id != number for row in mailboxes.values()):
        raise Conflict("another mailbox has this role", field="role")


async def subscribe(unit: Unit, account_id: int, mailbox_id: int, principal_id: int, subscribed: bool) -> None:
    """Notes whether a person wants to see a mailbox; each person's own choice. RFC 8621 §2"""
    await unit.run(
        """INSERT INTO mailbox_subscription (mailbox_id, principal_id, subscribed) VALUES (?, ?, ?)
        ON CONFLICT (mailbox_id, principal_id) DO UPDATE SET subscribed = excluded.subscribed""",
        mailbox_id,
        principal_id,
        int(subscribed),
    )
    await unit.changed(account_id, KIND, mailbox_id, "updated")


async def subscriptions(db: Any, account_ids: Sequence[int], principal_id: int) -> dict[int, bool]:
    """What a person chose for the mailboxes of some accounts."""
    return {
        row[0]: bool(row[1])
        for page in counts.pages(account_ids)
        for row in await db.rows(
            f"""SELECT s.mailbox_id, s.subscribed FROM mailbox_subscription s JOIN mailbox m ON m.id = s.mailbox_id
            WHERE m.account_id IN {marks(len(page))} AND s.principal_id = ?""",
            *page,
            principal_id,
        )
    }
