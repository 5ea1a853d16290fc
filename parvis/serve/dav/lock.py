"""LOCK and UNLOCK. RFC 4918 §9.10, §9.11"""

from typing import Any

from parvis.kernel.errors import Forbidden, Invalid
from parvis.serve.dav import conditions, locks
from parvis.serve.dav.ask import Ask, writable
from parvis.serve.dav.get import ALLOWED
from parvis.serve.dav.locks import Lock
from parvis.serve.dav.put import parent_of, placed
from parvis.serve.dav.refused import XML, Refused
from parvis.serve.dav.resource import Resource
from parvis.serve.dav.tree import Upload
from parvis.serve.dav.uploads import empty
from parvis.serve.http.exchange import Response
from parvis.store.blobs.contract import Step
from parvis.store.unit import Unit
from parvis.wire.dav import headers, xml
from parvis.wire.dav.element import Element
from parvis.wire.dav.names import dav

_LARGEST_OWNER = 4_000


async def lock(ask: Ask) -> Response:
    """LOCK: a new one, or without a body one's own anew."""
    seconds = headers.timeout(ask.header("timeout"), locks.DEFAULT_SECONDS)
    request = await ask.xml()
    if request is None:
        return _answer(await ask.write(lambda unit: _refreshed(ask, unit, seconds)), 200)
    shared, owner = _wanted(request)
    depth = headers.depth(ask.header("depth"), headers.INFINITY)
    if depth == 1:
        raise Invalid("a lock has depth 0 or infinity", field="Depth")
    making = await _to_make(ask)

    async def work(unit: Unit) -> tuple[Lock, bool]:
        return await _locked(ask, unit, making, deep=depth != 0, shared=shared, owner=owner, seconds=seconds)

    taken, created = await ask.write(work)
    response = _answer(taken, 201 if created else 200)
    response.headers.append(("lock-token", f"<{taken.token}>"))
    return response


def _wanted(request: Element) -> tuple[bool, str]:
    """Whether it is to be shared, and its owner, written. RFC 4918 §14.11"""
    scope, kind, owner = (request.first(dav(name)) for name in ("lockscope", "locktype", "owner"))
    if request.name != dav("lockinfo") or scope is None or kind is None or kind.first(dav("write")) is None:
        raise Invalid("the body is no lockinfo for a write lock")
    shared, exclusive = scope.first(dav("shared")), scope.first(dav("exclusive"))
    if (shared is None) == (exclusive is None):
        raise Invalid("a lock is exclusive or shared")
    written = xml.written(owner) if owner is not None else ""
    if len(written) > _LARGEST_OWNER:
        raise Invalid("the owner of the lock is too long")
    return shared is not None, written


async def _to_make(ask: Ask) -> tuple[Upload, Step, Any] | None:
    """What is put when nothing is at the path yet: an empty resource, ready before the unit begins."""
    found = await ask.find(ask.store.db, ask.path)
    if found is not None:
        return None
    parent = await parent_of(ask, ask.store.db, ask.path)
    tree, around = parent.of_tree()
    if not tree.lockable:
        raise Refused(405, "there are no locks here", allow=ALLOWED)
    upload, step = await empty(ask, tree)
    return upload, step, await tree.draft(ask.who, around, ask.path[-1], upload)


async def _locked(
    ask: Ask,
    unit: Unit,
    making: tuple[Upload, Step, Any] | None,
    *,
    deep: bool,
    shared: bool,
    owner: str,
    seconds: int,
) -> tuple[Lock, bool]:
    found = await ask.find(unit, ask.path)
    created = False
    if found is None:
        if making is None:
            raise Refused(409, "it is gone")
        parent = await parent_of(ask, unit, ask.path)
        place = conditions.below(parent, ask.path[-1])
        await conditions.check(ask, unit, None, place)
        await conditions.unlocked(ask, unit, place, membership=True)
        upload, step, draft = making
        _, created = await placed(ask, unit, ask.path, upload, step, draft, checked=True)
        found = await ask.find(unit, ask.path)
    else:
        await _may_lock(ask, unit, found)
    if found is None or found.node is None:
        raise Forbidden("this cannot be locked")
    deep = deep and found.collection
    taken = await locks.take(
        unit,
        ask.who,
        conditions.spot(found),
        deep=deep,
        shared=shared,
        path=found.href,
        owner=owner,
        seconds=seconds,
    )
    return taken, created


async def _may_lock(ask: Ask, unit: Unit, found: Resource) -> None:
    tree, node = found.of_tree()
    if not tree.lockable:
        raise Refused(405, "there are no locks here", allow=ALLOWED)
    writable(node)
    await conditions.check(ask, unit, found, conditions.spot(found))


async def _refreshed(ask: Ask, unit: Unit, seconds: int) -> Lock:
    """RFC 4918 §9.10.2"""
    found = await ask.find(unit, ask.path)
    if found is None or found.tree is None or not found.tree.lockable:
        raise Refused(412, "there is no lock here")
    spot = conditions.spot(found)
    held = [each for each in await locks.touching(unit, spot) if locks.covers(each, spot)]
    mine = [each for each in held if each.token in ask.submitted and each.principal_id == ask.who.id]
    if len(ask.submitted) != 1 or not mine:
        inside = "<D:lock-token-matches-request-uri/>"
        raise Refused(412, "the If header names no lock of yours here", inside)
    await conditions.check(ask, unit, found, spot)
    return await locks.refresh(unit, mine[0], seconds)


def _answer(taken: Lock, status: int) -> Response:
    inside = xml.wrapped(dav("lockdiscovery"), locks.discovery([taken]))
    return Response(
        status, xml.document(dav("prop"), inside), [("content-type", XML), ("cache-control", "no-store")]
    )


async def unlock(ask: Ask) -> Response:
    """UNLOCK: by who took it, or by the owner of the thing. RFC 4918 §9.11"""
    token = headers.lock_token(ask.header("lock-token"))

    async def work(unit: Unit) -> None:
        found = await ask.find(unit, ask.path)
        held: list[Lock] = []
        if found is not None and found.tree is not None and found.tree.lockable:
            spot = conditions.spot(found)
            held = [each for each in await locks.touching(unit, spot) if locks.covers(each, spot)]
        match = next((each for each in held if each.token == token), None)
        if match is None or found is None or found.node is None:
            raise Refused(409, "there is no such lock here", "<D:lock-token-matches-request-uri/>")
        if match.principal_id != ask.who.id and not found.node.access.owner:
            raise Forbidden("somebody else holds this lock")
        await locks.release(unit, token)

    await ask.write(work)
    return Response(204)
