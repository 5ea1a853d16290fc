"""Reads a whole command of a client: its tag, its name, its arguments (RFC 9051 §6)."""

import binascii
from collections.abc import Callable, Sequence

import msgspec

from . import arguments as a
from . import mailbox_commands as mailboxes
from . import message_commands as messages
from .arguments import Arguments
from .errors import BadCharset, BadCommand
from .literal import LiteralMark, Octets, literal_at_end
from .reader import Announced, Kind, Reader

__all__ = [
    "AppendHead",
    "BadCharset",
    "BadCommand",
    "Command",
    "LiteralMark",
    "Octets",
    "append_head",
    "literal_at_end",
    "parse",
    "peek",
]

_ID_LIMIT = 30


class Command(msgspec.Struct, frozen=True):
    """A command; `UID` before its name is said by its arguments."""

    tag: str
    name: str
    arguments: Arguments


class AppendHead(msgspec.Struct, frozen=True):
    """What is known of an APPEND or REPLACE before a literal is read."""

    kind: Kind
    """What the literal is: a `message`, the `text` of a CATENATE, or another `argument`, as a name."""
    mailbox: str | None
    """Where the message goes; `None` while that is not read."""


def parse(parts: Sequence[bytes | Octets], utf8: bool = False) -> Command:
    """Reads a command out of its lines, without CRLF but with the `{n}` at their ends, and the literals between
    them. `utf8` says that mailboxes are named in UTF-8 (RFC 6855 §3). Raises BadCommand, and for a search
    BadCharset."""
    reader = Reader(parts, utf8)
    tag = reader.read_tag()
    try:
        name, arguments = _command(reader)
        reader.end()
    except Announced:
        raise BadCommand(tag, "A literal is missing") from None
    return Command(tag, name, arguments)


def peek(line: bytes) -> tuple[str, str]:
    """Tag and verb in capitals of a first line, `UID FETCH` for one after `UID`; empty texts for what is not there.
    Nothing is checked."""
    words = line[:300].decode("ascii", "replace").split(" ", 3)
    verb = words[1].upper() if len(words) > 1 else ""
    if verb == "UID" and len(words) > 2:
        verb = f"UID {words[2].upper()}"
    return words[0], verb


def append_head(parts: Sequence[bytes | Octets], utf8: bool = False) -> AppendHead:
    """What the literal is that the last of these parts announces, in APPEND, REPLACE and UID REPLACE: so that the
    octets of a message can be kept elsewhere while they come. Raises BadCommand when the command is wrong already
    or announces nothing."""
    reader = Reader(parts, utf8)
    reader.read_tag()
    try:
        _command(reader)
    except Announced as announced:
        return AppendHead(announced.kind, reader.target)
    raise BadCommand(reader.tag, "A literal is needed")


def _command(reader: Reader) -> tuple[str, Arguments]:
    reader.space()
    name = reader.name("A command")
    if name == "UID":
        reader.space()
        name = reader.name("A command")
        return name, _uid(reader, name)
    if name in _BARE:
        return name, a.Nothing()
    if name == "RESETKEY":  # which may be alone
        return name, messages.reset_key(reader)
    read = _READERS.get(name)
    of_messages = _OF_MESSAGES.get(name)
    if read is None and of_messages is None:
        reader.bad(f"There is no command {name[:40]}")
    reader.space()
    return name, read(reader) if read is not None else of_messages(reader, False)  # type: ignore[misc]


def _uid(reader: Reader, name: str) -> Arguments:
    """A command whose numbers are unique identifiers (RFC 9051 §6.4.9)."""
    read = _OF_MESSAGES.get(name)
    if read is None and name != "EXPUNGE":
        reader.bad(f"There is no command UID {name[:40]}")
    reader.space()
    return a.UidExpunge(reader.numbers()) if read is None else read(reader, True)


def _login(reader: Reader) -> a.Login:
    user = reader.text()
    reader.space()
    return a.Login(user, reader.text())


def _authenticate(reader: Reader) -> a.Authenticate:
    """`mechanism [initial response in base64]` (RFC 4959 §3)."""
    mechanism = reader.name("A mechanism")
    if not reader.more():
        return a.Authenticate(mechanism)
    response = reader.base64()
    try:
        return a.Authenticate(
            mechanism, binascii.a2b_base64(response, strict_mode=True) if response != b"=" else b""
        )
    except ValueError:
        reader.bad("Not base64")


def _enable(reader: Reader) -> a.Enable:
    names = [reader.atom().upper()]
    while reader.more():
        names.append(reader.atom().upper())
        if len(names) > 100:
            reader.bad("Too many names")
    return a.Enable(tuple(dict.fromkeys(names)))


def _id(reader: Reader) -> a.Id:
    """`NIL` or up to thirty names and values (RFC 2971 §3.3)."""

    def pair() -> tuple[str, str | None]:
        name = reader.decoded(reader.string())
        reader.space()
        return name, None if reader.nil() else reader.decoded(reader.string())

    if reader.nil():
        return a.Id(None)
    pairs = reader.listed(pair, empty=True)
    if len(pairs) > _ID_LIMIT:
        reader.bad("ID has at most thirty fields")
    return a.Id(pairs)


def _compress(reader: Reader) -> a.Compress:
    return a.Compress(reader.name())


_BARE = frozenset(
    [
        "CAPABILITY",
        "NOOP",
        "LOGOUT",
        "STARTTLS",
        "CHECK",
        "CLOSE",
        "UNSELECT",
        "EXPUNGE",
        "IDLE",
        "NAMESPACE",
        "UNAUTHENTICATE",
    ]
)
_READERS: dict[str, Callable[[Reader], Arguments]] = {
    "LOGIN": _login,
    "AUTHENTICATE": _authenticate,
    "ENABLE": _enable,
    "ID": _id,
    "COMPRESS": _compress,
    "SELECT": mailboxes.select,
    "EXAMINE": mailboxes.examine,
    "CREATE": mailboxes.create,
    "DELETE": mailboxes.delete,
    "RENAME": mailboxes.rename,
    "SUBSCRIBE": mailboxes.subscribe,
    "UNSUBSCRIBE": mailboxes.unsubscribe,
    "LIST": mailboxes.list_,
    "LSUB": mailboxes.lsub,
    "STATUS": mailboxes.status,
    "GETACL": mailboxes.get_acl,
    "SETACL": mailboxes.set_acl,
    "DELETEACL": mailboxes.delete_acl,
    "LISTRIGHTS": mailboxes.list_rights,
    "MYRIGHTS": mailboxes.my_rights,
    "GETQUOTA": mailboxes.get_quota,
    "GETQUOTAROOT": mailboxes.get_quota_root,
    "SETQUOTA": mailboxes.set_quota,
    "NOTIFY": mailboxes.notify,
    "APPEND": messages.append,
    "GENURLAUTH": messages.generate_urls,
    "URLFETCH": messages.fetch_urls,
    "CANCELUPDATE": messages.cancel_update,
}
_OF_MESSAGES: dict[str, Callable[[Reader, bool], Arguments]] = {
    "FETCH": messages.fetch,
    "SEARCH": messages.search,
    "SORT": messages.sort,
    "THREAD": messages.thread,
    "STORE": messages.store,
    "COPY": messages.copy,
    "MOVE": messages.move,
    "REPLACE": messages.replace,
}
