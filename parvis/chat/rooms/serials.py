"""The order of what is told and never stored: who is typing, who is there. Numbers are milliseconds where nothing
happens faster, so that they go on after a restart."""

from parvis.kernel import clock


class Serials:
    """The numbers of this node."""

    def __init__(self) -> None:
        self.now = clock.now_ms()
        """The newest."""

    def next(self) -> int:
        """The number of something that is about to be told to all nodes."""
        return max(clock.now_ms(), self.now + 1)

    def heard(self, serial: int) -> int:
        """The number under which this node keeps something that it was told: newer than all before."""
        self.now = max(serial, self.now + 1)
        return self.now
