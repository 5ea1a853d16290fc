"""Address books and cards as CardDAV sees them. RFC 6352"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, ClassVar

from parvis.access import parts, visibility
from parvis.access.gate import Access
from parvis.access.principal import Principal, Right
from parvis.contacts import books, cards, draft, service
from parvis.contacts.books import Book
from parvis.contacts.cards import Row
from parvis.contacts.draft import Draft
from parvis.contacts.jmap.card_query import contains
from parvis.contacts.model import CARD, LIMITS, SCOPE
from parvis.contacts.transfer import Books
from parvis.kernel import ids
from parvis.kernel.errors import Conflict, Forbidden, Invalid, ParvisError, TooLarge
from parvis.serve.dav import dead
from parvis.serve.dav.listing import Listing
from parvis.serve.dav.tree import (
    Columns,
    Content,
    Members,
    Node,
    Precondition,
    Put,
    Reader,
    Search,
    Shape,
    SyncPage,
    Tree,
    Upload,
    home_of,
    href,
    mounted,
    unmounted,
)
from parvis.serve.dav.walk import walk
from parvis.store.sql.contract import Database
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire import contentlines, vcard
from parvis.wire.contentlines import BadContent
from parvis.wire.dav.element import Element
from parvis.wire.dav.names import carddav, dav

_DESCRIPTION = carddav("addressbook-description")
_MEDIA = "text/vcard; charset=utf-8"
_LISTING = Listing(
    table="contact_card",
    part="book_id",
    columns={name: name for name in ("id", "name", "etag", "size", "created_ms", "modified_ms")},
    media_type=_MEDIA,
)


class AddressBooks(Tree):
    """`/dav/addressbooks/<account>/<book>/<card>.vcf`"""

    home = "addressbooks"
    largest = LIMITS.bytes
    live: ClassVar[Mapping[str, bool]] = {dav("displayname"): True, _DESCRIPTION: True}

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(
        self, db: Reader, principal: Principal, account_id: int, segments: tuple[str, ...]
    ) -> Node | None:
        """One statement for a book, one more for a card."""
        if not segments:
            return await home_of(db, principal, account_id, SCOPE)
        name = segments[0]
        if account_id == principal.id and (mount := unmounted(name)) is not None:
            account_id, name = mount
        book = await books.by_slug(db, account_id, name)
        if book is None or len(segments) > 2:
            return None
        access = (await parts.several(db, principal, SCOPE, [book.id])).get(book.id)
        if access is None:
            return None
        if len(segments) == 1:
            states = await cards.states(db, [book.id])
            return _book(book, access, segments[0], states.get(book.id, 0))
        found = await cards.named(db, book.id, [segments[1]])
        return _card(book, access, *found[0]) if found else None

    async def children(
        self, db: Reader, principal: Principal, node: Node, after: str, limit: int
    ) -> Sequence[Node]:
        """Of the own home also the books of others."""
        if node.shape == "addressbook":
            return (await _LISTING.after(db, node, after, limit)).nodes()
        own = principal.id == node.account_id
        found = await parts.readable(db, principal, None if own else node.account_id, SCOPE)
        seen = {access.scope.id: access for access in found}
        nodes = []
        for book in (await books.by_ids(db, list(seen))).values():
            name = book.slug if book.account_id == node.account_id else mounted(book.account_id, book.slug)
            if name > after:
                nodes.append((name, book))
        page = sorted(nodes, key=lambda each: each[0])[:limit]
        states = await cards.states(db, [book.id for _, book in page])
        return [_book(book, seen[book.id], name, states.get(book.id, 0)) for name, book in page]

    def listed(
        self, db: Database, principal: Principal, node: Node, fields: frozenset[str] | None, page: int
    ) -> AsyncIterator[Members]:
        """See Tree."""
        if node.shape == "addressbook":
            return _LISTING.pages(db, node, fields, page)
        return super().listed(db, principal, node, fields, page)

    async def several(
        self, db: Reader, principal: Principal, node: Node, names: Sequence[str], *, content: bool = False
    ) -> Sequence[Node]:
        """The cards of these names."""
        found = await cards.named(db, node.id, names, content)
        return [_card(node.own, node.access, row, data) for row, data in found]

    async def read(self, principal: Principal, node: Node, accept: str = "") -> Content:
        """The card as it was put, or in the version that the client asks for. RFC 6352 §5.1"""
        data = await cards.data_of(self._store.db, node.id)
        version = asked_version(accept)
        etag = ""
        if version and version != vcard.version_of(card := contentlines.parse(data)[0]):
            data = contentlines.write(vcard.to_version(card, version))
            etag = f"{node.etag}-{version[0]}"
        media = f"{_MEDIA}; version={version}" if version else _MEDIA
        return Content.of(data, media, etag)

    async def whole(self, principal: Principal, node: Node, accept: str = "") -> Content | None:
        """All cards as one file, each in the version in which it came. RFC 6350 §3.3"""
        if node.shape != "addressbook" or Right.READ not in node.access.rights:
            return None
        size, stream = await Books(self._store).written(node.id)
        return Content(size=size, media_type=_MEDIA, stream=stream, etag=f"{node.id}-{node.state}")

    async def properties(
        self, db: Reader, principal: Principal, members: Members, names: frozenset[str]
    ) -> Columns:
        """CARDDAV:addressbook-description, where it is not empty. RFC 6352 §6.2.1"""
        found = zip(members.column("shape"), members.column("own"), strict=True)
        return {_DESCRIPTION: [own.description or None if shape == "addressbook" else None for shape, own in found]}

    async def draft(self, principal: Principal, parent: Node, name: str, upload: Upload) -> Draft:
        """Reads a card and stores its photos. RFC 6352 §6.3.2.1"""
        if parent.shape != "addressbook":
            raise Precondition(carddav("addressbook-collection-location-ok"))
        if upload.media_type and upload.media_type.partition(";")[0].strip().lower() not in _TYPES:
            raise Precondition(carddav("supported-address-data"), "a card is text/vcard")
        try:
            upload.content.decode()  # RFC 6350 §3.1
            made = draft.read(upload.content)
        except UnicodeDecodeError as error:
            raise Precondition(carddav("valid-address-data"), "a card is UTF-8") from error
        except TooLarge as error:
            raise Precondition(carddav("max-resource-size"), error.sentence) from error
        except (BadContent, Invalid) as error:
            raise Precondition(carddav("valid-address-data"), error.sentence) from error
        await service.keep(self._store, [made])
        return made

    async def put(
        self,
        unit: Unit,
        principal: Principal,
        parent: Node,
        name: str,
        old: Node | None,
        upload: Upload,
        given: Any,
    ) -> Put:
        """Keeps a card byte for byte. One whose UID another card has is refused (no-uid-conflict)."""
        made: Draft = given if old is None else _same_card(old, given, upload)
        try:
            if old is None:
                await service.create(unit, principal, parent.id, made, name=name)
            else:
                await service.replace(unit, principal, old.own, made)
        except Conflict as conflict:
            raise await self._uid_conflict(unit, principal, conflict) from conflict
        return Put(etag=made.etag if made.data == upload.content else "")

    async def _uid_conflict(self, unit: Unit, principal: Principal, conflict: Conflict) -> ParvisError:
        row: Row | None = conflict.fields.get("row")
        if row is None:
            return conflict
        place = ""
        if await parts.several(unit, principal, SCOPE, [row.book_id]):
            book = (await books.by_ids(unit, [row.book_id]))[row.book_id]
            place = href(self.home, ids.text(row.account_id), book.slug, row.name)
        return Precondition(carddav("no-uid-conflict"), conflict.sentence, status=409, href=place)

    async def delete(self, unit: Unit, principal: Principal, node: Node, *, reply: bool = True) -> None:
        """A card, or a book with its cards."""
        if node.shape == "resource":
            await service.destroy(unit, principal, node.own)
            return
        if node.shape != "addressbook":
            raise Forbidden("a home cannot be deleted")
        await books.writable(unit, principal, node.id, Right.DELETE | Right.SHARE)
        if node.own.is_default:
            raise Forbidden("new cards go into this address book")
        await visibility.turn(unit)
        while await service.empty(unit, node.id):
            pass
        await dead.forget(unit, [node.id])
        await books.destroy(unit, principal, node.id)

    def makes(self, shape: Shape, properties: Mapping[str, Element]) -> bool:
        """Address books. RFC 5689, RFC 6352 §6.3.1"""
        return shape == "addressbook"

    async def make(
        self,
        unit: Unit,
        principal: Principal,
        parent: Node,
        name: str,
        shape: Shape,
        properties: Mapping[str, Element],
    ) -> int:
        """Makes a book in one's own home."""
        if not {Right.WRITE, Right.SHARE} <= set(parent.access.rights) or parent.account_id != principal.id:
            raise Forbidden("address books are made in one's own home")
        title, about = properties.get(dav("displayname")), properties.get(_DESCRIPTION)
        return await books.create(
            unit,
            parent.account_id,
            title.words() if title is not None and title.words() else name,
            description=about.words()[:2000] if about is not None else "",
            slug=name,
        )

    async def patch(
        self, unit: Unit, principal: Principal, node: Node, changes: Mapping[str, Element | None]
    ) -> None:
        """Name and description of a book."""
        if node.shape != "addressbook":
            raise Forbidden("only address books have a name")
        await books.writable(unit, principal, node.id)
        book = (await books.by_ids(unit, [node.id]))[node.id]
        values: dict[str, Any] = {}
        if dav("displayname") in changes:
            title = changes[dav("displayname")]
            values["name"] = title.words() if title is not None else book.slug
        if _DESCRIPTION in changes:
            about = changes[_DESCRIPTION]
            values["description"] = about.words()[:2000] if about is not None else ""
        await books.change(unit, book, values)

    async def copy(
        self,
        unit: Unit,
        principal: Principal,
        node: Node,
        parent: Node,
        name: str,
        replaced: Node | None,
        *,
        deep: bool,
    ) -> None:
        """A card into a book of another account: within one its UID is there once."""
        if node.shape != "resource" or parent.shape != "addressbook":
            raise Forbidden("only cards can be copied")
        await _freed(unit, principal, node, replaced)
        made = draft.read(await cards.data_of(unit, node.id))
        try:
            number = await service.create(unit, principal, parent.id, made, name=name)
        except Conflict as conflict:
            raise await self._uid_conflict(unit, principal, conflict) from conflict
        await dead.copy(unit, parent.account_id, [(node.id, number)])

    async def move(
        self, unit: Unit, principal: Principal, node: Node, parent: Node, name: str, replaced: Node | None
    ) -> None:
        """A card into another book of its account, or under another name; into another account as a new card."""
        if node.shape != "resource" or parent.shape != "addressbook":
            raise Forbidden("only cards can be moved")
        if node.account_id != parent.account_id:
            await self.copy(unit, principal, node, parent, name, replaced, deep=False)
            await service.destroy(unit, principal, node.own)
            return
        await _freed(unit, principal, node, replaced)
        await service.move(unit, principal, node.own, parent.id, name)

    async def sync(
        self, db: Database, principal: Principal, node: Node, state: int, limit: int, *, deep: bool
    ) -> SyncPage:
        """RFC 6578 §3.2"""
        if node.shape != "addressbook":
            raise Precondition(dav("supported-report"))
        found = await walk(db, node.account_id, CARD, node.id, state, limit)
        return SyncPage(
            changed=await _LISTING.of(db, node, found.present),
            departed=[(name,) for name in found.departed],
            state=found.state,
            more=found.more,
        )

    async def candidates(
        self, db: Reader, principal: Principal, node: Node, search: Search, after: int, limit: int
    ) -> Sequence[Node]:
        """Cards whose folded text may have what is looked for. RFC 6352 §8.6"""
        where, parameters = contains(search)
        rows = await cards.matching(db, node.id, where, parameters, after, limit)
        return [_card(node.own, node.access, row, data) for row, data in rows]


_TYPES = frozenset({"text/vcard", "text/x-vcard", "text/directory", "application/octet-stream", "text/plain"})


def _same_card(old: Node, given: Draft, upload: Upload) -> Draft:
    """A card keeps its UID, also when a client does not send it. RFC 6352 §6.3.2.1"""
    if _bare(given.uid) == _bare(old.own.uid):
        return given
    if given.data == upload.content:
        raise Precondition(carddav("no-uid-conflict"), "a card keeps its UID", status=409)
    return draft.with_uid(upload.content, old.own.uid)


def _bare(uid: str) -> str:
    return uid.removeprefix("urn:uuid:").lower()


async def _freed(unit: Unit, principal: Principal, node: Node, replaced: Node | None) -> None:
    """Nothing is there any more where a card goes: no other one is lost by it. RFC 6352 §6.3.2.1"""
    if replaced is not None:
        if _bare(node.own.uid) != _bare(replaced.own.uid):
            raise Precondition(carddav("no-uid-conflict"), "another card is there", status=409)
        await service.destroy(unit, principal, replaced.own)


def asked_version(accept: str) -> str:
    """The version of vCard that an Accept header asks for; empty when any will do. RFC 6352 §5.1"""
    for each in accept.lower().split(","):
        media, *params = (part.strip() for part in each.split(";"))
        if media in ("text/vcard", "text/x-vcard"):
            version = next((p.partition("=")[2].strip('" ') for p in params if p.startswith("version=")), "")
            if version in ("3.0", "4.0"):
                return version
    return ""


def _book(book: Book, access: Access, name: str, state: int) -> Node:
    return Node(
        id=book.id,
        shape="addressbook",
        name=name,
        access=access,
        place=(book.slug,),
        title=book.name,
        created_ms=book.created_ms,
        state=state,
        own=book,
    )


def _card(book: Book, access: Access, row: Row, data: bytes | None) -> Node:
    return Node(
        id=row.id,
        shape="resource",
        name=row.name,
        access=access,
        place=(book.slug, row.name),
        etag=row.etag,
        media_type=_MEDIA,
        size=row.size,
        created_ms=row.created_ms,
        modified_ms=row.modified_ms,
        content=bytes(data) if data is not None else None,
        own=row,
    )
