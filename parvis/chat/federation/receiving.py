"""Transactions of other servers (Matrix v1.19 Server-Server §Transactions): each is taken once, in the order they
come from a server, and answered when what is in it is durable."""

import contextlib
from collections.abc import Mapping

import msgspec

from parvis.chat.federation import edus
from parvis.chat.federation.acls import KEPT_OUT
from parvis.chat.federation.contract import Endpoint, PeerCall
from parvis.kernel import clock
from parvis.store.unit import Unit
from parvis.wire.matrix import hashes, identifiers, transactions
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.transactions import Edu, Receipt, Transaction, Typing


async def _send(call: PeerCall) -> Object:
    name = f"transaction {identifiers.transaction_id(call.params['txnId'])}"
    given = transactions.read(call.body, call.origin)
    async with call.federation.turns.of(call.origin):
        before = await call.store.db.value(
            "SELECT answer FROM chat_peer_transaction WHERE origin = ? AND name = ?", call.origin, name
        )
        if before is not None:
            found: Object = msgspec.json.decode(before)
            return found
        results = await _taken(call, given)
        answer: Object = {"pdus": dict(results)}
        await call.store.write(lambda unit: _keep(unit, call.origin, name, answer))
    return answer


async def _taken(call: PeerCall, given: Transaction) -> Mapping[str, Object]:
    """Takes what rooms do not keep out: events first, for what passes may be about them. Of events that are kept
    out is told so."""
    rooms = {each["room_id"] for each in given.pdus if isinstance(each.get("room_id"), str)}
    rooms |= {edu.room_id for edu in given.edus if isinstance(edu, Typing | Receipt)}
    closed = await call.federation.acls.closed(rooms, call.origin) if rooms else {}
    pdus, results = list[Object](), dict[str, Object]()
    for pdu in given.pdus:
        if (version := closed.get(str(pdu.get("room_id")))) is None:
            pdus.append(pdu)
        else:
            results[hashes.named(pdu, version)] = {"error": KEPT_OUT}
    if pdus and (incoming := call.federation.incoming) is not None:
        results |= await incoming.pdus(call.origin, pdus)
    for edu in given.edus:
        if not (isinstance(edu, Typing | Receipt) and edu.room_id in closed):
            await _passed(call, edu)
    return results


async def _passed(call: PeerCall, edu: Edu) -> None:
    """What is wrong with one EDU keeps nothing else from being taken; what the database refuses does."""
    with contextlib.suppress(BadMatrix):
        await edus.take(call.federation, call.origin, edu)


async def _keep(unit: Unit, origin: str, name: str, answer: Object) -> None:
    await unit.run(
        """INSERT INTO chat_peer_transaction (origin, name, answer, received_ms) VALUES (?, ?, ?, ?)
        ON CONFLICT (origin, name) DO NOTHING""",
        origin,
        name,
        msgspec.json.encode(answer).decode(),
        clock.now_ms(),
    )


ENDPOINTS = (Endpoint("PUT", "/federation/v1/send/{txnId}", _send, limit=transactions.SIZE_LIMIT),)
