"""What a query looks at: candidates of a tree's index, in pages."""

from collections.abc import AsyncIterator, Sequence

from parvis.serve.dav.ask import Ask
from parvis.serve.dav.resource import Resource
from parvis.serve.dav.tree import Node, Search
from parvis.wire.dav import headers

_PAGE = 100


async def looked_at(ask: Ask, resource: Resource, search: Search) -> AsyncIterator[list[Resource]]:
    """What a query at a path looks at, with bytes: candidates of a collection, or the one resource itself; of a
    home those of all its collections, when the client wants it that deep."""
    tree, node = resource.of_tree()
    if node.shape == "home":
        async for each in inside(ask, resource):
            async for resources in looked_at(ask, each, search):
                yield resources
        return
    if node.collection:
        async for page in candidates(ask, resource, search):
            yield [resource.member(found) for found in page]
        return
    parent = await ask.find(ask.store.db, resource.path[:-1])
    if parent is not None and parent.node is not None:
        found = await tree.several(ask.store.db, ask.who, parent.node, [node.place[-1]], content=True)
        yield [parent.member(each) for each in found]


async def inside(ask: Ask, home: Resource) -> AsyncIterator[Resource]:
    """The collections of a home that a report is about: all, unless the client says by Depth that it does not want
    them. RFC 3253 §3.6 has depth 0 when nothing is said, which would find nothing at all."""
    if headers.depth(ask.header("depth"), headers.INFINITY) == headers.INFINITY:
        async for page in ask.trees.members(ask.store.db, ask.who, home, _PAGE):
            for each in page:
                if each.node is not None and each.node.shape in ("calendar", "addressbook"):
                    yield each


async def candidates(ask: Ask, resource: Resource, search: Search) -> AsyncIterator[Sequence[Node]]:
    """What the tree's index finds, in pages. A UID that is found whole is not looked for in others."""
    tree, node = resource.of_tree()
    after, any_found = 0, False
    while True:
        page = await tree.candidates(ask.store.db, ask.who, node, search, after, _PAGE)
        any_found = any_found or bool(page)
        yield page
        if len(page) < _PAGE:
            break
        after = page[-1].id
    if search.uid and not any_found:
        rest = Search(component=search.component, start_ms=search.start_ms, end_ms=search.end_ms, text=search.text)
        async for page in candidates(ask, resource, rest):
            yield page
