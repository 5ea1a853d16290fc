"""The only clock. Tests freeze it; nothing else in the program asks what time it is."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache

from parvis.kernel.errors import Invalid

_frozen_ms: int | None = None


def now_ms() -> int:
    """Milliseconds since 1970-01-01T00:00:00Z; the unit of every stored time."""
    return _frozen_ms if _frozen_ms is not None else time.time_ns() // 1_000_000


def now() -> datetime:
    """The present instant, in UTC."""
    return from_ms(now_ms())


def from_ms(milliseconds: int) -> datetime:
    """The UTC instant of a stored time."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def to_ms(instant: datetime) -> int:
    """The stored form of an instant; a naive one is taken as UTC."""
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def utc_date(milliseconds: int) -> str:
    """A stored time as JMAP's UTCDate, whole seconds. RFC 8620 §1.4"""
    minute, second = divmod(milliseconds // 1000, 60)
    return f"{_minute(minute)}{second:02}Z"


@lru_cache(maxsize=1000)
def _minute(minute: int) -> str:
    return from_ms(minute * 60_000).isoformat(timespec="minutes")[:-6] + ":"


def parse_utc(date: str) -> int:
    """A UTCDate as a stored time. Raises Invalid for a day that is not in the calendar. RFC 8620 §1.4"""
    try:
        return to_ms(datetime.fromisoformat(date.replace("Z", "+00:00")))
    except (ValueError, OverflowError) as error:
        raise Invalid(f"{date!r} is no date") from error


def monotonic() -> float:
    """Seconds of a clock that never goes back, for durations."""
    return time.monotonic()


def worked() -> float:
    """Seconds of the processor that this process has taken in all its threads."""
    return time.process_time()


async def woken(wake: asyncio.Event, seconds: float) -> bool:
    """Waits until `wake` is set, at most so long, and clears it. Returns whether it was set."""
    try:
        # Not wait_for: in Python 3.11 it loses a cancellation that comes together with the wake-up.
        async with asyncio.timeout(max(seconds, 0.001)):
            await wake.wait()
    except TimeoutError:
        return False
    wake.clear()
    return True


@contextmanager
def frozen(at_ms: int) -> Iterator[None]:
    """Holds the clock at `at_ms` for a test."""
    global _frozen_ms
    before, _frozen_ms = _frozen_ms, at_ms
    try:
        yield
    finally:
        _frozen_ms = before
