"""FileLink: links over JMAP, with their receipts. Parvis's own."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import msgspec

from parvis.access import passwords
from parvis.access.principal import Right
from parvis.files.jmap.node import date
from parvis.files.links import service, store
from parvis.files.links.store import Link, Use
from parvis.files.links.transfer import Transfers, Wish
from parvis.files.model import PARVIS_FILES, SCOPE
from parvis.kernel import clock, ids
from parvis.kernel.records import Immutable, Record, ServerSet
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.errors import MethodError, invalid_properties
from parvis.serve.jmap.kind import Copying, Created, Creation, Kind, Method, Query, Update
from parvis.serve.jmap.types import Arguments, Id, Object, UnsignedInt, UTCDate
from parvis.store.unit import Unit

_FIELDS = {"mode": "mode", "name": "name", "message": "message", "maxUses": "most", "notify": "notify"}
_LEAST, _MOST = 6, 200


class FileLink(Record, kw_only=True):
    """A link for people without an account here."""

    kind: ClassVar[str] = store.KIND
    capability: ClassVar[str] = PARVIS_FILES
    id: ServerSet[str] = ""
    node_id: Immutable[Id]
    url: ServerSet[str] = ""
    mode: Literal["view", "download", "upload"] = "download"
    """Only looking; taking too; or putting files into the folder without seeing what is there."""
    name: str = ""
    """For whoever made it."""
    message: str = ""
    """Shown to whoever opens it."""
    recipient: Immutable[str] = ""
    """The address of the one person it is for."""
    password: str | None = None
    """Given once, never told again."""
    has_password: ServerSet[bool] = False
    expires: UTCDate | None = None
    max_uses: UnsignedInt = 0
    """How many downloads or uploads; 0 is any number."""
    uses: ServerSet[int] = 0
    last_use: ServerSet[str | None] = None
    notify: bool = False
    """Whether who made it gets a letter with each use."""
    created: ServerSet[str] = ""
    created_by: ServerSet[str] = ""
    receipts: ServerSet[list[Object]] = msgspec.field(default_factory=list)
    """What was taken or brought, and when; the newest first."""


class FileLinkCondition(msgspec.Struct, kw_only=True, rename="camel"):
    """Whose links."""

    node_id: str | None = None


async def read(call: Call, numbers: Sequence[int] | None, wanted: frozenset[str]) -> list[Object]:
    """Links of nodes that the asker may share."""
    found = await service.visible(call.db, call.principal, await store.several(call.db, call.account_id, numbers))
    used = [link.id for link in found if link.used] if "receipts" in wanted else []
    receipts = await store.uses(call.db, used)
    return [_shown(call, link, receipts.get(link.id, [])) for link in found]


def _shown(call: Call, link: Link, receipts: Sequence[Use]) -> Object:
    return {
        "id": ids.text(link.id),
        "nodeId": ids.text(link.node_id),
        "url": f"{call.exchange.origin or call.context.public_url}/s/{link.token}",
        "mode": link.mode,
        "name": link.name,
        "message": link.message,
        "recipient": link.recipient,
        "password": None,
        "hasPassword": bool(link.password),
        "expires": date(link.expires_ms) if link.expires_ms is not None else None,
        "maxUses": link.most,
        "uses": link.used,
        "lastUse": date(link.used_ms) if link.used_ms is not None else None,
        "notify": link.notify,
        "created": date(link.created_ms),
        "createdBy": ids.text(link.created_by),
        "receipts": [
            {"what": use.what, "name": use.name, "size": use.size, "time": date(use.time_ms)} for use in receipts
        ],
    }


async def query(call: Call, asked: Query) -> list[int]:
    """All links, or those of a node."""
    node_id = None
    if isinstance(asked.filter, FileLinkCondition) and asked.filter.node_id is not None:
        node_id = call.number(asked.filter.node_id) or 0
    links = await store.several(call.db, call.account_id, None, node_id)
    return [link.id for link in await service.visible(call.db, call.principal, links)]


async def prepare(call: Call, asked: Creation | Update | Copying) -> str | None:
    """The hash of a new password: it takes too long for the unit. Raises SetError."""
    given = asked.values.get("password") if not isinstance(asked, Copying) else None
    if not isinstance(given, str):
        return None
    if not _LEAST <= len(given) <= _MOST:
        raise invalid_properties("password", why=f"a password has {_LEAST} to {_MOST} characters")
    return await passwords.hashed(given)


def _values(values: Object, prepared: str | None) -> dict[str, Any]:
    plain = {inside: values[outside] for outside, inside in _FIELDS.items() if outside in values}
    if "expires" in values:
        plain["expires_ms"] = clock.parse_utc(values["expires"]) if values["expires"] is not None else None
    if prepared is not None or ("password" in values and values["password"] is None):
        plain["password"] = prepared or ""
    return plain


async def create(call: Call, unit: Unit, creation: Creation) -> Created:
    """Makes a link."""
    values = creation.values
    plain = _values(values, creation.prepared) | {"recipient": values["recipient"]}
    node_id = call.number(values["nodeId"]) or 0
    return Created((await service.add(unit, call.principal, call.account_id, node_id, plain)).id)


async def update(call: Call, unit: Unit, change: Update) -> Object | None:
    """Changes a link."""
    plain = _values(change.values, change.prepared)
    await service.change(unit, call.principal, call.account_id, change.object_id, plain)
    return {"password": None, "hasPassword": bool(plain["password"])} if "password" in plain else None


async def destroy(call: Call, unit: Unit, number: int) -> None:
    """Ends a link."""
    await service.remove(unit, call.principal, call.account_id, number)


LINK_KIND = Kind(
    record=FileLink,
    scope=SCOPE,
    parts=True,
    sees=Right.SHARE,
    read=read,
    create=create,
    update=update,
    destroy=destroy,
    prepare=prepare,
    query=query,
    condition=FileLinkCondition,
    rights={"create": Right.SHARE, "update": Right.SHARE, "destroy": Right.SHARE},
)


class TransferArguments(Arguments):
    """FileTransfer/send"""

    account_id: str
    node_ids: list[str]
    recipients: list[str]
    subject: str = ""
    message: str = ""
    expires: UTCDate | None = None
    password: str | None = None
    max_uses: UnsignedInt = 0
    notify: bool = True


async def send(call: Call) -> Result:
    """Gives files to people outside, a link and a letter each; answers with the ids of the links."""
    given = call.arguments
    numbers = [call.number(one) or 0 for one in given.node_ids]
    if len(numbers) > _MOST or len(given.subject) + len(given.message) > _MOST * 10:
        raise MethodError("invalidArguments", "that is too much at once")
    wish = Wish(
        nodes=numbers,
        recipients=given.recipients,
        subject=given.subject,
        message=given.message,
        expires_ms=clock.parse_utc(given.expires) if given.expires is not None else None,
        password=given.password or "",
        most=given.max_uses,
        notify=given.notify,
    )
    made = await call.context.need(Transfers).send(call.principal, call.account_id, wish)
    return {"accountId": ids.text(call.account_id), "linkIds": [ids.text(link.id) for link in made]}


METHODS = (
    Method(
        name="FileTransfer/send",
        capability=PARVIS_FILES,
        arguments=TransferArguments,
        run=send,
        scope=SCOPE,
        right=Right.SHARE,
    ),
)
