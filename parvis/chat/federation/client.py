"""What is asked of other servers: found, signed, sent past the gate, and not asked again for a while where they do
not answer (Matrix v1.19 Server-Server §Request Authentication)."""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import quote, urlencode

from parvis.chat.federation.backoff import Backoff
from parvis.chat.federation.contract import ANSWER_LIMIT, SECONDS, PeerError, Query
from parvis.chat.federation.discovery import Discovery
from parvis.chat.federation.outside import Asked, Outside, read
from parvis.chat.federation.policy import Policy
from parvis.kernel.errors import EgressRefused, Unavailable
from parvis.kernel.later import httpx
from parvis.wire.matrix import canonical, identifiers, xmatrix
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.signing import SigningKey

_ERROR_LIMIT = 100_000


class Client:
    """Asks other servers."""

    def __init__(
        self,
        us: str,
        key: Callable[[], SigningKey],
        policy: Policy,
        outside: Outside,
        discovery: Discovery,
        backoff: Backoff,
    ) -> None:
        self._us, self._key, self._policy = us, key, policy
        self._outside, self._discovery, self._backoff = outside, discovery, backoff

    async def ask(
        self,
        method: str,
        server: str,
        path: str,
        query: Query | None = None,
        body: Object | None = None,
        *,
        limit: int = ANSWER_LIMIT,
        seconds: float = SECONDS,
        forgiving: bool = True,
        eager: bool = False,
    ) -> Any:
        """The JSON of an answer. See contract.Peers. Unless `forgiving`, a server that refuses counts as one that
        does not answer; `eager` asks also one that did not answer lately."""
        async with self.stream(
            method, server, path, query, body, seconds=seconds, forgiving=forgiving, eager=eager
        ) as response:
            data = await read(response, limit)
        try:
            return canonical.decode(data, strict=False, limit=limit)
        except BadMatrix as error:
            raise Unavailable(f"{server} answers nonsense: {error.sentence}") from error

    @contextlib.asynccontextmanager
    async def stream(
        self,
        method: str,
        server: str,
        path: str,
        query: Query | None = None,
        body: Object | None = None,
        *,
        seconds: float = SECONDS,
        forgiving: bool = True,
        eager: bool = False,
    ) -> "AsyncIterator[httpx.Response]":
        """An answer of success, to be read as it comes."""
        self._check(server)
        if not eager:
            await self._backoff.check(server)
        target = path + (f"?{urlencode(query, doseq=True, quote_via=quote)}" if query else "")
        content = None if body is None else canonical.encode(body)
        headers = {"authorization": self._signed(method, target, server, body)}
        if content is not None:
            headers["content-type"] = "application/json"
        reason = " ".join(filter(None, [self._policy.label(server), method, path]))
        asked = Asked(
            target=target, method=method, headers=headers, content=content, seconds=seconds, reason=reason
        )
        async with contextlib.AsyncExitStack() as stack:
            try:
                response = await self._begun(stack, server, asked)
            except EgressRefused as error:
                raise Unavailable(error.sentence) from error
            except Unavailable:
                await self._backoff.failed(server)
                raise
            if response.status_code >= 400:
                raise await self._refused(server, response, forgiving)
            await self._backoff.works(server)
            yield response

    def _check(self, server: str) -> None:
        try:
            identifiers.server_name(server)
        except BadMatrix as error:
            raise Unavailable(f"{server[:100]!r} is no server") from error
        if not self._policy.allows(server):
            raise Unavailable(f"{server} is not spoken to here")

    def _signed(self, method: str, target: str, server: str, body: Object | None) -> str:
        given = () if body is None else (body,)
        return xmatrix.authorize(self._key(), method, target, self._us, server, *given)

    async def _begun(self, stack: contextlib.AsyncExitStack, server: str, asked: Asked) -> "httpx.Response":
        """The answer of the first place that gives one."""
        *others, last = await self._discovery.places(server)
        for place in others:
            with contextlib.suppress(Unavailable):
                return await stack.enter_async_context(self._outside.stream(place, asked))
        return await stack.enter_async_context(self._outside.stream(last, asked))

    async def _refused(self, server: str, response: "httpx.Response", forgiving: bool) -> PeerError:
        """What an answer of failure means."""
        status, body = response.status_code, {}
        with contextlib.suppress(BadMatrix, Unavailable):
            found = canonical.decode(await read(response, _ERROR_LIMIT), strict=False)
            body = found if isinstance(found, dict) else {}
        errcode, sentence = body.get("errcode"), body.get("error")
        if status >= 500 or status == 429 or not forgiving:
            await self._backoff.failed(server)
        else:
            await self._backoff.works(server)
        return PeerError(
            errcode if isinstance(errcode, str) else "M_UNKNOWN",
            status,
            sentence if isinstance(sentence, str) else f"{server} answers {status}",
            body,
        )
