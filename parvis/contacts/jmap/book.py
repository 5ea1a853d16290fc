"""AddressBook/get and /set. RFC 9610 §2"""

from collections.abc import Sequence
from typing import Any

from parvis.access import parts
from parvis.access.principal import Right
from parvis.contacts import books, service
from parvis.contacts.books import Book
from parvis.contacts.model import DEFAULT, DIRECTORY, NAMES, SCOPE
from parvis.contacts.transfer import LETTER
from parvis.kernel import ids
from parvis.kernel.errors import Conflict
from parvis.serve.jmap import shares
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import SetError, invalid_properties
from parvis.serve.jmap.kind import Created, Creation, SetArguments, SetOutcome, Update
from parvis.serve.jmap.types import Invocation, Object
from parvis.store.unit import Unit

_FIELDS = {"name": "name", "description": "description", "sortOrder": "sort_order"}


class BookSetArguments(SetArguments):
    """RFC 9610 §2.3"""

    on_destroy_remove_contents: bool = False
    on_success_set_is_default: str | None = None


async def read(call: Call, numbers: Sequence[int] | None, wanted: frozenset[str]) -> list[Object]:
    """The books of the account that the principal may read, in their order."""
    db: Any = call.db
    found = await parts.readable(db, call.principal, call.account_id, SCOPE)
    seen = {access.scope.id: access for access in found if numbers is None or access.scope.id in numbers}
    present = await books.by_ids(db, list(seen))
    chosen, given = dict[int, bool](), dict[int, shares.ShareWith | None]()
    if "isSubscribed" in wanted:
        chosen = await books.subscriptions(db, list(present), call.principal.id)
    if "shareWith" in wanted:
        given = await shares.read(db, call.principal, list(present), NAMES)
    in_order = sorted(present.values(), key=lambda book: (book.sort_order, book.name, book.id))
    return [
        {
            "id": ids.text(book.id),
            "name": book.name,
            "description": book.description or None,
            "sortOrder": book.sort_order,
            "isDefault": book.is_default,
            "isSubscribed": chosen.get(book.id, seen[book.id].owner or book.role == DIRECTORY),
            "shareWith": given.get(book.id),
            "myRights": shares.mine(seen[book.id], NAMES),
            "fileBlobId": LETTER + ids.text(book.id),
            "role": None if book.role in ("", DEFAULT) else book.role,
        }
        for book in in_order
    ]


async def create(call: Call, unit: Unit, creation: Creation) -> Created:
    """Makes a book in one's own account (or a space's)."""
    values = creation.values
    if not (await parts.any_part(unit, call.principal, call.account_id, SCOPE)).arranges:
        raise SetError("forbidden", "only the owner of an account makes address books in it")
    number = await books.create(
        unit,
        call.account_id,
        values["name"],
        description=values["description"] or "",
        sort_order=values["sortOrder"],
    )
    if values["shareWith"]:
        await shares.apply(unit, call.principal, number, NAMES, values["shareWith"])
    if not values["isSubscribed"] or not call.access.owner:
        book = (await books.by_ids(unit, [number]))[number]
        await books.subscribe(unit, book, call.principal.id, values["isSubscribed"])
    return Created(number)


async def update(call: Call, unit: Unit, change: Update) -> Object | None:
    """Changes a book; whether somebody is subscribed is that person's own matter."""
    access = await parts.part(unit, call.principal, change.object_id, SCOPE)
    book = (await books.by_ids(unit, [change.object_id])).get(change.object_id)
    if book is None or access.scope.account_id != call.account_id:
        raise SetError("notFound")
    values: dict[str, Any] = {
        inside: change.values[outside] for outside, inside in _FIELDS.items() if outside in change.values
    }
    if values:
        await books.writable(unit, call.principal, book.id)
        await books.change(unit, book, values)
    if "isSubscribed" in change.values:
        await books.subscribe(unit, book, call.principal.id, change.values["isSubscribed"])
    if "shareWith" in change.values:
        if book.role == DIRECTORY:
            raise SetError("forbidden", "the directory is everybody's already")
        if await shares.apply(unit, call.principal, book.id, NAMES, change.values["shareWith"] or {}):
            await unit.changed(book.account_id, "AddressBook", book.id, "updated", part=book.id)
    return None


async def destroy(call: Call, unit: Unit, number: int) -> None:
    """Destroys a book, with what is in it when that is asked for. RFC 9610 §2.3"""
    _, book = await books.writable(unit, call.principal, number, Right.DELETE | Right.SHARE)
    if book.account_id != call.account_id:
        raise SetError("notFound")
    if getattr(call.arguments, "on_destroy_remove_contents", False) and not book.is_default:
        while await service.empty(unit, number):
            pass
    try:
        await books.destroy(unit, call.principal, number)
    except Conflict as conflict:
        if conflict.fields.get("reason"):
            raise SetError(conflict.fields["reason"], conflict.sentence) from conflict
        raise invalid_properties("isDefault", why=conflict.sentence) from conflict


async def after_set(call: Call, outcome: SetOutcome) -> list[Invocation]:
    """onSuccessSetIsDefault: told among what was created and updated. RFC 9610 §2.3"""
    given = call.arguments.on_success_set_is_default
    failed = outcome.not_created or outcome.not_updated or outcome.not_destroyed
    number = call.number(given) if given is not None and not failed else None
    if number is None:
        return []

    async def work(unit: Unit) -> list[int]:
        access = await parts.any_part(unit, call.principal, call.account_id, SCOPE)
        return await books.make_default(unit, call.account_id, number) if access.arranges else []

    changed = await call.context.store.write(work)
    outcome.more = bool(changed)
    for each in changed:
        text, value = ids.text(each), each == number
        made = next((made for made in outcome.created.values() if made["id"] == text), None)
        if made is not None:
            made["isDefault"] = value
        else:
            outcome.updated[text] = {**(outcome.updated.get(text) or {}), "isDefault": value}
    return []


def shown(book: Book) -> Object:
    """A book as tools show it."""
    return {"id": ids.text(book.id), "name": book.name}
