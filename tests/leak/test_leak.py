"""Two people, every kind of object, shared and withdrawn: no method, search, snippet, download, push or answer shows
what is no longer visible. The whole program runs; each secret is one word that is nowhere else. A4, SE-03"""

import asyncio
import json
from dataclasses import dataclass

import httpx
import pytest

from parvis.app import App
from parvis.kernel import ids
from parvis.kernel.settings import Ports, Settings
from parvis.mail import service
from parvis.ops import people

PASSWORD = "correct horse battery staple"
BODY, SUBJECT, FILE, NAME = "zimbabwekraken", "quartzlantern", "velvetomnibus", "marzipanfjord"
SECRETS = (BODY, SUBJECT, FILE, NAME)
RAW = f"""From: Petra {NAME} <petra@elsewhere.example>
To: ann@example.net
Subject: {SUBJECT} plan
Message-ID: <leak@elsewhere.example>
Date: Mon, 02 Nov 2026 10:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/plain

The meeting about {BODY} starts at nine in the blue room.
--x
Content-Type: text/plain; name="notes.txt"
Content-Disposition: attachment; filename="notes.txt"

The budget for {FILE} is 4200 euros.
--x--
""".replace("\n", "\r\n").encode()


@dataclass
class Person:
    """Somebody with a client, and everything the server ever told it."""

    principal: object
    client: httpx.AsyncClient
    using: list[str]

    @property
    def account(self) -> str:
        return ids.text(self.principal.id)

    async def __call__(self, *calls) -> list:
        named = [[name, arguments, str(number)] for number, (name, arguments) in enumerate(calls)]
        answer = await self.client.post("/jmap/api", json={"using": self.using, "methodCalls": named})
        return answer.json()["methodResponses"]


@pytest.fixture
async def app(tmp_path):
    opened = await App.open(Settings(data=str(tmp_path), domains=["example.net"], ports=Ports(http=0)))
    await opened.start()
    clients: list[httpx.AsyncClient] = []
    opened.clients = clients
    yield opened
    for client in clients:
        await client.aclose()
    await opened.stop()


async def someone(app: App, name: str) -> Person:
    address = f"{name}@example.net"
    made = await people.create(app.context.store, app.features, "person", name.title(), address, password=PASSWORD)
    client = httpx.AsyncClient(base_url=app.context.public_url, auth=(address, PASSWORD), verify=False, timeout=30)
    app.clients.append(client)
    session = (await client.get("/jmap/session")).json()
    return Person(made, client, list(session["capabilities"]))


async def everything(who: Person, owner: Person, email: str, blobs: list[str]) -> str:
    """All that the server tells `who` when they ask for the owner's things in every way there is."""
    told = []
    account = owner.account
    told.append(
        await who(
            ("Mailbox/get", {"accountId": account}),
            ("Email/get", {"accountId": account, "ids": [email], "fetchAllBodyValues": True}),
            ("Email/query", {"accountId": account, "filter": {"text": BODY}}),
            ("Email/changes", {"accountId": account, "sinceState": "0"}),
            ("SearchSnippet/get", {"accountId": account, "filter": {"text": BODY}, "emailIds": [email]}),
            ("Email/parse", {"accountId": account, "blobIds": blobs}),
            ("Blob/get", {"accountId": account, "ids": blobs}),
            ("Blob/lookup", {"accountId": account, "typeNames": ["Email"], "ids": blobs}),
            ("Email/copy", {"accountId": who.account, "fromAccountId": account, "create": {"c": {"id": email}}}),
        )
    )
    told.append(
        await who(
            *(("Search/query", {"accountId": who.account, "text": word}) for word in (*SECRETS, "meeting budget")),
            *(("Search/suggest", {"accountId": who.account, "text": word[:6]}) for word in SECRETS),
        )
    )
    for blob in blobs:
        answer = await who.client.get(f"/jmap/download/{account}/{blob}/x?type=text/plain")
        told.append([answer.status_code, answer.text])
    told.append(await asked(who, {"task": "ask", "text": "What is the budget, and when does the meeting start?"}))
    about = [{"accountId": account, "kind": "Email", "id": email}]
    told.append(await asked(who, {"task": "summarise", "about": about}))
    told.append(await asked(who, {"task": "ask", "text": "When does it start?", "about": about}))
    told.append((await who.client.get("/jmap/session")).json()["accounts"])
    return json.dumps(told)


async def asked(who: Person, turn: dict) -> list:
    made = await who(("AssistantTurn/set", {"accountId": who.account, "create": {"t": turn}}))
    number = made[0][1]["created"]["t"]["id"]
    async with who.client.stream("GET", f"/assistant/turns/{number}/events") as stream:
        return [line async for line in stream.aiter_lines()]


def leaked(told: str) -> list[str]:
    return [secret for secret in SECRETS if secret in told]


@pytest.mark.slow
async def test_what_is_withdrawn_is_gone_everywhere(app: App) -> None:
    ann, bob = await someone(app, "ann"), await someone(app, "bob")
    account = await service.account_of(app.context.store.db, "ann@example.net")
    (number,) = await service.deliver(app.context.store, [service.Delivery(account)], RAW)
    email = ids.text(number)
    await app._search.indexer.settle()
    got = await ann(
        ("Email/get", {"accountId": ann.account, "ids": [email], "properties": ["blobId", "attachments"]})
    )
    shown = got[0][1]["list"][0]
    blobs = [shown["blobId"], shown["attachments"][0]["blobId"]]

    assert leaked(await everything(ann, ann, email, blobs)) == list(SECRETS)
    assert leaked(await everything(bob, ann, email, blobs)) == []

    given = {"scopeKind": "mail", "granteeId": bob.account, "rights": {"read": True}}
    made = await ann(("Grant/set", {"accountId": ann.account, "create": {"g": given}}))
    assert made[0][1].get("created"), made
    grant = made[0][1]["created"]["g"]["id"]
    assert leaked(await everything(bob, ann, email, blobs)) == list(SECRETS)

    heard = asyncio.create_task(listen(bob, app.context.public_url))
    await asyncio.sleep(0.3)
    gone = await ann(("Grant/set", {"accountId": ann.account, "destroy": [grant]}))
    assert gone[0][1]["destroyed"] == [grant]
    copies = await bob(("Email/query", {"accountId": bob.account}))
    await bob(("Email/set", {"accountId": bob.account, "destroy": copies[0][1]["ids"]}))
    turns = await bob(("AssistantTurn/query", {"accountId": bob.account}))
    await bob(("AssistantTurn/set", {"accountId": bob.account, "destroy": turns[0][1]["ids"]}))
    await app._search.indexer.settle()
    assert leaked(await everything(bob, ann, email, blobs)) == []

    await service.deliver(app.context.store, [service.Delivery(account)], RAW.replace(b"<leak@", b"<leak2@"))
    await asyncio.sleep(0.5)
    heard.cancel()
    told = await asyncio.gather(heard, return_exceptions=True)
    assert ann.account not in str(told)


async def listen(who: Person, url: str) -> list[str]:
    """The account ids that push tells of after the withdrawal."""
    heard: list[str] = []
    try:
        async with who.client.stream("GET", "/jmap/events?types=*&closeafter=no&ping=0") as stream:
            async for line in stream.aiter_lines():
                heard.append(line)
    except asyncio.CancelledError:
        return heard
    return heard
