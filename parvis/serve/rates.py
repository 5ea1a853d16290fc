"""How often a client may do something: token buckets in bounded memory."""

import ipaddress

from parvis.kernel import clock
from parvis.kernel.recent import Recent

_KEPT = 20_000


class Rate:
    """Allows `burst` at once and `per_minute` in the long run, for each key; 0 per minute is no limit."""

    def __init__(self, per_minute: float, burst: float | None = None) -> None:
        self._fill, self._burst = per_minute / 60, per_minute if burst is None else burst
        self._buckets: Recent[str, tuple[float, float]] = Recent(_KEPT)

    def take(self, key: str, count: float = 1) -> bool:
        """Whether `count` more is allowed for `key` now; if so it is counted."""
        return not self.wait(key, count)

    def wait(self, key: str, count: float = 1) -> float:
        """Seconds until `count` more is allowed for `key`; 0 when it is now, and then it is counted."""
        if self._fill <= 0:
            return 0.0
        now = clock.monotonic()
        level, before = self._buckets.pop(key, (self._burst, now))
        level = min(self._burst, level + (now - before) * self._fill)
        missing = max(0.0, count - level)
        self._buckets[key] = (level if missing else level - count, now)
        return missing / self._fill


def network_of(host: str) -> str:
    """Whom a limit is for: the IPv4 address, or the /64 of an IPv6 address, which one customer has as a whole."""
    if ":" not in host:
        return host
    try:
        return str(ipaddress.ip_network(f"{host}/64", strict=False))
    except ValueError:
        return host
