"""Events as members of a calendar in CalDAV: as each person may see them, with their own alerts; and kept as each
person may change them. RFC 4791 §5.3.2, draft-ietf-jmap-calendars §4.1"""

from collections.abc import Mapping, Sequence
from typing import Any

from parvis.access.gate import Access
from parvis.access.principal import Principal, Right
from parvis.calendar import calendars, draft, events, outgoing, personal, service, words
from parvis.calendar.draft import Draft, parsed
from parvis.calendar.events import Kept, Row
from parvis.kernel.errors import Forbidden
from parvis.serve.dav.tree import Node, Put, Reader
from parvis.store.unit import Unit
from parvis.wire.ical import calendar as ical

MEDIA = "text/calendar; charset=utf-8; component=vevent"
_NOTHING: Mapping[str, Any] = {}


async def nodes(
    db: Reader,
    principal: Principal,
    calendar: calendars.Row,
    access: Access,
    found: Sequence[tuple[Row, bytes | None]],
) -> list[Node]:
    """Events of a calendar, with their bytes where these are given."""
    own = {} if access.owner else await events.chosen(db, [row.id for row, _ in found], principal.id)
    return [_node(calendar, access, row, data, principal, own.get(row.id, _NOTHING)) for row, data in found]


def _node(
    calendar: calendars.Row,
    access: Access,
    row: Row,
    data: bytes | None,
    principal: Principal,
    own: personal.Chosen,
) -> Node:
    content = shown(row, data, access, principal, own) if data is not None else None
    return Node(
        id=row.id,
        shape="resource",
        name=row.name,
        access=access,
        place=(calendar.slug, row.name),
        etag=personal.tag(row.etag, own),
        schedule_tag=row.schedule_tag,
        media_type=MEDIA,
        size=len(content) if content is not None else row.size,
        created_ms=row.created_ms,
        modified_ms=row.modified_ms,
        content=content,
        own=row,
    )


async def content(db: Reader, principal: Principal, node: Node) -> bytes:
    """The bytes of an event as this person may see them. Raises NotFound."""
    row, data = await events.kept(db, node.account_id, node.id)
    own = {} if node.access.owner else await events.chosen(db, [row.id], principal.id)
    return shown(row, data, node.access, principal, own.get(row.id, _NOTHING))


def shown(row: Row, data: bytes, access: Access, principal: Principal, own: personal.Chosen) -> bytes:
    """The bytes as this person may see them: of what is private only when, and with nobody else's alerts."""
    if access.owner:
        return data
    series = parsed(row.etag, data)
    seen = draft.masked(series, words.BUSY[principal.language]) if row.privacy else personal.shown(series, own)
    return data if seen is series else ical.write(draft.whole(seen, ical.read(data)))


async def put(
    unit: Unit,
    principal: Principal,
    parent: Node,
    name: str,
    found: Kept | None,
    access: Access,
    made: Draft,
    *,
    answers: bool = False,
) -> Put:
    """Keeps an event byte for byte, unless an organizer's change is a new revision or (with `answers`) one that was
    answered meanwhile, or it has alerts of somebody who is not its owner: these are kept for them. Raises what
    service.create and service.replace raise."""
    own = {} if access.owner else personal.alerts_of(made.series)
    before = parsed(found[0].etag, found[1]) if found is not None else None
    kept = made if access.owner else _shared(made, before)
    same = before is not None and not access.owner and personal.same(kept.series, before)
    tag = kept.etag
    if found is None:
        row = await service.create(unit, principal, parent.id, kept, name=name)
        tag = row.etag
    elif same:
        row = found[0]
    else:
        tag = (await service.replace(unit, principal, found, kept, answers=answers)).draft.etag
        row = (await events.kept(unit, found[0].account_id, found[0].id))[0]
    if not access.owner:
        await _choose(unit, principal, access, row, own, needed=same)
    return Put(etag=tag if tag == made.etag and not own and not same else "", schedule_tag=row.schedule_tag)


def _shared(made: Draft, before: Any) -> Draft:
    series = personal.shared(made.series, before)
    return made if series is made.series else draft.made(series, made.data)


async def _choose(
    unit: Unit, principal: Principal, access: Access, row: Row, own: Mapping[str, Any], *, needed: bool
) -> None:
    """Keeps somebody's own alerts. `needed`: nothing else was changed. Raises Forbidden."""
    known = (await events.chosen(unit, [row.id], principal.id)).get(row.id, {}).get("alerts") or {}
    if own == known:
        return
    if Right.UPDATE_PRIVATE not in access.rights or row.privacy:
        if needed:
            raise Forbidden("you may not have alerts of your own here")
        return
    await events.choose(unit, row, principal.id, {"alerts": dict(own) or None})
    await outgoing.ring(unit, row, parsed(*(await _kept(unit, row))))


async def _kept(unit: Unit, row: Row) -> tuple[str, bytes]:
    found = await events.kept(unit, row.account_id, row.id)
    return found[0].etag, found[1]
