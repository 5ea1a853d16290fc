"""kill -9 at random moments while a process writes: what was acknowledged is there, and nothing is half there.

`PARVIS_CRASH_KILLS` says how often the slow tests kill (100 each by default).
"""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

import pytest

from parvis.kernel.settings import Settings
from parvis.store import check
from parvis.store.store import Store
from tests.crash.worker import ACCOUNT
from tests.servers import Postgres, start, stop

KILLS = int(os.environ.get("PARVIS_CRASH_KILLS", "100"))

ANSWERS = {"created": "create", "changed": "change", "destroyed": "destroy"}


class Victims:
    """Starts writers and kills them."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._log = folder / "log"
        self._parent = start(
            [sys.executable, "-m", "tests.crash.worker"],
            self._log,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=pathlib.Path(__file__).parents[2],
        )

    def run(self, task: dict, moment: float) -> None:
        """One writer, killed `moment` seconds after its first line in the ledger."""
        ledger = pathlib.Path(task["ledger"])
        before = ledger.stat().st_size if ledger.exists() else 0
        self._parent.stdin.write(json.dumps(task) + "\n")
        self._parent.stdin.flush()
        child = int(self._parent.stdout.readline())
        end = time.monotonic() + 60
        while not ledger.exists() or ledger.stat().st_size == before:
            assert time.monotonic() < end, self._log.read_text()
            time.sleep(0.001)
        time.sleep(moment)
        os.kill(child, signal.SIGKILL)
        assert self._parent.stdout.readline().split() == ["done", "-9"], self._log.read_text()

    def close(self) -> None:
        self._parent.stdin.close()
        self._parent.stdout.close()
        stop(self._parent)


@dataclass
class Ledger:
    """What a client was told, and what it had asked for when the server died."""

    alive: dict[int, tuple[int, str]] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    open: set[tuple[int, str]] = field(default_factory=set)
    lines: int = 0

    def read(self, path: pathlib.Path) -> None:
        """Takes in the lines that are new."""
        lines = path.read_text().splitlines()
        for line in lines[self.lines :]:
            word, thing, *rest = line.split()
            number = int(thing)
            if word == "trying":
                self.open.add((number, rest[0]))
            elif word == "created":
                self.alive[number] = (int(rest[0]), rest[1])
            elif word == "changed" and number in self.alive:
                self.alive[number] = (max(int(rest[0]), self.alive[number][0]), self.alive[number][1])
            elif word == "destroyed":
                self.alive.pop(number, None)
                self.gone.add(number)
            if word in ANSWERS:
                self.open.discard((number, ANSWERS[word]))
        self.lines = len(lines)


async def verify(store: Store, ledger: Ledger) -> None:
    """Raises when the store does not hold what the ledger says, or is torn."""
    faults = await check.check(
        store, {"Thing": "SELECT account_id, object_id AS id FROM blob_link WHERE kind = 'Thing'"}
    )
    assert faults == []
    rows = await store.db.rows("SELECT object_id, modseq, destroyed FROM change WHERE kind = 'Thing'")
    changes = {thing: (modseq, destroyed) for thing, modseq, destroyed in rows}
    links = dict(await store.db.rows("SELECT object_id, hash FROM blob_link WHERE kind = 'Thing'"))
    jobs = {int(key) for (key,) in await store.db.rows("SELECT key FROM job")}
    for thing, (modseq, digest) in ledger.alive.items():
        if (thing, "destroy") in ledger.open and thing not in links:
            continue  # died between the commit and the answer
        assert links[thing] == digest and changes[thing][0] >= modseq and not changes[thing][1]
    for thing in ledger.gone:
        assert thing not in links and changes[thing][1] == 1
    for thing in changes:  # also what nobody was told of is whole: its job came with it
        assert thing in jobs
        assert thing in ledger.alive or thing in ledger.gone or (thing, "create") in ledger.open
    told = await store.outbox.after(0, 0, 1_000_000)
    heard = {thing for event in told for key in ("created", "updated", "destroyed") for thing in event.body[key]}
    assert heard == set(changes)


def settle(ledger: Ledger, rows: dict[int, str]) -> None:
    """After verification: what was open has become one or the other."""
    for thing, action in ledger.open:
        if action == "create" and thing in rows:
            ledger.alive[thing] = (0, rows[thing])
        elif action == "destroy" and thing not in rows:
            ledger.alive.pop(thing, None)
            ledger.gone.add(thing)
    ledger.open.clear()


async def scenario(tmp_path: pathlib.Path, database: str, kills: int, seed: int) -> int:
    """Kills so often, looks each time. Returns how many acknowledged changes there were."""
    chance, ledger, path = random.Random(seed), Ledger(), tmp_path / "ledger"
    settings = Settings(data=str(tmp_path / "data"), database=database)
    store = await Store.open(settings, ["store", "access"])
    await store.write(lambda unit: unit.run("INSERT INTO account (id) VALUES (?)", ACCOUNT))
    await store.close()
    victims = Victims(tmp_path)
    first = 1
    try:
        for kill in range(kills):
            task = {
                "data": settings.data,
                "database": database,
                "ledger": str(path),
                "seed": chance.randrange(1 << 30),
                "first": first,
                "alive": list(ledger.alive)[-50:],
            }
            victims.run(task, chance.choice([0.0, chance.uniform(0, 0.05), chance.uniform(0, 0.5)]))
            ledger.read(path)
            store = await Store.open(settings, ["store", "access"])
            await quiet(store)
            if kill % 10 == 9 or kill == kills - 1 or kills < 20:
                await verify(store, ledger)
            settle(ledger, dict(await store.db.rows("SELECT object_id, hash FROM blob_link WHERE kind = 'Thing'")))
            first = 1 + max(
                await store.db.value("SELECT MAX(object_id) FROM change") or 0, *ledger.alive, *ledger.gone, first
            )
            await store.close()
    finally:
        victims.close()
    return ledger.lines


async def quiet(store: Store) -> None:
    """On PostgreSQL: waits until the server has noticed that the victim is gone."""
    if store.db.dialect.name == "postgres":
        others = """SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()
            AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""
        while await store.db.value(others):
            time.sleep(0.01)


async def test_a_few_kills(tmp_path) -> None:
    assert await scenario(tmp_path, "", 5, seed=1) > 5


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_many_kills(tmp_path) -> None:
    lines = await scenario(tmp_path, "", KILLS, seed=2)
    print(f"{KILLS} kills, {lines} lines in the ledger")


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_many_kills_on_postgresql(tmp_path, postgres: Postgres) -> None:
    url = await postgres.fresh()
    lines = await scenario(tmp_path, url, KILLS // 4, seed=3)
    print(f"{KILLS // 4} kills, {lines} lines in the ledger")
    await postgres.drop(url)
