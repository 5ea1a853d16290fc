"""The secret by which this server knows again what it wrote into an address: made when first needed, and kept
sealed."""

import base64
import hashlib
import hmac
import re

from parvis.kernel import clock, ids
from parvis.store.sealing import is_sealed
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire import srs

DAY_MS = 86_400_000
PURPOSE = "mail-secret"
"""What it is sealed for."""
_TOKEN = re.compile(r"(\d{1,19})-([a-z2-7]{16})\Z")


async def secret(keep: Store) -> bytes:
    """The secret. Raises Unavailable when it cannot be opened."""
    if (found := await kept(keep)) is None:
        made = await keep.sealer.seal(ids.token(32), PURPOSE)

        async def work(unit: Unit) -> None:
            await unit.run("INSERT INTO mail_secret (id, secret) VALUES (1, ?) ON CONFLICT DO NOTHING", made)

        await keep.write(work)
        found = await kept(keep)
    return found or b""


async def kept(keep: Store) -> bytes | None:
    """The secret when there is one already: without one, nothing was ever written. Raises Unavailable."""
    found = await keep.db.value("SELECT secret FROM mail_secret WHERE id = 1")
    return (await opened(keep, found, PURPOSE)).encode() if found else None


async def opened(keep: Store, stored: str, purpose: str) -> str:
    """A secret of the database, which an older version may have kept in the clear. Raises Unavailable."""
    return await keep.sealer.open(stored, purpose) if is_sealed(stored) else stored


async def forwarder(keep: Store, sender: str, domain: str) -> str:
    """The envelope's sender of a message from `sender` that `domain`, one of ours, passes on. What comes back to it
    is sent on to `sender` (recipients.find). RFC 7208 §11.5"""
    return srs.rewritten(sender, domain, await secret(keep), clock.now_ms() // DAY_MS)


def token(secret_bytes: bytes, purpose: str, number: int) -> str:
    """A word that only we can write, for the thing of this number; fit for the local part of an address."""
    digest = hmac.digest(secret_bytes, f"{purpose}:{number}".encode(), hashlib.sha256)
    return f"{number}-{base64.b32encode(digest[:10]).decode().lower()}"


def number_of(secret_bytes: bytes, purpose: str, text: str) -> int | None:
    """The number of the thing that a word is for; None when we did not write it."""
    match = _TOKEN.match(text.lower())
    if match is None or not hmac.compare_digest(token(secret_bytes, purpose, int(match[1])), text.lower()):
        return None
    return int(match[1])
