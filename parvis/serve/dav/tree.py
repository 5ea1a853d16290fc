"""What a room brings to be seen by WebDAV, CalDAV and CardDAV: one Tree. RFC 4918, RFC 4791, RFC 6352

A tree hangs in one of three homes, and several trees may share one:

    /dav/calendars/<account>/<collection>/<resource>       home "calendars" (the rooms calendar and tasks)
    /dav/addressbooks/<account>/<collection>/<resource>    home "addressbooks"
    /dav/files/<account>/<folder>/…/<file>                 home "files", as deep as it likes

The engine (serve.dav) does everything that is the same for all: HTTP, XML, paths, conditions, locks, dead
properties, streams, reports. It resolves a path by `find`, and for a change does so again inside of the unit of
work, checks conditions and locks there, and calls the tree's function in that same unit: a tree never looks at
If-Match, and never opens a unit itself.

Rights: `find` and `children` give only what the principal may read (for a calendar: READ or FREE_BUSY; the engine
lets who has only FREE_BUSY ask for free-busy and nothing else). What changes something checks its right itself, by
`node.access` (fresh, as it was read inside of the unit), and raises Forbidden.

Shared parts of other accounts: the account in the path names the owner, and `find(db, principal, owner, …)` serves
whoever may read. Besides, clients look only into the home of the person who has signed in, so there (and only
there: `account_id == principal.id`) `children` of the home gives the shared collections too, under the name
`mounted(owner, name)`, and `find` resolves such a name (`unmounted`). For files a mount may have a name that
people can read. `place` of the node is always where it is in its owner's account.

Errors are ParvisErrors; a named condition of an RFC is `Precondition`.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, ClassVar, Literal, Protocol
from urllib.parse import quote

import msgspec

from parvis.access import parts
from parvis.access.gate import Access
from parvis.access.principal import Principal, Right
from parvis.kernel import ids
from parvis.kernel.errors import Forbidden, NotFound, ParvisError
from parvis.store.blobs.contract import CHUNK
from parvis.store.blobs.extents import Extent
from parvis.store.sql.contract import Database, Tx
from parvis.store.unit import Unit
from parvis.wire.dav.element import Element, Value

Reader = Database | Tx | Unit
PAGE = 400
"""Members that are read, and told of, at once."""
Home = Literal["calendars", "addressbooks", "files"]
Shape = Literal["home", "folder", "calendar", "addressbook", "inbox", "outbox", "resource"]
"""What a node is: a home of collections; a plain collection; the special collections; or no collection."""


class Precondition(ParvisError):
    """A condition that an RFC names is not met: `Precondition(caldav("no-uid-conflict"), href="/dav/…")`. It is
    answered with 403 (409 or what `status` says) and the element in DAV:error. RFC 4918 §16, RFC 4791 §1.3"""

    code = "precondition"

    def __init__(self, element: str, sentence: str = "", *, status: int = 403, href: str = "") -> None:
        super().__init__(sentence or element.rpartition("}")[2])
        self.element, self.status, self.href = element, status, href


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A collection or a resource, as one principal may see it."""

    id: int
    """Never used for anything else in this home; locks and dead properties hang on it and on `place`. For a
    collection that is a part, the scope's id."""
    shape: Shape
    name: str
    """The last segment of its path as asked for or listed, decoded; of a mount the mounted name."""
    access: Access
    """What the principal may do in the scope it belongs to; `access.scope.account_id` is the owner."""
    place: tuple[str, ...]
    """Where it is in its owner's account: segments below `/dav/<home>/<owner>/`. Two paths to one thing have one
    place."""
    title: str | None = None
    """DAV:displayname; None for a node that has none."""
    etag: str = ""
    """Opaque, without quotes, another one whenever the bytes change, also when something else comes to the same
    path; of a collection "", or another one whenever anything below changes. RFC 4918 §8.6, §8.8, RFC 6352
    §6.3.2.3"""
    schedule_tag: str = ""
    """CALDAV:schedule-tag without quotes. RFC 6638 §3.2.10, §8.2, §9.3"""
    media_type: str = ""
    """DAV:getcontenttype: `text/calendar; charset=utf-8; component=vevent`."""
    size: int = 0
    """DAV:getcontentlength in bytes."""
    created_ms: int | None = None
    modified_ms: int | None = None
    state: int | None = None
    """For a collection that can be synchronised: the newest modseq in it. It makes DAV:sync-token and getctag."""
    rest: str = ""
    """What the state of a collection of several trees says besides: a second part of its sync token."""
    content: bytes | None = None
    """The bytes, when they were asked for with the node: `several(content=True)` and `candidates`."""
    sure: bool = False
    """Of a candidate: the tree's index says that all of the search holds, exactly as the RFC has it, so that its
    bytes need not be read."""
    own: Any = None
    """What the tree wants to know again when it is given the node back, as its row."""

    @property
    def collection(self) -> bool:
        """Whether it may have members."""
        return self.shape != "resource"

    @property
    def account_id(self) -> int:
        """The owner."""
        return self.access.scope.account_id


class Members(Protocol):
    """Some nodes in columns: what is said of many is made of a whole column at once, not of one node after the
    other."""

    def __len__(self) -> int: ...

    def column(self, name: str) -> Sequence[Any]:
        """What each has in this field of Node."""
        ...


class Nodes:
    """Members that are there as nodes."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = nodes

    def __len__(self) -> int:
        return len(self.nodes)

    def column(self, name: str) -> Sequence[Any]:
        """See Members."""
        return list(map(attrgetter(name), self.nodes))

    @classmethod
    def pages(cls, nodes: Sequence[Node]) -> "list[Nodes]":
        """Many of them, some at a time."""
        return [cls(nodes[start : start + PAGE]) for start in range(0, len(nodes), PAGE)]


Columns = Mapping[str, Sequence[Value | None]]
"""By name of a property what each of some nodes has; None for those that have none."""


def columns(names: frozenset[str], values: Sequence[Mapping[str, Value]]) -> Columns:
    """The values of each node by name, turned."""
    return {name: [each.get(name) for each in values] for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The bytes of a resource as it is read. `stream(start, end)` gives them in small chunks, or says in which file
    they lie; end exclusive."""

    size: int
    media_type: str
    stream: Callable[[int, int], AsyncIterator[bytes | Extent]]
    etag: str = ""
    """When these bytes are another form of the resource than `node.etag` stands for (vCard 3 of a vCard 4)."""
    data: bytes | None = None
    """The bytes, when they are in memory anyway."""

    def part(self, start: int, end: int) -> bytes | AsyncIterator[bytes | Extent]:
        """The bytes from `start` to `end` (exclusive), as an answer has them."""
        return self.stream(start, end) if self.data is None else self.data[start:end]

    @classmethod
    def of(cls, data: bytes, media_type: str, etag: str = "") -> "Content":
        """Bytes that are in memory."""

        async def stream(start: int, end: int) -> AsyncIterator[bytes | Extent]:
            for place in range(start, end, CHUNK):
                yield data[place : min(place + CHUNK, end)]

        return cls(size=len(data), media_type=media_type, stream=stream, etag=etag, data=data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A body that has come whole."""

    media_type: str
    """As the client says; "" when it says nothing."""
    size: int
    content: bytes
    """The bytes, when the tree keeps="bytes"; empty otherwise."""
    digest: str = ""
    """When the tree keeps="blob": its hash in the blob store. The engine has taken the blob's step in the unit
    before `put`; the tree links it (serve.jmap.blobs.link)."""
    modified_ms: int | None = None
    """When the client says that the bytes were last changed: X-OC-Mtime, as ownCloud's clients and rclone send
    it."""
    on_schedule_tag: bool = False
    """Whether the client knew what it changes by its schedule-tag alone. RFC 6638 §3.2.10.1"""
    checksum: str = ""
    """What the client says the bytes are: OC-Checksum, `SHA256:` and the hash in hexadecimal digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """What a PUT has made."""

    etag: str = ""
    """"" when the server keeps other bytes than it was given: then the client must read them. RFC 4791 §5.3.4"""
    schedule_tag: str = ""
    id: int = 0
    """The node, where the tree has more headers for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What an index can use of a report's filter. Candidates may be too many, never too few: the engine looks at
    each one's bytes afterwards."""

    component: str = ""
    """VEVENT, VTODO, VJOURNAL, VFREEBUSY, or "" for any."""
    start_ms: int | None = None
    """Instances that touch start ≤ t < end are wanted; None is open."""
    end_ms: int | None = None
    uid: str = ""
    """The UID is exactly this."""
    text: Mapping[str, str] = field(default_factory=dict)
    """By property name in upper case (`FN`, `EMAIL`): a text that its value contains, compared without case. All
    of them hold; empty says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncPage:
    """What happened below a collection after a state, oldest first. RFC 6578 §3.5"""

    changed: Sequence[Members]
    """As they are now, some at a time."""
    departed: Sequence[tuple[str, ...]]
    """What is no longer there: segments below the collection."""
    state: int
    """Where the next page, or the next time, goes on."""
    more: bool
    place: str = ""
    """Where the next page goes on within the changes after `state`: letters, digits, dots and minus signs, given
    back to the tree."""
    closed: Sequence[Node] = ()
    """Collections below that are not looked into. RFC 6578 §3.3"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """The answer to a POST that a tree understands."""

    status: int
    body: bytes = b""
    media_type: str = "application/xml; charset=utf-8"
    headers: Sequence[tuple[str, str]] = ()


class Tree(ABC):
    """One room's collections and resources. `db` is a database for reading, or the unit of a change."""

    home: ClassVar[Home]
    """Where it hangs."""
    keeps: ClassVar[Literal["bytes", "blob"]] = "bytes"
    """Whether bodies of PUT come as bytes (small ones, parsed anyway) or are streamed into the blob store."""
    largest: int = 10_000_000
    """The most bytes of one resource: DAV's max-resource-size."""
    largest_post: int = 0
    """The most bytes of what is posted, where that may be more."""
    lockable: ClassVar[bool] = False
    """Whether LOCK is possible; a lock on an unmapped path puts an empty resource. RFC 4918 §7.3"""
    compliance: ClassVar[Sequence[str]] = ()
    """More words for the DAV header within this home: `calendar-auto-schedule`."""
    live: ClassVar[Mapping[str, bool]] = {}
    """Properties (Clark's notation) that the tree itself answers, and whether clients may set them. DAV:displayname
    may be among them; everything else that clients set is kept as a dead property by the engine."""
    depth: ClassVar[Literal["one", "deep"]] = "one"
    """Whether there are collections in collections; one-level trees take new collections only in the home."""
    joins: ClassVar[bool] = False
    """Whether a collection may be one with that of another tree at the same path (serve.dav.joined): then its home
    is small, what its `draft` returns has a `uid`, and another kind is refused by supported-calendar-component."""

    # Looking

    def of(self, node: Node) -> "Tree":
        """The tree of a member that this one gave: itself, unless it is several."""
        return self

    @abstractmethod
    async def find(
        self, db: Reader, principal: Principal, account_id: int, segments: tuple[str, ...]
    ) -> Node | None:
        """The node at a path, None when there is none or the principal may not read it (or its free-busy).
        `segments` is decoded and NFC; () is the home itself, or the root folder: None when the principal sees
        nothing in that account. At most one statement a level."""

    @abstractmethod
    async def children(
        self, db: Reader, principal: Principal, node: Node, after: str, limit: int
    ) -> Sequence[Node]:
        """Members of a collection whose name is greater than `after`, ordered by name as the database does, at most
        `limit`; fewer than `limit` means the end. Of a home: its collections, and the mounts."""

    async def several(
        self, db: Reader, principal: Principal, node: Node, names: Sequence[str], *, content: bool = False
    ) -> Sequence[Node]:
        """Those members of a collection that have these names (at most a few hundred), with their bytes when asked
        for: one statement. The default finds one by one and is for trees without reports."""
        found = [await self.find(db, principal, node.account_id, (*node.place, name)) for name in names]
        return [each for each in found if each is not None]

    @abstractmethod
    async def read(self, principal: Principal, node: Node, accept: str = "") -> Content:
        """The bytes of a resource. `accept` is the Accept header (vCard's versions)."""

    async def whole(self, principal: Principal, node: Node, accept: str = "") -> Content | None:
        """A collection as one file, with an `etag`: a calendar's events, a book's cards. None when there is no such
        form, or the principal may not read what is in it."""
        return None

    async def listed(
        self, db: Database, principal: Principal, node: Node, fields: frozenset[str] | None, page: int
    ) -> AsyncIterator[Members]:
        """Everything in a collection that the principal may read, in pages and in any order. Of each member `id`,
        `name`, `shape`, `access`, `place` and these fields of Node are asked for; None is all of them."""
        async for found in paged(self, db, principal, node, page):
            yield Nodes(found)

    async def properties(
        self, db: Reader, principal: Principal, members: Members, names: frozenset[str]
    ) -> Columns:
        """What a page of nodes has of those of `names` (all in `live`) that the tree answers."""
        return {}

    async def quota(self, db: Reader, principal: Principal, account_id: int) -> tuple[int, int] | None:
        """Bytes that an account uses, and that are still available to it; None when there is no limit to tell.
        RFC 4331 §2, §3, §4"""
        return None

    # Changing: all inside of one unit, whose conditions and locks the engine has checked

    async def draft(self, principal: Principal, parent: Node, name: str, upload: Upload) -> Any:
        """Reads and checks a body that comes as bytes, before the unit begins, as it may take long: what it returns
        is given to `put`. Raises Invalid or Precondition. `parent` is as it was before the unit; nothing may be
        decided by it."""
        return None

    async def put(
        self,
        unit: Unit,
        principal: Principal,
        parent: Node,
        name: str,
        old: Node | None,
        upload: Upload,
        draft: Any,
    ) -> Put:
        """Makes the resource `name` in `parent`, or replaces `old`. Components and properties that the room does
        not know are kept. RFC 4791 §5.3.3, RFC 6352 §6.3.2.2"""
        raise Forbidden("nothing can be put here")

    def headers(self, number: int) -> Sequence[tuple[str, str]]:
        """More headers of the answer to what has made or changed the node of this id."""
        return ()

    async def delete(self, unit: Unit, principal: Principal, node: Node, *, reply: bool = True) -> None:
        """Removes a node with everything below it; its dead properties by serve.dav.dead.forget. `reply` is false
        when the client says `Schedule-Reply: F`. RFC 6638 §8.1"""
        raise Forbidden("this cannot be deleted")

    def makes(self, shape: Shape, properties: Mapping[str, Element]) -> bool:
        """Whether a collection of this shape with these properties would be this tree's: in the home "calendars"
        the room tasks takes those whose supported-calendar-component-set has VTODO. What several want is made by
        each of them, under one name."""
        return False

    async def make(
        self,
        unit: Unit,
        principal: Principal,
        parent: Node,
        name: str,
        shape: Shape,
        properties: Mapping[str, Element],
    ) -> int:
        """Makes a collection, with those properties that are `live`; returns its id. Raises Precondition or Invalid
        for a value that cannot be."""
        raise Forbidden("no collection can be made here")

    async def patch(
        self, unit: Unit, principal: Principal, node: Node, changes: Mapping[str, Element | None]
    ) -> None:
        """Sets live properties, or removes them (None); only ones that `live` says may be set are given. Raises
        Forbidden or Invalid (whose `field` may be the property's name); then nothing is changed."""
        raise Forbidden("properties cannot be set here")

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
        """Copies a node to `name` in `parent` (in the same tree, perhaps of another account), its members too when
        `deep`; `replaced` was there before and goes, as by DELETE. Dead properties by serve.dav.dead.copy."""
        raise Forbidden("this cannot be copied")

    async def move(
        self, unit: Unit, principal: Principal, node: Node, parent: Node, name: str, replaced: Node | None
    ) -> None:
        """The same for moving; the node keeps its id. The engine refuses to move a thing into itself."""
        raise Forbidden("this cannot be moved")

    # Reports and what only some have

    async def sync(
        self, db: Database, principal: Principal, node: Node, state: int, limit: int, *, deep: bool
    ) -> SyncPage:
        """What happened in a collection after `state` (store.changes.in_part_since and left_since, merged by
        modseq); from 0: everything that is there. `deep` is sync-level infinite. Raises
        Precondition(dav("valid-sync-token")) for a state that is too old to tell."""
        raise Precondition("{DAV:}supported-report")

    async def sync_below(
        self, db: Database, principal: Principal, node: Node, state: int, limit: int, place: str
    ) -> SyncPage:
        """The same for sync-level infinite, where that takes several pages after one state; `place` is what the
        page before has given."""
        if place:
            raise Precondition("{DAV:}valid-sync-token")
        return await self.sync(db, principal, node, state, limit, deep=True)

    async def candidates(
        self, db: Reader, principal: Principal, node: Node, search: Search, after: int, limit: int
    ) -> Sequence[Node]:
        """Members of a calendar or address book that may match, with their bytes, whose id is greater than `after`,
        ordered by id, at most `limit`; fewer means the end. By index, never by reading all. Who has only FREE_BUSY
        gets them here too: the engine computes free-busy from them and shows nothing else."""
        raise Precondition("{DAV:}supported-report")

    async def principal(self, db: Reader, principal: Principal, of: Principal) -> Mapping[str, Value]:
        """Properties that this room adds to the principal resource of `of`: schedule-inbox-URL."""
        return {}

    async def post(
        self, principal: Principal, node: Node, headers: Mapping[str, str], query: Mapping[str, str], upload: Upload
    ) -> Posted | None:
        """A POST to a node, its body in `upload.content`: the outbox (RFC 6638 §5), managed attachments (RFC 8607).
        None when it is not understood; then it may be an add-member (RFC 5995). This one opens units itself."""
        return None


async def paged(tree: Tree, db: Database, principal: Principal, node: Node, page: int) -> AsyncIterator[list[Node]]:
    """The members of a collection that the principal may read, in pages."""
    after = ""
    while True:
        found = await tree.children(db, principal, node, after, page)
        seen = {id(each.access): Right.READ in each.access.rights for each in found}
        yield [each for each in found if seen[id(each.access)]]
        if len(found) < page:
            return
        after = found[-1].name


def href(home: str, account: str, *segments: str, collection: bool = False) -> str:
    """The path of a thing, encoded: `href("calendars", ids.text(account_id), "work", collection=True)`."""
    path = "/".join(quote(each, safe="!$&'()*+,;=:@~") for each in ("dav", home, account, *segments))
    return f"/{path}/" if collection else f"/{path}"


def mounted(owner_id: int, name: str) -> str:
    """The name in one's own home of a collection of somebody else."""
    return f"{ids.text(owner_id)}.{name}"


def unmounted(name: str) -> tuple[int, str] | None:
    """Owner and name of a mounted collection; None for a name that is no mount. No collection may be made under
    such a name: the engine refuses it."""
    owner, dot, rest = name.partition(".")
    number = ids.parse(owner)
    return (number, rest) if dot and rest and number is not None else None


async def home_of(db: Reader, principal: Principal, account_id: int, kind: str) -> Node | None:
    """The home of an account whose collections are parts of a kind; None for who sees none of them."""
    try:
        access = await parts.any_part(db, principal, account_id, kind)
    except NotFound:
        return None
    return Node(id=account_id, shape="home", name="", access=access, place=())
