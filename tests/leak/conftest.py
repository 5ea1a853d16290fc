"""The whole program, on each database."""

import pytest

from parvis.app import App
from parvis.kernel.settings import Ports, Settings


@pytest.fixture
def tables() -> str:
    """SQL for what a file's own features keep."""
    return ""


@pytest.fixture(params=["sqlite", "postgres"])
async def app(request, tmp_path, tables):
    settings = Settings(data=str(tmp_path), domains=["example.net"], ports=Ports(http=0, smtp=0))
    if request.param == "postgres":
        settings.database = await request.getfixturevalue("postgres").fresh()
    opened = await App.open(settings)
    if tables:
        await opened.context.store.db.script(tables)
    opened.ports = await opened.start()
    opened.clients = []
    yield opened
    for client in opened.clients:
        await client.aclose()
    await opened.stop()
    if settings.database:
        await request.getfixturevalue("postgres").drop(settings.database)
