"""Cards of one person that are there twice: found by address, telephone number or name, made one, and taken apart
again. Found by index in a question of its own, never while somebody waits for something else."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from parvis.access import parts
from parvis.access.principal import Principal, Right
from parvis.contacts import books, cards, draft, index, service
from parvis.contacts.cards import Row
from parvis.contacts.draft import Draft
from parvis.contacts.model import SCOPE, Card
from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, Invalid, NotFound
from parvis.kernel.languages import fold
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.jscontact.patch import same

MOST_TOGETHER = 20
"""Cards that become one at once."""
_MOST_GROUPS = 50
"""Groups in which members are changed by one merge."""
_KEPT_MS = 30 * 86_400_000
"""How long a merge can be undone."""
_PAIRS = """SELECT w.card_id, c.card_id FROM contact_word w JOIN contact_word c ON c.account_id = w.account_id
    AND c.field = w.field AND c.word = w.word AND c.card_id > w.card_id WHERE w.account_id = ? AND w.field = ?
    AND {which} LIMIT 20000"""
_NAMES = """SELECT a.id, b.id FROM contact_card a JOIN contact_card b ON b.account_id = a.account_id
    AND b.folded = a.folded AND b.id > a.id WHERE a.account_id = ? AND a.folded <> '' AND a.kind <> 'group'
    AND b.kind <> 'group' LIMIT 20000"""


@dataclass(slots=True)
class Alike:
    """Cards that may be one person's."""

    cards: list[int]
    reasons: set[str] = field(default_factory=set)
    """`email`, `phone`, `name`"""


async def find(store: Store, principal: Principal, account_id: int, limit: int) -> list[Alike]:
    """Groups of cards in books that the principal may change, the surest first."""
    seen = {each.scope.id for each in await parts.readable(store.db, principal, account_id, SCOPE, Right.WRITE)}
    pairs: list[tuple[int, int, str]] = []
    for reason, sql, args in (
        ("email", _PAIRS.format(which="w.word LIKE '%@%'"), (account_id, "email")),
        ("phone", _PAIRS.format(which=f"LENGTH(w.word) >= {index.NATIONAL}"), (account_id, "phone")),
        ("name", _NAMES, (account_id,)),
    ):
        pairs += [(one, other, reason) for one, other in await store.db.scan(sql, *args)]
    places = await _places(store, account_id, {number for pair in pairs for number in pair[:2]})
    found = _joined([pair for pair in pairs if places.get(pair[0]) in seen and places.get(pair[1]) in seen])
    return sorted(found, key=lambda each: (-len(each.reasons), each.cards))[:limit]


async def _places(store: Store, account_id: int, numbers: Iterable[int]) -> dict[int, int]:
    rows = await store.db.rows(
        f"""SELECT id, book_id FROM contact_card WHERE account_id = ? AND kind <> 'group'
        AND id IN {store.db.dialect.numbers}""",
        account_id,
        msgspec.json.encode(sorted(numbers)).decode(),
    )
    return dict(rows)


def _joined(pairs: Sequence[tuple[int, int, str]]) -> list[Alike]:
    """Pairs as groups: who is like one of a group is in it."""
    groups: dict[int, Alike] = {}
    for one, other, reason in pairs:
        first = groups.get(one) or Alike([one])
        second = groups.get(other) or Alike([other])
        if first is not second:
            first = Alike(sorted({*first.cards, *second.cards}), first.reasons | second.reasons)
        first.reasons.add(reason)
        for number in first.cards:
            groups[number] = first
    return list({id(each): each for each in groups.values()}.values())


class _Before(msgspec.Struct):
    """A card as it was."""

    id: int
    book_id: int
    name: str
    data: str
    """The octets in base64."""
    kept: bool
    """It is still there, with other content."""


async def merge(store: Store, principal: Principal, account_id: int, numbers: Sequence[int]) -> int:
    """Makes cards one: the first takes what the others have and it has not, and stands for them in groups. Returns
    the id by which that is undone. Raises NotFound, Forbidden, Invalid."""
    wanted = list(dict.fromkeys(numbers))
    if not 2 <= len(wanted) <= MOST_TOGETHER:
        raise Invalid(f"2 to {MOST_TOGETHER} cards become one", field="cardIds")
    return await store.write(lambda unit: _merge(unit, principal, account_id, wanted))


async def _merge(unit: Unit, principal: Principal, account_id: int, numbers: Sequence[int]) -> int:
    rows = [await cards.row_of(unit, account_id, number) for number in numbers]
    for row in rows:
        right = Right.WRITE if row is rows[0] else Right.WRITE | Right.DELETE
        await books.writable(unit, principal, row.book_id, right)
    whole = [await cards.stored(unit, row.id) for row in rows]
    before = [await _before(unit, row, kept=row is rows[0]) for row in rows]
    card, photos = whole[0].card, dict(whole[0].photos)
    for other in whole[1:]:
        card = together(card, other.card)
        photos |= other.photos
    made = draft.made({**card, "updated": clock.utc_date(clock.now_ms())}, photos, whole[0])
    before += await _regroup(unit, principal, account_id, rows)
    for row in rows[1:]:
        await cards.delete(unit, row)
    await cards.replace(unit, rows[0], made)
    number, now = ids.new_id(), clock.now_ms()
    await unit.run("DELETE FROM contact_merge WHERE account_id = ? AND merged_ms < ?", account_id, now - _KEPT_MS)
    await unit.run(
        "INSERT INTO contact_merge (id, account_id, card_id, before, etag, merged_ms) VALUES (?, ?, ?, ?, ?, ?)",
        number,
        account_id,
        rows[0].id,
        msgspec.json.encode(before),
        made.etag,
        now,
    )
    return number


async def _before(unit: Unit, row: Row, *, kept: bool) -> _Before:
    data = await cards.data_of(unit, row.id)
    return _Before(row.id, row.book_id, row.name, base64.b64encode(data).decode(), kept)


async def _regroup(unit: Unit, principal: Principal, account_id: int, rows: Sequence[Row]) -> list[_Before]:
    """Lets groups have the first card as member instead of the others. RFC 9553 §2.1.6"""
    first, *others = rows
    before: list[_Before] = []
    for number in await cards.with_members(unit, account_id, [row.uid for row in others], _MOST_GROUPS):
        group = await cards.row_of(unit, account_id, number)
        if not await parts.several(unit, principal, SCOPE, [group.book_id], Right.WRITE):
            continue
        stored = await cards.stored(unit, number)
        members = stored.card.get("members")
        bare = {row.uid.removeprefix("urn:uuid:") for row in others}
        rest = {uid: True for uid in members or {} if uid.removeprefix("urn:uuid:") not in bare}
        made = draft.made({**stored.card, "members": {**rest, first.uid: True}}, {}, stored)
        before.append(await _before(unit, group, kept=True))
        await cards.replace(unit, group, made)
    return before


def together(card: Card, other: Card) -> Card:
    """A card with what another has and it has not."""
    made = dict(card)
    for name, value in other.items():
        present = made.get(name)
        if name in _SINGLE or name.startswith("@"):
            continue
        if present is None:
            made[name] = value
        elif isinstance(present, dict) and isinstance(value, dict):
            made[name] = _maps(name, present, value)
        elif isinstance(present, list) and isinstance(value, list):
            made[name] = [*present, *(each for each in value if not any(same(each, one) for one in present))]
    return made


_SINGLE = frozenset({"uid", "version", "created", "updated", "prodId", "kind", "language", "name", "localizations"})


def _maps(name: str, present: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    """Objects that are there already are not there twice; the first photo stays the only one."""
    made = dict(present)
    known = {_essence(name, each) for each in present.values()}
    has_photo = name == "media" and any(_is_photo(each) for each in present.values())
    for key, each in value.items():
        if not isinstance(each, dict):
            made.setdefault(key, each)
            continue
        if _essence(name, each) in known or (has_photo and _is_photo(each)):
            continue
        made[_free(key, made)] = {k: v for k, v in each.items() if k != "pref"}
    return made


def _is_photo(each: Any) -> bool:
    return isinstance(each, dict) and each.get("kind") == "photo"


def _free(key: str, taken: dict[str, Any]) -> str:
    number, fresh = 1, key
    while fresh in taken:
        number += 1
        fresh = f"{key[:200]}-{number}"
    return fresh


def _essence(name: str, each: Any) -> str:
    """What makes two objects the same."""
    if not isinstance(each, dict):
        return repr(each)
    if name == "emails":
        return fold(str(each.get("address", "")))
    if name == "phones":
        return index.digits(str(each.get("number", "")))[-index.NATIONAL :]
    plain = {key: value for key, value in each.items() if key not in ("pref", "contexts", "vCardParams", "@type")}
    return msgspec.json.encode(plain, order="sorted").decode()


async def undo(store: Store, principal: Principal, account_id: int, number: int) -> list[int]:
    """Takes cards apart again, as they were. Returns their ids. Raises NotFound, Forbidden, and Conflict when the
    one card was changed since."""
    row = await store.db.row("SELECT before FROM contact_merge WHERE id = ? AND account_id = ?", number, account_id)
    if row is None:
        raise NotFound("there is nothing to undo")
    was = msgspec.json.decode(bytes(row[0]), type=list[_Before])
    drafts = [draft.read(base64.b64decode(each.data)) for each in was]
    await service.keep(store, drafts)
    return await store.write(
        lambda unit: _undo(unit, principal, account_id, number, list(zip(was, drafts, strict=True)))
    )


async def _undo(
    unit: Unit, principal: Principal, account_id: int, number: int, was: Sequence[tuple[_Before, Draft]]
) -> list[int]:
    found = await unit.row("SELECT card_id, etag FROM contact_merge WHERE id = ?", number)
    if found is None:
        raise NotFound("there is nothing to undo")
    kept = await cards.row_of(unit, account_id, found[0])
    if kept.etag != found[1]:
        raise Conflict("the card was changed since", field="mergeId")
    rows: dict[int, Row] = {}
    for before, _ in was:
        await books.writable(unit, principal, before.book_id)
        if before.kept and (row := await cards.find(unit, account_id, before.id)) is not None:
            rows[before.id] = row
    for before, made in was:
        if before.id in rows:
            await cards.replace(unit, rows[before.id], made)
    for before, made in was:
        if not before.kept:
            await cards.insert(unit, account_id, before.book_id, made, name=before.name, number=before.id)
    await unit.run("DELETE FROM contact_merge WHERE id = ?", number)
    return [before.id for before, _ in was]
