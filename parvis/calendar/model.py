"""What a calendar and an event are. draft-ietf-jmap-calendars §4, §5"""

from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from parvis.access.principal import Right
from parvis.kernel.records import Immutable, Record, ServerSet
from parvis.serve.jmap.types import Id, UTCDate

CALENDARS = "urn:ietf:params:jmap:calendars"
PARSING = "urn:ietf:params:jmap:calendars:parse"
AVAILABILITY = "urn:ietf:params:jmap:principals:availability"
OWN_CAPABILITY = "urn:parvis:calendars"
"""Our own: files taken in, calendars of elsewhere, finding a time."""
SCOPE = "calendar"
CALENDAR, EVENT = "Calendar", "CalendarEvent"
PROPOSAL = "CalendarEventProposal"
_WRITE_ALL = Right.WRITE | Right.DELETE | Right.WRITE_OWN | Right.UPDATE_PRIVATE | Right.RSVP
NAMES = {
    "mayReadFreeBusy": Right.FREE_BUSY,
    "mayReadItems": Right.READ,
    "mayWriteAll": _WRITE_ALL,
    "mayWriteOwn": Right.WRITE_OWN,
    "mayUpdatePrivate": Right.UPDATE_PRIVATE,
    "mayRSVP": Right.RSVP,
    "mayShare": Right.SHARE,
    "mayDelete": Right.SHARE | Right.DELETE,
}
"""Who may delete a calendar may share it too: it is its owner, or as good as that."""
MOST_CALENDARS = 200
MOST_EVENTS = 100_000
"""Events of one calendar."""
LARGEST = 1_500_000
"""Bytes of one event's iCalendar object."""
MOST_PARTICIPANTS = 1_000
MOST_EXPANDED_DAYS = 400
MOST_EXPANDED = 20_000
"""Instances that one query may give."""
PRIVACY = {"public": 0, "private": 1, "secret": 2}

CalendarName = Annotated[str, Meta(min_length=1, max_length=255)]
Colour = Annotated[str, Meta(max_length=50, pattern=r"^(#[0-9A-Fa-f]{3,8}|[A-Za-z]+)$")]
Alerts = dict[str, dict[str, Any]]


class Calendar(Record, kw_only=True):
    """draft-ietf-jmap-calendars §4"""

    kind: ClassVar[str] = CALENDAR
    capability: ClassVar[str] = CALENDARS
    id: ServerSet[str] = ""
    name: CalendarName
    description: Annotated[str, Meta(max_length=2000)] | None = None
    color: Colour | None = None
    sort_order: Annotated[int, Meta(ge=0, lt=2**31)] = 0
    is_subscribed: bool = True
    is_visible: bool = True
    is_default: ServerSet[bool] = False
    include_in_availability: Literal["all", "attending", "none"] = "all"
    default_alerts_with_time: Alerts | None = None
    default_alerts_without_time: Alerts | None = None
    time_zone: str | None = None
    share_with: dict[Id, dict[str, bool]] | None = None
    my_rights: ServerSet[dict[str, bool]] = msgspec.field(default_factory=dict)


class CalendarEvent(Record, kw_only=True):
    """draft-ietf-jmap-calendars §5: an Event of JSCalendar, whose own properties are not declared here but checked
    as a whole."""

    kind: ClassVar[str] = EVENT
    capability: ClassVar[str] = CALENDARS
    id: ServerSet[str] = ""
    base_event_id: ServerSet[str | None] = None
    calendar_ids: dict[Id, bool]
    is_draft: bool = False
    is_origin: ServerSet[bool] = True
    uid: Immutable[str | None] = None
    utc_start: UTCDate | None = None
    utc_end: UTCDate | None = None


class EventCondition(msgspec.Struct, kw_only=True, rename="camel"):
    """draft-ietf-jmap-calendars §5.10.1"""

    in_calendar: str | None = None
    after: str | None = None
    before: str | None = None
    text: str | None = None
    title: str | None = None
    description: str | None = None
    location: str | None = None
    owner: str | None = None
    attendee: str | None = None
    uid: str | None = None


PER_PERSON = frozenset({"keywords", "color", "freeBusyStatus", "useDefaultAlerts", "alerts"})
"""Properties of an event that everybody with whom its calendar is shared has for themselves."""
