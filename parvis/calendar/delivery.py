"""Messages between those who take part: out of jobs into the calendars of people of this server and into the mail
of others; and what comes in by either way. RFC 6638 §3.2, RFC 6047"""

import logging
from collections.abc import Collection
from functools import partial

import msgspec

from parvis.access import directory
from parvis.access.principal import Principal
from parvis.calendar import (
    approval,
    calendars,
    copies,
    delivered,
    draft,
    events,
    inbox,
    letters,
    notices,
    outgoing,
    proposals,
    resources,
)
from parvis.calendar.draft import parsed
from parvis.calendar.events import Kept
from parvis.calendar.public import files
from parvis.kernel import clock
from parvis.kernel.errors import Conflict, Invalid, NotFound, OverQuota, TooLarge
from parvis.kernel.events import Event
from parvis.serve import scheduling
from parvis.serve.context import Context
from parvis.serve.post import CALENDAR_MAIL, SETTLED, Post, Sending
from parvis.serve.scheduling import Keeper
from parvis.store.jobs import Job, Jobs, Retry
from parvis.store.unit import Unit
from parvis.wire.contentlines import BadContent
from parvis.wire.ical import calendar, itip, managed
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.itip import status
from parvis.wire.ical.itip.message import organizer

FOLLOWER = "calendar-mail"
_TURNS, _TURN_MS = 30, 500
"""How often a message lets an older one go first, and the step by which it waits longer: some 40 s in all."""
_UNTOLD = frozenset({"refreshed", "outdated", "left", "unknown"})
"""What came and changed nothing: no program tells of it."""
_log = logging.getLogger(__name__)


class Deliverer:
    """Handles the jobs of kind `calendar-deliver`, and follows the mail that has iCalendar in it."""

    def __init__(self, context: Context) -> None:
        self._context, self._store = context, context.store

    @property
    def _keeper(self) -> Keeper | None:
        """Who has tasks, when somebody does."""
        return self._context.services.get(Keeper)

    async def handle(self, job: Job) -> None:
        """Delivers a message to each of its recipients, each once, and notes in the sender's event what came of
        it."""
        number = int(job.args["message"])
        row = await self._store.db.row(
            "SELECT account_id, recipients, data FROM calendar_message WHERE id = ?", number
        )
        if row is None:
            return
        account_id, recipients, data = row
        message = itip.read(calendar.read(bytes(data)))
        await self._in_turn(job, account_id, message.uid, number)
        done = dict(job.progress.get("done", {}))
        for recipient in msgspec.json.decode(recipients):
            if recipient not in done:
                done[recipient] = await self._one(job, account_id, message, recipient, done)

        async def finish(unit: Unit) -> None:
            await unit.run("DELETE FROM calendar_message WHERE id = ?", number)
            await delivered.note(unit, account_id, message.uid, number, done, self._keeper)
            if message.method == "REQUEST":
                await _caught_up(unit, account_id, message.uid)

        await self._store.write(finish)

    async def _in_turn(self, job: Job, account_id: int, uid: str, number: int) -> None:
        """Raises Retry while an older message about the same is on its way: nobody is invited to what was called
        off before. Not for ever: what cannot be delivered holds nothing up."""
        older = "SELECT 1 FROM calendar_message WHERE account_id = ? AND uid = ? AND id < ? LIMIT 1"
        if job.attempts <= _TURNS and await self._store.db.value(older, account_id, uid, number):
            raise Retry(
                clock.now_ms() + _TURN_MS * (job.attempts // 5), "an older message about the same goes first"
            )

    async def _one(
        self, job: Job, account_id: int, message: itip.Message, recipient: str, done: dict[str, str]
    ) -> str:
        """Delivers to one; what came of it, as SCHEDULE-STATUS, and empty where nothing is said."""
        if not recipient.lower().startswith("mailto:"):
            return status.NO_SERVICE
        address = recipient.partition(":")[2]
        person = await directory.by_address(self._store.db, address) if address else None
        sender = await directory.by_id(self._store.db, account_id)
        sending = await self._letter(sender, message, address) if person is None else None
        if person is None and sending is None:
            return status.UNDELIVERABLE if self._context.services.get(Post) is None else status.NOBODY

        async def work(unit: Unit) -> str:
            said = status.PENDING
            if person is not None:
                said = ""
                if person.id != account_id:
                    said = await receive(unit, person, message, sender, keeper=self._keeper)
            elif sending is not None:
                letter = await sending(unit)
                await delivered.follow(unit, account_id, message.uid, int(job.args["message"]), letter, recipient)
            await Jobs.note(unit, job, {"done": done | {recipient: said}})
            return said

        return await self._store.write(work)

    async def _letter(self, sender: Principal, message: itip.Message, address: str) -> Sending | None:
        """The message as mail (RFC 6047); None without mail, or to an address that is none."""
        post: Post | None = self._context.services.get(Post)
        if post is None:
            return None
        if managed.ids_of(message.series):
            opened = partial(files.opened, account_id=sender.id, message=message, address=address)
            message = await self._store.write(partial(opened, base=self._context.public_url))
        try:
            return await post.written(letters.letter(sender, message, address))
        except (Invalid, NotFound) as error:
            _log.info("an invitation is not sent: %s", error.sentence)
            return None

    async def follow(self, page: list[Event]) -> None:
        """Invitations and answers that came by mail, from whom they say they are; what became of letters; and
        messages of other rooms."""
        post = self._context.services.get(Post)
        for event in page:
            if event.account_id is None:
                continue
            if event.kind == CALENDAR_MAIL and post is not None:
                await self._mail(post, event.account_id, int(event.body["email"]))
            elif event.kind == SETTLED:
                settled = partial(
                    delivered.settled, account_id=event.account_id, told=event.body, keeper=self._keeper
                )
                await self._store.write(settled)
            elif event.kind == scheduling.MESSAGES:
                messages = scheduling.sent(event.body)
                await self._store.write(partial(outgoing.add, account_id=event.account_id, messages=messages))

    async def _mail(self, post: Post, account_id: int, email_id: int) -> None:
        try:
            person = await directory.by_id(self._store.db, account_id)
            mail = await post.calendar_of(person, account_id, email_id)
        except NotFound:
            return
        if not mail.authentic or not mail.author:
            return
        for content in mail.contents:
            try:
                message = itip.read(calendar.read(content, draft.LIMITS))
            except (BadCalendar, BadContent):
                continue
            writer = await directory.by_address(self._store.db, mail.author)
            await self._store.write(
                partial(
                    _mailed, person=person, message=message, author=mail.author, writer=writer, keeper=self._keeper
                )
            )


async def _mailed(
    unit: Unit,
    person: Principal,
    message: itip.Message,
    author: str,
    writer: Principal | None,
    keeper: Keeper | None = None,
) -> None:
    """A message that came by mail, from who may send it, unless that is somebody of this server: then it has come
    already. Who hands an invitation on to somebody tells them only of what they do not know."""
    speaker = f"mailto:{author}"
    if speaker not in itip.speakers(message):
        handed_on = speaker in itip.delegators(message, await scheduling.me(unit, person.id))
        if not handed_on or await events.by_uid(unit, person.id, message.uid) is not None:
            return
    elif await approval.replied(unit, person, message, writer):
        return
    if await unit.value("SELECT 1 FROM address WHERE address = ?", author) is None:
        await receive(unit, person, message, None, author, keeper)


async def _caught_up(unit: Unit, account_id: int, uid: str) -> None:
    """Who has got an invitation sees the answers that came in while it was on its way."""
    found = await events.by_uid(unit, account_id, uid)
    if found is not None:
        await copies.spread(unit, found[0], parsed(found[0].etag, found[1]))


async def receive(
    unit: Unit,
    person: Principal,
    message: itip.Message,
    sender: Principal | None,
    author: str = "",
    keeper: Keeper | None = None,
) -> str:
    """Does what a message says to the calendars of an account, or to its tasks, which a `keeper` has (RFC 6638
    §4.1, §4.2). Returns what is to be said of it to who sent it, as SCHEDULE-STATUS; a message that cannot be
    carried out changes nothing. `author` is the address of who sent it, when that is nobody of this server."""
    if await approval.replied(unit, person, message, sender):
        return status.DELIVERED
    try:
        if message.series.kind == "VTODO" and keeper is not None:
            outcome = await keeper.received(unit, person, message, sender, author)
        else:
            outcome = await _received(unit, person, message, sender, author)
    except (BadCalendar, Conflict, Invalid, OverQuota, TooLarge) as error:
        _log.info("a calendar message is passed over: %s", error.sentence)
        return status.UNDELIVERABLE
    if outcome.answer is not None:
        await outgoing.add(unit, person.id, [outcome.answer])
    if outcome.happened == "refused":
        return status.REFUSED
    if person.kind == "person" and outcome.happened not in _UNTOLD:
        await inbox.deliver(unit, person.id, message)
    return status.DELIVERED if await calendars.default_of(unit, person.id) is not None else status.NO_SUPPORT


async def _received(
    unit: Unit, person: Principal, message: itip.Message, sender: Principal | None, author: str
) -> itip.Outcome:
    stored = await events.by_uid(unit, person.id, message.uid)
    mine = await scheduling.me(unit, person.id)
    before = parsed(stored[0].etag, stored[1]) if stored is not None else None
    outcome = itip.received(before, message, mine, clock.now_ms())
    await _carry_out(unit, person, message, stored, outcome, sender)
    if stored is not None and outcome.happened in ("countered", "declined-counter"):
        speaking = await scheduling.me(unit, sender.id) if sender is not None else {f"mailto:{author}"}
        await _countered(unit, message, stored, outcome, sender, speaking)
    if stored is not None and before is not None and outcome.uninvited and organizer(before) in mine:
        found = await events.kept(unit, person.id, stored[0].id)
        if await proposals.answered(unit, found, message, outcome.uninvited):
            await notices.add(unit, found[0], "updated", message, sender, found, None)
    return outcome


async def _carry_out(
    unit: Unit,
    person: Principal,
    message: itip.Message,
    stored: Kept | None,
    outcome: itip.Outcome,
    sender: Principal | None,
) -> None:
    series = outcome.series
    if series is None:
        return
    if stored is None:
        await _added(unit, person, message, series, sender)
        return
    before = calendar.read(stored[1])
    made = draft.made(itip.with_zones(series, before, outcome.zones), stored[1])
    known = parsed(stored[0].etag, stored[1])
    await events.replace(unit, stored[0], known, made, scheduled=outcome.happened != "replied")
    await outgoing.ring(unit, stored[0], made.series)
    await outgoing.moved(unit, stored[0], known, made.series)
    await notices.add(unit, stored[0], "updated", message, sender, stored, made)
    if outcome.happened == "replied":
        await copies.spread(unit, stored[0], made.series)
    if calendar.cancelled(made.series.first):
        await events.decided(unit, stored[0].id)
    if message.method == "REQUEST":
        await resources.answer(unit, person, await events.kept(unit, person.id, stored[0].id))


async def _countered(
    unit: Unit,
    message: itip.Message,
    stored: Kept,
    outcome: itip.Outcome,
    sender: Principal | None,
    speaking: Collection[str],
) -> None:
    """Another time that a guest proposes is kept for the organizer; what they decline is over. RFC 5546 §3.2.7"""
    if outcome.happened == "countered":
        if not await proposals.received(unit, stored, message, speaking):
            return
    elif not await proposals.declined(unit, stored, message):
        return
    await notices.add(unit, stored[0], "updated", message, sender, stored, None)


async def _added(
    unit: Unit, person: Principal, message: itip.Message, series: Series, sender: Principal | None
) -> None:
    """A new invitation goes into the calendar that new events go into. RFC 6638 §4.3"""
    calendar_id = await calendars.default_of(unit, person.id)
    if calendar_id is None:
        return
    made = draft.made(itip.with_zones(series, message.calendar, ()))
    row = await events.insert(unit, person.id, calendar_id, made)
    await outgoing.ring(unit, row, made.series)
    await notices.add(unit, row, "created", message, sender, None, made)
    await resources.answer(unit, person, (row, made.data))
