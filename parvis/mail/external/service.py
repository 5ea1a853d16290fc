"""Adding, changing and removing accounts at other providers, and guessing where their servers are."""

import asyncio
import contextlib
from dataclasses import dataclass, replace
from typing import Literal

from parvis.access import accounts, directory, erasure, gate
from parvis.access.erasure import Gone, rows
from parvis.access.principal import Principal, Right
from parvis.kernel import clock
from parvis.kernel.errors import Conflict, NotFound, ParvisError, Unavailable
from parvis.kernel.later import aiosmtplib
from parvis.mail import identity, service
from parvis.mail.external import keeper, sending, store
from parvis.mail.external.model import PURPOSE, Account, Server, text_of
from parvis.mail.external.remote import Remote
from parvis.serve.context import Context
from parvis.store.sealing import Sealer
from parvis.store.store import Store
from parvis.store.unit import Unit

_DISCOVERY_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Sealed:
    """Passwords as they are kept; an empty one for sending is the same."""

    imap: str = ""
    smtp: str = ""


async def seal(sealer: Sealer, password: str | None, smtp_password: str | None) -> Sealed:
    """Seals what was given; empty stays empty. Raises Unavailable."""
    return Sealed(
        await sealer.seal(password, PURPOSE) if password else "",
        await sealer.seal(smtp_password, PURPOSE) if smtp_password else "",
    )


async def try_out(context: Context, imap: Server, smtp: Server | None, password: str, smtp_password: str) -> None:
    """Signs in once at each server. Raises Unauthenticated, Unavailable, EgressRefused; their field `side` says
    where."""
    side: Literal["imap", "smtp"] = "imap"
    try:
        (await Remote.open(context, imap, password)).close()
        side = "smtp"
        if smtp is not None:
            await sending.try_out(context, smtp, smtp_password or password)
    except ParvisError as error:
        error.fields["side"] = side
        raise


async def create(unit: Unit, owner: Principal, account: Account) -> int:
    """Keeps a new account: mail of its own, of which its owner has every right. `account.id` counts for nothing.
    Returns its id. Raises Conflict when its owner has added it before."""
    address = account.address
    if any(each.address == address for each in await store.of_owner(unit, owner.id)):
        raise Conflict("this account was added before", field="address")
    number = await directory.create(unit, "external", address, language=owner.language)
    scope_id = await service.provision(unit, number, owner.language)
    await gate.give(unit, _itself(number), scope_id, owner.id, Right.owner())
    await identity.add_default(unit, number, address, account.name or owner.name)
    kept = replace(account, id=number, owner_id=owner.id)
    await store.add(unit, kept, text_of(account.imap), text_of(account.smtp))
    await keeper.plan(unit, number)
    return number


async def destroy(unit: Unit, account: Account) -> None:
    """Ends an account: nobody sees it any more, and what is here of it is erased. At the provider nothing is
    touched. Raises NotFound."""
    await store.remove(unit, account)
    for (grant,) in await unit.rows(
        "SELECT g.id FROM access_grant g JOIN scope s ON s.id = g.scope_id WHERE s.account_id = ?", account.id
    ):
        await gate.withdraw(unit, _itself(account.id), grant)
    with contextlib.suppress(Conflict, NotFound):
        await erasure.plan(unit, account.id, clock.now_ms() + erasure.SOON_MS)


def _itself(account_id: int) -> Principal:
    """The owner of the mail, who is nobody but gives and withdraws."""
    return Principal(account_id, "", "", "external")


async def erase(keep: Store, gone: Gone) -> None:
    """Takes an erased account out of the tables of this part; the accounts that its owner had go too."""
    for account in await store.of_owner(keep.db, gone.account_id):
        await keep.write(lambda unit, account=account: destroy(unit, account))  # type: ignore[misc]
        await accounts.close(keep, account.id)
    for table, key in (
        ("external_account", "account_id"),
        ("external_email", "mailbox_id, uid"),
        ("external_mailbox", "mailbox_id"),
    ):
        await rows(keep, table, key, "account_id = ?", gone.account_id)


_GUESSES: dict[str, tuple[tuple[str, int, Literal["tls", "starttls"]], ...]] = {
    "imap": (("_imaps._tcp", 993, "tls"), ("_imap._tcp", 143, "starttls")),
    "smtp": (("_submissions._tcp", 465, "tls"), ("_submission._tcp", 587, "starttls")),
}
"""Services of RFC 6186 §3 and RFC 8314 §5.1, with their usual ports."""


async def discover(context: Context, address: str) -> dict[str, Server | None]:
    """Where the servers of an address may be: what its domain says (RFC 6186), else usual names; only what
    answers."""
    found: dict[str, Server | None] = {"imap": None, "smtp": None}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DISCOVERY_SECONDS):
            for side in found:
                found[side] = await _found(context, side, address)
    return found


async def _found(context: Context, side: str, address: str) -> Server | None:
    domain = address.rpartition("@")[2]
    guesses = _GUESSES[side]
    servers = [
        Server(host=host, port=port, security=security, username=address)
        for service_name, _, security in guesses
        for host, port in await _named(context, f"{service_name}.{domain}")
    ]
    servers += [
        Server(host=f"{step}.{domain}", port=port, security=security, username=address)
        for step in (side, "mail")
        for _, port, security in guesses
    ]
    answered = await asyncio.gather(*(_answers(context, side, server) for server in servers))
    return next((server for server, answers in zip(servers, answered, strict=True) if answers), None)


async def _named(context: Context, name: str) -> list[tuple[str, int]]:
    """Hosts and ports of SRV records, by priority; "." is none. RFC 2782"""
    try:
        records = (await context.resolver.ask(name, "SRV")).records
    except Unavailable:
        return []
    words = sorted((each.to_text().split() for each in records), key=lambda parts: (int(parts[0]), -int(parts[1])))
    return [(host.rstrip(".").lower(), int(port)) for _, _, port, host in words if host != "."]


async def _answers(context: Context, side: str, server: Server) -> bool:
    try:
        if side == "imap":
            (await Remote.reach(context, server)).close()
        else:
            (await sending.reach(context, server)).close()
    except (ParvisError, aiosmtplib.SMTPException, OSError):
        return False
    return True
