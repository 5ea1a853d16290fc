"""The chain of those who passed a message on, and what each found: validated, and made longer by one. RFC 8617"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from parvis.kernel.errors import Invalid
from parvis.wire import dkim, tags
from parvis.wire.canonical import Text, canonical_field
from parvis.wire.dkim import Signature
from parvis.wire.dkim_keys import SigningKey, parse_key
from parvis.wire.mime import Header

RESULTS, SIGNATURE, SEAL = "ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal"
INSTANCES = 50
"""Sets of one message (RFC 8617 §4.2.1)."""
Verdict = Literal["none", "pass", "fail"]


class Result(NamedTuple):
    """The state of a chain and why (RFC 8617 §4.4, §6)."""

    value: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Seal:
    """One ARC-Seal (RFC 8617 §4.1.3)."""

    field: Header
    domain: str
    selector: str
    algorithm: str
    verdict: str
    signature: bytes

    @property
    def key_name(self) -> str:
        """Where the key is published."""
        return f"{self.selector}._domainkey.{self.domain}"


@dataclass(frozen=True, slots=True)
class Set:
    """What one of them added (RFC 8617 §4.2)."""

    results: Header
    signature: Signature
    seal: Seal


@dataclass(frozen=True, slots=True)
class Chain:
    """All sets, the first first; with a `fault` the chain has failed already."""

    sets: tuple[Set, ...] = ()
    fault: str = ""

    @property
    def key_names(self) -> list[str]:
        """The keys that validating needs: of all seals and of the newest signature."""
        names = [one.seal.key_name for one in self.sets]
        return list(dict.fromkeys([*names, *(one.signature.key_name for one in self.sets[-1:])]))

    @property
    def sealer(self) -> str:
        """The domain of the newest seal."""
        return self.sets[-1].seal.domain if self.sets else ""


def chain(text: Text) -> Chain | None:
    """Reads the chain of a message; None when there is none. Never fails. (RFC 8617 §5.2, steps 1 to 3)"""
    found = {name: text.all(name.lower()) for name in (RESULTS, SIGNATURE, SEAL)}
    if not any(found.values()):
        return None
    if max(map(len, found.values())) > INSTANCES or text.header_size > dkim.HEADER_BYTES:
        return Chain(fault="too many sets")
    try:
        by_number = {name: _by_number(fields) for name, fields in found.items()}
        numbers = list(range(1, len(by_number[SEAL]) + 1))
        if any(sorted(fields) != numbers for fields in by_number.values()):
            raise Invalid("sets are not complete")
        return Chain(tuple(_set(*(by_number[name][each] for name in found)) for each in numbers))
    except Invalid as error:
        return Chain(fault=error.sentence)


def _by_number(fields: Sequence[Header]) -> dict[int, Header]:
    found: dict[int, Header] = {}
    for field in fields:
        first = field.value[:100].partition(b";")[0].decode("latin-1")
        text = first if field.name.lower() == RESULTS.lower() else _ascii(field)
        number = tags.number(tags.parse(text).get("i", "-"))
        if number is None or number in found:
            raise Invalid("an instance is there twice")
        found[number] = field
    return found


def _ascii(field: Header) -> str:
    if len(field.value) > dkim.FIELD_BYTES:
        raise Invalid("a field is too long")
    return field.value.decode("latin-1")


def _set(results: Header, signature: Header, seal: Header) -> Set:
    parsed = dkim.parse_signature(signature, arc=True)
    if parsed.fault or SEAL.lower() in parsed.names:
        raise Invalid(parsed.fault or "a signature is over seals")
    found = tags.parse(_ascii(seal))
    if missing := [tag for tag in ("a", "b", "cv", "d", "s") if not found.get(tag)]:
        raise Invalid(f"no {missing[0]}= in a seal")
    if "h" in found:  # RFC 8617 §4.1.3
        raise Invalid("h= in a seal")
    return Set(
        results,
        parsed,
        Seal(seal, found["d"].lower(), found["s"], found["a"].lower(), found["cv"].lower(), tags.data(found["b"])),
    )


def validate(text: Text, found: Chain | None, records: Mapping[str, str | None], now: int) -> Result:
    """Validates a chain; `records` has what is published at each of its `key_names` (RFC 8617 §5.2)."""
    if found is None:
        return Result("none")
    if found.fault:
        return Result("fail", found.fault)
    if any(one.seal.verdict != ("pass" if number else "none") for number, one in enumerate(found.sets)):
        return Result("fail", "it had failed before")
    newest = found.sets[-1].signature
    result = dkim.verify(text, newest, records.get(newest.key_name), now)
    if result.value != "pass":
        return Result("fail", f"newest signature: {result.reason}")
    data = b""
    for number, one in enumerate(found.sets, start=1):
        data += _fields(text, one)
        own = data + dkim.without_value(text, one.seal.field, "relaxed")
        if reason := _broken(one.seal, own, records.get(one.seal.key_name)):
            return Result("fail", f"seal {number}: {reason}")
        data += text.field(one.seal.field, "relaxed")
    return Result("pass")


def _broken(seal: Seal, data: bytes, record: str | None) -> str:
    """What is wrong with a seal over `data`; empty when nothing is (RFC 8617 §5.1.1)."""
    if record is None:
        return "there is no key"
    try:
        key = parse_key(record)
    except Invalid as error:
        return error.sentence
    if seal.algorithm != f"{key.algorithm}-sha256":
        return "the key is for another algorithm"
    return "" if key.verifies(data, hashlib.sha256(data).digest(), seal.signature) else "it was changed"


def _fields(text: Text, one: Set) -> bytes:
    """What a seal signs of its own set, before itself."""
    return text.field(one.results, "relaxed") + text.field(one.signature.field, "relaxed")


def seal(text: Text, found: Chain | None, verdict: Verdict, results: str, key: SigningKey, now: int) -> bytes:
    """The three fields of a new set, to be put before a message that is passed on (RFC 8617 §4.1.1, §5.1).

    `verdict` is what `validate` said of the chain that is there; `results` is the value of an
    Authentication-Results field. Empty when nothing may be added any more: after a failed seal, or 50 sets."""
    sets = found.sets if found is not None else ()
    if (found is not None and found.fault) or len(sets) >= INSTANCES or (sets and sets[-1].seal.verdict == "fail"):
        return b""
    number = len(sets) + 1
    added = f"{RESULTS}: i={number}; {results}\r\n".encode()
    head = (
        f"i={number}; a={key.algorithm}-sha256; c=relaxed/relaxed; d={key.domain};\r\n"
        f"\ts={key.selector}; t={now};\r\n"
    )
    names = dkim.to_sign(text) + ["dkim-signature"] * len(text.all("dkim-signature"))
    signature = dkim.signed_field(text, SIGNATURE, head, names, key)
    before = () if verdict == "fail" else sets  # RFC 8617 §5.1.2
    data = b"".join(_fields(text, one) + text.field(one.seal.field, "relaxed") for one in before)
    data += b"".join(_canonical(field) for field in (added, signature))
    tag = f"i={number}; a={key.algorithm}-sha256; cv={verdict}"
    value = f"{tag}; d={key.domain};\r\n\ts={key.selector}; t={now};\r\n\tb="
    return dkim.finished(SEAL, value, data, key) + signature + added


def _canonical(field: bytes) -> bytes:
    name, _, value = field.partition(b":")
    return canonical_field(name.decode(), value.removesuffix(b"\r\n"))
