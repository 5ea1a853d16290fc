"""The engine: a request's method calls in order, each found, checked, carried out and answered. RFC 8620 §3"""

import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from parvis.access.gate import Access, Scope
from parvis.access.principal import Principal, Right
from parvis.kernel.errors import ParvisError
from parvis.serve.context import Context
from parvis.serve.feature import Capability, Feature
from parvis.serve.jmap import copying, querying, reading
from parvis.serve.jmap.accounts import account
from parvis.serve.jmap.call import Call, Exchange, Result, Then
from parvis.serve.jmap.errors import MethodError, RequestError, of_method
from parvis.serve.jmap.kind import ChangesArguments, Kind, Method
from parvis.serve.jmap.references import MOST_WEIGHT, resolve_all, weight
from parvis.serve.jmap.request import Request
from parvis.serve.jmap.shares import SharedKinds
from parvis.serve.jmap.types import Object
from parvis.serve.jmap.writing import Setting

CORE = "urn:ietf:params:jmap:core"
_NOWHERE = Access(Scope(0, 0, "", ""), Right(0), False)
_MOST_IMPLICIT = 16
_WRONG = re.compile(r" - at `\$\.([^.`\[]+)|^Object (?:missing required|contains unknown) field `([^`]+)`$")
"""The argument that a message of msgspec is about."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Bound:
    """A method as the engine calls it."""

    capability: str
    arguments: type[Any]
    scope: str | None
    right: Right
    run: Callable[[Call], Awaitable[Result]]


class Engine:
    """All methods of all features."""

    def __init__(self, context: Context, features: Iterable[Feature]) -> None:
        self._context = context
        context.offer(self)
        self.features = tuple(features)
        self.capabilities: dict[str, Capability] = {}
        self.kinds: dict[str, Kind] = {}
        self._methods: dict[str, _Bound] = {}
        for feature in self.features:
            for capability in feature.capabilities:
                self.capabilities[capability.urn] = capability
            for kind in feature.kinds:
                self._add_kind(kind)
            for method in feature.methods:
                self._add(method.name, _of_method(method))
        self.parted = frozenset(kind.scope for kind in self.kinds.values() if kind.parts)
        """Kinds of scopes of which an account has many, each shared by itself."""
        context.need(SharedKinds).update(
            {shared.scope: shared for feature in self.features for shared in feature.shares}
        )

    def _add(self, name: str, bound: _Bound) -> None:
        if name in self._methods:
            raise ValueError(f"method {name} is declared twice")
        self._methods[name] = bound

    def _add_kind(self, kind: Kind) -> None:
        self.kinds[kind.name] = kind
        for verb, arguments, run in self._derived(kind):
            own = kind.methods.get(verb)
            bound = _Bound(kind.record.capability, arguments, kind.scope, Right.READ, own or run)
            self._add(f"{kind.name}/{verb}", bound)

    def _derived(self, kind: Kind) -> Iterable[tuple[str, type[Any], Callable[[Call], Awaitable[Result]]]]:
        yield "get", kind.get_arguments, lambda call: reading.get(kind, call)
        yield "changes", ChangesArguments, lambda call: reading.changes_since(kind, call)
        if kind.create or kind.update or kind.destroy or kind.refuses_set:
            yield "set", kind.set_arguments, lambda call: _set(kind, call)
        if kind.copy:
            yield "copy", kind.copy_arguments, lambda call: self._copy(kind, call)
        if kind.query or kind.page:
            yield "query", kind.query_arguments, lambda call: querying.query(kind, call)
            changes = kind.query_changes_arguments
            yield "queryChanges", changes, lambda call: querying.query_changes(kind, call)

    async def _copy(self, kind: Kind, call: Call) -> Result:
        access = await account(
            self._context.store.db,
            call.principal,
            call.arguments.from_account_id,
            kind.scope,
            prefix="from",
            parted=kind.parts,
        )
        return await copying.copy(kind, call, replace(call, access=access))

    async def process(
        self, principal: Principal, request: Request, *, language: str = "en", origin: str = ""
    ) -> tuple[list[tuple[str, Object, str]], dict[str, str] | None]:
        """Carries out a request; returns methodResponses, and createdIds when the request has them. Raises
        RequestError unknownCapability or limit. RFC 8620 §3.4"""
        if unknown := [urn for urn in request.using if urn not in self.capabilities]:
            raise RequestError("unknownCapability", f"not supported: {', '.join(unknown[:5])[:500]}")
        most = self._context.settings.limits.calls_in_request
        if len(request.method_calls) > most:
            raise RequestError("limit", f"at most {most} calls in a request", limit="maxCallsInRequest")
        exchange = Exchange(dict(request.created_ids or {}), [], frozenset(request.using), language, origin)
        for name, arguments, call_id in request.method_calls:
            await self._answer(principal, exchange, name, arguments, call_id)
        return exchange.responses, exchange.created if request.created_ids is not None else None

    async def _answer(
        self, principal: Principal, exchange: Exchange, name: str, arguments: Object, call_id: str
    ) -> None:
        left = [(name, arguments)]
        for done in range(_MOST_IMPLICIT):
            if not left:
                return
            name, arguments = left.pop(0)
            answered, result, calls = await self._safely(principal, exchange, name, arguments, implicit=done > 0)
            exchange.responses.append((answered, result, call_id))
            left += [(implied, given) for implied, given, _ in calls]

    async def _safely(
        self, principal: Principal, exchange: Exchange, name: str, arguments: Object, *, implicit: bool
    ) -> tuple[str, Object, list[tuple[str, Object, str]]]:
        """One call with its errors. RFC 8620 §3.6.2"""
        try:
            result = await self._call(principal, exchange, name, arguments, implicit)
        except MethodError as error:
            return "error", error.arguments(), []
        except ParvisError as error:
            return "error", of_method(error).arguments(), []
        except RecursionError:
            return "error", MethodError("invalidArguments", "too deeply nested").arguments(), []
        except Exception:
            _log.exception("method %s", name)
            return "error", MethodError("serverFail", "an unexpected error; it has been logged").arguments(), []
        if isinstance(result, Then):
            return name, result.answer, result.calls
        return name, result, []

    async def _call(
        self, principal: Principal, exchange: Exchange, name: str, arguments: Object, implicit: bool
    ) -> Result:
        bound = self._methods.get(name)
        if bound is None or not (implicit or bound.capability in exchange.using):
            raise MethodError("unknownMethod", f"{name[:100]} is not among the methods of what you use")
        resolved = _resolved(arguments, exchange)
        call = Call(self._context, principal, exchange, name, resolved, _NOWHERE, self._context.store.db)
        if bound.arguments is not dict:
            call.arguments = _decoded(resolved, bound.arguments)
        if bound.scope is not None:
            call.access = await account(
                self._context.store.db,
                principal,
                call.arguments.account_id,
                bound.scope,
                bound.right,
                parted=bound.scope in self.parted,
            )
        return await bound.run(call)


def _resolved(arguments: Object, exchange: Exchange) -> Object:
    resolved = resolve_all(arguments, exchange.responses)
    if resolved is not arguments:
        exchange.referred += weight(arguments, resolved, MOST_WEIGHT - exchange.referred)
        if exchange.referred > MOST_WEIGHT:
            raise MethodError("requestTooLarge", "the references of this request bring too much")
    return resolved


def _decoded(arguments: Object, kind: type[Any]) -> Any:
    try:
        return msgspec.convert(arguments, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        found = _WRONG.search(str(error))
        named = {"arguments": [found[1] or found[2]]} if found else {}
        raise MethodError("invalidArguments", str(error), **named) from error


def _of_method(method: Method) -> _Bound:
    return _Bound(method.capability, method.arguments, method.scope, method.right, method.run)


async def _set(kind: Kind, call: Call) -> Result:
    answer, outcome = await Setting(kind, call).perform()
    if kind.after_set is None:
        return answer
    calls = await kind.after_set(call, outcome)
    if outcome.more:
        answer |= {
            "created": outcome.created or None,
            "updated": outcome.updated,
            "newState": await reading.state(kind, call),
        }
    return Then(answer, calls)
