"""Thread/get. RFC 8621 §3.1"""

from collections.abc import Sequence

from parvis.kernel import ids
from parvis.mail.counts import pages
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.types import Object
from parvis.store.sql.contract import marks


async def read(call: Call, numbers: Sequence[int] | None, _: frozenset[str]) -> list[Object]:
    """Threads with their messages, oldest first."""
    held: dict[int, list[str]] = {}
    for page in pages(list(numbers or ())):
        rows = await call.db.rows(
            f"""SELECT thread_id, id FROM email WHERE thread_id IN {marks(len(page))} AND +account_id = ?
            ORDER BY thread_id, received_ms, id""",
            *page,
            call.account_id,
        )
        for thread_id, email_id in rows:
            held.setdefault(thread_id, []).append(ids.text(email_id))
    return [{"id": ids.text(number), "emailIds": emails} for number, emails in held.items()]
