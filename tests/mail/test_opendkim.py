"""What we sign, as OpenDKIM sees it, with a name server of our own."""

import asyncio
import os
import pathlib
import shutil
import subprocess

import pytest

from parvis.mail.signing import Signer
from tests.authority import Authority, Validating, needs_nsd, zone
from tests.mail.conftest import plain

PROGRAM = shutil.which("opendkim-testmsg", path="/usr/sbin:/usr/bin")
AT = ("127.0.8.53", 53)
"""Where it asks: OpenDKIM has no setting for that, so a resolv.conf is put in its place, for it alone."""


def may_mount() -> bool:
    """Whether this user may give a program its own resolv.conf, and take port 53."""
    unshare = shutil.which("unshare")
    return bool(unshare) and os.geteuid() == 0 and subprocess.run([unshare, "-m", "true"]).returncode == 0


pytestmark = [
    needs_nsd,
    pytest.mark.peer,
    pytest.mark.skipif(PROGRAM is None, reason="OpenDKIM is not installed (apt-get install opendkim-tools)"),
    pytest.mark.skipif(PROGRAM is not None and not may_mount(), reason="only root may mount a file"),
]


async def verified(raw: bytes, folder: pathlib.Path) -> tuple[int | None, str]:
    """How OpenDKIM ends when it verifies a message, and what it says."""
    (folder / "resolv.conf").write_text(f"nameserver {AT[0]}\n")
    command = f"mount --bind {folder}/resolv.conf /etc/resolv.conf && exec {PROGRAM} -t {folder}"
    process = await asyncio.create_subprocess_exec(
        "unshare", "-m", "sh", "-c", command,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate(raw)
    return process.returncode, said.decode()


@pytest.mark.parametrize("algorithm", ["rsa", "ed25519", "both"])
async def test_opendkim_verifies_what_we_sign(store_sqlite, settings, tmp_path, algorithm: str) -> None:
    signer = Signer(store_sqlite, settings)
    records = {one.key.name: one.key.record for one in await signer.keys("example.org")}
    if algorithm != "both":
        await store_sqlite.write(lambda unit: unit.run("DELETE FROM dkim_key WHERE algorithm <> ?", algorithm))
    authority = await asyncio.to_thread(Authority, tmp_path / "nsd", zone(records))
    signed = await signer.signed(plain("Thư mới", "Some \t words. \r\n\r\n.dot\r\n\r\n", sender="ann@example.org"))
    async with Validating(authority, at=AT):
        found = [
            await verified(signed.replace(*change), tmp_path)
            for change in ((b"", b"", 0), (b"words", b"other"), (b"To: Ann", b"To: Eve"))
        ]
    authority.close()
    assert found[0] == (0, "")
    assert all(code and "Bad signature" in said for code, said in found[1:])
