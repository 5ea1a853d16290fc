"""Reads the arguments of commands about messages: APPEND, FETCH, SEARCH, STORE and their kin (RFC 9051 §6.4)."""

from typing import Literal

from . import arguments as a
from .fetch import read_items
from .literal import Octets
from .reader import Reader
from .search import SearchKey, read_charset, read_keys

MESSAGES_LIMIT = 1_000
_RETURNS = frozenset({"MIN", "MAX", "ALL", "COUNT", "SAVE", "PARTIAL", "CONTEXT", "UPDATE"})
_OF_URLS = frozenset({"BODYPARTSTRUCTURE", "BODY", "BINARY"})
_CRITERIA = frozenset(["ARRIVAL", "CC", "DATE", "FROM", "SIZE", "SUBJECT", "TO", "DISPLAYFROM", "DISPLAYTO"])


def append(reader: Reader) -> a.Append:
    """`mailbox` and messages, each `[(flags)] [date] literal` (RFC 9051 §6.3.12, RFC 3502 §6.3.11)."""
    mailbox = read_target(reader)
    messages = [_message(reader)]
    while reader.more():
        if len(messages) >= MESSAGES_LIMIT:
            reader.bad("Too many messages in one command")
        messages.append(_message(reader))
    return a.Append(mailbox, tuple(messages))


def read_target(reader: Reader) -> str:
    """The mailbox a message goes into, and the space after it."""
    reader.target = reader.mailbox()
    reader.space()
    return reader.target


def _message(reader: Reader) -> a.AppendMessage:
    flags: tuple[str, ...] = ()
    moment: int | None = None
    if reader.next_is(b"("):
        flags = _settable(reader.listed(reader.flag, empty=True))
        reader.space()
    if reader.next_is(b'"'):
        moment = reader.moment()
        reader.space()
    if reader.at_literal():
        return a.AppendMessage(flags, moment, reader.literal("message"))
    name = reader.name("A literal")
    reader.space()
    if name == "CATENATE":
        return a.AppendMessage(flags, moment, catenate=reader.listed(lambda: _piece(reader)))
    if name != "UTF8":
        reader.bad("A literal is needed")
    reader.expect(b"(")  # RFC 6855 §4
    octets = reader.literal("message")
    reader.expect(b")")
    return a.AppendMessage(flags, moment, octets, utf8=True)


def _piece(reader: Reader) -> a.CatenateUrl | Octets:
    """`URL "..."` or `TEXT {n}` (RFC 4469 §5)."""
    name = reader.name()
    reader.space()
    if name == "URL":
        return a.CatenateUrl(reader.text())
    if name != "TEXT":
        reader.bad("CATENATE takes URL and TEXT")
    return reader.literal("text")


def replace(reader: Reader, uid: bool) -> a.Replace:
    """A number, a mailbox and one message (RFC 8508 §3.2)."""
    number = None if reader.take(b"*") else reader.number(1)
    reader.space()
    return a.Replace(uid, number, a.Append(read_target(reader), (_message(reader),)))


def fetch(reader: Reader, uid: bool) -> a.Fetch:
    """`numbers items [(modifiers)]` (RFC 9051 §6.4.5, RFC 7162 §3.1.4 and §3.2.6, RFC 9394 §3.3)."""
    numbers = reader.numbers()
    reader.space()
    items = read_items(reader)
    changed_since: int | None = None
    vanished, partial = False, None

    def modifier() -> None:
        nonlocal changed_since, vanished, partial
        name = reader.name()
        if name == "VANISHED":
            vanished = True
            return
        reader.space()
        if name == "CHANGEDSINCE":
            changed_since = reader.modseq()
        elif name == "PARTIAL":
            partial = _partial(reader)
        else:
            reader.bad(f"There is no modifier {name[:40]}")

    if reader.more():
        reader.listed(modifier)
    if vanished and (changed_since is None or not uid):
        reader.bad("VANISHED is for UID FETCH with CHANGEDSINCE")
    return a.Fetch(uid, numbers, items, changed_since, vanished, partial)


def _partial(reader: Reader) -> tuple[int, int]:
    """`1:100`, or `-1:-100` from the end; the one nearer to its beginning first (RFC 9394 §4)."""
    sign = -1 if reader.take(b"-") else 1
    first = reader.number(1)
    reader.expect(b":")
    if sign < 0:
        reader.expect(b"-")
    last = reader.number(1)
    return sign * min(first, last), sign * max(first, last)


def search(reader: Reader, uid: bool) -> a.Search:
    """`[RETURN (options)] [CHARSET name] keys` (RFC 9051 §6.4.4)."""
    returns, partial = _returns(reader)
    charset: str | None = None
    if reader.take_word(b"CHARSET"):
        reader.space()
        charset = read_charset(reader)
        reader.space()
    return a.Search(uid, charset, read_keys(reader, charset), returns, partial)


def _returns(reader: Reader) -> tuple[frozenset[str] | None, tuple[int, int] | None]:
    """`RETURN (MIN MAX)` and the space after it (RFC 4731 §3.1, RFC 5182 §2.1, RFC 9394 §3.1). CONTEXT is a hint
    that changes nothing (RFC 5267 §4.2, §4.4, §4.5)."""
    partial: tuple[int, int] | None = None

    def option() -> str:
        nonlocal partial
        name = reader.name()
        if name not in _RETURNS:
            reader.bad(f"There is no result option {name[:40]}")
        if name == "PARTIAL":
            if partial is not None:
                reader.bad("PARTIAL is there twice")
            reader.space()
            partial = _partial(reader)
        return name

    if not reader.take_word(b"RETURN"):
        return None, None
    reader.space()
    names = frozenset(reader.listed(option, empty=True)) or frozenset({"ALL"})
    reader.space()
    if {"ALL", "PARTIAL"} <= names:
        reader.bad("ALL and PARTIAL do not go together")
    return names, partial


def sort(reader: Reader, uid: bool) -> a.Sort:
    """`[RETURN (options)] (criteria) charset keys` (RFC 5256 §5, RFC 5267 §3)."""

    def criterion() -> tuple[str, bool]:
        name = reader.name()
        reverse = name == "REVERSE"
        if reverse:
            reader.space()
            name = reader.name()
        if name not in _CRITERIA:
            reader.bad(f"There is no sort criterion {name[:40]}")
        return name, reverse

    returns, partial = _returns(reader)
    criteria = reader.listed(criterion)
    reader.space()
    charset, keys = _in_charset(reader)
    return a.Sort(uid, criteria, charset, keys, returns, partial)


def cancel_update(reader: Reader) -> a.CancelUpdate:
    """Tags in quotes (RFC 5267 §5)."""
    tags = [reader.text()]
    while reader.more() and len(tags) < MESSAGES_LIMIT:
        tags.append(reader.text())
    return a.CancelUpdate(tuple(tags))


def thread(reader: Reader, uid: bool) -> a.Thread:
    """`algorithm charset keys` (RFC 5256 §5)."""
    algorithm = reader.name()
    reader.space()
    charset, keys = _in_charset(reader)
    return a.Thread(uid, algorithm, charset, keys)


def _in_charset(reader: Reader) -> tuple[str, SearchKey]:
    charset = read_charset(reader)
    reader.space()
    return charset, read_keys(reader, charset)


def store(reader: Reader, uid: bool) -> a.Store:
    """`numbers [(UNCHANGEDSINCE n)] [+-]FLAGS[.SILENT] flags` (RFC 9051 §6.4.6, RFC 7162 §3.1.3)."""
    numbers = reader.numbers()
    reader.space()
    unchanged_since: int | None = None
    if reader.take(b"("):
        if reader.name() != "UNCHANGEDSINCE":
            reader.bad("There is no such modifier of STORE")
        reader.space()
        unchanged_since = reader.modseq()
        reader.expect(b")")
        reader.space()
    mode: Literal["set", "add", "remove"] = "add" if reader.take(b"+") else "remove" if reader.take(b"-") else "set"
    name = reader.name()
    if name not in ("FLAGS", "FLAGS.SILENT"):
        reader.bad("FLAGS is needed")
    reader.space()
    if reader.next_is(b"("):
        flags = reader.listed(reader.flag, empty=True)
    else:
        bare = [reader.flag()]
        while reader.more() and len(bare) < MESSAGES_LIMIT:
            bare.append(reader.flag())
        flags = tuple(bare)
    return a.Store(uid, numbers, mode, name.endswith("T"), _settable(flags), unchanged_since)


def _settable(flags: tuple[str, ...]) -> tuple[str, ...]:
    r"""Flags, each once, without `\Recent`, which no client can set (RFC 3501 §2.3.2)."""
    return tuple(flag for flag in dict.fromkeys(flags) if flag != "\\Recent")


def reset_key(reader: Reader) -> a.ResetKey:
    """`[mailbox [mechanisms]]` (RFC 4467 §9)."""
    if not reader.more():
        return a.ResetKey()
    mailbox, mechanisms = reader.mailbox(), []
    while reader.more():
        mechanisms.append(reader.name())
    return a.ResetKey(mailbox, tuple(mechanisms))


def generate_urls(reader: Reader) -> a.GenUrlAuth:
    """URLs, each with its mechanism (RFC 4467 §9)."""

    def pair() -> tuple[str, str]:
        url = reader.text()
        reader.space()
        return url, reader.name("A mechanism")

    urls = [pair()]
    while reader.more():
        urls.append(pair())
    return a.GenUrlAuth(tuple(urls))


def fetch_urls(reader: Reader) -> a.UrlFetch:
    """URLs, or `(url items)` (RFC 4467 §9, RFC 5524 §5)."""

    def wanted() -> a.WantedUrl:
        if not reader.take(b"("):
            return a.WantedUrl(reader.text())
        url, items = reader.text(), []
        while reader.more():
            items.append(reader.name())
        reader.expect(b")")
        if set(items) - _OF_URLS or len(set(items)) < len(items) or {"BODY", "BINARY"} <= set(items):
            reader.bad("BODYPARTSTRUCTURE, and BODY or BINARY, are what there is of a URL")
        return a.WantedUrl(url, tuple(items))

    urls = [wanted()]
    while reader.more():
        urls.append(wanted())
    return a.UrlFetch(tuple(urls))


def copy(reader: Reader, uid: bool) -> a.Copy:
    """Numbers and a mailbox (RFC 9051 §6.4.7)."""
    numbers = reader.numbers()
    reader.space()
    return a.Copy(uid, numbers, reader.mailbox())


def move(reader: Reader, uid: bool) -> a.Move:
    """Numbers and a mailbox (RFC 9051 §6.4.8)."""
    numbers = reader.numbers()
    reader.space()
    return a.Move(uid, numbers, reader.mailbox())
