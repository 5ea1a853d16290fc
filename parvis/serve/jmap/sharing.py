"""Who was given what: Grant, and why somebody sees a thing. ★A3"""

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from parvis.access import directory, gate, visibility
from parvis.access.gate import VISIBLE, visible
from parvis.access.principal import Right
from parvis.kernel import clock, ids
from parvis.kernel.errors import Invalid
from parvis.kernel.records import Immutable, Record, ServerSet
from parvis.serve.jmap.accounts import ANY
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.errors import SetError, invalid_properties
from parvis.serve.jmap.kind import Created, Creation, Kind, Method, Update
from parvis.serve.jmap.shares import Names, named
from parvis.serve.jmap.types import Arguments, Id, Object, UTCDate
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit

SHARING = "urn:parvis:sharing"
RIGHTS: Names = {
    "read": Right.READ,
    "write": Right.WRITE,
    "delete": Right.DELETE,
    "send": Right.SEND,
    "share": Right.SHARE,
    "freeBusy": Right.FREE_BUSY,
    "sendAs": Right.SEND_AS,
    "rsvp": Right.RSVP,
    "writeOwn": Right.WRITE_OWN,
    "updatePrivate": Right.UPDATE_PRIVATE,
}


class Rights(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a grant allows."""

    read: bool = True
    write: bool = False
    delete: bool = False
    send: bool = False
    share: bool = False
    free_busy: bool = False
    send_as: bool = False
    rsvp: bool = False
    write_own: bool = False
    update_private: bool = False


class Grant(Record, kw_only=True):
    """Rights in one scope of the account, given to somebody, until `expires` when that is set."""

    kind: ClassVar[str] = "Grant"
    capability: ClassVar[str] = SHARING
    id: ServerSet[str] = ""
    scope_kind: Immutable[str]
    """What is shared: `mail`."""
    scope_id: Immutable[Id | None] = None
    """Which one, when the account has several of that kind."""
    scope_name: ServerSet[str] = ""
    grantee_id: Immutable[Id]
    grantee_name: ServerSet[str] = ""
    rights: Rights = msgspec.field(default_factory=Rights)
    expires: UTCDate | None = None
    granted_by: ServerSet[str] = ""
    granted: ServerSet[str] = ""


async def _read_grants(call: Call, numbers: Sequence[int] | None, wanted: frozenset[str]) -> list[Object]:
    """Grants in scopes that the asker may share."""
    some = f"AND g.id IN {marks(len(numbers))}" if numbers is not None else ""
    rows = await call.db.rows(
        f"""SELECT g.id, s.kind, s.id, s.name, g.principal_id, p.name, g.rights, g.expires_ms, b.name, g.granted_ms
        FROM scope s JOIN access_grant g ON g.scope_id = s.id JOIN principal p ON p.id = g.principal_id
        LEFT JOIN principal b ON b.id = g.granted_by
        WHERE s.account_id = ? AND s.id IN {VISIBLE} {some} ORDER BY g.id""",
        call.account_id,
        *visible(call.principal, Right.SHARE),
        *(numbers or ()),
    )
    return [
        {
            "id": ids.text(row[0]),
            "scopeKind": row[1],
            "scopeId": ids.text(row[2]),
            "scopeName": row[3],
            "granteeId": ids.text(row[4]),
            "granteeName": row[5],
            "rights": named(Right(row[6]), RIGHTS),
            "expires": clock.utc_date(row[7]) if row[7] is not None else None,
            "grantedBy": row[8] or "",
            "granted": clock.utc_date(row[9]),
        }
        for row in rows
    ]


def _right(rights: Rights) -> Right:
    given: Object = msgspec.to_builtins(rights)
    total = Right(0)
    for name, right in RIGHTS.items():
        total |= right if given[name] else Right(0)
    if not total:
        raise invalid_properties("rights", why="a grant of nothing is none")
    return total


def _end(expires: str | None) -> int | None:
    if expires is None:
        return None
    try:
        end = clock.parse_utc(expires)
    except Invalid as error:
        raise invalid_properties("expires", why=error.sentence) from error
    if end <= clock.now_ms():
        raise invalid_properties("expires", why="that is over already")
    return end


async def _create(call: Call, unit: Unit, creation: Creation) -> Created:
    values = creation.values
    grantee = call.number(values["granteeId"])
    if grantee is None:
        raise invalid_properties("granteeId", why="no such principal")
    wanted = call.number(values["scopeId"]) if values["scopeId"] is not None else None
    rows = await unit.rows(
        "SELECT id FROM scope WHERE account_id = ? AND kind = ?", call.account_id, values["scopeKind"]
    )
    scopes = [row[0] for row in rows if values["scopeId"] is None or row[0] == wanted]
    if len(scopes) != 1:
        wrong = "scopeId" if rows else "scopeKind"
        raise invalid_properties(wrong, why="no such thing to share" if not scopes else "say which one")
    number = await gate.give(
        unit, call.principal, scopes[0], grantee, _right(values["rights"]), _end(values["expires"])
    )
    return Created(number)


async def _update(call: Call, unit: Unit, change: Update) -> None:
    row = await unit.row(
        """SELECT g.scope_id, g.principal_id, g.rights, g.expires_ms FROM access_grant g
        JOIN scope s ON s.id = g.scope_id WHERE g.id = ? AND s.account_id = ?""",
        change.object_id,
        call.account_id,
    )
    if row is None:
        raise SetError("notFound")
    rights = _right(change.values["rights"]) if "rights" in change.values else Right(row[2])
    end = _end(change.values["expires"]) if "expires" in change.values else row[3]
    await gate.give(unit, call.principal, row[0], row[1], rights, end)


async def _destroy(call: Call, unit: Unit, number: int) -> None:
    found = await _read_grants(call, [number], frozenset())
    if not found:
        raise SetError("notFound")
    await gate.withdraw(unit, call.principal, number)


GRANT = Kind(
    record=Grant,
    scope=ANY,
    read=_read_grants,
    create=_create,
    update=_update,
    destroy=_destroy,
    rights={"create": Right.SHARE, "update": Right.SHARE, "destroy": Right.SHARE},
    first=visibility.turn,
)


class _Explain(Arguments):
    account_id: str
    scope_id: str
    principal_id: str | None = None


async def _explain(call: Call) -> Result:
    """Why a scope is seen: by the asker, or by `principalId` when the asker may share the scope. Each path is a
    grant, with whom it was given to and by whom, or what colleagues know; who is not shown any does not see it."""
    given = call.arguments
    scope, asked = call.number(given.scope_id), call.principal
    rows: list[Any] = []
    if given.principal_id is not None:
        rows = await call.db.rows(
            f"SELECT 1 FROM scope s WHERE s.id = ? AND s.id IN {VISIBLE}", scope, *visible(asked, Right.SHARE)
        )
        number = call.number(given.principal_id)
        if not rows or number is None:
            return {"accountId": given.account_id, "scopeId": given.scope_id, "paths": []}
        asked = await directory.by_id(call.context.store.db, number)
    paths = await gate.explain(call.context.store.db, asked, scope) if scope is not None else []
    return {
        "accountId": given.account_id,
        "scopeId": given.scope_id,
        "paths": [
            {
                "owner": path.grant_id == 0 and not path.colleague,
                "colleague": path.colleague,
                "grantId": ids.text(path.grant_id) if path.grant_id else None,
                "grantee": path.grantee,
                "grantedBy": path.granted_by,
                "granted": clock.utc_date(path.granted_ms) if path.granted_ms else None,
                "expires": clock.utc_date(path.expires_ms) if path.expires_ms is not None else None,
                "rights": named(path.rights, RIGHTS),
            }
            for path in paths
        ],
    }


def methods() -> tuple[Method, ...]:
    """Grant/explain."""
    return (Method(name="Grant/explain", capability=SHARING, arguments=_Explain, run=_explain, scope=ANY),)
