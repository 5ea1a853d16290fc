"""What programs wait for: codes given to a browser (RFC 6749 §4.1), and devices without one (RFC 8628)."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from parvis.access import sessions
from parvis.access.sessions import Ended
from parvis.kernel import clock, ids
from parvis.kernel.errors import RateLimited
from parvis.serve.oauth.errors import OAuthError
from parvis.serve.rates import network_of
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.store.unit import Unit

CODE_MS = 5 * 60_000
DEVICE_SECONDS = 20 * 60
INTERVAL_SECONDS = 5
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""Without vowels no words, and nothing that is read as another letter. RFC 8628 §6.1"""
_MOST = 100
"""Devices of one network that wait."""
_NEW: dict[str, object] = {
    "user_code": None,
    "client_id": 0,
    "scope": "",
    "redirect_uri": "",
    "challenge": "",
    "remote": "",
    "network": "",
    "state": "allowed",
    "principal_id": 0,
    "session_id": 0,
    "polled_ms": 0,
}
"""What a request is of which nothing else is said."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What somebody has allowed."""

    id: int
    principal_id: int
    scope: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A device that waits for somebody to allow it."""

    id: int
    client_id: int
    scope: str
    remote: str


async def _put(unit: Unit, kind: str, life_ms: int, **known: object) -> str:
    """Keeps a request for so long; returns its secret, which is shown once."""
    secret = secrets.token_urlsafe(32)
    row = {
        "id": ids.new_id(),
        "kind": kind,
        "secret": sessions.digest_of(secret),
        "expires_ms": clock.now_ms() + life_ms,
        **_NEW,
        **known,
    }
    await unit.run(f"INSERT INTO oauth_request ({', '.join(row)}) VALUES {marks(len(row))}", *row.values())
    return secret


async def _once(store: Store, kind: str, secret: str, who: int = 0) -> int:
    """Whom a request is of that was allowed, which is then over; 0 for one that is not good, or is good no more, or
    is not of `who` where that is given."""
    found = await store.write(
        lambda unit: unit.row(
            """DELETE FROM oauth_request WHERE secret = ? AND kind = ? AND state = 'allowed' AND expires_ms > ?
            AND CAST(? AS BIGINT) IN (0, principal_id) RETURNING principal_id""",
            sessions.digest_of(secret),
            kind,
            clock.now_ms(),
            who,
        )
    )
    return int(found[0]) if found else 0


async def code(store: Store, client_id: int, scope: str, redirect_uri: str, challenge: str, who: int) -> str:
    """A code for the browser to carry to the program, good once and for CODE_MS."""
    known = {"client_id": client_id, "scope": scope, "redirect_uri": redirect_uri, "challenge": challenge}
    return await store.write(lambda unit: _put(unit, "code", CODE_MS, principal_id=who, **known))


async def take(store: Store, secret: str, client_id: int, redirect_uri: str, verifier: str) -> Granted:
    """What a code stands for. One that comes a second time ends the sign-in that it has brought (RFC 6749 §4.1.2).
    Raises OAuthError."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()

    async def work(unit: Unit) -> tuple[Granted | None, list[Ended]]:
        row = await unit.row(
            """SELECT id, principal_id, scope, client_id, redirect_uri, challenge, state, session_id
            FROM oauth_request WHERE secret = ? AND kind = 'code' AND expires_ms > ?""",
            sessions.digest_of(secret),
            clock.now_ms(),
        )
        if row is None:
            return None, []
        number, who, scope, of, to, expected, state, session_id = row
        if state != "allowed":
            return None, await sessions.end_in(unit, who, session_id) if session_id else []
        await unit.run("UPDATE oauth_request SET state = 'taken' WHERE id = ?", number)
        right = (of, to) == (client_id, redirect_uri) and hmac.compare_digest(expected, challenge)
        return (Granted(number, who, scope) if right else None), []

    granted, ended = await store.write(work)
    await sessions.announce_all(store, ended)
    if granted is None:
        raise OAuthError("invalid_grant", "this code is not good, or is good no more")
    return granted


async def taken(store: Store, granted: Granted, session_id: int) -> None:
    """Notes which sign-in came of it."""
    await store.write(
        lambda unit: unit.run("UPDATE oauth_request SET session_id = ? WHERE id = ?", session_id, granted.id)
    )


async def device(store: Store, client_id: int, scope: str, remote: str) -> tuple[str, str]:
    """Two codes for a device: the one it asks by, and the one it shows. Raises RateLimited."""
    shown, network = "".join(secrets.choice(_LETTERS) for _ in range(8)), network_of(remote)
    known = {"user_code": shown, "client_id": client_id, "scope": scope, "remote": remote, "network": network}

    async def work(unit: Unit) -> str:
        waiting = "SELECT COUNT(*) FROM oauth_request WHERE kind = 'device' AND network = ? AND expires_ms > ?"
        if await unit.value(waiting, network, clock.now_ms()) >= _MOST:
            raise RateLimited("too many devices are waiting", retry_after=DEVICE_SECONDS)
        return await _put(unit, "device", DEVICE_SECONDS * 1000, state="waiting", **known)

    return await store.write(work), f"{shown[:4]}-{shown[4:]}"


async def waiting(store: Store, shown: str) -> Waiting | None:
    """The device that shows this code, as somebody has typed it."""
    letters = "".join(filter(str.isalpha, shown)).upper()
    row = await store.db.row(
        """SELECT id, client_id, scope, remote FROM oauth_request WHERE user_code = ? AND state = 'waiting'
        AND expires_ms > ?""",
        letters,
        clock.now_ms(),
    )
    return Waiting(*row) if row else None


async def decide(store: Store, found: Waiting, who: int) -> bool:
    """Allows a device for somebody, or refuses it, when `who` is 0. Returns whether it still waited."""
    state = "allowed" if who else "refused"
    return bool(
        await store.write(
            lambda unit: unit.run(
                "UPDATE oauth_request SET state = ?, principal_id = ? WHERE id = ? AND state = 'waiting'",
                state,
                who,
                found.id,
            )
        )
    )


async def poll(store: Store, secret: str, client_id: int) -> Granted:
    """What somebody has allowed a device. Raises OAuthError: `authorization_pending` and `slow_down` mean that it
    asks again, the others that it is over. RFC 8628 §3.5"""
    now = clock.now_ms()

    async def work(unit: Unit) -> Granted | str:
        row = await unit.row(
            """SELECT id, principal_id, scope, state, polled_ms, expires_ms FROM oauth_request
            WHERE secret = ? AND kind = 'device' AND client_id = ?""",
            sessions.digest_of(secret),
            client_id,
        )
        if row is None:
            return "invalid_grant"
        number, who, scope, state, polled_ms, expires_ms = row
        if state == "waiting" and expires_ms > now:
            await unit.run("UPDATE oauth_request SET polled_ms = ? WHERE id = ?", now, number)
            return "slow_down" if now - polled_ms < INTERVAL_SECONDS * 900 else "authorization_pending"
        await unit.run("DELETE FROM oauth_request WHERE id = ?", number)
        if expires_ms <= now:
            return "expired_token"
        return Granted(number, who, scope) if state == "allowed" else "access_denied"

    found = await store.write(work)
    if isinstance(found, str):
        raise OAuthError(found, "this device is not allowed" if found != "authorization_pending" else "not yet")
    return found


async def login_token(store: Store, who: int) -> str:
    """What lets another program of somebody in, good once and for CODE_MS."""
    return await store.write(lambda unit: _put(unit, "login", CODE_MS, principal_id=who))


async def logged_in(store: Store, secret: str) -> int:
    """Whom such a token lets in; 0 for one that is not good, or is good no more."""
    return await _once(store, "login", secret)


async def question(store: Store, who: int) -> str:
    """Begins to ask somebody who is signed in by a program for something that takes more; returns what names it."""
    return await store.write(lambda unit: _put(unit, "question", CODE_MS, principal_id=who, state="waiting"))


async def confirm(store: Store, who: int) -> bool:
    """Somebody has said yes to what their programs ask. Returns whether any did."""
    return bool(
        await store.write(
            lambda unit: unit.run(
                """UPDATE oauth_request SET state = 'allowed' WHERE kind = 'question' AND principal_id = ?
                AND expires_ms > ?""",
                who,
                clock.now_ms(),
            )
        )
    )


async def confirmed(store: Store, secret: str, who: int) -> bool:
    """Whether somebody has said yes to this question, which is then over."""
    return await _once(store, "question", secret, who) == who


async def forget(store: Store) -> int:
    """Forgets what nobody waits for any more; part of the daily tidying. Returns how many."""
    now = clock.now_ms()
    return await store.write(lambda unit: unit.run("DELETE FROM oauth_request WHERE expires_ms <= ?", now))
