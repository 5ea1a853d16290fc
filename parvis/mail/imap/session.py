"""A conversation in IMAP: reads commands, hands each to its verb, tells what has changed. RFC 9051 §3, §7"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from parvis.access import gate, sessions
from parvis.access.principal import Principal
from parvis.kernel.errors import Forbidden, Invalid, NotFound, OverQuota, ParvisError, TooLarge
from parvis.kernel.settings import Settings
from parvis.mail.imap.contents import Flagged, Shelf
from parvis.mail.imap.flags import SYSTEM, as_flag, written
from parvis.mail.imap.names import Names, names_of
from parvis.mail.imap.view import Message, News, View
from parvis.mail.imap.watch import Watch
from parvis.mail.model import SCOPE
from parvis.mail.smtp.spool import Spool
from parvis.serve.lines.connection import BUFFER, Connection, Ended
from parvis.store.store import Store
from parvis.wire.imap.command import BadCharset, BadCommand, Command, Octets, append_head, parse, peek
from parvis.wire.imap.literal import LiteralMark, literal_at_end
from parvis.wire.imap.numbers import compressed
from parvis.wire.imap.section import UnknownEncoding

LINE_LIMIT = 64 * 1024
"""Bytes of a command without its messages, literals included."""
_STRANGER_LIMIT = 40 * 1024
"""The same before anybody has signed in."""
_STRANGER_BUFFER = 8 * 1024
_FLAGS_SAID = 2000
"""Of one mailbox, remembered for clients that come back."""
_FAULTS = 20
_IDLE_SECONDS = 1860.0
"""RFC 9051 §5.4 wants 30 minutes at least."""
_STRANGER_SECONDS = 60.0
_CHECK_SECONDS = 60.0
"""How often somebody is looked after who hears of nothing."""
_log = logging.getLogger(__name__)
State = Literal["any", "stranger", "known", "selected"]


class Notice(Protocol):
    """See notify.Notice."""

    accounts: frozenset[int]

    async def tell(self, session: "Session") -> None:
        """Says what has changed in other mailboxes."""
        ...


class Context(Protocol):
    """See contexts.Context."""

    async def change(self, session: "Session", news: News) -> tuple[str, str]:
        """What is to be said before messages are told to be gone, and after all."""
        ...


class No(Exception):
    """A command cannot be carried out; `code` is a response code without brackets. RFC 9051 §7.1"""

    def __init__(self, sentence: str, code: str = "", tag: str = "") -> None:
        super().__init__(sentence)
        self.sentence, self.code = sentence, code
        self.tag = tag
        """Of a command that was refused before it was read to its end."""


class Bad(Exception):
    """A command makes no sense here."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended well. `expunges` says whether messages may be told to be gone before the answer."""

    text: str = "Done"
    code: str = ""
    expunges: bool = True
    tells: bool = True
    """Whether news of the selected mailbox is told at all."""


Verb = Callable[["Session", Command], Awaitable[Done | None]]
"""Carries a command out and writes its untagged answers; None when it has answered all by itself."""


@dataclass(frozen=True, slots=True)
class Server:
    """What all sessions share."""

    store: Store
    settings: Settings
    watch: Watch
    shelf: Shelf
    verbs: dict[str, tuple[State, Verb]]
    capabilities: Callable[["Session"], str]
    """What may be asked now, as one line."""
    large: asyncio.Semaphore
    """Held by each APPEND that is not small while it is read."""


class _Over(Ended):
    """The client was told why it is sent away."""


class Session:
    """One client. `run` speaks with it until the end."""

    def __init__(self, client: Connection, server: Server) -> None:
        self.client, self.server, self.store = client, server, server.store
        self.principal: Principal | None = None
        self.signed_in_ms = 0
        self.view: View | None = None
        self.enabled: set[str] = set()
        self.spools: list[Spool] = []
        """The messages of the present APPEND, and the texts that some are made of, streamed aside as they come."""
        self.over = False
        self.woken = asyncio.Event()
        """Set when something may be to tell."""
        self.accounts: frozenset[int] = frozenset()
        """Whose changes wake it; kept by Watch."""
        self.notice: Notice | None = None
        """What it wants to hear of other mailboxes."""
        self.contexts: dict[str, Context] = {}
        """Searches in the selected mailbox whose results are kept up to date, by tag."""
        self.known_flags: set[str] = set()
        self._faults = 0
        self._texts = 0
        """Octets of the texts of the present CATENATE, together no more than a message may have."""
        client.buffer = _STRANGER_BUFFER

    @property
    def utf8(self) -> bool:
        """Whether names and headers are UTF-8 for this client. RFC 6855, RFC 9051 §6.3.1"""
        return bool(self.enabled & {"IMAP4REV2", "UTF8=ACCEPT"})

    @property
    def condstore(self) -> bool:
        """Whether mod-sequences are told. RFC 7162 §3.1"""
        return bool(self.enabled & {"CONDSTORE", "QRESYNC"})

    def enable_condstore(self) -> None:
        """From now on mod-sequences are told; of the mailbox that is open too. RFC 7162 §3.1.2"""
        if not self.condstore and self.view is not None:
            self.say(f"* OK [HIGHESTMODSEQ {max(1, self.view.modseq)}] Newest")
        self.enabled.add("CONDSTORE")

    @property
    def who(self) -> Principal:
        """Who is signed in."""
        assert self.principal is not None
        return self.principal

    @property
    def box(self) -> View:
        """The selected mailbox."""
        assert self.view is not None
        return self.view

    def leave_mailbox(self) -> None:
        """No mailbox is selected any more."""
        self.view = None
        self.contexts.clear()

    def watch_mailbox(self) -> None:
        """It is woken for the selected mailbox and what NOTIFY has asked for."""
        accounts = self.notice.accounts if self.notice is not None else frozenset()
        own = {self.view.account_id} if self.view is not None else set()
        self.server.watch.join(self, accounts | own)

    async def names(self) -> Names:
        """The mailboxes that the person sees now."""
        return await names_of(self.store.db, self.who)

    def sign_in(self, principal: Principal, at_ms: int) -> None:
        """From now on it is this person who asks."""
        self.principal, self.signed_in_ms = principal, at_ms
        self.client.buffer = BUFFER

    async def run(self) -> None:
        """Greets, then answers commands, one after the other however they come, until the client leaves or is sent
        away. RFC 9051 §2.2.2, §5.5, RFC 5182 §2.3"""
        self.say(f"* OK [CAPABILITY {self.server.capabilities(self)}] {self.server.settings.hostname} Parvis")
        try:
            while not self.over:
                await self._turn()
        finally:
            self.server.watch.leave(self)
            await self.drop_spools()

    # Answers.

    def say(self, line: str | bytes) -> None:
        """One line; sent at the latest when the session waits for input."""
        self.client.write((line.encode() if isinstance(line, str) else line) + b"\r\n")

    def close(self, why: str = "") -> None:
        """Ends the session after the present answer."""
        if why:
            self.say(f"* BYE {why}")
        self.over = True

    async def _turn(self) -> None:
        tag = "*"
        try:
            command = await self._read()
            tag = command.tag
            done = await self._carry_out(command)
            if done is not None:
                if done.tells:
                    await self.tell(expunges=done.expunges)
                self.say(f"{tag} OK {f'[{done.code}] ' if done.code else ''}{done.text}")
        except BadCommand as bad:
            self._fault(f"{bad.tag or '*'} BAD {bad.sentence}")
        except BadCharset as bad:
            await self._refuse(bad.tag or tag, No(bad.sentence, "BADCHARSET (UTF-8 US-ASCII)"))
        except Bad as bad:
            self._fault(f"{tag} BAD {bad}")
        except No as no:
            await self._refuse(no.tag or tag, no)
        except (ParvisError, OSError) as error:
            await self._refuse(tag, as_no(error))
        finally:
            await self.drop_spools()

    async def _refuse(self, tag: str, no: No) -> None:
        await self.tell(expunges=False)
        self._fault(f"{tag} NO {f'[{no.code}] ' if no.code else ''}{no.sentence}", counts=self.principal is None)

    def _fault(self, line: str, *, counts: bool = True) -> None:
        self.say(line)
        self._faults += counts
        if self._faults >= _FAULTS:
            self.close("Too many errors")
            raise _Over

    async def _carry_out(self, command: Command) -> Done | None:
        state, verb = self.server.verbs.get(command.name, ("any", None))
        if verb is None:
            raise Bad(f"{command.name} is not known here")
        if state == "stranger" and self.principal is not None:
            raise Bad("You have signed in already")
        if state in ("known", "selected") and not await self.still_here():
            raise Bad("Sign in first")
        if state == "selected" and self.view is None:
            raise Bad("Select a mailbox first")
        await self._still_allowed()
        return await verb(self, command)

    async def still_here(self) -> bool:
        """Whether somebody is signed in still. Their sign-in may have ended since: they are sent away then."""
        if self.principal is None:
            return False
        if not await sessions.lives(self.store, self.principal, self.signed_in_ms):
            self.close("Your sign-in has ended")
            raise _Over
        return True

    async def _still_allowed(self) -> None:
        """Whoever looks into the mail of another one may do so while that is given, then they are sent away."""
        if self.view is None or self.view.access.owner:
            return
        try:
            self.view.access = await gate.require(self.store.db, self.who, self.view.account_id, SCOPE)
        except NotFound:
            self.close("The mailbox is not shared any more")
            raise _Over from None

    async def tell(self, *, expunges: bool = True) -> None:
        """Says what has changed in the selected mailbox. RFC 9051 §5.2, §5.3, §7.4.1, §7.5.1, RFC 7162 §3.2.4"""
        await self._still_allowed()
        if self.view is None:
            return
        news = await self.view.news(self.store.db, expunges=expunges)
        if news.destroyed:
            self.close("The mailbox is gone")
            raise _Over
        found = []
        if news.touched or news.vanished:
            found = [await context.change(self, news) for context in self.contexts.values()]
        self._say_all(removal for removal, _ in found)
        if news.vanished and "QRESYNC" in self.enabled:
            self.say(f"* VANISHED {compressed(news.vanished)}")
        else:
            for number in news.expunged:
                self.say(f"* {number} EXPUNGE")
        if news.grown:
            self.say(f"* {len(self.view.uids)} EXISTS")
            self.claim_recent()
        for flagged in news.flags:
            self.tell_flags(flagged)
        self._say_all(addition for _, addition in found)

    def _say_all(self, lines: Iterable[str]) -> None:
        for line in lines:
            if line:
                self.say(line)

    def claim_recent(self) -> None:
        """Which messages are new to this session before all others. IMAP4rev2 has no such thing. RFC 9051 §E"""
        if "IMAP4REV2" in self.enabled:
            return
        view = self.box
        newest = view.uids[-1] if view.uids else 0
        fresh = self.server.watch.recent(view.mailbox_id, newest, claim=not view.read_only)
        if view.recent and view.recent[-1].stop >= fresh.start:
            fresh = range(view.recent.pop().start, fresh.stop)
        view.recent.append(fresh)
        self.say(f"* {view.count_recent()} RECENT")

    def flags_of(self, message: Flagged | Message) -> str:
        """The flags of a message for this session; keywords that it has not heard of are told before."""
        return self.shown(message.keywords, deleted=message.deleted, recent=self.box.is_recent(message.uid))

    def shown(self, keywords: Collection[str], *, deleted: bool, recent: bool) -> str:
        """The same of what is known of a message."""
        fresh = {as_flag(word) for word in keywords} - self.known_flags
        if fresh:
            self.known_flags |= fresh
            self.say_flags()
        return written(keywords, deleted=deleted, recent=recent)

    def say_flags(self) -> None:
        """The flags that are in use in the mailbox. RFC 9051 §7.3.5"""
        if len(self.box.said) < _FLAGS_SAID:
            self.box.said |= self.known_flags
        self.say(f"* FLAGS ({' '.join([*SYSTEM, *sorted(self.known_flags - set(SYSTEM))])})")

    def tell_flags(self, flagged: Flagged, *, uid: bool = False, flags: bool = True) -> None:
        """An untagged FETCH with the flags of a message, when the session knows it."""
        number = self.box.sequence(flagged.uid)
        if not number:
            return
        items = [f"FLAGS ({self.flags_of(flagged)})"] if flags else []
        if uid or "QRESYNC" in self.enabled or "IMAP4REV2" in self.enabled:
            items.insert(0, f"UID {flagged.uid}")
        if self.condstore:
            items.append(f"MODSEQ ({flagged.modseq})")
        self.say(f"* {number} FETCH ({' '.join(items)})")

    # Reading.

    async def _read(self) -> Command:
        """The next command, its literals read. Raises BadCommand, No, Ended."""
        seconds = _IDLE_SECONDS if self.principal is not None else _STRANGER_SECONDS
        left = LINE_LIMIT if self.principal is not None else _STRANGER_LIMIT
        parts: list[bytes | Octets] = []
        while True:
            line = await (self._line(seconds, left) if parts or not self.notice else self._awaited(seconds, left))
            parts.append(line)
            left -= len(line)
            mark = literal_at_end(line)
            if mark is None:
                return parse(parts, utf8=self.utf8)
            octets = await self._literal(parts, mark, left)
            left -= len(octets.data or b"")
            parts.append(octets)

    async def _awaited(self, seconds: float, most: int) -> bytes:
        """The next line; what happens until it comes is told. RFC 5465 §5"""
        line = asyncio.create_task(self._line(seconds, most))
        try:
            await self.until(line)
            return await line
        finally:
            line.cancel()

    async def until(self, line: "asyncio.Task[bytes]") -> None:
        """Tells what changes until a line has come."""
        while not line.done():
            woken = asyncio.create_task(self.woken.wait())
            try:
                await asyncio.wait([line, woken], timeout=_CHECK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            finally:
                woken.cancel()
            self.woken.clear()
            if not line.done():
                await self.still_here()
                await self.tell()
                if self.notice is not None:
                    await self.notice.tell(self)
                await self.client.flush()

    async def _line(self, seconds: float, most: int) -> bytes:
        try:
            return await self.client.line(seconds, max(most, 2))
        except TooLarge:
            raise BadCommand(None, "The command is too long") from None
        except Invalid:
            self.close("Lines end with CRLF")
            raise _Over from None

    async def _literal(self, parts: Sequence[bytes | Octets], mark: LiteralMark, left: int) -> Octets:
        first = parts[0]
        assert isinstance(first, bytes)
        tag, verb = peek(first)
        is_append = self.principal is not None and verb in _WITH_MESSAGES
        kind = append_head(parts, self.utf8).kind if is_append else "argument"
        limit = left if kind == "argument" else self.server.settings.limits.message_bytes
        if kind == "text":
            limit -= self._texts
            self._texts += mark.size
        if mark.size > limit:
            await self._too_large(tag, mark)
        if len(self.spools) >= _SPOOLS:
            self.close("Too many literals")
            raise _Over
        if not mark.plus:
            self.say("+ OK")
        if kind != "argument":
            spool = Spool(self.store.blobs, limit)
            self.spools.append(spool)
            await self._stream(mark.size, spool)
            return Octets(mark.size, None, mark.binary)
        return Octets(mark.size, await self._bytes(mark.size), mark.binary)

    async def _too_large(self, tag: str, mark: LiteralMark) -> None:
        """Refuses a literal (RFC 7888 §3). One that comes without being asked for has to be read past, or ends
        the session."""
        if mark.plus and (self.principal is None or mark.size > 8 * self.server.settings.limits.message_bytes):
            self.close("That is too large")
            raise _Over
        if mark.plus:
            await self._stream(mark.size, None)
            await self._line(_IDLE_SECONDS, LINE_LIMIT)
        raise No("That is too large", "TOOBIG", tag)

    async def _stream(self, size: int, spool: Spool | None) -> None:
        while size:
            data = await self.client.some(_LITERAL_SECONDS, size)
            size -= len(data)
            if spool is not None:
                await spool.add(data)

    async def _bytes(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            found += await self.client.some(_LITERAL_SECONDS, size - len(found))
        return bytes(found)

    async def drop_spools(self) -> None:
        """Forgets the messages of a command that is over."""
        self._texts = 0
        while self.spools:
            await self.spools.pop().drop()


_WITH_MESSAGES = frozenset({"APPEND", "REPLACE", "UID REPLACE"})
_LITERAL_SECONDS = 180.0
_SPOOLS = 1000


def as_no(error: Exception) -> No:
    """What went wrong inside, in the protocol's words. RFC 9051 §7.1, RFC 5530"""
    if isinstance(error, NotFound):
        return No(error.sentence, "NONEXISTENT")
    if isinstance(error, Forbidden):
        return No(error.sentence, "NOPERM")
    if isinstance(error, OverQuota):
        return No(error.sentence, "OVERQUOTA")
    if isinstance(error, TooLarge):
        return No(error.sentence, "TOOBIG")
    if isinstance(error, UnknownEncoding):
        return No(error.sentence, "UNKNOWN-CTE")
    if isinstance(error, Invalid):
        return No(error.sentence, "CANNOT")
    if isinstance(error, ParvisError):
        return No(error.sentence, "UNAVAILABLE")
    _log.warning("IMAP: %s", error)
    return No("Not possible now; try again", "UNAVAILABLE")
