"""No statement of chat goes through a whole table, or all that a room has: asked of SQLite for all that these calls
say."""

import pytest

from parvis.store.sql.contract import counting
from tests.chat.conftest import Opener
from tests.chat.test_rooms import both, made, say
from tests.chat.test_sliding import ask, listed

WHOLE_ROOM = ("FROM chat_state s WHERE s.room = ?", "CROSS JOIN chat_state s")
"""What asks for the state of a room as a whole, on purpose."""


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_every_statement_has_its_index(open_client: Opener, context) -> None:
    with counting() as count:
        ann, bob, room = await both(open_client)
        root = await say(ann, room, "root")
        await say(bob, room, "in it", **{"m.relates_to": {"rel_type": "m.thread", "event_id": root}})
        reaction = {"m.relates_to": {"rel_type": "m.annotation", "event_id": root, "key": "x"}}
        await bob.ask("PUT", f"/v3/rooms/{room}/send/m.reaction/1", json=reaction)
        await made(ann, invite=[bob.user])
        since = (await bob.ask("GET", "/v3/sync"))["next_batch"]
        await say(ann, room, "new")
        await bob.ask("POST", f"/v3/rooms/{room}/receipt/m.read/{root}", json={})
        await bob.ask("GET", "/v3/sync", params={"since": since})
        await bob.ask("GET", f"/v3/rooms/{room}/messages?dir=b")
        names = ("e2ee", "account_data", "receipts", "typing")
        wanted = {"extensions": {name: {"enabled": True} for name in names}, "lists": listed()}
        first = await ask(bob, **wanted)
        await say(ann, room, "newer")
        await ask(bob, first["pos"], **wanted)
        await bob.ask("GET", f"/v3/rooms/{room}/context/{root}")
        await bob.ask("GET", f"/v1/rooms/{room}/relations/{root}?recurse=true")
        await bob.ask("GET", "/v3/notifications")
        await bob.ask("GET", "/v1/mutual_rooms", params={"user_id": ann.user})
        await ann.ask("PUT", f"/v3/rooms/{room}/redact/{root}/1", json={})
    bad = []
    for sql in dict.fromkeys(each for each in count.statements if "chat_" in each and each[:6] in _ASKING):
        plan = [row[3] for row in await context.store.db.rows(f"EXPLAIN QUERY PLAN {sql}", *[0] * sql.count("?"))]
        whole_room = any(words in " ".join(sql.split()) for words in WHOLE_ROOM)
        bad += [(sql, step) for step in plan if _is_wide(step, whole_room)]
    assert not bad


_ASKING = ("SELECT", "UPDATE", "DELETE")


_MADE = ("CONSTANT", "VALUES")
"""Rows that a statement brings along, as those of its subqueries w, k, x, a."""


def _is_wide(step: str, whole_room: bool) -> bool:
    if step.startswith("SCAN"):
        return step.split()[1] not in ("w", "k", "x", "a", "about") and not any(word in step for word in _MADE)
    return step.startswith("SEARCH") and step.endswith("PRIMARY KEY (room=?)") and not whole_room
