"""What filters did with a message, and why, kept for a month: so that a person can be shown which rule acted."""

from collections.abc import Sequence
from typing import Any

import msgspec

from parvis.kernel import clock, ids
from parvis.store.sql.contract import Tx, marks
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.sieve.render import condition_of

KEPT_MS = 30 * 86_400_000
_PAGE = 500
_CHARACTERS = 300


class Test(msgspec.Struct, frozen=True, rename="camel"):
    """A test that held, as written in the script."""

    line: int
    text: str


class Note(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One action, or an error. `script` is the name of the script that stands in that line."""

    script: str
    line: int = 0
    rule: str | None = None
    """The name of the rule, when the script is made of rules."""
    action: str
    """`keep`, `fileinto`, `flag`, `redirect`, `discard`, `reject`, `vacation`, `notify` or `error`."""
    target: str = ""
    """The mailbox, the flags or the address."""
    tests: tuple[Test, ...] = ()
    error: str = ""
    """Why it could not be done, or not as asked."""
    sender: str = ""
    subject: str = ""
    """Of the message, which may be there no more."""


def shortened(text: str) -> str:
    """A text of a note."""
    return text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1] + "…"


async def write(unit: Unit, account_id: int, email_id: int, notes: Sequence[Note]) -> None:
    """Keeps notes about a message (0: nothing of it was kept)."""
    now = clock.now_ms()
    rows = [(ids.new_id(), account_id, email_id, now, msgspec.json.encode(note).decode()) for note in notes]
    await unit.many("INSERT INTO sieve_log (id, account_id, email_id, at_ms, body) VALUES (?, ?, ?, ?, ?)", rows)


async def read(db: Any, account_id: int, email_ids: Sequence[int] | None, limit: int) -> list[dict[str, Any]]:
    """Notes about some messages, or the newest, newest first: each with `emailId` (None when nothing was kept) and
    `at`, its tests with `condition`."""
    named = "" if email_ids is None else f"AND email_id IN {marks(len(email_ids))}"
    rows = await db.rows(
        f"SELECT email_id, at_ms, body FROM sieve_log WHERE account_id = ? {named} ORDER BY id DESC LIMIT ?",
        account_id, *(email_ids or ()), limit,
    )  # fmt: skip
    return [
        {
            "emailId": ids.text(email_id) if email_id else None,
            "at": clock.utc_date(at_ms),
            **shown(msgspec.json.decode(body)),
        }
        for email_id, at_ms, body in rows
    ]


def shown(note: dict[str, Any]) -> dict[str, Any]:
    """A note for people who do not write scripts: each of its tests with its `condition`, when it is one of a
    rule."""
    tests = [{**test, "condition": msgspec.to_builtins(condition_of(test["text"]))} for test in note["tests"]]
    return {**note, "tests": tests}


async def forget(store: Store) -> int:
    """Removes what is older than a month: notes, and where messages were before a run. Returns how many."""
    before = clock.now_ms() - KEPT_MS
    removed = 0
    for table, key in (("sieve_log", "id"), ("sieve_undo", "job_id, email_id")):

        async def work(tx: Tx, table: str = table, key: str = key) -> int:
            return await tx.run(
                f"""DELETE FROM {table} WHERE ({key}) IN
                (SELECT {key} FROM {table} WHERE at_ms < ? ORDER BY at_ms LIMIT {_PAGE})""",
                before,
            )

        while count := await store.db.write(work):
            removed += count
    return removed
