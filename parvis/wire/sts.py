"""What a domain says of TLS on the way to its servers: the DNS record that announces a policy, and the policy.
RFC 8461"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from parvis.kernel.errors import Invalid

Mode = Literal["enforce", "testing", "none"]
POLICY_BYTES = 64 * 1024
"""A longer policy is none (RFC 8461 §3.3)."""
_MODES: dict[str, Mode] = {"enforce": "enforce", "testing": "testing", "none": "none"}
_MAX_AGE = 31_557_600
_RECORD = re.compile(r"v=STSv1[ \t]*;(.*)\Z", re.S)
_ID = re.compile(r"id=([A-Za-z0-9]{1,32})\Z")
_FIELD = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,31}):[ \t]*(.*?)[ \t]*\Z")
_HOST = re.compile(r"(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\.?\Z")


@dataclass(frozen=True, slots=True)
class Policy:
    """How mail for a domain is to be sent, and for how many seconds that counts (RFC 8461 §3.2)."""

    mode: Mode
    max_age: int
    exchangers: tuple[str, ...] = ()
    """Names of its servers in lower case; `*.` stands for one label."""

    def names(self, host: str) -> bool:
        """Whether a server is one of the domain's (RFC 8461 §4.1)."""
        host = host.lower().rstrip(".")
        above = f"*.{host.partition('.')[2]}"
        return any(pattern in (host, above) for pattern in self.exchangers)

    def lines(self) -> tuple[str, ...]:
        """The policy as reports show it (RFC 8460 §4.4)."""
        servers = (f"mx: {each}" for each in self.exchangers)
        return ("version: STSv1", f"mode: {self.mode}", *servers, f"max_age: {self.max_age}")


def policy_id(texts: Iterable[str]) -> str | None:
    """Which policy the TXT records at `_mta-sts.` announce; None when they announce none (RFC 8461 §3.1)."""
    found = [match[1] for text in texts if (match := _RECORD.match(text))]
    if len(found) != 1:
        return None
    fields = (match for field in found[0].split(";") if (match := _ID.match(field.strip(" \t"))))
    first = next(fields, None)
    return first[1] if first else None


def parse(text: str) -> Policy:
    """Reads a policy; what is not known in it is passed over, and of what may be there once the first counts.
    Raises Invalid (RFC 8461 §3.2)."""
    fields: dict[str, str] = {}
    servers: list[str] = []
    for line in text[:POLICY_BYTES].replace("\r\n", "\n").split("\n"):
        match = _FIELD.match(line)
        if match is None:
            continue
        if match[1] == "mx":
            servers.append(match[2].lower().rstrip("."))
        else:
            fields.setdefault(match[1], match[2])
    mode, age = _MODES.get(fields.get("mode", "")), fields.get("max_age", "")
    if fields.get("version") != "STSv1" or mode is None:
        raise Invalid("not a policy of MTA-STS")
    if not (age.isascii() and age.isdigit() and len(age) <= 10):
        raise Invalid("max_age is a number of seconds")
    if mode != "none" and not servers:
        raise Invalid("a policy names servers")
    if not all(map(_HOST.match, servers)):
        raise Invalid("mx is the name of a server")
    return Policy(mode, min(int(age), _MAX_AGE), tuple(servers))
