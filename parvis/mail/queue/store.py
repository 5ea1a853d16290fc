"""The queue's SQL. Everything that depends on another thing is in one unit, so that a crash leaves it whole."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, NotFound
from parvis.mail.doctor import refusals
from parvis.mail.queue.model import HERE, Letter, Message, Outcome, Recipient, Reply
from parvis.serve.post import SETTLED, WRITTEN
from parvis.store.jobs import Jobs
from parvis.store.sql.contract import Database, marks
from parvis.store.unit import Unit

_T = TypeVar("_T")
JOB = "mail-out"
REPORT = "mail-report"
KIND = "outgoing"
"""The kind of the queue's blob links."""
SUBMISSION = "EmailSubmission"
_GATHER_MS = 1000
_MESSAGE = """id, account_id, submission_id, sender, blob, size, state, needs_8bit, needs_utf8, ret, envid,
    queued_ms, release_ms, lax, followed"""
_LIVE = "state IN ('held', 'active', 'paused')"
_TO = """SELECT 1 FROM outgoing_recipient
    WHERE outgoing_id = outgoing.id AND destination = ? AND outgoing_recipient.state = 'queued'"""
_TOGETHER = 1000
_RECIPIENT = "id, address, destination, state, reply, host, changed_ms, notify, orcpt, report, warned"


async def add(unit: Unit, letter: Letter, destinations: Sequence[str]) -> int:
    """Puts a letter into the queue, with the destination of each recipient, and a job for each destination. Raises
    NotFound when the sender's account is being erased."""
    number, now = ids.new_id(), clock.now_ms()
    release = max(letter.release_ms, now)
    added = await unit.run(
        f"""INSERT INTO outgoing ({_MESSAGE}) SELECT {", ".join("?" * 15)}
        WHERE EXISTS (SELECT 1 FROM principal WHERE id = ?)""",
        number, letter.account_id, letter.submission_id, letter.sender, letter.blob, letter.size, "held",
        int(letter.needs_8bit), int(letter.needs_utf8), letter.ret, letter.envid, now, release,
        int(letter.lax), int(letter.followed),
        letter.account_id,
    )  # fmt: skip
    if not added:
        raise NotFound("no such account")
    await unit.many(
        """INSERT INTO outgoing_recipient (id, outgoing_id, address, destination, changed_ms, notify, orcpt)
        VALUES (?, ?, ?, ?, ?, ?, ?)""",
        [
            (ids.new_id(), number, to.address, destination, now, to.notify, to.orcpt)
            for to, destination in zip(letter.to, destinations, strict=True)
        ],
    )
    await unit.run(
        "INSERT INTO blob_link (hash, account_id, kind, object_id, size) VALUES (?, ?, ?, ?, ?)",
        letter.blob, letter.account_id, KIND, number, letter.size,
    )  # fmt: skip
    if letter.written_to:
        unit.emit(letter.account_id, WRITTEN, {"to": [list(each) for each in letter.written_to]})
    for destination in dict.fromkeys(destinations):
        await plan(unit, letter.account_id, number, destination, release)
    return number


async def plan(unit: Unit, account_id: int, message_id: int, destination: str, at_ms: int) -> None:
    """Plans the next try of a message to one destination."""
    args = {"message": message_id, "destination": destination}
    await Jobs.add(unit, JOB, args, key=f"{message_id}:{destination}", at_ms=at_ms, account_id=account_id)


async def plan_report(unit: Unit, message: Message, recipient: Recipient, report: str) -> None:
    """Plans that the sender hears what became of a recipient; what came within a moment makes one report."""
    key = f"{message.id}:{recipient.id}:{report}"
    at_ms = clock.now_ms() + _GATHER_MS
    await Jobs.add(unit, REPORT, {"message": message.id}, key=key, at_ms=at_ms, account_id=message.account_id)


async def load(db: Database | Unit, message_id: int) -> Message | None:
    """A message with its recipients in the order they were given, or None when it is gone."""
    row = await db.row(f"SELECT {_MESSAGE} FROM outgoing WHERE id = ?", message_id)
    return _message(row, await recipients(db, message_id)) if row else None


async def recipients(db: Database | Unit, message_id: int) -> tuple[Recipient, ...]:
    """The recipients of a message."""
    rows = await db.rows(
        f"SELECT {_RECIPIENT} FROM outgoing_recipient WHERE outgoing_id = ? ORDER BY id", message_id
    )
    return tuple(_recipient(row) for row in rows)


async def begin(unit: Unit, message_id: int) -> Message | None:
    """The message if it may be sent now. From here on it can no longer be canceled. RFC 8621 §7 (undoStatus)"""
    if await unit.run("UPDATE outgoing SET state = 'active' WHERE id = ? AND state = 'held'", message_id):
        message = await load(unit, message_id)
        assert message is not None
        await _tell(unit, message)
        return message
    message = await load(unit, message_id)
    return message if message is not None and message.state == "active" else None


async def cancel(unit: Unit, message_id: int) -> bool:
    """Takes a message back; False when it has begun to leave, or never was there."""
    taken = await unit.run("UPDATE outgoing SET state = 'canceled' WHERE id = ? AND state = 'held'", message_id)
    if taken:
        await unit.run(
            "UPDATE outgoing_recipient SET state = 'canceled', changed_ms = ? WHERE outgoing_id = ?",
            clock.now_ms(),
            message_id,
        )
        await clean(unit, message_id)
    return bool(taken)


async def settle(unit: Unit, message: Message, recipient: Recipient, fate: str, outcome: Outcome) -> bool:
    """Notes what became of a recipient; False when that was decided before, and nothing is changed."""
    success = "" if outcome.tells else "SUCCESS"
    report = {"failed": "FAILURE", "delivered": "SUCCESS", "relayed": success}.get(fate, "")
    wanted = bool(report and message.sender) and recipient.wants(report)  # type: ignore[arg-type]
    decided = await unit.run(
        """UPDATE outgoing_recipient SET state = ?, reply = ?, host = ?, changed_ms = ?, report = ?
        WHERE id = ? AND state = 'queued'""",
        fate,
        str(outcome.reply)[:1000],
        outcome.host,
        clock.now_ms(),
        report if wanted else "",
        recipient.id,
    )
    if wanted and decided:
        await plan_report(unit, message, recipient, report)
    if decided and message.followed and fate != "queued":
        told = {"letter": message.id, "address": recipient.address, "fate": fate, "status": outcome.reply.status}
        unit.emit(message.account_id, SETTLED, told)
    if decided and fate == "failed" and recipient.destination != HERE:
        await refusals.note(unit, recipient.address, str(outcome.reply))
    return bool(decided)


async def warn(unit: Unit, message: Message, recipient: Recipient) -> None:
    """Lets the sender hear once that a recipient is late. RFC 3461 §4.1 (DELAY)"""
    if not recipient.warned and message.sender and recipient.wants("DELAY"):
        await unit.run(
            "UPDATE outgoing_recipient SET warned = 1, report = 'DELAY' WHERE id = ? AND state = 'queued'",
            recipient.id,
        )
        await plan_report(unit, message, recipient, "DELAY")


async def end_try(unit: Unit, message: Message) -> None:
    """After a try: tells the submission, and ends the message when no recipient is waiting."""
    await unit.run("UPDATE outgoing SET state = state WHERE id = ?", message.id)  # one try of a message at a time
    waiting = await unit.value(
        "SELECT 1 FROM outgoing_recipient WHERE outgoing_id = ? AND state = 'queued' LIMIT 1", message.id
    )
    if waiting is None:
        await unit.run("UPDATE outgoing SET state = 'done' WHERE id = ? AND state = 'active'", message.id)
        await clean(unit, message.id)
    await _tell(unit, message)


async def reported(unit: Unit, message: Message, told: Sequence[Recipient]) -> None:
    """Notes that the sender has heard of these recipients. Raises Conflict when they had heard of one before, so
    that two reports at once do not both go out."""
    for recipient in told:
        if not await unit.run(
            "UPDATE outgoing_recipient SET report = '' WHERE id = ? AND report = ?", recipient.id, recipient.report
        ):
            raise Conflict("the sender knows already")
    await clean(unit, message.id)


async def forget_submission(unit: Unit, submission_id: int) -> None:
    """The record of the submission is gone; what it sent goes on. RFC 8621 §7"""
    row = await unit.row("SELECT id FROM outgoing WHERE submission_id = ?", submission_id)
    if row is not None:
        await unit.run("UPDATE outgoing SET submission_id = 0 WHERE id = ?", row[0])
        await clean(unit, row[0])


async def clean(unit: Unit, message_id: int) -> None:
    """Lets go of the bytes of a message that is over and told, and of its rows when no submission shows them."""
    row = await unit.row("SELECT account_id, submission_id, state FROM outgoing WHERE id = ?", message_id)
    if row is None or row[2] not in ("done", "canceled"):
        return
    if await unit.value(
        "SELECT 1 FROM outgoing_recipient WHERE outgoing_id = ? AND report <> '' LIMIT 1", message_id
    ):
        return
    await unit.run(
        "DELETE FROM blob_link WHERE account_id = ? AND kind = ? AND object_id = ?", row[0], KIND, message_id
    )
    if not row[1]:
        await unit.run("DELETE FROM outgoing_recipient WHERE outgoing_id = ?", message_id)
        await unit.run("DELETE FROM outgoing WHERE id = ?", message_id)


async def listing(
    db: Database, limit: int = 200, *, destination: str | None = None, after: int = 0
) -> list[Message]:
    """What is in the queue, oldest first, for the administrator: all of it, or what waits for one destination; from
    after a message on."""
    to = "" if destination is None else f"AND EXISTS ({_TO})"
    rows = await db.rows(
        f"SELECT {_MESSAGE} FROM outgoing WHERE {_LIVE} AND id > ? {to} ORDER BY id LIMIT ?",
        *(after, limit) if destination is None else (after, destination, limit),
    )
    found: dict[int, list[Recipient]] = {row[0]: [] for row in rows}
    for numbers in _together(found):
        for row in await db.rows(
            f"""SELECT outgoing_id, {_RECIPIENT} FROM outgoing_recipient
            WHERE outgoing_id IN {marks(len(numbers))} ORDER BY id""",
            *numbers,
        ):
            found[row[0]].append(_recipient(row[1:]))
    return [_message(row, tuple(found[row[0]])) for row in rows]


async def waiting(db: Database, limit: int) -> dict[str, int]:
    """How many messages of the queue wait for each destination, most first."""
    rows = await db.rows(
        f"""SELECT destination, COUNT(DISTINCT outgoing_id) FROM outgoing_recipient
        WHERE state = 'queued' AND outgoing_id IN (SELECT id FROM outgoing WHERE {_LIVE})
        GROUP BY destination ORDER BY 2 DESC, 1 LIMIT ?""",
        limit,
    )
    return dict(rows)


async def count(db: Database) -> int:
    """How many messages are in the queue."""
    return int(await db.value(f"SELECT COUNT(*) FROM outgoing WHERE {_LIVE}"))


async def tries(db: Database, messages: Sequence[Message]) -> dict[tuple[int, str], int]:
    """When each message is next tried, by message and destination; a time that is over while that is under way."""
    keys = {
        f"{message.id}:{one.destination}": (message.id, one.destination)
        for message in messages
        for one in message.recipients
        if one.state == "queued"
    }
    found: dict[tuple[int, str], int] = {}
    for some in _together(keys):
        rows = await db.rows(
            f"""SELECT key, run_at_ms FROM job
            WHERE kind = ? AND finished_ms IS NULL AND key IN {marks(len(some))}""",
            JOB,
            *some,
        )
        found |= {keys[key]: at_ms for key, at_ms in rows}
    return found


async def hurry(unit: Unit, message_id: int) -> bool:
    """The next try is now: of a message that waits, is held for later, or was paused. False when it is gone, or
    taken back."""
    message = await load(unit, message_id)
    if message is None or message.state not in ("held", "active", "paused"):
        return False
    now = clock.now_ms()
    await unit.run("UPDATE outgoing SET state = 'active' WHERE id = ? AND state = 'paused'", message_id)
    await unit.run(
        "UPDATE outgoing SET release_ms = ? WHERE id = ? AND state = 'held' AND release_ms > ?",
        now,
        message_id,
        now,
    )
    for destination in {one.destination for one in message.recipients if one.state == "queued"}:
        await plan(unit, message.account_id, message_id, destination, now)
        await unit.run(
            "UPDATE job SET run_at_ms = ? WHERE kind = ? AND key = ? AND finished_ms IS NULL AND run_at_ms > ?",
            now, JOB, f"{message_id}:{destination}", now,
        )  # fmt: skip
    await end_try(unit, message)
    return True


async def pause(unit: Unit, message_id: int) -> bool:
    """A message is not tried until `hurry`, or given up; what another server is just being told goes on. False when
    it is gone, or over."""
    return bool(
        await unit.run(
            "UPDATE outgoing SET state = 'paused' WHERE id = ? AND state IN ('held', 'active')", message_id
        )
    )


async def drop(unit: Unit, message_id: int, reply: Reply) -> bool:
    """Ends a message for all who have not got it; the sender hears of it. False when it is gone, or over."""
    message = await load(unit, message_id)
    if message is None or message.state not in ("held", "active", "paused"):
        return False
    await unit.run("UPDATE outgoing SET state = 'active' WHERE id = ?", message_id)
    for recipient in message.recipients:
        if recipient.state == "queued":
            await settle(unit, message, recipient, "failed", Outcome(recipient, reply))
    await end_try(unit, message)
    return True


async def _tell(unit: Unit, message: Message) -> None:
    if message.submission_id and await unit.value(
        "SELECT 1 FROM outgoing WHERE id = ? AND submission_id = ?", message.id, message.submission_id
    ):
        await unit.changed(message.account_id, SUBMISSION, message.submission_id, "updated")


def _together(found: Iterable[_T]) -> Iterator[list[_T]]:
    """In parts that fit into one statement."""
    given = list(found)
    return (given[at : at + _TOGETHER] for at in range(0, len(given), _TOGETHER))


def _message(row: tuple[Any, ...], found: tuple[Recipient, ...]) -> Message:
    names = [name.strip() for name in _MESSAGE.split(",")]
    values = dict(zip(names, row, strict=True))
    for name in ("needs_8bit", "needs_utf8", "lax", "followed"):
        values[name] = bool(values[name])
    return Message(**values, recipients=found)


def _recipient(row: tuple[Any, ...]) -> Recipient:
    names = [name.strip() for name in _RECIPIENT.split(",")]
    values = dict(zip(names, row, strict=True))
    values["warned"] = bool(values["warned"])
    return Recipient(**values)
