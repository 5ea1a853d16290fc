"""What it costs that people wait for something new: python -m bench.waiting [CLIENTS ...] [--gone TIMES]
(1000 when none is given)

So many clients of chat sync over connections of their own until nothing is new, and wait then. Printed is the
memory of the server's process (its proportional share) before they come and while they wait, and what each adds.
With --gone as many come and go away again so many times in between, as when a proxy in front is begun anew."""

import argparse
import asyncio
import contextlib

import uvloop

from bench.chat import AT_ONCE, Side, at_once, listener, ours
from bench.jmap import rest
from bench.matrix import Listener


async def waiting(side: Side, room: str, count: int, gone: int) -> None:
    """Lets so many wait in one room, and tells what that took."""
    await at_once(side.port, [side.message(room, 0, "to warm up")])
    rest(side.processes)
    before = side.memory()
    for _ in range(gone):
        for each in await come(side, count):
            each.close()
    connected = await come(side, count)
    rest(side.processes)
    during = side.memory()
    print(f"| {count} | {before:.1f} | {during:.1f} | {1024 * (during - before) / count:.1f} |", flush=True)
    for each in connected:
        each.close()


async def come(side: Side, count: int) -> list[Listener]:
    """So many who sync, and have nothing to do but wait then."""
    connected: list[Listener] = []
    for start in range(0, count, AT_ONCE):
        some = [await listener(side.port) for _ in range(start, min(count, start + AT_ONCE))]
        for person, each in enumerate(some, start):
            each.start(side.token(person))
        await asyncio.gather(*(each.ready for each in some))
        connected += some
    return connected


async def run(counts: list[int], gone: int) -> None:
    """Measures, the small counts first."""
    with contextlib.ExitStack() as stack:
        side = await asyncio.to_thread(ours, stack, max(counts), "")
        rest(side.processes)
        print(f"idle: {side.memory():.1f} MB\n\n| wait | MB before | MB | kB each |\n|---|---|---|---|", flush=True)
        room = await side.room(range(max(counts)))
        for count in sorted(counts):
            await waiting(side, room, count, gone)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.waiting", description="Memory of those who wait.")
    parser.add_argument("clients", type=int, nargs="*", default=[1000])
    parser.add_argument("--gone", type=int, default=0, metavar="TIMES")
    asked = parser.parse_args()
    uvloop.run(run(asked.clients, asked.gone))
