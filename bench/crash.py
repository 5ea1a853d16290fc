"""kill -9 at random moments, counted: `python bench/crash.py [kills]` (210 by default) in a folder of its own.

Two thirds of the kills hit a process that writes to the store as fast as it can, one third the real server while
mail comes in by SMTP and is written by JMAP. Prints one line a scenario; exits 1 at the first loss."""

import asyncio
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from tests.crash import test_server_crash, test_store_crash


async def main(kills: int) -> None:
    """Runs both scenarios on SQLite."""
    mail = kills // 3
    with tempfile.TemporaryDirectory(prefix="parvis-crash-") as folder:
        place, started = pathlib.Path(folder), time.monotonic()
        lines = await test_store_crash.scenario(place, "", kills - mail, seed=11)
        print(
            f"store: {kills - mail} kills, {lines} lines in the ledger, nothing lost, {since(started)}", flush=True
        )
        started = time.monotonic()
        client = await test_server_crash.scenario(place / "server", mail, seed=12)
        done = f"{client.answers} acknowledged changes, {len(client.mails)} messages"
        print(f"server: {mail} kills, {done}, nothing lost, {since(started)}", flush=True)


def since(started: float) -> str:
    """Seconds that have passed."""
    return f"{time.monotonic() - started:.0f} s"


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 210))
