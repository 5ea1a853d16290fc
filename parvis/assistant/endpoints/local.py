"""A model file run in this process by the optional extra `llm` (xllamacpp). It needs no network at all."""

import asyncio
import contextlib
import importlib
import importlib.util
import os
import threading
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from parvis.assistant.endpoints.contract import Card, Message, Piece
from parvis.kernel import ids
from parvis.kernel.errors import Unavailable

_END = object()
_NEVER = -1
_ERRORS = 1
"""How much the engine tells on stderr."""
_READ_AT_ONCE = 128
"""Tokens of a prompt between two looks at whether anybody still waits for the answer: two seconds' work."""


class LocalEndpoint:
    """One GGUF file; loaded at the first question, one answer at a time, gone from memory when nobody asks."""

    def __init__(self, card: Card, folder: Path, threads: int) -> None:
        self.card = card
        self._file = folder / card.model
        self._threads = threads or os.cpu_count() or 1
        self._server: Any = None
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="model")

    @property
    def installed(self) -> bool:
        """See ModelEndpoint.installed."""
        return self._file.exists() and importlib.util.find_spec("xllamacpp") is not None

    async def stream(
        self, messages: list[Message], *, max_tokens: int, temperature: float = 0.0
    ) -> AsyncGenerator[Piece, None]:
        """See ModelEndpoint.stream."""
        if not self.installed:
            raise Unavailable(f"{self.card.name}: no file {self._file.name}, or the extra `llm` is not installed")
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[Any] = asyncio.Queue()
        stop = threading.Event()

        def put(piece: object) -> None:
            with contextlib.suppress(RuntimeError):  # the loop may have ended while the model was at work
                loop.call_soon_threadsafe(pieces.put_nowait, piece)

        request = _request(messages, max_tokens, temperature)
        work = loop.run_in_executor(self._worker, self._generate, request, put, stop)
        try:
            while (piece := await asyncio.wait_for(pieces.get(), self.card.timeout_seconds)) is not _END:
                if isinstance(piece, Exception):
                    raise Unavailable(f"{self.card.name} failed: {piece}", endpoint=self.card.name) from piece
                yield piece
        except TimeoutError as error:
            raise Unavailable(f"{self.card.name} takes too long", endpoint=self.card.name) from error
        finally:
            stop.set()
            work.cancel()

    def _generate(self, request: dict[str, Any], put: Any, stop: threading.Event) -> None:
        def receive(chunk: Any) -> bool:
            for piece in _pieces(chunk):
                put(piece)
            return stop.is_set()

        try:
            if not stop.is_set():
                self._load().handle_chat_completions(request, receive)
        except Exception as error:
            put(error)
        finally:
            put(_END)

    def _load(self) -> Any:
        if self._server is None:
            engine = importlib.import_module("xllamacpp")
            parameters = engine.CommonParams()
            parameters.model.path = str(self._file)
            parameters.n_ctx = self.card.context_tokens
            parameters.n_parallel = 1
            parameters.cache_ram_mib = 0  # the rules before each question stay in the one slot; more would pile up
            parameters.warmup = False
            parameters.verbosity = _ERRORS
            parameters.n_batch = _READ_AT_ONCE
            parameters.sleep_idle_seconds = round(self.card.idle_minutes * 60) or _NEVER
            parameters.cpuparams.n_threads = self._threads
            parameters.cpuparams_batch.n_threads = self._threads
            parameters.cpuparams.poll = parameters.cpuparams_batch.poll = 0  # on a busy machine spinning starves it
            _close_door(parameters)
            self._server = engine.Server(parameters)
        return self._server


def _close_door(parameters: Any) -> None:
    """The engine also listens on the loopback interface, for anybody on this machine and for pages in its browsers:
    with a key that nobody knows, no page may ask and no prompt can be read there."""
    parameters.api_keys = [ids.token(32)]
    parameters.cors_origins = ""
    parameters.endpoint_slots = False
    parameters.ui = False


def _request(messages: list[Message], max_tokens: int, temperature: float) -> dict[str, Any]:
    return {
        "messages": [{"role": message.role, "content": message.content} for message in messages],
        "max_tokens": max_tokens,
        "temperature": temperature,
        "stream": True,
        "stream_options": {"include_usage": True},
        "return_progress": True,  # else nobody could stop it while it reads
    }


def _pieces(chunk: Any) -> list[Piece]:
    """The pieces in what the engine hands over: one chunk, or a list of them."""
    found = []
    for part in chunk if isinstance(chunk, list) else [chunk]:
        if not isinstance(part, dict):
            continue
        usage = part.get("usage") or {}
        text = "".join((choice.get("delta") or {}).get("content") or "" for choice in part.get("choices") or [])
        if text or usage:
            found.append(Piece(text, int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0))))
    return found
