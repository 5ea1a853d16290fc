"""How fast mail goes to each destination: as many connections as the settings allow, fewer when it says that these
are too many, more again as it takes mail; none for a moment when nobody answers there. RFC 5321 §4.5.4.1"""

import re
from dataclasses import dataclass

from parvis.kernel import clock
from parvis.mail.queue.model import Reply

_TOO_MANY = re.compile(
    r"too (?:many|much|fast)|(?:rate|connection|message|sending)s?[ -]limit|limit exceeded|throttl|slow down"
    r"|temporarily rate|4\.7\.28|4\.7\.26",
    re.I,
)
_FIRST_MS = 30_000
_LONGEST_MS = 900_000
_MANY = 10_000


@dataclass(slots=True)
class _Gait:
    at_once: float
    pause_ms: int = _FIRST_MS
    not_before_ms: int = 0


class Pace:
    """Of this node. `most` connections at once to one destination."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._gaits: dict[str, _Gait] = {}

    def at_once(self, destination: str) -> int:
        """How many connections there may be now."""
        gait = self._gaits.get(destination)
        return self._most if gait is None else max(1, int(gait.at_once))

    def not_before_ms(self, destination: str) -> int:
        """When the next message may go; a time that is over when it may at once."""
        gait = self._gaits.get(destination)
        return 0 if gait is None else gait.not_before_ms

    def heard(self, destination: str, reply: Reply) -> None:
        """Learns from an answer: of too much, half as fast after a pause that doubles; of mail taken, a little
        faster."""
        if is_too_many(reply):
            gait = self._of(destination)
            gait.at_once = max(1.0, gait.at_once / 2)
            gait.not_before_ms = clock.now_ms() + gait.pause_ms
            gait.pause_ms = min(gait.pause_ms * 2, _LONGEST_MS)
        elif reply.accepted and destination in self._gaits:
            gait = self._gaits[destination]
            gait.at_once, gait.pause_ms = gait.at_once + 1 / gait.at_once, _FIRST_MS
            if gait.at_once >= self._most:
                del self._gaits[destination]

    def unreached(self, destination: str, pause_ms: int) -> None:
        """Nobody answers: others wait, too, instead of each finding that out."""
        self._of(destination).not_before_ms = clock.now_ms() + pause_ms

    def _of(self, destination: str) -> _Gait:
        if len(self._gaits) >= _MANY:
            self._gaits.clear()
        return self._gaits.setdefault(destination, _Gait(float(self._most)))


def is_too_many(reply: Reply) -> bool:
    """Whether a server says that we send too much at once; not that it does not know us yet (greylisting)."""
    return 400 <= reply.code < 500 and bool(_TOO_MANY.search(reply.text)) and "grey" not in reply.text.lower()
