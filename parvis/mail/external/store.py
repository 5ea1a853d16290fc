"""The SQL of accounts at other providers."""

from collections.abc import Iterable, Sequence
from typing import Any

from parvis.kernel.errors import NotFound
from parvis.mail import counts
from parvis.mail.external.model import KIND, Account, Bound, Folder, server_of
from parvis.store.sql.contract import Row, marks
from parvis.store.unit import Unit

_COLUMNS = """account_id, owner_id, name, address, imap, smtp, password, smtp_password, state, done, total,
    synced_ms, paused, pushed"""
_FOLDER = "mailbox_id, name, path, uid_validity, modseq, suspect_ms"
_BOUND = "mailbox_id, uid, email_id, keywords"


async def by_id(db: Any, account_id: int) -> Account | None:
    """An account, or None when it is gone."""
    row = await db.row(f"SELECT {_COLUMNS} FROM external_account WHERE account_id = ?", account_id)
    return _account(row) if row else None


async def every(db: Any) -> list[int]:
    """The ids of all accounts."""
    return [row[0] for row in await db.rows("SELECT account_id FROM external_account")]


async def of_owner(db: Any, owner_id: int) -> list[Account]:
    """The accounts of a person, oldest first."""
    rows = await db.rows(
        f"SELECT {_COLUMNS} FROM external_account WHERE owner_id = ? ORDER BY account_id", owner_id
    )
    return [_account(row) for row in rows]


def _account(row: Row) -> Account:
    return Account(*(*row[:4], server_of(row[4]), server_of(row[5]), *row[6:12], bool(row[12]), row[13]))


async def add(unit: Unit, account: Account, imap: str, smtp: str) -> None:
    """Keeps a new account; its servers as JSON."""
    await unit.run(
        """INSERT INTO external_account (account_id, owner_id, name, address, imap, smtp, password, smtp_password,
        paused) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        account.id, account.owner_id, account.name, account.address, imap, smtp, account.password,
        account.smtp_password, int(account.paused),
    )  # fmt: skip
    await unit.changed(account.owner_id, KIND, account.id, "created")


async def remove(unit: Unit, account: Account) -> None:
    """Forgets an account and its passwords; what is known of its messages goes with the mail. Raises NotFound."""
    if not await unit.run("DELETE FROM external_account WHERE account_id = ?", account.id):
        raise NotFound("no such account")
    await unit.changed(account.owner_id, KIND, account.id, "destroyed")


async def change(unit: Unit, account: Account, values: dict[str, Any]) -> None:
    """Sets columns. Raises NotFound when the account is gone."""
    assignments = ", ".join(f"{name} = ?" for name in values)
    if not await unit.run(
        f"UPDATE external_account SET {assignments} WHERE account_id = ?", *values.values(), account.id
    ):
        raise NotFound("no such account")
    await unit.changed(account.owner_id, KIND, account.id, "updated")


async def brought(unit: Unit, account: Account, number: int) -> None:
    """Counts messages that were brought, and lets the owner see it during the first time."""
    if await unit.run(
        """UPDATE external_account SET done = CASE WHEN done + ? > total THEN total ELSE done + ? END
        WHERE account_id = ? AND state = 'syncing'""",
        number,
        number,
        account.id,
    ):
        await unit.changed(account.owner_id, KIND, account.id, "updated")  # fmt: skip


async def pushed(unit: Unit, account_id: int, modseq: int) -> None:
    """Notes up to which modseq the provider knows what was changed here."""
    await unit.run("UPDATE external_account SET pushed = ? WHERE account_id = ?", modseq, account_id)


async def folders(db: Any, account_id: int) -> list[Folder]:
    """Which folders there are which mailboxes here."""
    rows = await db.rows(f"SELECT {_FOLDER} FROM external_mailbox WHERE account_id = ?", account_id)
    return [Folder(*row) for row in rows]


async def keep_folder(unit: Unit, account_id: int, folder: Folder) -> None:
    """Keeps what is known of a folder."""
    await unit.run(
        f"""INSERT INTO external_mailbox (account_id, {_FOLDER}) VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (mailbox_id) DO UPDATE SET name = excluded.name, path = excluded.path,
        uid_validity = excluded.uid_validity, modseq = excluded.modseq, suspect_ms = excluded.suspect_ms""",
        account_id, folder.mailbox_id, folder.name, folder.path, folder.uid_validity, folder.modseq,
        folder.suspect_ms,
    )  # fmt: skip


async def drop_folder(unit: Unit, mailbox_id: int) -> None:
    """Forgets a folder with its messages there."""
    await unit.run("DELETE FROM external_mailbox WHERE mailbox_id = ?", mailbox_id)
    await forget_all(unit, mailbox_id)


async def forget_all(unit: Unit, mailbox_id: int) -> None:
    """Forgets which messages of a folder are which: its uids count no more. RFC 9051 §2.3.1.1 (UIDVALIDITY)"""
    await unit.run("DELETE FROM external_email WHERE mailbox_id = ?", mailbox_id)


async def in_folder(db: Any, mailbox_id: int) -> dict[int, Bound]:
    """The messages of a folder that are known, by uid."""
    rows = await db.rows(f"SELECT {_BOUND} FROM external_email WHERE mailbox_id = ?", mailbox_id)
    return {row[1]: _bound(row) for row in rows}


async def of_emails(db: Any, email_ids: Sequence[int]) -> list[Bound]:
    """What some messages here are there."""
    return [
        _bound(row)
        for page in counts.pages(email_ids)
        for row in await db.rows(f"SELECT {_BOUND} FROM external_email WHERE email_id IN {marks(len(page))}", *page)
    ]


def _bound(row: Row) -> Bound:
    return Bound(row[0], row[1], row[2], frozenset(row[3].split()))


async def bind(unit: Unit, account_id: int, bounds: Iterable[Bound]) -> None:
    """Keeps which message there is which here, and what both agree on."""
    rows = [(b.mailbox_id, b.uid, account_id, b.email_id, " ".join(sorted(b.keywords))) for b in bounds]
    if rows:
        await unit.many(
            """INSERT INTO external_email (mailbox_id, uid, account_id, email_id, keywords) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (mailbox_id, uid) DO UPDATE SET email_id = excluded.email_id,
            keywords = excluded.keywords""",
            rows,
        )


async def unbind(unit: Unit, places: Iterable[tuple[int, int]]) -> None:
    """Forgets messages by folder and uid."""
    if rows := list(places):
        await unit.many("DELETE FROM external_email WHERE mailbox_id = ? AND uid = ?", rows)


async def changed_between(db: Any, account_id: int, modseqs: tuple[int, int], limit: int) -> list[tuple[int, int]]:
    """Messages here that were changed, created or destroyed after one modseq and up to another, in order: id and
    modseq."""
    rows = await db.rows(
        """SELECT object_id, modseq FROM change WHERE account_id = ? AND kind = 'Email' AND modseq > ?
        AND modseq <= ? ORDER BY modseq LIMIT ?""",
        account_id, *modseqs, limit,
    )  # fmt: skip
    return [(row[0], row[1]) for row in rows]


async def by_reference(
    db: Any, account_id: int, references: Sequence[int]
) -> dict[int, list[tuple[int, int, str]]]:
    """Messages here by the key of their Message-ID: id, size, blob."""
    found: dict[int, list[tuple[int, int, str]]] = {}
    for page in counts.pages(references):
        for reference, *rest in await db.rows(
            f"""SELECT message_ref, id, size, blob FROM email WHERE account_id = ?
            AND message_ref IN {marks(len(page))}""",
            account_id, *page,
        ):  # fmt: skip
            found.setdefault(reference, []).append((rest[0], rest[1], rest[2]))
    return found


async def by_blob(db: Any, account_id: int, digests: Sequence[str]) -> dict[str, int]:
    """Messages here by their bytes."""
    return {
        row[0]: row[1]
        for page in counts.pages(digests)
        for row in await db.rows(
            f"""SELECT hash, object_id FROM blob_link WHERE account_id = ? AND kind = 'Email'
            AND hash IN {marks(len(page))}""",
            account_id, *page,
        )
    }  # fmt: skip
