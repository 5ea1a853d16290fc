"""What calendars are told by other servers of the web: through the egress gate, bounded, and never from inside:
neither this machine nor its network answers, unless the settings name it."""

import asyncio
from urllib.parse import urlsplit

from parvis.kernel.egress import are_outside
from parvis.kernel.errors import Invalid, TooLarge, Unavailable
from parvis.kernel.later import httpx
from parvis.serve.context import Context

_REDIRECTS = 5
_LONGEST_URL = 2_000


def checked(url: str) -> str:
    """An address of the web; `webcal:` is one by https. Raises Invalid."""
    plain = url.strip()
    if plain.lower().startswith(("webcal://", "webcals://")):
        plain = "https" + plain[plain.index(":") :]
    try:
        parts = urlsplit(plain)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not parts.username
    except ValueError:
        good = False
    if not good or len(plain) > _LONGEST_URL:
        raise Invalid("this is no address of a calendar", field="url")
    return plain


class Outside:
    """Gets what is at an address."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def get(
        self, url: str, tag: str = "", *, largest: int, seconds: float, accept: str = "text/calendar"
    ) -> tuple[bytes | None, str]:
        """What is there, with its tag; None when it is still what had `tag`. `seconds` are for all of it. Raises
        EgressRefused, Unavailable, TooLarge."""
        try:
            async with asyncio.timeout(seconds):
                return await self._followed(url, tag, largest, seconds, accept)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as failed:
            raise Unavailable(f"it does not answer: {type(failed).__name__}") from failed

    async def _followed(
        self, url: str, tag: str, largest: int, seconds: float, accept: str
    ) -> tuple[bytes | None, str]:
        for _ in range(_REDIRECTS):
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
            self._context.egress.check("calendar-feed", host, port, "a calendar of elsewhere")
            target = httpx.URL(url).copy_with(host=await self._address(host), fragment=None)
            headers = {"Host": parts.netloc.rpartition("@")[2], "Accept": accept}
            headers |= {"If-None-Match": tag} if tag else {}
            async with self._context.egress.http("calendar-feed", timeout=seconds) as client:
                request = client.build_request("GET", target, headers=headers, extensions={"sni_hostname": host})
                answer = await client.send(request, stream=True)
                try:
                    if answer.is_redirect and answer.headers.get("location"):
                        url = checked(str(httpx.URL(url).join(answer.headers["location"])))
                        continue
                    if answer.status_code == 304:
                        return None, tag
                    if not answer.is_success:
                        raise Unavailable(f"it answers {answer.status_code}")
                    return await _body(answer, largest), answer.headers.get("etag", "")[:200]
                finally:
                    await answer.aclose()
        raise Unavailable("it sends from one place to the next")

    async def _address(self, host: str) -> str:
        """Where a host is. Raises Unavailable for one that is inside."""
        if host in self._context.settings.egress_allow:
            return host
        resolver = self._context.resolver
        found = [*await resolver.addresses(host, 4), *await resolver.addresses(host, 6)]
        if not are_outside(found):
            raise Unavailable(f"{host} is not outside")
        return found[0]


async def _body(answer: "httpx.Response", largest: int) -> bytes:
    content = bytearray()
    async for piece in answer.aiter_bytes():
        content += piece
        if len(content) > largest:
            raise TooLarge(f"what is there has more than {largest} bytes", limit=largest)
    return bytes(content)
