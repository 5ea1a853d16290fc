"""Having a picture made of a file: a few at a time, each by a process of its own."""

import asyncio
import contextlib
import os
import signal
import sys
import tempfile

from parvis.store.blobs.contract import Blobs

_SECONDS = 90.0
_LARGEST_PICTURE = 20_000_000


async def made(blobs: Blobs, digest: str, form: str, side: int) -> bytes:
    """A picture (WebP) of a blob that is an `image`, a `pdf` or of an `office`, its longer side at most `side`
    pixels; nothing when there can be none, it takes too long or becomes too large."""
    with tempfile.TemporaryFile() as file:
        async for chunk in blobs.stream(digest):
            await asyncio.to_thread(file.write, chunk)
        file.seek(0)
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "parvis.serve.pictures.worker", form, str(side),
            stdin=file,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "PYTHONPATH": ":".join(filter(None, sys.path))},
            start_new_session=True,
            limit=_LARGEST_PICTURE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(_SECONDS):
                assert worker.stdout is not None
                content = await worker.stdout.read(_LARGEST_PICTURE)
                status = await worker.wait()
        except TimeoutError:
            return b""
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
            await worker.wait()
    return content if status == 0 and content[:4] == b"RIFF" else b""
