"""kill -9 of the real server while mail is delivered by SMTP and written by JMAP, looked at by the client itself.

`PARVIS_CRASH_KILLS` says how often the slow tests kill (a fifth of it each).
"""

import os
import pathlib

import pytest

from parvis.mail import check as mail_check
from tests.crash.server import Client, endure, faults, prepare
from tests.servers import Postgres

KILLS = int(os.environ.get("PARVIS_CRASH_KILLS", "100")) // 5
KINDS = {
    "Email": "SELECT account_id, id FROM email",
    "Mailbox": "SELECT account_id, id FROM mailbox",
    "Thread": "SELECT DISTINCT account_id, thread_id AS id FROM email",
    "Principal": "SELECT id AS account_id, id FROM principal",
}


async def scenario(folder: pathlib.Path, kills: int, seed: int, database: str = "") -> Client:
    """Kills so often and looks each time, then looks at the files."""
    client = Client(*await prepare(folder, database), seed)
    await endure(client, folder, kills, seed)
    assert await faults(folder, KINDS, mail_check.check) == []
    return client


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_few_kills(tmp_path) -> None:
    client = await scenario(tmp_path / "data", 3, seed=1)
    assert client.answers


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_many_kills(tmp_path) -> None:
    client = await scenario(tmp_path / "data", KILLS, seed=2)
    print(f"{KILLS} kills, {client.answers} answers, {len(client.mails)} messages")


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_many_kills_on_postgresql(tmp_path, postgres: Postgres) -> None:
    client = await scenario(tmp_path / "data", KILLS // 4, seed=3, database=await postgres.fresh())
    print(f"{KILLS // 4} kills, {client.answers} answers, {len(client.mails)} messages")
