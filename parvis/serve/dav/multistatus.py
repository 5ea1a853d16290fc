"""Multistatus answers, written while they are read from the store. RFC 4918 §13"""

import asyncio
from collections.abc import AsyncIterator

from parvis.serve.dav.properties import Found
from parvis.serve.dav.refused import XML
from parvis.serve.http.exchange import Response
from parvis.wire.dav import xml
from parvis.wire.dav.names import dav

PAGE = 400
"""Resources that are asked for at once."""
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


_GOOD = line(200)


def properties(href: str, found: Found, missing: list[str], *, minimal: bool = False) -> str:
    """One response: what there is, and what there is not. RFC 4918 §9.1, §14.22, §14.24, RFC 8144 §2.1"""
    parts = []
    if found or minimal or not missing:
        parts.append(f"<D:propstat><D:prop>{''.join(found.values())}</D:prop>{_GOOD}</D:propstat>")
    if missing and not minimal:
        parts.append(f"<D:propstat><D:prop>{xml.empty(*missing)}</D:prop>{line(404)}</D:propstat>")
    return f"<D:response>{xml.href(href)}{''.join(parts)}</D:response>"


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
