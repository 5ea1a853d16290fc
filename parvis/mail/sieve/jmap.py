"""SieveScript in JMAP. RFC 9661"""

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from parvis.access.gate import Access
from parvis.kernel import ids
from parvis.kernel.errors import Conflict, NotFound, TooLarge
from parvis.kernel.records import Record, ServerSet
from parvis.mail.model import SCOPE
from parvis.mail.sieve import service, store
from parvis.mail.sieve.service import Ready
from parvis.serve.jmap.blobs import Library, blob_id
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.errors import MethodError, SetError
from parvis.serve.jmap.filters import matches, ordered
from parvis.serve.jmap.kind import Copying, Created, Creation, Kind, Method, Query, SetArguments, SetOutcome, Update
from parvis.serve.jmap.types import Arguments, Object
from parvis.serve.jmap.writing import Setting
from parvis.store.unit import Unit
from parvis.wire.sieve import LIMITS, Fault, SieveError

SIEVE = "urn:ietf:params:jmap:sieve"


class SieveScript(Record, kw_only=True):
    """A filter script; its content is a blob. RFC 9661 §2.1"""

    kind: ClassVar[str] = store.KIND
    capability: ClassVar[str] = SIEVE

    id: ServerSet[str] = ""
    name: str | None = None
    blob_id: str
    is_active: ServerSet[bool] = False


class ScriptSetArguments(SetArguments):
    """RFC 9661 §2.4"""

    on_success_activate_script: str | None = None
    on_success_deactivate_script: bool | None = None


class Condition(msgspec.Struct, kw_only=True, rename="camel"):
    """RFC 9661 §2.5"""

    name: str | None = None
    is_active: bool | None = None


class ValidateArguments(Arguments):
    """RFC 9661 §2.6"""

    account_id: str
    blob_id: str


async def _read(call: Call, numbers: Sequence[int] | None, _: frozenset[str]) -> list[Object]:
    return [_shown(script) for script in await store.every(call.db, call.account_id) if _among(numbers, script.id)]


def _among(numbers: Sequence[int] | None, number: int) -> bool:
    return numbers is None or number in numbers


def _shown(script: store.Script) -> Object:
    return {
        "id": ids.text(script.id),
        "name": script.name,
        "blobId": blob_id(script.blob),
        "isActive": script.active,
    }


async def source_of(call: Call, given: str) -> bytes:
    """The bytes of a blob that the asker may read; an empty one is no script (RFC 9661 §2.2). Raises NotFound,
    TooLarge, SieveError."""
    blob = await call.context.need(Library).find(call.principal, call.account_id, given)
    if blob.size > service.SCRIPT_BYTES:
        raise TooLarge(f"a script has at most {service.SCRIPT_BYTES} bytes")
    if not blob.size:
        raise SieveError(Fault(1, 1, "the script is empty"))
    return await blob.read()


async def _prepare(call: Call, wanted: Creation | Update | Copying) -> Ready | None:
    given = wanted.values.get("blobId")
    if not isinstance(given, str):
        return None
    try:
        return await service.prepare(call.context.store, await source_of(call, given))
    except NotFound:
        raise SetError("blobNotFound", "there is no such blob", notFound=[given]) from None
    except TooLarge as error:
        raise SetError("tooLarge", error.sentence, maxSize=service.SCRIPT_BYTES) from error
    except SieveError as error:
        raise invalid_sieve(error) from error


def invalid_sieve(error: SieveError) -> SetError:
    """What is wrong in a script, for people in one text and for editors in `faults`. RFC 9661 §2.4"""
    faults = [{"line": fault.line, "column": fault.column, "description": fault.sentence} for fault in error.faults]
    text = "\n".join(f"line {fault.line}: {fault.sentence}" for fault in error.faults)
    return SetError("invalidSieve", text, faults=faults)


async def _create(call: Call, unit: Unit, creation: Creation) -> Created:
    name = creation.values["name"]
    name = ids.text(ids.new_id()) if name is None else service.script_name(name)
    try:
        return Created(await service.add(unit, call.account_id, name, creation.prepared))
    except Conflict as conflict:
        raise _taken(conflict) from conflict


async def _update(call: Call, unit: Unit, update: Update) -> Object | None:
    script = await store.by_id(unit, call.account_id, update.object_id)
    if script is None:
        raise SetError("notFound")
    if update.prepared is not None:
        await service.replace(unit, script, update.prepared)
    if "name" not in update.values:
        return None
    given = update.values["name"]
    name = ids.text(script.id) if given is None else service.script_name(given)
    try:
        await service.rename(unit, script, name)
    except Conflict as conflict:
        raise _taken(conflict) from conflict
    return None if name == given else {"name": name}


def _taken(conflict: Conflict) -> SetError:
    return SetError("alreadyExists", conflict.sentence, existingId=ids.text(conflict.fields["existing"]))


async def _destroy(call: Call, unit: Unit, number: int) -> None:
    script = await store.by_id(unit, call.account_id, number)
    if script is None:
        raise SetError("notFound")
    try:
        await service.remove(unit, script)
    except Conflict as conflict:
        raise SetError("sieveIsActive", conflict.sentence) from conflict


async def _query(call: Call, query: Query) -> list[int]:
    def leaf(condition: Condition) -> bool:
        return (condition.name is None or condition.name.lower() in each["name"].lower()) and (
            condition.is_active is None or condition.is_active == each["isActive"]
        )

    kept: list[Object] = []
    for script in await store.every(call.db, call.account_id):
        each = _shown(script)
        if matches(query.filter, leaf):
            kept.append(each)
    found = ordered(kept, query.sort, lambda each, by: each[by.property], lambda each: each["id"])
    return [number for each in found if (number := ids.parse(each["id"])) is not None]


async def _set(call: Call) -> Result:
    """The standard method, then the activation when all of it succeeded. RFC 9661 §2.4"""
    answer, outcome = await Setting(KIND, call).perform()
    failed = outcome.not_created or outcome.not_updated or outcome.not_destroyed
    activate, deactivate = call.arguments.on_success_activate_script, call.arguments.on_success_deactivate_script
    if not failed and (activate or deactivate):
        answer |= await _activated(call, outcome, activate, bool(deactivate))
    return answer


async def _activated(call: Call, outcome: SetOutcome, activate: str | None, deactivate: bool) -> Object:
    """Makes another script the active one, and tells what changed by it."""
    number = None if activate is None else call.number(activate)

    async def work(unit: Unit) -> list[store.Script]:
        await service.require(unit, call.principal, call.account_id, change=True)
        await unit.tick(call.account_id)
        wanted = None if number is None else await store.by_id(unit, call.account_id, number)
        if wanted is None and not deactivate:
            return []
        return await service.activate(unit, call.account_id, wanted)

    updated = dict(outcome.updated)
    created = {key: dict(each) for key, each in outcome.created.items()}
    by_id = {each["id"]: each for each in created.values()}
    for script in await call.context.store.write(work):
        text = ids.text(script.id)
        if text in by_id:
            by_id[text]["isActive"] = not script.active
        else:
            updated[text] = {**(updated.get(text) or {}), "isActive": not script.active}
    state = str(await call.context.store.state(call.account_id, store.KIND))
    return {"created": created or None, "updated": updated or None, "newState": state}


async def _validate(call: Call) -> Result:
    """RFC 9661 §2.6"""
    error: Object | None = None
    try:
        await service.check(await source_of(call, call.arguments.blob_id))
    except NotFound:
        raise MethodError("blobNotFound", "there is no such blob") from None
    except TooLarge as too_large:
        error = SetError("tooLarge", too_large.sentence, maxSize=service.SCRIPT_BYTES).arguments()
    except SieveError as wrong:
        error = invalid_sieve(wrong).arguments()
    return {"accountId": ids.text(call.account_id), "error": error}


KIND: Kind = Kind(
    record=SieveScript,
    scope=SCOPE,
    read=_read,
    prepare=_prepare,
    create=_create,
    update=_update,
    destroy=_destroy,
    query=_query,
    condition=Condition,
    sorts=frozenset({"name", "isActive"}),
    set_arguments=ScriptSetArguments,
    methods={"set": _set},
    rights={"create": service.RIGHTS, "update": service.RIGHTS, "destroy": service.RIGHTS},
)
VALIDATE = Method(
    name="SieveScript/validate", capability=SIEVE, arguments=ValidateArguments, run=_validate, scope=SCOPE
)


def account_capability(_: Access) -> dict[str, Any]:
    """What scripts may be. RFC 9661 §1.2.1"""
    return {
        "maxSizeScriptName": service.NAME_BYTES,
        "maxSizeScript": service.SCRIPT_BYTES,
        "maxNumberScripts": service.SCRIPTS,
        "maxNumberRedirects": LIMITS.redirects,
        "sieveExtensions": list(service.EXTENSIONS),
        "notificationMethods": ["mailto"],
        "externalLists": None,
    }
