"""How well unwanted mail is told from wanted, ours beside Debian's bogofilter, in one run: python -m bench.spam

The messages are SpamAssassin's public corpus of 2002 (the archive that `tools/setup.sh demo` fetches), in the order
in which they were received; the first two thirds are learned, the rest is judged, so that nothing is judged by what
came after it. Ours goes through the tables as in the program, one account's reports; bogofilter has a folder of its
own. Then ours again with few reports: some unwanted messages, and three wanted ones for each."""

import argparse
import asyncio
import random
import re
import shutil
import statistics
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from parvis.access import directory
from parvis.kernel.settings import Settings
from parvis.mail import message, service
from parvis.mail.authentication import Origin
from parvis.mail.service import Delivery
from parvis.mail.spam import store as spam
from parvis.mail.spam.judge import Judge
from parvis.mail.spam.tokens import tokens
from parvis.ops.demo.corpus import archive, without_envelope
from parvis.store.store import Store

LEVELS = (0.5, 0.9, 0.99)
_NAME = re.compile(r"/data/(easy-ham|hard-ham|spam)-\d/[^/]+\.txt$")


@dataclass(frozen=True)
class Letter:
    """One message of the corpus."""

    received_ms: int
    unwanted: bool
    raw: bytes


def corpus(path: Path) -> list[Letter]:
    """All messages with a date, in the order of time."""
    found = []
    with tarfile.open(path, "r:gz") as tar:
        for member in tar:
            match = _NAME.search(member.name)
            file = tar.extractfile(member) if match else None
            if match is None or file is None:
                continue
            raw = without_envelope(file.read()).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            parsed = message.read(raw)
            moment = parsed.received_ms or parsed.sent_ms
            if moment:
                found.append(Letter(moment, match[1] == "spam", raw))
    return sorted(found, key=lambda one: one.received_ms)


class Ours:
    """A store of its own with one account."""

    def __init__(self, database: str) -> None:
        self._folder = tempfile.mkdtemp(prefix="parvis-spam-")
        self.settings = Settings(data=self._folder, database=database)
        self.times: list[float] = []

    async def open(self) -> None:
        """Makes the account."""
        self.store = await Store.open(self.settings, ["store", "access", "mail"])

        async def work(unit) -> int:  # type: ignore[no-untyped-def]
            number = await directory.create(unit, "person", "Ann", "ann@example.org")
            await service.provision(unit, number)
            return number

        self.account = await self.store.write(work)

    async def learn(self, letters: Sequence[Letter]) -> None:
        """As reports of the account."""
        for start in range(0, len(letters), 20):
            read = [(tokens(message.read(one.raw)), one.unwanted) for one in letters[start : start + 20]]

            async def work(unit) -> None:  # type: ignore[no-untyped-def]
                for found, unwanted in read:  # noqa: B023
                    await spam.learn(unit, self.account, found, "", "spam" if unwanted else "ham")

            await self.store.write(work)

    async def score(self, letters: Sequence[Letter]) -> list[float]:
        """As at delivery."""
        judge, scores = Judge(self.store, self.settings), []
        origin, to = Origin("192.0.2.1", "mx.example.net", "x@example.net"), [Delivery(self.account)]
        for one in letters:
            started = time.perf_counter()
            (judged,) = (await judge.judge(one.raw, to, origin)).deliveries
            self.times.append(time.perf_counter() - started)
            scores.append(judged.spam_score or 0.0)
        return scores

    async def close(self) -> None:
        """Forgets everything."""
        await self.store.close()
        shutil.rmtree(self._folder)


def bogofilter(learned: Sequence[Letter], judged: Sequence[Letter]) -> list[float] | None:
    """Its scores with the settings it comes with; None when it is not there."""
    if shutil.which("bogofilter") is None:
        return None
    with tempfile.TemporaryDirectory(prefix="bogofilter-") as folder:
        for flag, unwanted in (("-s", True), ("-n", False)):
            box = b"".join(
                b"From x Thu Aug 22 00:00:00 2002\n"
                + one.raw.replace(b"\r\n", b"\n").replace(b"\nFrom ", b"\n>From ")
                + b"\n"
                for one in learned
                if one.unwanted == unwanted
            )
            subprocess.run(["bogofilter", "-d", folder, "-M", flag], input=box, check=True)
        scores = []
        for one in judged:
            said = subprocess.run(
                ["bogofilter", "-d", folder, "-T", "-t"], input=one.raw.replace(b"\r\n", b"\n"), capture_output=True
            )
            scores.append(float(said.stdout.split()[1]))
        return scores


def report(name: str, letters: Sequence[Letter], scores: Sequence[float]) -> None:
    """A line for each level."""
    bad = sum(one.unwanted for one in letters)
    good = len(letters) - bad
    for level in LEVELS:
        hits = sum(one.unwanted for one, score in zip(letters, scores, strict=True) if score >= level)
        false = sum(not one.unwanted for one, score in zip(letters, scores, strict=True) if score >= level)
        precision = hits / (hits + false) if hits + false else 1.0
        print(
            f"{name:24} from {level:4}: precision {precision:.4f}  recall {hits / bad:.4f}  "
            f"wanted in Junk {false} of {good} ({false / good * 10_000:.0f} in 10,000)"
        )


async def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", default="", help="postgresql://... of an empty database; SQLite without it")
    database = parser.parse_args().database
    path = archive()
    if path is None:
        raise SystemExit("the corpus is not there: tools/setup.sh demo fetches it")
    letters = corpus(path)
    cut = len(letters) * 2 // 3
    learned, judged = letters[:cut], letters[cut:]
    bad = [one for one in learned if one.unwanted]
    good = [one for one in learned if not one.unwanted]
    print(f"learned: {len(bad)} unwanted, {len(good)} wanted; judged: {len(judged)}")
    ours = Ours(database)
    await ours.open()
    started = time.perf_counter()
    await ours.learn(learned)
    print(f"ours learns one in {(time.perf_counter() - started) / cut * 1000:.1f} ms")
    report("ours", judged, await ours.score(judged))
    slow = statistics.quantiles(ours.times, n=100)[98]
    print(f"ours judges one in {statistics.median(ours.times) * 1000:.1f} ms (99 of 100 in {slow * 1000:.1f} ms)")
    await ours.close()
    theirs = bogofilter(learned, judged)
    if theirs is None:
        print("bogofilter is not installed: apt-get install bogofilter")
    else:
        report("bogofilter", judged, theirs)
    draw = random.Random(3)
    for count in () if database else (10, 50, 300):
        few = Ours("")
        await few.open()
        await few.learn(draw.sample(bad, count) + draw.sample(good, 3 * count))
        report(f"ours, {count} reports", judged, await few.score(judged))
        await few.close()


if __name__ == "__main__":
    asyncio.run(main())
