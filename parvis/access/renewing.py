"""Sign-ins whose access token lives for an hour and is renewed by a refresh token, which is replaced each time. RFC
6749 §6, RFC 9700 §4.14.2, Matrix v1.19 Client-Server §Refreshing access tokens

The sign-in stays the same all the while: what it holds open goes on, and its owner ends it as any other."""

import hmac
import secrets
from dataclasses import dataclass

from parvis.access import sessions
from parvis.access.sessions import Ended, Session
from parvis.kernel import clock, ids
from parvis.kernel.errors import Unauthenticated
from parvis.store.sql.contract import Tx
from parvis.store.store import Store
from parvis.store.unit import Unit

ACCESS_SECONDS = 3600
REFRESH_MS = 90 * 86_400_000
"""A sign-in that was not renewed for so long ends."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a program is given."""

    access: str
    refresh: str
    scope: str
    session_id: int


async def begin(store: Store, session: Session, access: str, client_id: int = 0, scope: str = "") -> Tokens:
    """Makes a sign-in that was just opened one that is renewed; `access` is its secret, which is good for
    ACCESS_SECONDS from now on."""
    refresh, now = _refresh_token(session.id), clock.now_ms()

    async def work(tx: Tx) -> None:
        await tx.run(
            "UPDATE session SET until_ms = ?, expires_ms = ? WHERE id = ?",
            now + ACCESS_SECONDS * 1000,
            now + REFRESH_MS,
            session.id,
        )
        await tx.run(
            """INSERT INTO session_refresh (session_id, client_id, scope, secret, before, renewed_ms)
            VALUES (?, ?, ?, ?, '', ?)""",
            session.id,
            client_id,
            scope,
            sessions.digest_of(refresh),
            now,
        )

    await store.db.write(work)
    return Tokens(access, refresh, scope, session.id)


async def renew(store: Store, refresh: str, client_id: int = 0) -> Tokens:
    """New tokens for a refresh token. The one before the last is taken too, as long as nothing was done with what
    it brought: the answer may have been lost. Any older one was stolen from somebody, and ends the sign-in. Raises
    Unauthenticated."""
    session_id, digest, now = session_of(refresh), sessions.digest_of(refresh), clock.now_ms()
    tokens = Tokens(secrets.token_urlsafe(32), _refresh_token(session_id), "", session_id)

    async def work(unit: Unit) -> tuple[str, list[Ended]]:
        row = await unit.row(
            """SELECT r.secret, r.before, r.renewed_ms, r.scope, r.client_id, s.used_ms, s.principal_id
            FROM session_refresh r JOIN session s ON s.id = r.session_id JOIN principal p ON p.id = s.principal_id
            WHERE r.session_id = ? AND s.expires_ms > ? AND p.disabled_ms IS NULL""",
            session_id,
            now,
        )
        if row is None or row[4] != client_id:
            raise Unauthenticated("sign in again")
        secret, before, renewed_ms, scope, _, used_ms, principal_id = row
        latest = hmac.compare_digest(digest, secret)
        if not latest and not (hmac.compare_digest(digest, before) and used_ms < renewed_ms):
            return "", await sessions.end_in(unit, principal_id, session_id)
        # Not used yet: so that its first use is noted at once. See sessions.touch
        await unit.run(
            "UPDATE session SET secret = ?, until_ms = ?, expires_ms = ?, used_ms = ? WHERE id = ?",
            sessions.digest_of(tokens.access),
            now + ACCESS_SECONDS * 1000,
            now + REFRESH_MS,
            now - sessions.TOUCH_MS,
            session_id,
        )
        await unit.run(
            "UPDATE session_refresh SET secret = ?, before = ?, renewed_ms = ? WHERE session_id = ?",
            sessions.digest_of(tokens.refresh),
            digest,
            now,
            session_id,
        )
        return scope, []

    scope, ended = await store.write(work)
    if ended:
        await sessions.announce_all(store, ended)
        raise Unauthenticated("sign in again")
    return Tokens(tokens.access, tokens.refresh, scope, session_id)


async def scope_of(store: Store, session_id: int) -> str:
    """What the program was let in to that has this sign-in; empty for one that has a password."""
    found = await store.db.value("SELECT scope FROM session_refresh WHERE session_id = ?", session_id)
    return found or ""


async def revoke(store: Store, token: str) -> None:
    """Ends the sign-in that this access or refresh token is of, as its owner would; nothing when there is none. RFC
    7009 §2.1"""
    digest, refreshed = sessions.digest_of(token), session_of(token)

    async def work(unit: Unit) -> list[Ended]:
        row = await unit.row(
            """SELECT principal_id, id FROM session WHERE kind = 'token' AND (secret = ? OR id IN (SELECT session_id
            FROM session_refresh r WHERE session_id = ? AND (r.secret = ? OR r.before = ?)))""",
            digest,
            refreshed,
            digest,
            digest,
        )
        return await sessions.end_in(unit, *row) if row is not None else []

    await sessions.announce_all(store, await store.write(work))


def session_of(refresh: str) -> int:
    """The sign-in that a refresh token names; 0 for what is none."""
    return ids.parse(refresh.partition(".")[0]) or 0


def _refresh_token(session_id: int) -> str:
    return f"{ids.text(session_id)}.{secrets.token_urlsafe(32)}"


async def forget(store: Store) -> int:
    """Forgets what would renew sign-ins that are over; part of the daily tidying. Returns how many."""

    async def work(tx: Tx) -> int:
        return await tx.run(
            "DELETE FROM session_refresh WHERE NOT EXISTS (SELECT 1 FROM session s WHERE s.id = session_id)"
        )

    return await store.db.write(work)
