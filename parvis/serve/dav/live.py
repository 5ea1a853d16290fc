"""The live properties that the engine answers for every tree. RFC 4918 §15, RFC 3744 §5, RFC 4791 §5.2,
RFC 6352 §6.2

Each is a function from a page of resources to the written content of the property for all of them."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from parvis.access.gate import Access
from parvis.access.principal import Principal
from parvis.kernel import clock, ids
from parvis.serve.dav import privileges
from parvis.serve.dav.resource import Page, Resource
from parvis.serve.dav.tree import href as path_of
from parvis.wire.dav import xml
from parvis.wire.dav.names import caldav, calendarserver, carddav, dav

Inside = Sequence[str | None] | str | None
"""The written content of a property for each resource of a page, or one for all of them. None is none."""


@dataclass(frozen=True, slots=True)
class Live:
    """A property that the engine answers, and the fields of Node that it is made of, besides those that are always
    there."""

    write: Callable[[Page, Principal], Inside]
    fields: tuple[str, ...] = ()


_TYPES = {
    "calendar": "<D:collection/><C:calendar/>",
    "addressbook": "<D:collection/><A:addressbook/>",
    "inbox": "<D:collection/><C:schedule-inbox/>",
    "outbox": "<D:collection/><C:schedule-outbox/>",
    "resource": "",
}
_LOCKS = (
    "<D:lockentry><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>"
    "<D:lockentry><D:lockscope><D:shared/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>"
)
_REPORTS = ("sync-collection", "expand-property", "acl-principal-prop-set", "principal-match")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_COLLATIONS = ("i;ascii-casemap", "i;octet", "i;unicode-casemap")


def _each(field: str, write: Callable[[Any], str | None]) -> Live:
    """Made of one field that may be None."""
    return Live(lambda page, _: [None if value is None else write(value) for value in page.column(field)], (field,))


def _text(field: str, around: str = "") -> Live:
    """A text that is there when it is not empty."""

    def write(page: Page, _: Principal) -> Inside:
        values = xml.texts(page.column(field))
        return [f"{around}{value}{around}" if value else None for value in values]

    return Live(write, (field,))


def _by_shape(write: Callable[[Page, str], str | None]) -> Live:
    """The same for all of one shape."""

    def written(page: Page, _: Principal) -> Inside:
        shapes = page.column("shape")
        made = {shape: write(page, shape or "") for shape in set(shapes)}
        return [made[shape] for shape in shapes] if len(made) > 1 else made.popitem()[1] if made else None

    return Live(written)


def _by_access(write: Callable[[Access | None, Principal], str]) -> Live:
    """The same for all that one may do the same with."""

    def written(page: Page, who: Principal) -> Inside:
        found = page.column("access")
        made = {number: write(each, who) for number, each in {id(each): each for each in found}.items()}
        return [made[id(each)] for each in found]

    return Live(written)


def _name(page: Page, _: Principal) -> Inside:
    return xml.text(page.who.name) if page.who else xml.texts(page.column("title"))


def _length(page: Page, _: Principal) -> Inside:
    shapes, sizes = page.column("shape"), page.column("size")
    return [str(size) if shape == "resource" else None for shape, size in zip(shapes, sizes, strict=True)]


def http_date(milliseconds: int) -> str:
    """A time as headers write it. RFC 9110 §5.6.7"""
    minute, second = divmod(milliseconds // 1000, 60)
    return f"{_minute(minute)}{second:02} GMT"


@lru_cache(maxsize=1000)
def _minute(minute: int) -> str:
    at = time.gmtime(minute * 60)
    day = f"{_DAYS[at.tm_wday]}, {at.tm_mday:02} {_MONTHS[at.tm_mon - 1]} {at.tm_year:04}"
    return f"{day} {at.tm_hour:02}:{at.tm_min:02}:"


def _supported(page: Page, _: Principal) -> Inside:
    shapes, states = page.column("shape"), page.column("state")
    return [
        _reports(page, shape or "", synced=state is not None and shape != "resource")
        for shape, state in zip(shapes, states, strict=True)
    ]


def _reports(page: Page, shape: str, *, synced: bool) -> str:
    names = [dav(name) for name in _REPORTS if name != "sync-collection" or synced]
    if page.kind in ("root", "principals", "principal"):
        names += [dav("principal-property-search"), dav("principal-search-property-set")]
    home = page.home if shape == "home" else ""
    if shape in ("calendar", "inbox") or home == "calendars":
        names += [caldav("calendar-query"), caldav("calendar-multiget")]
    if shape == "calendar" or home == "calendars":
        names.append(caldav("free-busy-query"))
    if shape == "addressbook" or home == "addressbooks":
        names += [carddav("addressbook-query"), carddav("addressbook-multiget")]
    return "".join(
        f"<D:supported-report><D:report>{xml.empty(name)}</D:report></D:supported-report>" for name in names
    )


def syncs(resource: Resource) -> bool:
    """Whether a collection can be synchronised."""
    return resource.node is not None and resource.node.collection and resource.node.state is not None


def sync_token(number: int, state: int, rest: str) -> str:
    """The token of a state of the collection of this id. RFC 6578 §4"""
    return f"urn:parvis:sync:{ids.text(number)}:{state}" + (rest and f"/{rest}")


def _token(page: Page, _: Principal) -> Inside:
    found = zip(page.column("id"), page.column("state"), page.column("rest"), strict=True)
    return [None if state is None else sync_token(number, state, rest) for number, state, rest in found]


def _owner(page: Page, who: Principal) -> Inside:
    if page.who:
        return privileges.principal_href(page.who.id)
    return _OWNERS.write(page, who) if page.members is not None else None


_OWNERS = _by_access(lambda access, _: privileges.principal_href(access.scope.account_id) if access else "")


def _add_member(page: Page, _: Principal) -> Inside:
    """RFC 5995 §3.2.1"""
    takes = ("calendar", "addressbook", "folder")
    return [
        xml.href(href + "?add-member") if shape in takes else None
        for href, shape in zip(page.hrefs, page.column("shape"), strict=True)
    ]


def _on(shape: str, value: str) -> Live:
    return _by_shape(lambda _, found: value if found == shape else None)


def _largest(shape: str) -> Live:
    return _by_shape(lambda page, found: str(page.tree.largest) if page.tree and found == shape else None)


def _own(inside: Callable[[Principal], str]) -> Live:
    return Live(lambda page, _: inside(page.who) if page.who else None)


def _always(inside: str) -> Live:
    return Live(lambda _, who: inside)


def _collations(name: Callable[[str], str]) -> str:
    return "".join(xml.wrapped(name("supported-collation"), each) for each in _COLLATIONS)


LIVE: Mapping[str, Live] = {
    dav("resourcetype"): _by_shape(
        lambda page, shape: (
            "<D:collection/><D:principal/>" if page.kind == "principal" else _TYPES.get(shape, "<D:collection/>")
        )
    ),
    dav("displayname"): Live(_name, ("title",)),
    dav("getetag"): _text("etag", '"'),
    dav("getcontenttype"): _text("media_type"),
    dav("getcontentlength"): Live(_length, ("size",)),
    dav("getlastmodified"): _each("modified_ms", http_date),
    dav("creationdate"): _each("created_ms", clock.utc_date),
    dav("supportedlock"): Live(lambda page, _: (_LOCKS if page.tree.lockable else "") if page.tree else None),
    dav("owner"): Live(_owner),
    dav("group"): _always(""),
    dav("current-user-principal"): Live(lambda _, who: privileges.principal_href(who.id)),
    dav("principal-collection-set"): _always(xml.href("/dav/principals/")),
    dav("current-user-privilege-set"): _by_access(lambda access, _: privileges.current(access)),
    dav("supported-privilege-set"): _always(privileges.supported()),
    dav("acl"): _by_access(privileges.acl),
    dav("acl-restrictions"): _always("<D:grant-only/><D:no-invert/>"),
    dav("inherited-acl-set"): _always(""),
    dav("supported-report-set"): Live(_supported, ("state",)),
    dav("sync-token"): Live(_token, ("state", "rest")),
    calendarserver("getctag"): Live(_token, ("state", "rest")),
    dav("add-member"): Live(_add_member),
    caldav("schedule-tag"): _text("schedule_tag", '"'),
    caldav("supported-calendar-data"): _on(
        "calendar", '<C:calendar-data content-type="text/calendar" version="2.0"/>'
    ),
    caldav("max-resource-size"): _largest("calendar"),
    caldav("supported-collation-set"): _on("calendar", _collations(caldav)),
    carddav("supported-address-data"): _on(
        "addressbook",
        '<A:address-data-type content-type="text/vcard" version="3.0"/>'
        '<A:address-data-type content-type="text/vcard" version="4.0"/>',
    ),
    carddav("max-resource-size"): _largest("addressbook"),
    carddav("supported-collation-set"): _on("addressbook", _collations(carddav)),
    dav("principal-URL"): _own(lambda who: privileges.principal_href(who.id)),
    dav("alternate-URI-set"): _own(lambda who: xml.href(f"mailto:{who.address}") if who.address else ""),
    calendarserver("email-address-set"): _own(
        lambda who: xml.wrapped(calendarserver("email-address"), xml.text(who.address)) if who.address else ""
    ),
    caldav("calendar-user-type"): _own(
        lambda who: {"group": "GROUP", "space": "GROUP", "resource": "RESOURCE"}.get(who.kind, "INDIVIDUAL")
    ),
}
"""What needs nothing but the resource. What needs a question to the database is in serve.dav.properties."""

ALL = tuple(
    map(
        dav,
        (
            "resourcetype",
            "displayname",
            "getetag",
            "getcontenttype",
            "getcontentlength",
            "getlastmodified",
            "creationdate",
            "supportedlock",
            "lockdiscovery",
        ),
    )
)
"""What allprop gives, besides dead properties. RFC 4918 §9.1, §14.2"""


def home_of(home: str, who: Principal) -> str:
    """The DAV:href of somebody's home."""
    return xml.href(path_of(home, ids.text(who.id), collection=True))
