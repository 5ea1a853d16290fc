"""A conversation in SMTP, the same for mail from servers and from people; what is allowed is the policy's matter.
RFC 5321, 1870, 2034, 2920, 3030, 3207, 3461, 6152, 6531"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from parvis.access.principal import Principal
from parvis.kernel import clock, ids
from parvis.kernel.errors import Invalid, TooLarge
from parvis.kernel.settings import Settings
from parvis.mail.smtp.spool import IN_MEMORY, Spool
from parvis.mail.smtp.trace import Arrival, protocol
from parvis.serve.lines.connection import Connection, Ended
from parvis.store.blobs.contract import WholeBlobs
from parvis.wire.data import DataDecoder, LineEnds
from parvis.wire.smtp import (
    LINE_LIMIT,
    MailFrom,
    RcptTo,
    Reply,
    SyntaxRefused,
    is_host,
    parse_bdat,
    parse_command,
    parse_mail,
    parse_rcpt,
    reply,
)

FAULTS = 20
"""Refusals after which a client is sent away: it guesses addresses, or speaks something else."""
_BLOCK_SECONDS = 180.0
_DATA_SECONDS = 1800.0
"""For one whole message, so that a dripping client does not hold a connection for ever. RFC 5321 §4.5.3.2"""
_FOREIGN = frozenset({"GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "USER", "PASS"})
_OK = reply(250, "2.0.0", "OK")
_SEQUENCE = reply(503, "5.5.1", "Bad sequence of commands")
_TOO_LARGE = reply(552, "5.3.4", "The message is larger than this server takes")
_BARE = reply(554, "5.6.0", "A line ends in CR or LF alone; lines end with CRLF (RFC 5321 2.3.8)")


class _Enough(Ended):
    """The client was told why it is sent away."""


@dataclass(slots=True)
class Transaction:
    """One message on its way in."""

    mail: MailFrom
    recipients: list[RcptTo] = field(default_factory=list)
    targets: list[Any] = field(default_factory=list)
    """What the policy keeps for each recipient."""
    head: bytes = b""
    """What the policy puts before the message."""
    spool: Spool | None = None
    ends: LineEnds = field(default_factory=LineEnds)
    failed: Reply | None = None
    """Why the chunks so far are in vain."""


class Policy(Protocol):
    """What a server allows."""

    settings: Settings
    blobs: WholeBlobs
    large: asyncio.Semaphore
    """Held by each message that is not small while the whole of it is in memory."""

    def extensions(self, session: "Session") -> list[str]:
        """What EHLO offers besides what every session has."""
        ...

    async def command(self, session: "Session", verb: str, argument: str) -> Reply | None:
        """Answers commands that are the policy's own (AUTH), or None."""
        ...

    async def sender(self, session: "Session", mail: MailFrom) -> Reply | None:
        """Why this MAIL is refused, or None."""
        ...

    async def recipient(self, session: "Session", transaction: Transaction, rcpt: RcptTo) -> Reply | None:
        """Why this RCPT is refused, or None; it then has added one to `transaction.targets`."""
        ...

    async def head(self, session: "Session", transaction: Transaction) -> bytes:
        """What is put before the message."""
        ...

    async def accept(self, session: "Session", transaction: Transaction, raw: bytes) -> Reply:
        """Takes the message over, which begins with `transaction.head`; durably when the answer is 250."""
        ...


class Session:
    """One client. `run` speaks with it until the end."""

    def __init__(self, client: Connection, policy: Policy) -> None:
        self.client, self.policy = client, policy
        self.hello, self.extended = "", False
        self.principal: Principal | None = None
        self.signed_in_ms = 0
        self.transaction: Transaction | None = None
        self.faults = 0
        self._over = False
        self._commands: dict[str, Callable[[str], Awaitable[Reply | None]]] = {
            "EHLO": self._ehlo, "HELO": self._helo, "MAIL": self._mail, "RCPT": self._rcpt, "DATA": self._data,
            "BDAT": self._bdat, "RSET": self._rset, "NOOP": self._noop, "VRFY": self._vrfy, "HELP": self._help,
            "QUIT": self._quit, "STARTTLS": self._starttls,
        }  # fmt: skip

    @property
    def hostname(self) -> str:
        """Our name."""
        return self.policy.settings.hostname

    @property
    def is_local(self) -> bool:
        """Whether the client is on this machine."""
        return self.client.is_local

    async def run(self) -> None:
        """Greets, telling no version, then answers commands until the client leaves or is sent away. RFC 5321 §3.1,
        §4.3.1, §4.3.2, §7.5"""
        self.say(Reply(220, "", (f"{self.hostname} ESMTP Parvis",)))
        try:
            while not self._over:
                await self._turn()
        finally:
            await self._reset()

    async def _turn(self) -> None:
        try:
            line = await self.client.line(most=LINE_LIMIT)
            command = parse_command(line)
            answer = await self._answer(command.verb, command.argument)
        except TooLarge:
            answer = reply(500, "5.5.6", "Line too long")
        except SyntaxRefused as refused:
            answer = refused.reply
        except Invalid:  # whoever sends this may be trying to make two servers see different things
            answer, self._over = reply(421, "5.5.2", "Lines end with CRLF; closing"), True
        if answer is not None:
            self._count(answer)
            self.say(answer)

    async def _answer(self, verb: str, argument: str) -> Reply | None:
        """By the command, else by the policy; what nobody knows is refused. RFC 5321 §4.1.4, §4.1.5"""
        if verb in _FOREIGN:
            self._over = True
            return reply(421, "5.7.0", "This is SMTP; closing")
        handler = self._commands.get(verb)
        if handler is not None:
            return await handler(argument)
        own = await self.policy.command(self, verb, argument)
        return own or reply(500, "5.5.1", f"{verb} is not known here")

    def _count(self, answer: Reply) -> None:
        if answer.code >= 500:
            self.faults += 1
        if self.faults >= FAULTS and not self._over:
            self._over = True
            self.say(answer)
            self.say(reply(421, "4.7.0", "Too many errors; closing"))
            raise _Enough

    def say(self, answer: Reply) -> None:
        """Answers; sent with what follows when commands are pipelined."""
        self.client.write(answer.render())

    def close(self) -> None:
        """Ends the session after the present answer."""
        self._over = True

    # Commands, in the order of a conversation.

    async def _ehlo(self, argument: str) -> Reply | None:
        return await self._greet(argument, extended=True)

    async def _helo(self, argument: str) -> Reply | None:
        return await self._greet(argument, extended=False)

    async def _greet(self, argument: str, *, extended: bool) -> Reply | None:
        """Ends what was begun, and says what is offered. RFC 5321 §3.2, §4.1.1.1, RFC 6531 §3.1, §3.7.1"""
        name = argument.split(" ", 1)[0]
        if not name or (not is_host(name) and len(name) > 255):
            return reply(501, "5.5.4", "Who are you?")
        await self._reset()
        self.hello, self.extended = name, extended
        if not extended:
            return Reply(250, "", (self.hostname,))
        lines = [
            f"{self.hostname} greets {name}", "PIPELINING", f"SIZE {self.policy.settings.limits.message_bytes}",
            "8BITMIME", "SMTPUTF8", "CHUNKING", "ENHANCEDSTATUSCODES",
        ]  # fmt: skip
        if self.client.door.tls is not None and self.client.tls is None:
            lines.append("STARTTLS")
        return Reply(250, "", (*lines, *self.policy.extensions(self)))

    async def _starttls(self, argument: str) -> Reply | None:
        if self.client.door.tls is None or self.client.tls is not None:
            return reply(503, "5.5.1", "TLS is not offered now")
        if argument:
            return reply(501, "5.5.4", "STARTTLS takes no parameter")
        self.say(reply(220, "2.0.0", "Go ahead"))
        await self._reset()
        await self.client.start_tls()
        self.hello, self.extended, self.principal = "", False, None  # RFC 3207 §4.2
        return None

    async def _mail(self, argument: str) -> Reply | None:
        if not self.hello or self.transaction is not None:
            return _SEQUENCE
        mail = parse_mail(argument)
        if mail.body == "BINARYMIME":
            return reply(555, "5.5.4", "BINARYMIME is not offered")
        if (mail.size or 0) > self.policy.settings.limits.message_bytes:  # RFC 1870 §6, RFC 5321 §4.5.3.1.7
            return _TOO_LARGE
        refusal = await self.policy.sender(self, mail)
        if refusal is None:
            self.transaction = Transaction(mail)
        return refusal or reply(250, "2.1.0", "OK")

    async def _rcpt(self, argument: str) -> Reply | None:
        now = self.transaction
        if now is None or now.spool is not None:
            return _SEQUENCE
        rcpt = parse_rcpt(argument, now.mail.smtputf8)
        if len(now.recipients) >= self.policy.settings.limits.recipients:  # RFC 5321 §4.5.3.1.10
            return reply(452, "4.5.3", "Too many recipients; send the others in another message")
        refusal = await self.policy.recipient(self, now, rcpt)
        if refusal is None:
            now.recipients.append(rcpt)
        return refusal or reply(250, "2.1.5", "OK")

    async def _data(self, argument: str) -> Reply | None:
        now = self.transaction
        if now is None or now.spool is not None:
            return _SEQUENCE
        if argument:
            return reply(501, "5.5.4", "DATA takes no parameter")
        if not now.recipients:
            return reply(554, "5.5.1", "No valid recipients")
        spool = await self._open(now)
        self.say(Reply(354, "", ("End with <CRLF>.<CRLF>",)))
        decoder, end = DataDecoder(), clock.monotonic() + _DATA_SECONDS
        while not decoder.done:
            await spool.add(decoder.feed(await self.client.some(min(_BLOCK_SECONDS, end - clock.monotonic()))))
            self._not_endless(spool)
        self.client.unread(decoder.rest)
        if decoder.bare:
            now.failed = _BARE
        return await self._finish(now, spool)

    async def _bdat(self, argument: str) -> Reply | None:
        chunk = parse_bdat(argument)
        now, left = self.transaction, chunk.size
        usable = now is not None and bool(now.recipients)
        spool = await self._open(now) if now is not None and usable else None
        end = clock.monotonic() + _DATA_SECONDS
        while left:  # the chunk is read whatever is thought of it: it must not be taken for commands. RFC 3030 §2
            data = await self.client.some(min(_BLOCK_SECONDS, end - clock.monotonic()), left)
            left -= len(data)
            if spool is not None and now is not None:
                now.ends.feed(data)
                await spool.add(data)
                self._not_endless(spool)
        if now is None or spool is None:
            return _SEQUENCE if now is None else reply(554, "5.5.1", "No valid recipients")
        if not chunk.last:
            return reply(250, "2.0.0", f"{chunk.size} octets received")
        if now.ends.end():
            now.failed = _BARE
        return await self._finish(now, spool)

    async def _open(self, now: Transaction) -> Spool:
        if now.spool is None:
            now.head = await self.policy.head(self, now)
            now.spool = Spool(self.policy.blobs, self.policy.settings.limits.message_bytes, now.head)
        return now.spool

    def _not_endless(self, spool: Spool) -> None:
        if spool.size > 4 * self.policy.settings.limits.message_bytes + 1_000_000:
            self.say(_TOO_LARGE)
            raise _Enough

    async def _finish(self, now: Transaction, spool: Spool) -> Reply:
        try:
            if now.failed is not None:
                return now.failed
            if spool.over:
                return _TOO_LARGE
            async with self.policy.large if spool.size > IN_MEMORY else contextlib.nullcontext():
                return await self.policy.accept(self, now, await spool.whole())
        finally:
            await self._reset()

    async def _rset(self, _: str) -> Reply | None:
        """RFC 5321 §4.1.1.5"""
        await self._reset()
        return _OK

    async def _reset(self) -> None:
        now, self.transaction = self.transaction, None
        if now is not None and now.spool is not None:
            await now.spool.drop()

    async def _noop(self, _: str) -> Reply | None:
        """RFC 5321 §4.1.1.9"""
        return _OK

    async def _vrfy(self, _: str) -> Reply | None:
        """Tells nobody who is here. RFC 5321 §3.5.1, §3.5.2, §3.5.3, §7.3"""
        return reply(252, "2.5.0", "Send a message and see")

    async def _help(self, _: str) -> Reply | None:
        """RFC 5321 §4.1.1.8"""
        return reply(214, "2.0.0", "RFC 5321")

    async def _quit(self, _: str) -> Reply | None:
        """RFC 5321 §3.8, §4.1.1.10"""
        self._over = True
        return reply(221, "2.0.0", "Goodbye")

    def arrival(self, now: Transaction) -> Arrival:
        """How the present message comes, for its Received field."""
        return Arrival(
            hello=self.hello,
            host=self.client.host,
            by=self.hostname,
            protocol=protocol(
                extended=self.extended,
                tls=self.client.tls is not None,
                signed_in=self.principal is not None,
                utf8=now.mail.smtputf8,
            ),
            id=ids.text(ids.new_id()),
            tls=self.client.tls_name,
            recipient=now.recipients[0].recipient if len(now.recipients) == 1 else "",
        )
