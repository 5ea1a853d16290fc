"""Trace fields: what each server on the way writes at the top of a message. RFC 5321 §4.4"""

import re
from dataclasses import dataclass

from parvis.kernel import clock
from parvis.wire.mime.fields import date

HOPS = 50
"""Received fields at which a message is taken to run in a circle. RFC 5321 §6.3"""
_RECEIVED = re.compile(rb"^received:", re.I | re.M)
_STRANGE = re.compile(r"[^!-'*-~\u0080-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a message came."""

    hello: str
    host: str
    by: str
    protocol: str
    """As in RFC 3848 and RFC 6531 §4.3: ESMTP, ESMTPS, ESMTPSA, UTF8SMTPS, ..."""
    id: str
    tls: str = ""
    recipient: str = ""
    """Said only when there is one."""


def received(arrival: Arrival) -> bytes:
    """The Received field."""
    host = f"IPv6:{arrival.host}" if ":" in arrival.host else arrival.host
    secured = f"\r\n\t({arrival.tls})" if arrival.tls else ""
    to = f"\r\n\tfor <{_STRANGE.sub('', arrival.recipient)}>" if arrival.recipient else ""
    return (
        f"Received: from {_STRANGE.sub('', arrival.hello) or 'unknown'} ([{host}])\r\n"
        f"\tby {arrival.by} with {arrival.protocol} id {arrival.id}{secured}{to};\r\n"
        f"\t{date(clock.now())}\r\n"
    ).encode()


def return_path(sender: str) -> bytes:
    """The Return-Path field of final delivery."""
    return f"Return-Path: <{_STRANGE.sub('', sender)}>\r\n".encode()


def hops(raw: bytes) -> int:
    """How many servers a message has passed."""
    end = raw.find(b"\r\n\r\n")
    return len(_RECEIVED.findall(raw, 0, len(raw) if end < 0 else end))


def protocol(*, extended: bool, tls: bool, signed_in: bool, utf8: bool) -> str:
    """The word for how a message came. RFC 3848, RFC 6531 §4.3"""
    if utf8:
        name = "UTF8SMTP"
    elif extended:
        name = "ESMTP"
    else:
        return "SMTP"
    return name + ("S" if tls else "") + ("A" if signed_in else "")
