"""IDLE: changes are told as they happen. RFC 2177, RFC 9051 §6.3.13"""

import asyncio

from parvis.kernel.errors import Invalid, TooLarge
from parvis.mail.imap.session import Bad, Done, Session
from parvis.wire.imap.command import Command

_SECONDS = 1860.0
_CHECK_SECONDS = 60.0
"""How often somebody is looked after who hears of nothing."""


async def idle(session: Session, _: Command) -> Done:
    """Until the client says DONE."""
    session.say("+ idling")
    await session.client.flush()
    line = asyncio.create_task(session.client.line(_SECONDS))
    try:
        while not line.done():
            await _news(session, line)
        said = await line
    except (Invalid, TooLarge):
        raise Bad("DONE ends it") from None
    finally:
        line.cancel()
    if said.strip().upper() != b"DONE":
        raise Bad("DONE ends it")
    return Done()


async def _news(session: Session, line: "asyncio.Task[bytes]") -> None:
    """Waits for something to tell, and tells it."""
    woken = asyncio.create_task(session.woken.wait())
    try:
        await asyncio.wait({line, woken}, timeout=_CHECK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        woken.cancel()
    session.woken.clear()
    if not line.done():
        await session.still_here()
        await session.tell()
        await session.client.flush()
