"""kill -9 of the real server while a client writes by CalDAV, WebDAV and tus, looked at by the client itself."""

import os
import pathlib

import pytest

from parvis.files import check as files_check
from tests.crash.dav import DavClient
from tests.crash.server import endure, faults, prepare
from tests.servers import Postgres

KILLS = int(os.environ.get("PARVIS_CRASH_KILLS", "100")) // 5
KINDS = {
    "CalendarEvent": "SELECT account_id, id FROM calendar_event",
    "FileNode": "SELECT account_id, id FROM file_node",
    "Principal": "SELECT id AS account_id, id FROM principal",
}


async def scenario(folder: pathlib.Path, kills: int, seed: int, database: str = "") -> DavClient:
    """Kills so often and looks each time, then looks at the files."""
    client = DavClient(*await prepare(folder, database), seed)
    await endure(client, folder, kills, seed)
    assert await faults(folder, KINDS, files_check.check) == []
    return client


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_few_kills(tmp_path) -> None:
    client = await scenario(tmp_path / "data", 3, seed=11)
    assert client.answers


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_many_kills(tmp_path) -> None:
    client = await scenario(tmp_path / "data", KILLS // 2, seed=12)
    print(f"{KILLS // 2} kills, {client.answers} answers, {len(client.paths)} paths")


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_many_kills_on_postgresql(tmp_path, postgres: Postgres) -> None:
    client = await scenario(tmp_path / "data", KILLS // 4, seed=13, database=await postgres.fresh())
    print(f"{KILLS // 4} kills, {client.answers} answers, {len(client.paths)} paths")
