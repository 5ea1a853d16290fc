"""Methods of our own for those who write filters: what a script would do with mail that is here, doing it, and
which rule acted on a message."""

import msgspec

from parvis.access.principal import Right
from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, Invalid, NotFound, OverQuota, TooLarge
from parvis.mail import mailboxes
from parvis.mail import store as mail
from parvis.mail.model import MAILBOXES, SCOPE
from parvis.mail.sieve import boxes, log, store
from parvis.mail.sieve.filter import Filters, World
from parvis.mail.sieve.jmap import invalid_sieve, source_of
from parvis.mail.sieve.scripts import Readied
from parvis.mail.sieve.trial import Trial, run_on
from parvis.mail.store import Edit
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.kind import Method
from parvis.serve.jmap.types import Arguments, Object, UnsignedInt
from parvis.store.jobs import Job, Jobs
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.sieve import SieveError

FILTERS = "urn:parvis:filters"
JOB = "sieve-apply"
PREVIEWED, APPLIED = 200, 5_000
"""Messages that a script is run on at once."""
_PAGE = 50
_NOTES = 500


class RunArguments(Arguments):
    """A script, by its own id or as a blob, and messages: those named, or the newest of a mailbox (without one, of
    the inbox)."""

    account_id: str
    script_id: str | None = None
    blob_id: str | None = None
    email_ids: list[str] | None = None
    mailbox_id: str | None = None
    limit: UnsignedInt | None = None


class ResultArguments(Arguments):
    """Of a run: where its messages were, from `position` on."""

    account_id: str
    job_id: str
    position: UnsignedInt = 0
    limit: UnsignedInt = 1_000


class ExplainArguments(Arguments):
    """Notes about some messages, or the newest."""

    account_id: str
    email_ids: list[str] | None = None
    limit: UnsignedInt = 100


async def preview(call: Call) -> Result:
    """What a script would do: `list` has each message on which something acted, with its `actions`, where it would
    be (`mailboxes` by name) and with which `keywords` more."""
    readied, _ = await _script(call)
    filters = call.context.need(Filters)
    world = await filters.world(call.account_id, readied)
    numbers = await _messages(call, PREVIEWED)
    trials = await run_on(call.context.store, filters, readied, world, numbers)
    return {
        "accountId": ids.text(call.account_id),
        "looked": len(trials),
        "list": [_shown(world, trial) for trial in trials if trial.actions or trial.error],
    }


async def apply(call: Call) -> Result:
    """Does it, in a job; `Filter/result` tells how far it is."""
    _, blob = await _script(call)
    numbers = await _messages(call, APPLIED)
    args = {"account": call.account_id, "blob": blob, "emails": numbers}

    async def work(unit: Unit) -> int:
        return await Jobs.add(unit, JOB, args, account_id=call.account_id)

    job_id = await call.context.store.write(work)
    return {"accountId": ids.text(call.account_id), "jobId": ids.text(job_id), "total": len(numbers)}


async def result(call: Call) -> Result:
    """How far a run is, and where each message that it changed was before: `list` for undoing it."""
    number = call.number(call.arguments.job_id) or 0
    row = await call.db.row(
        "SELECT state, progress, error FROM job WHERE id = ? AND account_id = ? AND kind = ?",
        number, call.account_id, JOB,
    )  # fmt: skip
    if row is None:
        raise MethodError("invalidArguments", "there is no such run", arguments=["jobId"])
    progress = msgspec.json.decode(row[1])
    rows = await call.db.rows(
        """SELECT email_id, body FROM sieve_undo WHERE job_id = ? AND account_id = ?
        ORDER BY email_id LIMIT ? OFFSET ?""",
        number, call.account_id, min(call.arguments.limit, 5_000), call.arguments.position,
    )  # fmt: skip
    return {
        "accountId": ids.text(call.account_id),
        "state": row[0],
        "error": row[2],
        "looked": progress.get("looked", 0),
        "changed": progress.get("changed", 0),
        "list": [{"emailId": ids.text(email_id), **msgspec.json.decode(body)} for email_id, body in rows],
    }


async def explain(call: Call) -> Result:
    """Which rules acted on messages, and why."""
    given = call.arguments.email_ids
    numbers = None if given is None else [number for one in given[:_NOTES] if (number := call.number(one))]
    notes = await log.read(call.db, call.account_id, numbers, min(call.arguments.limit, _NOTES))
    return {"accountId": ids.text(call.account_id), "list": notes}


async def _script(call: Call) -> tuple[Readied, str]:
    """The script of the arguments, and the hash of its blob. Raises MethodError."""
    arguments, keep, filters = call.arguments, call.context.store, call.context.need(Filters)
    if (arguments.script_id is None) == (arguments.blob_id is None):
        raise MethodError("invalidArguments", "scriptId or blobId is needed", arguments=["scriptId", "blobId"])
    if arguments.script_id is not None:
        script = await store.by_id(call.db, call.account_id, call.number(arguments.script_id) or 0)
        if script is None:
            raise MethodError("invalidArguments", "there is no such script", arguments=["scriptId"])
        return await filters.scripts.get(script.blob), script.blob
    try:
        source = await source_of(call, arguments.blob_id)
        readied = await filters.scripts.read(source)
    except NotFound:
        raise MethodError("invalidArguments", "there is no such blob", arguments=["blobId"]) from None
    except TooLarge as error:
        raise MethodError("requestTooLarge", error.sentence) from None
    except SieveError as error:
        wrong = invalid_sieve(error)
        raise MethodError("invalidSieve", wrong.description, **wrong.fields) from None
    return readied, await keep.blobs.put(source)


async def _messages(call: Call, most: int) -> list[int]:
    """The messages of the arguments. Raises MethodError."""
    arguments = call.arguments
    limit = min(most if arguments.limit is None else arguments.limit, most)
    if arguments.email_ids is not None:
        if len(arguments.email_ids) > most:
            raise MethodError("requestTooLarge", f"at most {most} messages")
        return [number for one in arguments.email_ids if (number := call.number(one))][:limit]
    if arguments.mailbox_id is None:
        mailbox_id = await mailboxes.by_role(call.db, call.account_id, "inbox")
    else:
        mailbox_id = call.number(arguments.mailbox_id)
    rows = await call.db.rows(
        """SELECT p.email_id FROM email_mailbox p JOIN mailbox m ON m.id = p.mailbox_id
        WHERE p.mailbox_id = ? AND m.account_id = ? ORDER BY p.received_ms DESC, p.email_id DESC LIMIT ?""",
        mailbox_id or 0, call.account_id, limit,
    )  # fmt: skip
    return [row[0] for row in rows]


def _shown(world: World, trial: Trial) -> Object:
    names = {world.boxes.names.get(number, "") for number in trial.mailbox_ids if trial.stays}
    names |= {place.name for place in trial.places}
    if trial.discarded:
        names |= {world.boxes.name_of("trash")}
    return {
        "emailId": ids.text(trial.email_id),
        "actions": list(trial.actions),
        "mailboxes": sorted(names - {""}),
        "keywords": sorted(trial.added),
        "error": trial.error,
    }


class Applier:
    """Handles the jobs of kind `sieve-apply`: a page of messages in each unit, with where they were, so that a run
    that was broken off goes on where it was."""

    def __init__(self, keep: Store, filters: Filters) -> None:
        self._keep, self._filters = keep, filters

    async def handle(self, job: Job) -> None:
        """One run."""
        try:
            readied = await self._filters.scripts.get(str(job.args["blob"]))
        except (NotFound, Invalid):  # the script is gone: nothing can be done with it any more
            return
        account_id, numbers = int(job.args["account"]), list(job.args["emails"])
        looked, changed = int(job.progress.get("looked", 0)), int(job.progress.get("changed", 0))
        while looked < len(numbers):
            world = await self._filters.world(account_id, readied)
            page = numbers[looked : looked + _PAGE]
            trials = await run_on(self._keep, self._filters, readied, world, page)
            looked, changed = await self._carry_out(job, trials, looked + len(page), changed)

    async def _carry_out(self, job: Job, trials: list[Trial], looked: int, changed: int) -> tuple[int, int]:
        account_id = int(job.args["account"])

        async def work(unit: Unit) -> int:
            await unit.tick(account_id)
            places = await mail.mailboxes_of(unit, [trial.email_id for trial in trials])
            edits = [
                edit
                for trial in trials
                if trial.mailbox_ids == set(places[trial.email_id])  # nobody has moved it since
                and (edit := await _edit(unit, account_id, trial)) is not None
            ]
            await _remember(unit, job.id, account_id, edits, trials)
            await mail.edit(unit, account_id, edits)
            await Jobs.note(unit, job, {"looked": looked, "changed": changed + len(edits)})
            return changed + len(edits)

        return looked, await self._keep.write(work)


async def _edit(unit: Unit, account_id: int, trial: Trial) -> Edit | None:
    """What changes for a message; None when nothing does."""
    targets = set(trial.mailbox_ids) if trial.stays else set()
    for place in trial.places:
        try:
            targets.add(await boxes.resolve(unit, account_id, place))
        except (Invalid, Conflict, OverQuota):
            targets |= trial.mailbox_ids
    if trial.discarded and (trash := await mailboxes.by_role(unit, account_id, "trash")):
        targets.add(trash)
    there = await unit.rows(
        f"SELECT id FROM mailbox WHERE account_id = ? AND id IN {marks(len(targets))}", account_id, *targets
    )
    mailbox_ids = frozenset(row[0] for row in there) or trial.mailbox_ids
    if (mailbox_ids == trial.mailbox_ids and not trial.added) or len(mailbox_ids) > MAILBOXES:
        return None
    keywords = trial.keywords | trial.added if trial.added else None
    return Edit(trial.email_id, keywords=keywords, mailbox_ids=mailbox_ids)


async def _remember(unit: Unit, job_id: int, account_id: int, edits: list[Edit], trials: list[Trial]) -> None:
    before = {trial.email_id: trial for trial in trials}
    now = clock.now_ms()
    rows = []
    for edit in edits:
        trial = before[edit.email_id]
        body = {
            "mailboxIds": {ids.text(number): True for number in sorted(trial.mailbox_ids)},
            "keywords": dict.fromkeys(sorted(trial.keywords), True),
        }
        rows.append((job_id, edit.email_id, account_id, now, msgspec.json.encode(body).decode()))
    await unit.many(
        """INSERT INTO sieve_undo (job_id, email_id, account_id, at_ms, body) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT DO NOTHING""",
        rows,
    )


METHODS = (
    Method(name="Filter/preview", capability=FILTERS, arguments=RunArguments, run=preview, scope=SCOPE),
    Method(
        name="Filter/apply",
        capability=FILTERS,
        arguments=RunArguments,
        run=apply,
        scope=SCOPE,
        right=Right.WRITE | Right.DELETE,
    ),
    Method(name="Filter/result", capability=FILTERS, arguments=ResultArguments, run=result, scope=SCOPE),
    Method(name="Filter/explain", capability=FILTERS, arguments=ExplainArguments, run=explain, scope=SCOPE),
)
