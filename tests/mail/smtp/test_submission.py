"""EmailSubmission in JMAP. RFC 8621 §7"""

import asyncio

import pytest

from parvis.access import directory, gate
from parvis.access.principal import Right
from parvis.kernel import clock, ids
from parvis.mail.queue.service import Queue
from parvis.serve.rates import Rate
from parvis.store.sql.contract import counting
from tests.mail.smtp.conftest import Sink, Site


async def test_sending_and_what_becomes_of_it(site: Site, sink: Sink) -> None:
    ann = await site.person("ann")
    bob = await site.person("bob")
    client = site.client(ann)
    email = await client.draft(
        "x@one.example",
        cc=[{"email": "bob@example.org"}, {"email": "X@one.example"}],
        bcc=[{"email": "y@one.example"}],
    )
    sink.replies = {"y@one.example": "550-5.1.1 No\r\n550 5.1.1 such"}
    made = await client.send(email)
    assert set(made) >= {"id", "sendAt", "undoStatus", "threadId", "envelope", "deliveryStatus"}
    assert made["envelope"]["mailFrom"] == {"email": "ann@example.org", "parameters": None}
    assert sorted(one["email"].lower() for one in made["envelope"]["rcptTo"]) == [
        "bob@example.org", "x@one.example", "y@one.example",
    ]  # fmt: skip
    (raw,) = await site.inbox(bob)
    assert b"Bcc" not in raw and b"Subject: Hello" in raw
    await site.inbox(ann)  # the report
    await site.idle()
    assert b"Bcc" not in sink.messages[0][2]
    now = await client.submission(made["id"])
    status = {
        address.lower(): (one["delivered"], one["smtpReply"]) for address, one in now["deliveryStatus"].items()
    }
    assert status == {
        "x@one.example": ("unknown", "250 2.1.5 OK"),
        "bob@example.org": ("yes", "250 2.1.5 delivered"),
        "y@one.example": ("no", "550 5.1.1 No such"),
    }
    assert now["undoStatus"] == "final" and len(now["dsnBlobIds"]) == 1
    kept = (await client("Email/get", ids=[email], properties=["bcc"]))["list"][0]
    assert kept["bcc"] == [{"name": None, "email": "y@one.example"}]


async def test_on_success_updates_and_destroys(site: Site, sink: Sink) -> None:
    client = site.client(await site.person("ann"))
    sent, drafts = await client.mailbox("sent"), await client.mailbox("drafts")
    email, other = await client.draft("x@one.example"), await client.draft("x@one.example")
    identity = await client.identity()
    answers = await client.all(
        (
            "EmailSubmission/set",
            {
                "accountId": client.account,
                "create": {
                    "a": {"identityId": identity, "emailId": email},
                    "b": {"identityId": identity, "emailId": other},
                    "c": {"identityId": identity, "emailId": "nothing"},
                },
                "onSuccessUpdateEmail": {
                    "#a": {f"mailboxIds/{sent}": True, f"mailboxIds/{drafts}": None, "keywords/$draft": None},
                    "#c": {"keywords/$seen": True},
                },
                "onSuccessDestroyEmail": ["#b"],
            },
        )
    )
    assert [(name, call) for name, _, call in answers] == [("EmailSubmission/set", "c0"), ("Email/set", "c0")]
    assert answers[0][1]["notCreated"]["c"] == {
        "type": "invalidProperties", "properties": ["emailId"], "description": "no such email",
    }  # fmt: skip
    assert answers[1][1]["updated"] == {email: None} and answers[1][1]["destroyed"] == [other]
    got = await client("Email/get", ids=[email, other], properties=["mailboxIds", "keywords"])
    assert got["list"][0]["mailboxIds"] == {sent: True} and got["notFound"] == [other]
    await site.idle()
    assert len(sink.messages) == 2  # destroying the Email did not stop it


async def test_programs_that_misspell_the_return_address_are_understood(site: Site, sink: Sink) -> None:
    client = site.client(await site.person("ann"))
    address = {"email": "ann@example.org"}
    email = await client.draft("x@one.example")
    made = await client.send(email, envelope={"mailfrom": address, "rcptTo": [{"email": "x@one.example"}]})
    assert (await client.submission(made["id"]))["envelope"]["mailFrom"] == address | {"parameters": None}
    await site.idle()
    assert sink.messages[0][0] == "ann@example.org"
    refused = await client.send(email, envelope={"rcptTo": [{"email": "x@one.example"}]})
    assert refused["type"] == "invalidProperties" and "mailFrom" in refused["description"]


async def test_a_held_message_can_be_taken_back_until_it_leaves(site: Site, sink: Sink) -> None:
    client = site.client(await site.person("ann"))

    async def held(seconds: str):
        envelope = {
            "mailFrom": {"email": "ann@example.org", "parameters": {"HOLDFOR": seconds}},
            "rcptTo": [{"email": "x@one.example"}],
        }
        return await client.send(await client.draft("x@one.example"), envelope=envelope)

    later, soon = await held("3600"), await held("1")
    assert later["undoStatus"] == soon["undoStatus"] == "pending"
    assert later["sendAt"] > clock.utc_date(clock.now_ms() + 3_000_000)
    state = (await client("EmailSubmission/get", ids=[]))["state"]
    pending = await client("EmailSubmission/query", filter={"undoStatus": "pending"})
    assert sorted(pending["ids"]) == sorted([later["id"], soon["id"]])
    undo = await client("EmailSubmission/set", update={later["id"]: {"undoStatus": "canceled"}})
    assert undo["updated"] == {later["id"]: None}
    while (await client.submission(soon["id"]))["undoStatus"] == "pending":
        await asyncio.sleep(0.05)
    too_late = await client(
        "EmailSubmission/set",
        update={soon["id"]: {"undoStatus": "canceled"}, later["id"]: {"undoStatus": "pending"}},
    )
    assert too_late["notUpdated"][soon["id"]]["type"] == "cannotUnsend"
    assert too_late["notUpdated"][later["id"]]["type"] == "invalidProperties"
    await site.store.db.write(lambda tx: tx.run("UPDATE job SET run_at_ms = 0 WHERE finished_ms IS NULL"))
    await site.idle()
    assert len(sink.messages) == 1
    gone = await client.submission(later["id"])
    assert gone["undoStatus"] == "canceled" and gone["deliveryStatus"]["x@one.example"]["delivered"] == "no"
    log = await client("EmailSubmission/changes", sinceState=state)
    assert sorted(log["updated"]) == sorted([later["id"], soon["id"]])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"identityId": "nothing"}, {"type": "invalidProperties", "properties": ["identityId"]}),
        ({"sendAt": "2030-01-01T00:00:00Z"}, {"type": "invalidProperties", "properties": ["sendAt"]}),
        ({"undoStatus": "final"}, {"type": "invalidProperties", "properties": ["undoStatus"]}),
        ({"envelope": {"mailFrom": {"email": "bob@example.org"}, "rcptTo": [{"email": "x@y.example"}]}}, {"type": "forbiddenMailFrom"}),
        ({"envelope": {"mailFrom": {"email": "ann@example.org"}, "rcptTo": []}}, {"type": "noRecipients"}),
        (
            {"envelope": {"mailFrom": {"email": "ann@example.org"}, "rcptTo": [{"email": "a b"}, {"email": "x@y.example"}]}},
            {"type": "invalidRecipients", "invalidRecipients": ["a b"]},
        ),
        (
            {"envelope": {"mailFrom": {"email": "ann@example.org"}, "rcptTo": [{"email": f"x{n}@y.example"} for n in range(101)]}},
            {"type": "tooManyRecipients", "maxRecipients": 100},
        ),
        ({"envelope": {"mailFrom": {"email": "ann@example.org", "parameters": {"HOLDFOR": "99999999"}}, "rcptTo": [{"email": "x@y.example"}]}}, {"type": "invalidProperties"}),
        ({"envelope": {"mailFrom": {"email": "ann@example.org", "parameters": {"HOLDFOR": "1", "HOLDUNTIL": "2030-01-01T00:00:00Z"}}, "rcptTo": [{"email": "x@y.example"}]}}, {"type": "invalidProperties"}),
        ({"envelope": {"mailFrom": {"email": "ann@example.org", "parameters": {"XYZ": None}}, "rcptTo": [{"email": "x@y.example"}]}}, {"type": "invalidProperties"}),
        ({"envelope": {"mailFrom": {"email": "ann@example.org"}, "rcptTo": [{"email": "x@y.example", "parameters": {"NOTIFY": "MAYBE"}}]}}, {"type": "invalidProperties"}),
    ],
)  # fmt: skip
async def test_refusals(site_sqlite: Site, change, expected) -> None:
    client = site_sqlite.client(await site_sqlite.person("ann"))
    answer = await client.send(await client.draft("x@y.example"), **change)
    assert {key: answer[key] for key in expected} == expected
    assert await site_sqlite.store.db.value("SELECT COUNT(*) FROM outgoing") == 0


@pytest.mark.parametrize(
    ("email", "expected"),
    [
        ({"from": None}, "invalidEmail"),
        ({"from": [{"email": "bob@example.org"}]}, "forbiddenFrom"),
        ({"from": [{"email": "ann@example.org"}, {"email": "ann+b@example.org"}]}, "invalidEmail"),
        ({"sender": [{"email": "bob@example.org"}]}, "forbiddenFrom"),
        ({"to": None}, "noRecipients"),
    ],
)
async def test_refusals_for_what_the_message_says(site_sqlite: Site, email, expected) -> None:
    client = site_sqlite.client(await site_sqlite.person("ann"))
    answer = await client.send(await client.draft("x@y.example", **email))
    assert answer["type"] == expected


async def test_a_message_over_the_limit(site_sqlite: Site) -> None:
    client = site_sqlite.client(await site_sqlite.person("ann"))
    email = await client.draft("x@y.example")
    site_sqlite.settings.limits.message_bytes = 50
    answer = await client.send(email)
    assert (answer["type"], answer["maxSize"]) == ("tooLarge", 50)


async def test_a_delegate_needs_the_right_to_send(site_sqlite: Site, sink: Sink) -> None:
    site = site_sqlite
    ann, bob = await site.person("ann"), await site.person("bob")
    scope = await site.store.db.value("SELECT id FROM scope WHERE account_id = ? AND kind = 'mail'", ann.id)
    owner, delegate = site.client(ann), site.client(bob)
    email, identity = await owner.draft("x@one.example"), await owner.identity()

    async def attempt():
        return await delegate(
            "EmailSubmission/set", accountId=owner.account, create={"s": {"identityId": identity, "emailId": email}}
        )

    await site.store.write(lambda unit: gate.give(unit, ann, scope, bob.id, Right.READ | Right.WRITE))
    assert (await attempt())["notCreated"]["s"]["type"] == "forbiddenToSend"
    await site.store.write(lambda unit: gate.give(unit, ann, scope, bob.id, Right.READ | Right.SEND))
    assert "s" in (await attempt())["created"]


async def test_queries(site: Site, sink: Sink) -> None:
    client = site.client(await site.person("ann"))
    first = await client.send(one := await client.draft("x@one.example"))
    state = (await client("EmailSubmission/query"))["queryState"]
    second = await client.send(two := await client.draft("x@one.example"))
    ask = lambda **more: client("EmailSubmission/query", **more)  # noqa: E731
    assert (await ask(sort=[{"property": "emailId"}]))["ids"] == [first["id"], second["id"]]
    assert (await ask(filter={"emailIds": [two]}))["ids"] == [second["id"]]
    assert (await ask(filter={"identityIds": []}))["ids"] == []
    assert (await ask(filter={"threadIds": [first["threadId"]], "emailIds": [one]}))["ids"] == [first["id"]]
    assert len((await ask(filter={"after": "2020-01-01T00:00:00Z"}))["ids"]) == 2
    assert (await ask(filter={"before": "2020-01-01T00:00:00Z"}))["ids"] == []
    changes = await client("EmailSubmission/queryChanges", sinceQueryState=state)
    assert second["id"] in [one["id"] for one in changes["added"]]
    gone = await client("EmailSubmission/set", destroy=[first["id"], "nothing"])
    assert gone["destroyed"] == [first["id"]] and gone["notDestroyed"]["nothing"]["type"] == "notFound"
    assert (await ask())["ids"] == [second["id"]]
    await site.idle()
    assert len(sink.messages) == 2


async def test_a_report_from_another_server_reaches_the_submission(site_sqlite: Site, sink: Sink) -> None:
    from parvis.mail import service
    from parvis.mail.service import Delivery
    from parvis.mail.smtp.wiring import HOOKS
    from parvis.wire import dsn

    site = site_sqlite
    ann = await site.person("ann")
    client = site.client(ann)
    made = await client.send(await client.draft("x@one.example"))
    await site.idle()
    assert f"ENVID={made['id']}" in next(c for c in sink.commands if c.startswith("MAIL"))
    status = dsn.RecipientStatus(
        final="x@one.example", action="delivered", status="2.0.0", diagnostic="250 2.0.0 read"
    )
    raw = dsn.build(
        dsn.Report(dsn.Notification("mx.one.example", (status,), envid=made["id"]), "ann@example.org",
                   "daemon@one.example", clock.now(), "r1@one.example", sink.messages[0][2]),
        iter(lambda: ids.text(ids.new_id()), ""),
    )  # fmt: skip
    await service.deliver(site.store, [Delivery(ann.id)], raw, mail_from="", hooks=HOOKS)
    await site.idle()
    now = await client.submission(made["id"])
    assert now["deliveryStatus"]["x@one.example"]["delivered"] == "yes" and len(now["dsnBlobIds"]) == 1


async def test_a_mark_of_ai_text_leaves_with_the_message(site_sqlite: Site, sink: Sink) -> None:
    client = site_sqlite.client(await site_sqlite.person("ann"))
    await client.send(await client.draft("x@one.example", **{"header:AI-Content:asText": "generated"}))
    await site_sqlite.idle()
    assert b"\r\nAI-Content: generated\r\n" in sink.messages[0][2]


async def test_one_full_mailbox_does_not_keep_a_message_from_the_rest_of_a_group(site: Site) -> None:
    ann, bob, cy = await site.person("ann"), await site.person("bob", quota=10), await site.person("cy")

    async def group(unit) -> None:
        team = await directory.create(unit, "group", "team", "team@example.org")
        for member in (bob, cy):
            await directory.join(unit, team, member.id)

    await site.store.write(group)
    client = site.client(ann)
    made = await client.send(await client.draft("team@example.org"))
    assert len(await site.inbox(cy)) == 1
    await site.idle()
    (status,) = (await client.submission(made["id"]))["deliveryStatus"].values()
    assert status["delivered"] == "yes" and "to 1 of 2" in status["smtpReply"]


async def test_the_identity_gives_the_return_address_when_it_does_not_allow_the_senders(
    site: Site, sink: Sink
) -> None:
    ann = await site.person("ann")
    await site.store.write(lambda unit: directory.add_address(unit, ann.id, "office@example.org"))
    client = site.client(ann)
    every = (await client("Identity/get"))["list"]
    office = next(one["id"] for one in every if one["email"] == "office@example.org")
    made = await client.send(await client.draft("x@one.example"), identityId=office)
    assert made["envelope"]["mailFrom"]["email"] == "office@example.org"
    made = await client.send(await client.draft("x@one.example"))
    assert made["envelope"]["mailFrom"]["email"] == "ann@example.org"


async def test_nobody_sends_to_more_in_a_minute_by_one_door_than_by_another(site_sqlite: Site, sink: Sink) -> None:
    ann = await site_sqlite.person("ann")
    client, queue = site_sqlite.client(ann), site_sqlite.context.need(Queue)
    queue._rate = Rate(3)
    several = [{"email": f"{name}@one.example"} for name in "yz"]
    assert "id" in await client.send(await client.draft("x@one.example", cc=several))
    assert (await client.send(await client.draft("x@one.example")))["type"] == "rateLimit"
    assert not queue.allows(ann, 1)


async def test_destroying_a_record_reads_no_other_of_the_account(site_sqlite: Site, sink: Sink) -> None:
    client = site_sqlite.client(await site_sqlite.person("ann"))
    made = await client.send(await client.draft("x@one.example"))
    with counting() as count:
        assert (await client("EmailSubmission/set", destroy=[made["id"]]))["destroyed"]
    (forgetting,) = [sql for sql in count.statements if sql.startswith("DELETE FROM submission WHERE")]
    ((*_, step),) = await site_sqlite.store.db.rows(f"EXPLAIN QUERY PLAN {forgetting}", 1, 2)
    assert "submission_by_end (account_id=? AND destroyed_ms<?)" in step
