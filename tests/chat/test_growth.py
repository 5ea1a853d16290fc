"""What is kept of a room grows with what is said and with who comes, and never with one times the other."""

import itertools
import os

from parvis.chat.rooms.append import append
from parvis.chat.rooms.model import Draft
from parvis.chat.rooms.service import Rooms
from parvis.chat.rooms.writing import Writing
from parvis.serve.context import Context
from parvis.store.store import Store
from tests.chat.conftest import Opener
from tests.chat.test_rooms import made

JOINS, MESSAGES = (int(each) for each in os.environ.get("PARVIS_GROWTH", "100,400").split(","))
"""Of each half; `PARVIS_GROWTH=2500,10000` for a room of 5,000 with 20,000 messages."""
_AT_ONCE = 100


async def counted(store: Store) -> dict[str, int]:
    """Rows, by table."""
    lite = store.db.dialect.name == "sqlite"
    sql = (
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND sql NOT LIKE '%VIRTUAL%'"
        if lite
        else "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    )
    names = sorted(name for (name,) in await store.db.rows(sql))
    return {name: int(await store.db.value(f'SELECT COUNT(*) FROM "{name}"')) for name in names}


async def half(rooms: Rooms, room: str, first: int) -> None:
    """People come and talk."""
    for start in range(0, JOINS, _AT_ONCE):

        async def come(writing: Writing, start: int = start) -> None:
            for number in range(start, min(start + _AT_ONCE, JOINS)):
                user = f"@guest{first + number}:example.org"
                await append(writing, room, user, Draft("m.room.member", {"membership": "join"}, user))

        await rooms.write(come)
    for start in range(0, MESSAGES, _AT_ONCE):

        async def talk(writing: Writing, start: int = start) -> None:
            for number in range(start, min(start + _AT_ONCE, MESSAGES)):
                user = f"@guest{first + number % JOINS}:example.org"
                body = {"msgtype": "m.text", "body": f"message {first} {number}"}
                await append(writing, room, user, Draft("m.room.message", body))

        await rooms.write(talk)


async def test_rows_follow_events_and_not_members_times_events(open_client: Opener, context: Context) -> None:
    ann, rooms, store = await open_client("ann"), context.need(Rooms), context.store
    room = await made(ann, preset="public_chat")
    counts = [await counted(store)]
    for number in range(2):
        await half(rooms, room, number * JOINS)
        counts.append(await counted(store))
    first, second = (
        {name: after[name] - before[name] for name in after} for before, after in itertools.pairwise(counts)
    )
    events = JOINS + MESSAGES
    print(
        f"\n{2 * JOINS} people, {2 * MESSAGES} messages, rows:",
        {name: count for name, count in counts[-1].items() if count > JOINS},
    )
    for name, grown in second.items():
        assert grown <= events + 10, f"{name} has more than a row for each event"
        assert grown <= first[name] * 1.1 + 10, f"{name} grows with what is there already"
    units = events // _AT_ONCE  # each has its line in the outbox
    assert sum(second.values()) <= 2 * events + 3 * JOINS + units + 50
