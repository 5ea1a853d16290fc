"""What became of messages, noted in the event of who sent them: pending until somebody has them, and sent only when
another server said so. A newer message to the same person is waited for. RFC 6638 §3.2.9"""

from collections.abc import Mapping
from typing import Any

from parvis.calendar import draft, events
from parvis.calendar.draft import parsed
from parvis.serve.scheduling import Keeper
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit
from parvis.wire.ical.itip import status

_NOBODY = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.10"})
"""Enhanced statuses that say that there is no such person. RFC 3463 §3.2, RFC 7505 §4.1"""
_FATES = {"relayed": status.SENT, "delivered": status.DELIVERED}


async def follow(unit: Unit, account_id: int, uid: str, message_id: int, letter_id: int, recipient: str) -> None:
    """Remembers a letter until it is known whether it was taken."""
    await unit.run(
        f"INSERT INTO calendar_letter (letter_id, account_id, uid, recipient, message_id) VALUES {marks(5)}",
        letter_id,
        account_id,
        uid,
        recipient.lower(),
        message_id,
    )


async def settled(unit: Unit, account_id: int, told: Mapping[str, Any], keeper: Keeper | None = None) -> None:
    """What became of a letter that is followed. See serve.post.SETTLED"""
    row = await unit.row(
        "SELECT uid, recipient, message_id FROM calendar_letter WHERE letter_id = ? AND account_id = ?",
        int(told["letter"]),
        account_id,
    )
    if row is None:
        return
    uid, recipient, message_id = row
    await unit.run("DELETE FROM calendar_letter WHERE letter_id = ?", int(told["letter"]))
    failed = status.NOBODY if told["status"] in _NOBODY else status.UNDELIVERABLE
    await note(unit, account_id, uid, message_id, {recipient: _FATES.get(told["fate"], failed)}, keeper)


async def note(
    unit: Unit,
    account_id: int,
    uid: str,
    message_id: int,
    said: Mapping[str, str],
    keeper: Keeper | None = None,
) -> None:
    """Says what became of a message to some addresses in what it was about, an event or what a `keeper` has, if
    that is still there. Of whom a newer message goes to nothing is said yet, nor of a letter that is still on its
    way."""
    known = {name.lower(): each for name, each in said.items() if each not in ("", status.PENDING)}
    if not known or await unit.value(
        "SELECT 1 FROM calendar_message WHERE account_id = ? AND uid = ? AND id > ? LIMIT 1",
        account_id,
        uid,
        message_id,
    ):
        return
    rows = await unit.rows(
        "SELECT recipient FROM calendar_letter WHERE account_id = ? AND uid = ? AND message_id > ?",
        account_id,
        uid,
        message_id,
    )
    newer = {each[0] for each in rows}
    known = {name: each for name, each in known.items() if name not in newer}
    found = await events.by_uid(unit, account_id, uid)
    if found is None:
        if keeper is not None:
            await keeper.noted(unit, account_id, uid, known)
        return
    row, data = found
    series = parsed(row.etag, data)
    kept = status.noted(series, known)
    if kept is not series:
        await events.replace(unit, row, series, draft.made(kept, data), scheduled=False)
