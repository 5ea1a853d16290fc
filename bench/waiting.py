"""What it costs that people wait for something new: python -m bench.waiting [CLIENTS ...] (1000 when none is given)

So many clients of chat sync over connections of their own until nothing is new, and wait then. Printed is the
memory of the server's process (its proportional share) before they come and while they wait, and what each adds."""

import asyncio
import contextlib
import sys

import uvloop

from bench.chat import AT_ONCE, Side, at_once, listener, ours
from bench.jmap import rest
from bench.matrix import Listener


async def waiting(side: Side, room: str, count: int) -> None:
    """Lets so many wait in one room, and tells what that took."""
    await at_once(side.port, [side.message(room, 0, "to warm up")])
    rest(side.processes)
    before = side.memory()
    connected: list[Listener] = []
    for start in range(0, count, AT_ONCE):
        some = [await listener(side.port) for _ in range(start, min(count, start + AT_ONCE))]
        for person, each in enumerate(some, start):
            each.start(side.token(person))
        await asyncio.gather(*(each.ready for each in some))
        connected += some
    rest(side.processes)
    during = side.memory()
    print(f"| {count} | {before:.1f} | {during:.1f} | {1024 * (during - before) / count:.1f} |", flush=True)
    for each in connected:
        each.close()


async def run(counts: list[int]) -> None:
    """Measures, the small counts first."""
    with contextlib.ExitStack() as stack:
        side = await asyncio.to_thread(ours, stack, max(counts), "")
        rest(side.processes)
        print(f"idle: {side.memory():.1f} MB\n\n| wait | MB before | MB | kB each |\n|---|---|---|---|", flush=True)
        room = await side.room(range(max(counts)))
        for count in sorted(counts):
            await waiting(side, room, count)


if __name__ == "__main__":
    uvloop.run(run([int(each) for each in sys.argv[1:]] or [1000]))
