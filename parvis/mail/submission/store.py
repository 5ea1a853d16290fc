"""The SQL of submissions. What became of each recipient is read from the queue, which is the one place for it."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec

from parvis.kernel import clock, ids
from parvis.mail.queue import store as queue
from parvis.serve.jmap.blobs import blob_id
from parvis.serve.jmap.types import Object
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit

KIND = "EmailSubmission"
UNDO = """CASE WHEN o.state = 'held' THEN 'pending' WHEN o.state = 'canceled' THEN 'canceled' ELSE 'final' END"""
FROM = "submission s LEFT JOIN outgoing o ON o.id = s.outgoing_id"
_COLUMNS = f"""s.id, s.identity_id, s.email_id, s.thread_id, s.envelope, s.send_at_ms, s.outgoing_id, {UNDO},
    COALESCE(o.state, 'done')"""
_KEPT_MS = 86_400_000
_DELIVERED = {"queued": "queued", "delivered": "yes", "relayed": "unknown", "failed": "no", "canceled": "no"}


async def add(
    unit: Unit,
    account_id: int,
    number: int,
    outgoing_id: int,
    things: tuple[int, int, int],
    envelope: str,
    send_at_ms: int,
) -> None:
    """Keeps the record of a sending; `things` are the ids of identity, email and thread."""
    await unit.run(
        """INSERT INTO submission (id, account_id, identity_id, email_id, thread_id, outgoing_id, envelope,
        send_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
        number, account_id, *things, outgoing_id, envelope, send_at_ms,
    )  # fmt: skip
    await unit.changed(account_id, KIND, number, "created")


async def read(db: Any, account_id: int, numbers: Sequence[int] | None, limit: int) -> list[Object]:
    """Submissions with what became of them, newest first."""
    named = "" if numbers is None else f"AND s.id IN {marks(len(numbers))}"
    rows = await db.rows(
        f"""SELECT {_COLUMNS} FROM {FROM} WHERE s.account_id = ? AND s.destroyed_ms IS NULL {named}
        ORDER BY s.send_at_ms DESC, s.id DESC LIMIT ?""",
        account_id, *(numbers or ()), limit,
    )  # fmt: skip
    status = await _status(db, [row[6] for row in rows])
    reports = await _reports(db, [row[0] for row in rows])
    return [_object(row, status[row[6]], reports[row[0]]) for row in rows]


def _object(row: tuple[Any, ...], status: Object, reports: dict[str, list[str]]) -> Object:
    return {
        "id": ids.text(row[0]),
        "identityId": ids.text(row[1]),
        "emailId": ids.text(row[2]),
        "threadId": ids.text(row[3]),
        "envelope": msgspec.json.decode(row[4]),
        "sendAt": clock.utc_date(row[5]),
        "undoStatus": row[7],
        "deliveryStatus": status or None,
        "dsnBlobIds": reports["dsn"],
        "mdnBlobIds": reports["mdn"],
    }


async def _status(db: Any, outgoing: Sequence[int]) -> dict[int, Object]:
    """DeliveryStatus by recipient, for each queued message. RFC 8621 §7"""
    found: dict[int, Object] = defaultdict(dict)
    if outgoing:
        for message_id, address, state, reply in await db.rows(
            f"""SELECT outgoing_id, address, state, reply FROM outgoing_recipient
            WHERE outgoing_id IN {marks(len(outgoing))} ORDER BY id""",
            *outgoing,
        ):
            found[message_id][address] = {
                "smtpReply": reply or ("550 5.7.0 canceled" if state == "canceled" else "250 2.0.0 queued"),
                "delivered": _DELIVERED[state],
                "displayed": "unknown",
            }
    return found


async def _reports(db: Any, numbers: Sequence[int]) -> dict[int, dict[str, list[str]]]:
    found: dict[int, dict[str, list[str]]] = defaultdict(lambda: {"dsn": [], "mdn": []})
    if numbers:
        for number, kind, blob in await db.rows(
            f"""SELECT submission_id, kind, blob FROM submission_report
            WHERE submission_id IN {marks(len(numbers))} ORDER BY id""",
            *numbers,
        ):
            found[number][kind].append(blob_id(blob))
    return found


async def add_report(unit: Unit, account_id: int, number: int, kind: str, blob: str, size: int) -> None:
    """Keeps a report (`dsn` or `mdn`) that came back for a submission, if that is still there."""
    if await unit.value("SELECT 1 FROM submission WHERE id = ? AND destroyed_ms IS NULL", number) is None:
        return
    await unit.run(
        "INSERT INTO submission_report (id, submission_id, kind, blob) VALUES (?, ?, ?, ?)",
        ids.new_id(), number, kind, blob,
    )  # fmt: skip
    await unit.run(
        """INSERT INTO blob_link (hash, account_id, kind, object_id, size, media_type)
        VALUES (?, ?, ?, ?, ?, 'message/rfc822') ON CONFLICT DO NOTHING""",
        blob, account_id, KIND, number, size,
    )  # fmt: skip
    await unit.changed(account_id, KIND, number, "updated")


async def destroy(unit: Unit, account_id: int, number: int) -> bool:
    """Removes the record; what was sent goes on. False when there is none."""
    now = clock.now_ms()
    gone = await unit.run(
        "UPDATE submission SET destroyed_ms = ? WHERE id = ? AND account_id = ? AND destroyed_ms IS NULL",
        now, number, account_id,
    )  # fmt: skip
    if gone:
        await queue.forget_submission(unit, number)
        await unit.run("DELETE FROM submission_report WHERE submission_id = ?", number)
        await unit.run(
            "DELETE FROM blob_link WHERE account_id = ? AND kind = ? AND object_id = ?", account_id, KIND, number
        )
        await unit.run(
            "DELETE FROM submission WHERE account_id = ? AND destroyed_ms < ?", account_id, now - _KEPT_MS
        )
        await unit.changed(account_id, KIND, number, "destroyed")
    return bool(gone)


async def email_ids(db: Any, account_id: int, numbers: Sequence[int]) -> dict[int, int]:
    """The Email of each submission, of just destroyed ones too."""
    rows = await db.rows(
        f"SELECT id, email_id FROM submission WHERE account_id = ? AND id IN {marks(len(numbers))}",
        account_id, *numbers,
    )  # fmt: skip
    return dict(rows)
