"""Locations, virtual locations and links of JSCalendar (RFC 8984 §4.2.5, §4.2.6, §4.2.7) from and to LOCATION,
GEO, CONFERENCE, URL, ATTACH, IMAGE and LINK."""

import base64
import binascii
import re

from parvis.wire.contentlines import Component, Property, escape
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.jscalendar.words import Json, key, maps, text, truths

_GEO = re.compile(r"geo:(-?\d{1,3}(?:\.\d+)?),(-?\d{1,3}(?:\.\d+)?)", re.ASCII)
_DATA = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w=-]+)*;base64,", re.ASCII)
MOST = 1_000


def locations(component: Component) -> Json:
    """`locations`: the first has the coordinates of GEO."""
    # RFC 5545 §3.8.1.6, §3.8.1.7
    found, geo = dict[str, Json](), component.first("GEO")
    coordinates = _coordinates(geo) if geo is not None else None
    for each in component.every("LOCATION")[:MOST]:
        if not each.text.strip():
            continue
        said: Json = {"@type": "Location", "name": each.text}
        if coordinates and not found:
            said["coordinates"] = coordinates
        found[key(each, "LOCATION", each.value)] = said
    if coordinates and geo is not None and not found:
        found[key(geo, "GEO", geo.value)] = {"@type": "Location", "coordinates": coordinates}
    return {"locations": found} if found else {}


def _coordinates(geo: Property) -> str | None:
    latitude, mark, longitude = geo.value.strip().partition(";")
    said = f"geo:{latitude.strip()},{longitude.strip()}"
    return said if mark and _GEO.fullmatch(said) else None


def write_locations(given: Json) -> list[Property]:
    """LOCATION and GEO; iCalendar has one of each, further ones stay in JSPROP."""
    made = list[Property]()
    for name, each in maps(given.get("locations"))[:1]:
        title = text(each.get("name"))
        geo = _GEO.match(text(each.get("coordinates")))
        if title:
            property_ = Property("LOCATION", escape(title))
            made.append(_with_id(property_, name, "LOCATION", escape(title)))
        if geo:
            point = Property("GEO", f"{geo[1]};{geo[2]}")
            made.append(point if title else _with_id(point, name, "GEO", point.value))
    return made


def _with_id(given: Property, name: str, *said: str) -> Property:
    """JSID, unless the key is what would be made anyway."""
    return given if key(given, *said) == name else given.changed(params={**given.params, "JSID": [name]})


def conferences(component: Component) -> Json:
    """`virtualLocations` (RFC 7986 §5.11, §6.3, §6.4)."""
    found = dict[str, Json]()
    for each in component.every("CONFERENCE")[:MOST]:
        said: Json = {"@type": "VirtualLocation", "uri": each.value.strip()}
        if each.param("LABEL"):
            said["name"] = each.param("LABEL")
        if features := [
            part.lower() for value in each.params.get("FEATURE", []) for part in value.split(",") if part
        ]:
            said["features"] = dict.fromkeys(features, True)
        found[key(each, "CONFERENCE", each.value)] = said
    return {"virtualLocations": found} if found else {}


def write_conferences(given: Json) -> list[Property]:
    """CONFERENCE."""
    made = list[Property]()
    for name, each in maps(given.get("virtualLocations"))[:MOST]:
        uri = _uri(each.get("uri"), f"virtualLocations/{name}/uri")
        params: dict[str, list[str]] = {"VALUE": ["URI"]}
        if text(each.get("name")):
            params["LABEL"] = [each["name"]]
        if features := truths(each.get("features")):
            params["FEATURE"] = [feature.upper() for feature in features]
        made.append(_with_id(Property("CONFERENCE", uri, params), name, "CONFERENCE", uri))
    return made


def _uri(given: object, field: str) -> str:
    uri = "".join(text(given).split())
    if ":" not in uri:
        raise BadCalendar("a URI is expected", reason="value", field=field)
    return uri


_RELS = {"URL": "describedby", "ATTACH": "enclosure", "IMAGE": "icon"}


def links(component: Component) -> Json:
    """`links`: URL is `describedby`, ATTACH `enclosure`, IMAGE `icon`, LINK what it says (RFC 9253 §8.2)."""
    # RFC 5545 §3.2.8, §3.8.1.1, §3.8.4.6, RFC 7986 §5.10, §6.1
    found = dict[str, Json]()
    for each in component.every("URL", "ATTACH", "IMAGE", "LINK")[:MOST]:
        href = _href(each)
        if href is None:
            continue
        said: Json = {"@type": "Link", "href": href}
        if rel := _RELS.get(each.name) or each.param("LINKREL"):
            said["rel"] = rel
        for param, name in (("FMTTYPE", "contentType"), ("FILENAME", "title"), ("LABEL", "title")):
            if each.param(param):
                said[name] = each.param(param)
        if each.param("MANAGED-ID"):
            said["managedId"] = each.param("MANAGED-ID")
        if each.param("SIZE").isdigit():
            said["size"] = int(each.param("SIZE")[:15])
        if each.param("DISPLAY"):
            said["display"] = {word.lower(): True for word in each.params["DISPLAY"]}
        found[key(each, each.name, each.value)] = said
    return {"links": found} if found else {}


def _href(given: Property) -> str | None:
    # RFC 5545 §3.2.7
    if given.param("VALUE").upper() == "BINARY" or given.param("ENCODING").upper() == "BASE64":
        try:
            base64.b64decode(given.value, validate=True)
        except (binascii.Error, ValueError):
            return None
        return f"data:{given.param('FMTTYPE') or 'application/octet-stream'};base64,{given.value}"
    value = given.value.strip()
    return value if ":" in value and given.param("VALUE").upper() in ("", "URI") else None


def write_links(given: Json, name: str) -> list[Property]:
    """The links that are properties of a name: the first `describedby` is URL, `icon` IMAGE, none and `enclosure`
    ATTACH, others LINK."""
    made = list[Property]()
    seen_url = False
    for own, each in maps(given.get("links"))[:MOST]:
        rel = text(each.get("rel"))
        of = {"describedby": "URL", "icon": "IMAGE", "enclosure": "ATTACH", "": "ATTACH"}.get(rel, "LINK")
        if of == "URL" and (seen_url or set(each) - {"@type", "href", "rel"}):
            of = "LINK"
        seen_url = seen_url or of == "URL"
        if of == name:
            made.append(_link(own, each, name, rel))
    return made


def _link(own: str, given: Json, name: str, rel: str) -> Property:
    href = _uri(given.get("href"), f"links/{own}/href")
    params: dict[str, list[str]] = {}
    value = href
    if name in ("LINK", "IMAGE"):
        params["VALUE"] = ["URI"]
    if name == "LINK":
        params["LINKREL"] = [rel]
    data = _DATA.match(href)
    if name in ("ATTACH", "IMAGE") and data:
        value = href[data.end() :]
        params |= {"VALUE": ["BINARY"], "ENCODING": ["BASE64"]}
        if data[1]:
            params["FMTTYPE"] = [data[1]]
    if name == "ATTACH" and text(given.get("managedId")):
        params["MANAGED-ID"] = [given["managedId"]]
    if text(given.get("contentType")):
        params["FMTTYPE"] = [given["contentType"]]
    if text(given.get("title")):
        params["LABEL" if name == "LINK" else "FILENAME"] = [given["title"]]
    if isinstance(given.get("size"), int) and not isinstance(given["size"], bool):
        params["SIZE"] = [str(given["size"])]
    if display := given.get("display"):
        params["DISPLAY"] = [word.upper() for word in (truths(display) or [text(display)]) if word]
    return _with_id(Property(name, value, params), own, name, value)
