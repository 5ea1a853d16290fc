"""Which addresses an account may send as, and who may write in whose name: as somebody (SEND_AS), or on somebody's
behalf (SEND), which the message then says (RFC 5322 §3.6.2)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from parvis.access import directory, gate
from parvis.access.gate import Access
from parvis.access.principal import Principal, Right
from parvis.kernel.errors import Forbidden, Invalid, NotFound
from parvis.mail.external import store as external
from parvis.mail.model import SCOPE
from parvis.store.sql.contract import Database
from parvis.wire.mime import Address
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


@dataclass(frozen=True, slots=True)
class Voice:
    """In whose name somebody writes: the account, its addresses, and what Sender has to say, if so."""

    account_id: int
    senders: Senders
    writer: Address | None = None


async def of_account(db: Database, account_id: int) -> Senders:
    """What this account may send as."""
    account = await external.by_id(db, account_id)
    own = (account.address,) if account is not None else ()
    return Senders((*own, *await directory.addresses(db, account_id)))


def writer_of(principal: Principal, access: Access) -> Address | None:
    """What Sender says when somebody writes for an account: who it is, unless it is theirs or they may write as it.
    RFC 5322 §3.6.2"""
    if principal.id == access.scope.account_id or Right.SEND_AS in access.rights:
        return None
    return Address(principal.name, principal.address)


async def voice(db: Database, principal: Principal, authors: Sequence[str]) -> Voice | None:
    """In whose name somebody may write what is from these addresses; None when in nobody's. What was withdrawn does
    not count from then on."""
    own = await of_account(db, principal.id)
    if not own.refused(authors):
        return Voice(principal.id, own)
    owner = None
    for address in (authors[0], split_detail(authors[0])[0]):
        owner = owner or await directory.by_address(db, address)
    if owner is None:
        return None
    try:
        access = await gate.require(db, principal, owner.id, SCOPE, Right.SEND)
    except (Forbidden, NotFound):
        return None
    senders = await of_account(db, owner.id)
    return None if senders.refused(authors) else Voice(owner.id, senders, writer_of(principal, access))
