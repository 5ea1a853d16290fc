"""What goes into a Sieve script's run and what comes out of it: limits, errors, the message, what is known outside
of it, actions (RFC 5228 §2.10, §4)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from parvis.kernel.errors import Invalid
from parvis.wire.mime import Message, parse

from .headers import Headers


class Limits(msgspec.Struct, frozen=True):
    """How much a script may ask for. What is beyond is an error: of the script when it is read, or of its run."""

    script: int = 1_000_000
    """Bytes of a script."""
    string: int = 200_000
    """Characters of a string, expanded or not."""
    tokens: int = 100_000
    nesting: int = 32
    """Blocks in blocks, tests in tests; RFC 5228 §2.10.7 asks for 15."""
    faults: int = 50
    """Faults that are told of one script."""
    steps: int = 100_000
    """Commands, tests and comparisons of one run, long texts counting for more."""
    actions: int = 64
    redirects: int = 8
    notifications: int = 8
    includes: int = 64
    """Scripts included in one run."""
    depth: int = 10
    """Scripts included by included scripts (RFC 6609 §3.1 asks for three)."""
    variables: int = 256
    variable: int = 16_000
    """Characters of a variable; longer values are cut (RFC 5229 §6 asks for 4000)."""
    body: int = 1_000_000
    """Bytes of each part of the body that are looked at."""
    header: int = 8_192
    """Characters of a header field that a script adds."""


LIMITS = Limits()


class Fault(NamedTuple):
    """Something wrong in a script, and where; lines and columns count from 1."""

    line: int
    column: int
    sentence: str


class SieveError(Invalid):
    """A script that cannot be used, or a run that failed. `line`, `column` and `sentence` are those of the first of
    `faults`."""

    def __init__(self, *faults: Fault) -> None:
        first = faults[0]
        super().__init__(first.sentence, line=first.line, column=first.column)
        self.line = first.line
        self.column = first.column
        self.faults = faults


class Mail(msgspec.Struct, frozen=True):
    """A message on which a script is run."""

    raw: bytes
    message: Message
    sender: str | None = None
    """`MAIL FROM`, `""` for the null path, `None` when not known."""
    recipient: str | None = None
    """`RCPT TO` as the recipient's server got it."""
    auth: str | None = None
    """Who signed in to send it."""

    @classmethod
    def of(cls, raw: bytes, sender: str | None = None, recipient: str | None = None) -> "Mail":
        """A message from its bytes and its envelope."""
        return cls(raw, parse(raw), sender, recipient)


def _no(*_: object) -> bool:
    return False


class Context(msgspec.Struct, frozen=True):
    """What a script may ask about the world around the message. Everything is prepared by the caller."""

    now: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    """The present, in the time zone of the script's owner (RFC 5260 §4.1)."""
    mailbox_exists: Callable[[str], bool] = _no
    """Can mail be filed into the mailbox of that name (RFC 5490 §3.1)?"""
    mailbox_id_exists: Callable[[str], bool] = _no
    """The same by mailbox id (RFC 9042 §5)."""
    special_use_exists: Callable[[str | None, str], bool] = _no
    """Has the named mailbox, or with `None` any, this attribute, such as `\\Junk` (RFC 8579)?"""
    script: Callable[[str, str], str | bytes | None] = lambda name, location: None
    """The source of a script to be included, by name and `personal` or `global` (RFC 6609 §3.2)."""
    seen_duplicate: Callable[[str], bool] = _no
    """Is this key among those of `Outcome.tracked` that were kept and have not expired (RFC 7352 §3)?"""
    in_list: Callable[[str, str], bool] = _no
    """Is a value in the list of that name (RFC 6134 §2)?"""
    lists: frozenset[str] = frozenset()
    """Names of the lists there are."""
    environment: Mapping[str, str] = {}
    """Items of RFC 5183 §4.1, such as `domain`, `host`, `location`, `name`, `phase`, `remote-ip`, `version`."""
    spam: float | None = None
    """How likely the message is spam, 0 to 1; `None` when it was not looked at (RFC 5235 §3.2)."""
    virus: int | None = None
    """0 to 5, as RFC 5235 §3.3 has it."""
    separators: str = "+"
    """What stands between user and detail in an address (RFC 5233 §4)."""


class Keep(msgspec.Struct, frozen=True, tag=True):
    """Into the inbox (RFC 5228 §4.3)."""

    flags: tuple[str, ...] = ()
    implicit: bool = False
    """Because no other action took care of the message (§2.10.2)."""


class FileInto(msgspec.Struct, frozen=True, tag=True):
    """Into a mailbox (RFC 5228 §4.1): that with `mailbox_id` if there is one (RFC 9042 §4), else that with
    `special_use` (RFC 8579), else that of the name; `create` it when there is none (RFC 5490 §3.2)."""

    mailbox: str
    flags: tuple[str, ...] = ()
    copy: bool = False
    create: bool = False
    special_use: str | None = None
    mailbox_id: str | None = None


class Redirect(msgspec.Struct, frozen=True, tag=True):
    """On to an address (RFC 5228 §4.2), or to the members of the list `address` (RFC 6134 §2)."""

    address: str
    copy: bool = False
    is_list: bool = False


class Discard(msgspec.Struct, frozen=True, tag=True):
    """Not kept on its own account (RFC 5228 §4.4): what the other actions say is done all the same."""


class Reject(msgspec.Struct, frozen=True, tag=True):
    """Back to the sender; `ereject` prefers the answer of the protocol to a message (RFC 5429 §2)."""

    reason: str
    ereject: bool = False


class Vacation(msgspec.Struct, frozen=True, tag=True):
    """An automatic reply (RFC 5230 §4, RFC 6131 §2). Whether this message gets one (§4.5, §4.6), and whether the
    sender had it already, is the caller's to decide."""

    reason: str
    handle: str
    """What tells this reply from others: as given, or made of the other arguments (RFC 5230 §4.2)."""
    seconds: int
    """For how long nobody gets it twice; 0 for an answer each time."""
    subject: str | None = None
    from_: str | None = None
    addresses: tuple[str, ...] = ()
    """More addresses of the owner."""
    mime: bool = False
    """Is `reason` a MIME entity with its header?"""


class Notify(msgspec.Struct, frozen=True, tag=True):
    """A notification by the method of a URI (RFC 5435 §3, RFC 5436)."""

    method: str
    message: str | None = None
    importance: int = 2
    from_: str | None = None
    options: tuple[str, ...] = ()


Action = Keep | FileInto | Redirect | Discard | Reject | Vacation | Notify


class Held(NamedTuple):
    """A test that was true, as written in the script."""

    line: int
    text: str


class Step(msgspec.Struct, frozen=True):
    """An action, and what brought it about."""

    action: Action
    line: int
    """Of the command; 0 for the implicit keep."""
    script: str
    """Name of the included script it stands in; `""` for the script itself."""
    tests: tuple[Held, ...]
    """The tests that led to it, outermost first."""
    headers: Headers
    """The header fields as they were then (RFC 5293 §7)."""

    def rewritten(self, raw: bytes) -> bytes:
        """The message as this action is to store or send it, header fields edited."""
        return self.headers.rewritten(raw)


class Marked(NamedTuple):
    """Flags with which the message is kept (RFC 5232 §3), and what brought them about: no action by themselves."""

    flags: tuple[str, ...]
    line: int
    script: str
    tests: tuple[Held, ...]


class Tracked(NamedTuple):
    """A key to be remembered (RFC 7352 §3.3): a new one for `seconds` from now; one that is there already stays as
    it is, or with `last` begins its time anew."""

    key: str
    seconds: int
    last: bool


class Outcome(msgspec.Struct, frozen=True):
    """What is to be done with the message. After an error that is a keep of the message as it came, and nothing
    else (RFC 5228 §2.10.6)."""

    steps: tuple[Step, ...]
    tracked: tuple[Tracked, ...] = ()
    marked: tuple[Marked, ...] = ()
    error: SieveError | None = None
    error_script: str = ""
    """Name of the included script in which the error is."""

    @property
    def actions(self) -> tuple[Action, ...]:
        """The actions in order."""
        return tuple(step.action for step in self.steps)
