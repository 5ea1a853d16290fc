"""Reads the arguments of commands about mailboxes: names, lists, rights, quota and notices (RFC 9051 §6.3)."""

from typing import Literal

from . import arguments as a
from .fetch import FetchItem, read_item
from .numbers import Numbers
from .reader import Reader

_STATUS = frozenset(
    [
        "MESSAGES",
        "RECENT",
        "UIDNEXT",
        "UIDVALIDITY",
        "UNSEEN",
        "DELETED",
        "SIZE",
        "HIGHESTMODSEQ",
        "MAILBOXID",
        "APPENDLIMIT",
        "DELETED-STORAGE",
    ]
)
_SELECTION = frozenset({"SUBSCRIBED", "REMOTE", "RECURSIVEMATCH", "SPECIAL-USE"})
_FILTERS = frozenset({"SELECTED", "SELECTED-DELAYED", "INBOXES", "PERSONAL", "SUBSCRIBED", "SUBTREE", "MAILBOXES"})
_OF_MESSAGES = frozenset({"MESSAGENEW", "MESSAGEEXPUNGE", "FLAGCHANGE", "ANNOTATIONCHANGE"})


def select(reader: Reader, read_only: bool = False) -> a.Select:
    """`mailbox [(CONDSTORE QRESYNC (...))]` (RFC 9051 §6.3.2, RFC 7162 §3.1.8 and §3.2.5)."""
    mailbox = reader.mailbox()
    condstore, qresync = False, None
    if reader.more():
        for name, value in reader.listed(lambda: _parameter(reader)):
            condstore = condstore or name == "CONDSTORE"
            qresync = value or qresync
    return a.Select(mailbox, read_only, condstore, qresync)


def examine(reader: Reader) -> a.Select:
    """As SELECT (RFC 9051 §6.3.3)."""
    return select(reader, read_only=True)


def _parameter(reader: Reader) -> tuple[str, a.Qresync | None]:
    name = reader.name()
    if name == "CONDSTORE":
        return name, None
    if name != "QRESYNC":
        reader.bad(f"There is no parameter {name[:40]}")
    reader.space()
    reader.expect(b"(")
    uid_validity = reader.number(1)
    reader.space()
    modseq = reader.modseq(1)
    known: Numbers | None = None
    sequence: tuple[Numbers, Numbers] | None = None
    if reader.more() and reader.at_set():
        known = reader.numbers()
        reader.more()
    if reader.take(b"("):
        first = reader.numbers()
        reader.space()
        sequence = first, reader.numbers()
        reader.expect(b")")
    reader.expect(b")")
    return name, a.Qresync(uid_validity, modseq, known, sequence)


def create(reader: Reader) -> a.Create:
    r"""`mailbox [(USE (\Drafts))]` (RFC 9051 §6.3.4, RFC 6154 §3)."""
    mailbox = reader.mailbox()
    uses: tuple[str, ...] = ()
    if reader.more():
        reader.expect(b"(")
        if reader.name() != "USE":
            reader.bad("There is no such parameter of CREATE")
        reader.space()
        uses = reader.listed(reader.attribute, empty=True)
        reader.expect(b")")
    return a.Create(mailbox, uses)


def delete(reader: Reader) -> a.Delete:
    """A mailbox."""
    return a.Delete(reader.mailbox())


def rename(reader: Reader) -> a.Rename:
    """Two mailboxes."""
    old = reader.mailbox()
    reader.space()
    return a.Rename(old, reader.mailbox())


def subscribe(reader: Reader) -> a.Subscribe:
    """A mailbox."""
    return a.Subscribe(reader.mailbox())


def unsubscribe(reader: Reader) -> a.Unsubscribe:
    """A mailbox."""
    return a.Unsubscribe(reader.mailbox())


def list_(reader: Reader) -> a.List:
    """`[(selection)] reference pattern-or-patterns [RETURN (options)]` (RFC 9051 §6.3.9)."""
    selection: tuple[str, ...] | None = None
    if reader.next_is(b"("):
        selection = reader.listed(reader.name, empty=True)
        reader.space()
    chosen = set(selection or ())
    if not chosen <= _SELECTION:
        reader.bad("There is no such selection option")
    if "RECURSIVEMATCH" in chosen and not chosen & {"SUBSCRIBED", "SPECIAL-USE"}:
        reader.bad("RECURSIVEMATCH goes with another selection option")
    reference = reader.mailbox()
    reader.space()
    many = reader.next_is(b"(")
    patterns = reader.listed(reader.pattern) if many else (reader.pattern(),)
    returned: dict[str, tuple[str, ...]] | None = None
    if reader.more():
        if reader.name() != "RETURN":
            reader.bad("RETURN is needed")
        reader.space()
        returned = dict(reader.listed(lambda: _returned(reader), empty=True))
    options = returned or {}
    return a.List(
        reference,
        patterns,
        subscribed="SUBSCRIBED" in chosen,
        remote="REMOTE" in chosen,
        recursive_match="RECURSIVEMATCH" in chosen,
        special_use_only="SPECIAL-USE" in chosen,
        return_subscribed="SUBSCRIBED" in options,
        return_children="CHILDREN" in options,
        return_special_use="SPECIAL-USE" in options,
        return_status=options.get("STATUS"),
        return_myrights="MYRIGHTS" in options,
        extended=selection is not None or many or returned is not None,
    )


def _returned(reader: Reader) -> tuple[str, tuple[str, ...]]:
    """One return option with its items (RFC 5258 §3.2, RFC 5819 §2, RFC 8440 §3)."""
    name = reader.name()
    if name == "STATUS":
        reader.space()
        return name, _items(reader)
    if name not in ("SUBSCRIBED", "CHILDREN", "SPECIAL-USE", "MYRIGHTS"):
        reader.bad(f"There is no return option {name[:40]}")
    return name, ()


def lsub(reader: Reader) -> a.Lsub:
    """A reference and a pattern (RFC 3501 §6.3.9)."""
    reference = reader.mailbox()
    reader.space()
    return a.Lsub(reference, reader.pattern())


def status(reader: Reader) -> a.Status:
    """A mailbox and a list of items (RFC 9051 §6.3.11)."""
    mailbox = reader.mailbox()
    reader.space()
    return a.Status(mailbox, _items(reader))


def _items(reader: Reader) -> tuple[str, ...]:
    items = tuple(dict.fromkeys(reader.listed(reader.name)))
    for item in items:
        if item not in _STATUS:
            reader.bad(f"There is no status item {item[:40]}")
    return items


def get_acl(reader: Reader) -> a.GetAcl:
    """A mailbox (RFC 4314 §3.3)."""
    return a.GetAcl(reader.mailbox())


def set_acl(reader: Reader) -> a.SetAcl:
    """A mailbox, somebody, and rights after `+`, `-` or neither (RFC 4314 §3.1)."""
    mailbox = reader.mailbox()
    reader.space()
    identifier = reader.text()
    reader.space()
    rights = reader.text()
    mode: Literal["set", "add", "remove"] = "set"
    if rights.startswith(("+", "-")):
        mode = "add" if rights[0] == "+" else "remove"
        rights = rights[1:]
    if not all(letter in "0123456789abcdefghijklmnopqrstuvwxyz" for letter in rights):
        reader.bad("A right is a small letter or a digit")
    return a.SetAcl(mailbox, identifier, mode, rights)


def delete_acl(reader: Reader) -> a.DeleteAcl:
    """A mailbox and somebody (RFC 4314 §3.2)."""
    mailbox = reader.mailbox()
    reader.space()
    return a.DeleteAcl(mailbox, reader.text())


def list_rights(reader: Reader) -> a.ListRights:
    """A mailbox and somebody (RFC 4314 §3.4)."""
    mailbox = reader.mailbox()
    reader.space()
    return a.ListRights(mailbox, reader.text())


def my_rights(reader: Reader) -> a.MyRights:
    """A mailbox (RFC 4314 §3.5)."""
    return a.MyRights(reader.mailbox())


def get_quota(reader: Reader) -> a.GetQuota:
    """The name of a quota root (RFC 9208 §4.1.1)."""
    return a.GetQuota(reader.text())


def get_quota_root(reader: Reader) -> a.GetQuotaRoot:
    """A mailbox (RFC 9208 §4.1.2)."""
    return a.GetQuotaRoot(reader.mailbox())


def set_quota(reader: Reader) -> a.SetQuota:
    """A root and a list of resources with their limits (RFC 9208 §4.1.3)."""

    def limit() -> tuple[str, int]:
        name = reader.atom().upper()
        reader.space()
        return name, reader.modseq()

    root = reader.text()
    reader.space()
    return a.SetQuota(root, reader.listed(limit, empty=True))


def notify(reader: Reader) -> a.Notify:
    """`NONE` or `SET [STATUS] (filter events) ...` (RFC 5465 §8)."""
    word = reader.name()
    if word == "NONE":
        return a.Notify(None)
    if word != "SET":
        reader.bad("NOTIFY is SET or NONE")
    reader.space()
    wanted = False
    if not reader.next_is(b"("):
        if reader.name() != "STATUS":
            reader.bad("A group of events is needed")
        wanted = True
        reader.space()
    groups = [_group(reader)]
    while reader.more() and len(groups) < 100:
        groups.append(_group(reader))
    return a.Notify(tuple(groups), wanted)


def _group(reader: Reader) -> a.NotifyGroup:
    reader.expect(b"(")
    name = reader.name()
    if name not in _FILTERS:
        reader.bad(f"There is no filter {name[:40]}")
    reader.space()
    mailboxes: tuple[str, ...] = ()
    if name in ("SUBTREE", "MAILBOXES"):
        mailboxes = reader.listed(reader.mailbox) if reader.next_is(b"(") else (reader.mailbox(),)
        reader.space()
    events, items = _events(reader)
    reader.expect(b")")
    chosen = set(events)
    if ("MESSAGENEW" in chosen) != ("MESSAGEEXPUNGE" in chosen):
        reader.bad("MessageNew and MessageExpunge go together")
    if chosen & {"FLAGCHANGE", "ANNOTATIONCHANGE"} and "MESSAGENEW" not in chosen:
        reader.bad("FlagChange goes with MessageNew and MessageExpunge")
    selected = name.startswith("SELECTED")
    if (selected and not chosen <= _OF_MESSAGES) or (items and not selected):
        reader.bad("Such an event is not for these mailboxes")
    return a.NotifyGroup(name, mailboxes, events, items)


def _events(reader: Reader) -> tuple[tuple[str, ...], tuple[FetchItem, ...]]:
    """Names of events and what to fetch of a new message (RFC 5465 §5)."""
    if not reader.next_is(b"("):
        if reader.name() != "NONE":
            reader.bad("A list of events is needed")
        return (), ()
    fetched: list[FetchItem] = []

    def event() -> str:
        name = reader.name()
        if name == "MESSAGENEW" and reader.take(b" ("):
            fetched.append(read_item(reader))
            while reader.more():
                fetched.append(read_item(reader))
            reader.expect(b")")
        return name

    return tuple(dict.fromkeys(reader.listed(event))), tuple(dict.fromkeys(fetched))
