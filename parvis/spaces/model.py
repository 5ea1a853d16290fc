"""What a space is to its members."""

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from parvis.access.roles import Role
from parvis.kernel.records import Immutable, Record, ServerSet
from parvis.serve.jmap.types import Id, UTCDate

SPACES = "urn:parvis:spaces"
MOST_MEMBERS = 500
"""People and groups that are members by themselves; a group may have more."""
MOST_SPACES = 1000
"""Spaces of one person."""
KEPT_DAYS = 30
"""How long a deleted space can be restored."""
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Purpose = Annotated[str, Meta(max_length=2000)]
Hue = Annotated[int, Meta(ge=0, lt=360)]


class Space(Record, kw_only=True):
    """One space. Its id is that of its account, in which its mail, events, files and tasks are."""

    kind: ClassVar[str] = "Space"
    capability: ClassVar[str] = SPACES
    id: ServerSet[str] = ""
    name: Name
    purpose: Purpose = ""
    hue: Hue = 200
    """Its colour, in degrees of the colour circle."""
    address: Immutable[str | None] = None
    """Of its mailbox. At creation the part before the @, or nothing for one made from the name."""
    members: dict[Id, Role] = msgspec.field(default_factory=dict)
    """Principals, people and groups, by id. Who creates a space is its manager."""
    my_role: ServerSet[Role] = "member"
    """The most that any membership gives."""
    is_archived: bool = False
    """Everybody may read, nobody may change anything."""
    created: ServerSet[str] = ""
    deletes: UTCDate | None = None
    """When it is erased, for one that was destroyed; only managers still see it. Null restores it."""


class SpaceActivity(Record):
    """Something that is new in a space: an object with its last change."""

    kind: ClassVar[str] = "SpaceActivity"
    capability: ClassVar[str] = SPACES
    id: ServerSet[str] = ""
    space_id: ServerSet[str] = ""
    type: ServerSet[str] = ""
    """The JMAP type of the object: `Email`, `FileNode`."""
    object_id: ServerSet[str] = ""
    change: ServerSet[Literal["created", "updated"]] = "created"
    at: ServerSet[str] = ""


class ActivityCondition(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What the activity can be asked for."""

    space_id: str | None = None
    types: list[str] | None = None
