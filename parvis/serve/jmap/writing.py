"""Foo/set for any kind: one call is one unit of work, in which each object succeeds or fails alone. RFC 8620 §5.3

The unit is first run as if nothing failed. When an object is rejected it is run again with a savepoint around
each object, and rejected objects are tried again as long as others succeed, so that the order in which a client
names dependent objects (a folder and its child, both destroyed) does not matter.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from parvis.kernel import ids
from parvis.kernel.errors import ParvisError
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import MethodError, SetError, of_object
from parvis.serve.jmap.kind import SINGLETON, Created, Creation, Kind, SetOutcome, Update
from parvis.serve.jmap.patch import Path, apply, parse
from parvis.serve.jmap.reading import may, state
from parvis.serve.jmap.standing import Standing, standing
from parvis.serve.jmap.types import Object
from parvis.serve.jmap.values import (
    check_references,
    created_values,
    declared,
    outside,
    substituted,
    updated_values,
)
from parvis.store.unit import Unit

_PASSES = 4


class _Rejected(Exception):
    """An object failed while nothing protected the others: undo, and run again with savepoints."""


@dataclass(slots=True)
class _Draft:
    """An object to create, checked as far as can be before the unit."""

    creation_id: str
    given: Object
    waits: set[str]
    values: Object
    prepared: Any = None


@dataclass(slots=True)
class _Patch:
    """An object to update."""

    key: str
    object_id: int
    parts: list[tuple[Path, Any]]
    waits: set[str]
    given: Object
    prepared: Any = None

    @property
    def touched(self) -> set[str]:
        return {path[0] for path, _ in self.parts}


@dataclass(slots=True)
class _Run:
    """One run of the unit."""

    call: Call
    unit: Unit
    outcome: SetOutcome
    fresh: list[tuple[str, int, Object | None]] = field(default_factory=list)
    read: dict[int, Object] = field(default_factory=dict)


@dataclass(slots=True)
class Setting:
    """One /set call."""

    kind: Kind
    call: Call
    drafts: list[_Draft] = field(default_factory=list)
    patches: list[_Patch] = field(default_factory=list)
    doomed: list[tuple[str, int]] = field(default_factory=list)
    refused: SetOutcome = field(default_factory=SetOutcome)
    """What failed before the unit."""

    async def perform(self) -> tuple[Object, SetOutcome]:
        """Does it all; returns the arguments of the response, and what happened."""
        self._limits()
        if self.kind.before_set is not None:
            await self.kind.before_set(self.call)
        self._plan_destroys()
        self._plan_creates()
        self._plan_updates()
        await self._prepare()
        outcome, old, new, created = await self._carry_out()
        self.call.exchange.created.update(created)
        return self._answer(outcome, old, new), outcome

    def _limits(self) -> None:
        arguments = self.call.arguments
        count = sum(len(each or ()) for each in (arguments.create, arguments.update, arguments.destroy))
        most = self.call.context.settings.limits.objects_in_set
        if count > most:
            raise MethodError("requestTooLarge", f"at most {most} objects")
        if not any(may(self.kind, self.call, verb) for verb in ("create", "update", "destroy")):
            raise MethodError("accountReadOnly", "you may only read this account")

    def _refusal(self, verb: str, offered: bool) -> SetError | None:
        if self.kind.singleton and verb != "update":
            return SetError("singleton", f"there is always exactly one {self.kind.name}")
        if not offered:
            return SetError("forbidden", f"no client may {verb} a {self.kind.name}")
        if not may(self.kind, self.call, verb):
            return SetError("forbidden", f"you may not {verb} here")
        return None

    def _plan_destroys(self) -> None:
        refusal = self._refusal("destroy", self.kind.destroy is not None)
        for key in dict.fromkeys(self.call.arguments.destroy or ()):
            number = self.call.number(key)
            if refusal is not None:
                self.refused.not_destroyed[key] = refusal.arguments()
            elif number is None and not self._made_here(key):
                self.refused.not_destroyed[key] = SetError("notFound").arguments()
            else:
                self.doomed.append((key, number or 0))

    def _made_here(self, key: str) -> bool:
        return key.startswith("#") and key[1:] in (self.call.arguments.create or ())

    def _plan_creates(self) -> None:
        here = set(self.call.arguments.create or ())
        refusal = self._refusal("create", self.kind.create is not None)
        for creation, given in (self.call.arguments.create or {}).items():
            try:
                if refusal is not None:
                    raise refusal
                waits = check_references(self.kind, given, here - {creation}, self.call.resolve)
                known = substituted(self.kind, given, self._resolve_or_keep(waits))
                self.drafts.append(_Draft(creation, known, waits, created_values(self.kind, known)))
            except SetError as error:
                self.refused.not_created[creation] = error.arguments()
        self.drafts = _in_order(self.drafts)

    def _resolve_or_keep(self, waits: set[str]) -> Callable[[str], str | None]:
        return lambda given: given if given[1:] in waits else self.call.resolve(given)

    def _plan_updates(self) -> None:
        here = set(self.call.arguments.create or ())
        refusal = self._refusal("update", self.kind.update is not None)
        doomed = {number for _, number in self.doomed if number}
        for key, given in (self.call.arguments.update or {}).items():
            try:
                if refusal is not None:
                    raise refusal
                number = 0 if self.kind.singleton and key == SINGLETON else self.call.number(key)
                if number is None and not self._made_here(key):
                    raise SetError("notFound")
                if number in doomed:
                    raise SetError("willDestroy", "it is destroyed in the same call")
                waits = check_references(self.kind, given, here, self.call.resolve)
                if number is None:
                    waits.add(key[1:])
                known = substituted(self.kind, given, self._resolve_or_keep(waits))
                self.patches.append(_Patch(key, number or 0, parse(known), waits, known))
            except SetError as error:
                self.refused.not_updated[key] = error.arguments()

    async def _prepare(self) -> None:
        """Lets the kind read and write blobs, object by object, before the unit."""
        prepare = self.kind.prepare
        if prepare is None:
            return
        for draft in tuple(self.drafts):
            creation = Creation(draft.creation_id, draft.values, frozenset(draft.given))
            failed, draft.prepared = await _safely(prepare(self.call, creation))
            if failed is not None:
                self.drafts.remove(draft)
                self.refused.not_created[draft.creation_id] = failed.arguments()
        for patch in tuple(self.patches):
            failed, patch.prepared = await _safely(prepare(self.call, Update(patch.object_id, {}, patch.given)))
            if failed is not None:
                self.patches.remove(patch)
                self.refused.not_updated[patch.key] = failed.arguments()

    async def _carry_out(self) -> tuple[SetOutcome, str, str, dict[str, str]]:
        if not (self.drafts or self.patches or self.doomed):
            present = await state(self.kind, self.call)
            self._if_in_state(present)
            return self.refused, present, present, {}
        write = self.call.context.store.write
        try:
            return await write(lambda unit: self._unit(unit, isolate=False))
        except _Rejected:
            return await write(lambda unit: self._unit(unit, isolate=True))

    def _if_in_state(self, present: str) -> None:
        wanted = getattr(self.call.arguments, "if_in_state", None)
        if wanted is not None and wanted != present:
            raise MethodError("stateMismatch", f"the state is {present}")

    async def _unit(self, unit: Unit, *, isolate: bool) -> tuple[SetOutcome, str, str, dict[str, str]]:
        exchange = replace(self.call.exchange, created=dict(self.call.exchange.created))
        call = replace(self.call, db=unit, exchange=exchange, gone=[])
        if self.kind.first is not None and self.kind.first_when(call.arguments):
            await self.kind.first(unit)
        await unit.tick(call.account_id)  # holds the account, so that what is read now is what is patched
        old = await state(self.kind, call)
        self._if_in_state(old)
        run = _Run(call, unit, _copied(self.refused))
        run.read = await self._read_patched(run)
        await self._all(run, isolate)
        await self._read_back(run)
        run.outcome.destroyed += [ids.text(number) for number in dict.fromkeys(call.gone)]
        made = {key: exchange.created[key] for key, _, _ in run.fresh}
        return run.outcome, old, await self._state_after(unit, call, old), made

    async def _state_after(self, unit: Unit, call: Call, old: str) -> str:
        if self.kind.state is not None:
            return await self.kind.state(call)
        now = await standing(self.kind, call) if self.kind.parts and not call.access.owner else Standing(0)
        reached = unit.reached(call.account_id, self.kind.name, now.parts if now.sight else None)
        return now.at(max(reached, now.modseq)) if reached or now.sight else old

    async def _read_patched(self, run: _Run) -> dict[int, Object]:
        """The touched properties of all objects to update, in one read."""
        numbers = list(dict.fromkeys(patch.object_id for patch in self.patches if patch.object_id))
        if not numbers and not self.kind.singleton:
            return {}
        return await self._read(run, numbers) if self.patches else {}

    async def _read(self, run: _Run, numbers: list[int]) -> dict[int, Object]:
        known = declared(self.kind.record).all
        wanted = {name for patch in self.patches for name in patch.touched if self.kind.open or name in known}
        wanted |= {"id"}
        if self.kind.singleton:
            found = await self.kind.read(run.call, None, frozenset(wanted))
            return {0: outside(found[0]) | {"id": SINGLETON}} if found else {}
        found = await self.kind.read(run.call, numbers, frozenset(wanted))
        return {ids.parse(each["id"]) or 0: each for each in map(outside, found)}

    async def _all(self, run: _Run, isolate: bool) -> None:
        left: list[tuple[dict[str, Object], str, Callable[[], Awaitable[None]]]] = [
            *((run.outcome.not_created, d.creation_id, _bound(self._create, run, d)) for d in self.drafts),
            *((run.outcome.not_updated, p.key, _bound(self._update, run, p)) for p in self.patches),
            *((run.outcome.not_destroyed, d[0], _bound(self._destroy, run, d)) for d in self.doomed),
        ]
        for _ in range(_PASSES):
            failed = []
            for step in left:
                errors, key, work = step
                before = len(run.call.gone)
                error = await _attempted(run.unit, work, isolate)
                if error is not None:
                    del run.call.gone[before:]
                if error is None:
                    errors.pop(key, None)
                else:
                    errors[key] = error.arguments()
                    failed.append(step)
            if not failed or len(failed) == len(left):
                return
            left = failed

    async def _create(self, run: _Run, draft: _Draft) -> None:
        assert self.kind.create is not None
        values = draft.values
        if draft.waits:
            values = created_values(self.kind, substituted(self.kind, draft.given, run.call.resolve))
        creation = Creation(draft.creation_id, values, frozenset(draft.given), draft.prepared)
        made: Created = await self.kind.create(run.call, run.unit, creation)
        run.call.exchange.created[draft.creation_id] = ids.text(made.object_id)
        run.fresh.append((draft.creation_id, made.object_id, made.properties))

    async def _update(self, run: _Run, patch: _Patch) -> None:
        assert self.kind.update is not None
        number, parts = patch.object_id, patch.parts
        if patch.waits:
            parts = parse(substituted(self.kind, patch.given, run.call.resolve))
            number = number or run.call.number(patch.key) or 0
        before = run.read.get(number)
        if before is None and not self.kind.singleton and patch.object_id == 0 and number:
            before = (await self._read(run, [number])).get(number)
        if before is None:
            raise SetError("notFound")
        after = apply(before, parts, declared(self.kind.record).defaults)
        values = updated_values(self.kind, before, after, patch.touched)
        extra = None
        if values:
            extra = await self.kind.update(run.call, run.unit, Update(number, before, values, patch.prepared))
        run.outcome.updated[SINGLETON if self.kind.singleton else ids.text(number)] = extra or None

    async def _destroy(self, run: _Run, doomed: tuple[str, int]) -> None:
        assert self.kind.destroy is not None
        key, number = doomed
        number = number or run.call.number(key) or 0
        if not number:
            raise SetError("notFound")
        await self.kind.destroy(run.call, run.unit, number)
        run.outcome.destroyed.append(ids.text(number))

    async def _read_back(self, run: _Run) -> None:
        """What the client did not send of the objects it made: the server's properties, defaults, and values that
        were kept in another form."""
        numbers = [number for _, number, properties in run.fresh if properties is None]
        found: dict[str, Object] = {}
        if numbers:
            wanted = frozenset(declared(self.kind.record).all)
            found = {each["id"]: each for each in map(outside, await self.kind.read(run.call, numbers, wanted))}
        given = {draft.creation_id: draft.given for draft in self.drafts}
        for creation, number, properties in run.fresh:
            text = ids.text(number)
            if properties is None:
                sent = given[creation]
                properties = {
                    name: value
                    for name, value in found.get(text, {}).items()
                    if name not in sent
                    or (sent[name] != value and name not in declared(self.kind.record).references)
                }
            run.outcome.created[creation] = {"id": text, **properties}

    def _answer(self, outcome: SetOutcome, old: str, new: str) -> Object:
        return {
            "accountId": ids.text(self.call.account_id),
            "oldState": old,
            "newState": new,
            "created": outcome.created or None,
            "updated": outcome.updated or None,
            "destroyed": outcome.destroyed or None,
            "notCreated": outcome.not_created or None,
            "notUpdated": outcome.not_updated or None,
            "notDestroyed": outcome.not_destroyed or None,
        }


def _bound(work: Callable[..., Awaitable[None]], *arguments: Any) -> Callable[[], Awaitable[None]]:
    return lambda: work(*arguments)


def _copied(outcome: SetOutcome) -> SetOutcome:
    return SetOutcome(
        not_created=dict(outcome.not_created),
        not_updated=dict(outcome.not_updated),
        not_destroyed=dict(outcome.not_destroyed),
    )


async def _attempted(unit: Unit, work: Callable[[], Awaitable[None]], isolate: bool) -> SetError | None:
    """Runs one object's change; None when it was done. Without isolation a failure ends the unit."""
    try:
        if not isolate:
            await work()
            return None
        async with unit.attempt():
            await work()
    except SetError as error:
        found: SetError | None = error
    except ParvisError as error:
        found = of_object(error)
        if found is None:
            raise
    else:
        return None
    if not isolate:
        raise _Rejected from found
    return found


async def _safely(work: Awaitable[Any]) -> tuple[SetError | None, Any]:
    try:
        return None, await work
    except SetError as error:
        return error, None
    except ParvisError as error:
        if (found := of_object(error)) is None:
            raise
        return found, None


def _in_order(drafts: list[_Draft]) -> list[_Draft]:
    """Those that others refer to first; a circle stays as it is, and fails. RFC 8620 §5.3"""
    ordered: list[_Draft] = []
    done: set[str] = set()
    here = {draft.creation_id for draft in drafts}
    left = list(drafts)
    while left:
        ready = [draft for draft in left if not (draft.waits & here) - done]
        if not ready:
            return ordered + left
        ordered += ready
        done |= {draft.creation_id for draft in ready}
        left = [draft for draft in left if draft.creation_id not in done]
    return ordered
