"""Multistatus answers, written while they are read from the store. RFC 4918 §13"""

import asyncio
from collections.abc import AsyncIterator, Sequence

from parvis.serve.dav.refused import XML
from parvis.serve.http.exchange import Response
from parvis.wire.dav import xml
from parvis.wire.dav.names import dav

_WHOLE = 256 * 1024
"""An answer up to this size is sent with its length; a longer one goes out as it is made."""
_STATUS = {
    200: "OK",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    413: "Content Too Large",
    423: "Locked",
    424: "Failed Dependency",
    507: "Insufficient Storage",
}
_ROOT = dav("multistatus")


def line(status: int) -> str:
    """DAV:status. RFC 4918 §14.28"""
    return f"<D:status>HTTP/1.1 {status} {_STATUS.get(status, 'Error')}</D:status>"


_GOOD, _MISSING = line(200), line(404)


def properties(href: str, found: str, missing: str = "") -> str:
    """One response: written elements of what there is, and of what there is not."""
    return several([href], [found], [missing])


def several(hrefs: Sequence[str], found: Sequence[str], missing: Sequence[str]) -> str:
    """A response for each. RFC 4918 §9.1, §14.22, §14.24"""
    lacking = {names: _propstat(names, _MISSING) if names else "" for names in set(missing)}
    return "".join(
        [
            f"<D:response><D:href>{href}</D:href>"
            f"{_propstat(there, _GOOD) if there or not names else ''}{lacking[names]}</D:response>"
            for href, there, names in zip(xml.hrefs(hrefs), found, missing, strict=True)
        ]
    )


def _propstat(inside: str, status: str) -> str:
    return f"<D:propstat><D:prop>{inside}</D:prop>{status}</D:propstat>"


def status(href: str, code: int, error: str = "") -> str:
    """One response that says what became of a resource."""
    inside = f"<D:error>{error}</D:error>" if error else ""
    return f"<D:response>{xml.href(href)}{line(code)}{inside}</D:response>"


def whole(inside: str, headers: list[tuple[str, str]] | None = None) -> Response:
    """An answer that is all there."""
    return Response(207, xml.document(_ROOT, inside), _headers() + (headers or []), compress=True)


async def streamed(pages: AsyncIterator[str]) -> Response:
    """An answer made of written responses. An error in what comes first, or in a short answer, is raised. Between
    pages it is others' turn."""
    begun = xml.opening(_ROOT)
    async for page in pages:
        begun += page
        await asyncio.sleep(0)
        if len(begun) > _WHOLE:
            return Response(207, _rest(begun, pages), _headers())
    return Response(207, (begun + xml.closing(_ROOT)).encode(), _headers(), compress=True)


async def _rest(begun: str, pages: AsyncIterator[str]) -> AsyncIterator[bytes]:
    yield begun.encode()
    async for page in pages:
        if page:
            yield page.encode()
        await asyncio.sleep(0)
    yield xml.closing(_ROOT).encode()


def _headers() -> list[tuple[str, str]]:
    return [("content-type", XML), ("cache-control", "no-store"), ("vary", "brief, prefer")]
