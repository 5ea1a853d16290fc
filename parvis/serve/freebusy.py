"""Where the free-busy of people elsewhere is published: what the calendar asks of contacts without knowing them.
Contacts offer `FreeBusyLinks` in the context; without contacts nobody does. RFC 2739 §2.4

    links = context.services.get(FreeBusyLinks)
    found = await links.of(principal, ["zoe@elsewhere.example"])
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from parvis.access.principal import Principal


class FreeBusyLinks(ABC):
    """Contacts as the calendar uses them."""

    @abstractmethod
    async def of(self, principal: Principal, addresses: Sequence[str]) -> Mapping[str, str]:
        """The free-busy addresses that cards name which the principal may read, by address in lower case."""
