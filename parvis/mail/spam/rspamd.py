"""What rspamd thinks of a message, when the settings name one. It keeps no message waiting for longer than three
seconds; when it does not answer, mail goes on without it."""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from parvis.kernel.egress import Egress
from parvis.kernel.errors import EgressRefused
from parvis.kernel.later import httpx
from parvis.mail.authentication import Origin

_SECONDS = 3.0
_NONE, _LINE = -2.2, 4.6
"""The logarithm of the odds at no points (a chance of 0.1), and where rspamd itself would mark a message (0.99)."""
_LEAST, _MOST = 0.01, 0.999
_REASONS = 4
_VIRUS = "_VIRUS"
"""How the names of what its scanners find end, as CLAM_VIRUS. https://rspamd.com/doc/modules/antivirus.html"""
_MARKED = 0.4
"""Where it marks as a part of where it refuses, when the answer does not tell: its default."""
_log = logging.getLogger(__name__)


class _Symbol(msgspec.Struct):
    name: str
    score: float = 0.0


class _Answer(msgspec.Struct):
    """https://rspamd.com/doc/architecture/protocol.html; only what is used."""

    score: float
    required_score: float = 15.0
    action: str = ""
    is_skipped: bool = False
    thresholds: dict[str, float | None] = {}
    symbols: dict[str, _Symbol] = {}


_answer = msgspec.json.Decoder(_Answer)


@dataclass(frozen=True, slots=True)
class Opinion:
    """How likely rspamd holds the message to be unwanted, the rules that weighed most, and whether one of the virus
    scanners that it asks has found something."""

    chance: float
    reasons: tuple[str, ...] = ()
    has_virus: bool = False


class Rspamd:
    """The scanner at an address such as `http://127.0.0.1:11333`."""

    def __init__(self, url: str, egress: Egress) -> None:
        self._url = url.rstrip("/") + "/checkv2"
        self._client = egress.http("mail-filter", timeout=_SECONDS)

    async def check(self, raw: bytes, origin: Origin, recipients: Sequence[str]) -> Opinion | None:
        """Its opinion; None when there is none in time. Never fails."""
        asked = {"IP": origin.address, "Helo": origin.hello, "From": origin.sender}
        headers = [(name, value) for name, value in asked.items() if value.isascii() and value.isprintable()]
        headers += [("Rcpt", one) for one in recipients if one.isascii() and one.isprintable()]
        try:
            reply = await self._client.post(self._url, content=raw, headers=headers)
            reply.raise_for_status()
            return opinion(_answer.decode(reply.content))
        except (httpx.HTTPError, msgspec.MsgspecError, EgressRefused) as error:
            _log.warning("rspamd did not answer: %s", error or type(error).__name__)
            return None

    async def close(self) -> None:
        """Ends its connections."""
        await self._client.aclose()


def opinion(answer: _Answer) -> Opinion | None:
    """Its points as a chance."""
    if answer.is_skipped and answer.action != "reject":
        return None
    line = answer.thresholds.get("add header") or _MARKED * answer.required_score
    odds = _NONE + (_LINE - _NONE) * answer.score / line if line > 0 else 0.0
    chance = max(_LEAST, min(_MOST, 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))))
    strongest = sorted(answer.symbols.values(), key=lambda one: -one.score)
    reasons = tuple(f"rspamd:{one.name}" for one in strongest[:_REASONS] if one.score > 0)
    return Opinion(chance, reasons, any(one.name.endswith(_VIRUS) for one in strongest))
