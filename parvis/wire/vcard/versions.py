"""A card as the other version writes it: 2.1 and 3.0 (RFC 2426) to 4.0 (RFC 6350, Appendix A) and back. What has no
counterpart stays as it is, so that nothing is lost on the way to and fro."""

import base64
import binascii
import re

from parvis.wire.contentlines import Component, Property, escape, split_raw, split_text, unescape

from .cards import types_of, version_of

_DATE_3 = re.compile(r"(\d{4})-(\d{2})-(\d{2})(T.*)?\Z")
_DATE_4 = re.compile(r"(\d{4})(\d{2})(\d{2})(T.*)?\Z")
_TIME_3 = re.compile(r"T(\d{2}):?(\d{2}):?(\d{2})(?:[.,]\d+)?(Z|[+-]\d{2}:?\d{2})?\Z", re.IGNORECASE)
_OFFSET = re.compile(r"[+-]?\d{2}:?\d{2}\Z")
_GEO_3 = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*[;,]\s*(-?\d+(?:\.\d+)?)\s*\Z")
_GEO_4 = re.compile(r"geo:(-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?)\Z", re.IGNORECASE)
_DATA = re.compile(r"data:([^;,]*)((?:;[^;,]*)*?)(;base64)?,", re.IGNORECASE)
_BINARY = frozenset({"PHOTO", "LOGO", "SOUND", "KEY"})
_MEDIA = {"PHOTO": "image", "LOGO": "image", "SOUND": "audio", "KEY": "application"}
_DATES = frozenset({"BDAY", "ANNIVERSARY", "DEATHDATE", "REV", "CREATED"})
_SIGNS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
    (b"BM", "image/bmp"),
)
NO_YEAR = "1604"
"""The year that Apple writes where there is none, marked by X-APPLE-OMIT-YEAR."""
_APPLE = {"KIND": "X-ADDRESSBOOKSERVER-KIND", "MEMBER": "X-ADDRESSBOOKSERVER-MEMBER"}
_RICHER = {"N": 5, "ADR": 7}
"""Components of RFC 2426; RFC 9554 §2 adds more, whose text the old ones hold too."""


def to_version(card: Component, version: str) -> Component:
    """The card in another version; the card itself when it has that version."""
    if version_of(card) == version:
        return card
    convert = _to_4 if version == "4.0" else _to_3
    made = [convert(each) for each in card.properties if each.name != "VERSION"]
    converted = Component(card.name, [Property("VERSION", version), *made], card.components)
    if version == "4.0":
        _merge_labels(converted)
        _merge_sort_string(converted)
    elif converted.first("N") is None:
        # RFC 2426 §3.1.2 wants one, and Apple shows what it says and not FN.
        name = converted.first("FN")
        converted.properties.append(Property("N", f"{name.value if name is not None else ''};;;;"))
    return converted


def media_type(data: bytes, otherwise: str) -> str:
    """The media type of an image by its first bytes."""
    return next((name for sign, name in _SIGNS if data.startswith(sign)), otherwise)


def data_uri(media: str, data: bytes) -> str:
    """RFC 2397"""
    return f"data:{media};base64,{base64.b64encode(data).decode()}"


def read_data_uri(uri: str) -> tuple[str, bytes] | None:
    """Media type and bytes of a `data:` URI in base64; None for any other. RFC 2397"""
    match = _DATA.match(uri)
    if match is None or not match[3]:
        return None
    try:
        return match[1].lower() or "text/plain", binascii.a2b_base64(uri[match.end() :])
    except ValueError:
        return None


def _to_4(given: Property) -> Property:
    """RFC 6350, Appendix A"""
    params, types = _spread(given)
    name = next((plain for plain, apple in _APPLE.items() if apple == given.name), given.name)
    if "pref" in (each.lower() for each in types):
        types = [each for each in types if each.lower() != "pref"]
        params.setdefault("PREF", ["1"])
    if given.name == "EMAIL":
        types = [each for each in types if each.lower() != "internet"]
    if given.name == "TEL":
        types = ["text" if each.lower() == "msg" else each for each in types]
    value = given.value
    if name in _BINARY:
        value, types = _inline(given, params, types)
    elif name in _DATES:
        value = _date_to_4(value, params)
    elif name == "GEO" and (match := _GEO_3.match(value)):
        value = f"geo:{match[1]},{match[2]}"
    elif name == "TZ" and _OFFSET.match(value):
        value = value.replace(":", "")
        params["VALUE"] = ["utc-offset"]
    elif name == "ADR" and len(parts := split_raw(value, ";")) > _RICHER["ADR"]:
        # Google writes the whole address behind the components of RFC 2426.
        value = ";".join(parts[: _RICHER["ADR"]])
        if text := unescape(parts[_RICHER["ADR"]]).strip():
            params.setdefault("LABEL", [text])
    return _same(given, name, value, params, types)


def _to_3(given: Property) -> Property:
    params, types = _spread(given)
    name, value = given.name, given.value
    if given.param("PREF") == "1":
        del params["PREF"]
        types.append("pref")
    if name in _APPLE and (name == "MEMBER" or value.strip().lower() == "group"):
        name = _APPLE[name]
    elif name == "EMAIL":
        types = ["INTERNET", *types]
    elif name == "TEL" and value.lower().startswith("tel:"):
        value = escape(value[4:])
        params.pop("VALUE", None)
    elif name in _BINARY:
        value = _outline(given, params, types)
    elif name in _DATES:
        value = _date_to_3(value, params)
    elif name == "GEO" and (match := _GEO_4.match(value)):
        value = f"{match[1]};{match[2]}"
    elif name == "TZ" and _OFFSET.match(value):
        value = f"{value[:3]}:{value[3:]}"
        params.pop("VALUE", None)
    elif name in _RICHER:
        value = ";".join(split_raw(value, ";")[: _RICHER[name]])
        params.pop("JSCOMPS", None)
    return _same(given, name, value, params, types)


def _spread(given: Property) -> tuple[dict[str, list[str]], list[str]]:
    """The parameters without TYPE, and the types one by one as they are written."""
    params = {name: list(values) for name, values in given.params.items() if name != "TYPE"}
    types = [piece.strip() for each in given.params.get("TYPE", []) for piece in each.split(",") if piece.strip()]
    return params, types


def _same(given: Property, name: str, value: str, params: dict[str, list[str]], types: list[str]) -> Property:
    """The property as it was when nothing in it is another, so that its octets stay."""
    if types:
        params["TYPE"] = types
    before = {key: values for key, values in given.params.items() if key != "TYPE"}
    after = {key: values for key, values in params.items() if key != "TYPE"}
    if (name, value, after) == (given.name, given.value, before) and types == _spread(given)[1]:
        return given
    return Property(name, value, params, given.group)


def _inline(given: Property, params: dict[str, list[str]], types: list[str]) -> tuple[str, list[str]]:
    """Binary of 3.0 (`ENCODING=b`) as a `data:` URI. RFC 6350 §6.2.4"""
    encoding = (params.get("ENCODING") or [""])[0].upper()
    subtypes = [each for each in types if each.lower() not in ("home", "work", "pref")]
    others = [each for each in types if each not in subtypes]
    if encoding not in ("B", "BASE64"):
        if subtypes and params.get("VALUE", [""])[0].lower() in ("uri", "url"):
            params["MEDIATYPE"] = [_subtype(given.name, subtypes[0])]
            types = others
        params.pop("VALUE", None)
        return given.value, types
    del params["ENCODING"]
    params.pop("VALUE", None)
    text = "".join(given.value.split())
    known = _subtype(given.name, subtypes[0]) if subtypes else ""
    media = known or media_type(_decoded(text[:64]), "application/octet-stream")
    return f"data:{media};base64,{text}", others


def _subtype(name: str, written: str) -> str:
    plain = written.lower()
    if "/" in plain:
        return plain
    if name == "KEY":
        return {"pgp": "application/pgp-keys", "x509": "application/pkix-cert"}.get(plain, f"application/{plain}")
    return f"{_MEDIA[name]}/{'jpeg' if plain == 'jpg' else plain}"


def _decoded(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""


def _outline(given: Property, params: dict[str, list[str]], types: list[str]) -> str:
    match = _DATA.match(given.value)
    if match is None or not match[3]:
        media = (params.pop("MEDIATYPE", None) or [""])[0]
        if media:
            types.append(media.partition("/")[2].upper())
        params["VALUE"] = ["uri"]
        return given.value
    params["ENCODING"] = ["b"]
    subtype = match[1].lower().partition("/")[2]
    kinds = {"pgp-keys": "PGP", "pkix-cert": "X509", "octet-stream": ""}
    if label := kinds.get(subtype, subtype.upper()):
        types.append(label)
    return given.value[match.end() :]


def _date_to_4(value: str, params: dict[str, list[str]]) -> str:
    match = _DATE_3.match(value.strip())
    if match is None:
        return value
    year, month, day = match[1], match[2], match[3]
    if params.get("VALUE", [""])[0].lower() in ("date", "date-time", "timestamp"):
        params.pop("VALUE")
    if params.get("X-APPLE-OMIT-YEAR") == [year]:
        del params["X-APPLE-OMIT-YEAR"]
        return f"--{month}{day}"
    time = _TIME_3.match(match[4] or "")
    return f"{year}{month}{day}" + (
        f"T{time[1]}{time[2]}{time[3]}{(time[4] or '').replace(':', '')}" if time else ""
    )


def _date_to_3(value: str, params: dict[str, list[str]]) -> str:
    if (short := re.fullmatch(r"--(\d{2})-?(\d{2})", value)) is not None:
        params["X-APPLE-OMIT-YEAR"] = [NO_YEAR]
        return f"{NO_YEAR}-{short[1]}-{short[2]}"
    match = _DATE_4.match(value)
    if match is None:
        return value
    time = _TIME_3.match(match[4] or "")
    return f"{match[1]}-{match[2]}-{match[3]}" + (f"T{time[1]}:{time[2]}:{time[3]}{time[4] or ''}" if time else "")


def _merge_labels(card: Component) -> None:
    """LABEL of 3.0 becomes the parameter of the address of the same group or types. RFC 6350 §6.3.1"""
    for label in card.every("LABEL"):
        for place, each in enumerate(card.properties):
            if each.name == "ADR" and "LABEL" not in each.params and _belong(each, label):
                card.properties[place] = each.changed(params={**each.params, "LABEL": [label.text]})
                card.properties = [other for other in card.properties if other is not label]
                break


def _belong(address: Property, label: Property) -> bool:
    if address.group or label.group:
        return address.group == label.group
    return set(types_of(address)) == set(types_of(label))


def _merge_sort_string(card: Component) -> None:
    """SORT-STRING of 3.0 becomes the parameter of N. RFC 6350 §5.9"""
    sort, name = card.first("SORT-STRING"), card.first("N")
    if sort is not None and name is not None and "SORT-AS" not in name.params:
        card.put("N", name.changed(params={**name.params, "SORT-AS": [",".join(split_text(sort.value))]}))
        card.put("SORT-STRING")
