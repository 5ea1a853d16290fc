"""What a client prefers to get back: nothing that it knows, or what is there now, so that it need not ask again.
RFC 7240 §3, §4.2, RFC 8144"""

from parvis.kernel.errors import ParvisError
from parvis.serve.dav.ask import Ask, readable
from parvis.serve.dav.get import described
from parvis.serve.dav.resource import Path
from parvis.serve.http.exchange import Response

_MINIMAL = frozenset({"PROPFIND", "PROPPATCH", "REPORT", "MKCOL", "MKCALENDAR", "PUT"})
_LISTING = frozenset({"PROPFIND", "REPORT"})
_LARGEST = 1_000_000
"""Bytes that are sent back; what is larger is asked for again."""


async def answered(ask: Ask, response: Response) -> Response:
    """The answer to a method that was carried out."""
    wanted, method = ask.preferences, ask.request.method
    if wanted.returned == "representation" and (path := _changed(ask, response)) is not None:
        return await _represented(ask, path, response, 201 if response.status == 201 else 200)
    applied = list[str]()
    if wanted.returned == "minimal" and method in _MINIMAL:
        applied.append("return=minimal")
    if wanted.no_root and method in _LISTING:
        applied.append("depth-noroot")
    if applied and ask.header("prefer") is not None and response.status < 300:
        response.headers.append(("preference-applied", ", ".join(applied)))
    return response


async def refused(ask: Ask, response: Response) -> Response:
    """The answer to a PUT whose conditions did not hold. RFC 8144 §3.2"""
    if response.status != 412 or ask.request.method != "PUT" or ask.preferences.returned != "representation":
        return response
    return await _represented(ask, ask.path, response, 412)


def _changed(ask: Ask, response: Response) -> Path | None:
    """What a request has put somewhere. RFC 8144 §3.1"""
    if response.status not in (201, 204):
        return None
    match ask.request.method:
        case "PUT":
            return ask.path
        case "COPY" | "MOVE":
            return ask.destination()
        case "POST" if "add-member" in ask.request.query:
            return ask.base.path(dict(response.headers)["location"])
        case "POST" if "action" in ask.request.query:  # RFC 8607 §3.3
            return ask.path
    return None


async def _represented(ask: Ask, path: Path, response: Response, status: int) -> Response:
    """The same answer with what is at a path now; as it was where that cannot be read, or is large."""
    try:
        found = await ask.find(ask.store.db, path)
        if found is None or found.tree is None or found.node is None or found.collection:
            return response
        readable(found.node)
        content = await found.tree.read(ask.who, found.node, ask.header("accept") or "")
    except ParvisError:
        return response
    if content.size > _LARGEST:
        return response
    sent = described(found.node, content, content.etag or found.node.etag)
    said = {name for name, _ in sent}
    kept = [(name, value) for name, value in response.headers if status != 412 and name not in said]
    sent += [
        *kept,
        ("content-location", found.href),
        ("content-length", str(content.size)),
        ("preference-applied", "return=representation"),
    ]
    return Response(status, content.part(0, content.size), sent)
