"""Signing in on a mail connection: AUTH PLAIN and LOGIN, under TLS or on this machine only. RFC 4954, RFC 4616"""

from parvis.access import signin
from parvis.access.principal import Principal
from parvis.kernel import clock
from parvis.kernel.errors import RateLimited, Unauthenticated
from parvis.mail.smtp.session import FAULTS, Session
from parvis.store.store import Store
from parvis.wire.smtp import Reply, SyntaxRefused, decode_response, parse_plain, reply

PROTOCOL = "smtp"
_FAILED = reply(535, "5.7.8", "Wrong name or password")


def offered(session: Session) -> bool:
    """Whether a password may be said on this connection. RFC 4954 §4, §9, §14"""
    return session.principal is None and session.client.is_safe


class Authenticator:
    """Answers AUTH."""

    def __init__(self, keep: Store) -> None:
        self._keep = keep

    async def answer(self, session: Session, argument: str) -> Reply:
        """Signs the session in, or says why not. RFC 4954 §4, §6"""
        if session.principal is not None or session.transaction is not None or not session.extended:
            return reply(503, "5.5.1", "Not now")
        if not offered(session):
            return reply(538, "5.7.11", "Say STARTTLS first")
        mechanism, _, initial = argument.partition(" ")
        try:
            if mechanism.upper() == "PLAIN":
                given = initial.strip() or await self._ask(session, "")
                identity, name, password = parse_plain(given)
                if identity not in ("", name):
                    return _FAILED
            elif mechanism.upper() == "LOGIN":
                name = decode_response(initial.strip() or await self._ask(session, "VXNlcm5hbWU6"))
                password = decode_response(await self._ask(session, "UGFzc3dvcmQ6"))
            else:
                return reply(504, "5.5.4", "PLAIN or LOGIN")
        except SyntaxRefused as refused:
            return refused.reply
        return await self._check(session, name, password)

    async def _ask(self, session: Session, challenge: str) -> str:
        session.say(Reply(334, "", (challenge,)))
        line = await session.client.line()
        if line == b"*":
            raise SyntaxRefused(501, "5.7.0", "Given up")
        return line.decode("ascii", "replace")

    async def _check(self, session: Session, name: str, password: str) -> Reply:
        try:
            session.principal = await self._principal(name, password, session.client.host)
            session.signed_in_ms = clock.now_ms()
        except RateLimited:
            session.close()
            return reply(421, "4.7.0", "Too many tries; come back later")
        except Unauthenticated:
            session.faults += FAULTS // 3  # three wrong passwords of one connection are enough
            return _FAILED
        return reply(235, "2.7.0", "Welcome")

    async def _principal(self, name: str, password: str, host: str) -> Principal:
        return await signin.authenticate(self._keep, name, password, protocol=PROTOCOL, remote=host)
