"""What a feature brings. A feature's package has `def feature(context: Context) -> Feature`, and app.py one line
for it; nothing else in the program knows that it exists."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from parvis.access.erasure import Eraser
from parvis.access.gate import Access
from parvis.access.principal import Kind as PrincipalKind
from parvis.kernel.knowledge import Source, Tool
from parvis.serve.context import Context
from parvis.serve.dav.tree import Tree
from parvis.serve.http.exchange import Route
from parvis.serve.jmap.blobs import Resolver
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.kind import Kind, Method
from parvis.serve.jmap.shares import Shared
from parvis.serve.jmap.types import Object
from parvis.store.jobs import Handler
from parvis.store.outbox import Follower
from parvis.store.unit import Unit

__all__ = ["Capability", "Context", "Feature", "Listener", "Provision"]

Provision = Callable[[Unit, int, PrincipalKind], Awaitable[None]]
"""Gives a new principal (its id, its kind) the feature's scopes and default objects, in the unit that makes it."""


class Listener(Protocol):
    """A line protocol of a feature; app.py starts it after the store is open and stops it first."""

    name: str
    """As in demo.json's `ports`: `smtp`, `submission`."""

    async def start(self) -> int:
        """Binds and listens; returns the port in use, -1 when the settings switch it off."""
        ...

    async def stop(self) -> None:
        """Takes no more connections, lets what runs end, closes."""
        ...


def _nothing(_: object) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Capability:
    """One capability of the Session object. RFC 8620 §2

    `scope` says in which accounts it is: those where the principal sees a scope of that kind; "" means the
    principal's own account only, "*" every account, None none (a server-wide capability)."""

    urn: str
    scope: str | None
    session: Mapping[str, Any] = field(default_factory=dict)
    """Its value in `capabilities`."""
    account: Callable[[Access], dict[str, Any]] = _nothing
    """Its value in an account's `accountCapabilities`."""
    parts: Callable[[Sequence[Access]], dict[str, Any]] = _nothing
    """What else is in that value, by each of the scopes that the principal sees there."""
    principals: Callable[[Call, Sequence[Object]], Awaitable[list[Object]]] | None = None
    """Its values in the `capabilities` of principals, which are given as they are shown. RFC 9670 §2"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One feature as app.py wires it."""

    name: str
    """The room: `mail`."""
    migrations: bool = False
    """Whether `parvis/<name>/migrations` exists."""
    capabilities: Sequence[Capability] = ()
    kinds: Sequence[Kind] = ()
    methods: Sequence[Method] = ()
    """JMAP methods beside the standard ones of its kinds: Email/import."""
    blobs: Mapping[str, Resolver] = field(default_factory=dict)
    """Who reads virtual blob ids that begin with a letter. See serve.jmap.blobs."""
    blob_scopes: Mapping[str, str] = field(default_factory=dict)
    """For a blob_link kind that is no JMAP kind: the scope kind whose right to read opens the blob."""
    blob_types: Mapping[str, Callable[[Call, str], Awaitable[list[int]]]] = field(default_factory=dict)
    """By JMAP type name: the objects of the call's account that refer to the blob of a hash. RFC 9404 §4.3"""
    push_types: Mapping[str, str] = field(default_factory=dict)
    """Types in the change log that are no JMAP kind but are pushed (EmailDelivery), with their scope kind."""
    shares: Sequence[Shared] = ()
    """Objects of its kinds that are shared each by itself. RFC 9670 §4"""
    sources: Sequence[Source] = ()
    tools: Sequence[Tool] = ()
    jobs: Mapping[str, Handler] = field(default_factory=dict)
    followers: Mapping[str, Follower] = field(default_factory=dict)
    listeners: Sequence[Listener] = ()
    routes: Sequence[Route] = ()
    trees: Sequence[Tree] = ()
    """What WebDAV, CalDAV and CardDAV see of the room."""
    provision: Provision | None = None
    erase: Eraser | None = None
    """Erases what the room keeps for an account that is gone: every row that names the account, a scope of it, or
    an object that goes with it. Links to blobs, jobs and the change log go by themselves."""
    start: Callable[[], Awaitable[None]] | None = None
    """Called once after the store is open and before any door is."""
    closing: Callable[[], None] | None = None
    """Called once before the doors close: whoever waits for news is answered now."""
    stop: Callable[[], Awaitable[None]] | None = None
