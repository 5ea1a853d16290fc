"""Other people's programs against the real server."""

import asyncio
import os
import shutil

import pytest

from parvis.access import directory
from parvis.files import store as files
from parvis.kernel import ids
from tests.files.conftest import PASSWORD

pytestmark = [pytest.mark.peer, pytest.mark.skipif(not shutil.which("rclone"), reason="rclone is not installed")]


@pytest.fixture
async def store(store_sqlite):
    return store_sqlite


async def rclone(tmp_path, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        "rclone", *arguments, "--config", str(tmp_path / "rclone.conf"),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    told = (await process.communicate())[0].decode()
    assert process.returncode == 0, told
    return told


async def test_rclone_syncs_a_tree(open_http, ann, store, tmp_path, doors) -> None:
    await open_http(ann)  # gives her a password
    url = f"{doors.context.public_url}/dav/files/{ids.text(ann.id)}/"
    hidden = (await rclone(tmp_path, "obscure", PASSWORD)).strip()
    await rclone(
        tmp_path,
        "config",
        "create",
        "p",
        "webdav",
        f"url={url}",
        "vendor=owncloud",
        f"user={ann.address}",
        f"pass={hidden}",
    )
    source = tmp_path / "source"
    for number in range(30):
        folder = source / f"folder {number % 3} é" / "deep"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"file {number} ế%#?.txt").write_bytes(os.urandom(number * 1000))
    await rclone(tmp_path, "sync", str(source), "p:copy")
    assert "0 differences found" in await rclone(tmp_path, "check", str(source), "p:copy", "--download")
    shutil.rmtree(source / "folder 0 é")
    (source / "folder 1 é" / "deep" / "file 1 ế%#?.txt").write_bytes(b"changed")
    await rclone(tmp_path, "sync", str(source), "p:copy")
    assert "0 differences found" in await rclone(tmp_path, "check", str(source), "p:copy", "--download")
    await rclone(tmp_path, "moveto", "p:copy", "p:moved")
    assert "0 differences found" in await rclone(tmp_path, "check", str(source), "p:moved", "--download")
    assert await files.child(store.db, ann.id, 0, "copy") is None
    assert await directory.by_address(store.db, ann.address) is not None
