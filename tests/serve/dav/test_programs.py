"""Programs of others over WebDAV: rclone keeps two folders in step."""

import asyncio
import os

from tests.serve.dav.conftest import SECRET


async def run(*command: str, env: dict[str, str]) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, **env}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told = (await process.communicate())[0].decode()
    assert process.returncode == 0, told
    return told


async def test_rclone_keeps_two_folders_in_step(ann, tmp_path) -> None:
    folder = tmp_path / "here"
    for name in ("a/b/one.txt", "a/two #1?.txt", "été Đặng/100%.txt", "empty", "a/b/c/d/e/deep"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"" if name == "empty" else os.urandom(70_000))
    secret = (await run("rclone", "obscure", SECRET, env={})).strip()
    env = {
        "RCLONE_CONFIG": str(tmp_path / "none.conf"),
        "RCLONE_CONFIG_PEER_TYPE": "webdav",
        "RCLONE_CONFIG_PEER_URL": str(ann.base_url).rstrip("/") + ann.files,
        "RCLONE_CONFIG_PEER_VENDOR": "other",
        "RCLONE_CONFIG_PEER_USER": ann.person.address,
        "RCLONE_CONFIG_PEER_PASS": secret,
    }
    await run("rclone", "sync", str(folder), "peer:there", env=env)
    await run("rclone", "check", "--download", str(folder), "peer:there", env=env)
    (folder / "a/b/one.txt").write_bytes(b"changed")
    (folder / "empty").unlink()
    await run("rclone", "sync", str(folder), "peer:there", env=env)
    await run("rclone", "check", "--download", str(folder), "peer:there", env=env)
    await run("rclone", "moveto", "peer:there/a", "peer:moved", env=env)
    assert "b/c/d/e/deep" in await run("rclone", "lsf", "-R", "peer:moved", env=env)
