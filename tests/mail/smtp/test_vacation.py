"""VacationResponse in JMAP, and who is answered. RFC 8621 §8, RFC 3834"""

import pytest

from parvis.access import directory
from parvis.mail.vacation.responder import is_from_a_person
from parvis.wire import mime
from tests.mail.conftest import plain
from tests.mail.smtp.conftest import Sink, Site, talking


async def test_the_one_object(site: Site) -> None:
    client = site.client(await site.person("ann"))
    got = await client("VacationResponse/get", ids=None)
    assert got["list"] == [
        {"id": "singleton", "isEnabled": False, "fromDate": None, "toDate": None, "subject": None, "textBody": None,
         "htmlBody": None}
    ]  # fmt: skip
    change = {"isEnabled": True, "fromDate": "2026-03-01T00:00:00Z", "textBody": "Away", "subject": "Nghỉ phép"}
    done = await client("VacationResponse/set", update={"singleton": change})
    assert done["updated"] == {"singleton": None} and done["newState"] != done["oldState"]
    assert change.items() <= (await client("VacationResponse/get", ids=["singleton"]))["list"][0].items()
    wrong = await client(
        "VacationResponse/set",
        create={"x": {"isEnabled": False}},
        update={"singleton": {"subject": "a\nb"}},
        destroy=["singleton"],
    )
    assert wrong["notCreated"]["x"]["type"] == wrong["notDestroyed"]["singleton"]["type"] == "singleton"
    assert wrong["notUpdated"]["singleton"]["type"] == "invalidProperties"


async def away(site: Site, name: str = "ann", **more):
    person = await site.person(name, language="vi")
    await site.client(person)("VacationResponse/set", update={"singleton": {"isEnabled": True, **more}})
    return person


async def arrive(
    site: Site, *messages: bytes, sender: str = "bob@one.example", to: str = "ann@example.org"
) -> None:
    async with talking(site.ports["smtp"]) as client:
        await client.hello()
        for raw in messages:
            assert (await client.message(to, raw, sender)).startswith("250")
    await site.idle()


async def test_an_answer_goes_once_to_each_person(site: Site, sink: Sink) -> None:
    await away(site, textBody="Tôi đi vắng.", htmlBody="<p>Tôi đi vắng.</p>")
    await arrive(site, plain("Hỏi", message_id="q1@one.example"), plain("Again"))
    await arrive(site, plain("Other"), sender="cy@two.example")
    assert [(sender, to) for sender, to, _ in sink.messages] == [
        ("", ["bob@one.example"]), ("", ["cy@two.example"]),
    ]  # fmt: skip
    raw = sink.messages[0][2]
    root = mime.parse(raw).root
    assert mime.as_text(root.last("Subject").value) == "Trả lời tự động: Hỏi"
    assert mime.as_message_ids(root.last("In-Reply-To").value) == ("q1@one.example",)
    assert b"Auto-Submitted: auto-replied" in raw and b"From: ann <ann@example.org>" in raw
    texts = [mime.decode_text(raw, part).text for part in mime.parse(raw).leaves()]
    assert "Tôi đi vắng." in texts[0] and "<p>" in texts[1]
    week = 8 * 86_400_000
    await site.store.db.write(lambda tx: tx.run("UPDATE vacation_sent SET sent_ms = sent_ms - ?", week))
    await arrive(site, plain("A week later"))
    assert len(sink.messages) == 3


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-generated", "Precedence: bulk", "List-Id: <x.example>", "List-Unsubscribe: <mailto:x@y>",
        "X-Auto-Response-Suppress: All", "Precedence: list",
    ],
)  # fmt: skip
def test_machines_and_lists_are_not_answered(header: str) -> None:
    raw = plain(extra=header)
    assert not is_from_a_person("bob@one.example", raw)


@pytest.mark.parametrize(
    ("sender", "answered"),
    [
        ("bob@one.example", True), ("", False), ("mailer-daemon@x.example", False), ("owner-list@x.example", False),
        ("list-request@x.example", False), ("noreply@x.example", False), ("no-reply+7@x.example", False),
        ("rootless@x.example", True), ("list-bounces+ann=example.org@x.example", False),
    ],
)  # fmt: skip
def test_senders_that_are_machines(sender: str, answered: bool) -> None:
    assert is_from_a_person(sender, plain(extra="Auto-Submitted: no")) is answered


async def test_who_is_not_answered(site_sqlite: Site, sink: Sink) -> None:
    site = site_sqlite
    ann = await away(site, toDate="2020-01-01T00:00:00Z")
    cy = await away(site, "cy")

    async def group(unit) -> None:
        team = await directory.create(unit, "group", "team", "team@example.org")
        await directory.join(unit, team, cy.id)

    await site.store.write(group)
    await arrive(site, plain())  # ann is back
    await arrive(site, plain(to="team@example.org"), to="team@example.org")  # cy is not named
    await arrive(site, plain(to="cy@example.org"), to="cy@example.org", sender="cy@example.org")  # herself
    assert sink.messages == []
    await arrive(site, plain(to="cy+x@example.org"), to="cy@example.org")
    assert len(sink.messages) == 1 and ann.language == "vi"


async def test_two_people_who_are_away_do_not_talk_for_ever(site_sqlite: Site, sink: Sink) -> None:
    ann, cy = await away(site_sqlite), await away(site_sqlite, "cy")
    await arrive(site_sqlite, plain(sender="cy@example.org"), sender="cy@example.org")
    assert len(await site_sqlite.inbox(cy)) == 1 and len(await site_sqlite.inbox(ann)) == 1
