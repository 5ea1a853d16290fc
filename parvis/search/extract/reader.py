"""The door of extraction: light formats are read here (in a thread when long), all others by a worker process
under limits."""

import asyncio
import contextlib
import os
import signal
import struct
import sys
from typing import Final

import msgspec

from parvis.search.extract.contract import LIMITS, Extract, Limits, Unreadable
from parvis.search.extract.formats import LIGHT, format_of
from parvis.search.extract.worker import Question, Reply, answer

_GRACE_SECONDS: Final = 5
_IDLE_SECONDS: Final = 60.0
_LIGHT_HTML: Final = 200_000
_SHORT: Final = 20_000
_ENVIRONMENT: Final = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}


class Reader:
    """Reads documents one after another. The worker starts at the first hostile one and ends after a minute of
    rest."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._turn = asyncio.Lock()
        self._worker: asyncio.subprocess.Process | None = None
        self._rest: asyncio.TimerHandle | None = None
        self._replies = msgspec.msgpack.Decoder(Reply)

    async def read(self, content: bytes, media_type: str, file_name: str = "") -> Extract:
        """The text of a document. Raises Unreadable."""
        form = format_of(media_type, file_name, content[:8])
        if len(content) > self._limits.input_bytes:
            raise Unreadable("tooLarge", "larger than is read")
        question = Question(content, media_type, file_name, self._limits)
        if form in LIGHT and len(content) <= _SHORT:
            reply = answer(question)
        elif form in LIGHT or (form == "html" and len(content) <= _LIGHT_HTML):
            reply = await asyncio.to_thread(answer, question)
        else:
            async with self._turn:
                reply = await self._ask(question)
        if reply.extract is None:
            raise Unreadable(reply.reason or "damaged", reply.sentence)
        return reply.extract

    async def close(self) -> None:
        """Ends the worker."""
        if self._rest is not None:
            self._rest.cancel()
        worker, self._worker = self._worker, None
        if worker is not None and worker.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)  # with the child it has forked
            await worker.wait()

    async def _ask(self, question: Question) -> Reply:
        try:
            body = await asyncio.wait_for(
                self._exchange(msgspec.msgpack.encode(question)), self._limits.seconds + _GRACE_SECONDS
            )
        except TimeoutError as fault:
            await self.close()
            raise Unreadable("timeout") from fault
        except (OSError, asyncio.IncompleteReadError) as fault:
            await self.close()
            raise Unreadable("damaged", "the reader ended") from fault
        self._rest_later()
        return self._replies.decode(body)

    async def _exchange(self, body: bytes) -> bytes:
        worker = await self._started()
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(struct.pack(">I", len(body)) + body)
        await worker.stdin.drain()
        (length,) = struct.unpack(">I", await worker.stdout.readexactly(4))
        return await worker.stdout.readexactly(length)

    async def _started(self) -> asyncio.subprocess.Process:
        if self._worker is None or self._worker.returncode is not None:
            self._worker = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "parvis.search.extract.worker",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env={**_ENVIRONMENT, "PYTHONPATH": ":".join(filter(None, sys.path))},
                start_new_session=True,
            )
        return self._worker

    def _rest_later(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
        self._rest = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._rest_now)

    def _rest_now(self) -> None:
        worker = self._worker
        if worker is not None and worker.stdin is not None and not self._turn.locked():
            worker.stdin.close()  # the worker ends at the end of its input
            self._worker = None
