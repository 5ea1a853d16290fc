"""An IMAP connection to somebody's provider, past the egress gate. RFC 3501, RFC 9051"""

import asyncio
import base64
import contextlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field

from parvis.kernel.egress import are_outside
from parvis.kernel.errors import EgressRefused, Invalid, ParvisError, Unauthenticated, Unavailable
from parvis.mail.external.model import Server
from parvis.mail.queue.lookup import addresses
from parvis.serve.context import Context
from parvis.wire.imap import answers
from parvis.wire.imap.answers import Answer, Value
from parvis.wire.imap.numbers import compressed

_SECONDS = 60.0
_CONNECT_SECONDS = 20.0
_LINE_BYTES, _LITERAL_BYTES = 32_000_000, 120_000_000
_CHUNK = 1 << 16
_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")


class Refusal(ParvisError):
    """The server said NO or BAD to a command; `code` is what stood in brackets. RFC 9051 §7.1"""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.text or answer.kind)
        self.code_words = answer.code


@dataclass(frozen=True, slots=True)
class Place:
    """A server and where it is: the address to connect to."""

    server: Server
    address: str


@dataclass(slots=True)
class Selected:
    """A folder that is open. RFC 9051 §6.3.2"""

    exists: int = 0
    uid_validity: int = 0
    uid_next: int = 0
    modseq: int = 0
    """HIGHESTMODSEQ, 0 where there is none. RFC 7162 §3.1.2.1"""
    permanent: frozenset[str] = frozenset()
    """PERMANENTFLAGS in small letters."""
    flags: list[Answer] = field(default_factory=list)
    vanished: list[str] = field(default_factory=list)
    """What QRESYNC says has changed and gone. RFC 7162 §3.2.5"""

    def carries(self, keywords: frozenset[str]) -> frozenset[str]:
        """Those keywords that the folder can keep."""
        if "\\*" in self.permanent:
            return keywords
        return frozenset(word for word in keywords if flag_of(word).lower() in self.permanent)


async def place(context: Context, server: Server) -> Place:
    """Where a server is. One that a person names is outside; inside only when the settings name it. Without
    TLS only those are asked. Raises EgressRefused, Unavailable."""
    host, allowed = server.host, context.settings.egress_allow
    context.egress.check("external-mail", host, server.port)
    if host in allowed:
        return Place(server, host)
    if server.security == "none":
        raise EgressRefused("a password is sent with TLS only", host=host)
    with contextlib.suppress(ValueError):
        if not are_outside([host]):
            raise EgressRefused(f"{host} is inside", host=host)
        return Place(server, host)
    found = (await addresses(context.resolver, context.settings, host)).addresses
    if not found:
        raise Unavailable(f"{host} has no address")
    if not are_outside(found):
        raise EgressRefused(f"{host} is inside", host=host)
    return Place(server, found[0])


class Remote:
    """One connection that is signed in."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, server: Server) -> None:
        self._reader, self._writer, self.server = reader, writer, server
        self._count, self._buffer = 0, bytearray()
        self.capabilities: frozenset[str] = frozenset()
        self.name = ""
        """The folder that is open."""
        self.opened = Selected()

    @classmethod
    async def open(cls, context: Context, server: Server, password: str) -> "Remote":
        """Connects and signs in. Raises Unauthenticated, Unavailable, EgressRefused."""
        remote = await cls.reach(context, server)
        try:
            await remote._sign_in(server.username, password)
        except BaseException:
            remote.close()
            raise
        return remote

    @classmethod
    async def reach(cls, context: Context, server: Server) -> "Remote":
        """Connects with TLS, and is greeted. Raises Unavailable, EgressRefused."""
        at = await place(context, server)
        tls = ssl.create_default_context()
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                reader, writer = await context.egress.connect(
                    "external-mail", at.address, server.port, tls if server.security == "tls" else None,
                    name=server.host,
                )  # fmt: skip
                remote = cls(reader, writer, server)
                await remote._greeted(tls)
        except (OSError, TimeoutError, Refusal) as error:
            raise Unavailable(f"{server.host}:{server.port} cannot be reached: {_short(error)}") from error
        return remote

    async def _greeted(self, tls: ssl.SSLContext) -> None:
        try:
            greeting = await self._answer()
            if greeting.kind not in ("OK", "PREAUTH"):
                raise Unavailable(f"{self.server.host} is not ready: {greeting.text}")
            if self.server.security == "starttls":
                await self.command("STARTTLS")
                if self._buffer:  # said in clear before TLS began. RFC 3501 §6.2.1
                    raise Unavailable(f"{self.server.host} says something before TLS")
                await self._writer.start_tls(tls, server_hostname=self.server.host)
            await self._ask_capabilities()
        except BaseException:
            self.close()
            raise

    async def _ask_capabilities(self) -> None:
        for answer in await self.command("CAPABILITY"):
            if answer.kind == "CAPABILITY":
                self.capabilities = frozenset(text_of(each).upper() for each in answer.values)

    async def _sign_in(self, username: str, password: str) -> None:
        try:
            if "AUTH=PLAIN" in self.capabilities:  # RFC 4616
                secret = base64.b64encode(f"\0{username}\0{password}".encode())
                await self.command("AUTHENTICATE PLAIN", literals=[secret], counted=False)
            elif "LOGINDISABLED" in self.capabilities:
                raise Unavailable(f"{self.server.host} offers no way to sign in with a password")
            else:
                await self.command("LOGIN", literals=[username.encode(), password.encode()])
        except Refusal as error:
            if set(error.code_words) & {"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG"}:  # RFC 5530
                raise Unavailable(f"{self.server.host}: {error.sentence}") from error
            raise Unauthenticated(f"{self.server.host} refuses the sign-in: {error.sentence}") from error
        await self._ask_capabilities()
        if "QRESYNC" in self.capabilities and "ENABLE" in self.capabilities:
            await self.command("ENABLE QRESYNC")

    def has(self, capability: str) -> bool:
        """Whether the server can do something."""
        return capability in self.capabilities

    async def command(
        self, line: str, *, literals: Sequence[bytes] = (), after: str = "", counted: bool = True
    ) -> list[Answer]:
        """Sends a command, its literals when the server asks for each; returns all that was answered, the end last.
        Raises Refusal, Unavailable."""
        self._count += 1
        tag, rest = f"p{self._count}", list(literals)
        parts = [f"{tag} {line}".encode()]
        if counted:
            parts += [b" {%d}" % len(each) for each in rest[:1]]
        try:
            self._writer.write(b"".join(parts) + b"\r\n")
            return await self._until(tag, rest, after.encode(), counted)
        except (OSError, TimeoutError, EOFError, Invalid) as error:
            self.close()
            raise Unavailable(f"the connection to {self.server.host} broke: {_short(error)}") from error

    async def _until(self, tag: str, literals: list[bytes], after: bytes, counted: bool) -> list[Answer]:
        found = []
        while True:
            await self._writer.drain()
            answer = await self._answer()
            if answer.tag == "+" and literals:
                literal = literals.pop(0)
                more = b" {%d}" % len(literals[0]) if literals and counted else b"" if literals else after
                self._writer.write(literal + more + b"\r\n")
                continue
            found.append(answer)
            if answer.tag == tag:
                if answer.kind != "OK":
                    raise Refusal(answer)
                return found
            if answer.tag == "*" and answer.kind == "BYE":
                raise EOFError(answer.text)

    async def _answer(self, seconds: float = _SECONDS) -> Answer:
        """The next response. Raises OSError, TimeoutError, EOFError, Invalid."""
        async with asyncio.timeout(seconds):
            parts = [await self._line()]
            while (size := answers.literal_size(parts[-1])) is not None:
                if size > _LITERAL_BYTES:
                    raise Invalid("a literal is too large")
                parts.append(await self._exactly(size))
                parts.append(await self._line())
            return answers.parse(parts)

    async def _line(self) -> bytes:
        at = 0
        while (end := self._buffer.find(b"\r\n", at)) < 0:
            at = max(0, len(self._buffer) - 1)
            if len(self._buffer) > _LINE_BYTES:
                raise Invalid("a line is too long")
            await self._more()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    async def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            await self._more()
        found = bytes(self._buffer[:size])
        del self._buffer[:size]
        return found

    async def _more(self) -> None:
        chunk = await self._reader.read(_CHUNK)
        if not chunk:
            raise EOFError("it was closed")
        self._buffer += chunk

    async def select(self, name: str, since: tuple[int, int] = (0, 0)) -> Selected:
        """Opens a folder; with QRESYNC says what happened since a UIDVALIDITY and modseq. Raises Refusal,
        Unavailable."""
        parameters = ""
        if self.has("QRESYNC") and all(since):
            parameters = f" (QRESYNC ({since[0]} {since[1]}))"
        elif self.has("CONDSTORE"):
            parameters = " (CONDSTORE)"
        self.name = ""
        found = Selected()
        for answer in await self.command(f"SELECT {quoted(name)}{parameters}"):
            if answer.kind == "EXISTS":
                found.exists = answer.number
            elif answer.kind == "FETCH":
                found.flags.append(answer)
            elif answer.kind == "VANISHED":
                found.vanished.append(text_of(answer.values[-1]))
            elif answer.kind == "OK" and len(answer.code) > 1:
                _note(found, answer.code)
        self.name, self.opened = name, found
        return found

    async def fetch(self, uids: Sequence[int], items: str) -> list[dict[str, Value]]:
        """Data items of some messages of the open folder by uid, those that are there. Raises Refusal,
        Unavailable."""
        wanted = set(uids)
        found = await self._fetched(f"{compressed(sorted(wanted))} ({items})") if uids else []
        return [item for item in found if uid_of(item) in wanted]

    async def fetch_all(self, items: str) -> list[dict[str, Value]]:
        """The same of all messages."""
        return await self._fetched(f"1:* ({items})")

    async def fetch_changed(self, modseq: int) -> list[dict[str, Value]]:
        """Uids and flags of what was changed after a modseq. RFC 7162 §3.1.4.1"""
        return await self._fetched(f"1:* (UID FLAGS) (CHANGEDSINCE {modseq})")

    async def _fetched(self, words: str) -> list[dict[str, Value]]:
        found: dict[int, dict[str, Value]] = {}
        for answer in await self.command(f"UID FETCH {words}"):
            if answer.kind == "FETCH" and (uid := uid_of(item := answer.pairs())):
                found[uid] = found.get(uid, {}) | item
        return list(found.values())

    async def search(self, words: str, *literals: bytes) -> list[int]:
        """Uids in the open folder that meet a search. Raises Refusal, Unavailable."""
        found = await self.command(f"UID SEARCH {words}", literals=literals)
        texts = [text_of(each) for answer in found if answer.kind == "SEARCH" for each in answer.values]
        return [int(text) for text in texts if text.isdigit()]

    async def idle(self, wake: asyncio.Event, seconds: float) -> bool:
        """Waits until the server tells news, `wake` is set, or so long; returns whether it told some. RFC 2177.
        Raises Unavailable."""
        self._count += 1
        tag = f"p{self._count}"
        reading: asyncio.Task[Answer] | None = None
        waiting = asyncio.create_task(wake.wait())
        try:
            self._writer.write(f"{tag} IDLE\r\n".encode())
            while (await self._answer()).tag != "+":
                pass
            reading = asyncio.create_task(self._answer(seconds + _SECONDS))
            await asyncio.wait({reading, waiting}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            told = reading.done()
            self._writer.write(b"DONE\r\n")
            answer = await reading
            while answer.tag != tag:
                if answer.kind == "BYE":
                    raise EOFError(answer.text)
                told, answer = True, await self._answer()
            return told
        except (OSError, TimeoutError, EOFError, Invalid) as error:
            self.close()
            raise Unavailable(f"the connection to {self.server.host} broke: {_short(error)}") from error
        finally:
            waiting.cancel()
            if reading is not None:
                reading.cancel()

    def close(self) -> None:
        """Hangs up."""
        self._writer.close()


def _note(found: Selected, code: tuple[str, ...]) -> None:
    name, value = code[0].upper(), code[1]
    if name == "PERMANENTFLAGS":
        found.permanent = frozenset(word.strip("()").lower() for word in code[1:])
    elif value.isdigit() and len(value) < 20:
        if name == "UIDVALIDITY":
            found.uid_validity = int(value)
        elif name == "UIDNEXT":
            found.uid_next = int(value)
        elif name == "HIGHESTMODSEQ":
            found.modseq = int(value)


def text_of(value: Value) -> str:
    """A value as text; a list or NIL is empty."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def uid_of(item: dict[str, Value]) -> int:
    """The uid in the data of a message; 0 when there is none."""
    text = text_of(item.get("UID"))
    return int(text) if text.isdigit() and len(text) < 11 else 0


def quoted(name: str) -> str:
    """A name as IMAP writes it; one in modified UTF-7 is ASCII. RFC 9051 §4.3"""
    if name and set(name) <= _SAFE:
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def flag_of(keyword: str) -> str:
    """The IMAP flag of a JMAP keyword. RFC 8621 §4.1.1"""
    system = {"$seen": "\\Seen", "$answered": "\\Answered", "$flagged": "\\Flagged", "$draft": "\\Draft"}
    return system.get(keyword, keyword)


def _short(error: BaseException) -> str:
    return (f"{error}" or type(error).__name__).partition("\n")[0][:200]
