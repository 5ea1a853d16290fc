"""`parvis reindex`: builds the search index anew, in the running server or, with --here, in this process."""

import argparse
import asyncio
import contextlib

from parvis.kernel import settings
from parvis.ops import indexing
from parvis.ops.commands.texts import Texts
from parvis.ops.program import Opener, Program
from parvis.ops.progress import Bar
from parvis.search.indexer import REBUILD


def add(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declares the arguments."""
    parser.add_argument("--here", action="store_true", help="do it in this process; no server may run on the data")


async def run(args: argparse.Namespace, opener: Opener) -> int:
    """Asks for the rebuild, and with --here carries it out. Raises ParvisError."""
    program = await opener(settings.load(args.data))
    try:
        search = indexing.search_of(program)
        await search.indexer.rebuild()
        if args.here:
            await _carry_out(program)
            status = await search.status(await indexing.administrator(program))
            print(f"{status.items} things, {status.passages} passages, {len(status.troubles)} could not be read")
            for trouble in status.troubles:
                print(f"  {trouble.error}: {trouble.file_name or trouble.title} ({trouble.kind})")
        else:
            print("the index is rebuilt by the server, now or at its next start; what is there stays usable")
    finally:
        await program.stop()
    return 0


async def _carry_out(program: Program) -> None:
    store, search = program.context.store, indexing.search_of(program)
    worker = asyncio.create_task(store.jobs.run())
    shown = asyncio.create_task(indexing.follow(program, Bar()))
    try:
        while True:
            if not await store.db.value("SELECT 1 FROM job WHERE kind = ? AND finished_ms IS NULL", REBUILD):
                break
            await asyncio.sleep(0.2)
        await search.indexer.settle()
    finally:
        for task in (worker, shown):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
