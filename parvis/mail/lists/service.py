"""Messages to a list on their way to all: into mailboxes here, and to readers outside each with its own sender, so
that what comes back is known (VERP) and goes to the owners. Sealed with ARC (RFC 8617), and from the list where the
author's domain would have it refused (RFC 7960 §4.1.3.1)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from parvis.access import directory
from parvis.access.principal import Principal
from parvis.kernel import clock, ids
from parvis.kernel.errors import NotFound
from parvis.kernel.resolver import Resolver
from parvis.kernel.settings import Settings
from parvis.mail import secrets, service
from parvis.mail.forwarding import found_before, sealed, sealing_key
from parvis.mail.lists import content, store
from parvis.mail.lists.content import Leaving
from parvis.mail.lists.intake import aligned, proven
from parvis.mail.lists.model import MailingList, Post, Reader
from parvis.mail.lists.words import ASK
from parvis.mail.queue.model import Letter, To
from parvis.mail.queue.recipients import with_room
from parvis.mail.queue.service import Queue
from parvis.mail.service import Delivered, Delivery, Hook
from parvis.mail.signing import Signer, author_domain
from parvis.mail.submission.content import needs
from parvis.store.jobs import Job, Jobs
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire import dkim, dmarc, mime
from parvis.wire.authres import Result
from parvis.wire.canonical import Text
from parvis.wire.dkim_keys import SigningKey
from parvis.wire.mime.compose import Addresses, Draft, DraftPart, Field, Raw, compose
from parvis.wire.mime.compose import Text as Words
from parvis.wire.smtp import is_address, split_address

_AT_ONCE = 50
"""Readers outside whose copies are queued in one unit."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a message to a list, whoever gets it."""

    results: tuple[Result, ...]
    speaks: bool
    keys: Sequence[SigningKey]
    secret: bytes


class Lists:
    """Handles the jobs of kind `list-post` and `list-ask`. What becomes of the copies is the list's to hear, not
    the author's. RFC 3461 §5.2.7.1"""

    def __init__(
        self,
        keep: Store,
        settings: Settings,
        queue: Queue,
        resolver: Resolver,
        public_url: str,
        hooks: Sequence[Hook] = (),
    ) -> None:
        self._keep, self._settings, self._queue, self._resolver = keep, settings, queue, resolver
        self._signer, self._web, self._hooks = Signer(keep, settings), public_url, tuple(hooks)

    async def post(self, job: Job) -> None:
        """One message to everybody: first to members here in one unit, then to readers outside some at a time. What
        was done is noted in the unit that does it, so that nobody has it twice."""
        found = await store.post(self._keep.db, int(job.args["post"]))
        of = await store.by_id(self._keep.db, found.group_id) if found else None
        if found is None or of is None or found.state == "held":
            return
        raw = await self._keep.blobs.get(found.blob)
        known = await self._known(of, found, raw)
        if found.state == "ready":
            await self._to_members(found, of, raw)
        after = int(job.progress.get("after", 0))
        while readers := await store.readers(self._keep.db, of.id, after, _AT_ONCE):
            await self._to_readers(job, of, raw, known, readers)
            after = readers[-1].id
        await self._keep.write(partial(store.drop, group_id=of.id, number=found.id))

    async def _known(self, of: MailingList, post: Post, raw: bytes) -> _Known:
        results = found_before(raw, self._settings.hostname)
        keys: list[SigningKey] = []
        if of.domain in self._settings.domains:
            keys = [one.key for one in await self._signer.keys(of.domain) if one.state == "signs"]
        speaks = await self._speaks(post.author, raw, results)
        return _Known(results, speaks, keys, await secrets.secret(self._keep))

    async def _speaks(self, author: str, raw: bytes, results: tuple[Result, ...]) -> bool:
        """Whether the list must write in its own name: the author's domain wants what is not proven to be refused,
        and no signature of its holds any more."""
        domain = split_address(author)[1]
        if domain in self._settings.domains:  # signed as it leaves
            return False
        if content.holds(raw, aligned(proven(results), author)):
            return False
        policy = await dmarc.discover(self._resolver, domain)
        return policy is not None and policy.wish() != "none"

    async def _to_members(self, post: Post, of: MailingList, raw: bytes) -> None:
        accounts = await with_room(self._keep.db, await store.members(self._keep.db, of.id), len(raw))
        deliveries = [Delivery(account, of.address) for account in accounts]
        copy = content.passed_on(raw, of, Leaving(of.at("leave")), speaks=False)

        async def note(unit: Unit, one: Delivered) -> None:
            if one.delivery is deliveries[0]:
                await store.begin(unit, post.id)

        if not deliveries:
            await self._keep.write(partial(store.begin, number=post.id))
            return
        bounces = of.at("bounces")
        copy = f"Return-Path: <{bounces}>\r\n".encode() + copy
        await service.deliver(self._keep, deliveries, copy, mail_from=bounces, hooks=(*self._hooks, note))

    async def _to_readers(
        self, job: Job, of: MailingList, raw: bytes, known: _Known, readers: Sequence[Reader]
    ) -> None:
        letters = [await self._letter(of, raw, known, reader) for reader in readers]
        destinations = [await self._queue.destinations(letter) for letter in letters]

        async def work(unit: Unit) -> None:
            for letter, each in zip(letters, destinations, strict=True):
                await Queue.add(unit, letter, each)
            await Jobs.note(unit, job, {"after": readers[-1].id})

        await self._keep.write(work)

    async def _letter(self, of: MailingList, raw: bytes, known: _Known, reader: Reader) -> Letter:
        word = secrets.token(known.secret, "leave", reader.id)
        leaving = Leaving(of.at("leave", word), f"{self._web}/lists/leave/{word}")
        copy = await asyncio.to_thread(self._sealed, raw, of, known, leaving)
        needs_8bit, needs_utf8 = needs(copy)
        sender = of.at("bounces", reader.address.replace("@", "="))
        return Letter(
            account_id=of.id,
            sender=sender if is_address(sender) else of.at("bounces"),
            to=(To(reader.address),),
            blob=await self._keep.blobs.put(copy),
            size=len(copy),
            needs_8bit=needs_8bit,
            needs_utf8=needs_utf8,
        )

    def _sealed(self, raw: bytes, of: MailingList, known: _Known, leaving: Leaving) -> bytes:
        """The copy of a reader outside, sealed and signed by the list's domain; when the list speaks itself, the
        queue signs it as it leaves."""
        copy = content.passed_on(raw, of, leaving, speaks=known.speaks)
        key = sealing_key(known.keys)
        if key is None:
            return copy
        text = Text(copy)
        if author_domain(text) not in self._settings.domains:
            copy = dkim.sign(text, known.keys, clock.now_ms() // 1000) + copy
        return sealed(copy, key, self._settings.hostname, known.results)

    async def ask(self, job: Job) -> None:
        """Tells the moderators of a message that waits for them, each in their language."""
        found = await store.post(self._keep.db, int(job.args["post"]))
        of = await store.by_id(self._keep.db, found.group_id) if found else None
        if found is None or of is None or found.state != "held":
            return
        raw = await self._keep.blobs.get(found.blob)
        word = secrets.token(await secrets.secret(self._keep), "moderate", found.id)
        told = set(job.progress.get("told", []))
        for number in await store.moderators(self._keep.db, of.id):
            if number not in told:
                told.add(number)
                await self._asked(job, of, found, raw, word, number, sorted(told))

    async def _asked(
        self, job: Job, of: MailingList, post: Post, raw: bytes, word: str, number: int, told: list[int]
    ) -> None:
        try:
            who = await directory.by_id(self._keep.db, number)
        except NotFound:
            return

        async def note(unit: Unit, _: Delivered) -> None:
            await Jobs.note(unit, job, {"told": told})

        message = question(of, post, raw, word, who)
        await service.deliver(self._keep, [Delivery(number, who.address)], message, hooks=(note,))

    async def leave(self, word: str) -> bool:
        """A reader outside leaves by the word that only they have. RFC 8058 §3.2"""
        number = secrets.number_of(await secrets.secret(self._keep), "leave", word)
        reader = await store.reader_of(self._keep.db, number) if number else None
        if reader is None:
            return False
        await self._keep.write(partial(store.leave, group_id=reader[0], address=reader[1]))
        return True


def question(of: MailingList, post: Post, raw: bytes, word: str, who: Principal) -> bytes:
    """What a moderator is asked, with the message attached."""
    words = ASK[who.language]
    values = {"name": of.name, "address": of.address, "author": post.author, "subject": post.subject}
    values |= {"why": post.why, "days": str(store.HELD_MS // 86_400_000)}
    fields = (
        Field("From", Addresses((mime.Address(of.name, of.at("owner")),))),
        Field("Reply-To", Addresses((mime.Address(None, of.at("moderate", word)),))),
        Field("To", Addresses((mime.Address(who.name, who.address),))),
        Field("Subject", Words(words["subject"].format(**values))),
        Field("Auto-Submitted", Raw("auto-generated")),
    )
    structure = DraftPart(
        "multipart/mixed",
        children=(
            DraftPart("text/plain", words["text"].format(**values), language=(who.language,)),
            DraftPart("message/rfc822", raw, disposition="attachment"),
        ),
    )
    draft = Draft(clock.now(), f"{ids.text(ids.new_id())}@{of.domain}", fields, structure)
    return compose(draft, iter(lambda: ids.text(ids.new_id()), ""))
