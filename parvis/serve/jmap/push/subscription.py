"""PushSubscription objects: where a client wants to be told. They belong to the sign-in that made them, not to an
account. RFC 8620 §7.2"""

import hmac
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec

from parvis.kernel import clock, ids
from parvis.kernel.errors import EgressRefused, Invalid
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.errors import MethodError, SetError, invalid_properties
from parvis.serve.jmap.kind import Method
from parvis.serve.jmap.push import encryption
from parvis.serve.jmap.push.delivery import Delivery, Target
from parvis.serve.jmap.types import Arguments, Object, UTCDate
from parvis.store.sql.contract import Row
from parvis.store.unit import Unit

CORE = "urn:ietf:params:jmap:core"
LONGEST_MS = 7 * 86_400_000
SUBSCRIBED = "SELECT principal_id FROM push_subscription WHERE verified = 1 AND expires_ms > ?"
"""Those who are told by push; the parameter is the time in ms."""
_MOST = 50
_SHOWN = ("id", "deviceClientId", "verificationCode", "expires", "types")
_HIDDEN = frozenset({"url", "keys"})


class _Get(Arguments):
    ids: list[str] | None = None
    properties: list[str] | None = None


class _Set(Arguments):
    create: dict[str, dict[str, Any]] | None = None
    update: dict[str, dict[str, Any]] | None = None
    destroy: list[str] | None = None


class _Keys(msgspec.Struct, forbid_unknown_fields=True):
    p256dh: str
    auth: str


class _New(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    device_client_id: str
    url: str
    keys: _Keys | None = None
    verification_code: None = None
    expires: UTCDate | None = None
    types: list[str] | None = None


class _Patch(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    verification_code: str | msgspec.UnsetType | None = msgspec.UNSET
    expires: UTCDate | msgspec.UnsetType | None = msgspec.UNSET
    types: list[str] | msgspec.UnsetType | None = msgspec.UNSET


def methods() -> tuple[Method, ...]:
    """PushSubscription/get and /set."""
    return (
        Method(name="PushSubscription/get", capability=CORE, arguments=_Get, run=_get),
        Method(name="PushSubscription/set", capability=CORE, arguments=_Set, run=_set),
    )


async def _rows(call: Call) -> dict[str, Row]:
    """The subscriptions of these credentials, by id."""
    rows = await call.context.store.db.rows(
        """SELECT id, device, code, verified, expires_ms, types FROM push_subscription
        WHERE principal_id = ? AND session_id = ? AND expires_ms > ? ORDER BY id""",
        call.principal.id,
        call.principal.session_id,
        clock.now_ms(),
    )
    return {ids.text(row[0]): row for row in rows}


def _shown(row: Row) -> Object:
    number, device, code, verified, expires_ms, types = row
    return {
        "id": ids.text(number),
        "deviceClientId": device,
        "verificationCode": code if verified else None,
        "expires": clock.utc_date(expires_ms),
        "types": msgspec.json.decode(types) if types else None,
    }


async def _get(call: Call) -> Result:
    """RFC 8620 §7.2.1"""
    wanted = call.arguments.properties
    if wanted is not None and _HIDDEN & set(wanted):
        raise MethodError("forbidden", "url and keys are not given back")
    if wanted is not None and set(wanted) - set(_SHOWN):
        raise MethodError("invalidArguments", "properties: unknown")
    rows = await _rows(call)
    given = call.arguments.ids
    asked = list(rows) if given is None else list(dict.fromkeys(call.resolve(one) or one for one in given))
    names = {"id", *(wanted if wanted is not None else _SHOWN)}
    found = [{k: v for k, v in _shown(rows[one]).items() if k in names} for one in asked if one in rows]
    return {"list": found, "notFound": [one for one in asked if one not in rows]}


@dataclass(slots=True)
class _Done:
    created: dict[str, Object]
    updated: dict[str, Object | None]
    destroyed: list[str]
    failed: dict[str, dict[str, Object]]


async def _set(call: Call) -> Result:
    """RFC 8620 §7.2.2"""
    given, done = call.arguments, _Done({}, {}, [], {"notCreated": {}, "notUpdated": {}, "notDestroyed": {}})
    rows = await _rows(call)
    for creation, wanted in (given.create or {}).items():
        try:
            if len(rows) + len(done.created) >= _MOST:
                raise SetError("overQuota", f"at most {_MOST} subscriptions")
            if not call.context.need(Delivery).new.take(str(call.principal.id)):
                raise SetError("rateLimit", "too many new subscriptions in a short time")
            done.created[creation] = await _create(call, wanted)
            call.exchange.created[creation] = done.created[creation]["id"]
        except SetError as error:
            done.failed["notCreated"][creation] = error.arguments()
    rows = await _rows(call)
    for key, patch in (given.update or {}).items():
        number = call.resolve(key) or key
        try:
            done.updated[number] = await _update(call, rows.get(number), patch)
        except SetError as error:
            done.failed["notUpdated"][key] = error.arguments()
    for key in dict.fromkeys(given.destroy or ()):
        number = call.resolve(key) or key
        if number in rows:
            await _destroy(call, rows[number][0])
            done.destroyed.append(number)
        else:
            done.failed["notDestroyed"][key] = SetError("notFound").arguments()
    answer: Object = {"created": done.created, "updated": done.updated, "destroyed": done.destroyed, **done.failed}
    return {name: value or None for name, value in answer.items()}


async def _create(call: Call, given: Object) -> Object:
    try:
        wanted = msgspec.convert(given, _New)
    except msgspec.ValidationError as error:
        raise invalid_properties(_named(str(error)), why=str(error)) from error
    _check(call, wanted)
    target = Target(
        ids.new_id(),
        call.principal,
        wanted.url,
        wanted.keys.p256dh if wanted.keys else "",
        wanted.keys.auth if wanted.keys else "",
        frozenset(wanted.types) if wanted.types is not None else None,
    )
    code, end = ids.token(24), _end(wanted.expires)
    await call.context.store.write(lambda unit: _insert(unit, target, wanted, code, end))
    call.context.need(Delivery).verify(target, code)
    made: Object = {"id": ids.text(target.id), "keys": None, "expires": clock.utc_date(end)}
    return {name: value for name, value in made.items() if name not in given or value != given[name]}


async def _insert(unit: Unit, target: Target, wanted: _New, code: str, end: int) -> None:
    await unit.run("DELETE FROM push_subscription WHERE expires_ms <= ?", clock.now_ms())
    await unit.run(
        """INSERT INTO push_subscription (id, principal_id, session_id, device, url, p256dh, auth, code,
        expires_ms, types) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        target.id,
        target.principal.id,
        target.principal.session_id,
        wanted.device_client_id[:255],
        target.url,
        target.p256dh,
        target.auth,
        code,
        end,
        None if wanted.types is None else msgspec.json.encode(wanted.types).decode(),
    )


def _check(call: Call, wanted: _New) -> None:
    """The URL is https, its host is let through by the egress gate, and named: never an address of this machine or
    its network, unless the administrator lists it."""
    parts = urlsplit(wanted.url)
    host = parts.hostname or ""
    listed = host in call.context.settings.egress_allow
    if not host or (parts.scheme != "https" and not (listed and parts.scheme == "http")):
        raise invalid_properties("url", why="the URL must begin with https://")
    if not listed and ("." not in host or host.replace(".", "").isdigit() or ":" in host):
        raise SetError("forbidden", "push goes to named hosts only")
    try:
        call.context.egress.check("push", host, parts.port or 443, "new subscription")
        if wanted.keys is not None:
            encryption.check(wanted.keys.p256dh, wanted.keys.auth)
    except EgressRefused as error:
        raise SetError("forbidden", error.sentence) from error
    except (Invalid, ValueError) as error:
        raise invalid_properties("keys" if isinstance(error, Invalid) else "url", why=str(error)) from error


def _end(expires: str | None) -> int:
    latest = clock.now_ms() + LONGEST_MS
    try:
        return latest if expires is None else min(latest, clock.parse_utc(expires))
    except Invalid as error:
        raise invalid_properties("expires", why=error.sentence) from error


async def _update(call: Call, row: Row | None, given: Object) -> Object | None:
    if row is None:
        raise SetError("notFound")
    shown = _shown(row)
    given = {name: value for name, value in given.items() if name not in shown or value != shown[name]}
    try:
        wanted = msgspec.convert(given, _Patch)
    except msgspec.ValidationError as error:
        raise invalid_properties(_named(str(error)) or next(iter(given), ""), why=str(error)) from error
    verified, end, types = row[3], row[4], row[5]
    if wanted.verification_code is not msgspec.UNSET:
        if not hmac.compare_digest(str(wanted.verification_code or "").encode(), row[2].encode()):
            raise invalid_properties("verificationCode", why="that is not the code")
        verified = 1
    if wanted.expires is not msgspec.UNSET:
        end = _end(wanted.expires)
    if wanted.types is not msgspec.UNSET:
        types = None if wanted.types is None else msgspec.json.encode(wanted.types).decode()

    async def work(unit: Unit) -> None:
        await unit.run(
            "UPDATE push_subscription SET verified = ?, expires_ms = ?, types = ? WHERE id = ?",
            verified,
            end,
            types,
            row[0],
        )

    await call.context.store.write(work)
    kept = clock.utc_date(end)
    return {"expires": kept} if "expires" in given and kept != given["expires"] else None


async def _destroy(call: Call, number: int) -> None:
    async def work(unit: Unit) -> None:
        await unit.run("DELETE FROM push_subscription WHERE id = ?", number)

    await call.context.store.write(work)


def _named(message: str) -> str:
    """The property that msgspec complains of."""
    if "`$." in message:
        return message.rpartition("`$.")[2].partition("`")[0].partition(".")[0]
    return message.split("`")[1] if message.count("`") >= 2 else ""
