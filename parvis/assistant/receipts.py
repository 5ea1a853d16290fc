"""Receipts: what a model call read, where it ran, what it cost. Hashes and labels, never content. A12, AU-03"""

import hashlib
from typing import Any

import msgspec

from parvis.access import erasure
from parvis.access.principal import Principal
from parvis.assistant.endpoints.contract import Card, Message
from parvis.kernel import clock, ids
from parvis.store.store import Store
from parvis.store.unit import Unit

_DAY_MS = 86_400_000


class PassageLabel(msgspec.Struct, frozen=True, rename="camel"):
    """One passage that was in a prompt: which, by what path, and who wrote it."""

    passage_id: str
    origin: str


class Receipt(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """One call of a model. Times in ms; `outcome` is `ok` or an error's code."""

    id: str
    time_ms: int
    purpose: str
    endpoint: str
    model: str
    country: str
    parent_law: str
    passages: list[PassageLabel]
    prompt_sha256: str
    output_sha256: str
    prompt_tokens: int
    output_tokens: int
    milliseconds: int
    outcome: str


def make(
    card: Card, purpose: str, messages: list[Message], passages: list[PassageLabel], started_ms: int
) -> dict[str, Any]:
    """The parts of a receipt that are known before the call."""
    prompt = msgspec.json.encode([(message.role, message.content) for message in messages])
    return {
        "id": ids.text(ids.new_id()),
        "time_ms": started_ms,
        "purpose": purpose,
        "endpoint": card.name,
        "model": card.model,
        "country": card.country,
        "parent_law": card.parent_law,
        "passages": passages,
        "prompt_sha256": hashlib.sha256(prompt).hexdigest(),
    }


async def keep(store: Store, principal: Principal, turn_id: int, receipt: Receipt) -> None:
    """Stores a receipt; durable on return. Nothing for somebody whose account was erased meanwhile."""

    async def work(unit: Unit) -> None:
        await unit.run(
            """INSERT INTO model_receipt (id, principal_id, turn_id, time_ms, purpose, endpoint, model, country,
            parent_law, passages, prompt_sha256, output_sha256, prompt_tokens, output_tokens, milliseconds, outcome)
            SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
            WHERE EXISTS (SELECT 1 FROM principal WHERE id = ?)""",
            ids.parse(receipt.id),
            principal.id,
            turn_id,
            receipt.time_ms,
            receipt.purpose,
            receipt.endpoint,
            receipt.model,
            receipt.country,
            receipt.parent_law,
            msgspec.json.encode(receipt.passages).decode(),
            receipt.prompt_sha256,
            receipt.output_sha256,
            receipt.prompt_tokens,
            receipt.output_tokens,
            receipt.milliseconds,
            receipt.outcome,
            principal.id,
        )

    await store.write(work)


async def erase(store: Store, account_id: int) -> None:
    """Erases the receipts of an account that is gone."""
    await erasure.rows(store, "model_receipt", "id", "principal_id = ?", account_id)


async def of(store: Store, principal: Principal, turn_id: int | None = None, limit: int = 50) -> list[Receipt]:
    """The principal's own receipts, newest first; those of one turn when given."""
    rows = await store.db.rows(
        """SELECT id, time_ms, purpose, endpoint, model, country, parent_law, passages, prompt_sha256,
        output_sha256, prompt_tokens, output_tokens, milliseconds, outcome FROM model_receipt
        WHERE principal_id = ? AND (CAST(? AS BIGINT) IS NULL OR turn_id = ?) ORDER BY time_ms DESC LIMIT ?""",
        principal.id,
        turn_id,
        turn_id,
        limit,
    )
    return [_receipt(row) for row in rows]


async def spent_today(store: Store, principal: Principal, endpoint: str) -> int:
    """Tokens that the principal used at an endpoint in the last 24 hours."""
    return int(
        await store.db.value(
            """SELECT COALESCE(SUM(prompt_tokens + output_tokens), 0) FROM model_receipt
            WHERE principal_id = ? AND time_ms > ? AND endpoint = ?""",
            principal.id,
            clock.now_ms() - _DAY_MS,
            endpoint,
        )
    )


def _receipt(row: tuple[Any, ...]) -> Receipt:
    return Receipt(
        id=ids.text(row[0]),
        time_ms=row[1],
        purpose=row[2],
        endpoint=row[3],
        model=row[4],
        country=row[5],
        parent_law=row[6],
        passages=msgspec.json.decode(row[7], type=list[PassageLabel]),
        prompt_sha256=row[8],
        output_sha256=row[9],
        prompt_tokens=row[10],
        output_tokens=row[11],
        milliseconds=row[12],
        outcome=row[13],
    )
