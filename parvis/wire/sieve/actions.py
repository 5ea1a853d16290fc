"""Actions: what is to be done with a message (RFC 5228 §4 and its extensions)."""

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from parvis.wire.mime import as_addresses, as_text
from parvis.wire.smtp import is_address, split_address

from .headers import NAME, value_of
from .model import Discard, FileInto, Keep, Notify, Redirect, Reject, Vacation
from .spec import Node, Positional, Spec, Tag, check_index, indexed
from .texts import IDENTIFIER, Variable

if TYPE_CHECKING:
    from .compiler import Checker
    from .machine import Machine

_DAY = 86_400
_LONGEST = 366 * _DAY
_FLAG = re.compile(
    r"\\(?:answered|flagged|deleted|seen|draft)\Z|[!#$&'+,\-./0-9:;<=>?@A-Z^_`a-z|}~]{1,200}\Z", re.I
)
_FOLD = re.compile(r"[\r\n]+[ \t]*")
_SPECIAL_USE = re.compile(r"\\[A-Za-z][A-Za-z0-9-]{0,60}\Z")
_PAIR = re.compile(r"\\(.)", re.S)
_OPTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*=[^\0\r\n]*\Z")
_MAILTO = re.compile(r"mailto:([^?]*)(?:\?(.*))?\Z", re.I | re.S)
_ENCODED = re.compile(r"(?:[^%\s<>\"{}|\\^`\x00-\x20\x7f-\U0010ffff]|%[0-9A-Fa-f]{2})*\Z")


def mailbox_fault(name: str) -> str | None:
    """Why this can be no name of a mailbox."""
    if not name or len(name) > 1_000:
        return "The name of a mailbox is empty or too long."
    if "\ufffd" in name or any(letter < " " or letter == "\x7f" for letter in name):
        return "The name of a mailbox has characters that cannot be in it."
    return None


def split_flags(texts: list[str]) -> tuple[str, ...]:
    """Flags out of strings with spaces, each once, without those that IMAP does not allow (RFC 5232 §2)."""
    found: dict[str, str] = {}
    for text in texts:
        for flag in text.split():
            if _FLAG.match(flag):
                found.setdefault(flag.lower(), flag)
    return tuple(found.values())


def _flags(machine: "Machine", node: Node) -> tuple[str, ...]:
    """Those of `:flags`, else those of the internal variable (RFC 5232 §5)."""
    given = machine.tags(node, "flags")
    return machine.flags if given is None else split_flags(given)


def _keep(machine: "Machine", node: Node) -> None:
    machine.act(node, Keep(_flags(machine, node)))


def _discard(machine: "Machine", node: Node) -> None:
    machine.act(node, Discard())


def _check_fileinto(checker: "Checker", node: Node) -> None:
    for name in node.constant(0):
        if fault := mailbox_fault(name):
            checker.fault(node, fault)
    check_special_use(checker, node, node.constant_tag("specialuse"))
    if node.has("specialuse") and node.has("mailboxid"):
        checker.fault(node, "':specialuse' and ':mailboxid' cannot stand together.")


def check_special_use(checker: "Checker", node: Node, attributes: tuple[str, ...]) -> None:
    """RFC 8579"""
    for attribute in attributes:
        if not _SPECIAL_USE.match(attribute):
            checker.fault(node, f"'{attribute[:40]}' is no attribute of special use.")


def _fileinto(machine: "Machine", node: Node) -> None:
    name = machine.argument(node, 0)
    if fault := mailbox_fault(name):
        machine.fail(node, fault)
    machine.act(
        node,
        FileInto(
            name,
            _flags(machine, node),
            node.has("copy"),
            node.has("create"),
            machine.tag(node, "specialuse"),
            machine.tag(node, "mailboxid"),
        ),
    )


def _check_redirect(checker: "Checker", node: Node) -> None:
    for address in node.constant(0):
        if not node.has("list") and _address(address) is None:
            checker.fault(node, f"'{address[:60]}' is no address.")


def _address(text: str) -> str | None:
    """The one address of a text, with or without a name (RFC 5228 §2.4.2.3)."""
    found = as_addresses(text.encode("utf-8", "replace"))
    return normal_address(found[0].email) if len(found) == 1 and is_address(found[0].email) else None


def normal_address(address: str) -> str:
    """An address with quotes around its local part only where they are needed (RFC 5228 §2.7.4)."""
    local, domain = split_address(address)
    bare = unquoted(local)
    return f"{bare}@{domain}" if bare != local and is_address(f"{bare}@{domain}") else address


def unquoted(local: str) -> str:
    """A local part without its quotes."""
    if len(local) > 1 and local[0] == local[-1] == '"':
        return _PAIR.sub(r"\1", local[1:-1])
    return local


def _redirect(machine: "Machine", node: Node) -> None:
    text = machine.argument(node, 0)
    if node.has("list"):
        machine.act(node, Redirect(machine.list_name(node, text), node.has("copy"), is_list=True))
        return
    address = _address(text)
    if address is None:
        machine.fail(node, f"'{text[:60]}' is no address.")
    machine.act(node, Redirect(address, node.has("copy")))


def _reject(machine: "Machine", node: Node) -> None:
    machine.act(node, Reject(machine.argument(node, 0), node.spec.name == "ereject"))


def _check_vacation(checker: "Checker", node: Node) -> None:
    """RFC 5230 §4.3"""
    for sender in node.constant_tag("from"):
        if _address(sender) is None:
            checker.fault(node, f"'{sender[:60]}' is no address.")
    if node.has("mime") and not all(text.isascii() for text in node.constant(0)):
        head = "".join(node.constant(0)).partition("\r\n\r\n")[0]
        if not head.isascii():
            checker.fault(node, "The header of a MIME entity has characters beyond ASCII.")


def _vacation(machine: "Machine", node: Node) -> None:
    reason = machine.argument(node, 0)
    subject, sender = machine.tag(node, "subject"), machine.tag(node, "from")
    if subject is not None:  # older scripts have it encoded
        subject = as_text(subject.encode("utf-8", "replace"))
    handle = machine.tag(node, "handle")
    if handle is None:
        parts = (subject or "", sender or "", "mime" if node.has("mime") else "", reason)
        handle = "\0".join(f"{len(part)}:{part}" for part in parts)
    machine.act(
        node,
        Vacation(
            reason,
            handle,
            _period(node),
            subject,
            sender if sender is None or _address(sender) else None,
            tuple(machine.tags(node, "addresses") or ()),
            node.has("mime"),
        ),
    )


def _period(node: Node) -> int:
    """Seconds of `:seconds` (RFC 6131 §2) or `:days`, at least one (RFC 5230 §4.1); a week without them."""
    seconds = node.number("seconds")
    if seconds is not None:
        return min(seconds, _LONGEST)
    days = node.number("days")
    return 7 * _DAY if days is None else min(max(days, 1) * _DAY, _LONGEST)


def mailto_fault(method: str) -> str | None:
    """Why a URI is no way to notify somebody: only `mailto:` is one (RFC 5435 §3.2, RFC 5436 §2)."""
    match = _MAILTO.match(method)
    if match is None:
        return f"Notifications by '{method[:40]}' are not supported."
    addresses, fields = match.group(1), match.group(2)
    if not _ENCODED.match(method):
        return "The URI of the notification is not written as it should be."
    named = [address.email for address in as_addresses(unquote(addresses).encode("utf-8", "replace"))]
    for field in fields.split("&") if fields else ():
        name, mark, value = field.partition("=")
        if not mark or not NAME.match(unquote(name)):
            return "The header fields of the URI are not written as they should be."
        if unquote(name).lower() in ("to", "cc"):
            named += [address.email for address in as_addresses(unquote(value).encode("utf-8", "replace"))]
    if not named:
        return "The URI of the notification names no address."
    return next((f"'{address[:60]}' is no address." for address in named if not is_address(address)), None)


def _check_notify(checker: "Checker", node: Node) -> None:
    for method in node.constant(0):
        if fault := mailto_fault(method):
            checker.fault(node, fault)
    for importance in node.constant_tag("importance"):
        if importance not in ("1", "2", "3"):
            checker.fault(node, '\':importance\' of \'notify\' is "1", "2" or "3".')
    for option in node.constant_tag("options"):
        if not _OPTION.match(option):
            checker.fault(node, f"'{option[:40]}' is no option of the form name=value.")
    for sender in node.constant_tag("from"):
        if _address(sender) is None:
            checker.fault(node, f"'{sender[:60]}' is no address.")


def _notify(machine: "Machine", node: Node) -> None:
    method = machine.argument(node, 0)
    if fault := mailto_fault(method):
        machine.fail(node, fault)
    importance = machine.tag(node, "importance") or "2"
    if importance not in ("1", "2", "3"):
        machine.fail(node, '\':importance\' of \'notify\' is "1", "2" or "3".')
    sender = machine.tag(node, "from")
    machine.act(
        node,
        Notify(
            method,
            machine.tag(node, "message"),
            int(importance),
            sender if sender is None or _address(sender) else None,
            tuple(machine.tags(node, "options") or ()),
        ),
    )


def check_flags(checker: "Checker", node: Node) -> None:
    """RFC 5232 §3: a list of variables needs `variables`."""
    if node.values[0] is None:
        return
    if "variables" not in checker.extensions:
        checker.fault(node, f"Variables of '{node.spec.name}' need require \"variables\".")
    for name in node.constant(0):
        if not IDENTIFIER.match(name):
            checker.fault(node, f"'{name[:40]}' is no name of a variable.")


def flags_in(machine: "Machine", node: Node) -> tuple[str, ...]:
    """The flags a command or test is about: those of its variables, else the internal ones."""
    if node.values[0] is None:
        return machine.flags
    names = machine.arguments(node, 0)
    return split_flags([machine.variable(_flag_variable(machine, node, name)) for name in names])


def _flag_variable(machine: "Machine", node: Node, name: str) -> Variable:
    if not IDENTIFIER.match(name):
        machine.fail(node, f"'{name[:40]}' is no name of a variable.")
    return Variable(name.lower())


def _change_flags(machine: "Machine", node: Node) -> None:
    """`setflag`, `addflag`, `removeflag` (RFC 5232 §3)."""
    given = split_flags(machine.arguments(node, 1))
    before = flags_in(machine, node)
    machine.spend(node, len(given) + len(before))
    if node.spec.name == "removeflag":
        gone = {flag.lower() for flag in given}
        after = tuple(flag for flag in before if flag.lower() not in gone)
    else:
        after = given if node.spec.name == "setflag" else split_flags([*before, *given])
    if node.values[0] is None:
        machine.mark(node, after)
        return
    for name in machine.arguments(node, 0):
        machine.assign(node, _flag_variable(machine, node, name), " ".join(after))


def _check_header_name(checker: "Checker", node: Node) -> None:
    for name in node.constant(0):
        if not NAME.match(name):
            checker.fault(node, f"'{name[:40]}' is no name of a header field.")


def _check_addheader(checker: "Checker", node: Node) -> None:
    """RFC 5293 §4"""
    _check_header_name(checker, node)
    for value in node.constant(1):
        if fault := _value_fault(value, checker.limits.header):
            checker.fault(node, fault)


def _value_fault(value: str, limit: int) -> str | None:
    if len(value) > limit:
        return f"A header field is longer than {limit} characters."
    if any(letter < " " and letter not in "\t\r\n" for letter in value) or "\x7f" in value:
        return "The value of a header field has control characters."
    return None


def _addheader(machine: "Machine", node: Node) -> None:
    name, value = machine.argument(node, 0), machine.argument(node, 1)
    if not NAME.match(name):
        machine.fail(node, f"'{name[:40]}' is no name of a header field.")
    if fault := _value_fault(value, machine.limits.header):
        machine.fail(node, fault)
    machine.spend(node, 1 + len(machine.headers.fields) // 100)
    machine.headers = machine.headers.added(name, _FOLD.sub(" ", value.strip(" \t\r\n")), node.has("last"))


def _check_deleteheader(checker: "Checker", node: Node) -> None:
    _check_header_name(checker, node)
    check_index(checker, node)


def _deleteheader(machine: "Machine", node: Node) -> None:
    """RFC 5293 §5"""
    name = machine.argument(node, 0)
    if not NAME.match(name):
        machine.fail(node, f"'{name[:40]}' is no name of a header field.")
    fields = indexed(node, machine.headers.named(name))
    machine.spend(node, 1 + len(machine.headers.fields) // 100)
    if node.values[1] is not None:
        keys = machine.arguments(node, 1)
        if node.match.type == "count":
            fields = fields if machine.match(node, [value_of(field) for field in fields], keys) else []
        else:
            fields = [field for field in fields if machine.match(node, [value_of(field)], keys)]
    machine.headers = machine.headers.without(fields)


_FLAGS = Tag("flags", "strings", "imap4flags")
_COPY = Tag("copy", None, "copy")
_REASON = Positional("string", "a reason")
FLAG_VARIABLES = Positional("strings", "names of variables", optional=True)
_FIELD = Positional("string", "the name of a header field")
_CHANGE = (FLAG_VARIABLES, Positional("strings", "flags"))

COMMANDS = (
    Spec("keep", _keep, tags=(_FLAGS,)),
    Spec("discard", _discard),
    Spec(
        "fileinto",
        _fileinto,
        needs=("fileinto",),
        arguments=(Positional("string", "a mailbox"),),
        tags=(
            _FLAGS,
            _COPY,
            Tag("create", None, "mailbox"),
            Tag("specialuse", "string", "special-use"),
            Tag("mailboxid", "string", "mailboxid"),
        ),
        check=_check_fileinto,
    ),
    Spec(
        "redirect",
        _redirect,
        arguments=(Positional("string", "an address"),),
        tags=(_COPY, Tag("list", None, "extlists")),
        check=_check_redirect,
    ),
    Spec("reject", _reject, needs=("reject",), arguments=(_REASON,)),
    Spec("ereject", _reject, needs=("ereject",), arguments=(_REASON,)),
    Spec(
        "vacation",
        _vacation,
        needs=("vacation", "vacation-seconds"),
        arguments=(_REASON,),
        tags=(
            Tag("days", "number", group="period"),
            Tag("seconds", "number", "vacation-seconds", "period"),
            Tag("subject", "string"),
            Tag("from", "string"),
            Tag("addresses", "strings"),
            Tag("handle", "string"),
            Tag("mime"),
        ),
        check=_check_vacation,
    ),
    Spec(
        "notify",
        _notify,
        needs=("enotify",),
        arguments=(Positional("string", "a method"),),
        tags=(
            Tag("from", "string"),
            Tag("importance", "string"),
            Tag("options", "strings"),
            Tag("message", "string"),
        ),
        check=_check_notify,
    ),
    Spec("setflag", _change_flags, needs=("imap4flags",), arguments=_CHANGE, check=check_flags),
    Spec("addflag", _change_flags, needs=("imap4flags",), arguments=_CHANGE, check=check_flags),
    Spec("removeflag", _change_flags, needs=("imap4flags",), arguments=_CHANGE, check=check_flags),
    Spec(
        "addheader",
        _addheader,
        needs=("editheader",),
        arguments=(_FIELD, Positional("string", "a value")),
        tags=(Tag("last"),),
        check=_check_addheader,
    ),
    Spec(
        "deleteheader",
        _deleteheader,
        needs=("editheader",),
        arguments=(_FIELD, Positional("strings", "patterns", optional=True)),
        tags=(Tag("index", "number"), Tag("last")),
        matching=True,
        check=_check_deleteheader,
    ),
)
