"""Passwords: the rule for a good one, and argon2id in a thread, two at a time. trust.md CR-02"""

import asyncio
import concurrent.futures
import hmac
import math
import secrets
import string
from collections.abc import Callable
from typing import TypeVar

import argon2

from parvis.access import directory
from parvis.kernel import clock
from parvis.kernel.errors import Invalid, RateLimited
from parvis.kernel.languages import fold
from parvis.store.store import Store
from parvis.store.unit import Unit

T = TypeVar("T")
# OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, 2 passes, 1 lane; about 30 ms of one core.
_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODY = _HASHER.hash("nobody has this password")
_AT_ONCE, _WAITING = 2, 100
_THREADS = concurrent.futures.ThreadPoolExecutor(_AT_ONCE, "argon2")
_LEAST, _BITS, _LONGEST = 12, 78.0, 1024
_COMMON = (
    "password",
    "passw0rd",
    "motdepasse",
    "matkhau",
    "azerty",
    "qwerty",
    "123456",
    "abcdef",
    "iloveyou",
    "parvis",
)
_PROCESS_KEY = secrets.token_bytes(32)
_RIGHT_SECONDS, _RIGHT_MOST = 600.0, 10_000
_right: dict[bytes, float] = {}
_waiting = 0


def check(password: str, address: str = "") -> None:
    """Raises Invalid when a password is too weak: 12 characters of all four kinds, 14 without special ones, more of
    fewer kinds (about 80 bits, CNIL 2022-100), and neither a well-known word nor the person's own name."""
    if not _LEAST <= len(password) <= _LONGEST:
        raise Invalid(f"a password has at least {_LEAST} characters", field="password", rule="length")
    if len(password) * math.log2(_alphabet(password)) < _BITS or len(set(password)) < 6:
        raise Invalid("a password this short needs more kinds of characters", field="password", rule="strength")
    bare = fold(password)
    for word in (*_COMMON, fold(address.partition("@")[0])):
        if len(word) >= 3 and word in bare and len(bare.replace(word, "")) < _LEAST - 4:
            raise Invalid("this password is too easy to guess", field="password", rule="common")


def _alphabet(password: str) -> int:
    kinds = ((string.ascii_lowercase, 26), (string.ascii_uppercase, 26), (string.digits, 10))
    size = sum(count for letters, count in kinds if any(c in letters for c in password))
    known = "".join(letters for letters, _ in kinds)
    return max(2, size + (33 if any(c not in known for c in password) else 0))


async def hashed(password: str) -> str:
    """The form that is stored; about 30 ms in a thread."""
    return await _in_thread(lambda: _HASHER.hash(password))


async def verify(stored: str | None, password: str) -> bool:
    """Whether `password` is the one stored. With nothing stored it takes as long and is False. What was right is
    known for some minutes, under a key that never leaves this process: mail programs sign in all the time."""

    def work() -> bool:
        try:
            return _HASHER.verify(stored or _NOBODY, password) and stored is not None
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False

    if len(password) > _LONGEST:
        return False
    known = hmac.digest(_PROCESS_KEY, f"{stored}\0{password}".encode("utf-8", "replace"), "sha256")
    if _right.get(known, 0.0) > clock.monotonic():
        return True
    found = await _in_thread(work)
    if found:
        if len(_right) >= _RIGHT_MOST:
            _right.clear()
        _right[known] = clock.monotonic() + _RIGHT_SECONDS
    return found


def is_outdated(stored: str) -> bool:
    """Whether a stored hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


async def keep(unit: Unit, principal_id: int, stored: str) -> None:
    """Gives a principal the password whose `hashed` form this is."""
    await unit.run(
        """INSERT INTO password (principal_id, hash, changed_ms) VALUES (?, ?, ?)
        ON CONFLICT (principal_id) DO UPDATE SET hash = excluded.hash, changed_ms = excluded.changed_ms""",
        principal_id,
        stored,
        clock.now_ms(),
    )


async def renew(unit: Unit, principal_id: int, stored: str, fresh: str) -> None:
    """Keeps the same password in today's form: for whoever has signed in with it nothing has changed."""
    await unit.run("UPDATE password SET hash = ? WHERE principal_id = ? AND hash = ?", fresh, principal_id, stored)


async def change(store: Store, principal_id: int, password: str) -> None:
    """Checks and sets a password. Raises Invalid, NotFound."""
    check(password, (await directory.by_id(store.db, principal_id)).address)
    stored = await hashed(password)
    await store.write(lambda unit: keep(unit, principal_id, stored))


async def _in_thread(work: Callable[[], T]) -> T:
    global _waiting
    if _waiting >= _WAITING:
        raise RateLimited("too many are signing in", retry_after=2)
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_THREADS, work)
    finally:
        _waiting -= 1
