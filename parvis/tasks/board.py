"""Boards: which column a task is in, and where in it. A place is a text that is compared as it stands; between any
two there is another, so that moving one card writes one row."""

from collections.abc import Mapping, Sequence

from parvis.tasks.model import PROGRESS

LONGEST = 60
"""A longer place says that the column is to be numbered anew."""
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_WIDTH = 8
_STEP = 36**4


def progress_of(status: str, said: Mapping[str, str]) -> str:
    """The progress that a column stands for."""
    if status in PROGRESS:
        return status
    given = said.get(status, "needs-action" if status == "pending" else "in-process")
    return given if given in PROGRESS else "in-process"


def column_of(progress: str, wanted: str | None, statuses: Sequence[str], said: Mapping[str, str]) -> str:
    """The column of a task: the one it names, as long as that stands for its progress; else the first that does."""
    if wanted is not None and wanted in statuses and progress_of(wanted, said) == progress:
        return wanted
    if progress in statuses:
        return progress
    return next((each for each in statuses if progress_of(each, said) == progress), progress)


def between(low: str, high: str) -> str:
    """A place after `low` and before `high`; empty for the ends. Raises ValueError when they are not in order."""
    if not high:
        return _stepped(low, _STEP) if low else _written(36**_WIDTH // 2)
    if not low and (before := _stepped(high, -_STEP)):
        return before
    made, at, bounded = "", 0, True
    while True:
        first = _DIGITS.index(low[at]) if at < len(low) else 0
        last = _DIGITS.index(high[at]) if bounded and at < len(high) else 36
        if bounded and (at >= len(high) or last < first):
            raise ValueError("these places are not in order")
        if last - first > 1:
            return made + _DIGITS[(first + last) // 2]
        made, at, bounded = made + _DIGITS[first], at + 1, bounded and last == first


def spread(count: int) -> list[str]:
    """Places for a whole column."""
    begin = 36**_WIDTH // 2
    return [_written(begin + number * _STEP) for number in range(count)]


def _stepped(place: str, step: int) -> str:
    """The place one step away; empty when there is none before, or the next beyond the end as a longer text."""
    number = int(place[:_WIDTH].ljust(_WIDTH, "0"), 36) + step
    if number <= 0:
        return ""
    if number >= 36**_WIDTH:
        return place + "i"
    return _written(number)


def _written(number: int) -> str:
    made = ""
    for _ in range(_WIDTH):
        number, digit = divmod(number, 36)
        made = _DIGITS[digit] + made
    return made.rstrip("0")
