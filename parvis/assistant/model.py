"""The records of the assistant: turns, model cards, receipts."""

from typing import Any, ClassVar, Literal

import msgspec

from parvis.assistant.tree import Answer, Status
from parvis.kernel.languages import Language
from parvis.kernel.records import Immutable, Record, ServerSet

CAPABILITY = "urn:parvis:assistant"
Task = Literal["ask", "summarise", "draft", "rewrite", "translate"]
Style = Literal["correct", "shorter", "longer", "formal", "friendly"]


class About(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An object a turn is about: then only it is read."""

    account_id: str
    kind: str
    id: str


class AssistantTurn(Record):
    """One thing asked of the assistant and what came of it; its owner's alone.

    `text` is the question, the instruction for a draft, or the text to rewrite or translate."""

    kind: ClassVar[str] = "AssistantTurn"
    capability: ClassVar[str] = CAPABILITY

    id: ServerSet[str] = ""
    task: Immutable[Task] = "ask"
    text: Immutable[str] = ""
    about: Immutable[list[About]] = msgspec.field(default_factory=list)
    style: Immutable[Style] = "correct"
    language: Immutable[Language | None] = None
    """Of the answer; the question's own when null."""
    created: ServerSet[str] = ""
    status: ServerSet[Status] = "running"
    answer: ServerSet[Answer] = msgspec.field(default_factory=Answer)


class ModelCard(Record):
    """What is known of a model before it is asked: who runs it, where, under whose law. trust.md TR-06, SO-02"""

    kind: ClassVar[str] = "ModelCard"
    capability: ClassVar[str] = CAPABILITY

    id: ServerSet[str] = ""
    name: ServerSet[str] = ""
    model: ServerSet[str] = ""
    operator: ServerSet[str] = ""
    country: ServerSet[str] = ""
    parent_law: ServerSet[str] = ""
    licence: ServerSet[str] = ""
    context_tokens: ServerSet[int] = 0
    local: ServerSet[bool] = False
    answers: ServerSet[bool] = False
    """Whether it would answer now."""
    last_error: ServerSet[str] = ""


class TurnRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a turn is asked to do; the stored form of an AssistantTurn's own properties."""

    task: Task = "ask"
    text: str = ""
    about: list[About] = []
    style: Style = "correct"
    language: Language | None = None


def request_of(values: dict[str, Any]) -> TurnRequest:
    """The request in a creation's outside values."""
    return msgspec.convert(
        {key: values[key] for key in ("task", "text", "about", "style", "language") if key in values}, TurnRequest
    )
