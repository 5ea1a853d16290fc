"""Showing people how far something is: one line that moves on a terminal, a few lines elsewhere."""

import sys
from collections.abc import Callable
from typing import TextIO

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many are done and how many there are (0: unknown)."""


def silent(label: str, done: int, total: int) -> None:
    """Shows nothing."""


class Bar:
    """A line `label  done/total` that moves; off a terminal a new line for every tenth."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._moves = self._stream.isatty()
        self._last = ("", -1)

    def __call__(self, label: str, done: int, total: int) -> None:
        """See Progress."""
        tenth = done * 10 // total if total else done // 1000
        finished = total > 0 and done >= total
        if self._moves:
            part = f"{done}/{total}" if total else str(done)
            self._stream.write(f"\r\x1b[K  {label}  {part}" + ("\n" if finished else ""))
            self._stream.flush()
        elif (label, tenth) != self._last and (finished or tenth != self._last[1] or label != self._last[0]):
            self._stream.write(f"  {label} {done}" + (f" of {total}\n" if total else "\n"))
            self._stream.flush()
        self._last = (label, tenth)
