"""ContactCard/get, /set and /copy. RFC 9610 §3"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from parvis.access import parts
from parvis.access.principal import Right
from parvis.contacts import cards, draft, service
from parvis.contacts.draft import Draft, Photo
from parvis.contacts.model import MOST_PHOTO, SCOPE, Card
from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, NotFound, TooLarge
from parvis.serve.jmap.blobs import Library
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import SetError, invalid_properties
from parvis.serve.jmap.kind import Copying, Created, Creation, Update
from parvis.serve.jmap.types import Object
from parvis.store.unit import Unit
from parvis.wire.jscontact import BadCard

_OURS = frozenset({"id", "addressBookIds"})
_MOST_BLOBS = 20


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was read before the unit: photos by blob id, and of a new card all of it."""

    photos: dict[str, Photo]
    draft: Draft | None = None


async def read(call: Call, numbers: Sequence[int] | None, wanted: frozenset[str]) -> list[Object]:
    """Cards of the account in books that the principal may read. RFC 9610 §6"""
    db: Any = call.db
    seen = [access.scope.id for access in await parts.readable(db, call.principal, call.account_id, SCOPE)]
    if numbers is None:
        limit = call.context.settings.limits.objects_in_get + 1
        numbers = await cards.in_books(call.db, seen, limit)
    found = await cards.by_ids(call.db, call.account_id, numbers)
    return [shown(row, card) for row, card in found if row.book_id in seen]


def shown(row: cards.Row, card: Card) -> Object:
    """A card as JMAP has it."""
    return {**card, "id": ids.text(row.id), "addressBookIds": {ids.text(row.book_id): True}}


def shown_draft(made: Draft) -> Object:
    """A card of a file, which has no id and is in no book; photos stay in it."""
    return draft.together(made.card, made.photos)


async def prepare(call: Call, change: Creation | Update | Copying) -> Prepared:
    """Reads and stores the photos that a card is given, and checks a new card."""
    if isinstance(change, Copying):
        return Prepared({}, await _original(change))
    photos = await _photos(call, change.values)
    if not isinstance(change, Creation):
        return Prepared(photos)
    made = _draft(_new_card(change.values), photos)
    await service.keep(call.context.store, [made])
    return Prepared(photos, made)


async def _photos(call: Call, given: Object) -> dict[str, Photo]:
    wanted = draft.blob_ids(given)
    if len(wanted) > _MOST_BLOBS:
        raise invalid_properties("media", why=f"at most {_MOST_BLOBS} photos")
    library, found = call.context.need(Library), dict[str, Photo]()
    for blob_id in sorted(wanted):
        try:
            blob = await library.find(call.principal, call.account_id, blob_id)
        except NotFound as error:
            raise invalid_properties("media", why="no such blob") from error
        if blob.size > MOST_PHOTO:
            raise TooLarge(f"a photo has at most {MOST_PHOTO} bytes", limit=MOST_PHOTO)
        call.bring(blob.size)
        content = await blob.read()
        found[blob_id] = draft.photo_of(content, blob.media_type, _kind_of(given, blob_id))
        await call.context.store.blobs.put(content)
    return found


def _kind_of(given: Object, blob_id: str) -> str:
    """What a blob is given as: a photo, unless the object that names it says that it is a sound."""
    waiting: list[Any] = [given]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if each.get("blobId") == blob_id and each.get("kind") == "sound":
                return "sound"
            waiting += each.values()
    return "photo"


def _new_card(values: Object) -> Card:
    now = clock.utc_date(clock.now_ms())
    given = {name: value for name, value in values.items() if name not in _OURS and value is not None}
    uid = given.pop("uid", None) or f"urn:uuid:{ids.uuid()}"
    return {"@type": "Card", "version": "1.0", "uid": uid, "created": now, "updated": now, **given}


def _draft(card: Card, photos: dict[str, Photo], before: draft.Stored | None = None) -> Draft:
    if card.get("@type") != "Card":
        raise invalid_properties("@type", why="this is no card")
    if card.get("members") and card.get("kind") != "group" and (before is None or not before.card.get("members")):
        raise invalid_properties("members", why="only a group has members")  # RFC 9553 §2.1.6
    try:
        return draft.made(card, photos, before)
    except BadCard as bad:
        raise invalid_properties(*bad.properties[:20], why=bad.sentence) from bad


def _book(call: Call, given: dict[str, bool]) -> int:
    chosen = [each for each, value in given.items() if value]
    number = call.number(chosen[0]) if len(chosen) == 1 and len(given) == 1 else None
    if number is None:
        raise invalid_properties("addressBookIds", why="a card is in exactly one address book")
    return number


async def create(call: Call, unit: Unit, creation: Creation) -> Created:
    """Makes a card."""
    prepared: Prepared = creation.prepared
    assert prepared.draft is not None
    number = await _inserted(call, unit, _book(call, creation.values["addressBookIds"]), prepared.draft)
    return Created(number)


async def _inserted(call: Call, unit: Unit, book_id: int, made: Draft) -> int:
    access = await parts.several(unit, call.principal, SCOPE, [book_id])
    if book_id not in access or access[book_id].scope.account_id != call.account_id:
        raise invalid_properties("addressBookIds", why="no such address book")
    try:
        return await service.create(unit, call.principal, book_id, made)
    except Conflict as conflict:
        raise await _taken(call, unit, conflict) from conflict


async def _taken(call: Call, unit: Unit, conflict: Conflict) -> SetError:
    """alreadyExists, which names the other card to whoever may see it."""
    row: cards.Row = conflict.fields["row"]
    if await parts.several(unit, call.principal, SCOPE, [row.book_id]):
        return SetError("alreadyExists", conflict.sentence, existingId=ids.text(row.id))
    return invalid_properties("uid", why="this uid is taken")


async def update(call: Call, unit: Unit, change: Update) -> Object | None:
    """Changes a card, or puts it into another book."""
    row = await service.visible(unit, call.principal, call.account_id, change.object_id)
    values = {name: value for name, value in change.values.items() if name not in _OURS}
    if "addressBookIds" in change.values:
        book_id = _book(call, change.values["addressBookIds"])
        if book_id != row.book_id:
            await service.move(unit, call.principal, row, book_id)
            row = await cards.row_of(unit, call.account_id, row.id)
    if not values:
        return None
    await parts.part(unit, call.principal, row.book_id, SCOPE, Right.WRITE)
    before = await cards.stored(unit, row.id)
    card = {name: value for name, value in {**before.card, **values}.items() if value is not None}
    told: Object = {}
    if "updated" not in change.values:
        card["updated"] = told["updated"] = clock.utc_date(clock.now_ms())
    made = _draft(card, change.prepared.photos, before)
    try:
        await service.replace(unit, call.principal, row, made)
    except Conflict as conflict:
        raise await _taken(call, unit, conflict) from conflict
    if "media" in values and made.card.get("media") != values["media"]:
        told["media"] = made.card.get("media")
    return told


async def destroy(call: Call, unit: Unit, number: int) -> None:
    """Destroys a card."""
    row = await service.visible(unit, call.principal, call.account_id, number)
    await service.destroy(unit, call.principal, row)


async def _original(copying: Copying) -> Draft | None:
    source = copying.source
    try:
        row = await service.visible(source.db, source.principal, source.account_id, copying.object_id)
    except NotFound:
        return None
    made = draft.read(await cards.data_of(source.db, row.id))
    await service.keep(source.context.store, [made])
    return made


async def copy(call: Call, unit: Unit, copying: Copying) -> Created:
    """Copies a card into a book of another account; only where it goes may be said anew."""
    if wrong := copying.values.keys() - {"id", "addressBookIds"}:
        raise invalid_properties(*sorted(wrong), why="a copy keeps the card as it is")
    prepared: Prepared = copying.prepared
    if prepared.draft is None:
        raise SetError("notFound")
    source = copying.source
    await service.visible(unit, source.principal, source.account_id, copying.object_id)
    if not isinstance(given := copying.values.get("addressBookIds"), dict):
        raise invalid_properties("addressBookIds", why="a copy needs an address book")
    return Created(await _inserted(call, unit, _book(call, given), prepared.draft))
