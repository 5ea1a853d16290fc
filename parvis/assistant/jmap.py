"""The assistant's doors: AssistantTurn, ModelCard and receipts in JMAP, and a stream to watch a turn grow."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence

import msgspec

from parvis.assistant import receipts
from parvis.assistant.gateway import Gateway
from parvis.assistant.marking import Mark, mark
from parvis.assistant.model import CAPABILITY, AssistantTurn, ModelCard, TurnRequest, request_of
from parvis.assistant.turns import StoredTurn, Turns
from parvis.kernel import clock, ids
from parvis.kernel.errors import NotFound
from parvis.serve.http import events
from parvis.serve.http.exchange import Request, Response, Route
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.kind import OWN, Created, Creation, Kind, Method, Query, SetOutcome
from parvis.serve.jmap.types import Arguments, Invocation, Object
from parvis.store.unit import Unit

_NEWEST = 200


def outside(turn: StoredTurn) -> AssistantTurn:
    """A kept turn as the record."""
    request = turn.request
    return AssistantTurn(
        id=ids.text(turn.id),
        task=request.task,
        text=request.text,
        about=request.about,
        style=request.style,
        language=request.language,
        created=clock.utc_date(turn.created_ms),
        status=turn.status,
        answer=turn.answer,
    )


def turn_kind(turns: Turns) -> Kind:
    """AssistantTurn: created to ask, read to follow, destroyed to forget."""

    async def read(call: Call, wanted: Sequence[int] | None, _: frozenset[str]) -> Sequence[AssistantTurn]:
        return [outside(turn) for turn in await turns.get(call.principal, wanted, db=call.db)]

    async def create(call: Call, unit: Unit, creation: Creation) -> Created:
        turn_id = await turns.add(unit, call.principal, _request(creation.values))
        return Created(turn_id)

    async def destroy(call: Call, unit: Unit, turn_id: int) -> None:
        await turns.remove(unit, call.principal, turn_id)

    async def query(call: Call, _: Query) -> Sequence[int]:
        return await turns.newest(call.principal, _NEWEST)

    async def after_set(call: Call, outcome: SetOutcome) -> list[Invocation]:
        made = [
            number for values in outcome.created.values() if (number := ids.parse(str(values["id"]))) is not None
        ]
        for turn in await turns.get(call.principal, made) if made else []:
            turns.start(call.principal, turn.id, turn.request)
        return []

    return Kind(
        record=AssistantTurn,
        scope=OWN,
        read=read,
        create=create,
        destroy=destroy,
        query=query,
        after_set=after_set,
    )


def _request(values: Object) -> TurnRequest:
    return request_of({key: msgspec.to_builtins(value) for key, value in values.items()})


def card_kind(gateway: Gateway) -> Kind:
    """ModelCard: read only."""

    async def read(call: Call, wanted: Sequence[int] | None, _: frozenset[str]) -> Sequence[ModelCard]:
        cards = [
            ModelCard(
                id=ids.text(number + 1),
                name=card.name,
                model=card.model,
                operator=card.operator,
                country=card.country,
                parent_law=card.parent_law,
                licence=card.licence,
                context_tokens=card.context_tokens,
                local=card.kind == "local",
                answers=gateway.answers(endpoint),
                last_error=gateway.health(card.name).last_error,
            )
            for number, endpoint in enumerate(gateway.endpoints)
            for card in (endpoint.card,)
        ]
        return [card for card in cards if wanted is None or ids.parse(card.id) in wanted]

    async def state(_: Call) -> str:
        return str(sum(gateway.health(card.name).failures for card in gateway.cards))

    return Kind(record=ModelCard, scope=OWN, read=read, state=state)


class ReceiptArguments(Arguments):
    """Receipts of one turn, or the newest."""

    account_id: str
    turn_id: str | None = None


class MarkArguments(Arguments):
    """The text about to be sent, and the turns whose text was taken into it."""

    account_id: str
    text: str
    turn_ids: list[str]


class StopArguments(Arguments):
    """The turn to stop."""

    account_id: str
    turn_id: str


def methods(turns: Turns) -> list[Method]:
    """Receipt/get, AssistantTurn/stop and AssistantTurn/mark."""

    async def receipt_get(call: Call) -> Object:
        turn_id = ids.parse(call.arguments.turn_id) if call.arguments.turn_id else None
        found = await receipts.of(call.context.store, call.principal, turn_id)
        return {"accountId": call.arguments.account_id, "list": msgspec.to_builtins(found)}

    async def stop(call: Call) -> Object:
        await turns.stop(call.principal, _id(call.arguments.turn_id))
        return {"accountId": call.arguments.account_id}

    async def mark_text(call: Call) -> Object:
        known = [number for text in call.arguments.turn_ids if (number := ids.parse(text)) is not None]
        found: Mark = mark(call.arguments.text, await turns.get(call.principal, known))
        return {"accountId": call.arguments.account_id, "level": found.level, "header": found.header}

    return [
        Method(name="Receipt/get", capability=CAPABILITY, arguments=ReceiptArguments, run=receipt_get, scope=OWN),
        Method(name="AssistantTurn/stop", capability=CAPABILITY, arguments=StopArguments, run=stop, scope=OWN),
        Method(name="AssistantTurn/mark", capability=CAPABILITY, arguments=MarkArguments, run=mark_text, scope=OWN),
    ]


def _id(text: str) -> int:
    number = ids.parse(text)
    if number is None:
        raise NotFound("no such turn")
    return number


def route(turns: Turns) -> Route:
    """`GET /assistant/turns/{id}/events`: the turn as server-sent events, whole each time it grows."""

    async def grown(watched: AsyncIterator[StoredTurn], first: StoredTurn) -> AsyncGenerator[bytes]:
        yield _event(first)
        async for turn in watched:
            yield _event(turn)

    async def handle(request: Request) -> Response:
        watched = turns.watch(request.who, _id(request.params["id"]))
        first = await anext(watched)
        return events.stream(request, grown(watched, first))

    return Route("GET", "/assistant/turns/{id}/events", handle)


def _event(turn: StoredTurn) -> bytes:
    return events.event({"status": turn.status, "answer": turn.answer})
