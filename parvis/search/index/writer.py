"""Putting an item into the index and taking it out: the SQL, within the caller's unit of work."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from parvis.kernel import clock
from parvis.kernel.knowledge import Item
from parvis.search.index import names
from parvis.search.index.conditions import labels, people
from parvis.search.index.engine import Engine, PassageWords
from parvis.search.place import Place
from parvis.search.words.stem import forms
from parvis.search.words.tokens import words
from parvis.store.sql.contract import Database
from parvis.store.unit import Unit

FORMAT = 2
"""Raised when extraction, cutting or words change: every item is then indexed anew by `reindex`."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A passage before it has a number."""

    part: str
    start: int
    end: int
    place: Place
    heading: str
    language: str
    body: str


@dataclass(slots=True)
class Reading:
    """What was read of one document."""

    part: str
    file_name: str
    media_type: str
    characters: int = 0
    reason: str = ""
    sentence: str = ""
    cuts: list[Cut] = field(default_factory=list)


def fingerprint(item: Item) -> str:
    """Changes when the item has to be read again; labels do not count."""
    parts = [str(FORMAT), str(item.scope_id), item.title, item.author, *item.people]
    parts += [f"{d.part}:{d.title}:{d.file_name}:{d.media_type}:{d.size}" for d in item.documents]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


async def is_indexed(db: Database, item: Item, print_: str) -> bool:
    """Whether the item is indexed as it is, so that at most its labels are to be brought up to date."""
    return bool(
        await db.value(
            """SELECT 1 FROM search_item
            WHERE account_id = ? AND kind = ? AND object_id = ? AND fingerprint = ? AND time_ms = ?""",
            item.account_id,
            item.kind,
            item.object_id,
            print_,
            item.time_ms,
        )
    )


async def relabel(unit: Unit, item: Item, print_: str) -> None:
    """Brings the labels of an item that is indexed as it is up to date."""
    await unit.run(
        """UPDATE search_item SET labels = ?, has_attachment = ?
        WHERE account_id = ? AND kind = ? AND object_id = ? AND fingerprint = ?""",
        *_facets(item),
        item.account_id,
        item.kind,
        item.object_id,
        print_,
    )


async def put(unit: Unit, engine: Engine, item: Item, print_: str, readings: Sequence[Reading]) -> int:
    """Indexes an item in place of what was there of it. Returns how many passages it has: none when its scope was
    erased, or another node indexed it, meanwhile."""
    await remove(unit, engine, item.account_id, item.kind, item.object_id)
    number = await _insert(unit, item, print_)
    if number is None:
        return 0
    everybody = list(dict.fromkeys(filter(None, (item.author, *item.people))))
    await names.add(unit, item.scope_id, item.title, everybody)
    await unit.many(
        """INSERT INTO search_document (item_id, part, file_name, media_type, characters, reason, sentence)
        VALUES (?, ?, ?, ?, ?, ?, ?)""",
        [(number, r.part, r.file_name, r.media_type, r.characters, r.reason, r.sentence) for r in readings],
    )
    found: list[PassageWords] = []
    for reading in readings:
        for cut in reading.cuts:
            passage = await _passage(unit, number, item, cut)
            found.append(_words_of(passage, item, reading, cut, everybody, first=not found))
    await engine.add_words(unit, found)
    return len(found)


async def _insert(unit: Unit, item: Item, print_: str) -> int | None:
    number: int | None = await unit.value(
        """INSERT INTO search_item (labels, has_attachment, account_id, scope_id, kind, object_id, title, author,
        origin, people, time_ms, fingerprint, indexed_ms)
        SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
        WHERE EXISTS (SELECT 1 FROM scope WHERE id = ?) ON CONFLICT DO NOTHING RETURNING id""",
        *_facets(item),
        item.account_id,
        item.scope_id,
        item.kind,
        item.object_id,
        item.title,
        item.author,
        item.origin,
        people(item.author, item.people),
        item.time_ms,
        print_,
        clock.now_ms(),
        item.scope_id,
    )
    return number


async def _passage(unit: Unit, item_id: int, item: Item, cut: Cut) -> int:
    number = await unit.value(
        """INSERT INTO search_passage (item_id, scope_id, time_ms, language, part, start_at, end_at, place)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id""",
        item_id,
        item.scope_id,
        item.time_ms,
        cut.language,
        cut.part,
        cut.start,
        cut.end,
        cut.place.encode(),
    )
    await unit.run(
        "INSERT INTO search_content (passage_id, heading, body) VALUES (?, ?, ?)", number, cut.heading, cut.body
    )
    return int(number)


def _words_of(
    passage: int, item: Item, reading: Reading, cut: Cut, everybody: Sequence[str], *, first: bool
) -> PassageWords:
    """The title is with every passage; the people only with the first, where a search for a name belongs."""
    head = words(f"{item.title} {reading.file_name} {' '.join(everybody) if first else ''}")
    body = words(f"{cut.heading} {cut.body}" if cut.heading and cut.heading not in cut.body else cut.body)
    inflected = forms(words(item.title), cut.language) + forms(body, cut.language)
    whole = {*head, *body}
    return PassageWords(passage, head, body, [form for form in inflected if form not in whole])


async def remove(unit: Unit, engine: Engine, account_id: int, kind: str, object_id: int) -> None:
    """Takes an item out, with all that was kept of it; nothing when it is not there."""
    row = await unit.row(
        """DELETE FROM search_item WHERE account_id = ? AND kind = ? AND object_id = ?
        RETURNING id, scope_id, title, author, people""",
        account_id,
        kind,
        object_id,
    )
    if row is None:
        return
    number, scope, title, author, folded = row
    passages = [found[0] for found in await unit.rows("SELECT id FROM search_passage WHERE item_id = ?", number)]
    await engine.remove(unit, passages)
    await unit.many("DELETE FROM search_content WHERE passage_id = ?", [(passage,) for passage in passages])
    for table in ("search_passage", "search_document"):
        await unit.run(f"DELETE FROM {table} WHERE item_id = ?", number)
    others = folded.split("\n")[3:]
    await names.remove(unit, scope, title, list(dict.fromkeys(filter(None, (author, *others)))))


def _facets(item: Item) -> tuple[str, int]:
    mailboxes = [int(number) for number in item.facets.get("mailboxIds", ())]
    keywords = item.facets.get("keywords", ())
    return labels(mailboxes, [str(word) for word in keywords]), int(bool(item.facets.get("hasAttachment")))
