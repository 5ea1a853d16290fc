"""PROPFIND. RFC 4918 §9.1"""

from collections.abc import AsyncIterator, Sequence

from parvis.kernel.errors import Invalid
from parvis.serve.dav import multistatus
from parvis.serve.dav.ask import Ask
from parvis.serve.dav.properties import Reading, asks, wanted
from parvis.serve.dav.resource import Page, Resource
from parvis.serve.dav.tree import PAGE, Precondition
from parvis.serve.http.exchange import Response
from parvis.wire.dav import headers
from parvis.wire.dav.names import dav

_MOST_DEEP = 20_000
"""Resources in an answer of infinite depth; who has more asks level by level."""


async def run(ask: Ask) -> Response:
    """The method."""
    request = await ask.xml()
    if request is not None and (request.name != dav("propfind") or not asks(request)):
        raise Invalid("the body is no propfind")
    depth = headers.depth(ask.header("depth"), headers.INFINITY)
    resource = await ask.resource()
    if depth == headers.INFINITY and not _deep(resource):
        raise Precondition(dav("propfind-finite-depth"), "ask level by level")
    reading = Reading(ask, wanted(request), around=resource)
    return await multistatus.streamed(_pages(ask, reading, resource, depth))


def _deep(resource: Resource) -> bool:
    """Whether everything below may be told at once: of what is no collection, and in trees of files."""
    return not resource.collection or (resource.tree is not None and resource.tree.depth == "deep")


async def _pages(ask: Ask, reading: Reading, resource: Resource, depth: int) -> AsyncIterator[str]:
    db = ask.store.db
    if depth == 0 or not ask.preferences.no_root:
        yield await written(ask, reading, [resource])
    if depth == 0 or not resource.collection:
        return
    pending, told = [resource], 0
    while pending:
        around = pending.pop()
        async for page in ask.trees.listed(db, ask.who, around, reading.fields, PAGE):
            told += len(page)
            if depth == headers.INFINITY and told > _MOST_DEEP:
                raise Precondition(dav("propfind-finite-depth"), "ask level by level")
            yield await reading.written(db, page)
            if depth == headers.INFINITY:
                pending += await ask.trees.collections(db, ask.who, around, page)


async def written(ask: Ask, reading: Reading, resources: Sequence[Resource]) -> str:
    """The responses of some resources."""
    return "".join([await reading.written(ask.store.db, page) for page in Page.of(resources)])
