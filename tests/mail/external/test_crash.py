"""The program is killed while it brings messages and while it tells what was changed: both sides end up the same."""

import asyncio
import random

import httpx

from parvis.app import App
from parvis.kernel.settings import Settings, load
from tests import dovecot as dovecots
from tests.crash.server import Server
from tests.leak.test_leak import PASSWORD, Person
from tests.mail.external.conftest import Away, agree, closed, opened_app, person, server
from tests.mail.external.test_sync import SENT, fill

pytestmark = dovecots.marks


async def prepared(folder, port: int) -> Person:
    """A data folder with Ann, who is about to have an account at the Dovecot."""
    folder.mkdir()
    (folder / "parvis.toml").write_text(
        'domains = ["example.net"]\negress_allow = ["127.0.0.1"]\n[ports]\nhttp = 0\nsmtp = 0\n[limits]\nrequests_per_minute = 0\n'
    )
    app = await opened_app(load(folder))
    ann = await person(app)
    await closed(app)
    return ann


async def free(folder) -> None:
    """Lets go of what the killed process had claimed, as time would."""
    app = await App.open(Settings(data=str(folder)))
    await app.context.store.write(lambda unit: unit.run("UPDATE job SET lease_ms = 0 WHERE finished_ms IS NULL"))
    await app.stop()


async def killed(folder, act, seconds: float):
    """Runs the server, does something, and kills it after so long."""
    await free(folder)
    running = await asyncio.to_thread(Server, folder)
    try:
        async with httpx.AsyncClient(
            base_url=running.url, auth=("ann@example.net", PASSWORD), timeout=30
        ) as client:
            session = (await client.get("/jmap/session")).json()
            ann = Person(None, client, list(session["capabilities"]))
            found = await act(ann, session)
            await asyncio.sleep(seconds)
            return found
    finally:
        running.kill()


async def test_killed_over_and_over(tmp_path, dovecot) -> None:
    box = dovecot.box()
    fill(box, 500)
    folder = tmp_path / "here"
    ann = await prepared(folder, dovecot.port)
    chance = random.Random(7)

    async def add(who: Person, session: dict) -> str:
        given = {
            "address": "bob@elsewhere.example", "imap": server(dovecot.port), "password": dovecots.PASSWORD,
        }  # fmt: skip
        own = session["primaryAccounts"]["urn:parvis:external"]
        named = [["ExternalAccount/set", {"accountId": own, "create": {"a": given}}, "0"]]
        answer = await who.client.post("/jmap/api", json={"using": who.using, "methodCalls": named})
        return answer.json()["methodResponses"][0][1]["created"]["a"]["id"]

    async def nothing(*_) -> None:
        return None

    number = await killed(folder, add, 0.5)
    for _ in range(3):
        await killed(folder, nothing, chance.uniform(0.2, 0.8))

    async def change(who: Person, _) -> None:
        named = [
            ["Mailbox/query", {"accountId": number, "filter": {"role": "archive"}}, "0"],
            ["Email/query", {"accountId": number, "sort": [{"property": "receivedAt"}], "limit": 300}, "1"],
        ]
        some: list[str] = []
        async with asyncio.timeout(60):
            while len(some) < 250:  # until so much has been brought
                answer = await who.client.post("/jmap/api", json={"using": who.using, "methodCalls": named})
                (archive,), some = (one[1]["ids"] for one in answer.json()["methodResponses"])
        update = {each: {"keywords/$flagged": True} for each in some[:100]}
        update |= {each: {"mailboxIds": {archive: True}} for each in some[100:200]}
        named = [["Email/set", {"accountId": number, "update": update, "destroy": some[200:250]}, "0"]]
        await who.client.post("/jmap/api", json={"using": who.using, "methodCalls": named})

    await killed(folder, change, 0.1)
    for _ in range(4):
        await killed(folder, nothing, chance.uniform(0.1, 0.6))
    await free(folder)
    app = await opened_app(load(folder))
    try:
        away = Away(app, ann, number)
        await agree(away, box, SENT, 60)
        here = await away.here()
        assert all(len(each) == 1 for held in here.values() for each in held.values()), "nothing is twice"
        assert sum(map(len, here.values())) == 450
    finally:
        await closed(app)
