"""One conversation with another server: a message to some recipients, and what was said about each. RFC 5321"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from parvis.kernel.egress import Egress
from parvis.kernel.errors import EgressRefused, ParvisError
from parvis.kernel.later import aiosmtplib
from parvis.kernel.settings import Settings
from parvis.mail.queue.connections import Connections, Line
from parvis.mail.queue.lookup import is_loopback
from parvis.mail.queue.model import Message, Outcome, Recipient, Reply
from parvis.mail.queue.route import Host, Through
from parvis.mail.queue.tally import Tally
from parvis.mail.queue.trust import ANY, SUCCESS, Anchored, Insecure, Trust, context, failures, secure

_AT_ONCE = 100
"""Recipients of one transaction; every server takes that many. RFC 5321 §4.5.3.1.8"""
_GRACE_SECONDS = 10.0
_NO_8BIT = Reply(554, "5.6.3 the other server takes no 8-bit mail, and this message has some")
_NO_UTF8 = Reply(554, "5.6.7 the other server takes no addresses or header fields in UTF-8")


class Unreached(Exception):
    """Nothing was said about any recipient: no connection, or a server that is not ready. Another may be tried."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


Settle = Callable[[list[Outcome]], Awaitable[None]]


class Transfer:
    """Sends messages to hosts, under the egress gate."""

    def __init__(self, settings: Settings, egress: Egress, tally: Tally, through: Through | None = None) -> None:
        self._settings, self._egress, self._tally, self._through = settings, egress, tally, through
        self._connections = Connections()

    async def send(
        self, host: Host, message: Message, recipients: Sequence[Recipient], content: bytes, settle: Settle
    ) -> None:
        """Hands the message over; `settle` hears what `host` said about each recipient right after each
        transaction, before anything else is done. Raises Unreached."""
        line = await self._connected(host)
        try:
            for start in range(0, len(recipients), _AT_ONCE):
                some = recipients[start : start + _AT_ONCE]
                await _to_its_end(self._settled(line.client, host, message, some, content, settle))
        except BaseException:
            line.client.close()
            raise
        await self._connections.give(line)

    async def close(self) -> None:
        """Ends the connections that wait for a next message."""
        await self._connections.close()

    async def _connected(self, host: Host) -> Line:
        """A greeted connection: one that has just been used, or a new one with TLS as the host must show it. Raises
        Unreached."""
        if self._through is not None and host.account:
            return await self._by_provider(self._through, host)
        try:
            self._egress.check("mail-delivery", host.address, host.port, host.name)
        except EgressRefused as error:
            raise Unreached(Reply(550, f"5.7.1 {error.sentence}")) from error
        if (line := await self._connections.take(host)) is not None:
            return line
        try:
            return Line(host, await (self._relayed(host) if host.relay else self._trusted(host)))
        except failures() as error:
            raise Unreached(_trouble(host, error)) from error

    async def _by_provider(self, through: Through, host: Host) -> Line:
        """A connection to somebody's provider. Raises Unreached; a wrong password may be set right."""
        if (line := await self._connections.take(host)) is not None:
            return line
        try:
            return Line(host, await through.connect(host))
        except ParvisError as error:
            raise Unreached(Reply(451, f"4.4.1 {error.sentence}")) from error

    async def _trusted(self, host: Host) -> "aiosmtplib.SMTP":
        """A connection with TLS as the host must show it; where nothing must be shown, with any, or in clear when
        there is none that works (RFC 7435). Raises Unreached."""
        try:
            client = await self._anchored(host)
        except Insecure as error:
            await self._tally.note(host, error.result, error.reason)
            if host.trust.must:
                status = "4.7.4" if error.result == "starttls-not-supported" else "4.7.5"
                wanted = f"and {host.trust.domain} wants mail sent by safe ways only"
                raise Unreached(Reply(451, f"{status} {host.name}: {error.reason}, {wanted}")) from error
            return await self._unsure(host)
        await self._tally.note(host, SUCCESS if _is_secret(client) else "starttls-not-supported")
        return client

    async def _anchored(self, host: Host) -> "aiosmtplib.SMTP":
        """A connection with TLS as the host must show it; begun anew when an authority has to be checked first that
        only DNS knows (RFC 7672 §3.1.2). Raises Insecure."""
        try:
            return await self._greeted(host, host.trust)
        except Anchored as found:
            return await self._greeted(host, host.trust, found.authority)

    async def _unsure(self, host: Host) -> "aiosmtplib.SMTP":
        """A connection with any TLS, when only more than that has failed, or else in clear."""
        if host.trust.kind != "any":
            try:
                return await self._greeted(host, ANY)
            except Insecure:
                pass
        return await self._greeted(host, None)

    async def _relayed(self, host: Host) -> "aiosmtplib.SMTP":
        """A connection to the smart host. A password never goes in clear."""
        relay, secret = self._settings.relay, bool(self._settings.relay.username)
        try:
            client = await self._greeted(host, None if relay.implicit_tls else ANY, secret=secret)
        except Insecure as error:
            if secret and not is_loopback(host.address):
                raise aiosmtplib.SMTPNotSupported(f"{error.reason}, so the password is kept") from error
            client = await self._greeted(host, None, secret=secret)
        if secret:
            try:
                await client.login(relay.username, relay.password)
            except BaseException:
                client.close()
                raise
        return client

    async def _greeted(
        self, host: Host, trust: Trust | None, authority: bytes = b"", *, secret: bool = False
    ) -> "aiosmtplib.SMTP":
        """A greeted connection, with STARTTLS unless `trust` is None, or wants none where none is offered; `secret`
        wants the right certificate. Raises Insecure, Anchored."""
        verified = secret and not is_loopback(host.address)
        client = aiosmtplib.SMTP(
            hostname=host.address,
            port=host.port,
            local_hostname=self._settings.hostname,
            timeout=self._settings.delivery.timeout,
            use_tls=host.relay and self._settings.relay.implicit_tls,
            start_tls=False,
            tls_context=context(verified=verified),
        )
        try:
            await client.connect()
            await client.ehlo()
            if trust is not None and (secret or trust.kind != "any" or client.supports_extension("starttls")):
                await secure(client, host.name, trust, authority, verified=verified)
        except BaseException:
            client.close()
            raise
        return client

    async def _settled(
        self,
        client: "aiosmtplib.SMTP",
        host: Host,
        message: Message,
        recipients: Sequence[Recipient],
        content: bytes,
        settle: Settle,
    ) -> None:
        await settle(await self._transaction(client, host, message, recipients, content))

    async def _transaction(
        self,
        client: "aiosmtplib.SMTP",
        host: Host,
        message: Message,
        recipients: Sequence[Recipient],
        content: bytes,
    ) -> list[Outcome]:
        if refusal := _unable(client, message):
            return [Outcome(recipient, refusal, host.name) for recipient in recipients]
        encoding = "utf-8" if message.needs_utf8 else "ascii"
        said: dict[int, Reply] = {}
        try:
            await client.mail(message.sender, options=_mail_options(client, message, content), encoding=encoding)
            for recipient in recipients:
                said[recipient.id] = await _rcpt(client, recipient, encoding)
            if any(reply.accepted for reply in said.values()):
                answer = await client.data(content, timeout=self._settings.delivery.timeout * 5)
                said = _after_data(said, Reply(answer.code, _line(answer.message)))
            else:
                await client.rset()
        except aiosmtplib.SMTPResponseException as error:
            said = _after_data(said, Reply(error.code if error.code > 0 else 451, _line(error.message)), recipients)
        except (aiosmtplib.SMTPException, OSError, TimeoutError, UnicodeError) as error:
            client.close()  # whatever it would still say must not be taken for an answer to the next message
            said = _after_data(said, _trouble(host, error), recipients)
        tells = client.supports_extension("dsn")
        return [Outcome(recipient, said[recipient.id], host.name, tells) for recipient in recipients]


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """A transaction. When the node stops meanwhile, what the other server says is still waited for and noted, but
    for some seconds only: else it would have the message twice."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=_GRACE_SECONDS)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise


def _after_data(said: dict[int, Reply], answer: Reply, recipients: Sequence[Recipient] = ()) -> dict[int, Reply]:
    """The answer to the whole counts for those whose RCPT was accepted and those that were not asked for. That to
    an accepted message leaves what RCPT said, as RFC 8621 §7 wants it. Refusals at RCPT stay."""
    known = {recipient.id: said.get(recipient.id, answer) for recipient in recipients} | said
    return {number: reply if not reply.accepted or answer.accepted else answer for number, reply in known.items()}


async def _rcpt(client: "aiosmtplib.SMTP", recipient: Recipient, encoding: str) -> Reply:
    """What the sender asked to be told goes on to a server that can tell it. RFC 3461 §5.2.1, §5.3"""
    options = []
    if client.supports_extension("dsn"):
        options += [f"NOTIFY={recipient.notify}"] if recipient.notify else []
        options += [f"ORCPT={recipient.orcpt}"] if recipient.orcpt else []
    try:
        answer = await client.rcpt(recipient.address, options=options, encoding=encoding)
        return Reply(answer.code, _line(answer.message))
    except aiosmtplib.SMTPRecipientRefused as refused:
        return Reply(refused.code, _line(refused.message))


def _unable(client: "aiosmtplib.SMTP", message: Message) -> Reply | None:
    """Why this server can never take this message, if so: we do not rewrite what people wrote. RFC 6152 §3, RFC
    6531 §3.2, §3.5, §3.7.2"""
    if message.needs_utf8 and not client.supports_extension("smtputf8"):
        return _NO_UTF8
    if message.needs_8bit and not client.supports_extension("8bitmime"):
        return _NO_8BIT
    limit = client.esmtp_extensions.get("size", "")
    if limit.isdigit() and 0 < int(limit) < message.size:
        return Reply(552, f"5.3.4 the message has {message.size} bytes, the other server takes {limit}")
    return None


def _mail_options(client: "aiosmtplib.SMTP", message: Message, content: bytes) -> list[str]:
    options = []
    if client.supports_extension("size"):
        options.append(f"SIZE={len(content)}")
    if message.needs_8bit:
        options.append("BODY=8BITMIME")
    if message.needs_utf8:
        options.append("SMTPUTF8")
    if client.supports_extension("dsn"):
        options += [f"RET={message.ret}"] if message.ret else []
        options += [f"ENVID={message.envid}"] if message.envid else []
    return options


def _is_secret(client: "aiosmtplib.SMTP") -> bool:
    return client.get_transport_info("sslcontext") is not None


def _trouble(host: Host, error: BaseException) -> Reply:
    """A server that greets with 5xx may greet others, or us later: it refuses no message."""
    if isinstance(error, aiosmtplib.SMTPResponseException) and error.code > 0:
        return Reply(451, f"4.4.2 {host.name} is not ready: {error.code} {_line(error.message)}")
    words = f"{type(error).__name__}: {error}".partition("\n")[0][:300]
    return Reply(451, f"4.4.1 {host.name}: {words}")


def _line(message: str) -> str:
    """A reply's lines as one, without the status repeated on each. RFC 8621 §7 (smtpReply)"""
    first, *rest = message.split("\n")
    status = first.split(" ", 1)[0] + " " if first[:1].isdigit() and "." in first.split(" ", 1)[0] else ""
    return " ".join([first, *(line.removeprefix(status) for line in rest)])
