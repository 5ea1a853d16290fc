"""How a kind is offered in JMAP. From a Record and a few functions the engine derives Foo/get, /changes, /set,
/copy, /query and /queryChanges; a function that is not given is a method that is not there. RFC 8620 §5

    KIND = Kind(record=Todo, scope="tasks", read=read, create=create, update=update, destroy=destroy,
        condition=TodoCondition, sorts=frozenset({"title"}), query=query)

Functions that change something get a Unit and await nothing but it; blobs are read and written before, in
`prepare`. They may run twice, when an object beside them fails, so they keep nothing outside the unit. They
raise SetError (or a ParvisError) to reject their object, and call `unit.changed(...)` for what they changed.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from parvis.access.principal import Right
from parvis.kernel.records import Record
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.types import Arguments, Int, Invocation, Object, UnsignedInt
from parvis.store.changes import Changes
from parvis.store.unit import Unit

OWN = ""
"""The scope of kinds that everybody has in their own account, and nobody else sees."""
SINGLETON = "singleton"


class GetArguments(Arguments):
    """RFC 8620 §5.1; a kind with more arguments declares a subclass."""

    account_id: str
    ids: list[str] | None = None
    properties: list[str] | None = None


class ChangesArguments(Arguments):
    """RFC 8620 §5.2"""

    account_id: str
    since_state: str
    max_changes: UnsignedInt | None = None


class SetArguments(Arguments):
    """RFC 8620 §5.3"""

    account_id: str
    if_in_state: str | None = None
    create: dict[str, dict[str, Any]] | None = None
    update: dict[str, dict[str, Any]] | None = None
    destroy: list[str] | None = None


class CopyArguments(Arguments):
    """RFC 8620 §5.4"""

    from_account_id: str
    account_id: str
    create: dict[str, dict[str, Any]]
    if_from_in_state: str | None = None
    if_in_state: str | None = None
    on_success_destroy_original: bool = False
    destroy_from_if_in_state: str | None = None


class Comparator(msgspec.Struct, kw_only=True, rename="camel"):
    """RFC 8620 §5.5. Properties of a kind's own (`keyword`) are in `more`."""

    property: str
    is_ascending: bool = True
    collation: str | None = None
    more: dict[str, Any] = msgspec.field(default_factory=dict)


class QueryArguments(Arguments):
    """RFC 8620 §5.5"""

    account_id: str
    filter: dict[str, Any] | None = None
    sort: list[dict[str, Any]] | None = None
    position: Int = 0
    anchor: str | None = None
    anchor_offset: Int = 0
    limit: UnsignedInt | None = None
    calculate_total: bool = False


class QueryChangesArguments(Arguments):
    """RFC 8620 §5.6. A kind with further query arguments (collapseThreads) declares a subclass for both."""

    account_id: str
    since_query_state: str
    filter: dict[str, Any] | None = None
    sort: list[dict[str, Any]] | None = None
    max_changes: UnsignedInt | None = None
    up_to_id: str | None = None
    calculate_total: bool = False


@dataclass(frozen=True, slots=True)
class Operator:
    """AND, OR or NOT over conditions and operators."""

    operator: Literal["AND", "OR", "NOT"]
    conditions: "tuple[Filter, ...]"


Filter = Operator | msgspec.Struct
"""A tree whose leaves are the kind's `condition` structs."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of the result is wanted. With an anchor, position is ignored."""

    position: int = 0
    anchor: int | None = None
    anchor_offset: int = 0
    limit: int | None = None
    total: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A question to a kind. `arguments` has the kind's further ones."""

    filter: Filter | None
    sort: tuple[Comparator, ...]
    arguments: Any


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a result: ids in order, the index of the first; `total` when it was wanted and is known."""

    ids: list[int]
    position: int
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Creation:
    """One object to create: every settable property by outside name, converted to its declared type, defaults
    filled in; `given` names those the client sent; `prepared` is what `prepare` returned."""

    creation_id: str
    values: Object
    given: frozenset[str]
    prepared: Any = None


@dataclass(frozen=True, slots=True)
class Update:
    """One object to update: `before` has the properties touched as they were read, `values` those that get a new
    value, whole and converted to their declared type (a patch of one keyword gives all keywords)."""

    object_id: int
    before: Object
    values: Object
    prepared: Any = None


@dataclass(frozen=True, slots=True)
class Copying:
    """One object to copy from `source`'s account: `values` are the overrides of the client; `prepared` is what
    `prepare` returned."""

    creation_id: str
    source: Call
    object_id: int
    values: Object
    prepared: Any = None


@dataclass(frozen=True, slots=True)
class Created:
    """A new object. `properties` is what the client did not send; None lets the engine read it back."""

    object_id: int
    properties: Object | None = None
    moved: bool = False
    """Of a copy: the original is no longer in its account."""


@dataclass(slots=True)
class SetOutcome:
    """What a /set did, for `Kind.after_set`."""

    created: dict[str, Object] = field(default_factory=dict)
    updated: dict[str, Object | None] = field(default_factory=dict)
    destroyed: list[str] = field(default_factory=list)
    not_created: dict[str, Object] = field(default_factory=dict)
    not_updated: dict[str, Object] = field(default_factory=dict)
    not_destroyed: dict[str, Object] = field(default_factory=dict)
    more: bool = False
    """Set by `Kind.after_set` when it has changed further objects and noted them here."""


ReadFunction = Callable[[Call, Sequence[int] | None, frozenset[str]], Awaitable[Sequence[Object | Record]]]
"""Objects of `call.account_id` with at least the wanted properties (outside names; `id` always); None means all.
What is not there is left out. It reads with `call.db`. A singleton ignores the ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of thing with what is special to it."""

    record: type[Record]
    scope: str
    """The kind of scope its objects belong to (`mail`), or OWN."""
    parts: bool = False
    """An account has many scopes of this kind, each shared by itself: the objects that are read are those in scopes
    that the principal sees, `create`, `update` and `destroy` ask `access.parts.part` for the right, and each change
    is noted with its `part`."""
    sees: Right = Right.READ
    """In which parts somebody hears of changes: those where they have one of these rights."""
    read: ReadFunction
    create: Callable[[Call, Unit, Creation], Awaitable[Created]] | None = None
    update: Callable[[Call, Unit, Update], Awaitable[Object | None]] | None = None
    """Returns properties that changed beyond what was asked, or None."""
    destroy: Callable[[Call, Unit, int], Awaitable[None]] | None = None
    copy: Callable[[Call, Unit, Copying], Awaitable[Created]] | None = None
    refuses_set: bool = False
    """Nothing can be changed, and a /set says so of each object, as RFC 9670 §2.3 wants it: it is no unknown
    method."""
    prepare: Callable[[Call, Creation | Update | Copying], Awaitable[Any]] | None = None
    """Called before the unit for each object to create, update or copy: reads and writes blobs, asks other servers.
    References to objects of the same call still read `#creationId`. For an Update the values are not merged."""
    query: Callable[[Call, Query], Awaitable[Sequence[int]]] | None = None
    """All ids of the result in order; long reads through `call.context.store.db.scan`."""
    page: Callable[[Call, Query, Window], Awaitable[Page]] | None = None
    """Only a part of the result, when the kind can do that faster. Raises MethodError anchorNotFound."""
    condition: type[msgspec.Struct] | None = None
    """Its FilterCondition: camelCase outside, unset properties UNSET or None as the kind likes."""
    sorts: frozenset[str] = frozenset()
    check_sort: Callable[[Comparator], None] | None = None
    """Further checks of a comparator; raises MethodError unsupportedSort or invalidArguments."""
    calculable: Callable[[Query], bool] = lambda _: True
    """canCalculateChanges for this query."""
    affected: Callable[[Call, Query, Changes], Awaitable[set[int]]] | None = None
    """Further objects that may have moved in, out or within the result because others changed."""
    fixed: Callable[[Query], bool] = lambda _: False
    """Whether filter and sort look at immutable properties only, so that an update moves nothing."""
    get_arguments: type[GetArguments] = GetArguments
    set_arguments: type[SetArguments] = SetArguments
    copy_arguments: type[CopyArguments] = CopyArguments
    query_arguments: type[QueryArguments] = QueryArguments
    query_changes_arguments: type[QueryChangesArguments] = QueryChangesArguments
    defaults: frozenset[str] | None = None
    """The properties of a /get that names none; None means all."""
    dynamic: Callable[[str], bool] = lambda _: False
    """Whether a property that the record does not declare is allowed (`header:Subject:asText`)."""
    dynamic_set: Callable[[str], bool] = lambda _: False
    """The same for properties given at creation; their values reach `create` as they are."""
    open: bool = False
    """Whether its objects have properties beside those that the record declares, as JSContact and JSCalendar have:
    they are given, patched and read like the others, and checked by the kind."""
    counts: frozenset[str] = frozenset()
    """Server-computed counts: updatedProperties of /changes when nothing else changed. RFC 8621 §2.2"""
    singleton: bool = False
    rights: Mapping[str, Right] = field(
        default_factory=lambda: {"create": Right.WRITE, "update": Right.WRITE, "destroy": Right.DELETE}
    )
    """What a verb needs in the account. In one with parts: one of these, or WRITE_OWN, in any part."""
    state: Callable[[Call], Awaitable[str]] | None = None
    """The state string, for a kind that is not in the account's change log; then changes cannot be calculated."""
    first: Callable[[Unit], Awaitable[None]] | None = None
    """Called at the very beginning of a /set's unit: takes locks that come before the account's."""
    first_when: Callable[[Any], bool] = lambda _: True
    """Whether a /set with these arguments needs `first`, for a kind of which most do not and would wait in vain."""
    listable: bool = True
    """Whether `ids: null` may be asked for all (up to the limit)."""
    before_set: Callable[[Call], Awaitable[None]] | None = None
    """Checks the arguments of a /set as a whole; raises MethodError."""
    after_set: Callable[[Call, SetOutcome], Awaitable[list[Invocation]]] | None = None
    """Implicit calls that follow, as (name, arguments, ""). RFC 8621 §7.5"""
    methods: Mapping[str, Callable[[Call], Awaitable[Result]]] = field(default_factory=dict)
    """Replaces a standard method (`get`, `query`) by the kind's own; arguments are decoded and checked before."""

    @property
    def name(self) -> str:
        """The JMAP type name."""
        return self.record.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A method that is not one of the standard six."""

    name: str
    """`Email/import`."""
    capability: str
    arguments: type[Any]
    """A subclass of Arguments, or dict for none to check."""
    run: Callable[[Call], Awaitable[Result]]
    scope: str | None = None
    """The scope kind that `accountId` needs; OWN for the own account; None when the method has no account."""
    right: Right = Right.READ
