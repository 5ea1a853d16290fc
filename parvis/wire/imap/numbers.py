"""Sets of message numbers and unique identifiers (RFC 9051 §9, sequence-set), as they are written and without ever
counting them out."""

import re
from collections.abc import Iterable, Sequence

import msgspec

from parvis.kernel.errors import Invalid

LARGEST = 2**32 - 1
_SET = re.compile(r"(?:\d{1,10}|\*)(?::(?:\d{1,10}|\*))?(?:,(?:\d{1,10}|\*)(?::(?:\d{1,10}|\*))?)*+\Z", re.A)


class Numbers(msgspec.Struct, frozen=True):
    """A sequence set: ranges in the order they were written, `None` for `*`; or `$`, what the last search saved
    (RFC 5182 §2.1)."""

    ranges: tuple[tuple[int | None, int | None], ...] = ()
    saved: bool = False

    def __str__(self) -> str:
        if self.saved:
            return "$"
        return ",".join(_end(low) if low == high else f"{_end(low)}:{_end(high)}" for low, high in self.ranges)

    @property
    def highest(self) -> int:
        """The largest number that is written out; 0 when there is none."""
        return max((end for pair in self.ranges for end in pair if end is not None), default=0)

    def resolve(self, largest: int) -> list[range]:
        """The numbers up to `largest`, which is what `*` means, as ascending ranges that do not touch. `5:*` holds
        `largest` even when that is below 5 (RFC 9051 §6.4.9). Of `$` the caller knows the numbers."""
        spans = sorted(span for pair in self.ranges if (span := _span(pair, largest)))
        joined: list[list[int]] = []
        for low, high in spans:
            if joined and low <= joined[-1][1] + 1:
                joined[-1][1] = max(joined[-1][1], high)
            else:
                joined.append([low, high])
        return [range(low, high + 1) for low, high in joined]

    def contains(self, number: int, largest: int) -> bool:
        """Is the number in the set, when `*` means `largest`?"""
        return any(span[0] <= number <= span[1] for pair in self.ranges if (span := _span(pair, largest)))


def parse(text: str) -> Numbers:
    """Reads a set: `1:3,5,7:*` or `$`. Raises Invalid for anything else, 0 and numbers over 32 bits among it."""
    if text == "$":
        return Numbers(saved=True)
    if not _SET.match(text):
        raise Invalid("Not a set of numbers")
    ranges: list[tuple[int | None, int | None]] = []
    for item in text.split(","):
        low, colon, high = item.partition(":")
        first = None if low == "*" else int(low)
        ranges.append((first, first if not colon else None if high == "*" else int(high)))
    ends = [end for pair in ranges for end in pair if end is not None]
    if ends and (min(ends) < 1 or max(ends) > LARGEST):
        raise Invalid("A number is from 1 to 4294967295")
    return Numbers(tuple(ranges))


def compressed(numbers: Iterable[int]) -> str:
    """Ascending numbers as a set: `1:3,5`. No number gives the empty text, which is no set."""
    written: list[str] = []
    first = last = 0
    for number in numbers:
        if number == last + 1 and last:
            last = number
            continue
        if last:
            written.append(_pair(first, last))
        first = last = number
    if last:
        written.append(_pair(first, last))
    return ",".join(written)


def within(found: Sequence[int], places: tuple[int, int]) -> list[int]:
    """Those of `found` from one place to another, `(1, 100)`; counted from its end `(-1, -100)`, in the same order
    (RFC 9394 §3.1)."""
    first, last = sorted(abs(place) for place in places)
    if places[0] > 0:
        return list(found[first - 1 : last])
    return list(found[max(len(found) - last, 0) : max(len(found) - first + 1, 0)])


def _pair(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}:{last}"


def _end(number: int | None) -> str:
    return "*" if number is None else str(number)


def _span(pair: tuple[int | None, int | None], largest: int) -> tuple[int, int] | None:
    """Lowest and highest of a range within 1 and `largest`; `None` when nothing is left."""
    low, high = (largest if end is None else end for end in pair)
    if low > high:
        low, high = high, low
    return (low, min(high, largest)) if 1 <= low <= largest else None
