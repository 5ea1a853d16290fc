"""What is right and what is wrong with an installation, found without starting it and without the network."""

import os
import shutil
import socket
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import apsw

from parvis.kernel.errors import ParvisError
from parvis.kernel.settings import Settings
from parvis.store.store import open_database, sealer_of

Verdict = Literal["good", "note", "fault"]
FREE_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, how it is, and what to do about it when it is not well."""

    what: str
    verdict: Verdict
    words: str


Check = Callable[[Settings], Awaitable[Finding]]


async def examine(settings: Settings) -> list[Finding]:
    """Runs every check; one that fails itself is a fault."""
    found = []
    for check in CHECKS:
        try:
            found.append(await check(settings))
        except (ParvisError, OSError, apsw.Error) as error:
            found.append(Finding(check.__name__.strip("_"), "fault", str(error)))
    return found


async def _data_folder(settings: Settings) -> Finding:
    folder = settings.folder
    if not folder.is_dir():
        return Finding("data folder", "note", f"{folder} is not there yet; the first start makes it")
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding("data folder", "fault", f"{folder} cannot be written by this user")
    return Finding("data folder", "good", str(folder.resolve()))


async def _disk(settings: Settings) -> Finding:
    place = settings.folder.resolve()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < FREE_BYTES:
        return Finding("disk", "fault", f"{free / 1e9:.1f} GB free, too little")
    return Finding("disk", "good", f"{free / 1e9:.1f} GB free")


async def _database(settings: Settings) -> Finding:
    if settings.database:
        database = await open_database(settings)
        await database.value("SELECT 1")
        await database.close()
        return Finding("database", "good", "PostgreSQL answers")
    file = settings.folder / "parvis.sqlite"
    if not file.exists():
        return Finding("database", "note", "none yet; the first start makes it")
    connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        answer = connection.execute("PRAGMA quick_check(1)").fetchone()
    finally:
        connection.close()
    if answer != ("ok",):
        return Finding("database", "fault", f"SQLite says: {answer[0] if answer else 'nothing'}; restore a backup")
    return Finding("database", "good", f"SQLite, {file.stat().st_size / 1e6:.0f} MB, whole")


_HAS_SEALED = {
    "sqlite": "SELECT 1 FROM sqlite_master WHERE name = 'sealing'",
    "postgres": "SELECT 1 WHERE to_regclass('sealing') IS NOT NULL",
}


async def _sealing_key(settings: Settings) -> Finding:
    """The key that secrets are sealed with, against what the database says of it."""
    what = "sealing key"
    if not settings.database and not (settings.folder / "parvis.sqlite").exists():
        return Finding(what, "note", "none yet; it is made when it is first needed")
    database = await open_database(settings)
    try:
        if await database.value(_HAS_SEALED[database.dialect.name]) is None:
            return Finding(what, "note", "none yet; it is made when it is first needed")
        sealer = sealer_of(settings, database)
        await sealer.check()
    except ParvisError as error:
        return Finding(what, "fault", error.sentence)
    finally:
        await database.close()
    if sealer.file.exists():
        return Finding(what, "good", f"{sealer.file}; keep a copy of it apart from the database")
    return Finding(what, "note", f"none yet; it is made in {sealer.file} when it is first needed")


async def _blobs(settings: Settings) -> Finding:
    if settings.blobs:
        from parvis.store.blobs.s3 import open_s3

        await open_s3(settings.blobs).size("0" * 64)
        return Finding("blobs", "good", "the S3 store answers")
    folder = settings.folder / "blobs"
    if folder.exists() and not os.access(folder, os.W_OK):
        return Finding("blobs", "fault", f"{folder} cannot be written")
    return Finding("blobs", "good", str(folder))


async def _ports(settings: Settings) -> Finding:
    taken = []
    for name in settings.ports.__struct_fields__:
        port = getattr(settings.ports, name)
        if port > 0 and not _is_free(settings.host, port):
            taken.append(f"{name} {port}")
    if taken:
        return Finding("ports", "note", f"in use, by this server or another program: {', '.join(taken)}")
    return Finding("ports", "good", "free")


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


async def _mail_domains(settings: Settings) -> Finding:
    if settings.domains:
        return Finding("mail domains", "good", ", ".join(settings.domains))
    return Finding("mail domains", "note", "none set: no mail is accepted from outside (setting `domains`)")


async def _models(settings: Settings) -> Finding:
    if settings.embeddings is not None:
        return Finding("model of meaning", "good", f"{settings.embeddings.model} at {settings.embeddings.name}")
    folder = settings.folder / "models"
    files = list(folder.rglob("*.onnx")) if folder.is_dir() else []
    if files:
        return Finding("model of meaning", "good", ", ".join(sorted(file.parent.name for file in files)))
    return Finding("model of meaning", "note", "none: search finds words only; `parvis models pull` fetches one")


async def _generator(settings: Settings) -> Finding:
    if settings.endpoints:
        return Finding("model endpoints", "good", ", ".join(endpoint.name for endpoint in settings.endpoints))
    return Finding("model endpoints", "note", "none: the assistant answers with cited sentences of your mail")


async def _pictures(settings: Settings) -> Finding:
    if shutil.which("tesseract"):
        return Finding("text in pictures", "good", "tesseract is here")
    return Finding("text in pictures", "note", "not read; on Debian: apt-get install tesseract-ocr")


async def _python(settings: Settings) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", "good" if sys.version_info >= (3, 11) else "fault", version)


async def _settings_file(settings: Settings) -> Finding:
    file = settings.folder / "parvis.toml"
    secret = settings.relay.password or any(endpoint.api_key for endpoint in settings.endpoints)
    if secret and file.exists() and Path(file).stat().st_mode & 0o044:
        return Finding("settings", "fault", f"{file} holds passwords and others may read it: chmod 600")
    return Finding("settings", "good", str(file) if file.exists() else "all defaults")


CHECKS: tuple[Check, ...] = (
    _settings_file,
    _python,
    _data_folder,
    _disk,
    _database,
    _sealing_key,
    _blobs,
    _ports,
    _mail_domains,
    _models,
    _generator,
    _pictures,
)
