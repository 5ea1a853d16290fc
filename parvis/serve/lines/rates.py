"""How often a client may do something: token buckets in bounded memory."""

from collections import OrderedDict

from parvis.kernel import clock

_KEPT = 20_000


class Rate:
    """Allows `burst` at once and `per_minute` in the long run, for each key; 0 per minute is no limit."""

    def __init__(self, per_minute: float, burst: float | None = None) -> None:
        self._fill, self._burst = per_minute / 60, per_minute if burst is None else burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, count: float = 1) -> bool:
        """Whether `count` more is allowed for `key` now; if so it is counted."""
        if self._fill <= 0:
            return True
        now = clock.monotonic()
        level, before = self._buckets.pop(key, (self._burst, now))
        level = min(self._burst, level + (now - before) * self._fill)
        allowed = level >= count
        self._buckets[key] = (level - count if allowed else level, now)
        if len(self._buckets) > _KEPT:
            self._buckets.popitem(last=False)
        return allowed
