"""kill -9 at random moments, counted: `python -m bench.crash [kills [what ...]]`, 210 by default, shared by all.

`store`: a process that writes to the store as fast as it can. `mail`: the real server while mail comes in by SMTP
and is written by JMAP. `dav`: the same while events, files and uploads in pieces are written by CalDAV, WebDAV and
tus. With `--postgresql` on PostgreSQL. Prints a line for each; ends at the first loss."""

import argparse
import asyncio
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from tests.crash import test_dav_crash, test_server_crash, test_store_crash
from tests.servers import Postgres


async def store(folder: pathlib.Path, kills: int, database: str) -> str:
    """Kills what writes to the store."""
    return f"{await test_store_crash.scenario(folder, database, kills, seed=11)} lines in the ledger"


async def mail(folder: pathlib.Path, kills: int, database: str) -> str:
    """Kills the server under mail."""
    client = await test_server_crash.scenario(folder, kills, 12, database)
    return f"{client.answers} acknowledged changes, {len(client.mails)} messages"


async def dav(folder: pathlib.Path, kills: int, database: str) -> str:
    """Kills the server under calendars and files."""
    client = await test_dav_crash.scenario(folder, kills, 13, database)
    return f"{client.answers} acknowledged changes, {len(client.paths)} paths"


WHAT = {"store": store, "mail": mail, "dav": dav}


async def main(kills: int, names: list[str], postgres: Postgres | None) -> None:
    """Shares the kills among the scenarios, each in a folder and a database of its own."""
    with tempfile.TemporaryDirectory(prefix="parvis-crash-") as place:
        for name in names:
            database = await postgres.fresh() if postgres else ""
            (folder := pathlib.Path(place) / name).mkdir()
            each, started = kills // len(names), time.monotonic()
            done = await WHAT[name](folder / "data" if name != "store" else folder, each, database)
            print(f"{name}: {each} kills, {done}, nothing lost, {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kills", nargs="?", type=int, default=210)
    parser.add_argument("what", nargs="*", help=", ".join(WHAT))
    parser.add_argument("--postgresql", action="store_true")
    args = parser.parse_args()
    if unknown := set(args.what) - set(WHAT):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    server = Postgres() if args.postgresql else None
    try:
        asyncio.run(main(args.kills, args.what or list(WHAT), server))
    finally:
        if server:
            server.close()
