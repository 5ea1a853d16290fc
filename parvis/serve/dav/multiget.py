"""What calendar-multiget and addressbook-multiget share: the resources of a list of hrefs, with their bytes.
RFC 4791 §7.9, RFC 6352 §8.7"""

from collections.abc import AsyncIterator, Sequence

from parvis.access.principal import Right
from parvis.kernel.errors import Invalid
from parvis.serve.dav import multistatus
from parvis.serve.dav.ask import Ask
from parvis.serve.dav.properties import Reading
from parvis.serve.dav.propfind import written
from parvis.serve.dav.resource import Path, Resource
from parvis.wire.dav.element import Element
from parvis.wire.dav.names import dav

_PAGE = 100
_MOST = 10_000


def hrefs(request: Element) -> list[str]:
    """The hrefs of a report. Raises Invalid."""
    found = list(dict.fromkeys(each.words() for each in request.all(dav("href"))))
    if not found or len(found) > _MOST:
        raise Invalid("the report names no resources, or too many")
    return found


async def pages(ask: Ask, reading: Reading, given: Sequence[str]) -> AsyncIterator[str]:
    """The responses of all hrefs, in their order."""
    parents: dict[Path, Resource | None] = {}
    for start in range(0, len(given), _PAGE):
        some = {href: _path(ask, href) for href in given[start : start + _PAGE]}
        found = await _found(ask, parents, [path for path in some.values() if path])
        resources = [found[path] for path in some.values() if path in found]
        gone = [href for href, path in some.items() if path is None or path not in found]
        yield await written(ask, reading, resources) + "".join(multistatus.status(href, 404) for href in gone)


def _path(ask: Ask, href: str) -> Path | None:
    try:
        path = ask.local(href)
    except Invalid:
        return None
    return path if path is not None and len(path) > 2 else None


async def _found(ask: Ask, parents: dict[Path, Resource | None], paths: Sequence[Path]) -> dict[Path, Resource]:
    """One question a collection."""
    by_parent: dict[Path, list[str]] = {}
    for path in paths:
        by_parent.setdefault(path[:-1], []).append(path[-1])
    found: dict[Path, Resource] = {}
    for around, names in by_parent.items():
        if around not in parents:
            parents[around] = await ask.find(ask.store.db, around)
        parent = parents[around]
        if parent is None or parent.node is None or parent.tree is None:
            continue
        if Right.READ not in parent.node.access.rights:
            continue
        for node in await parent.tree.several(ask.store.db, ask.who, parent.node, names, content=True):
            found[(*around, node.name)] = parent.member(node)
    return found
