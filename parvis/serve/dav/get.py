"""GET and HEAD of a resource. RFC 9110 §9.3.1, §13, §14"""

from parvis.serve.dav import conditions
from parvis.serve.dav.ask import Ask
from parvis.serve.dav.live import http_date
from parvis.serve.dav.refused import Refused
from parvis.serve.dav.tree import Content, Node
from parvis.serve.http import ranges
from parvis.serve.http.exchange import Response
from parvis.serve.jmap.transfer import disposition
from parvis.wire.dav import headers

ALLOWED = "OPTIONS, PROPFIND, REPORT, PROPPATCH, MKCOL, COPY, MOVE, DELETE, LOCK, UNLOCK, POST"
"""What can be done with a collection, besides."""


async def run(ask: Ask) -> Response:
    """The method."""
    resource = await ask.resource()
    content = None
    if resource.node is not None and resource.tree is not None:
        conditions_of_reading(ask, resource.node)
        read = resource.tree.whole if resource.collection else resource.tree.read
        content = await read(ask.who, resource.node, ask.header("accept") or "")
    if resource.node is None or content is None:
        raise Refused(405, "a collection has no content of its own; ask for its members", allow=ALLOWED)
    etag = content.etag or resource.node.etag
    sent = described(resource.node, content, etag)
    if _unchanged(ask, etag, resource.node):
        return Response(304, b"", sent)
    span = ranges.span(ask.request.headers, content.size, etag)
    if span is None:
        return Response(200, content.part(0, content.size), [*sent, ("content-length", str(content.size))])
    start, end = span
    if start >= end:
        return Response(416, b"", [("content-range", f"bytes */{content.size}")])
    sent += [("content-range", f"bytes {start}-{end - 1}/{content.size}"), ("content-length", str(end - start))]
    return Response(206, content.part(start, end), sent)


def conditions_of_reading(ask: Ask, node: Node) -> None:
    """If-Match of a GET: whoever fetches a file in parts wants parts of one version. Raises Refused with 412."""
    wanted = headers.etags(ask.header("if-match"))
    if wanted is not None and not (wanted.any or wanted.has(node.etag)):
        raise Refused(412, "it is another version by now")


def _unchanged(ask: Ask, etag: str, node: Node) -> bool:
    """RFC 9110 §13.2.2"""
    known = headers.etags(ask.header("if-none-match"))
    if known is not None:
        return known.any or known.has(etag, weakly=True)
    since = conditions.http_date(ask.header("if-modified-since"))
    return since is not None and node.modified_ms is not None and node.modified_ms // 1000 * 1000 <= since


def described(node: Node, content: Content, etag: str) -> list[tuple[str, str]]:
    """The headers of what is read. A file that somebody put here may be a page with a script, so a browser shows it
    in a sandbox of its own."""
    sent = [
        ("content-type", content.media_type or "application/octet-stream"),
        ("etag", f'"{etag}"'),
        ("accept-ranges", "bytes"),
        ("cache-control", "private, no-cache"),
        ("vary", "accept, authorization, cookie, prefer"),
        ("content-disposition", disposition("attachment", node.name)),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'self'; sandbox"),
    ]
    if node.modified_ms is not None:
        sent.append(("last-modified", http_date(node.modified_ms)))
    if node.schedule_tag:
        sent.append(("schedule-tag", f'"{node.schedule_tag}"'))
    return sent
