"""Participants of JSCalendar (RFC 8984 §4.4.6, with `calendarAddress` of its successor) from and to ORGANIZER and
ATTENDEE."""

from collections.abc import Mapping

from parvis.wire.contentlines import Component, Property
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.itip.message import NOTE, REPLIED, REVISION
from parvis.wire.ical.jscalendar.words import (
    KINDS,
    ROLES,
    Json,
    backwards,
    key_of,
    maps,
    parse_utc,
    text,
    truths,
    utc,
)
from parvis.wire.ical.values import parse_datetime, write_datetime
from parvis.wire.ical.zones import ms_of

_KNOWN_PARAMS = frozenset(
    {"CN", "CUTYPE", "ROLE", "PARTSTAT", "RSVP", "DELEGATED-TO", "DELEGATED-FROM", "MEMBER", "SENT-BY",
     "SCHEDULE-AGENT", "SCHEDULE-FORCE-SEND", "SCHEDULE-STATUS", "EMAIL", "JSID", REPLIED, REVISION, NOTE}
)  # fmt: skip
PROGRESS = ("in-process", "completed")
"""How far somebody is with a task, which iCalendar has as their answer. RFC 8984 §4.4.6"""
MOST = 2_000
"""Participants of one event."""


def participant_key(address: str) -> str:
    """The key of a participant: the same for the same address."""
    return key_of(address.strip().lower())


def _key(given: Property) -> str:
    return given.param("JSID") or participant_key(given.value)


def from_component(component: Component) -> Json:
    """`participants` and `organizerCalendarAddress` of a component."""
    # RFC 5545 §3.8.4.3
    found, organizer = dict[str, Json](), component.first("ORGANIZER")
    for each in component.every("ATTENDEE")[:MOST]:
        found[_key(each)] = _participant(each)
    said: Json = {}
    if organizer is not None and organizer.value.strip():
        address = _uri(organizer)
        said["organizerCalendarAddress"] = address
        same = next((each for each in found.values() if each["calendarAddress"].lower() == address.lower()), None)
        if same is None and (found or organizer.params):
            found[_key(organizer)] = _participant(organizer) | {"roles": {"owner": True}}
        elif same is not None:
            same["roles"] = same["roles"] | {"owner": True}
            _add_missing(same, organizer)
            same |= _status(organizer)
    if found:
        said["participants"] = found
    return said


def _uri(given: Property) -> str:
    """An address; one that some programs write bare is one of mail."""
    address = given.value.strip()
    return address if ":" in address else f"mailto:{address}"


def _add_missing(same: Json, organizer: Property) -> None:
    if "name" not in same and organizer.param("CN"):
        same["name"] = organizer.param("CN")


def _participant(given: Property) -> Json:
    # RFC 5545 §3.2.3, §3.2.4, §3.2.5, §3.2.11, §3.2.12, §3.2.16, §3.2.18, §3.8.4.1, RFC 7986 §6.2
    address = _uri(given)
    said: Json = {"@type": "Participant", "calendarAddress": address}
    if given.param("CN"):
        said["name"] = given.param("CN")
    if email := given.param("EMAIL"):
        said["email"] = email
    if kind := KINDS.get(given.param("CUTYPE").upper()):
        said["kind"] = kind
    role = given.param("ROLE").upper() or "REQ-PARTICIPANT"
    said["roles"] = dict.fromkeys(ROLES.get(role, ("attendee",)), True)
    if (status := given.param("PARTSTAT").lower()) in PROGRESS:
        said |= {"participationStatus": "accepted", "progress": status}
    elif status:
        said["participationStatus"] = status
    if given.param("RSVP").upper() == "TRUE":
        said["expectReply"] = True
    for param, name in (
        ("DELEGATED-TO", "delegatedTo"),
        ("DELEGATED-FROM", "delegatedFrom"),
        ("MEMBER", "memberOf"),
    ):
        if addresses := given.params.get(param):
            said[name] = {participant_key(each): True for each in addresses}
    if note := given.param(NOTE):
        said["participationComment"] = note
    if sender := given.param("SENT-BY"):
        said["sentBy"] = sender.removeprefix("mailto:")
    return said | _scheduling(given)


def _scheduling(given: Property) -> Json:
    """RFC 6638 §7: the parameters of scheduling."""
    said: Json = {}
    if agent := given.param("SCHEDULE-AGENT"):
        said["scheduleAgent"] = agent.lower()
    if given.param("SCHEDULE-FORCE-SEND"):
        said["scheduleForceSend"] = True
    said |= _status(given)
    if (at := when_utc(given.param(REPLIED))) is not None:
        said["scheduleUpdated"] = at
    if (revision := given.param(REVISION)).isdecimal():
        said["scheduleSequence"] = int(revision[:9])
    return said


def _status(given: Property) -> Json:
    """RFC 6638 §7.3: what became of a message; of what went to an organizer ORGANIZER says it."""
    status = given.params.get("SCHEDULE-STATUS")
    return {"scheduleStatus": [part for each in status for part in each.split(",") if part]} if status else {}


def to_properties(given: Json, before: Component | None) -> list[Property]:
    """ORGANIZER and ATTENDEE of an object; parameters that JSCalendar does not know are kept from those that were
    there for the same address. Raises BadCalendar."""
    people = maps(given.get("participants"))
    if len(people) > MOST:
        raise BadCalendar(f"there are more than {MOST} participants", reason="many", field="participants")
    addresses = {name: _address(name, each) for name, each in people}
    organizer = text(given.get("organizerCalendarAddress")) or next(
        (addresses[name] for name, each in people if "owner" in truths(each.get("roles"))), ""
    )
    made = list[Property]()
    if organizer:
        key, owner = next((each for each in people if addresses[each[0]].lower() == organizer.lower()), ("", {}))
        named: dict[str, list[str]] = {"CN": [text(owner.get("name"))]} if text(owner.get("name")) else {}
        if key and truths(owner.get("roles")) == ["owner"] and key != participant_key(organizer):
            named["JSID"] = [key]
        made.append(Property("ORGANIZER", _line(organizer), named | _kept(before, "ORGANIZER", organizer)))
    for name, each in people:
        roles = truths(each.get("roles"))
        if roles == ["owner"] and addresses[name].lower() == organizer.lower():
            continue
        params = _params(name, each, addresses) | _kept(before, "ATTENDEE", addresses[name])
        made.append(Property("ATTENDEE", _line(addresses[name]), params))
    return made


def _line(address: str) -> str:
    return "".join(address.split())


def _address(name: str, given: Json) -> str:
    """`calendarAddress`, or `sendTo.imip` of RFC 8984, or the e-mail address."""
    sent = given.get("sendTo")
    imip = text(sent.get("imip")) if isinstance(sent, Mapping) else ""
    address = text(given.get("calendarAddress")) or imip
    if not address and text(given.get("email")):
        address = f"mailto:{given['email']}"
    if not address or ":" not in address or len(address) > 1_000:
        raise BadCalendar("a participant needs a calendarAddress", reason="value", field=f"participants/{name}")
    return address


def _kept(before: Component | None, name: str, address: str) -> dict[str, list[str]]:
    if before is None:
        return {}
    same = next((each for each in before.every(name) if each.value.strip().lower() == address.lower()), None)
    return (
        {param: list(values) for param, values in same.params.items() if param not in _KNOWN_PARAMS} if same else {}
    )


def _params(name: str, given: Json, addresses: Mapping[str, str]) -> dict[str, list[str]]:
    params = dict[str, list[str]]()
    for js, param in (("name", "CN"), ("email", "EMAIL")):
        if text(given.get(js)):
            params[param] = [given[js]]
    if kind := backwards(KINDS).get(text(given.get("kind"))):
        params["CUTYPE"] = [kind]
    roles = set(truths(given.get("roles"))) - {"owner"}
    params["ROLE"] = [next((role for role, said in ROLES.items() if set(said) == roles), _nearest(roles))]
    if params["ROLE"] == ["REQ-PARTICIPANT"]:
        del params["ROLE"]
    status, progress = text(given.get("participationStatus")), text(given.get("progress"))
    if status:
        params["PARTSTAT"] = [(progress if status == "accepted" and progress in PROGRESS else status).upper()]
    if given.get("expectReply") is True:
        params["RSVP"] = ["TRUE"]
    for js, param in (("delegatedTo", "DELEGATED-TO"), ("delegatedFrom", "DELEGATED-FROM"), ("memberOf", "MEMBER")):
        if found := [addresses[each] for each in truths(given.get(js)) if each in addresses]:
            params[param] = found
    if note := text(given.get("participationComment")):
        params[NOTE] = [note]
    if sender := text(given.get("sentBy")):
        params["SENT-BY"] = [sender if ":" in sender else f"mailto:{sender}"]
    if name != participant_key(addresses[name]):
        params["JSID"] = [name]
    return params | _schedule_params(given)


def _nearest(roles: set[str]) -> str:
    if "chair" in roles:
        return "CHAIR"
    if "optional" in roles:
        return "OPT-PARTICIPANT"
    return "NON-PARTICIPANT" if roles == {"informational"} else "REQ-PARTICIPANT"


def _schedule_params(given: Json) -> dict[str, list[str]]:
    params = dict[str, list[str]]()
    if agent := text(given.get("scheduleAgent")):
        params["SCHEDULE-AGENT"] = [agent.upper()]
    if given.get("scheduleForceSend") is True:
        params["SCHEDULE-FORCE-SEND"] = ["REQUEST"]
    status = given.get("scheduleStatus")
    if isinstance(status, list) and status:
        params["SCHEDULE-STATUS"] = [",".join(str(each) for each in status)]
    if updated := text(given.get("scheduleUpdated")):
        params[REPLIED] = [write_datetime(parse_utc(updated, "scheduleUpdated"), utc=True)]
    if isinstance(revision := given.get("scheduleSequence"), int) and revision > 0:
        params[REVISION] = [str(revision)]
    return params


def when_utc(value: str) -> str | None:
    """A time in UTC of iCalendar's as a UTCDateTime; None for what is none."""
    try:
        return utc(ms_of(parse_datetime(value)[0]))
    except BadCalendar:
        return None
