"""What a script wants done with a message, and doing it in the unit of its delivery."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from parvis.access import directory
from parvis.kernel.errors import Conflict, Invalid, OverQuota
from parvis.mail import service
from parvis.mail.imap import flags
from parvis.mail.message import Parsed
from parvis.mail.model import keyword_set
from parvis.mail.queue.service import Queue
from parvis.mail.service import Arrival, Delivery, Kept
from parvis.mail.sieve import boxes, log, store
from parvis.mail.sieve.boxes import Boxes, Place
from parvis.mail.sieve.letters import Letters, Owner, Sending
from parvis.mail.sieve.log import Note
from parvis.mail.sieve.scripts import Readied
from parvis.mail.store import New
from parvis.mail.submission.senders import of_account
from parvis.mail.vacation import responder
from parvis.store.blobs.contract import Step, stored
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.sieve import Discard, FileInto, Keep, Marked, Notify, Outcome, Redirect, Reject, Tracked, Vacation
from parvis.wire.sieve import Step as Acted

_GENERAL = "The recipient does not accept this message"


@dataclass(slots=True)
class Copy:
    """A message to be kept, in one or more mailboxes; None is where the delivery says."""

    parsed: Parsed
    blob: str
    step: Step
    places: list[Place | None] = field(default_factory=list)
    keywords: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FilterPlan:
    """See mail.service.Plan."""

    keep: Store
    arrival: Arrival
    delivery: Delivery
    copies: tuple[Copy, ...] = ()
    sendings: tuple[Sending, ...] = ()
    tracked: tuple[Tracked, ...] = ()
    notes: tuple[Note, ...] = ()
    reject: Reject | None = None

    @property
    def refusal(self) -> str | None:
        """The words of a refusal that can be said in SMTP; others go to the sender in a notice. RFC 5429 §2.1.1"""
        if self.reject is None or self.reject.reason.isascii():
            return None if self.reject is None else self.reject.reason
        return _GENERAL if self.reject.ereject else None

    async def carry_out(self, unit: Unit) -> Kept:
        """Keeps, sends, remembers and notes."""
        account_id = self.delivery.account_id
        news = [await self._new(unit, copy) for copy in self.copies]
        emails = await service.arrived(unit, self.keep, account_id, news) if news else ()
        for sending in self.sendings:
            await self._send(unit, sending)
        for one in self.tracked:
            key = store.seen_hash("duplicate", one.key)
            await store.remember(unit, account_id, key, one.seconds, again=one.last)
        if self.notes:
            await log.write(unit, account_id, emails[0].id if emails else 0, self.notes)
        places = [place for copy in self.copies for place in copy.places]
        return Kept(emails, bool(places) and all(self._is_junk(place) for place in places))

    async def note_refusal(self, unit: Unit) -> None:
        """See mail.service.Plan."""
        await log.write(unit, self.delivery.account_id, 0, self.notes)

    def _is_junk(self, place: Place | None) -> bool:
        return (self.delivery.role if place is None else place.role) == "junk"

    async def _new(self, unit: Unit, copy: Copy) -> New:
        await copy.step(unit)
        targets = {await self._target(unit, place) for place in copy.places}
        return New(copy.parsed, copy.blob, frozenset(targets), copy.keywords, self.arrival.received_ms)

    async def _target(self, unit: Unit, place: Place | None) -> int:
        """The mailbox of a place; where the delivery says when it has gone since, or cannot be made."""
        account_id = self.delivery.account_id
        if place is not None:
            try:
                number = await boxes.resolve(unit, account_id, place)
            except (Invalid, Conflict, OverQuota):
                number = 0
            if await unit.value("SELECT 1 FROM mailbox WHERE id = ? AND account_id = ?", number, account_id):
                return number
        return await service.landing(unit, self.delivery)

    async def _send(self, unit: Unit, sending: Sending) -> None:
        if sending.answers:  # VacationResponse keeps silent then, also when this filter has said it before
            await responder.is_first(unit, self.delivery.account_id, sending.answers)
        if sending.once is not None:
            hash_, seconds = sending.once
            if not await store.remember(unit, self.delivery.account_id, hash_, seconds):
                return
        await sending.step(unit)
        await Queue.add(unit, sending.letter, sending.destinations)


class Builder:
    """From the outcome of a script to a plan, for one recipient."""

    def __init__(self, keep: Store, letters: Letters, arrival: Arrival, delivery: Delivery, name: str) -> None:
        self._keep, self._letters, self._arrival, self._delivery = keep, letters, arrival, delivery
        self._name = name
        self._copies: dict[str, Copy] = {}
        self._sendings: list[Sending] = []
        self._notes: list[Note] = []
        self._owner: Owner | None = None
        self._failed = False
        """Was something not done that would have taken the message elsewhere?"""

    def kept(self, error: str) -> FilterPlan:
        """The message as it came, because of an error. RFC 5228 §2.10.6"""
        self._note("error", error=error)
        copy = self._as_it_came()
        copy.places.append(None)
        return self._plan(copies=(copy,))

    async def plan(self, readied: Readied, found: Boxes, outcome: Outcome) -> FilterPlan:
        """What the outcome asks for."""
        reject = None
        if outcome.error is not None:
            self._error(readied, outcome)
        for step in outcome.steps:
            action = step.action
            if isinstance(action, Keep):
                await self._store(step, action.flags, None)
            elif isinstance(action, FileInto):
                await self._file(readied, found, step, action)
            elif isinstance(action, Reject):
                reject = action
                sending = await self._letters.refuse(await self.owner(), self._arrival, self._delivery, action)
                self._sent(readied, step, "reject", action.reason, [sending])
            elif isinstance(action, Discard):
                self._acted(readied, step, "discard")
            else:
                await self._send(readied, step, action)
            if isinstance(action, Keep) and not action.implicit:
                self._acted(readied, step, "keep")
        for marked in outcome.marked:
            self._acted(readied, marked, "flag", " ".join(marked.flags))
        if self._failed and not self._copies:
            self._as_it_came().places.append(None)
        return self._plan(tuple(self._copies.values()), outcome.tracked, reject)

    def _plan(
        self, copies: tuple[Copy, ...], tracked: tuple[Tracked, ...] = (), reject: Reject | None = None
    ) -> FilterPlan:
        return FilterPlan(
            self._keep, self._arrival, self._delivery, copies, tuple(self._sendings), tracked,
            tuple(self._notes), reject,
        )  # fmt: skip

    async def owner(self) -> Owner:
        """Whose filter it is, read when first needed."""
        if self._owner is None:
            person = await directory.by_id(self._keep.db, self._delivery.account_id)
            self._owner = Owner(person, await of_account(self._keep.db, person.id))
        return self._owner

    def _as_it_came(self) -> Copy:
        """The message unchanged; the delivery stores its bytes."""
        arrival = self._arrival
        copy = Copy(arrival.parsed, arrival.blob, stored, [], self._delivery.keywords)
        return self._copies.setdefault(arrival.blob, copy)

    async def _store(self, step: Acted, given: Sequence[str], place: Place | None) -> None:
        """One message for all places that get the same bytes. RFC 5293 §7"""
        raw = step.rewritten(self._arrival.raw)
        copy = self._as_it_came() if raw is self._arrival.raw else await self._edited(raw)
        if place not in copy.places:
            copy.places.append(place)
        try:
            copy.keywords = keyword_set(copy.keywords | flags.read(given)[0])
        except Invalid:
            copy.keywords = self._delivery.keywords

    async def _edited(self, raw: bytes) -> Copy:
        blob, step = await self._keep.blobs.join(raw)
        if blob not in self._copies:
            self._copies[blob] = Copy(await service.read(raw), blob, step, [], self._delivery.keywords)
        return self._copies[blob]

    async def _file(self, readied: Readied, found: Boxes, step: Acted, action: FileInto) -> None:
        place = found.place(action)
        error = "" if place is not None else "There is no mailbox of that name; the message was kept."
        await self._store(step, action.flags, place)
        self._acted(readied, step, "fileinto", action.mailbox if place is None else place.name, error)

    async def _send(self, readied: Readied, step: Acted, action: Redirect | Vacation | Notify) -> None:
        name, target = type(action).__name__.lower(), ""
        owner, sendings = await self.owner(), list[Sending | None]()
        try:
            if isinstance(action, Redirect):
                target, raw = action.address, step.rewritten(self._arrival.raw)
                sendings = [await self._letters.redirect(owner, self._arrival, self._delivery, raw, action)]
            elif isinstance(action, Vacation):
                target = self._arrival.mail_from
                sendings = [await self._letters.vacation(owner, self._arrival, self._delivery, action)]
            else:
                target = action.method
                sendings += await self._letters.notify(owner, self._arrival, action)
        except Invalid as invalid:
            self._failed = self._failed or isinstance(action, Redirect)
            self._acted(readied, step, name, target, invalid.sentence)
        self._sent(readied, step, name, target, sendings)

    def _sent(
        self, readied: Readied, step: Acted, name: str, target: str, sendings: Sequence[Sending | None]
    ) -> None:
        ready = [sending for sending in sendings if sending is not None]
        self._sendings += ready
        if ready or name == "reject":
            self._acted(readied, step, name, target)

    def _acted(
        self, readied: Readied, step: Acted | Marked, action: str, target: str = "", error: str = ""
    ) -> None:
        tests = tuple(log.Test(held.line, log.shortened(held.text)) for held in step.tests)
        rule = None if step.script else readied.rule(step.line)
        self._note(action, target, error, script=step.script, line=step.line, rule=rule, tests=tests)

    def _error(self, readied: Readied, outcome: Outcome) -> None:
        assert outcome.error is not None
        line, script = outcome.error.line, outcome.error_script
        rule = None if script else readied.rule(line)
        self._note("error", error=outcome.error.sentence, script=script, line=line, rule=rule)

    def _note(
        self,
        action: str,
        target: str = "",
        error: str = "",
        *,
        script: str = "",
        line: int = 0,
        rule: str | None = None,
        tests: tuple[log.Test, ...] = (),
    ) -> None:
        summary = self._arrival.parsed.summary
        sender = next((each["email"] or "" for each in summary["from"] or ()), "")
        self._notes.append(
            Note(
                script=script or self._name,
                line=line,
                rule=rule,
                action=action,
                target=log.shortened(target),
                tests=tests,
                error=log.shortened(error),
                sender=log.shortened(sender),
                subject=log.shortened(summary["subject"] or ""),
            )
        )
