"""Whether somebody waits for this process just now: what can be done later goes after that."""

from parvis.kernel import clock

_SECONDS = 0.1
"""How long after a question the next one is looked for: programs ask one after the other, people's pages several at
once."""


class Activity:
    """When somebody has last asked for something."""

    def __init__(self) -> None:
        self._asked = float("-inf")

    def note(self) -> None:
        """Somebody asks."""
        self._asked = clock.monotonic()

    def recent(self) -> bool:
        """Whether somebody has asked a moment ago."""
        return clock.monotonic() - self._asked < _SECONDS
