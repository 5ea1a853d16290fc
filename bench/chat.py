"""Chat beside Synapse in one run: python -m bench.chat [--help]

Both are asked the same over loopback by one light client (bench/matrix.py), whose own processor time is told. A
message counts when its PUT is answered: both have it on the disk by then. Delivery is from the writing of the PUT
to the arrival of the answer with the message at each of the clients that wait in /sync, one message after the
other. Rounds alternate, so that whatever else the machine does meets both; of several rounds the medians are
shown. Memory is the proportional share of one process on each side: ours is the whole workplace (mail, calendar,
files, search with its index of what is said, and the assistant), Synapse's is chat alone, without federation and
presence; of PostgreSQL neither counts any.

What takes long, on a machine that does nothing else (some fifteen minutes for each side and part at most):
python -m bench.chat --senders --listeners --rooms 1000 --members 5000 --disk 5000 --seconds 900 [--postgresql]"""

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import pathlib
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from urllib.parse import quote

import uvloop

from bench.jmap import resident_mb, rest
from bench.matrix import LAZY, Connection, Listener, request
from bench.peers.synapse import Synapse
from bench.smtp import cpu_seconds
from tests.servers import Postgres

AT_ONCE = 20
_WRITERS = 20
_FILLING = 8
DETAIL = "The agenda is in the shared folder, and whoever cannot come tells the others before noon. " * 2


class Side:
    """One server: its people, and what was measured."""

    def __init__(self, name: str, port: int, people: Sequence[tuple[str, str]], processes: list[int]) -> None:
        self.name, self.port, self.people, self.processes = name, port, people, processes
        self.found: dict[str, list[float]] = defaultdict(list)
        self.size: Callable[[], Awaitable[int]]
        self._names, self.told = itertools.count(), itertools.count()

    def token(self, person: int) -> str:
        """The access token of a person."""
        return self.people[person][1]

    def note(self, name: str, value: float) -> None:
        """Keeps a result."""
        self.found[name].append(value)

    def memory(self) -> float:
        """MB, proportional share."""
        return sum(map(resident_mb, self.processes))

    async def room(self, people: Iterable[int], connection: Connection | None = None) -> str:
        """A public room with these people; its id."""
        first, *others = people
        own = connection or await Connection.open(self.port)
        made = await own.json("POST", "/createRoom", self.token(first), {"preset": "public_chat", "name": "Bench"})
        room = quote(str(made["room_id"]))
        await at_once(self.port, [request("POST", f"/join/{room}", self.token(each), {}) for each in others])
        if connection is None:
            own.close()
        return room

    def message(self, room: str, person: int, text: str) -> bytes:
        """A message to be sent."""
        path = f"/rooms/{room}/send/m.room.message/t{next(self._names)}"
        return request("PUT", path, self.token(person), {"msgtype": "m.text", "body": text})


async def at_once(port: int, requests: Sequence[bytes], connections: int = AT_ONCE) -> list[float]:
    """Asks all of this over some connections; how long each took, in seconds."""
    waiting, times = iter(requests), []

    async def work() -> None:
        connection = await Connection.open(port)
        for each in waiting:
            started = time.perf_counter()
            await connection.ask(each)
            times.append(time.perf_counter() - started)
        connection.close()

    await asyncio.gather(*(work() for _ in range(min(connections, len(requests)))))
    return times


async def sending(side: Side, senders: int, count: int) -> None:
    """Durable messages a second, by so many people to one room."""
    room = await side.room(range(senders))
    prepared = [side.message(room, number % senders, DETAIL) for number in range(count)]
    rest(side.processes)
    size, spent, own = await side.size(), cpu_seconds(side.processes), time.process_time()
    started = time.perf_counter()
    times = await at_once(side.port, prepared, senders)
    lasted = time.perf_counter() - started
    name = f"{senders} senders" if senders > 1 else "1 sender"
    side.note(f"messages a second, {name}", count / lasted)
    side.note(f"send p99 ms, {name}", 1000 * percentile(times, 0.99))
    side.note(f"CPU ms a message, {name}", 1000 * (cpu_seconds(side.processes) - spent) / count)
    side.note(f"(client's own CPU ms a message, {name})", 1000 * (time.process_time() - own) / count)
    side.note("memory MB, under load", side.memory())
    rest(side.processes)
    side.note("bytes on disk a message", (await side.size() - size) / count)


async def delivery(side: Side, listeners: int, count: int) -> None:
    """From the sending of a message until each of those who wait has it."""
    room = await side.room(range(listeners + 1))
    connected: list[Listener] = []
    for start in range(0, listeners, AT_ONCE):
        some = [await listener(side.port) for _ in range(start, min(listeners, start + AT_ONCE))]
        for number, each in enumerate(some, start + 1):
            each.start(side.token(number))
        await asyncio.gather(*(each.ready for each in some))
        connected += some
    rest(side.processes)
    await messages(side, room, connected, count)
    own = time.process_time()
    spent = cpu_seconds(side.processes)
    lasted = await messages(side, room, connected, count)
    for name, part in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        side.note(f"delivery {name} ms, {listeners} wait", 1000 * percentile(lasted, part))
    per = count * listeners / 1000
    side.note(f"CPU ms a delivery, {listeners} wait", (cpu_seconds(side.processes) - spent) / per)
    side.note(f"(client's own CPU ms a delivery, {listeners} wait)", (time.process_time() - own) / per)
    side.note(f"memory MB, {listeners} wait", side.memory())
    for each in connected:
        each.close()


async def listener(port: int) -> Listener:
    """One that is connected."""
    return (await asyncio.get_running_loop().create_connection(Listener, "127.0.0.1", port))[1]


async def messages(side: Side, room: str, connected: list[Listener], count: int) -> list[float]:
    """Sends so many, each when all have the one before; how long each took to each."""
    times: list[float] = []
    connection = await Connection.open(side.port)
    for number in itertools.islice(side.told, count):
        all_have_it: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        started, left = time.perf_counter(), len(connected)

        def heard(which: int, at: float) -> None:
            nonlocal left
            if which == number:  # noqa: B023 - called before the next
                times.append(at - started)  # noqa: B023 - the same
                left -= 1
                if not left:
                    all_have_it.set_result(None)  # noqa: B023 - the same

        def lost(error: Exception) -> None:
            if not all_have_it.done():  # noqa: B023 - the same
                all_have_it.set_exception(error)  # noqa: B023 - the same

        for each in connected:
            each.heard, each.lost = heard, lost
        await connection.ask(side.message(room, 0, f"to all {number} {DETAIL}"))
        async with asyncio.timeout(120):
            await all_have_it
        await asyncio.sleep(0.2)  # all wait again
    connection.close()
    return times


async def disk(side: Side, count: int) -> None:
    """What messages take on the disk, with all that is kept of them to be found again: told for 100,000."""
    room, senders = await side.room(range(_WRITERS)), itertools.cycle(range(_WRITERS))
    rest(side.processes)
    size = await side.size()
    await at_once(side.port, [side.message(room, next(senders), DETAIL) for _ in range(count)])
    rest(side.processes)
    side.note("MB on disk, 100,000 messages", (await side.size() - size) / count / 10)


async def initial(side: Side, rooms: int) -> None:
    """An initial sync with so many rooms."""
    names = iter(range(rooms))

    async def fill() -> None:
        own = await Connection.open(side.port)
        for _ in names:
            room = await side.room((0, 1), own)
            for _ in range(3):
                await own.ask(side.message(room, 1, DETAIL))
        own.close()

    await asyncio.gather(*(fill() for _ in range(_FILLING)))
    rest(side.processes)
    connection = await Connection.open(side.port)
    for limit in range(9, 14):  # each another filter, so that no answer is one of before
        asked = quote(json.dumps({"room": {"timeline": {"limit": limit}, "state": {"lazy_load_members": True}}}))
        started = time.perf_counter()
        body = await connection.ask(request("GET", f"/sync?filter={asked}", side.token(0)))
        side.note(f"initial sync ms, {rooms} rooms", 1000 * (time.perf_counter() - started))
    side.note(f"initial sync kB, {rooms} rooms", len(body) / 1000)
    connection.close()


async def joining(side: Side, members: int) -> None:
    """Joining a room that has so many, and what a client asks then."""
    started = time.perf_counter()
    room = await side.room(range(members))
    side.note(f"joins a second, up to {members} members", members / (time.perf_counter() - started))
    rest(side.processes)
    connection = await Connection.open(side.port)
    for number in range(members, members + 5):
        token = side.token(number)
        for name, asked in (
            (f"join ms, {members} members", request("POST", f"/join/{room}", token, {})),
            (f"first sync ms, {members} members, lazy", request("GET", f"/sync?filter={LAZY}", token)),
            (f"first sync ms, {members} members, all of them", request("GET", "/sync", token)),
            (f"list of {members} members, ms", request("GET", f"/rooms/{room}/joined_members", token)),
        ):
            started = time.perf_counter()
            await connection.ask(asked)
            side.note(name, 1000 * (time.perf_counter() - started))
    connection.close()


def percentile(values: Sequence[float], part: float) -> float:
    """The value below which this part of them is."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


async def size_of(database: str, folder: pathlib.Path, name: str) -> int:
    """Bytes that the database takes, without pages that are free again."""
    if database:
        import asyncpg

        connection = await asyncpg.connect(database)
        await connection.execute("CHECKPOINT")
        found = await connection.fetchval("SELECT pg_database_size(current_database())")
        await connection.close()
        return int(found)
    with contextlib.closing(sqlite3.connect(folder / name, timeout=30)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        pages, free, page = (
            connection.execute(f"PRAGMA {what}").fetchone()[0]
            for what in ("page_count", "freelist_count", "page_size")
        )
    return int((pages - free) * page)


def ours(stack: contextlib.ExitStack, people: int, database: str) -> Side:
    """Parvis, with so many people."""
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    command = [sys.executable, "-m", "bench.chat_server", folder, str(people), database]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    stack.callback(process.wait, 20)
    stack.callback(process.terminate)
    assert process.stdout
    ready = json.loads(process.stdout.readline())
    side = Side("Parvis", ready["http"], ready["people"], [process.pid])
    side.size = lambda: size_of(database, pathlib.Path(folder), "data/parvis.sqlite")
    return side


def theirs(stack: contextlib.ExitStack, people: int, database: str) -> Side:
    """Synapse, with so many people."""
    peer = Synapse(database)
    stack.callback(peer.close)
    side = Side(peer.name, peer.port, peer.register(people), peer.processes)
    side.size = lambda: size_of(database, peer.folder, "db")
    return side


async def measure(sides: list[Side], wanted: argparse.Namespace) -> None:
    """All that was asked for, in alternating rounds."""
    for side in sides:
        rest(side.processes)
        side.note("memory MB, idle", side.memory())
    for senders in wanted.senders:
        for number in range(wanted.rounds + 1):
            for side in sides:
                await sending(side, senders, wanted.messages if number else max(senders, 20))
                if not number:  # it was to warm up
                    side.found = defaultdict(list, {"memory MB, idle": side.found["memory MB, idle"], **{
                        name: values for name, values in side.found.items() if len(values) >= wanted.rounds
                    }})  # fmt: skip
    for name, part in _parts(wanted):
        for side in sides:
            try:
                async with asyncio.timeout(wanted.seconds):
                    await part(side)
            except TimeoutError:
                print(f"{side.name}: {name} was not done in {wanted.seconds} seconds", flush=True)


def _parts(wanted: argparse.Namespace) -> Iterable[tuple[str, Callable[[Side], Awaitable[None]]]]:
    """What is measured once, after the rounds."""
    for listeners in wanted.listeners:
        yield f"delivery to {listeners}", partial(delivery, listeners=listeners, count=wanted.delivered)
    for count in wanted.disk:
        yield f"{count} messages on the disk", partial(disk, count=count)
    for rooms in wanted.rooms:
        yield f"initial sync of {rooms} rooms", partial(initial, rooms=rooms)
    for members in wanted.members:
        yield f"a room of {members}", partial(joining, members=members)


def table(sides: list[Side]) -> None:
    """Medians side by side, and how many times ours another's is."""
    print(f"\n| | {' | '.join(side.name for side in sides)} | ratio |\n|---|{'---|' * len(sides)}---|")
    for name in dict.fromkeys(name for side in sides for name in side.found):
        medians = [statistics.median(side.found[name]) if side.found[name] else None for side in sides]
        first, last = medians[0], medians[-1]
        ratio = f"{last / first:.2f}" if len(medians) > 1 and first and last is not None else ""
        shown = ("not measured" if each is None else f"{each:,.2f}" for each in medians)
        print(f"| {name} | {' | '.join(shown)} | {ratio} |")


async def run(wanted: argparse.Namespace) -> None:
    """Starts both, measures, prints."""
    people = max(
        [
            *wanted.senders,
            *(each + 1 for each in wanted.listeners),
            *(each + 5 for each in wanted.members),
            _WRITERS if wanted.disk else 2,
        ]
    )
    with contextlib.ExitStack() as stack:
        urls = ["", ""]
        if wanted.postgresql:
            postgres = Postgres(durable=True)
            stack.callback(postgres.close)
            urls = [await postgres.fresh(), await postgres.fresh()]
        sides = []
        if wanted.only != "synapse":
            sides.append(await asyncio.to_thread(ours, stack, people, urls[0]))
        if wanted.only != "parvis":
            if why := Synapse.missing():
                print(f"{why}: ours alone")
            else:
                sides.append(await asyncio.to_thread(theirs, stack, people, urls[1]))
        print(f"load {os.getloadavg()[0]:.1f}", flush=True)
        try:
            await measure(sides, wanted)
        finally:
            table(sides)
            print(f"load {os.getloadavg()[0]:.1f}")


def asked() -> argparse.Namespace:
    """What to measure; an empty list leaves a part out."""
    parser = argparse.ArgumentParser(prog="python -m bench.chat", description="Chat beside Synapse.")
    parser.add_argument("--senders", type=int, nargs="*", default=[1, 10, 50])
    parser.add_argument("--messages", type=int, default=500, help="in a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--listeners", type=int, nargs="*", default=[100])
    parser.add_argument("--delivered", type=int, default=10, help="messages to those who wait")
    parser.add_argument("--rooms", type=int, nargs="*", default=[50])
    parser.add_argument("--members", type=int, nargs="*", default=[200])
    parser.add_argument("--disk", type=int, nargs="*", default=[], help="messages, of which the space is told")
    parser.add_argument("--seconds", type=int, default=900, help="for each part of each side, but for the rounds")
    parser.add_argument("--postgresql", action="store_true", help="both on PostgreSQL, which syncs to the disk")
    parser.add_argument("--only", choices=["parvis", "synapse"])
    return parser.parse_args()


if __name__ == "__main__":
    uvloop.run(run(asked()))
