"""What the command line needs of the program that app.py puts together; ops is below app and cannot import it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from parvis.kernel.settings import Settings
from parvis.serve.context import Context
from parvis.serve.feature import Feature


class Program(Protocol):
    """An opened program: the store is there and its schema is up to date, but no door is open yet."""

    @property
    def context(self) -> Context:
        """Settings, store, egress gate, registry and services."""
        ...

    @property
    def features(self) -> Sequence[Feature]:
        """The features, in the order in which a new principal is provisioned."""
        ...

    async def start(self) -> Mapping[str, int]:
        """Starts jobs, followers and doors; returns once every door listens, with its port by protocol (`http`,
        `smtp`, `submission`, ...). Closed ones are left out."""
        ...

    async def stop(self) -> None:
        """Closes the doors, lets what runs end, closes the store. Also right when `start` was never called."""
        ...


Opener = Callable[[Settings], Awaitable[Program]]
