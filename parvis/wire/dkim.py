"""Signatures of domains on messages: read, verified against the key that DNS gives, and made.

RFC 6376, with Ed25519 (RFC 8463) and without SHA-1 and short keys (RFC 8301). Pure: whoever verifies asks DNS for
the TXT record at `signature.key_name` and gives it to `verify`.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from parvis.kernel.errors import Invalid
from parvis.kernel.marking import AI_FIELD
from parvis.wire import tags
from parvis.wire.canonical import Form, Text, forms
from parvis.wire.dkim_keys import SigningKey, parse_key
from parvis.wire.mime import Header

FIELD = "DKIM-Signature"
SIGNATURES = 10
"""Of one message that are looked at (RFC 6376 §8.4)."""
FIELD_BYTES = 20_000
"""Of a signature that is looked at."""
HEADER_BYTES = 1_000_000
"""Of a header whose signatures are looked at: no honest one is longer, and each signature reads it anew."""
CLOCK_SECONDS = 300
"""How far another clock may be ahead of ours."""
_B = re.compile(rb"((?:\A|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*")
_SEALED = (
    "from", "to", "cc", "subject", "date", "message-id", "reply-to", "in-reply-to", "references", "mime-version",
    "content-type", "content-transfer-encoding", "content-disposition", AI_FIELD.lower(),
)  # fmt: skip
"""Signed once more than they are there, so that none can be added (RFC 6376 §8.15)."""
_SIGNED = (
    "sender", "resent-from", "resent-to", "resent-cc", "resent-date", "resent-message-id", "auto-submitted",
    "list-id", "list-help", "list-unsubscribe", "list-unsubscribe-post", "list-subscribe", "list-post",
    "list-owner", "list-archive",
)  # fmt: skip
"""Signed where they are (RFC 6376 §5.4.1)."""

Value = Literal["pass", "fail", "policy", "neutral", "temperror", "permerror"]


class Result(NamedTuple):
    """What verifying brought, in the words of RFC 8601 §2.7.1, and why."""

    value: Value
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature as written (RFC 6376 §3.5). With a `fault` the rest may be missing."""

    field: Header
    fault: str = ""
    domain: str = ""
    selector: str = ""
    algorithm: str = ""
    identity: str = ""
    names: tuple[str, ...] = ()
    """The fields that are signed, in lower case."""
    header_form: Form = "simple"
    body_form: Form = "simple"
    body_hash: bytes = b""
    signature: bytes = b""
    length: int | None = None
    """Bytes of the body that are signed; None is all."""
    signed_at: int | None = None
    expires: int | None = None

    @property
    def key_name(self) -> str:
        """Where the key is published (RFC 6376 §3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"


def signatures(text: Text) -> list[Signature]:
    """The signatures of a message from the top, at most SIGNATURES; never fails."""
    return [parse_signature(field) for field in text.all(FIELD.lower())[:SIGNATURES]]


def parse_signature(field: Header, *, arc: bool = False) -> Signature:
    """Reads one signature; a wrong one has a `fault`. That of ARC has no `v=`, and its `i=` is a number (RFC 8617
    §4.1.2)."""
    try:
        if len(field.value) > FIELD_BYTES:
            raise Invalid("the signature is too long")
        found = tags.parse(field.value.decode("ascii"))
    except (Invalid, UnicodeDecodeError) as error:
        return Signature(field, str(error) if isinstance(error, Invalid) else "not ASCII")
    domain = found.get("d", "").lower()
    try:
        return _signature(field, found, domain, arc)
    except Invalid as error:
        return Signature(field, error.sentence, domain, found.get("s", ""), found.get("a", "").lower())


def _signature(field: Header, found: dict[str, str], domain: str, arc: bool) -> Signature:
    if missing := [tag for tag in ("a", "b", "bh", "d", "h", "s", *(() if arc else ("v",))) if not found.get(tag)]:
        raise Invalid(f"no {missing[0]}=")
    if not arc and found["v"] != "1":
        raise Invalid("an unknown version")
    identity = "" if arc else found.get("i", f"@{domain}")
    if not arc and not within(identity.rpartition("@")[2], domain):
        raise Invalid("i= is not of d=")
    names = tags.words(found["h"])
    if not arc and "from" not in names:
        raise Invalid("From is not signed")
    if "dns/txt" not in tags.words(found.get("q", "dns/txt")):
        raise Invalid("the key is not in DNS")
    signed_at, expires = tags.number(found.get("t")), tags.number(found.get("x"))
    if signed_at is not None and expires is not None and expires <= signed_at:
        raise Invalid("x= is before t=")
    header_form, body_form = forms(found.get("c", "simple/simple"))
    return Signature(
        field=field,
        domain=domain,
        selector=found["s"],
        algorithm=found["a"].lower(),
        identity=identity,
        names=names,
        header_form=header_form,
        body_form=body_form,
        body_hash=tags.data(found["bh"]),
        signature=tags.data(found["b"]),
        length=None if arc else tags.number(found.get("l")),
        signed_at=signed_at,
        expires=expires,
    )


def verify(text: Text, signature: Signature, record: str | None, now: int) -> Result:
    """Verifies a signature (RFC 6376 §3.9, §3.11, §8.9); `record` is what is published at its `key_name`, None
    when nothing is; `now` in seconds since 1970 (RFC 6376 §6.1).

    One that covers only the beginning of the body (`l=`) is of no worth here, for anything may have been added
    after it (§8.2): `policy`."""
    if signature.fault:
        return Result("permerror", signature.fault)
    if text.header_size > HEADER_BYTES:
        return Result("permerror", "the header is too long")
    if signature.algorithm not in ("rsa-sha256", "ed25519-sha256"):
        return Result("permerror", "an algorithm that is not believed")
    if signature.expires is not None and signature.expires < now:
        return Result("permerror", "the signature has expired")
    if signature.signed_at is not None and signature.signed_at > now + CLOCK_SECONDS:
        return Result("permerror", "the signature is from the future")
    if record is None:
        return Result("permerror", "there is no key")
    try:
        return _verified(text, signature, record)
    except Invalid as error:
        return Result("permerror", error.sentence)


def _verified(text: Text, signature: Signature, record: str) -> Result:
    key, (algorithm, hash_name) = parse_key(record), signature.algorithm.split("-")
    if key.algorithm != algorithm or (key.hashes and hash_name not in key.hashes):
        raise Invalid("the key is for another algorithm")
    if key.strict and signature.identity.rpartition("@")[2].lower() not in ("", signature.domain):
        raise Invalid("the key is not for subdomains")
    size = len(text.body(signature.body_form))
    if signature.length is not None and signature.length > size:
        raise Invalid("l= is more than there is")
    if text.digest(signature.body_form, signature.length) != signature.body_hash:
        return Result("fail", "the body was changed")
    data = _signed(text, signature.names, signature.header_form, signature.field)
    if not key.verifies(data, hashlib.sha256(data).digest(), signature.signature):
        return Result("fail", "the header was changed, or the key is another")
    if signature.length is not None and signature.length < size:
        return Result("policy", "only the beginning of the body is signed")
    return Result("pass", "the domain only tries DKIM") if key.testing else Result("pass")


def _signed(text: Text, names: Sequence[str], form: Form, field: Header) -> bytes:
    """What a signature is over: the chosen fields, and its own without its value (RFC 6376 §3.7)."""
    chosen = text.chosen(names, form, besides=field)
    return b"".join(chosen) + without_value(text, field, form)


def without_value(text: Text, field: Header, form: Form) -> bytes:
    """The field of a signature as if `b=` were empty, without its last line end (RFC 6376 §3.7)."""
    whole = text.field(field, form)
    name, _, value = whole.partition(b":")
    emptied = name + b":" + _B.sub(rb"\1", value.removesuffix(b"\r\n"), count=1)
    return emptied.rstrip(b" ") if form == "relaxed" else emptied


def within(name: str, domain: str) -> bool:
    """Whether a domain is another, or below it."""
    name, domain = name.lower().rstrip("."), domain.lower().rstrip(".")
    return bool(domain) and (name == domain or name.endswith(f".{domain}"))


def sign(text: Text, keys: Sequence[SigningKey], now: int) -> bytes:
    """A DKIM-Signature field for each key, to be put before the message; its lines end with CRLF (RFC 6376 §3.8,
    §5)."""
    names, fields = to_sign(text), b""
    for key in keys:
        head = (
            f"v=1; a={key.algorithm}-sha256; c=relaxed/relaxed; d={key.domain};\r\n\ts={key.selector}; t={now};\r\n"
        )
        fields += signed_field(text, FIELD, head, names, key)
    return fields


def to_sign(text: Text) -> list[str]:
    """The names that `h=` lists (RFC 6376 §5.4)."""
    present = [field.name.lower() for field in text.fields]
    return [name for name in _SEALED for _ in range(present.count(name) + 1)] + [
        name for name in _SIGNED for _ in range(present.count(name))
    ]


def signed_field(text: Text, name: str, head: str, names: Sequence[str], key: SigningKey) -> bytes:
    """A field that signs the body and the fields `names`, `head` being its first tags; its lines end with CRLF."""
    body_hash = base64.b64encode(text.digest("relaxed")).decode()
    value = f"{head}\th={_folded(names)};\r\n\tbh={body_hash};\r\n\tb="
    unsigned = Header(name, f" {value}".encode(), -1, -1)
    data = b"".join(text.chosen(names, "relaxed", besides=unsigned))
    return finished(name, value, data, key)


def finished(name: str, value: str, data: bytes, key: SigningKey) -> bytes:
    """A field whose value ends with `b=`, signed over `data` and itself, `relaxed` (RFC 6376 §3.7)."""
    own = Text(f"{name}: {value}\r\n\r\n".encode())
    data += without_value(own, own.fields[0], "relaxed")
    signature = base64.b64encode(key.sign(data, hashlib.sha256(data).digest())).decode()
    folded = "\r\n\t ".join(signature[start : start + 72] for start in range(0, len(signature), 72))
    return f"{name}: {value}{folded}\r\n".encode()


def _folded(names: Sequence[str]) -> str:
    lines, line = [], ""
    for name in names:
        if len(line) + len(name) > 70:
            lines.append(line)
            line = ""
        line += f"{name}:"
    return "\r\n\t ".join([*lines, line]).removesuffix(":")
