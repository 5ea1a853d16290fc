"""The report sync-collection: what has changed since. RFC 6578 §3.2, §6.2, §6.3"""

from collections.abc import AsyncIterator

from parvis.kernel import ids
from parvis.kernel.errors import Invalid
from parvis.serve.dav import multistatus
from parvis.serve.dav.ask import Ask
from parvis.serve.dav.live import sync_token, syncs
from parvis.serve.dav.properties import Reading, wanted
from parvis.serve.dav.resource import Page, Resource
from parvis.serve.dav.tree import Node, Precondition
from parvis.serve.http.exchange import Response
from parvis.wire.dav import xml
from parvis.wire.dav.element import Element
from parvis.wire.dav.names import dav

_MOST = 5_000
"""Resources in one answer; the client comes again for the rest. RFC 6578 §3.6"""
_BAD_TOKEN = dav("valid-sync-token")


def _state(given: str, node: Node) -> tuple[int, str]:
    """The state that a token stands for, 0 for none, and the place behind it. Raises a Precondition."""
    if not given:
        return 0, ""
    words = given.split(":")
    state, _, place = words[-1].partition("/")
    if len(words) != 5 or words[:3] != ["urn", "parvis", "sync"] or not state.isdecimal():
        raise Precondition(_BAD_TOKEN, "the sync token is none of ours")
    if words[3] != ids.text(node.id) or int(state[:19]) > (node.state or 0):
        raise Precondition(_BAD_TOKEN, "the sync token is of another collection")
    return int(state[:19]), place


async def run(ask: Ask, request: Element, resource: Resource) -> Response:
    """The report. RFC 6578 §3.2"""
    tree, node = resource.of_tree()
    if not syncs(resource):
        raise Precondition(dav("supported-report"), "this cannot be synchronised")
    token = request.first(dav("sync-token"))
    state, place = _state(token.words() if token is not None else "", node)
    deep, limit = _level(ask, request), limit_of(request)
    if not deep and token is not None and token.words() and bool(place) != bool(node.rest):
        raise Precondition(_BAD_TOKEN, "the sync token is of another level, or of more than is seen now")
    if deep or node.rest:
        page = await tree.sync_below(ask.store.db, ask.who, node, state, limit, place)
    else:
        page = await tree.sync(ask.store.db, ask.who, node, state, limit, deep=False)

    async def pages() -> AsyncIterator[str]:
        above = len(node.place)
        gone = dict.fromkeys(page.departed) if state or (place and not deep) else {}
        for members in page.changed if gone else ():
            for found in members.column("place"):
                gone.pop(found[above:], None)
        yield "".join(multistatus.status(ask.base.href((*resource.path, *name)), 404) for name in gone)
        reading = Reading(ask, wanted(request), around=resource)
        for members in page.changed:
            yield await reading.written(ask.store.db, Page.inside(resource, members, above if deep else None))
        closed = xml.empty(dav("sync-traversal-supported"))  # RFC 6578 §3.3
        yield "".join(multistatus.status(resource.member(each).href, 403, closed) for each in page.closed)
        if page.more:  # RFC 6578 §3.6
            error = xml.empty(dav("number-of-matches-within-limits"))
            yield multistatus.status(resource.href, 507, error)
        yield xml.wrapped(dav("sync-token"), sync_token(node.id, page.state, page.place))

    return await multistatus.streamed(pages())


def _level(ask: Ask, request: Element) -> bool:
    """Whether everything below is asked for. Clients of the draft say it by Depth. RFC 6578 §3.3, appendix A"""
    level = request.first(dav("sync-level"))
    words = level.words() if level is not None else (ask.header("depth") or "1")
    if words not in ("0", "1", "infinite", "infinity"):
        raise Invalid("sync-level is 1 or infinite")
    return words.startswith("inf")


def limit_of(request: Element) -> int:
    """How many resources the client wants at most. RFC 5323 §5.17"""
    limit = request.first(dav("limit"))
    number = limit.first(dav("nresults")) if limit is not None else None
    if number is None:
        return _MOST
    if not number.words().isdecimal() or int(number.words()[:9]) < 1:
        raise Invalid("nresults is a number")
    return min(int(number.words()[:9]), _MOST)
