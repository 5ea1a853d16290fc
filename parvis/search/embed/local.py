"""The built-in model: multilingual-e5-small, int8, run in this process by onnxruntime. MIT licence, 384
numbers."""

import asyncio
import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parvis.kernel.later import numpy as np
from parvis.search.embed.provider import Vectors
from parvis.search.embed.unigram import Unigram
from parvis.search.models.e5_weights import unpack
from parvis.search.models.errors import ModelFault

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONGEST = 512
"""Pieces the model reads of a text, about 1,800 characters of French or English."""
_FILES = ("encoder.onnx", "words.npy", "pieces.json")


class LocalE5:
    """The model opened from its folder. Loading takes half a second and 90 MB, at first use.

    One thread of its own runs it (onnxruntime uses `threads` below that), so that the event loop never
    waits."""

    name = "multilingual-e5-small"
    dims = 384

    def __init__(self, folder: Path, threads: int = 0) -> None:
        if missing := [file for file in _FILES if not (folder / file).is_file()]:
            raise ModelFault(f"no {missing[0]} in {folder}", model=self.name)
        self.digest = hashlib.sha256((folder / "encoder.onnx").read_bytes()).hexdigest()[:16]
        self._folder, self._threads = folder, threads
        self._loaded: _Loaded | None = None
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="embed")

    async def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions."""
        return await self._run([f"query: {text}" for text in texts])

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages."""
        return await self._run([f"passage: {text}" for text in texts])

    def close(self) -> None:
        """Frees the model."""
        self._worker.shutdown(wait=True)
        self._loaded = None

    async def _run(self, texts: list[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dims), np.float32)
        # One text a turn of the worker: a question never waits behind a whole batch of the indexer's.
        loop = asyncio.get_running_loop()
        return np.concatenate([await loop.run_in_executor(self._worker, self.embed, [text]) for text in texts])

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of texts that carry their prefix already; blocks the caller. Not for two threads at once."""
        if self._loaded is None:
            self._loaded = _Loaded(self._folder, self._threads)
        # One text at a time: on a CPU a batch is slower (its layers leave the cache), and padding costs more.
        return np.concatenate([self._loaded.one(text) for text in texts])


class _Loaded:
    def __init__(self, folder: Path, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.enable_cpu_mem_arena = False
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session: Any = onnxruntime.InferenceSession(
            str(folder / "encoder.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._words: NDArray[np.uint8] = np.load(folder / "words.npy", mmap_mode="r")
        self._pieces = Unigram.read(folder / "pieces.json")

    def one(self, text: str) -> Vectors:
        numbers = self._pieces.encode(text, LONGEST)
        words = unpack(self._words[numbers])[None]
        mask = np.ones((1, len(numbers)), np.int64)
        vectors: Vectors = self._session.run(None, {"words": words, "attention_mask": mask})[0]
        return vectors
