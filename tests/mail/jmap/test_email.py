"""Email/get and /set: what is sent comes back, what breaks a rule is refused. RFC 8621 §4"""

import pytest

from parvis.mail import service
from parvis.mail.jmap import headers
from parvis.mail.service import Delivery

RICH = b"""From: "Ann B" <ann@example.org>
To: "  James Smythe" <james@example.com>, Friends: jane@example.com, =?UTF-8?Q?John_Sm=C3=AEth?= <john@example.com>;
Subject: =?utf-8?q?R=C3=A9union?= on Friday
Date: Tue, 10 Jul 2018 11:03:11 +1000
Message-ID: <one@example.org>
List-Post: <mailto:list@example.org> (everyone)
X-Thing: first
X-Thing: second
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b1

--b1
Content-Type: multipart/alternative; boundary=b2

--b2
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

QsOhbmggbcOsIGzDoCBuZ29uLg==
--b2
Content-Type: text/html; charset=utf-8

<p>B\xc3\xa1nh <b class="tasty">m\xc3\xac</b></p>
--b2--
--b1
Content-Type: application/pdf; name="r.pdf"
Content-Disposition: attachment; filename="r.pdf"
Content-Transfer-Encoding: base64

SGVsbG8gUERG
--b1--
""".replace(b"\n", b"\r\n")


@pytest.fixture
async def rich(ann, store) -> str:
    await service.deliver(store, [Delivery(ann.principal.id)], RICH)
    return (await ann("Email/query"))["ids"][0]


async def test_get_gives_the_customary_properties(ann, rich) -> None:
    one = await ann.one(rich)
    assert one["subject"] == "Réunion on Friday"
    assert one["from"] == [{"name": "Ann B", "email": "ann@example.org"}]
    assert [person["name"] for person in one["to"]] == ["James Smythe", None, "John Smîth"]
    assert one["sentAt"] == "2018-07-10T11:03:11+10:00"
    assert one["hasAttachment"] is True
    assert one["preview"].startswith("Bánh mì")
    assert one["size"] == len(RICH)
    assert one["keywords"] == {}
    assert one["mailboxIds"] == {await ann.mailbox("inbox"): True}
    assert [part["type"] for part in one["attachments"]] == ["application/pdf"]
    assert "bodyStructure" not in one


async def test_header_forms(ann, rich) -> None:
    names = [
        "header:X-THING", "header:x-thing:asText:all", "header:List-Post:asURLs", "header:to:asGroupedAddresses",
        "header:Date:asDate", "header:Message-ID:asMessageIds", "header:none", "header:none:all",
    ]  # fmt: skip
    one = await ann.one(rich, *names)
    assert [one[name] for name in names] == [
        " second",
        ["first", "second"],
        ["mailto:list@example.org"],
        [
            {"name": None, "addresses": [{"name": "James Smythe", "email": "james@example.com"}]},
            {
                "name": "Friends",
                "addresses": [
                    {"name": None, "email": "jane@example.com"},
                    {"name": "John Smîth", "email": "john@example.com"},
                ],
            },
        ],
        "2018-07-10T11:03:11+10:00",
        ["one@example.org"],
        None,
        [],
    ]
    assert (await ann("Email/get", ids=[rich], properties=["header:From:asDate"]))["error"] == "invalidArguments"


async def test_bodies_and_their_values(ann, rich) -> None:
    one = await ann.one(
        rich, "bodyStructure", "bodyValues", "textBody", "htmlBody",
        bodyProperties=["partId", "type", "header:Content-Type"], fetchAllBodyValues=True, maxBodyValueBytes=8,
    )  # fmt: skip
    assert [part["partId"] for part in one["textBody"]] == ["1.1"]
    assert one["htmlBody"][0]["header:Content-Type"] == " text/html; charset=utf-8"
    assert [part["type"] for part in one["bodyStructure"]["subParts"]] == [
        "multipart/alternative",
        "application/pdf",
    ]
    assert one["bodyValues"]["1.1"] == {"value": "Bánh m", "isEncodingProblem": False, "isTruncated": True}
    assert one["bodyValues"]["1.2"]["value"] == "<p>Bánh"[:7]
    short = await ann.one(rich, "bodyValues", fetchHTMLBodyValues=True, maxBodyValueBytes=20)
    assert short["bodyValues"]["1.2"]["value"] == "<p>Bánh "


async def test_a_part_is_a_blob(ann, rich) -> None:
    from parvis.serve.jmap.blobs import Library

    part = (await ann.one(rich, "attachments"))["attachments"][0]
    library = ann.engine._context.need(Library)
    blob = await library.find(ann.principal, ann.principal.id, part["blobId"])
    assert await blob.read() == b"Hello PDF"
    assert blob.size == part["size"]


async def test_a_draft_comes_back_as_it_was_sent(ann) -> None:
    drafts = await ann.mailbox("drafts")
    sent = {
        "mailboxIds": {drafts: True},
        "keywords": {"$Draft": True, "$seen": True},
        "from": [{"name": "Đặng Ánh", "email": "ann@example.org"}],
        "to": [{"name": None, "email": "bob@example.net"}],
        "subject": "Bữa trưa, déjeuner",
        "sentAt": "2026-02-01T10:00:00+01:00",
        "header:AI-Content:asText": "rewritten",
        "textBody": [{"partId": "t", "type": "text/plain"}],
        "htmlBody": [{"partId": "h", "type": "text/html"}],
        "bodyValues": {"t": {"value": "Xin chào\n"}, "h": {"value": "<p>Xin chào</p>"}},
    }
    done = await ann("Email/set", create={"d": sent})
    made = done["created"]["d"]
    assert set(made) == {"id", "blobId", "threadId", "size"}
    got = await ann.one(
        made["id"], "subject", "from", "to", "sentAt", "keywords", "messageId", "bodyValues", "size",
        "header:AI-Content:asText", fetchTextBodyValues=True, fetchHTMLBodyValues=True,
    )  # fmt: skip
    assert got["keywords"] == {"$draft": True, "$seen": True}
    assert {name: got[name] for name in ("subject", "from", "to", "sentAt")} == {
        name: sent[name] for name in ("subject", "from", "to", "sentAt")
    }
    assert got["header:AI-Content:asText"] == "rewritten"
    assert got["messageId"][0].endswith("@mail.example.org")
    assert sorted(one["value"] for one in got["bodyValues"].values()) == ["<p>Xin chào</p>", "Xin chào\n"]
    assert got["size"] == made["size"]


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"headers": []}, "headers"),
        ({"from": [{"email": "a@b"}], "header:from": " a@b"}, "header:from"),
        ({"header:From:asDate": "2026-02-01T10:00:00Z"}, "header:From:asDate"),
        ({"header:Content-Language": "en"}, "header:Content-Language"),
        ({"textBody": [{"partId": "t"}], "bodyStructure": {"partId": "t", "type": "text/plain"}}, "textBody"),
        ({"textBody": [{"partId": "t"}, {"partId": "t"}]}, "textBody"),
        ({"textBody": [{"partId": "t", "type": "text/html"}]}, "textBody"),
        ({"textBody": [{"partId": "nowhere"}]}, "textBody/0/partId"),
        ({"textBody": [{"partId": "t", "charset": "utf-8"}]}, "textBody/0/charset"),
        ({"textBody": [{"partId": "t", "size": 3}]}, "textBody/0/size"),
        ({"textBody": [{"partId": "t", "blobId": "b"}]}, "textBody/0/blobId"),
        ({"bodyStructure": {"partId": "t", "headers": []}}, "bodyStructure/headers"),
        (
            {"htmlBody": [{"partId": "t", "header:Content-Transfer-Encoding": "8bit"}]},
            "htmlBody/0/header:Content-Transfer-Encoding",
        ),
        ({"bodyValues": {"t": {"value": "x", "isTruncated": True}}}, "bodyValues/t/isTruncated"),
        ({"bodyStructure": {"partId": "t", "header:Subject": "x"}, "subject": "y"}, "bodyStructure/header:Subject"),
        ({"keywords": {"a b": True}}, "keywords"),
        ({"keywords": {"a": False}}, "keywords"),
        ({"mailboxIds": {}}, "mailboxIds"),
        ({"size": 3}, "size"),
    ],
)
async def test_a_creation_that_breaks_a_rule(ann, wrong, where) -> None:
    drafts = await ann.mailbox("drafts")
    email = {"mailboxIds": {drafts: True}, "bodyValues": {"t": {"value": "x"}}, **wrong}
    done = await ann("Email/set", create={"d": email})
    assert done["created"] is None
    assert done["notCreated"]["d"]["type"] == "invalidProperties"
    assert where in done["notCreated"]["d"]["properties"]


async def test_a_missing_blob_is_named(ann) -> None:
    email = {"mailboxIds": {await ann.mailbox("drafts"): True}, "attachments": [{"blobId": "b" + "0" * 64}]}
    done = await ann("Email/set", create={"d": email})
    assert done["notCreated"]["d"] == {
        "type": "blobNotFound",
        "description": "a blob is not there",
        "notFound": ["b" + "0" * 64],
    }


async def test_keywords_and_mailboxes_are_patched(ann, rich) -> None:
    inbox, archive = await ann.mailbox("inbox"), await ann.mailbox("archive")
    done = await ann("Email/set", update={rich: {"keywords/$seen": True, f"mailboxIds/{archive}": True}})
    assert done["updated"] == {rich: None}
    one = await ann.one(rich, "keywords", "mailboxIds")
    assert one["keywords"] == {"$seen": True}
    assert one["mailboxIds"] == {inbox: True, archive: True}
    done = await ann("Email/set", update={rich: {f"mailboxIds/{inbox}": None, f"mailboxIds/{archive}": None}})
    assert done["notUpdated"][rich]["type"] == "invalidProperties"
    done = await ann("Email/set", update={rich: {"subject": "other"}})
    assert done["notUpdated"][rich]["properties"] == ["subject"]


async def test_an_attachment_of_one_message_goes_into_another(ann, rich) -> None:
    part = (await ann.one(rich, "attachments"))["attachments"][0]
    email = {
        "mailboxIds": {await ann.mailbox("drafts"): True},
        "attachments": [{"blobId": part["blobId"], "type": "application/pdf", "name": "báo cáo.pdf"}],
        "bodyValues": {"t": {"value": "see"}},
        "textBody": [{"partId": "t"}],
    }
    made = (await ann("Email/set", create={"d": email}))["created"]["d"]
    shown = (await ann.one(made["id"], "attachments"))["attachments"]
    assert [(one["name"], one["size"], one["disposition"]) for one in shown] == [("báo cáo.pdf", 9, "attachment")]


async def test_parse_and_import(ann, rich) -> None:
    inner = {
        "mailboxIds": {await ann.mailbox("drafts"): True},
        "subject": "outer",
        "attachments": [{"blobId": (await ann.one(rich, "blobId"))["blobId"], "type": "message/rfc822"}],
    }
    made = (await ann("Email/set", create={"d": inner}))["created"]["d"]
    part = (await ann.one(made["id"], "attachments"))["attachments"][0]
    got = await ann("Email/parse", blobIds=[part["blobId"], "bnone"], properties=["subject", "attachments", "id"])
    assert got["parsed"][part["blobId"]]["subject"] == "Réunion on Friday"
    assert got["parsed"][part["blobId"]]["id"] is None
    assert got["notFound"] == ["bnone"]
    nested = got["parsed"][part["blobId"]]["attachments"][0]["blobId"]
    junk = await ann.mailbox("junk")
    done = await ann(
        "Email/import",
        emails={
            "a": {"blobId": part["blobId"], "mailboxIds": {junk: True}, "keywords": {"$Seen": True}},
            "b": {"blobId": nested, "mailboxIds": {junk: True}},
            "c": {"blobId": "bnone", "mailboxIds": {junk: True}},
            "d": {"blobId": part["blobId"], "mailboxIds": {}},
        },
    )
    assert (await ann.one(done["created"]["a"]["id"], "keywords"))["keywords"] == {"$seen": True}
    assert done["notCreated"]["b"]["type"] == "invalidEmail"
    assert done["notCreated"]["c"]["properties"] == ["blobId"]
    assert done["notCreated"]["d"]["properties"] == ["mailboxIds"]


async def test_a_day_that_is_not_in_the_calendar_is_refused(ann, message) -> None:
    inbox = await ann.mailbox("inbox")
    wrong = {"mailboxIds": {inbox: True}, "receivedAt": "2026-02-31T10:00:00Z"}
    made = await ann("Email/set", create={"a": wrong | {"subject": "x"}})
    assert made["notCreated"]["a"]["type"] == "invalidProperties"
    assert made["notCreated"]["a"]["properties"] == ["receivedAt"]


def test_long_names_of_properties_are_not_remembered() -> None:
    before = headers._taken_apart.cache_info().currsize
    assert headers.header_property("header:" + "x" * 400) is None
    assert headers._taken_apart.cache_info().currsize == before


async def test_a_request_brings_no_more_than_one_upload_may_have(ann, store, message) -> None:
    deliveries = [Delivery(ann.principal.id)]
    for letter in "xyz":
        await service.deliver(store, deliveries, message(body=letter * 600))
    listed = (await ann("Email/query"))["ids"]
    blobs = [one["blobId"] for one in (await ann("Email/get", ids=listed, properties=["blobId"]))["list"]]
    ann.engine._context.settings.limits.upload_bytes = 1_500
    get = {"accountId": ann.account, "fetchTextBodyValues": True, "properties": ["bodyValues"]}
    parse = {"accountId": ann.account, "properties": ["subject"]}

    async def answers(*calls) -> list[str]:
        return [result.get("type", "ok") for _, result, _ in await ann.all(*calls)]

    assert await answers(("Email/get", get | {"ids": listed[:2]})) == ["ok"]
    assert await answers(("Email/get", get | {"ids": listed})) == ["requestTooLarge"]
    each = [("Email/get", get | {"ids": [one]}) for one in listed]
    assert await answers(*each) == ["ok", "ok", "requestTooLarge"]
    assert await answers(("Email/parse", parse | {"blobIds": blobs[:1]})) == ["ok"]
    assert await answers(("Email/parse", parse | {"blobIds": blobs})) == ["requestTooLarge"]


async def test_a_request_asks_for_no_more_properties_than_anybody_needs(ann, store, message) -> None:
    await service.deliver(store, [Delivery(ann.principal.id)], message())
    listed, many = (await ann("Email/query"))["ids"], [f"header:X-{n}" for n in range(501)]
    blobs = [one["blobId"] for one in (await ann("Email/get", ids=listed, properties=["blobId"]))["list"]]
    for asked in ({"properties": many}, {"bodyProperties": many}, {"bodyProperties": ["size"] * 501}):
        assert (await ann("Email/get", ids=listed, **asked))["error"] == "requestTooLarge"
        assert (await ann("Email/parse", blobIds=blobs, **asked))["error"] == "requestTooLarge"
    assert len((await ann("Email/get", ids=listed, properties=many[:500]))["list"][0]) == 501


async def test_a_request_writes_no_more_than_one_upload_may_have(ann) -> None:
    ann.engine._context.settings.limits.upload_bytes = 3_000
    email = {
        "mailboxIds": {await ann.mailbox("drafts"): True},
        "bodyValues": {"1": {"value": "x" * 1_000}},
        "textBody": [{"partId": "1", "type": "text/plain"}],
    }
    assert (await ann("Email/set", create={"a": email}))["created"]
    assert (await ann("Email/set", create=dict.fromkeys("abcd", email)))["error"] == "requestTooLarge"
