"""The SQL of the vault: putting messages in as they are deleted, reading them, forgetting them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from parvis.kernel import clock
from parvis.mail import counts, store
from parvis.serve.jmap import blobs
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.store.unit import Unit

KIND = "VaultEmail"
DAY_MS = 86_400_000
_COLUMNS = "id, blob, size, received_ms, deleted_ms, keywords, mailboxes, subject, sender"
_PAGE = 200
_summary = msgspec.json.Decoder(dict[str, Any])


@dataclass(frozen=True, slots=True)
class Kept:
    """A message in the vault. Times in ms."""

    id: int
    blob: str
    size: int
    received_ms: int
    deleted_ms: int
    keywords: str
    mailboxes: str
    subject: str
    sender: str


def about(summary: str) -> tuple[str, str]:
    """Subject and sender of a message's stored summary."""
    found = _summary.decode(summary)
    first = (found["from"] or [{}])[0]
    name, email = first.get("name") or "", first.get("email") or ""
    return found["subject"] or "", f"{name} <{email}>" if name and email else name or email


async def keep(unit: Unit, account_id: int, email_ids: Sequence[int]) -> None:
    """Puts messages into the vault that are about to be removed for good. Not drafts: each time one is saved the
    one before is deleted."""
    rows = [row for row in await store.rows_of(unit, account_id, email_ids) if "$draft" not in row[5].split()]
    places = await store.mailboxes_of(unit, [row[0] for row in rows])
    now = clock.now_ms()
    await add(
        unit,
        account_id,
        [
            Kept(row[0], row[2], row[3], row[4], now, row[5], " ".join(map(str, places[row[0]])), *about(row[6]))
            for row in rows
        ],
    )


async def add(unit: Unit, account_id: int, messages: Sequence[Kept]) -> None:
    """Puts messages into the vault."""
    await unit.many(
        f"""INSERT INTO vault_email (account_id, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET deleted_ms = excluded.deleted_ms""",
        [
            (account_id, m.id, m.blob, m.size, m.received_ms, m.deleted_ms, m.keywords, m.mailboxes, m.subject,
             m.sender)
            for m in messages
        ],
    )  # fmt: skip
    for message in messages:
        await blobs.link(unit, message.blob, account_id, KIND, message.id, message.size, "message/rfc822")
        await unit.changed(account_id, KIND, message.id, "created")


async def read(db: Any, account_id: int, since_ms: int, numbers: Sequence[int] | None = None) -> list[Kept]:
    """What an account deleted since then, the last first: those of `numbers`, or all."""
    if numbers is None:
        rows = await db.rows(
            f"""SELECT {_COLUMNS} FROM vault_email WHERE account_id = ? AND deleted_ms > ?
            ORDER BY deleted_ms DESC, id""",
            account_id,
            since_ms,
        )
        return [Kept(*row) for row in rows]
    return [
        Kept(*row)
        for page in counts.pages(numbers)
        for row in await db.rows(
            f"""SELECT {_COLUMNS} FROM vault_email WHERE account_id = ? AND deleted_ms > ?
            AND id IN {marks(len(page))} ORDER BY deleted_ms DESC, id""",
            account_id,
            since_ms,
            *page,
        )
    ]


async def take(unit: Unit, account_id: int, numbers: Sequence[int]) -> None:
    """Takes messages out of the vault; their bytes go when nothing else refers to them."""
    for number in numbers:
        if await unit.run("DELETE FROM vault_email WHERE id = ? AND account_id = ?", number, account_id):
            await blobs.unlink(unit, account_id, KIND, number)
            await unit.changed(account_id, KIND, number, "destroyed")


async def forget(keep: Store, days: int) -> int:
    """Removes what has been in the vault for more than `days`. Returns how many."""
    before = clock.now_ms() - days * DAY_MS

    async def page(unit: Unit) -> int:
        rows = await unit.rows(
            "SELECT account_id, id FROM vault_email WHERE deleted_ms <= ? ORDER BY deleted_ms LIMIT ?",
            before,
            _PAGE,
        )
        for account_id, number in rows:
            await take(unit, account_id, [number])
        return len(rows)

    removed = 0
    while count := await keep.write(page):
        removed += count
    return removed
