"""Passwords for one program each, limited to protocols: what a mail client or a phone signs in with."""

import secrets
from collections.abc import Iterable, Sequence

from parvis.access import sessions
from parvis.access.principal import Principal
from parvis.access.sessions import Session
from parvis.kernel import clock, ids
from parvis.kernel.errors import Invalid
from parvis.store.store import Store

PROTOCOLS = frozenset({"jmap", "imap", "smtp", "sieve", "dav", "pop3", "matrix"})
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_LENGTH = 20


async def create(
    store: Store, principal: Principal, name: str, protocols: Iterable[str], expires_ms: int | None = None
) -> tuple[str, Session]:
    """Makes an app password of 100 random bits. Returns it, to be shown once, as `abcd-efgh-...`, and its entry."""
    wanted = frozenset(protocols)
    if not wanted or wanted - PROTOCOLS:
        raise Invalid(f"choose among {', '.join(sorted(PROTOCOLS))}", field="protocols")
    bare, now = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH)), clock.now_ms()
    session = Session(ids.new_id(), principal.id, "app", name[:200], wanted, "", now, now, expires_ms)
    await sessions.add(store, session, bare)
    return "-".join(bare[i : i + 4] for i in range(0, _LENGTH, 4)), session


async def list(store: Store, principal: Principal) -> Sequence[Session]:  # noqa: A001 - the word of the field
    """The principal's app passwords, the last used first."""
    return [session for session in await sessions.of(store, principal) if session.kind == "app"]


async def remove(store: Store, principal: Principal, session_id: int) -> None:
    """Takes an app password back; what it opened is closed. Raises NotFound."""
    await sessions.end(store, principal, session_id)


def bare(password: str) -> str | None:
    """The letters of what may be an app password, however it was typed; None when it cannot be one."""
    letters = password.lower().replace("-", "").replace(" ", "")
    return letters if len(letters) == _LENGTH and all(letter in _LETTERS for letter in letters) else None
