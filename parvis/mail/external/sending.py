"""Mail from an account at another provider leaves by that provider’s own server, with the person’s credentials, so
that its signatures and its limits count. RFC 6409"""

import ssl

from parvis.kernel.errors import Unauthenticated, Unavailable
from parvis.kernel.later import aiosmtplib
from parvis.mail.external import store
from parvis.mail.external.model import PURPOSE, Server
from parvis.mail.external.remote import place
from parvis.mail.queue.model import Reply
from parvis.mail.queue.route import Host, Unroutable
from parvis.serve.context import Context

_SECONDS = 30.0


async def reach(context: Context, server: Server) -> "aiosmtplib.SMTP":
    """A greeted connection with TLS. Raises Unavailable, EgressRefused."""
    at, tls = await place(context, server), ssl.create_default_context()
    client: aiosmtplib.SMTP | None = None
    try:
        client = aiosmtplib.SMTP(
            hostname=server.host,
            sock=await context.egress.socket("external-mail", at.address, server.port, _SECONDS),
            local_hostname=context.settings.hostname,
            timeout=_SECONDS,
            use_tls=server.security == "tls",
            start_tls=False,
            tls_context=tls,
        )
        await client.connect()
        await client.ehlo()
        if server.security == "starttls":
            await client.starttls(server_hostname=server.host, tls_context=tls)
            await client.ehlo()
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        if client is not None:
            client.close()
        words = f"{error}".partition("\n")[0][:200]
        raise Unavailable(f"{server.host}:{server.port} cannot be reached: {words}") from error
    return client


async def signed_in(context: Context, server: Server, password: str) -> "aiosmtplib.SMTP":
    """The same, signed in where a name is given. Raises Unauthenticated, Unavailable, EgressRefused."""
    client = await reach(context, server)
    try:
        if server.username:
            await client.login(server.username, password)
    except aiosmtplib.SMTPAuthenticationError as error:
        client.close()
        if error.code < 500:
            raise Unavailable(f"{server.host}: {error.message}") from error
        raise Unauthenticated(f"{server.host} refuses the sign-in: {error.message}") from error
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        client.close()
        raise Unavailable(f"{server.host} offers no sign-in with a password: {error}") from error
    return client


class ByProvider:
    """Implements queue.route.Through."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def host(self, account_id: int) -> Host:
        """The server by which mail from this account leaves. Raises Unroutable."""
        account = await store.by_id(self._context.store.db, account_id)
        if account is None or account.smtp is None:
            raise Unroutable(Reply(550, "5.4.4 this account has no server to send with"))
        return Host(account.smtp.host, account.smtp.host, account.smtp.port, account=account_id)

    async def connect(self, host: Host) -> "aiosmtplib.SMTP":
        """A connection to it, signed in. Raises ParvisError."""
        account = await store.by_id(self._context.store.db, host.account)
        if account is None or account.smtp is None:
            raise Unavailable("this account has no server to send with")
        sealed = account.smtp_password or account.password
        password = await self._context.store.sealer.open(sealed, PURPOSE)
        return await signed_in(self._context, account.smtp, password)


async def try_out(context: Context, server: Server, password: str) -> None:
    """Signs in once. Raises Unauthenticated, Unavailable, EgressRefused."""
    client = await signed_in(context, server, password)
    try:
        await client.quit()
    except (aiosmtplib.SMTPException, OSError, TimeoutError):
        client.close()
