"""What a script does with mail that arrives, end to end: SMTP, queue, mailboxes. RFC 5228 and its extensions"""

import asyncio
import time

import pytest

from parvis.kernel import clock
from parvis.mail import service as mail
from parvis.mail.service import Delivery
from parvis.mail.sieve import filter as filtering
from parvis.mail.sieve import log, store
from parvis.mail.sieve.filter import Filters
from parvis.store.sql.contract import counting
from parvis.wire import mime
from tests.mail.conftest import plain
from tests.mail.sieve.conftest import Person, send

RULES = """require ["fileinto", "imap4flags"];

# rule: Lists
if anyof (header :contains "subject" "[list]") {
    addflag "$label";
    fileinto "Lists/All";
}
"""


async def test_a_rule_files_and_says_why(site, ann: Person) -> None:
    await ann.filters('require ["fileinto", "mailbox"]; fileinto :create "Lists/All"; stop;')
    assert (await send(site, plain("one"))).startswith("250")
    await ann.filters(RULES)
    await send(site, plain("[list] two"))
    await send(site, plain("three"))
    assert await ann.mail() == {"Lists/All": ["one", "[list] two"], "INBOX": ["three"]}
    assert [keywords for _, keywords, _ in await ann.emails()] == ["", "$label", ""]
    first, second, third = await ann.log()
    assert (third["action"], third["target"], third["rule"]) == ("flag", "$label", "Lists")
    assert (first["action"], first["target"], first["rule"]) == ("fileinto", "Lists/All", None)
    assert (second["rule"], second["script"], second["line"]) == ("Lists", "main", 6)
    assert "[list]" in second["tests"][-1]["text"] and second["subject"] == "[list] two"


async def test_several_targets_are_one_message(site, ann: Person) -> None:
    await ann.filters(
        'require ["fileinto", "imap4flags", "special-use", "mailbox", "mailboxid"];'
        'fileinto "Archive"; fileinto :specialuse "\\\\Junk" "Nowhere"; fileinto :mailboxid "x" "inbox";'
        'keep :flags "\\\\Seen"; if mailboxexists "Archive" { fileinto "Sent"; }'
    )
    await send(site, plain("x"))
    assert await ann.mail() == {"Archive": ["x"], "Junk": ["x"], "INBOX": ["x"], "Sent": ["x"]}
    assert len(await ann.emails()) == 1 and (await ann.emails())[0][1] == "$seen"


async def test_a_mailbox_that_is_not_there_keeps_the_message(site, ann: Person) -> None:
    await ann.filters('require "fileinto"; fileinto "Nowhere";')
    await send(site, plain("x"))
    assert await ann.mail() == {"INBOX": ["x"]}
    assert "no mailbox" in (await ann.log())[0]["error"]


async def test_discarded_is_gone_but_told(site, ann: Person, sink) -> None:
    await site.client(ann.who)("VacationResponse/set", update={"singleton": {"isEnabled": True}})
    await ann.filters('if header :is "subject" "junk" { discard; }')
    await send(site, plain("junk"))
    await site.idle()
    assert await ann.mail() == {} and sink.messages == []
    (note,) = await ann.log()
    assert (note["action"], note["emailId"], note["subject"], note["sender"]) == (
        "discard",
        None,
        "junk",
        "bob@example.net",
    )


async def test_headers_are_edited_in_what_is_stored(site, ann: Person) -> None:
    await ann.filters(
        'require ["editheader", "fileinto", "copy"]; fileinto :copy "Archive";'
        'addheader "X-Seen" "yes"; deleteheader "Subject"; addheader :last "Subject" "new"; keep;'
    )
    await send(site, plain("old"))
    assert await ann.mail() == {"Archive": ["old"], "INBOX": ["new"]}
    before, after = (raw for _, _, raw in await ann.emails())
    assert b"X-Seen: yes\r\n" in after and b"X-Seen" not in before and after.endswith(b"Some words.\r\n")


async def test_an_error_while_running_keeps_the_message(site, ann: Person) -> None:
    await ann.filters(
        'require ["fileinto", "variables", "editheader"]; addheader "X-A" "b"; set "to" ""; fileinto "${to}";'
    )
    await send(site, plain("x"))
    assert await ann.mail() == {"INBOX": ["x"]} and b"X-A" not in (await ann.emails())[0][2]
    (note,) = await ann.log()
    assert note["action"] == "error" and "mailbox" in note["error"] and note["line"] == 1


async def test_a_slow_script_does_not_hold_mail_up(site, ann: Person, monkeypatch) -> None:
    monkeypatch.setattr(filtering, "_SECONDS_OF_ONE", 0.3)
    await ann.filters("discard;")

    def slow(*_):
        time.sleep(1)

    monkeypatch.setattr(filtering, "run", slow)
    begun = clock.monotonic()
    assert (await send(site, plain("x"))).startswith("250")
    assert clock.monotonic() - begun < 0.9
    assert await ann.mail() == {"INBOX": ["x"]} and "too long" in (await ann.log())[0]["error"]


async def test_a_costly_script_is_stopped_within_about_a_second(site_sqlite) -> None:
    ann = Person(site_sqlite, await site_sqlite.person("ann"))
    loops = f'if body :text :matches "{"*a*" * 20}c" {{ stop; }}' * 3_000
    await ann.filters('require ["body", "fileinto"]; ' + loops + 'fileinto "Archive";')
    begun = clock.monotonic()
    assert (await send(site_sqlite, plain("x", "ab " * 100_000))).startswith("250")
    assert clock.monotonic() - begun < 3
    assert await ann.mail() == {"INBOX": ["x"]}
    assert (await ann.log())[0]["error"] in ("The script takes too many steps.", "The script took too long.")


async def test_one_slow_script_holds_up_nobody_else(site, ann: Person, bob: Person, monkeypatch) -> None:
    monkeypatch.setattr(filtering, "_SECONDS_OF_ONE", 0.5)
    run = filtering.run

    def slow_for_ann(script, mail, context):
        if mail.recipient == "ann@example.org":
            time.sleep(1)
        return run(script, mail, context)

    monkeypatch.setattr(filtering, "run", slow_for_ann)
    await ann.filters("discard;")
    await bob.filters("discard;")
    await asyncio.gather(
        *(send(site, plain(str(n))) for n in range(12)),
        *(send(site, plain("x"), "bob@example.org") for _ in range(3)),
    )
    assert len((await ann.mail())["INBOX"]) == 12 and await bob.mail() == {}


async def test_redirected_mail_goes_to_the_queue(site, ann: Person, sink) -> None:
    await ann.filters(
        'require "copy"; if header :is "subject" "both" { redirect :copy "x@two.example"; } else { redirect "y@two.example"; }'
    )
    await send(site, plain("both"))
    await send(site, plain("away"))
    await send(site, plain("from nobody"), sender="")
    await site.idle()
    assert await ann.mail() == {"INBOX": ["both"]}
    found = sorted((to, sender.partition("=")[0]) for sender, to, _ in sink.messages)
    assert found == [(["x@two.example"], "SRS0"), (["y@two.example"], ""), (["y@two.example"], "SRS0")]
    raw = next(raw for _, to, raw in sink.messages if to == ["x@two.example"])
    assert b"\r\nX-Sieve-Redirected-From: ann@example.org\r\nReceived: " in raw and b"Return-Path" not in raw


async def test_a_circle_ends_where_it_began(site, ann: Person, bob: Person) -> None:
    await ann.filters('redirect "bob@example.org";')
    await bob.filters('redirect "ann+x@example.org";')
    await send(site, plain("round"))
    await site.idle()
    assert await ann.mail() == {"INBOX": ["round"]} and await bob.mail() == {}
    await ann.filters('redirect "ann@example.org";')
    await send(site, plain("self"))
    assert (await ann.mail())["INBOX"] == ["round", "self"]
    assert "circle" in (await ann.log())[-1]["error"]


@pytest.mark.parametrize("name", ["reject", "ereject"])
async def test_a_refusal_before_the_250(site, ann: Person, sink, name: str) -> None:
    await ann.filters(f'require "{name}"; {name} "not here\\nnot now";'.replace("\\n", "\r\n"))
    answer = await send(site, plain("x"))
    assert answer.replace("\r\n", "|").startswith("550") and "not now" in answer
    await site.idle()
    assert sink.messages == [] and await ann.mail() == {}
    assert [note["action"] for note in await ann.log()] == ["reject"]


async def test_a_refusal_by_one_of_two_is_a_notice(site, ann: Person, bob: Person, sink) -> None:
    await ann.filters('require "reject"; reject "Không nhận";')
    assert (
        await send(site, plain("x", message_id="m@one.example"), "ann@example.org", "bob@example.org")
    ).startswith("250")
    await site.idle()
    assert await ann.mail() == {} and await bob.mail() == {"INBOX": ["x"]}
    ((sender, to, raw),) = sink.messages
    message = mime.parse(raw)
    assert (sender, to, message.root.media_type) == ("", ["bob@one.example"], "multipart/report")
    parts = message.leaves()
    assert [part.media_type for part in parts] == [
        "text/plain",
        "message/disposition-notification",
        "text/rfc822-headers",
    ]
    assert "Không nhận" in mime.decode_text(raw, parts[0]).text
    fields = mime.decode_body(raw, parts[1])
    assert (
        b"Final-Recipient: rfc822; ann@example.org\r\n" in fields
        and b"Original-Message-ID: <m@one.example>\r\n" in fields
    )
    assert b"Disposition: automatic-action/MDN-sent-automatically; deleted" in fields
    await send(site, plain("y"), sender="")
    await site.idle()
    assert len(sink.messages) == 1


async def test_a_refusal_of_local_mail_comes_back_as_a_report(site, ann: Person, bob: Person) -> None:
    await ann.filters('require "ereject"; ereject "no";')
    client = site.client(bob.who)
    await client.send(await client.draft("ann@example.org"))
    raw = (await site.inbox(bob.who))[0]
    assert b"Diagnostic-Code: smtp; 550 5.7.1 no" in raw and await ann.mail() == {}


async def test_vacation_answers_once(site, ann: Person, sink) -> None:
    await ann.filters(
        'require ["vacation", "imap4flags"]; setflag "$x"; vacation :days 3 :subject "Đi vắng" :from "Ann <ann+away@example.org>"'
        ' :addresses "old@elsewhere.example" "back on Monday";'
    )
    await send(site, plain("q", message_id="q@one.example"))
    await send(site, plain("again"))
    await send(site, plain("list", extra="List-Id: <l.example>"), sender="c@one.example")
    await send(site, plain("old", to="old@elsewhere.example"), sender="d@one.example")
    await send(site, plain("not named", to="else@elsewhere.example"), sender="e@one.example")
    await site.idle()
    assert sorted(to[0] for _, to, _ in sink.messages) == ["bob@one.example", "d@one.example"]
    sender, _, raw = next(each for each in sink.messages if each[1] == ["bob@one.example"])
    root = mime.parse(raw).root
    assert sender == "" and mime.as_text(root.last("Subject").value) == "Đi vắng"
    assert mime.as_addresses(root.last("From").value)[0].email == "ann+away@example.org"
    assert b"Auto-Submitted: auto-replied" in raw and mime.as_message_ids(root.last("In-Reply-To").value) == (
        "q@one.example",
    )
    assert len((await ann.mail())["INBOX"]) == 5
    later = clock.now_ms() + 4 * 86_400_000
    await site.store.db.write(lambda tx: tx.run("UPDATE sieve_seen SET expires_ms = expires_ms - ?", later))
    await send(site, plain("much later"))
    await site.idle()
    assert len(sink.messages) == 3


async def test_a_filter_and_a_vacation_response_answer_once_between_them(site, ann: Person, sink) -> None:
    await site.client(ann.who)(
        "VacationResponse/set", update={"singleton": {"isEnabled": True, "textBody": "JMAP"}}
    )
    await ann.filters(
        'require "vacation"; if header :is "subject" "other" { keep; } else { vacation :days 30 "Sieve"; }'
    )
    await send(site, plain("q"), sender="Bob@One.example")
    await send(site, plain("again"))
    await send(site, plain("other"))
    await site.idle()
    ((_, to, raw),) = sink.messages
    assert to == ["Bob@One.example"] and raw.endswith(b"Sieve\r\n")
    await site.store.db.write(lambda tx: tx.run("UPDATE vacation_sent SET sent_ms = sent_ms - ?", 8 * 86_400_000))
    await send(site, plain("a week later"))
    await site.idle()
    assert len(sink.messages) == 1  # the filter has answered before; the message is its own all the same
    await send(site, plain("other"), sender="c@one.example")
    await site.idle()
    assert sink.messages[1][1] == ["c@one.example"] and sink.messages[1][2].endswith(b"JMAP\r\n")


async def test_vacation_with_a_mime_entity(site, ann: Person, sink) -> None:
    await ann.filters(
        'require "vacation"; vacation :mime :from "eve@elsewhere.example" text:\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>away</p>\r\n.\r\n;'
    )
    await send(site, plain("q"))
    await site.idle()
    raw = sink.messages[0][2]
    message = mime.parse(raw)
    assert message.root.media_type == "text/html" and raw.endswith(b"<p>away</p>\r\n")
    assert mime.as_addresses(message.root.last("From").value)[0].email == "ann@example.org"


async def test_notification_by_mail(site, ann: Person, sink) -> None:
    await ann.filters(
        'require "enotify"; notify :importance "1" :message "Ping" "mailto:phone@two.example?body=Look%21";'
    )
    await send(site, plain("q"))
    await send(site, plain("n", extra="Auto-Submitted: auto-notified"))
    await site.idle()
    ((sender, to, raw),) = sink.messages
    assert (sender, to) == ("", ["phone@two.example"])
    assert b"Subject: Ping" in raw and b"Auto-Submitted: auto-notified" in raw and b"Look!" in raw
    assert await ann.mail() == {"INBOX": ["q", "n"]}


async def test_a_message_that_came_before(site, ann: Person) -> None:
    await ann.filters('require ["duplicate", "fileinto"]; if duplicate :seconds 100 { fileinto "Trash"; }')
    for name in ("1@x", "2@x", "1@x"):
        await send(site, plain(name, message_id=name))
    assert await ann.mail() == {"INBOX": ["1@x", "2@x"], "Trash": ["1@x"]}
    await site.store.db.write(lambda tx: tx.run("UPDATE sieve_seen SET expires_ms = expires_ms - 200000"))
    await send(site, plain("1@x", message_id="1@x"))
    assert len((await ann.mail())["INBOX"]) == 3


async def test_scripts_include_each_other(site, ann: Person) -> None:
    await ann.filters(
        'require ["fileinto", "environment"]; if environment :is "host" "mail.example.org" { fileinto "Archive"; }',
        "part",
    )
    await ann.filters('require "include"; include :personal "part";')
    await send(site, plain("x"))
    assert await ann.mail() == {"Archive": ["x"]} and (await ann.log())[0]["script"] == "part"


async def test_what_a_person_does_herself_is_not_filtered(site, ann: Person) -> None:
    await ann.filters("discard;")
    inbox = await site.client(ann.who).mailbox("inbox")
    await mail.import_message(site.store, ann.who, ann.who.id, plain("mine"), [store.ids.parse(inbox)])
    await mail.deliver(site.store, [Delivery(ann.who.id)], plain("report"))
    assert await ann.mail() == {"INBOX": ["mine", "report"]}


async def test_a_group_where_one_filters(site, ann: Person, bob: Person) -> None:
    await ann.filters('require "envelope"; if envelope :is "from" "bob@one.example" { discard; }')
    await asyncio.gather(*(send(site, plain(f"m{n}"), "ann@example.org", "bob@example.org") for n in range(8)))
    assert await ann.mail() == {} and len((await bob.mail())["INBOX"]) == 8


async def test_notes_are_forgotten_after_a_month(site, ann: Person) -> None:
    await ann.filters("discard;")
    for n in range(3):
        await send(site, plain(str(n)))
    await site.store.db.write(lambda tx: tx.run("UPDATE sieve_log SET at_ms = 0"))
    await send(site, plain("new"))
    assert await log.forget(site.store) == 3 and [note["subject"] for note in await ann.log()] == ["new"]


async def test_a_filter_costs_few_statements(site_sqlite) -> None:
    ann, bob = [Person(site_sqlite, await site_sqlite.person(name)) for name in ("ann", "bob")]
    await ann.filters(RULES.replace("Lists/All", "Archive"))
    planner = site_sqlite.context.need(Filters)
    for person in (ann, bob):
        await mail.deliver(site_sqlite.store, [Delivery(person.who.id)], plain(), planner=planner)
    counts = []
    for person, subject in ((bob, "x"), (ann, "x"), (ann, "[list] y")):
        with counting() as count:
            await mail.deliver(
                site_sqlite.store, [Delivery(person.who.id)], plain(subject, message_id=subject), planner=planner
            )
        counts.append(len(count))
    assert counts[1] <= counts[0] + 2 and counts[2] <= counts[0] + 4, counts
