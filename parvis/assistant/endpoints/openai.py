"""Any server with the OpenAI chat completions protocol: vLLM, llama.cpp, Ollama, TGI, a hosted one."""

from collections.abc import AsyncGenerator

import msgspec

from parvis.assistant.endpoints.contract import Card, Message, Piece
from parvis.kernel.egress import Egress
from parvis.kernel.errors import Unavailable
from parvis.kernel.later import httpx

_LINE_LIMIT = 1_000_000


class _Delta(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    delta: _Delta = msgspec.field(default_factory=_Delta)


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Chunk(msgspec.Struct):
    choices: list[_Choice] = []
    usage: _Usage | None = None


class OpenAiEndpoint:
    """One server and one model on it; every request passes the egress gate."""

    def __init__(self, card: Card, egress: Egress) -> None:
        self.card, self._egress = card, egress
        self.installed = True

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.card.api_key}"} if self.card.api_key else {}

    def _url(self, path: str) -> str:
        return self.card.base_url.rstrip("/") + path

    async def stream(
        self, messages: list[Message], *, max_tokens: int, temperature: float = 0.0
    ) -> AsyncGenerator[Piece, None]:
        """See ModelEndpoint.stream."""
        body = {
            "model": self.card.model,
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "max_tokens": max_tokens,
            "temperature": temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        try:
            async with (
                self._egress.http("model", timeout=self.card.timeout_seconds) as client,
                client.stream("POST", self._url("/chat/completions"), json=body, headers=self._headers()) as answer,
            ):
                if answer.status_code != httpx.codes.OK:
                    raise Unavailable(f"{self.card.name} answered {answer.status_code}", endpoint=self.card.name)
                async for line in answer.aiter_lines():
                    if piece := _piece(line):
                        yield piece
        except httpx.HTTPError as error:
            raise Unavailable(f"{self.card.name} does not answer", endpoint=self.card.name) from error


def _piece(line: str) -> Piece | None:
    """One server-sent line, or None when it carries no text and no counts."""
    if not line.startswith("data:") or len(line) > _LINE_LIMIT or line[5:].strip() == "[DONE]":
        return None
    try:
        chunk = msgspec.json.decode(line[5:], type=_Chunk)
    except msgspec.MsgspecError:
        return None
    text = "".join(choice.delta.content or "" for choice in chunk.choices)
    usage = chunk.usage or _Usage()
    return Piece(text, usage.prompt_tokens, usage.completion_tokens) if text or chunk.usage else None
