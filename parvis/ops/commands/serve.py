"""`parvis serve`: runs the server until it is told to stop."""

import argparse
import asyncio
import gc
import signal
from collections.abc import Coroutine, Mapping
from typing import Any

from parvis.kernel import memory, settings
from parvis.kernel.settings import Settings
from parvis.ops.commands.texts import Texts
from parvis.ops.program import Opener

_YOUNG = 10_000
"""Objects that are made before Python looks among them for cycles: a request makes hundreds, and few cycles."""


def add(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declares the arguments."""
    parser.add_argument("--port", type=int, help=texts("port"))


def with_port(configured: Settings, port: int | None) -> Settings:
    """The settings with the port of the command line, when one is given."""
    if port is not None:
        configured.ports.http = port
    return configured


def address(configured: Settings, ports: Mapping[str, int]) -> str:
    """The address people open."""
    host = configured.host if configured.host not in ("", "0.0.0.0", "::") else "127.0.0.1"  # noqa: S104
    shown = f"[{host}]" if ":" in host else host
    return (configured.public_url or f"http://{shown}:{ports['http']}").rstrip("/")


async def run(args: argparse.Namespace, opener: Opener) -> int:
    """Serves until SIGTERM or SIGINT."""
    program = await opener(with_port(settings.load(args.data), args.port))
    try:
        ports = await program.start()
        print(f"Parvis: {address(program.context.settings, ports)}", flush=True)
        for protocol, port in sorted(ports.items()):
            print(f"  {protocol}: {port}", flush=True)
        await until_told_to_stop()
    finally:
        await program.stop()
    return 0


async def until_told_to_stop(meanwhile: Coroutine[Any, Any, None] | None = None) -> None:
    """Returns at the first SIGTERM or SIGINT; `meanwhile` runs beside and is broken off then."""
    gc.collect()
    gc.freeze()  # what a server begins with stays for good: to walk over it again and again holds everybody up
    gc.set_threshold(_YOUNG)
    memory.give_back()
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    beside = asyncio.create_task(meanwhile) if meanwhile is not None else None
    await told.wait()
    if beside is not None:
        beside.cancel()
        await asyncio.gather(beside, return_exceptions=True)
