"""Where the time of an APPEND goes, step by step: python -m bench.append [messages]

The server runs in this process with clocks around its steps, the client in another. Hot is one APPEND after the
other, cold one after 500 messages and a search have gone through the processor's caches. Medians in ms."""

import asyncio
import functools
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

from bench import server
from bench.imap import Client
from bench.messages import message
from parvis.app import App
from parvis.kernel.settings import Limits, Ports, Settings
from parvis.mail import service, store
from parvis.mail.imap.session import Session
from parvis.ops import people
from parvis.store.sql.sqlite import SqliteDatabase
from parvis.store.unit import Unit

COLD, HOT = 20, 100
STEPS = ("which mailbox", "reading the message", "waiting for the writer", "statements", "commit, back", "telling")


def client(port: int, count: int) -> None:
    """Appends, cold and then hot; prints the medians it saw."""
    connection = Client(port, server.USER, server.PASSWORD)
    connection("SELECT INBOX")
    seen: list[float] = []
    for number in range(COLD + HOT):
        if number < COLD:
            connection(f"FETCH 1:{min(500, count)} (UID BODY.PEEK[])")
            connection("SEARCH BODY procurement")
        raw = message(count + number)
        started = time.perf_counter()
        connection.append(raw)
        seen.append(1000 * (time.perf_counter() - started))
    cold, hot = statistics.median(seen[:COLD]), statistics.median(seen[COLD:])
    print(f"| all, as the client sees it | {cold:.2f} | {hot:.2f} |")


class Clocks:
    """When each step began and ended, one list an APPEND."""

    def __init__(self) -> None:
        self.rounds: list[dict[str, float]] = []
        self._present: dict[str, float] = {}

    def around(self, owner: Any, name: str, step: str) -> None:
        """Replaces a coroutine function by one that notes its beginning and end."""
        work: Callable[..., Coroutine[Any, Any, Any]] = getattr(owner, name)

        @functools.wraps(work)
        async def timed(*args: Any, **named: Any) -> Any:
            if step == "names":
                self._present = {}
            self._present[f"{step} begins"] = time.perf_counter()
            try:
                return await work(*args, **named)
            finally:
                self._present[f"{step} ends"] = time.perf_counter()
                if step == "tell" and "statements begins" in self._present:
                    self.rounds.append(self._present)
                    self._present = {}

        setattr(owner, name, timed)

    def steps(self, one: dict[str, float]) -> tuple[float, ...]:
        """The steps of an APPEND in ms."""
        ends = one["flush ends"]
        return tuple(
            1000 * lasted
            for lasted in (
                one["names ends"] - one["names begins"],
                one["read ends"] - one["read begins"],
                one["statements begins"] - one["write begins"],
                ends - one["statements begins"],
                one["write ends"] - ends,
                one["tell ends"] - one["tell begins"],
            )
        )


async def serve(count: int) -> None:
    """Fills a server, lets the client append, and prints the table."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            data=folder,
            domains=["example.net"],
            ports=Ports(http=0, smtp=0, imap=0),
            limits=Limits(mail_connections_of_one=1000),
        )
        app = await App.open(settings)
        person = await people.create(
            app.context.store, app.features, "person", "Bench", server.USER, password=server.PASSWORD
        )
        for start in range(0, count, server.BATCH):
            batch = [message(number) for number in range(start, min(count, start + server.BATCH))]
            await server.fill(app, person, batch, frozenset())
        clocks = Clocks()
        for owner, name, step in (
            (Session, "names", "names"),
            (service, "read", "read"),
            (SqliteDatabase, "write", "write"),
            (store, "append", "statements"),
            (Unit, "flush", "flush"),
            (Session, "tell", "tell"),
        ):
            clocks.around(owner, name, step)
        ports = await app.start()
        await asyncio.sleep(5)  # what was filled is indexed by then
        print("| ms | cold | hot |\n|---|---|---|", flush=True)
        command = [sys.executable, "-m", "bench.append", str(count), str(ports["imap"])]
        await asyncio.to_thread(subprocess.run, command, check=True)
        rounds = [clocks.steps(one) for one in clocks.rounds]
        for at, name in enumerate(STEPS):
            cold, hot = (statistics.median(one[at] for one in some) for some in (rounds[:COLD], rounds[COLD:]))
            print(f"| {name} | {cold:.2f} | {hot:.2f} |")
        await app.stop()


if __name__ == "__main__":
    count, port = [*map(int, sys.argv[1:]), *(3000, 0)[len(sys.argv) - 1 :]][:2]
    if port:
        client(port, count)
    else:
        uvloop.run(serve(count))
