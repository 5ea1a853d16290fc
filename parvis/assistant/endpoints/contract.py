"""What every model endpoint offers."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Literal, Protocol

from parvis.kernel.settings import Endpoint

Card = Endpoint
"""An endpoint's settings are its card."""
Role = Literal["system", "user", "assistant"]
CARD_FIELDS = ("name", "model", "operator", "country", "parent_law", "licence")


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of streamed text; the last one carries the token counts when the endpoint tells them."""

    text: str
    prompt_tokens: int = 0
    output_tokens: int = 0


class ModelEndpoint(Protocol):
    """One place where a model answers."""

    card: Card

    def stream(
        self, messages: list[Message], *, max_tokens: int, temperature: float = 0.0
    ) -> AsyncGenerator[Piece, None]:
        """Generates. Raises Unavailable when it does not answer in time or refuses."""
        ...

    @property
    def installed(self) -> bool:
        """Whether all that it needs on this machine is there."""
        ...


def missing(card: Card) -> list[str]:
    """Fields that a card lacks: no model is called while one is empty. trust.md TR-06"""
    return [name for name in CARD_FIELDS if not getattr(card, name)]
