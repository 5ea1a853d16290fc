"""The HTTP server by itself, in either loop."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop

from parvis.kernel.settings import Ports, Settings
from parvis.serve.http.server import HttpServer

Serving = Callable[..., None]


@pytest.fixture(params=[uvloop.run, asyncio.run], ids=["uvloop", "asyncio"])
def serving(request, tmp_path) -> Serving:
    """`serving(application, test)` runs `test(application, port)` within a loop that has a server of it."""

    def run(application: Any, test: Callable[[Any, int], Awaitable[None]], **more: Any) -> None:
        async def main() -> None:
            server = HttpServer(application, Settings(data=str(tmp_path), ports=Ports(http=0), **more))
            port = await server.start()
            try:
                await test(application, port)
            finally:
                await server.stop()

        request.param(main())

    return run


def descriptors() -> int:
    """How many are open in this process."""
    return len(list(Path("/proc/self/fd").iterdir()))
