"""The Session object. RFC 8620 §2"""

import hashlib
from collections import defaultdict

from parvis.access import gate, parts
from parvis.access.gate import Access
from parvis.access.principal import Principal, Right
from parvis.kernel import ids
from parvis.serve.context import Context
from parvis.serve.feature import Capability
from parvis.serve.jmap.accounts import ANY, joined
from parvis.serve.jmap.engine import CORE, Engine
from parvis.serve.jmap.filters import COLLATIONS
from parvis.serve.jmap.kind import OWN
from parvis.serve.jmap.push.vapid import VAPID, Vapid
from parvis.serve.jmap.sharing import SHARING
from parvis.serve.jmap.types import Object
from parvis.store.sql.contract import marks

PRINCIPALS_OWNER = "urn:ietf:params:jmap:principals:owner"
_WRITING = Right.WRITE | Right.WRITE_OWN
WEBSOCKET = "urn:ietf:params:jmap:websocket"


async def session(context: Context, engine: Engine, principal: Principal, origin: str) -> Object:
    """What this principal may use, and where. `origin` is used when the settings name no public address."""
    before = await state(context, principal, origin)
    base = context.settings.public_url.rstrip("/") or origin or context.public_url
    accounts = await accounts_of(context, engine, principal)
    own = ids.text(principal.id)
    vapid = context.services.get(Vapid)  # where pushes are sent
    found: Object = {
        "capabilities": {urn: dict(each.session) for urn, each in engine.capabilities.items()}
        | {
            CORE: core(context),
            WEBSOCKET: {"url": f"ws{base.removeprefix('http')}/jmap/ws", "supportsPush": True},
        }
        | ({VAPID: vapid.capability()} if vapid is not None else {}),
        "accounts": accounts,
        "primaryAccounts": {urn: own for urn in accounts[own]["accountCapabilities"] if urn != CORE},
        "username": principal.address or principal.name,
        "apiUrl": f"{base}/jmap/api",
        "downloadUrl": f"{base}/jmap/download/{{accountId}}/{{blobId}}/{{name}}?type={{type}}",
        "uploadUrl": f"{base}/jmap/upload/{{accountId}}/",
        "eventSourceUrl": f"{base}/jmap/events?types={{types}}&closeafter={{closeafter}}&ping={{ping}}",
    }
    return found | {"state": before}


async def state(context: Context, principal: Principal, origin: str) -> str:
    """The present sessionState: a digest of all that the Session object is made of and that can change while the
    program runs. One statement."""
    seen = await gate.sight(context.store.db, principal)
    made_of = (seen, principal.name, principal.address, context.settings.public_url or origin, core(context))
    return hashlib.sha256(repr(made_of).encode()).hexdigest()[:16]


def core(context: Context) -> Object:
    """The limits. RFC 8620 §2, §8.5"""
    limits = context.settings.limits
    return {
        "maxSizeUpload": limits.upload_bytes,
        "maxConcurrentUpload": limits.concurrent_uploads,
        "maxSizeRequest": limits.request_bytes,
        "maxConcurrentRequests": limits.concurrent_requests,
        "maxCallsInRequest": limits.calls_in_request,
        "maxObjectsInGet": limits.objects_in_get,
        "maxObjectsInSet": limits.objects_in_set,
        "collationAlgorithms": list(COLLATIONS),
    }


async def visible_accounts(context: Context, engine: Engine, principal: Principal) -> dict[int, list[Access]]:
    """Every account of which the principal can read something, its own always, with its readable scopes; parts of
    an account of which only the free-busy may be read count too. RFC 8621 §1.4, §9.5"""
    by_account: dict[int, list[Access]] = defaultdict(list)
    by_account[principal.id] = []
    for access in await gate.everything(context.store.db, principal):
        enough = parts.ANY_SIGHT if access.scope.kind in engine.parted else Right.READ
        if access.rights & enough:
            by_account[access.scope.account_id].append(access)
    return by_account


async def accounts_of(context: Context, engine: Engine, principal: Principal) -> Object:
    """The Account objects of what somebody may see, by id. RFC 8620 §2"""
    by_account = await visible_accounts(context, engine, principal)
    others = sorted(by_account.keys() - {principal.id})
    rows = (
        await context.store.db.rows(
            f"SELECT id, name, address, kind FROM principal WHERE id IN {marks(len(others))}", *others
        )
        if others
        else []
    )
    called = {number: (name, address or name) for number, name, address, _ in rows}
    external = {number for number, _, _, kind in rows if kind == "external"}
    called[principal.id] = principal.name, principal.address or principal.name
    return {
        ids.text(number): {
            "name": called[number][1],
            "isPersonal": number == principal.id or (number in external and _all(by_account[number])),
            "isReadOnly": number != principal.id and not any(a.rights & _WRITING for a in by_account[number]),
            "accountCapabilities": _capabilities(engine, principal, number, by_account[number])
            | {SHARING: {"ownerName": called[number][0]}},
        }
        for number in (principal.id, *others)
        if number in called
    }


def _all(found: list[Access]) -> bool:
    """Whether every right is given: to the person whose account at another provider it is."""
    return any(access.rights == Right.owner() for access in found)


def _capabilities(engine: Engine, principal: Principal, number: int, found: list[Access]) -> Object:
    values = {}
    for capability in engine.capabilities.values():
        access = _matching(engine, capability, principal, number, found)
        if access is not None:
            seen = [each for each in found if each.scope.kind == capability.scope]
            values[capability.urn] = capability.account(access) | capability.parts(seen)
    # Whose account it is, and in which account that somebody is found. RFC 9670 §1.5.2
    owner = {"accountIdForPrincipal": ids.text(principal.id), "principalId": ids.text(number)}
    return values | {PRINCIPALS_OWNER: owner}


def _matching(
    engine: Engine, capability: Capability, principal: Principal, number: int, found: list[Access]
) -> Access | None:
    if capability.scope is None:
        return None
    if capability.scope in (OWN, ANY) and number == principal.id:
        return gate.Access(gate.Scope(0, number, capability.scope, ""), Right.owner(), True)
    if capability.scope == ANY:
        return joined(found)
    of_kind = [access for access in found if access.scope.kind == capability.scope]
    if not of_kind or capability.scope not in engine.parted:
        return next(iter(of_kind), None)
    return parts.union(of_kind)
