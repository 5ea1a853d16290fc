"""Any server with OpenAI's embeddings interface (`POST /v1/embeddings`): vLLM, TEI, Ollama, llama.cpp and
others."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from parvis.kernel.egress import Egress
from parvis.kernel.errors import Unavailable
from parvis.kernel.later import httpx
from parvis.kernel.later import numpy as np
from parvis.kernel.settings import Endpoint
from parvis.search.embed.provider import Vectors

if TYPE_CHECKING:
    from httpx import AsyncClient

_BATCH = 32
_TASK = "Instruct: Given a question, retrieve passages that answer it\nQuery: "


class _One(msgspec.Struct):
    index: int
    embedding: list[float]


class _Answer(msgspec.Struct):
    data: list[_One]


class RemoteEmbedder:
    """One model on one server; every request passes the egress gate. `dims` is 0 until the first answer."""

    def __init__(self, endpoint: Endpoint, egress: Egress) -> None:
        self._endpoint, self._egress = endpoint, egress
        self.name, self.dims = endpoint.model, 0
        self._before_query, self._before_passage = _prefixes(endpoint.model)

    @property
    def digest(self) -> str:
        """Of the model's name and size: a server does not tell more of what it runs."""
        return hashlib.sha256(f"{self.name}\0{self.dims}".encode()).hexdigest()[:16]

    async def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions. Raises Unavailable, EgressRefused."""
        return await self._embed([self._before_query + text for text in texts])

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages. Raises Unavailable, EgressRefused."""
        return await self._embed([self._before_passage + text for text in texts])

    async def _embed(self, texts: list[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dims), np.float32)
        async with self._egress.http("embeddings", timeout=self._endpoint.timeout_seconds) as client:
            parts = [await self._ask(client, texts[at : at + _BATCH]) for at in range(0, len(texts), _BATCH)]
        vectors = np.concatenate(parts)
        if self.dims and vectors.shape[1] != self.dims:
            raise Unavailable(f"{self.name} now answers {vectors.shape[1]} numbers and not {self.dims}")
        self.dims = vectors.shape[1]
        lengths: Vectors = np.linalg.norm(vectors, axis=1, keepdims=True)
        normal: Vectors = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
        return normal

    async def _ask(self, client: "AsyncClient", texts: list[str]) -> Vectors:
        headers = {"Authorization": f"Bearer {self._endpoint.api_key}"} if self._endpoint.api_key else {}
        body = {"model": self.name, "input": texts, "encoding_format": "float"}
        url = self._endpoint.base_url.rstrip("/") + "/embeddings"
        try:
            answer = await client.post(url, json=body, headers=headers)
            answer.raise_for_status()
            found = msgspec.json.decode(answer.content, type=_Answer).data
        except (httpx.HTTPError, msgspec.MsgspecError) as fault:
            raise Unavailable(f"the embeddings server does not answer: {fault}") from fault
        if len(found) != len(texts):
            raise Unavailable("the embeddings server answered for another number of texts")
        return np.array([one.embedding for one in sorted(found, key=lambda one: one.index)], np.float32)


def _prefixes(model: str) -> tuple[str, str]:
    """What the model was trained to see before questions and passages (their model cards)."""
    name = model.lower()
    if "e5" in name and "instruct" not in name:
        return "query: ", "passage: "
    if "qwen3-embedding" in name or "e5" in name:
        return _TASK, ""
    return "", ""
