"""The live properties that the engine answers for every tree. RFC 4918 §15, RFC 3744 §5, RFC 4791 §5.2,
RFC 6352 §6.2

Each is a function from a resource to the written content of the property, or None when it has none."""

import time
from collections.abc import Callable, Mapping
from functools import lru_cache

from parvis.access.principal import Principal
from parvis.kernel import clock, ids
from parvis.serve.dav import privileges
from parvis.serve.dav.resource import Resource
from parvis.serve.dav.tree import Node
from parvis.serve.dav.tree import href as path_of
from parvis.wire.dav import xml
from parvis.wire.dav.names import caldav, calendarserver, carddav, dav

Live = Callable[[Resource, Principal], str | None]

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


def _resource_type(resource: Resource, _: Principal) -> str:
    if resource.kind == "principal":
        return "<D:collection/><D:principal/>"
    return _TYPES.get(resource.node.shape, "<D:collection/>") if resource.node else "<D:collection/>"


def _of_node(value: Callable[[Node], str | None]) -> Live:
    return lambda resource, _: value(resource.node) if resource.node else None


def _name(resource: Resource, _: Principal) -> str | None:
    title = resource.who.name if resource.who else resource.node.title if resource.node else None
    return xml.text(title) if title is not None else None


def _quoted(tag: str) -> str | None:
    return f'"{xml.text(tag)}"' if tag else None


def _created(node: Node) -> str | None:
    return clock.utc_date(node.created_ms) if node.created_ms is not None else None


def _etag(resource: Resource, _: Principal) -> str | None:
    node = resource.node
    return f'"{xml.text(node.etag)}"' if node is not None and node.etag else None


def _length(resource: Resource, _: Principal) -> str | None:
    node = resource.node
    return str(node.size) if node is not None and node.shape == "resource" else None


def _modified(resource: Resource, _: Principal) -> str | None:
    node = resource.node
    return http_date(node.modified_ms) if node is not None and node.modified_ms is not None else None


def http_date(milliseconds: int) -> str:
    """A time as headers write it. RFC 9110 §5.6.7"""
    day, second = divmod(milliseconds // 1000, 86_400)
    return f"{_date(day)} {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02} GMT"


@lru_cache(maxsize=1000)
def _date(day: int) -> str:
    at = time.gmtime(day * 86_400)
    return f"{_DAYS[at.tm_wday]}, {at.tm_mday:02} {_MONTHS[at.tm_mon - 1]} {at.tm_year:04}"


def _reports(resource: Resource, _: Principal) -> str:
    names = [dav(name) for name in _REPORTS if name != "sync-collection" or syncs(resource)]
    shape = resource.node.shape if resource.node else ""
    if resource.kind in ("root", "principals", "principal"):
        names += [dav("principal-property-search"), dav("principal-search-property-set")]
    home = resource.path[0] if shape == "home" else ""
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


def sync_token(node: Node, state: int) -> str:
    """The token of a state of a collection. RFC 6578 §4"""
    return f"urn:parvis:sync:{ids.text(node.id)}:{state}"


def _token(node: Node) -> str | None:
    return sync_token(node, node.state) if node.state is not None else None


def _lockable(resource: Resource, _: Principal) -> str | None:
    return (_LOCKS if resource.tree.lockable else "") if resource.tree else None


def _owner(resource: Resource, _: Principal) -> str | None:
    if resource.who:
        return privileges.principal_href(resource.who.id)
    return privileges.principal_href(resource.node.account_id) if resource.node else None


def _add_member(resource: Resource, _: Principal) -> str | None:
    """RFC 5995 §3.2.1"""
    takes = resource.node is not None and resource.node.shape in ("calendar", "addressbook", "folder")
    return xml.href(resource.href + "?add-member") if takes else None


def _on(shape: str, value: str) -> Live:
    return lambda resource, _: value if resource.node and resource.node.shape == shape else None


def _largest(shape: str) -> Live:
    return lambda resource, _: (
        str(resource.tree.largest) if resource.tree and resource.node and resource.node.shape == shape else None
    )


def _own(inside: Callable[[Principal], str]) -> Live:
    return lambda resource, _: inside(resource.who) if resource.who else None


def _collations(name: Callable[[str], str]) -> str:
    return "".join(xml.wrapped(name("supported-collation"), each) for each in _COLLATIONS)


LIVE: Mapping[str, Live] = {
    dav("resourcetype"): _resource_type,
    dav("displayname"): _name,
    dav("getetag"): _etag,
    dav("getcontenttype"): _of_node(lambda node: xml.text(node.media_type) or None),
    dav("getcontentlength"): _length,
    dav("getlastmodified"): _modified,
    dav("creationdate"): _of_node(_created),
    dav("supportedlock"): _lockable,
    dav("owner"): _owner,
    dav("group"): lambda _, who: "",
    dav("current-user-principal"): lambda _, who: privileges.principal_href(who.id),
    dav("principal-collection-set"): lambda _, who: xml.href("/dav/principals/"),
    dav("current-user-privilege-set"): lambda resource, _: privileges.current(resource),
    dav("supported-privilege-set"): lambda _, who: privileges.supported(),
    dav("acl"): privileges.acl,
    dav("acl-restrictions"): lambda _, who: "<D:grant-only/><D:no-invert/>",
    dav("inherited-acl-set"): lambda _, who: "",
    dav("supported-report-set"): _reports,
    dav("sync-token"): _of_node(_token),
    calendarserver("getctag"): _of_node(_token),
    dav("add-member"): _add_member,
    caldav("schedule-tag"): _of_node(lambda node: _quoted(node.schedule_tag)),
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
