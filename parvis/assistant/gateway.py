"""The model gateway: the only way to a model. It asks the endpoints in their order, passes over those that are
down, over budget or without a complete card, and leaves a receipt for each call. A10, trust.md TR-06, SE-12"""

import contextlib
import hashlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from parvis.access.principal import Principal
from parvis.assistant import receipts
from parvis.assistant.endpoints.contract import Card, Message, ModelEndpoint, Piece, missing
from parvis.assistant.endpoints.local import LocalEndpoint
from parvis.assistant.endpoints.openai import OpenAiEndpoint
from parvis.assistant.receipts import PassageLabel, Receipt
from parvis.kernel import clock
from parvis.kernel.egress import Egress
from parvis.kernel.errors import EgressRefused, Invalid, ParvisError, RateLimited, Unavailable
from parvis.kernel.settings import Settings
from parvis.store.store import Store

_REST_SECONDS = 30.0
"""How long an endpoint that failed is passed over."""
_LETTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Call:
    """One thing asked of a model: why, with what, for which turn."""

    purpose: str
    messages: list[Message]
    passages: list[PassageLabel]
    max_tokens: int = 512
    temperature: float = 0.0
    turn_id: int = 0


@dataclass(slots=True)
class Health:
    """What the gateway knows of an endpoint."""

    failures: int = 0
    resting_until: float = 0.0
    last_error: str = ""


class Gateway:
    """All configured endpoints."""

    def __init__(self, store: Store, endpoints: list[ModelEndpoint]) -> None:
        for endpoint in endpoints:
            if lacking := missing(endpoint.card):
                raise Invalid(
                    f"the card of model {endpoint.card.name!r} lacks {', '.join(lacking)}", field="endpoints"
                )
        self._store, self.endpoints = store, endpoints
        self._health = {endpoint.card.name: Health() for endpoint in endpoints}

    @classmethod
    def configured(cls, settings: Settings, store: Store, egress: Egress) -> "Gateway":
        """The endpoints of the settings. Raises Invalid when a card is incomplete: start-up stops there."""
        return cls(store, [_endpoint(card, settings, egress) for card in settings.endpoints])

    @property
    def cards(self) -> list[Card]:
        """The cards of all endpoints, in the order they are asked."""
        return [endpoint.card for endpoint in self.endpoints]

    def health(self, name: str) -> Health:
        """What is known of the endpoint of this name."""
        return self._health[name]

    def ready(self) -> Card | None:
        """The card of the endpoint that would be asked now, or None when there is none: then answers are made of
        cited sentences."""
        return next((endpoint.card for endpoint in self.endpoints if self.answers(endpoint)), None)

    def answers(self, endpoint: ModelEndpoint) -> bool:
        """Whether an endpoint is there and has not just failed."""
        return endpoint.installed and self._health[endpoint.card.name].resting_until <= clock.monotonic()

    async def stream(self, principal: Principal, call: Call) -> AsyncGenerator[tuple[Card, str], None]:
        """Generated text piece by piece, with the card of who generates it. Once text has come, a failure is
        raised as Unavailable; before that the next endpoint is asked. Raises RateLimited over budget."""
        problem: ParvisError = Unavailable("no model is configured")
        for endpoint in self.endpoints:
            if self._health[endpoint.card.name].resting_until > clock.monotonic():
                problem = Unavailable(f"{endpoint.card.name} does not answer")
                continue
            started = False
            try:
                await self._budget(principal, endpoint.card)
                async with contextlib.aclosing(self._one(principal, endpoint, call)) as texts:
                    async for text in texts:
                        started = True
                        yield endpoint.card, text
                return
            except (Unavailable, EgressRefused, RateLimited) as error:
                problem = error
                if started:
                    break
        raise problem

    async def _budget(self, principal: Principal, card: Card) -> None:
        if card.daily_tokens and await receipts.spent_today(self._store, principal, card.name) >= card.daily_tokens:
            raise RateLimited("the day's budget for this model is used up", endpoint=card.name)

    async def _one(self, principal: Principal, endpoint: ModelEndpoint, call: Call) -> AsyncGenerator[str, None]:
        started_ms, clocked = clock.now_ms(), clock.monotonic()
        known = receipts.make(endpoint.card, call.purpose, call.messages, call.passages, started_ms)
        texts: list[str] = []
        last = Piece("")
        outcome = "cancelled"
        try:
            stream = endpoint.stream(call.messages, max_tokens=call.max_tokens, temperature=call.temperature)
            async with contextlib.aclosing(stream) as pieces:
                async for piece in pieces:
                    last = piece if piece.prompt_tokens else last
                    texts.append(piece.text)
                    if piece.text:
                        yield piece.text
            outcome = "ok"
            self._health[endpoint.card.name] = Health()
        except ParvisError as error:
            outcome = error.code
            self._rest(endpoint.card.name, error)
            raise
        finally:
            output = "".join(texts)
            receipt = Receipt(
                **known,
                output_sha256=hashlib.sha256(output.encode()).hexdigest(),
                prompt_tokens=last.prompt_tokens
                or sum(len(m.content) for m in call.messages) // _LETTERS_PER_TOKEN,
                output_tokens=last.output_tokens or len(output) // _LETTERS_PER_TOKEN,
                milliseconds=round((clock.monotonic() - clocked) * 1000),
                outcome=outcome,
            )
            await receipts.keep(self._store, principal, call.turn_id, receipt)

    def _rest(self, name: str, error: ParvisError) -> None:
        health = self._health[name]
        health.failures += 1
        health.resting_until = clock.monotonic() + _REST_SECONDS
        health.last_error = error.sentence


def _endpoint(card: Card, settings: Settings, egress: Egress) -> ModelEndpoint:
    if card.kind == "local":
        return LocalEndpoint(card, settings.folder / "models", settings.threads)
    if card.kind == "openai":
        return OpenAiEndpoint(card, egress)
    raise Invalid(f"unknown kind of model endpoint {card.kind!r}", field="endpoints")
