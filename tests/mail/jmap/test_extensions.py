"""What this server adds to JMAP for mail: snoozedUntil, EmailTemplate, Email/unsubscribe."""

import asyncio
import base64

import pytest

from parvis.mail import service
from parvis.mail.jmap.unsubscribe import is_one_click
from parvis.mail.service import Delivery

PARVIS = "urn:parvis:mail"
SIGNED = base64.b64encode(b"signature-of-list").decode()
NAMES = "from:to:subject:list-unsubscribe:list-unsubscribe-post"


@pytest.fixture
def own(ann):
    ann.using = (*ann.using, PARVIS)
    return ann


async def arrive(store, ann, raw: bytes) -> str:
    await service.deliver(store, [Delivery(ann.principal.id)], raw)
    return (await ann("Email/query", sort=[{"property": "receivedAt", "isAscending": False}]))["ids"][0]


async def test_a_message_is_snoozed_with_its_move_and_taken_back(own, store, message) -> None:
    email = await arrive(store, own, message())
    inbox = await own.mailbox("inbox")
    made = await own("Mailbox/set", create={"z": {"name": "Later", "role": "snoozed"}})
    box = made["created"]["z"]["id"]
    day = "2099-01-01T08:00:00Z"
    patch = {f"mailboxIds/{inbox}": None, f"mailboxIds/{box}": True, "snoozedUntil": day}
    assert email in (await own("Email/set", update={email: patch}))["updated"]
    assert (await own.one(email, "snoozedUntil", "mailboxIds"))["snoozedUntil"] == day
    back = {f"mailboxIds/{inbox}": True, f"mailboxIds/{box}": None, "snoozedUntil": None}
    assert email in (await own("Email/set", update={email: back}))["updated"]
    assert await own.one(email, "snoozedUntil", "mailboxIds") == {
        "id": email, "snoozedUntil": None, "mailboxIds": {inbox: True},
    }  # fmt: skip
    assert await store.db.rows("SELECT * FROM snooze") == []


async def test_a_time_needs_the_mailbox_and_is_a_date(own, store, message) -> None:
    email = await arrive(store, own, message())
    refused = (await own("Email/set", update={email: {"snoozedUntil": "2099-01-01T08:00:00Z"}}))["notUpdated"][
        email
    ]
    assert refused["type"] == "invalidProperties" and refused["properties"] == ["snoozedUntil"]
    for wrong in ("soon", "2099-13-01T08:00:00Z", 5):
        refused = (await own("Email/set", update={email: {"snoozedUntil": wrong}}))["notUpdated"][email]
        assert refused["type"] == "invalidProperties"
    assert "snoozedUntil" not in await own.one(email)  # no surprise for who does not know it


async def test_templates_are_kept_changed_and_forgotten(own) -> None:
    made = await own(
        "EmailTemplate/set", create={"t": {"name": "Réponse", "subject": "Merci", "html": "<p>Oui</p>"}}
    )
    number = made["created"]["t"]["id"]
    state = (await own("EmailTemplate/get", ids=None))["state"]
    assert number in (await own("EmailTemplate/set", update={number: {"name": "Autre"}}))["updated"]
    assert (await own("EmailTemplate/changes", sinceState=state))["updated"] == [number]
    assert (await own("EmailTemplate/get", ids=None))["list"] == [
        {"id": number, "name": "Autre", "subject": "Merci", "html": "<p>Oui</p>"}
    ]
    assert (await own("EmailTemplate/set", create={"t": {"name": ""}}))["notCreated"]["t"][
        "type"
    ] == "invalidProperties"
    assert (await own("EmailTemplate/set", destroy=[number]))["destroyed"] == [number]
    assert (await own("EmailTemplate/get", ids=None))["list"] == []


async def test_templates_are_nobody_elses(own, bob) -> None:
    bob.using = (*bob.using, PARVIS)
    made = await own("EmailTemplate/set", create={"t": {"name": "Mine"}})
    number = made["created"]["t"]["id"]
    assert (await bob("EmailTemplate/get", ids=[number]))["notFound"] == [number]
    assert (await bob("EmailTemplate/set", destroy=[number]))["notDestroyed"][number]["type"] == "notFound"
    assert (await bob("EmailTemplate/get", accountId=own.account, ids=None))["error"] == "accountNotFound"


def listed(
    url: str, *, post: str = "List-Unsubscribe=One-Click", names: str = NAMES, by: str = "mail.example.org"
) -> str:
    """The fields of a list's message that we have found in order."""
    return "\r\n".join(
        [
            f"Authentication-Results: {by}; dkim=pass header.d=example.net header.b={SIGNED[:8]}",
            f"DKIM-Signature: v=1; a=rsa-sha256; d=example.net; s=k; h={names}; bh=AAAA; b={SIGNED}",
            f"List-Unsubscribe: <mailto:off@example.net>, <{url}>",
            f"List-Unsubscribe-Post: {post}",
        ]
    )


class List:
    """A list's server: keeps what it was asked, answers with `status`."""

    def __init__(self, status: str = "200 OK") -> None:
        self.status, self.asked = status, list[bytes]()

    async def __aenter__(self) -> "List":
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/off?u=1"
        return self

    async def _answer(self, reader, writer) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = next(int(line[16:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length: "))
        self.asked.append(head + await reader.readexactly(size))
        writer.write(
            f"HTTP/1.1 {self.status}\r\nLocation: /other\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        )
        await writer.drain()
        writer.close()

    async def __aexit__(self, *error) -> None:
        self._server.close()


async def test_a_list_is_left_with_one_request(own, store, settings, message) -> None:
    settings.egress_allow.append("127.0.0.1")
    async with List() as server:
        email = await arrive(store, own, message(extra=listed(server.url)))
        answer = await own("Email/unsubscribe", emailId=email)
    assert answer["done"] is True
    (asked,) = server.asked
    assert asked.startswith(b"POST /off?u=1 HTTP/1.1\r\n") and asked.endswith(b"\r\n\r\nList-Unsubscribe=One-Click")
    assert b"cookie" not in asked.lower() and b"ann" not in asked.lower()


@pytest.mark.parametrize("status", ["302 Found", "500 No"])
async def test_an_answer_that_is_no_yes_is_told(own, store, settings, message, status) -> None:
    settings.egress_allow.append("127.0.0.1")
    async with List(status) as server:
        email = await arrive(store, own, message(extra=listed(server.url)))
        answer = await own("Email/unsubscribe", emailId=email)
    assert answer["done"] is False and len(server.asked) == 1
    assert answer["url"] == server.url and answer["mailto"] == "mailto:off@example.net"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "https://127.0.0.1:{port}/",
        "https://localhost:{port}/",
        "https://[::1]:{port}/",
        "ftp://x.example/",
    ],
)
async def test_nothing_is_asked_of_this_machine(own, store, message, url) -> None:
    async with List() as server:
        port = server.url.split(":")[2].partition("/")[0]
        email = await arrive(store, own, message(extra=listed(url.format(port=port))))
        assert (await own("Email/unsubscribe", emailId=email))["done"] is False
    assert server.asked == []


async def test_a_message_of_no_list_offers_nothing(own, store, message) -> None:
    email = await arrive(store, own, message())
    answer = await own("Email/unsubscribe", emailId=email)
    assert (answer["done"], answer["mailto"], answer["url"]) == (False, None, None)
    assert (await own("Email/unsubscribe", emailId="Zzz"))["error"] == "notFound"


def test_one_click_needs_a_proved_signature_over_both_fields(message) -> None:
    def click(**given) -> bool:
        return is_one_click(message(extra=listed("https://example.net/", **given)), "mail.example.org")

    assert click()
    assert not click(names="from:to:subject:list-unsubscribe")
    assert not click(post="something else")
    assert not click(by="mx.example.net")
    assert not is_one_click(
        message(extra=listed("https://e.net/").replace("dkim=pass", "dkim=fail")), "mail.example.org"
    )
