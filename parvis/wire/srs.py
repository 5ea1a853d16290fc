"""Senders of mail that is passed on: the envelope's sender becomes an address of ours (so that SPF holds), out of
which the one who was first can be told again when the message comes back. Sender Rewriting Scheme, as its paper
(Mengwong, 2004) and libsrs2 have it; RFC 7208 §11.5 (mediators), RFC 5321 §3.9

A forwarder calls `rewritten(sender, domain, secret, day)` for what it sends on; for the recipient of a notification
that comes back `original(address, secret, day)` says where it belongs. Everything in between may write the address
in small letters."""

import base64
import hashlib
import hmac
import re

from parvis.wire.smtp import is_address, split_address

DAYS = 30
"""How long a message may come back."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_FIRST = re.compile(r"srs0[=+-]([a-z2-7]{8})=([a-z2-7]{2})=([^=]+)=(.+)\Z", re.I | re.S)
_SECOND = re.compile(r"srs1[=+-]([a-z2-7]{8})=([^=]+)=([=+-].+)\Z", re.I | re.S)
_FOREIGN = re.compile(r"srs0([=+-].+)\Z", re.I | re.S)
_FOREIGN_SECOND = re.compile(r"srs1[=+-][^=]+=([^=]+)=([=+-].+)\Z", re.I | re.S)


def rewritten(sender: str, domain: str, secret: bytes, day: int) -> str:
    """The envelope's sender when `domain` passes on mail of `sender`, `day` being days since 1970. Empty, so that
    nothing comes back, for a notification and for an address that would become too long."""
    local, host = split_address(sender)
    if not host:
        return ""
    if match := _FOREIGN_SECOND.match(local):
        found = _second(match[1], match[2], domain, secret)
    elif match := _FOREIGN.match(local):
        found = _second(host, match[1], domain, secret)
    else:
        stamp = _stamp(day)
        found = f"SRS0={_mark(secret, stamp, host, local)}={stamp}={host}={local}@{domain}"
    return found if is_address(found) else ""


def is_rewritten(address: str) -> bool:
    """Whether an address has the form of a rewritten one."""
    local = split_address(address)[0]
    return bool(_FIRST.match(local) or _SECOND.match(local))


def original(address: str, secret: bytes, day: int) -> str | None:
    """Whom a rewritten address stands for: the first sender, or the forwarder before us. None when it is none of
    ours, or too old."""
    local = split_address(address)[0]
    found = None
    if match := _FIRST.match(local):
        mark, stamp, host, user = match.groups()
        if _is(mark, secret, stamp, host, user) and _age(stamp, day) <= DAYS:
            found = f"{user}@{host}"
    elif match := _SECOND.match(local):
        mark, host, rest = match.groups()
        if _is(mark, secret, host, rest):
            found = f"SRS0{rest}@{host}"
    return found if found and is_address(found) else None


def _second(host: str, rest: str, domain: str, secret: bytes) -> str:
    """For what somebody else had rewritten: only they can tell who was first."""
    return f"SRS1={_mark(secret, host, rest)}={host}={rest}@{domain}"


def _mark(secret: bytes, *parts: str) -> str:
    text = "=".join(parts).lower().encode()
    return base64.b32encode(hmac.digest(secret, text, hashlib.sha256)[:5]).decode().lower()


def _is(mark: str, secret: bytes, *parts: str) -> bool:
    return hmac.compare_digest(mark.lower(), _mark(secret, *parts))


def _stamp(day: int) -> str:
    return _LETTERS[day >> 5 & 31] + _LETTERS[day & 31]


def _age(stamp: str, day: int) -> int:
    high, low = (_LETTERS.index(letter) for letter in stamp.lower())
    return (day - (high * 32 + low)) % 1024
