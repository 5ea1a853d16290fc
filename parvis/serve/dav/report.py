"""REPORT: which one is asked for. RFC 3253 §3.6"""

from collections.abc import Awaitable, Callable, Mapping

from parvis.kernel.errors import Invalid, NotFound
from parvis.serve.dav import caldav as caldavs
from parvis.serve.dav import carddav as carddavs
from parvis.serve.dav import principals, sync
from parvis.serve.dav.ask import Ask
from parvis.serve.dav.resource import Resource
from parvis.serve.dav.tree import Precondition
from parvis.serve.http.exchange import Response
from parvis.wire.dav import headers
from parvis.wire.dav.element import Element
from parvis.wire.dav.names import caldav, carddav, dav

Report = Callable[[Ask, Element, Resource], Awaitable[Response]]


async def _searchable(ask: Ask, request: Element, resource: Resource) -> Response:
    return principals.searchable()


_REPORTS: Mapping[str, Report] = {
    dav("sync-collection"): sync.run,
    caldav("calendar-query"): caldavs.queried,
    caldav("calendar-multiget"): caldavs.multigot,
    carddav("addressbook-query"): carddavs.queried,
    carddav("addressbook-multiget"): carddavs.multigot,
    dav("expand-property"): principals.expanded,
    dav("principal-property-search"): principals.searched,
    dav("principal-search-property-set"): _searchable,
    dav("principal-match"): principals.matched,
    dav("acl-principal-prop-set"): principals.in_acl,
}


_OF_ONE = frozenset(
    map(
        dav,
        (
            "expand-property",
            "principal-property-search",
            "principal-search-property-set",
            "principal-match",
            "acl-principal-prop-set",
        ),
    )
)
"""Reports of depth 0 alone. RFC 3744 §9"""


async def run(ask: Ask) -> Response:
    """The method."""
    request = await ask.xml()
    if request is None:
        raise Invalid("the body names no report")
    if request.name == caldav("free-busy-query"):
        found = await ask.find(ask.store.db, ask.path)
        if found is None:
            raise NotFound("there is nothing here")
        return await caldavs.free_busy(ask, request, found)
    report = _REPORTS.get(request.name)
    if report is None:
        raise Precondition(dav("supported-report"), "there is no such report")
    if request.name in _OF_ONE and headers.depth(ask.header("depth"), 0) != 0:
        raise Invalid("this report has depth 0", field="Depth")
    return await report(ask, request, await ask.resource())
