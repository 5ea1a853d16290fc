"""What SPF and DMARC ask DNS. The program's resolver answers; so does a table in a test."""

from collections.abc import Sequence
from typing import Literal, Protocol


class Names(Protocol):
    """Looks names up. Nothing there, or no such name, is an empty answer; no answer raises Unavailable."""

    async def texts(self, name: str) -> Sequence[str]:
        """The TXT records, the strings of each joined."""
        ...

    async def addresses(self, name: str, family: Literal[4, 6]) -> Sequence[str]:
        """The A or AAAA records."""
        ...

    async def exchangers(self, name: str) -> Sequence[tuple[int, str]]:
        """The MX records: preference and host."""
        ...

    async def pointers(self, address: str) -> Sequence[str]:
        """The names of an IP address (PTR)."""
        ...
