"""Mail from people's own programs: signed in, from an address of theirs, into the queue. RFC 6409,
RFC 5321 §3.6.3"""

import asyncio
import logging

from parvis.access import sessions
from parvis.kernel.errors import ParvisError
from parvis.kernel.settings import Settings
from parvis.mail.queue.model import Letter, To
from parvis.mail.queue.recipients import find
from parvis.mail.queue.service import Queue
from parvis.mail.smtp.auth import Authenticator, offered
from parvis.mail.smtp.session import Session, Transaction
from parvis.mail.smtp.spool import LARGE_AT_ONCE
from parvis.mail.smtp.trace import HOPS, hops, received
from parvis.mail.submission.content import Content, needs
from parvis.mail.submission.senders import Voice, voice
from parvis.serve.lines.connection import Connection
from parvis.store.store import Store
from parvis.wire.mime.fields import domain_as_ascii
from parvis.wire.smtp import MailFrom, RcptTo, Reply, encode_xtext, reply

_log = logging.getLogger(__name__)
_SIGN_IN = reply(530, "5.7.0", "Sign in first")
_LATER = reply(451, "4.3.0", "Not stored; try again")


class Submitter:
    """The policy of ports 587 and 465: people who are here may send, to anybody."""

    def __init__(self, keep: Store, settings: Settings, queue: Queue) -> None:
        self.settings, self.blobs = settings, keep.blobs
        self.large = asyncio.Semaphore(LARGE_AT_ONCE)
        self._keep, self._queue = keep, queue
        self._authenticator = Authenticator(keep)

    async def serve(self, client: Connection) -> None:
        """The session of one client; see serve.lines.Door."""
        await Session(client, self).run()

    def extensions(self, session: Session) -> list[str]:
        """See Policy. RFC 6409 §7"""
        return ["DSN", *(["AUTH PLAIN LOGIN"] if offered(session) else [])]

    async def command(self, session: Session, verb: str, argument: str) -> Reply | None:
        """See Policy."""
        return await self._authenticator.answer(session, argument) if verb == "AUTH" else None

    async def sender(self, session: Session, mail: MailFrom) -> Reply | None:
        """See Policy: only an address of the one who is signed in, and still is, or of whom they may write for. RFC
        6409 §4.3"""
        who = session.principal
        if who is None or not await sessions.lives(self._keep, who, session.signed_in_ms):
            session.principal = None
            return _SIGN_IN
        if mail.sender and await voice(self._keep.db, who, [mail.sender]) is None:
            return reply(550, "5.7.1", "This is not one of your addresses")
        return None

    async def recipient(self, session: Session, transaction: Transaction, rcpt: RcptTo) -> Reply | None:
        """See Policy: anybody who can be reached, by a whole address (RFC 6409 §4.2, §5.1); not more in a minute
        than a person writes."""
        assert session.principal is not None
        if not self._queue.allows(session.principal, 1):
            return reply(450, "4.7.1", "Too many recipients in a short time; try again later")
        found = await find(self._keep, self.settings, rcpt.recipient)
        if found.where == "nowhere" or found.returns:
            return reply(550, "5.1.1", "Nobody has this address")
        transaction.targets.append(_to(rcpt))
        return None

    async def head(self, session: Session, transaction: Transaction) -> bytes:
        """See Policy: Received."""
        return received(session.arrival(transaction))

    async def accept(self, session: Session, transaction: Transaction, raw: bytes) -> Reply:
        """See Policy: into the queue; 250 after that is durable. What breaks the rules is refused now rather than
        returned later, and why is logged. RFC 6409 §3.2, §5.2"""
        assert session.principal is not None
        if hops(raw) > HOPS:
            return reply(554, "5.4.6", "This message runs in a circle")
        content = Content.read(raw)
        if content.faults():
            return reply(554, "5.6.0", "The message needs one From field")
        by = [address.email for address in content.addresses("From")]
        said = await voice(self._keep.db, session.principal, by)
        if said is None:
            return reply(550, "5.7.1", f"From: {by[0]} is not one of your addresses")
        if not said.writer and (refused := said.senders.refused(_named(content))):
            return reply(550, "5.7.1", f"Sender: {refused[0]} is not one of your addresses")
        try:
            await self._queue.send(await self._letter(said, transaction, content))
        except (ParvisError, OSError) as error:
            _log.warning("a message of %s was not queued: %s", session.principal.address, error)
            return _LATER
        return reply(250, "2.0.0", "Queued")

    async def _letter(self, said: Voice, transaction: Transaction, content: Content) -> Letter:
        mail, raw = transaction.mail, content.to_send(self.settings.hostname, said.writer)
        needs_8bit, needs_utf8 = needs(raw)
        to = {one.address.lower(): one for one in transaction.targets}
        return Letter(
            account_id=said.account_id,
            sender=domain_as_ascii(mail.sender) if mail.sender else "",
            to=tuple(to.values()),
            blob=await self._keep.blobs.put(raw),
            size=len(raw),
            needs_8bit=needs_8bit,
            needs_utf8=needs_utf8 or not all(each.isascii() for each in (mail.sender, *to)),
            ret=mail.ret or "",
            envid=encode_xtext(mail.envid or ""),
            written_to=content.written_to(),
        )


def _named(content: Content) -> list[str]:
    return [address.email for address in content.addresses("Sender")]


def _to(rcpt: RcptTo) -> To:
    orcpt = f"{rcpt.orcpt[0]};{encode_xtext(rcpt.orcpt[1])}" if rcpt.orcpt else ""
    return To(domain_as_ascii(rcpt.recipient), ",".join(rcpt.notify), orcpt)
