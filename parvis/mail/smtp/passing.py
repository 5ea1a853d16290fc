"""Mail from other servers that ends in no mailbox here: for lists, and what comes back for what we passed on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from parvis.kernel.settings import Settings
from parvis.mail.forwarding import Forwarder
from parvis.mail.lists.intake import Intake, Judged, author_of, is_authentic
from parvis.mail.queue.model import Letter, To
from parvis.mail.queue.recipients import Found, administrators
from parvis.mail.queue.service import Queue
from parvis.mail.submission.content import needs
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.authres import Result
from parvis.wire.mime.fields import domain_as_ascii


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done in the unit that accepts the message."""

    judged: tuple[Judged, ...] = ()
    letters: tuple[tuple[Letter, list[str]], ...] = ()
    blob: str = ""
    size: int = 0

    @property
    def refusal(self) -> str:
        """Why nothing of it may be done; empty when something may."""
        if self.letters or not self.judged or any(one.act != "refuse" for one in self.judged):
            return ""
        return self.judged[0].why

    async def keep(self, unit: Unit) -> None:
        """Does it. What a list refuses beside recipients who have the message waits for a moderator."""
        for one in self.judged:
            held = replace(one, act="hold") if one.act == "refuse" and one.author else one
            await Intake.keep(unit, held, self.blob, self.size)
        for letter, destinations in self.letters:
            await Queue.add(unit, letter, destinations)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message, what was found out about it, and how much of it we have put before it; `results` is None for one
    from this machine, which is believed."""

    raw: bytes
    start: int
    sender: str
    results: tuple[Result, ...] | None


class PassingOn:
    """Plans it."""

    def __init__(self, keep: Store, settings: Settings, queue: Queue) -> None:
        self._keep, self._queue, self._intake = keep, queue, Intake(keep, settings)
        self._forwarder = Forwarder(keep, settings)

    async def plan(self, targets: Sequence[Found], message: Arrived) -> Plan:
        """What is to be done for these recipients. Raises ParvisError or OSError when it cannot be kept now."""
        if not targets:
            return Plan()
        known = message.results is None or is_authentic(message.results, author_of(message.raw))
        judged = [
            await self._intake.judge(one.list, message.raw, message.sender, authentic=known)
            for one in targets
            if one.list is not None
        ]
        letters = [
            letter for one in targets if one.returns and (letter := await self._letter(one.returns, message))
        ]
        sending = [(letter, await self._queue.destinations(letter)) for letter in letters]
        blob = await self._keep.blobs.put(message.raw) if judged else ""
        return Plan(tuple(judged), tuple(sending), blob, len(message.raw))

    async def _letter(self, address: str, message: Arrived) -> Letter | None:
        """A notification for the one who was first, in the name of an administrator, since nobody here wrote it."""
        owners = await administrators(self._keep.db)
        if not owners:
            return None
        raw = await self._forwarder.sealed(message.raw[message.start :], "", message.results or ())
        needs_8bit, needs_utf8 = needs(raw)
        return Letter(
            account_id=owners[0],
            sender="",
            to=(To(domain_as_ascii(address), notify="NEVER"),),
            blob=await self._keep.blobs.put(raw),
            size=len(raw),
            needs_8bit=needs_8bit,
            needs_utf8=needs_utf8,
        )
