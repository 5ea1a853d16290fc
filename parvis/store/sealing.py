"""Secrets that must be read again, as private keys and passwords at other servers, are kept sealed: what is in the
database cannot be read without a key in a file of its own, which may be on another disk. trust.md CR-04

A sealed text is `1.` and, in base64, 12 bytes of nonce and what AES-256-GCM makes of the secret (NIST SP 800-38D),
with the purpose as associated data: what was sealed for one purpose does not open for another."""

import base64
import hashlib
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from parvis.kernel.errors import Unavailable
from parvis.store.sql.contract import Database, Tx

_MARK = "1."
_NONCE = 12


def is_sealed(text: str) -> bool:
    """Whether a stored text is sealed, and not in the clear from an older version."""
    return text.startswith(_MARK)


class Sealer:
    """Seals and opens. The key is made when something is sealed for the first time; a key that is gone or another
    is an error for as long as the database names it, never replaced."""

    def __init__(self, db: Database, file: Path) -> None:
        self._db, self.file = db, file
        self._cipher: AESGCM | None = None
        self._key = b""

    async def seal(self, secret: str, purpose: str) -> str:
        """The secret, readable only by `open` with the same purpose. To be called before a unit, not in it. Raises
        Unavailable."""
        cipher = self._cipher or await self._ready()
        nonce = os.urandom(_NONCE)
        data = nonce + cipher.encrypt(nonce, secret.encode(), purpose.encode())
        return _MARK + base64.b64encode(data).decode()

    async def open(self, sealed: str, purpose: str) -> str:
        """The secret again. Raises Unavailable when the key is not there, or is not the one it was sealed with."""
        cipher = self._cipher or await self._ready()
        try:
            data = base64.b64decode(sealed.removeprefix(_MARK), validate=True)
            return cipher.decrypt(data[:_NONCE], data[_NONCE:], purpose.encode()).decode()
        except (ValueError, InvalidTag) as error:
            raise Unavailable(f"a secret of {purpose} does not open with the key in {self.file}") from error

    async def derived(self, purpose: str, length: int) -> bytes:
        """So many bytes that are always the same for a purpose, and tell nothing of the key (RFC 5869). Raises
        Unavailable."""
        if self._cipher is None:
            await self._ready()
        return HKDF(SHA256(), length, None, purpose.encode()).derive(self._key)

    async def check(self) -> None:
        """Raises Unavailable when something was sealed and the key for it is not there."""
        if await _digest(self._db) is not None:
            await self._ready()

    async def _ready(self) -> AESGCM:
        known = await _digest(self._db)
        if known is None:
            key = _read(self.file) or _make(self.file)
            known = await self._db.write(lambda tx: _remember(tx, hashlib.sha256(key).hexdigest()))
        elif (found := _read(self.file)) is None:
            raise Unavailable(
                f"the key that secrets are sealed with is not in {self.file}: put it back from its copy"
            )
        else:
            key = found
        if hashlib.sha256(key).hexdigest() != known:
            raise Unavailable(f"the key in {self.file} is not the one that secrets are sealed with")
        self._key, self._cipher = key, AESGCM(key)
        return self._cipher


async def _digest(db: Database | Tx) -> str | None:
    found = await db.value("SELECT digest FROM sealing WHERE id = 1")
    return None if found is None else str(found)


async def _remember(tx: Tx, digest: str) -> str:
    await tx.run("INSERT INTO sealing (id, digest) VALUES (1, ?) ON CONFLICT DO NOTHING", digest)
    return await _digest(tx) or ""


def _read(file: Path) -> bytes | None:
    try:
        text = file.read_text(encoding="ascii").strip()
        key = bytes.fromhex(text)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise Unavailable(f"the key that secrets are sealed with cannot be read from {file}") from error
    if len(key) != 32:
        raise Unavailable(f"the key in {file} is not 64 hexadecimal digits")
    return key


def _make(file: Path) -> bytes:
    """A new key, on the disk before it is used; that of another node which was faster, when there is one."""
    key = secrets.token_bytes(32)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(number, f"{key.hex()}\n".encode())
        os.fsync(number)
    finally:
        os.close(number)
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return _read(file) or key
