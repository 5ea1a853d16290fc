"""What servers send each other at one go (Matrix v1.19 Server-Server §Transactions): events of rooms, and what
passes, EDUs (Matrix v1.19 Server-Server §EDUs)."""

from itertools import islice
from typing import Annotated, Any, Literal

import msgspec

from . import canonical, identifiers
from .canonical import INTEGER_LIMIT, Object
from .errors import BadMatrix

PDUS_LIMIT, EDUS_LIMIT = 50, 100
SIZE_LIMIT = 16_000_000
"""Bytes of a transaction that are read."""
_MOST_TOLD = 500
"""EDUs that are taken of a transaction, where one tells of many; what comes then is left."""
Id = Annotated[str, msgspec.Meta(max_length=255)]
Number = Annotated[int, msgspec.Meta(ge=0, le=INTEGER_LIMIT)]


class Typing(msgspec.Struct, frozen=True):
    """Whether somebody is writing (Matrix v1.19 Server-Server §Typing Notifications)."""

    room_id: Id
    user_id: Id
    typing: bool


class Presence(msgspec.Struct, frozen=True):
    """Whether somebody is there (Matrix v1.19 Server-Server §Presence)."""

    user_id: Id
    presence: Literal["offline", "unavailable", "online"]
    last_active_ago: Number = 0
    """Milliseconds."""
    status_msg: Annotated[str, msgspec.Meta(max_length=1_000)] | None = None
    currently_active: bool = False


class Receipt(msgspec.Struct, frozen=True):
    """How far somebody has read in a room (Matrix v1.19 Server-Server §Receipts)."""

    room_id: str
    user_id: str
    event_id: str
    ts: int
    thread_id: str
    """The root of the thread, `main`, or empty for all."""


class DeviceListUpdate(msgspec.Struct, frozen=True):
    """A device of somebody is new, other than it was, or gone (Matrix v1.19 Server-Server §Device Management)."""

    user_id: Id
    device_id: Id
    stream_id: Number
    prev_id: list[Number] = []
    device_display_name: Id | None = None
    deleted: bool = False
    keys: Object | None = None
    """To be read by `devices.read_device`."""


class SigningKeyUpdate(msgspec.Struct, frozen=True):
    """Keys of a person are new (Matrix v1.19 Server-Server §Device Management); to be read by
    `devices.read_cross_signing_set`."""

    user_id: Id
    master_key: Object | None = None
    self_signing_key: Object | None = None


class DirectToDevice(msgspec.Struct, frozen=True):
    """Messages for devices (Matrix v1.19 Server-Server §Send-to-device messaging)."""

    sender: Id
    type: Id
    message_id: Annotated[str, msgspec.Meta(max_length=255)]
    messages: dict[Id, dict[Id, Object]]
    """By user and device; `*` means all devices."""


Edu = Typing | Presence | Receipt | DeviceListUpdate | SigningKeyUpdate | DirectToDevice


class Transaction(msgspec.Struct, frozen=True):
    """What one server sent."""

    pdus: list[Object]
    """Each to be read as an event of its room."""
    edus: list[Edu]


class _Wrapped(msgspec.Struct, frozen=True):
    edu_type: str
    content: Object


class _Envelope(msgspec.Struct, frozen=True):
    origin: str
    pdus: Annotated[list[Any], msgspec.Meta(max_length=PDUS_LIMIT)]
    edus: Annotated[list[Any], msgspec.Meta(max_length=EDUS_LIMIT)] = []


def decode(data: bytes) -> object:
    """The JSON of a transaction: which numbers an event may have is known when its room is. Raises BadMatrix."""
    return canonical.decode(data, strict=False, limit=SIZE_LIMIT)


def read(value: object, origin: str) -> Transaction:
    """Reads a transaction that `origin` sent. EDUs that are not known, or not as they should be, or speak for users
    of other servers, or are too many, are left out. Raises BadMatrix for what is no transaction, is too long, or
    names another origin."""
    try:
        envelope = msgspec.convert(value, _Envelope)
    except msgspec.ValidationError as error:
        raise BadMatrix(str(error)) from None
    if envelope.origin != origin:
        raise BadMatrix("The transaction of another server", errcode="M_UNAUTHORIZED", field="origin")
    pdus = [each for each in envelope.pdus if isinstance(each, dict)]
    edus = (edu for each in envelope.edus for edu in _edus(each) if speaks_for(edu) == origin)
    return Transaction(pdus, list(islice(edus, _MOST_TOLD)))


def speaks_for(edu: Edu) -> str:
    """The server of whom an EDU is about; empty where that is nobody."""
    user = edu.sender if isinstance(edu, DirectToDevice) else edu.user_id
    return identifiers.server_of(user) if identifiers.is_user_id(user) else ""


def _edus(value: object) -> list[Edu]:
    try:
        edu = msgspec.convert(value, _Wrapped)
        return _read(edu.edu_type, edu.content)
    except (msgspec.ValidationError, BadMatrix):
        return []


def _read(kind: str, content: Object) -> list[Edu]:
    match kind:
        case "m.typing":
            return [msgspec.convert(content, Typing)]
        case "m.presence":
            return [*_each(content.get("push"), Presence)]
        case "m.receipt":
            return [*_receipts(content)]
        case "m.device_list_update":
            return [msgspec.convert(content, DeviceListUpdate)]
        case "m.signing_key_update":
            return [msgspec.convert(content, SigningKeyUpdate)]
        case "m.direct_to_device":
            return [msgspec.convert(content, DirectToDevice)]
    return []


def _each(values: object, kind: type[Presence]) -> list[Presence]:
    """Those of a list that are as they should be."""
    found = []
    for value in values if isinstance(values, list) else []:
        try:
            found.append(msgspec.convert(value, kind))
        except msgspec.ValidationError:
            continue
    return found


class _Data(msgspec.Struct, frozen=True):
    ts: Number
    thread_id: Id = ""


class _Read(msgspec.Struct, frozen=True):
    event_ids: Annotated[list[Id], msgspec.Meta(min_length=1, max_length=1)]
    data: _Data


def _receipts(content: Object) -> list[Receipt]:
    found = []
    for room_id, kinds in content.items():
        users = kinds.get("m.read") if isinstance(kinds, dict) else None
        for user_id, given in users.items() if isinstance(users, dict) else ():
            try:
                read = msgspec.convert(given, _Read)
            except msgspec.ValidationError:
                continue
            found.append(Receipt(room_id, user_id, read.event_ids[0], read.data.ts, read.data.thread_id))
    return found


def wrapped(edu: Edu) -> Object:
    """An EDU as it is sent; of receipts and presence each alone."""
    match edu:
        case Receipt():
            thread = {"thread_id": edu.thread_id} if edu.thread_id else {}
            given = {"event_ids": [edu.event_id], "data": {"ts": edu.ts, **thread}}
            return {"edu_type": "m.receipt", "content": {edu.room_id: {"m.read": {edu.user_id: given}}}}
        case Presence():
            return {"edu_type": "m.presence", "content": {"push": [_said(edu)]}}
        case Typing():
            return {"edu_type": "m.typing", "content": _said(edu)}
        case DeviceListUpdate():
            return {"edu_type": "m.device_list_update", "content": _said(edu)}
        case SigningKeyUpdate():
            return {"edu_type": "m.signing_key_update", "content": _said(edu)}
        case DirectToDevice():
            return {"edu_type": "m.direct_to_device", "content": _said(edu)}


def _said(edu: msgspec.Struct) -> Object:
    return {name: value for name, value in msgspec.structs.asdict(edu).items() if value is not None}


def written(origin: str, now_ms: int, pdus: list[Object], edus: list[Object]) -> Object:
    """A transaction of ours; no more than PDUS_LIMIT and EDUS_LIMIT of each."""
    assert len(pdus) <= PDUS_LIMIT and len(edus) <= EDUS_LIMIT, "too much for one transaction"
    return {"origin": origin, "origin_server_ts": now_ms, "pdus": pdus, "edus": edus}
