"""Tests: what can be asked about a message and what is around it (RFC 5228 §5 and its extensions)."""

import hashlib
from typing import TYPE_CHECKING

from parvis.wire.mime import Header, as_addresses
from parvis.wire.mime.params import parse_value

from .actions import (
    FLAG_VARIABLES,
    check_flags,
    check_special_use,
    flags_in,
    mailto_fault,
    normal_address,
    unquoted,
)
from .content import Entity, body_texts, content_texts, raw_text
from .headers import value_of
from .model import Tracked
from .moments import PARTS, date_in, zone_of
from .spec import ADDRESS_PARTS, INDEX, Node, Positional, Spec, Tag, check_index, full_name, indexed

if TYPE_CHECKING:
    from .compiler import Checker
    from .machine import Machine

_ADDRESS_FIELDS = frozenset(
    {
        *("from", "to", "cc", "bcc", "sender", "reply-to", "return-path", "delivered-to", "x-original-to"),
        *("resent-from", "resent-to", "resent-cc", "resent-bcc", "resent-sender", "resent-reply-to"),
        *("envelope-to", "apparently-to", "errors-to", "return-receipt-to", "disposition-notification-to"),
        *("mail-followup-to", "mail-reply-to", "x-envelope-to", "x-envelope-from", "x-forwarded-to"),
        *("x-forwarded-for", "x-complaints-to", "x-beenthere", "x-sender", "x-apparently-to"),
    }
)
_ENVELOPE_PARTS = frozenset({"from", "to", "auth"})
_WEEK, _LONGEST = 7 * 86_400, 90 * 86_400


def _true(machine: "Machine", node: Node) -> bool:
    return True


def _false(machine: "Machine", node: Node) -> bool:
    return False


def _not(machine: "Machine", node: Node) -> bool:
    return not machine.holds(node.tests[0])


def _allof(machine: "Machine", node: Node) -> bool:
    return all(machine.holds(test) for test in node.tests)


def _anyof(machine: "Machine", node: Node) -> bool:
    return any(machine.holds(test) for test in node.tests)


def _size(machine: "Machine", node: Node) -> bool:
    """RFC 5228 §5.9"""
    limit = node.values[0]
    assert isinstance(limit, int)
    size = machine.size(node)
    return size > limit if node.has("over") else size < limit


def _check_size(checker: "Checker", node: Node) -> None:
    if not node.has("over") and not node.has("under"):
        checker.fault(node, "'size' takes ':over' or ':under'.")


def _check_mime(checker: "Checker", node: Node) -> None:
    """RFC 5703 §4"""
    for tag in ("anychild", "type", "subtype", "contenttype", "param"):
        if node.has(tag) and not node.has("mime"):
            checker.fault(node, f"':{tag}' of '{node.spec.name}' stands without ':mime'.")


def _entities(machine: "Machine", node: Node) -> list[Entity]:
    """The parts whose header fields are meant: with `:mime` the one a loop is at, else the message; with
    `:anychild` all within too (RFC 5703 §4)."""
    at = machine.part or machine.root
    if not node.has("anychild"):
        return [at]
    found = list(at.walk())
    machine.spend(node, len(found))
    return found


def _fields(machine: "Machine", node: Node, names: list[str]) -> list[Header]:
    """The header fields of these names, as the test's tags say."""
    machine.spend(node, len(names) * (1 + len(machine.headers.fields) // 100))
    if not node.has("mime"):
        return indexed(node, [field for name in names for field in machine.headers.named(name)])
    found = []
    for entity in _entities(machine, node):
        if entity.part is machine.root.part:
            found += [field for name in names for field in machine.headers.named(name)]
        else:
            found += [field for name in names for field in entity.part.all(name)]
    return indexed(node, found)


def _exists(machine: "Machine", node: Node) -> bool:
    """RFC 5228 §5.5"""
    return all(_fields(machine, node, [name]) for name in machine.arguments(node, 0))


def _check_header(checker: "Checker", node: Node) -> None:
    check_index(checker, node)
    _check_mime(checker, node)


def _header(machine: "Machine", node: Node) -> bool:
    """RFC 5228 §5.7"""
    fields = _fields(machine, node, machine.arguments(node, 0))
    machine.spend(node, sum(len(field.value) for field in fields) // 1_000)
    values = [value for field in fields for value in _values(machine, node, field)]
    return machine.match(node, values, machine.arguments(node, 1))


def _values(machine: "Machine", node: Node, field: Header) -> list[str]:
    """The text of a field, or what `:type` and the like take out of it (RFC 5703 §4)."""
    tag = next((tag for tag in ("type", "subtype", "contenttype", "param") if node.has(tag)), None)
    if tag is None:
        return [value_of(field)]
    word, parameters = parse_value(field.value)
    if tag == "param":
        wanted = [name.lower() for name in machine.tags(node, "param") or ()]
        return [parameters[name] for name in wanted if name in parameters]
    kind, _, subtype = word.partition("/")
    return [{"type": kind, "subtype": subtype, "contenttype": word}[tag]]


def _check_address(checker: "Checker", node: Node) -> None:
    _check_header(checker, node)
    for name in node.constant(0):
        if name.lower() not in _ADDRESS_FIELDS:
            checker.fault(node, f"The header field '{name[:40]}' holds no addresses.")


def _address(machine: "Machine", node: Node) -> bool:
    """RFC 5228 §5.1"""
    names = [name for name in machine.arguments(node, 0) if name.lower() in _ADDRESS_FIELDS]
    fields = _fields(machine, node, names)
    machine.spend(node, sum(len(field.value) for field in fields) // 200)
    addresses = [address.email for field in fields for address in as_addresses(field.value)]
    values = [value for address in addresses if (value := _part(machine, node, address)) is not None]
    return machine.match(node, values, machine.arguments(node, 1))


def _part(machine: "Machine", node: Node, address: str) -> str | None:
    """The part of an address that a test asks for (RFC 5228 §2.7.4, RFC 5233 §4); `None` when it has none. A quoted
    local part is read without its quotes."""
    local, mark, domain = address.rpartition("@")
    if not mark:
        local, domain = address, ""
    local = unquoted(local)
    if node.has("domain"):
        return domain
    if node.has("localpart"):
        return local
    place = min((at for letter in machine.context.separators if (at := local.find(letter)) >= 0), default=-1)
    if node.has("user"):
        return local if place < 0 else local[:place]
    if node.has("detail"):
        return None if place < 0 else local[place + 1 :]
    return normal_address(address) if mark else local


def _check_envelope(checker: "Checker", node: Node) -> None:
    for name in node.constant(0):
        if name.lower() not in _ENVELOPE_PARTS:
            checker.fault(node, f"The envelope has no part '{name[:40]}'.")


def _envelope(machine: "Machine", node: Node) -> bool:
    """RFC 5228 §5.4"""
    mail = machine.mail
    parts = {"from": mail.sender, "to": mail.recipient, "auth": mail.auth}
    values = []
    for name in machine.arguments(node, 0):
        value = parts.get(name.lower())
        if value is not None and name.lower() == "auth":
            values.append(value)
        elif value is not None:
            part = _part(machine, node, value) if value else ""
            values += [part] if part is not None else []
    return machine.match(node, values, machine.arguments(node, 1))


def _body(machine: "Machine", node: Node) -> bool:
    """RFC 5173 §5"""
    limit = machine.limits.body
    types = machine.tags(node, "content")
    key = "raw" if node.has("raw") else "text" if types is None else "\0".join(["", *types])
    if key not in machine.texts_of_body:
        machine.spend(node, len(machine.mail.raw) // 10_000)
        if types is not None:
            machine.texts_of_body[key] = content_texts(machine.root, types, limit)
        elif key == "raw":
            machine.texts_of_body[key] = raw_text(machine.root, limit)
        else:
            machine.texts_of_body[key] = body_texts(machine.root, limit)
    return machine.match(node, machine.texts_of_body[key], machine.arguments(node, 0), remember=False)


def _string(machine: "Machine", node: Node) -> bool:
    """RFC 5229 §5; of strings that are counted the empty ones do not count."""
    values = machine.arguments(node, 0)
    if node.match.type == "count":
        values = [value for value in values if value]
    return machine.match(node, values, machine.arguments(node, 1))


def _hasflag(machine: "Machine", node: Node) -> bool:
    """RFC 5232 §4; a key with spaces is several flags."""
    keys = machine.arguments(node, 1)
    if node.match.type not in ("count", "value"):
        keys = [flag for key in keys for flag in key.split()]
    return machine.match(node, list(flags_in(machine, node)), keys)


def _check_date(checker: "Checker", node: Node) -> None:
    """RFC 5260 §4.1, §4.2"""
    check_index(checker, node)
    for zone in node.constant_tag("zone"):
        if zone_of(zone) is None:
            checker.fault(node, f"'{zone[:20]}' is no time zone such as \"+0100\".")
    for name in node.constant(len(node.values) - 2):
        if name.lower() not in PARTS:
            checker.fault(node, f"'{name[:40]}' is no part of a date.")


def _date(machine: "Machine", node: Node) -> bool:
    """`date` and `currentdate` (RFC 5260 §4, §5)"""
    now = moment = machine.context.now
    if node.spec.name == "date":
        fields = indexed(node, machine.headers.named(machine.argument(node, 0)))
        found = date_in(fields[0]) if fields else None
        if found is None:
            return machine.match(node, [], machine.arguments(node, 2))
        moment = found
    if not node.has("originalzone"):
        zone = machine.tag(node, "zone")
        try:
            moment = moment.astimezone(now.tzinfo if zone is None else zone_of(zone) or now.tzinfo)
        except (OverflowError, ValueError):
            return False
    part = PARTS.get(machine.argument(node, len(node.values) - 2).lower())
    values = [] if part is None else [part(moment)]
    return machine.match(node, values, machine.arguments(node, len(node.values) - 1))


def _environment(machine: "Machine", node: Node) -> bool:
    """RFC 5183 §4"""
    value = machine.context.environment.get(machine.argument(node, 0).lower())
    return value is not None and machine.match(node, [value], machine.arguments(node, 1))


def _mailboxexists(machine: "Machine", node: Node) -> bool:
    """RFC 5490 §3.1"""
    return all(machine.context.mailbox_exists(name) for name in machine.arguments(node, 0))


def _mailboxidexists(machine: "Machine", node: Node) -> bool:
    """RFC 9042 §5"""
    return all(machine.context.mailbox_id_exists(name) for name in machine.arguments(node, 0))


def _check_special_use(checker: "Checker", node: Node) -> None:
    check_special_use(checker, node, node.constant(1))


def _specialuse_exists(machine: "Machine", node: Node) -> bool:
    """RFC 8579"""
    mailbox = None if node.values[0] is None else machine.argument(node, 0)
    return all(machine.context.special_use_exists(mailbox, use) for use in machine.arguments(node, 1))


def _spamtest(machine: "Machine", node: Node) -> bool:
    """0 for a message that was not tested, else 1 to 10, or with `:percent` 0 to 100 (RFC 5235 §3.2)."""
    spam = machine.context.spam
    if node.match.type == "count" and spam is None:
        return machine.match(node, [], machine.arguments(node, 0))
    percent = round((spam or 0) * 100)
    value = percent if node.has("percent") else 0 if spam is None else 1 + percent * 9 // 100
    return machine.match(node, [str(value)], machine.arguments(node, 0))


def _virustest(machine: "Machine", node: Node) -> bool:
    """RFC 5235 §3.3"""
    virus = machine.context.virus
    values = [] if node.match.type == "count" and virus is None else [str(virus or 0)]
    return machine.match(node, values, machine.arguments(node, 0))


def _check_spamtest(checker: "Checker", node: Node) -> None:
    if node.has("percent") and "spamtestplus" not in checker.extensions:
        checker.fault(node, "':percent' of 'spamtest' needs require \"spamtestplus\".")


def _check_ihave(checker: "Checker", node: Node) -> None:
    checker.enable(node.constant(0))


def _ihave(machine: "Machine", node: Node) -> bool:
    """RFC 5463 §4: what was there when the script was read is in its extensions."""
    return machine.script.extensions.issuperset(machine.arguments(node, 0))


def _duplicate(machine: "Machine", node: Node) -> bool:
    """RFC 7352 §3"""
    identity = machine.tag(node, "uniqueid")
    if identity is None:
        fields = machine.headers.named(machine.tag(node, "header") or "Message-ID")
        if not fields:
            return False
        identity = value_of(fields[0])
    seconds = node.number("seconds")
    if seconds == 0:
        return False
    handle = machine.tag(node, "handle") or ""
    key = hashlib.sha256(f"{len(handle)}:{handle}:{identity}".encode("utf-8", "replace")).hexdigest()
    period = min(_WEEK if seconds is None else seconds, _LONGEST)
    machine.tracked.append(Tracked(key, period, node.has("last")))
    return machine.context.seen_duplicate(key)


def _valid_notify_method(machine: "Machine", node: Node) -> bool:
    """RFC 5435 §4"""
    return all(mailto_fault(method) is None for method in machine.arguments(node, 0))


def _notify_method_capability(machine: "Machine", node: Node) -> bool:
    """RFC 5435 §5: of an address of mail nobody knows whether it is looked at."""
    if mailto_fault(machine.argument(node, 0)) is not None or machine.argument(node, 1).lower() != "online":
        return False
    return machine.match(node, ["maybe"], machine.arguments(node, 2))


def _valid_ext_list(machine: "Machine", node: Node) -> bool:
    """RFC 6134 §2"""
    return all(full_name(name) in machine.context.lists for name in machine.arguments(node, 0))


_KEYS = Positional("strings", "a key list")
_NAMES = Positional("strings", "names of header fields")
_DATE_PART = Positional("string", "a part of a date")
_MAILBOXES = Positional("strings", "mailboxes")
_METHODS = Positional("strings", "methods")
_ZONE = Tag("zone", "string", group="zone")
_MIME = (Tag("mime", None, "mime"), Tag("anychild", None, "mime"))
_MIME_PARTS = (
    Tag("type", None, "mime", "part of a type"),
    Tag("subtype", None, "mime", "part of a type"),
    Tag("contenttype", None, "mime", "part of a type"),
    Tag("param", "strings", "mime", "part of a type"),
)


TESTS = (
    Spec("true", decide=_true),
    Spec("false", decide=_false),
    Spec("not", decide=_not, tests="one"),
    Spec("allof", decide=_allof, tests="many"),
    Spec("anyof", decide=_anyof, tests="many"),
    Spec(
        "size",
        decide=_size,
        arguments=(Positional("number", "a size"),),
        tags=(Tag("over", group="direction"), Tag("under", group="direction")),
        check=_check_size,
    ),
    Spec("exists", decide=_exists, arguments=(_NAMES,), tags=_MIME, check=_check_mime),
    Spec(
        "header",
        decide=_header,
        arguments=(_NAMES, _KEYS),
        tags=(*INDEX, *_MIME, *_MIME_PARTS),
        matching=True,
        check=_check_header,
    ),
    Spec(
        "address",
        decide=_address,
        arguments=(_NAMES, _KEYS),
        tags=(*ADDRESS_PARTS, *INDEX, *_MIME),
        matching=True,
        check=_check_address,
    ),
    Spec(
        "envelope",
        decide=_envelope,
        needs=("envelope",),
        arguments=(Positional("strings", "parts of the envelope"), _KEYS),
        tags=ADDRESS_PARTS,
        matching=True,
        check=_check_envelope,
    ),
    Spec(
        "body",
        decide=_body,
        needs=("body",),
        arguments=(_KEYS,),
        tags=(
            Tag("raw", group="transform"),
            Tag("content", "strings", group="transform"),
            Tag("text", group="transform"),
        ),
        matching=True,
    ),
    Spec(
        "string",
        decide=_string,
        needs=("variables",),
        arguments=(Positional("strings", "strings"), _KEYS),
        matching=True,
    ),
    Spec(
        "hasflag",
        decide=_hasflag,
        needs=("imap4flags",),
        arguments=(FLAG_VARIABLES, _KEYS),
        matching=True,
        check=check_flags,
    ),
    Spec(
        "date",
        decide=_date,
        needs=("date",),
        arguments=(Positional("string", "the name of a header field"), _DATE_PART, _KEYS),
        tags=(*INDEX, _ZONE, Tag("originalzone", group="zone")),
        matching=True,
        check=_check_date,
    ),
    Spec(
        "currentdate",
        decide=_date,
        needs=("date",),
        arguments=(_DATE_PART, _KEYS),
        tags=(_ZONE,),
        matching=True,
        check=_check_date,
    ),
    Spec(
        "environment",
        decide=_environment,
        needs=("environment",),
        arguments=(Positional("string", "the name of an item"), _KEYS),
        matching=True,
    ),
    Spec("mailboxexists", decide=_mailboxexists, needs=("mailbox",), arguments=(_MAILBOXES,)),
    Spec(
        "mailboxidexists",
        decide=_mailboxidexists,
        needs=("mailboxid",),
        arguments=(Positional("strings", "ids of mailboxes"),),
    ),
    Spec(
        "specialuse_exists",
        decide=_specialuse_exists,
        needs=("special-use",),
        arguments=(
            Positional("string", "a mailbox", optional=True),
            Positional("strings", "attributes of special use"),
        ),
        check=_check_special_use,
    ),
    Spec(
        "spamtest",
        decide=_spamtest,
        needs=("spamtest", "spamtestplus"),
        arguments=(Positional("string", "a value"),),
        tags=(Tag("percent"),),
        matching=True,
        check=_check_spamtest,
    ),
    Spec(
        "virustest",
        decide=_virustest,
        needs=("virustest",),
        arguments=(Positional("string", "a value"),),
        matching=True,
    ),
    Spec(
        "ihave",
        decide=_ihave,
        needs=("ihave",),
        arguments=(Positional("strings", "extensions"),),
        check=_check_ihave,
    ),
    Spec(
        "duplicate",
        decide=_duplicate,
        needs=("duplicate",),
        tags=(
            Tag("handle", "string"),
            Tag("header", "string", group="source of the unique id"),
            Tag("uniqueid", "string", group="source of the unique id"),
            Tag("seconds", "number"),
            Tag("last"),
        ),
    ),
    Spec("valid_notify_method", decide=_valid_notify_method, needs=("enotify",), arguments=(_METHODS,)),
    Spec(
        "notify_method_capability",
        decide=_notify_method_capability,
        needs=("enotify",),
        arguments=(
            Positional("string", "a method"),
            Positional("string", "the name of a capability"),
            _KEYS,
        ),
        matching=True,
    ),
    Spec(
        "valid_ext_list",
        decide=_valid_ext_list,
        needs=("extlists",),
        arguments=(Positional("strings", "names of lists"),),
    ),
)
