"""The queue for the administrator, and addresses that are left alone for everybody, in JMAP: a capability of our
own."""

from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec

from parvis.kernel import clock, ids
from parvis.kernel.errors import Forbidden
from parvis.mail.queue import store, suppression
from parvis.mail.queue.model import Message, Recipient, Reply
from parvis.mail.queue.suppression import EVERYBODY
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.kind import OWN, Method
from parvis.serve.jmap.types import Arguments, Object, UnsignedInt
from parvis.store.unit import Unit

QUEUE = "urn:parvis:queue"
DROPPED = Reply(550, "5.7.0 the administrator of the sending server has dropped this message")
_MOST = 1000
Act = Literal["retry", "hold", "drop"]


class _Get(Arguments):
    account_id: str
    limit: UnsignedInt = 200
    destination: str | None = None
    after: str | None = None


class _Suppressed(Arguments):
    account_id: str


class _Act(Arguments):
    account_id: str
    act: Act
    ids: list[str] = msgspec.field(default_factory=list)


class _Lift(Arguments):
    account_id: str
    addresses: list[str] = msgspec.field(default_factory=list)


async def act(unit: Unit, what: Act, message_id: int) -> bool:
    """Tries a message now, holds it until then, or ends it; False when it is not in the queue."""
    acts: dict[Act, Callable[[], Awaitable[bool]]] = {
        "retry": lambda: store.hurry(unit, message_id),
        "hold": lambda: store.pause(unit, message_id),
        "drop": lambda: store.drop(unit, message_id, DROPPED),
    }
    return await acts[what]()


def _administrator(call: Call) -> None:
    if not call.principal.administrator:
        raise Forbidden("this is for administrators")


async def _get(call: Call) -> Result:
    """What is in the queue, oldest first: from whom, to whom, what was said, when it is next tried; nothing of what
    is in it. `destination` asks for what waits for one, `after` (an id) for what follows; `total` and
    `destinations` count all of the queue. Raises Forbidden."""
    _administrator(call)
    db, given = call.context.store.db, call.arguments
    found = await store.listing(
        db, min(given.limit, _MOST), destination=given.destination, after=ids.parse(given.after or "") or 0
    )
    tries = await store.tries(db, found)
    waiting = await store.waiting(db, _MOST)
    return {
        "accountId": given.account_id,
        "total": await store.count(db),
        "destinations": [{"destination": name, "messages": number} for name, number in waiting.items()],
        "list": [_shown(each, tries) for each in found],
    }


def _shown(message: Message, tries: dict[tuple[int, str], int]) -> Object:
    return {
        "id": ids.text(message.id),
        "state": message.state,
        "sender": message.sender,
        "size": message.size,
        "queued": clock.utc_date(message.queued_ms),
        "release": clock.utc_date(message.release_ms),
        "recipients": [_recipient(one, tries.get((message.id, one.destination))) for one in message.recipients],
    }


def _recipient(one: Recipient, next_ms: int | None) -> Object:
    return {
        "address": one.address,
        "destination": one.destination,
        "state": one.state,
        "reply": one.reply,
        "host": one.host,
        "changed": clock.utc_date(one.changed_ms),
        "nextTry": clock.utc_date(next_ms) if next_ms is not None and one.state == "queued" else None,
    }


async def _act(call: Call) -> Result:
    """Acts on some messages. Returns which were found. Raises Forbidden."""
    _administrator(call)
    given = call.arguments

    async def work(unit: Unit) -> Object:
        done = {text: await act(unit, given.act, ids.parse(text) or 0) for text in given.ids}
        return {
            "done": [text for text in done if done[text]],
            "notFound": [text for text in done if not done[text]],
        }

    return {"accountId": given.account_id, **await call.context.store.write(work)}


async def _suppressed(call: Call) -> Result:
    """Addresses that are left alone: for the asker's mail, and for administrators those for everybody's."""
    accounts = [call.principal.id, *([EVERYBODY] if call.principal.administrator else [])]
    found = await suppression.listing(call.context.store.db, accounts, _MOST)
    shown = [
        {
            "address": one.address,
            "reason": one.reason,
            "until": clock.utc_date(one.until_ms),
            "forEverybody": one.account_id == EVERYBODY,
        }
        for one in found
    ]
    return {"accountId": call.arguments.account_id, "list": shown}


async def _lift(call: Call) -> Result:
    """Addresses are tried again. Whoever knows an address may say that it is right: if not, it is left alone again
    soon."""
    given = call.arguments

    async def work(unit: Unit) -> Object:
        done = {each: await suppression.lift(unit, each, call.principal.id) for each in given.addresses}
        return {
            "lifted": [each for each in done if done[each]],
            "notFound": [each for each in done if not done[each]],
        }

    return {"accountId": given.account_id, **await call.context.store.write(work)}


METHODS = (
    Method(name="MailQueue/get", capability=QUEUE, arguments=_Get, run=_get, scope=OWN),
    Method(name="MailQueue/act", capability=QUEUE, arguments=_Act, run=_act, scope=OWN),
    Method(name="Suppression/get", capability=QUEUE, arguments=_Suppressed, run=_suppressed, scope=OWN),
    Method(name="Suppression/lift", capability=QUEUE, arguments=_Lift, run=_lift, scope=OWN),
)
