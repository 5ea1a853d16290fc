"""Identity: who people send as. RFC 8621 §6"""

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from parvis.access import directory
from parvis.access.principal import Right
from parvis.kernel import ids
from parvis.kernel.records import Immutable, Record, ServerSet
from parvis.mail.model import SCOPE
from parvis.mail.submission.senders import Senders, of_account
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import SetError, invalid_properties
from parvis.serve.jmap.kind import Copying, Created, Creation, Kind, Update
from parvis.serve.jmap.types import Object
from parvis.store.sql.contract import Row
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.markup import escape
from parvis.wire.smtp import is_address

SUBMISSION = "urn:ietf:params:jmap:submission"
_MOST = 200
_COLUMNS = "id, email, name, reply_to, bcc, text_signature, html_signature, is_default"
_FIELDS = {
    "name": "name", "replyTo": "reply_to", "bcc": "bcc", "textSignature": "text_signature",
    "htmlSignature": "html_signature",
}  # fmt: skip
_SIGNATURE_CHARACTERS = 100_000


class EmailAddress(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """RFC 8621 §4.1.2.3"""

    name: str | None = None
    email: str


class Identity(Record, kw_only=True):
    """An address to send from with its name, reply address and signatures."""

    kind: ClassVar[str] = "Identity"
    capability: ClassVar[str] = SUBMISSION

    id: ServerSet[str] = ""
    name: str = ""
    email: Immutable[str]
    reply_to: list[EmailAddress] | None = None
    bcc: list[EmailAddress] | None = None
    text_signature: str = ""
    html_signature: str = ""
    may_delete: ServerSet[bool] = True


async def provision(unit: Unit, account_id: int) -> None:
    """Gives an account an identity for each of its addresses that has none yet."""
    name = await unit.value("SELECT name FROM principal WHERE id = ?", account_id)
    for (address,) in await unit.rows(_LACKING, account_id):
        await add_default(unit, account_id, address, name or "")


async def add_default(unit: Unit, account_id: int, address: str, name: str) -> None:
    """Gives an account the identity of one of its addresses, which stays as long as the address."""
    number = ids.new_id()
    await unit.run(
        "INSERT INTO identity (id, account_id, email, name, is_default) VALUES (?, ?, ?, ?, 1)",
        number, account_id, address, name,
    )  # fmt: skip
    await unit.changed(account_id, Identity.kind, number, "created")


async def sign(unit: Unit, account_id: int, signature: str) -> None:
    """Gives the identities of an account that have no signature this one, which is plain text."""
    await provision(unit, account_id)
    html = f"<p>{'<br>'.join(escape(line) for line in signature.split(chr(10)))}</p>"
    for (number,) in await unit.rows(
        "SELECT id FROM identity WHERE account_id = ? AND text_signature = '' AND html_signature = ''", account_id
    ):
        await unit.run(
            "UPDATE identity SET text_signature = ?, html_signature = ? WHERE id = ?", signature, html, number
        )
        await unit.changed(account_id, Identity.kind, number, "updated")


_LACKING = """SELECT a.address FROM address a LEFT JOIN identity i ON i.account_id = a.principal_id
    AND i.email = a.address AND i.is_default = 1 WHERE a.principal_id = ? AND i.id IS NULL ORDER BY a.address"""


async def _ensure(keep: Store, account_id: int) -> None:
    """Addresses given to the account since get their identity when somebody looks."""
    if await keep.db.row(_LACKING, account_id):
        await keep.write(lambda unit: provision(unit, account_id))


async def read(call: Call, wanted: Sequence[int] | None, _: frozenset[str]) -> list[Object]:
    """Identities of the account, the main address first."""
    if wanted is None and call.db is call.context.store.db:
        await _ensure(call.context.store, call.account_id)
    rows = await call.db.rows(
        f"SELECT {_COLUMNS} FROM identity WHERE account_id = ? ORDER BY is_default DESC, id", call.account_id
    )
    main = await call.db.value("SELECT address FROM principal WHERE id = ?", call.account_id)
    rows.sort(key=lambda row: row[1] != main)
    senders = await _present(call)
    return [_object(row, senders) for row in rows if wanted is None or row[0] in wanted]


async def _present(call: Call) -> Senders:
    rows = await call.db.rows(
        """SELECT address FROM address WHERE principal_id = ?
        UNION ALL SELECT address FROM external_account WHERE account_id = ?""",
        call.account_id, call.account_id,
    )  # fmt: skip
    return Senders(tuple(row[0] for row in rows))


def _object(row: Row, senders: Senders) -> Object:
    number, email, name, reply_to, bcc, text, html, is_default = row
    return {
        "id": ids.text(number),
        "name": name,
        "email": email,
        "replyTo": msgspec.json.decode(reply_to),
        "bcc": msgspec.json.decode(bcc),
        "textSignature": text,
        "htmlSignature": html,
        "mayDelete": not (is_default and email in senders.addresses),
    }


async def _prepare(call: Call, wanted: Creation | Update | Copying) -> Senders | None:
    return await of_account(call.context.store.db, call.account_id) if isinstance(wanted, Creation) else None


async def _create(call: Call, unit: Unit, creation: Creation) -> Created:
    values, senders = creation.values, creation.prepared
    email = values["email"]
    if not is_address(email):
        raise invalid_properties("email", why="not an address")
    if not senders.allow(email):
        raise SetError("forbiddenFrom", f"{email} is not one of your addresses")
    if await unit.value("SELECT COUNT(*) FROM identity WHERE account_id = ?", call.account_id) >= _MOST:
        raise SetError("overQuota", f"at most {_MOST} identities")
    columns = _columns(values)
    number = ids.new_id()
    await unit.run(
        f"""INSERT INTO identity (id, account_id, email, {", ".join(columns)})
        VALUES (?, ?, ?, {", ".join("?" * len(columns))})""",
        number, call.account_id, directory.normal(email), *columns.values(),
    )  # fmt: skip
    await unit.changed(call.account_id, Identity.kind, number, "created")
    return Created(number)


async def _update(call: Call, unit: Unit, update: Update) -> None:
    columns = _columns(update.values)
    await unit.run(
        f"""UPDATE identity SET {", ".join(f"{name} = ?" for name in columns)} WHERE id = ? AND account_id = ?""",
        *columns.values(), update.object_id, call.account_id,
    )  # fmt: skip
    await unit.changed(call.account_id, Identity.kind, update.object_id, "updated")


async def _destroy(call: Call, unit: Unit, number: int) -> None:
    row = await unit.row(
        f"SELECT {_COLUMNS} FROM identity WHERE id = ? AND account_id = ?", number, call.account_id
    )
    if row is None:
        raise SetError("notFound")
    if row[7] and row[1] in (await _present(call)).addresses:
        raise SetError("forbidden", "every address keeps one identity")
    await unit.run("DELETE FROM identity WHERE id = ?", number)
    await unit.changed(call.account_id, Identity.kind, number, "destroyed")


def _columns(values: Object) -> dict[str, Any]:
    """The database's form of settable properties. Raises SetError for what cannot be kept."""
    found: dict[str, Any] = {}
    for name, column in _FIELDS.items():
        if name not in values:
            continue
        value = values[name]
        if name in ("replyTo", "bcc"):
            if value is not None and any(not is_address(each.email) for each in value):
                raise invalid_properties(name, why="not an address")
            found[column] = msgspec.json.encode(value).decode()
        else:
            if len(value) > _SIGNATURE_CHARACTERS or (name == "name" and not value.isprintable()):
                raise invalid_properties(name, why="too long, or not printable")
            found[column] = value
    return found


KIND = Kind(
    record=Identity,
    scope=SCOPE,
    read=read,
    prepare=_prepare,
    create=_create,
    update=_update,
    destroy=_destroy,
    rights={"create": Right.WRITE, "update": Right.WRITE, "destroy": Right.WRITE},
)
