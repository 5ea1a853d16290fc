"""Foo/copy for any kind. RFC 8620 §5.4"""

from dataclasses import dataclass, field, replace

from parvis.kernel import ids
from parvis.kernel.errors import ParvisError
from parvis.serve.jmap.call import Call, Then
from parvis.serve.jmap.errors import MethodError, SetError, of_object
from parvis.serve.jmap.kind import Copying, Created, Kind
from parvis.serve.jmap.reading import may, state
from parvis.serve.jmap.types import Invocation, Object
from parvis.serve.jmap.values import substituted
from parvis.store.unit import Unit


@dataclass(slots=True)
class _Copied:
    """What became of the copies."""

    old: str = ""
    new: str = ""
    created: dict[str, Object] = field(default_factory=dict)
    originals: list[str] = field(default_factory=list)
    failed: dict[str, Object] = field(default_factory=dict)


async def copy(kind: Kind, call: Call, source: Call) -> Then:
    """The copy, and the implicit Foo/set that destroys the originals when that is asked for; the engine performs
    that one."""
    arguments = call.arguments
    if source.account_id == call.account_id:
        raise MethodError("invalidArguments", "fromAccountId and accountId must differ")
    if len(arguments.create) > call.context.settings.limits.objects_in_set:
        raise MethodError("requestTooLarge", "too many objects")
    if not may(kind, call, "create"):
        raise MethodError("accountReadOnly", "you may not create in this account")
    done = await _each(kind, call, source)
    call.exchange.created.update({key: made["id"] for key, made in done.created.items()})
    answer: Object = {
        "fromAccountId": ids.text(source.account_id),
        "accountId": ids.text(call.account_id),
        "oldState": done.old,
        "newState": done.new,
        "created": done.created or None,
        "notCreated": done.failed or None,
    }
    calls: list[Invocation] = []
    if arguments.on_success_destroy_original and done.originals:
        calls.append((f"{kind.name}/set", _destroying(source, arguments, done.originals), ""))
    return Then(answer, calls)


def _destroying(source: Call, arguments: object, originals: list[str]) -> Object:
    return {
        "accountId": ids.text(source.account_id),
        "ifInState": getattr(arguments, "destroy_from_if_in_state", None),
        "destroy": originals,
    }


async def _each(kind: Kind, call: Call, source: Call) -> _Copied:
    """Object by object, each a unit of its own: a copy is an atomic unit. RFC 8620 §5.4"""
    arguments = call.arguments
    if arguments.if_from_in_state not in (None, await state(kind, source)):
        raise MethodError("stateMismatch", "the account copied from is in another state")
    done = _Copied(old=await state(kind, call))
    if arguments.if_in_state not in (None, done.old):
        raise MethodError("stateMismatch", f"the state is {done.old}")
    for creation, given in arguments.create.items():
        try:
            await _one(kind, call, source, done, creation, given)
        except SetError as error:
            done.failed[creation] = error.arguments()
        except ParvisError as error:
            if (found := of_object(error)) is None:
                raise
            done.failed[creation] = found.arguments()
    done.new = await state(kind, call)
    return done


async def _one(kind: Kind, call: Call, source: Call, done: _Copied, creation: str, given: Object) -> None:
    assert kind.copy is not None
    original = given.get("id")
    number = call.number(original) if isinstance(original, str) else None
    if number is None:
        raise SetError("notFound", "no such object in the account copied from")
    values = substituted(kind, {name: value for name, value in given.items() if name != "id"}, call.resolve)
    make = kind.copy
    copying = Copying(creation, source, number, values)
    prepared = await kind.prepare(call, copying) if kind.prepare is not None else None

    async def work(unit: Unit) -> Created:
        there = replace(source, db=unit)
        return await make(replace(call, db=unit), unit, replace(copying, source=there, prepared=prepared))

    made = await call.context.store.write(work)
    if made.moved:
        call.exchange.moved.add((source.account_id, number))
    call.exchange.moved.discard((call.account_id, made.object_id))
    done.created[creation] = {"id": ids.text(made.object_id), **(made.properties or {})}
    done.originals.append(ids.text(number))
