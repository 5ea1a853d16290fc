"""A process that writes to a store as fast as it can and notes in a ledger what was acknowledged, to be killed.

Started as `python -m tests.crash.worker`: it reads one task a line (JSON), forks, prints the child's process id,
waits for its death and prints `done`. Forking spares each victim the second it takes to start Python.
"""

import asyncio
import json
import os
import random
import sys

from parvis.kernel.settings import Settings
from parvis.store.jobs import Job
from parvis.store.store import Store
from parvis.store.unit import Unit

ACCOUNT = 1
LINK = "INSERT INTO blob_link (hash, account_id, kind, object_id, size) VALUES (?, 1, 'Thing', ?, ?)"


class Writer:
    """Creates, changes and destroys things: each has a blob, a link, a line in the change log and a job."""

    def __init__(self, store: Store, task: dict) -> None:
        self._store, self._chance = store, random.Random(task["seed"])
        self._next = task["first"]
        self._alive: list[int] = task["alive"]
        self._ledger = os.open(task["ledger"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(self, *words: object) -> None:
        """One line of the ledger; it survives the process, as what a client was told does."""
        os.write(self._ledger, (" ".join(map(str, words)) + "\n").encode())

    async def forever(self) -> None:
        while True:
            await self._chance.choices([self.create, self.change, self.destroy], weights=[6, 2, 1])[0]()

    async def create(self) -> None:
        thing, self._next = self._next, self._next + 1
        content = self._chance.randbytes(self._chance.choice([10, 3000, 200_000]))
        digest = await self._stored(content)

        async def work(unit: Unit) -> int:
            modseq = await unit.changed(ACCOUNT, "Thing", thing, "created")
            await unit.run(LINK, digest, thing, len(content))
            await self._store.jobs.add(unit, "index", {"thing": thing}, key=str(thing), account_id=ACCOUNT)
            return modseq

        self.note("trying", thing, "create")
        modseq = await self._store.write(work)
        self.note("created", thing, modseq, digest)
        self._alive.append(thing)

    async def _stored(self, content: bytes) -> str:
        if self._chance.random() < 0.5:
            return await self._store.blobs.put(content)
        writer = await self._store.blobs.writer()
        for start in range(0, len(content), 50_000):
            await writer.write(content[start : start + 50_000])
        return await writer.commit()

    async def change(self) -> None:
        if self._alive:
            thing = self._chance.choice(self._alive)

            async def work(unit: Unit) -> int:
                if await unit.row("SELECT 1 FROM blob_link WHERE kind = 'Thing' AND object_id = ?", thing) is None:
                    return 0  # another of us has destroyed it meanwhile
                return await unit.changed(ACCOUNT, "Thing", thing, "updated")

            self.note("trying", thing, "change")
            self.note("changed", thing, await self._store.write(work))

    async def destroy(self) -> None:
        if self._alive:
            thing = self._alive.pop(self._chance.randrange(len(self._alive)))

            async def work(unit: Unit) -> int:
                await unit.run("DELETE FROM blob_link WHERE kind = 'Thing' AND object_id = ?", thing)
                return await unit.changed(ACCOUNT, "Thing", thing, "destroyed")

            self.note("trying", thing, "destroy")
            modseq = await self._store.write(work)
            self.note("destroyed", thing, modseq)

    async def index(self, job: Job) -> None:
        """A job with an effect of its own, noted after it is durable."""
        thing = job.args["thing"]
        await self._store.jobs.progress(job, {"thing": thing})

    async def hear(self, events: list) -> None:
        for event in events:
            self.note("heard", event.xid, event.position)


async def live(task: dict) -> None:
    """Writes until it is killed."""
    settings = Settings(data=task["data"], database=task["database"])
    store = await Store.open(settings, ["store", "access"])
    writer = Writer(store, task)
    store.jobs.handle("index", writer.index)
    await asyncio.gather(
        store.jobs.run(), store.outbox.follow("ledger", writer.hear), *(writer.forever() for _ in range(4))
    )


def main() -> None:
    """Forks a victim for each line."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(live(json.loads(line)))
            finally:
                os._exit(1)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print("done", os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
