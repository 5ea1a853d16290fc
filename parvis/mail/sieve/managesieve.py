"""A conversation in ManageSieve: reads commands and hands each to its verb. RFC 5804"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, NoReturn

from parvis.access import sessions
from parvis.access.principal import Principal
from parvis.kernel.errors import Invalid, ParvisError, TooLarge
from parvis.kernel.settings import Settings
from parvis.mail.sieve.service import SCRIPT_BYTES
from parvis.serve.lines.connection import BUFFER, Connection, Ended
from parvis.store.store import Store
from parvis.wire.managesieve import Command, answer, literal_size, parse, parse_string

LINE_LIMIT = 8 * 1024
_COMMAND_LIMIT = SCRIPT_BYTES + LINE_LIMIT
"""Bytes of a command with its literals."""
_SKIPPED = 20_000_000
"""Bytes of a literal that is too large, and read past; after a larger one the connection ends."""
_STRANGER_LIMIT = 8 * 1024
"""Bytes of a command before anybody has signed in."""
_FAULTS = 20
_IDLE_SECONDS = 1860.0
"""RFC 5804 §1.2 wants 30 minutes at least."""
_STRANGER_SECONDS = 60.0
_LITERAL_SECONDS = 180.0
_log = logging.getLogger(__name__)
State = Literal["any", "stranger", "known"]


class No(Exception):
    """A command cannot be carried out; `code` is a response code without parentheses. RFC 5804 §1.3"""

    def __init__(self, sentence: str, code: str = "") -> None:
        super().__init__(sentence)
        self.sentence, self.code = sentence, code


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended well."""

    text: str = "Done"
    code: str = ""


Verb = Callable[["Session", Command], Awaitable[Done | None]]
"""Carries a command out; None when it has answered all by itself."""


@dataclass(frozen=True, slots=True)
class Server:
    """What all sessions share."""

    store: Store
    settings: Settings
    verbs: dict[str, tuple[State, Verb]]
    capabilities: Callable[["Session"], list[str]]
    """What may be asked now, line by line."""
    no: Callable[[Exception], No]
    """What went wrong inside, in the protocol's words."""


class _Over(Ended):
    """The client was told why it is sent away."""


class Session:
    """One client. `run` speaks with it until the end."""

    def __init__(self, client: Connection, server: Server) -> None:
        self.client, self.server, self.store = client, server, server.store
        self.principal: Principal | None = None
        self.signed_in_ms = 0
        self.over = False
        self._faults = 0
        client.buffer = _STRANGER_LIMIT

    @property
    def who(self) -> Principal:
        """Who is signed in."""
        assert self.principal is not None
        return self.principal

    def sign_in(self, principal: Principal, at_ms: int) -> None:
        """From now on it is this person who asks."""
        self.principal, self.signed_in_ms = principal, at_ms
        self.client.buffer = BUFFER

    def sign_out(self) -> None:
        """Nobody asks from now on."""
        self.principal = None
        self.client.buffer = _STRANGER_LIMIT

    def say(self, line: str) -> None:
        """One line; sent at the latest when the session waits for input."""
        self.client.write(line.encode("utf-8", "replace") + b"\r\n")

    def greet(self) -> None:
        """The capabilities, as at the beginning and after STARTTLS. RFC 5804 §1.7"""
        for line in self.server.capabilities(self):
            self.say(line)
        self.client.write(answer("OK", f"{self.server.settings.hostname} Parvis"))

    def leave(self, why: str) -> NoReturn:
        """Sends the client away now."""
        self.client.write(answer("BYE", why))
        raise _Over

    async def run(self) -> None:
        """Greets, then answers commands until the client leaves or is sent away."""
        self.greet()
        while not self.over:
            await self._turn()

    async def _turn(self) -> None:
        try:
            done = await self._carry_out(parse(*await self.read()))
            if done is not None:
                self.client.write(answer("OK", done.text, done.code))
        except (No, ParvisError, OSError) as error:
            said = error if isinstance(error, No) else self.server.no(error)
            self.client.write(answer("NO", said.sentence, said.code))
            self._faults += self.principal is None or type(error) is Invalid
            if self._faults >= _FAULTS:
                self.leave("Too many errors")

    async def _carry_out(self, command: Command) -> Done | None:
        state, verb = self.server.verbs.get(command.name, ("any", None))
        if verb is None:
            raise Invalid(f"{command.name} is not known here.")
        if state == "stranger" and self.principal is not None:
            raise No("You have signed in already.")
        if state == "known":
            await self._still_here()
        return await verb(self, command)

    async def _still_here(self) -> None:
        if self.principal is None:
            raise No("Sign in first.")
        if not await sessions.lives(self.store, self.principal, self.signed_in_ms):
            self.leave("Your sign-in has ended")

    async def string(self) -> bytes:
        """A string that the client was asked for. Raises Invalid."""
        return parse_string(*await self.read())

    async def read(self) -> tuple[list[bytes], list[bytes]]:
        """The lines of the next command, and the literals between them. Raises No, Invalid, Ended."""
        lines: list[bytes] = []
        literals: list[bytes] = []
        left = _COMMAND_LIMIT if self.principal is not None else _STRANGER_LIMIT
        while True:
            line = await self._line()
            lines.append(line)
            left -= len(line)
            size = literal_size(line)
            if left < 0:
                self.leave("That is too long")
            if size is None:
                return lines, literals
            if size > left:
                await self._skip(size)
            literals.append(await self._octets(size))
            left -= size

    async def _line(self) -> bytes:
        seconds = _STRANGER_SECONDS if self.principal is None else _IDLE_SECONDS
        try:
            return await self.client.line(seconds, LINE_LIMIT)
        except TooLarge:
            raise No("The line is too long.") from None
        except Invalid:
            self.leave("Lines end with CRLF")

    async def _octets(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            found += await self.client.some(_LITERAL_SECONDS, size - len(found))
        return bytes(found)

    async def _skip(self, size: int) -> NoReturn:
        """Refuses a literal that is too large: it comes without being asked for, so it is read past."""
        if self.principal is None or size > _SKIPPED:
            self.leave("That is too large")
        while size:
            size -= len(await self.client.some(_LITERAL_SECONDS, size))
        while (more := literal_size(await self._line())) is not None:
            if more > LINE_LIMIT:
                self.leave("That is too large")
            await self._octets(more)
        raise No(f"A script has at most {SCRIPT_BYTES} bytes.", "QUOTA/MAXSIZE")
