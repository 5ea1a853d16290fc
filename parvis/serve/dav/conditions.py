"""Whether a request may go on: entity tags, the If header, locks. Asked inside of the unit that changes, after
rights and before anything else. RFC 9110 §13, RFC 4918 §8.1, §10.4, §12.1, RFC 6352 §9.2, RFC 6638 §8.3"""

from email.utils import parsedate_to_datetime

from parvis.kernel import clock
from parvis.kernel.errors import Invalid
from parvis.serve.dav import locks
from parvis.serve.dav.ask import Ask
from parvis.serve.dav.live import sync_token
from parvis.serve.dav.locks import Spot
from parvis.serve.dav.refused import Refused
from parvis.serve.dav.resource import Path, Resource
from parvis.serve.dav.tree import Node, Reader
from parvis.wire.dav import headers

_MOST_TAGGED = 20


def spot(resource: Resource) -> Spot:
    """Where locks of a node hang."""
    _, node = resource.of_tree()
    return Spot(resource.path[0], node.account_id, node.place)


def below(parent: Resource, name: str) -> Spot:
    """The same for a name in a collection, whether something is there or not."""
    around = spot(parent)
    return Spot(around.home, around.account_id, (*around.place, name))


def tags(ask: Ask, node: Node | None) -> None:
    """If-Match, If-None-Match, If-Unmodified-Since and If-Schedule-Tag-Match against what is there now. Raises
    Refused with 412."""
    etag = node.etag if node else ""
    wanted = headers.etags(ask.header("if-match"))
    if wanted is not None and not (wanted.has(etag) or (wanted.any and node is not None)):
        raise Refused(412, "it is another version by now")
    unwanted = headers.etags(ask.header("if-none-match"))
    if unwanted is not None and (unwanted.has(etag, weakly=True) or (unwanted.any and node is not None)):
        raise Refused(412, "it is there already")
    if wanted is None and _modified_since(ask.header("if-unmodified-since"), node):
        raise Refused(412, "it is another version by now")
    schedule = headers.etags(ask.header("if-schedule-tag-match"))
    if schedule is not None and not (node and schedule.has(node.schedule_tag)):
        raise Refused(412, "somebody concerned has changed it by now")


def _modified_since(given: str | None, node: Node | None) -> bool:
    moment = http_date(given)
    return bool(moment is not None and node and node.modified_ms and node.modified_ms // 1000 * 1000 > moment)


def http_date(given: str | None) -> int | None:
    """A date of a header in ms; None when there is none or it is none. RFC 9110 §5.6.7"""
    try:
        return clock.to_ms(parsedate_to_datetime(given)) if given else None
    except (ValueError, TypeError, OverflowError):
        return None


async def check(ask: Ask, db: Reader, found: Resource | None, place: Spot | None) -> None:
    """The conditions of the request about the resource at its path; `place` is where its locks hang, None where
    there are none. Raises Refused with 412."""
    tags(ask, found.node if found else None)
    if ask.condition is None:
        return
    states = {"": await _state(db, found, place)}
    tagged = ask.condition.resources()
    if len(tagged) > _MOST_TAGGED:
        raise Invalid("the If header names too many resources", field="If")
    for uri in tagged:
        states[uri] = await _tagged(ask, db, uri)
    if not ask.condition.holds(lambda resource: states[resource]):
        raise Refused(412, "the If header does not hold")


async def _tagged(ask: Ask, db: Reader, uri: str) -> tuple[str, frozenset[str]]:
    path: Path | None = ask.local(uri)
    if path is None:
        return "", frozenset()
    found = await ask.find(db, path)
    if found is None and len(path) > 2 and (parent := await ask.find(db, path[:-1])) is not None and parent.node:
        return await _state(db, None, below(parent, path[-1]) if parent.tree and parent.tree.lockable else None)
    lockable = found is not None and found.tree is not None and found.tree.lockable
    return await _state(db, found, spot(found) if found and lockable else None)


async def _state(db: Reader, found: Resource | None, place: Spot | None) -> tuple[str, frozenset[str]]:
    """Entity tag and the state tokens: those of the locks that protect it, and of a collection its sync token.
    RFC 6578 §5"""
    node = found.node if found else None
    synced = {sync_token(node.id, node.state, node.rest)} if node and node.state is not None else set[str]()
    held = await locks.touching(db, place) if place is not None else []
    locked = {lock.token for lock in held if place is not None and locks.covers(lock, place)}
    return node.etag if node else "", frozenset(synced | locked)


async def unlocked(
    ask: Ask, db: Reader, place: Spot | None, *, membership: bool = False, subtree: bool = False
) -> None:
    """Raises Refused with 423 when a lock forbids changing a place whose tokens were not submitted."""
    if place is not None:
        found = await locks.touching(db, place, membership=membership, below=subtree)
        locks.allow(ask.who, ask.submitted, found)
