"""EmailTemplate: a text that a person begins messages with, under a name."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from msgspec import Meta

from parvis.access.principal import Right
from parvis.kernel import ids
from parvis.kernel.records import Record, ServerSet
from parvis.mail.model import PARVIS_MAIL, SCOPE
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import SetError
from parvis.serve.jmap.kind import Created, Creation, Kind, Update
from parvis.serve.jmap.types import Object
from parvis.store.unit import Unit

_MOST = 200
_SETTABLE = ("name", "subject", "html")


class EmailTemplate(Record, kw_only=True):
    """One template; `html` is what the message begins with."""

    kind: ClassVar[str] = "EmailTemplate"
    capability: ClassVar[str] = PARVIS_MAIL

    id: ServerSet[str] = ""
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    subject: Annotated[str, Meta(max_length=1_000)] = ""
    html: Annotated[str, Meta(max_length=200_000)] = ""


async def _read(call: Call, wanted: Sequence[int] | None, _: frozenset[str]) -> list[Object]:
    rows = await call.db.rows(
        "SELECT id, name, subject, html FROM template WHERE account_id = ? ORDER BY name, id", call.account_id
    )
    return [
        {"id": ids.text(row[0]), **dict(zip(_SETTABLE, row[1:], strict=True))}
        for row in rows
        if wanted is None or row[0] in wanted
    ]


async def _create(call: Call, unit: Unit, creation: Creation) -> Created:
    if await unit.value("SELECT COUNT(*) FROM template WHERE account_id = ?", call.account_id) >= _MOST:
        raise SetError("overQuota", f"at most {_MOST} templates")
    number = ids.new_id()
    await unit.run(
        "INSERT INTO template (id, account_id, name, subject, html) VALUES (?, ?, ?, ?, ?)",
        number,
        call.account_id,
        *(creation.values[name] for name in _SETTABLE),
    )
    await unit.changed(call.account_id, EmailTemplate.kind, number, "created")
    return Created(number)


async def _update(call: Call, unit: Unit, update: Update) -> None:
    await unit.run(
        f"UPDATE template SET {', '.join(f'{name} = ?' for name in update.values)} WHERE id = ? AND account_id = ?",
        *update.values.values(),
        update.object_id,
        call.account_id,
    )
    await unit.changed(call.account_id, EmailTemplate.kind, update.object_id, "updated")


async def _destroy(call: Call, unit: Unit, number: int) -> None:
    gone = await unit.value(
        "DELETE FROM template WHERE id = ? AND account_id = ? RETURNING id", number, call.account_id
    )
    if gone is None:
        raise SetError("notFound")
    await unit.changed(call.account_id, EmailTemplate.kind, number, "destroyed")


KIND = Kind(
    record=EmailTemplate,
    scope=SCOPE,
    read=_read,
    create=_create,
    update=_update,
    destroy=_destroy,
    rights={"create": Right.WRITE, "update": Right.WRITE, "destroy": Right.WRITE},
)
