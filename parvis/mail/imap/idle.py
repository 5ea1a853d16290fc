"""IDLE: changes are told as they happen. RFC 2177, RFC 9051 §6.3.13"""

import asyncio

from parvis.kernel.errors import Invalid, TooLarge
from parvis.mail.imap.session import Bad, Done, Session
from parvis.wire.imap.command import Command

_SECONDS = 1860.0


async def idle(session: Session, _: Command) -> Done:
    """Until the client says DONE."""
    session.say("+ idling")
    await session.client.flush()
    line = asyncio.create_task(session.client.line(_SECONDS))
    try:
        await session.until(line)
        said = await line
    except (Invalid, TooLarge):
        raise Bad("DONE ends it") from None
    finally:
        line.cancel()
    if said.strip().upper() != b"DONE":
        raise Bad("DONE ends it")
    return Done()
