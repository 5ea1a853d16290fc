"""The grammar of SPF: records and the macros in them. RFC 7208 §4.6.1, §5, §6, §7, §12"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal, cast

from parvis.kernel.errors import Invalid

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Mechanism = Literal["all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"]
_VERSION = re.compile(r"v=spf1(?: |\Z)", re.I)
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)\Z", re.S)
_DIRECTIVE = re.compile(r"([+?~-]?)(all|include|a|mx|ptr|ip4|ip6|exists)([:/].*)?\Z", re.I | re.S)
_DUAL = re.compile(r"(:.+?)?(?:/(0|[1-9]\d?))?(?://(0|[1-9]\d{0,2}))?\Z", re.S | re.A)
_MACRO = r"%\{[slodiphcrtv](?:[1-9]\d{0,2})?r?[.+,/_=-]*\}|%%|%_|%-"
_STRING = re.compile(rf"(?:{_MACRO}|[!-$&-~])*\Z", re.I | re.A)
_TEXT = re.compile(rf"(?:{_MACRO}|[ -$&-~])*\Z", re.I | re.A)
_ENDS_IN_MACRO = re.compile(rf"(?:{_MACRO})\Z", re.I | re.A)
_ONLY_IN_TEXTS = re.compile(r"(?<!%)(?:%%)*%\{[crt]", re.I)
_TOP = re.compile(r"(?=.*[A-Za-z-])[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\Z")


@dataclass(frozen=True, slots=True)
class Directive:
    """One mechanism with its qualifier. `domain` is not expanded yet; empty is the present one."""

    qualifier: str
    name: Mechanism
    domain: str = ""
    network: Network | None = None
    bits4: int = 32
    bits6: int = 128


@dataclass(frozen=True, slots=True)
class Record:
    """One record (RFC 7208 §4.6.1)."""

    directives: tuple[Directive, ...]
    redirect: str = ""
    exp: str = ""


def is_record(text: str) -> bool:
    """Whether a TXT record is one of SPF, right or wrong (RFC 7208 §3.1, §3.2, §3.3, §4.5)."""
    return _VERSION.match(text) is not None


def parse(text: str) -> Record:
    """Reads a record whole, so that a mistake at its end is one too (RFC 7208 §4.6). Raises Invalid."""
    directives, modifiers = [], dict[str, str]()
    for term in text[len("v=spf1") :].split(" "):
        if modifier := _MODIFIER.match(term):
            _modifier(modifier[1].lower(), modifier[2], modifiers)
        elif term:
            directives.append(_directive(term))
    return Record(tuple(directives), modifiers.get("redirect", ""), modifiers.get("exp", ""))


def _modifier(name: str, value: str, found: dict[str, str]) -> None:
    if name in ("redirect", "exp"):
        if name in found:
            raise Invalid(f"{name}= is there twice")
        found[name] = _domain(value)
    elif not _STRING.match(value):
        raise Invalid(f"{name}= is not understood")


def _directive(term: str) -> Directive:
    match = _DIRECTIVE.match(term)
    if match is None:
        raise Invalid("a term is not understood")
    qualifier, name, rest = match[1] or "+", cast(Mechanism, match[2].lower()), match[3] or ""
    if name in ("ip4", "ip6"):
        return Directive(qualifier, name, network=_network(name, rest))
    if name in ("a", "mx"):
        return _with_bits(qualifier, name, rest)
    if (name != "ptr" and bool(rest) == (name == "all")) or rest.startswith("/"):
        raise Invalid(f"{name} is not understood")
    return Directive(qualifier, name, _domain(rest[1:]) if rest else "")


def _with_bits(qualifier: str, name: Mechanism, rest: str) -> Directive:
    match = _DUAL.match(rest)
    if match is None:
        raise Invalid(f"{name} is not understood")
    bits4, bits6 = int(match[2] or 32), int(match[3] or 128)
    if bits4 > 32 or bits6 > 128:
        raise Invalid("a network with too many bits")
    return Directive(qualifier, name, _domain(match[1][1:]) if match[1] else "", bits4=bits4, bits6=bits6)


def _network(name: str, rest: str) -> Network:
    if not re.fullmatch(r":[0-9a-f.:]+(?:/(?:0|[1-9]\d{0,2}))?", rest, re.I | re.A):
        raise Invalid(f"{name} is not understood")
    try:
        kind = ipaddress.IPv4Network if name == "ip4" else ipaddress.IPv6Network
        return kind(rest[1:], strict=False)
    except ValueError:
        raise Invalid(f"{name} has no address") from None


def _domain(text: str) -> str:
    """A domain-spec: macros that end in a macro or a top label (RFC 7208 §7.1)."""
    if not _STRING.match(text) or _ONLY_IN_TEXTS.search(text):
        raise Invalid("a domain is not understood")
    top = text.removesuffix(".").rpartition(".")
    if not _ENDS_IN_MACRO.search(text) and not (top[1] and _TOP.match(top[2])):
        raise Invalid("a domain has no top label")
    return text


def is_text(text: str) -> bool:
    """Whether an explanation is one: macros and printable ASCII (RFC 7208 §6.2)."""
    return _TEXT.match(text) is not None
