"""Properties and parameters of vCard that JSContact only carries, in the form of jCard. RFC 7095, RFC 9555 §2.15"""

from typing import Any

from parvis.wire.contentlines import Property, escape, is_name, join_structured

from .patch import Json


def as_jcard(given: Property) -> list[Any]:
    """A property as jCard has it; the value as it is on the wire has the type `unknown`. RFC 7095 §3.3, §5"""
    params: Json = {
        name.lower(): values[0] if len(values) == 1 else list(values)
        for name, values in given.params.items()
        if values and name != "VALUE"
    }
    if given.group:
        params["group"] = given.group
    kind = given.param("VALUE").lower() or "unknown"
    return [given.name.lower(), params, kind, given.text if kind == "text" else given.value]


def from_jcard(given: Any) -> Property | None:
    """A property of `vCardProps`; None when it is none. RFC 7095 §3.3, RFC 9555 §2.15.1"""
    if (
        not isinstance(given, list)
        or len(given) < 4
        or not all(isinstance(each, str) for each in (given[0], given[2]))
    ):
        return None
    if not is_name(given[0]) or not isinstance(given[1], dict):
        return None
    wrapped = {"vCardParams": given[1]}
    params = kept_params(wrapped)
    kind, values = given[2].lower(), given[3:]
    if kind not in ("unknown", "text"):
        params["VALUE"] = [kind]
    if kind == "text" and len(values) == 1 and isinstance(values[0], str):
        params["VALUE"] = ["text"]
    if kind == "unknown" and isinstance(values[0], str):
        value = values[0]
    elif isinstance(values[0], list):
        value = join_structured(
            [str(e) for e in part] if isinstance(part, list) else [str(part)] for part in values[0]
        )
    else:
        value = ",".join(escape(str(each)) if kind == "text" else str(each) for each in values)
    return Property(given[0].upper(), value, params, group_of(wrapped))


def kept_params(given: Json) -> dict[str, list[str]]:
    kept = given.get("vCardParams")
    params: dict[str, list[str]] = {}
    for name, value in kept.items() if isinstance(kept, dict) else ():
        values = value if isinstance(value, list) else [value]
        if name.lower() != "group" and is_name(name):
            params[name.upper()] = [str(each) for each in values]
    return params


def group_of(given: Json) -> str:
    kept = given.get("vCardParams")
    group = kept.get("group", "") if isinstance(kept, dict) else ""
    return group if isinstance(group, str) and is_name(group) and "." not in group else ""
