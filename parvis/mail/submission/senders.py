"""Which addresses an account may send as."""

from collections.abc import Iterable
from dataclasses import dataclass

from parvis.access import directory
from parvis.kernel.errors import Invalid
from parvis.store.sql.contract import Database
from parvis.wire.smtp import split_detail


@dataclass(frozen=True, slots=True)
class Senders:
    """The addresses of one account."""

    addresses: tuple[str, ...]
    """In normal form, the main one first."""

    def allow(self, address: str) -> bool:
        """Whether mail may come from `address`: one of them, with or without a `+detail`."""
        try:
            normal = directory.normal(address)
        except Invalid:
            return False
        return normal in self.addresses or split_detail(normal)[0] in self.addresses

    def refused(self, addresses: Iterable[str]) -> list[str]:
        """Those that are not allowed."""
        return [address for address in addresses if not self.allow(address)]


async def of_account(db: Database, account_id: int) -> Senders:
    """What this account may send as."""
    return Senders(tuple(await directory.addresses(db, account_id)))
