r"""IMAP as programs speak it, on both databases: mailboxes, messages, flags, what others see of \Deleted, and what a
session is told. RFC 9051, RFC 7162, RFC 8621 §4.1.1"""

import asyncio
import ssl
import zlib

import pytest

from parvis.access import gate
from parvis.access.principal import Right
from parvis.mail import service
from parvis.mail.service import Delivery
from parvis.store.sql.contract import counting
from tests.mail.imap.conftest import PASSWORD, Site

MIXED = (
    b"From: Ann <ann@example.org>\r\nTo: Bob <bob@example.net>\r\nSubject: =?utf-8?q?Caf=C3=A9?= on Monday\r\n"
    b"Date: Mon, 3 Feb 2025 23:30:00 -0500\r\nMessage-ID: <one@example.org>\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nThe superstructure.\r\n"
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nVHLhuqduIEjGsMahbmc=\r\n"
    b"--b--\r\n"
)


def plain(subject: str, body: str = "Words.") -> bytes:
    return f"From: a@example.net\r\nSubject: {subject}\r\n\r\n{body}\r\n".encode()


async def test_a_stranger_may_say_little(site: Site) -> None:
    await site.person("ann")
    client = await site.connect()
    for command in ("SELECT INBOX", 'LIST "" *', "FETCH 1 FLAGS", "IDLE", "APPEND INBOX {3+}\r\nabc"):
        assert (await client(command))[-1].startswith(b"BAD")
    assert (await client(f'LOGIN ann@example.org "x{PASSWORD}"'))[-1].startswith(b"NO [AUTHENTICATIONFAILED]")
    assert (await client("LOGIN {100000}"))[-1].startswith(b"NO [TOOBIG]")
    assert (await client("LOGIN {100000+}"))[-1].startswith(b"* BYE")
    assert await client.line() == b""


async def test_it_says_what_mailboxes_there_are(site: Site) -> None:
    await site.person("ann")
    ann = await site.sign_in("ann")
    assert await ann.ok('LIST "" %') == [
        b'* LIST (\\HasNoChildren) "/" INBOX',
        b'* LIST (\\HasNoChildren \\Archive) "/" Archive',
        b'* LIST (\\HasNoChildren \\Drafts) "/" Drafts',
        b'* LIST (\\HasNoChildren \\Junk) "/" Junk',
        b'* LIST (\\HasNoChildren \\Sent) "/" Sent',
        b'* LIST (\\HasNoChildren \\Trash) "/" Trash',
    ]
    await ann.ok("CREATE Projets/&AMk-t&AOk-/2025")
    assert (await ann("CREATE Projets"))[-1].startswith(b"NO [ALREADYEXISTS]")
    assert await ann.ok('LIST "" Projets/*') == [
        b'* LIST (\\HasChildren) "/" Projets/&AMk-t&AOk-',
        b'* LIST (\\HasNoChildren) "/" Projets/&AMk-t&AOk-/2025',
    ]
    await ann.ok("ENABLE IMAP4rev2")
    assert await ann.ok('LIST "" Projets/%') == ['* LIST (\\HasChildren) "/" "Projets/Été"'.encode()]
    assert (await ann("DELETE Projets"))[-1].startswith(b"NO [HASCHILDREN]")
    await ann.ok("RENAME Projets Travaux/Anciens")
    found = await ann.ok('LIST (SPECIAL-USE) "" ("*") RETURN (STATUS (MESSAGES))')
    assert [line for line in found if b"Trash" in line] == [
        b'* LIST (\\HasNoChildren \\Trash) "/" Trash',
        b"* STATUS Trash (MESSAGES 0)",
    ]
    assert len(await ann.ok('LIST "" Travaux*')) == 4
    await ann.ok("SUBSCRIBE Travaux/Anciens")
    assert b'* LSUB (\\Noselect) "/" Travaux' in await ann.ok('LSUB "" %')


async def test_a_message_comes_back_as_it_was(site: Site) -> None:
    await site.person("ann")
    ann = await site.sign_in("ann")
    assert b"APPENDUID" in (await ann.append("INBOX", MIXED, r"\Seen $Work"))[-1]
    assert b"* 1 EXISTS" in await ann.ok("SELECT INBOX")
    (line,) = await ann.ok("FETCH 1 (UID FLAGS RFC822.SIZE BODY.PEEK[])")
    assert line == b"* 1 FETCH (UID 1 FLAGS (\\Seen $work) RFC822.SIZE %d BODY[] {%d}\r\n%b)" % (
        len(MIXED),
        len(MIXED),
        MIXED,
    )
    (line,) = await ann.ok(
        "FETCH 1 (BODY.PEEK[HEADER.FIELDS (SUBJECT)] BODY.PEEK[2] BINARY.PEEK[2] BODY.PEEK[]<6.3>)"
    )
    assert b"Subject: =?utf-8?q?Caf=C3=A9?= on Monday\r\n\r\n" in line
    assert b"BODY[2] {20}\r\nVHLhuqduIEjGsMahbmc=" in line
    assert "BINARY[2] ~{14}\r\nTrần Hương".encode() in line
    assert line.endswith(b"BODY[]<6> {3}\r\nAnn)")


async def test_reading_a_body_marks_it_as_seen(site: Site) -> None:
    await site.person("ann")
    ann = await site.sign_in("ann")
    await ann.append("INBOX", MIXED)
    await ann.ok("EXAMINE INBOX")
    assert b"FLAGS" not in (await ann.ok("FETCH 1 BODY[1]"))[0]
    await ann.ok("SELECT INBOX")
    assert (await ann.ok("FETCH 1 BODY[1]"))[0].endswith(b"The superstructure. FLAGS (\\Seen))")
    assert await ann.ok("SEARCH UNSEEN") == [b"* SEARCH"]


SEARCHES = [
    ("SUBJECT {5+}\r\ncafé".encode(), "1"),
    (b"BODY perstruct", "1"),
    ("BODY {8+}\r\nTrần H".encode(), "1"),
    (b"TEXT words", "2"),
    (b"FROM example.net", "2"),
    (b"FROM ann NOT TO bob", ""),
    (b"SENTON 3-Feb-2025", "1"),
    (b"SENTSINCE 4-Feb-2025", "2"),
    (b"OR SEEN FLAGGED", "1 2"),
    (b"KEYWORD $work", "2"),
    (b"UNKEYWORD $work UNDELETED", "1"),
    (b"LARGER 200", "1"),
    (b"UID 2:*", "2"),
    (b"HEADER Message-ID one@", "1"),
    (b"HEADER X-None {0+}\r\n", ""),
    (b"NOT (1 BODY superstructure)", "2"),
    (b"YOUNGER 1000", "1 2"),
    (b"DELETED", ""),
]


async def test_who_comes_back_is_told_of_flags_that_nothing_has_any_more(site: Site) -> None:
    await site.person("ann")
    ann = await site.sign_in("ann")
    await ann.append("INBOX", plain("One"), "$Work")
    assert any(b"$work" in line for line in await ann.ok("SELECT INBOX") if line.startswith(b"* FLAGS"))
    await ann.ok("STORE 1 -FLAGS $Work")
    await ann.ok("UNSELECT")
    assert any(b"$work" in line for line in await ann.ok("SELECT INBOX") if line.startswith(b"* FLAGS"))


PEOPLE = [
    "Joe Smith <joe@good.example>",
    '"Smith, Joe" <j.smith@good.example>',
    "joe (Joseph of sales) @ (no, really) good.example",
    "Friends of sales: =?utf-8?q?Tr=E1=BA=A7n_H=E1=BA=ADu?= <hau@vn.example>, ann@good.example;",
    "=?iso-8859-1?q?Andr=E9_?= =?iso-8859-1?q?Bo=EBl?= <andre.boel@fr.example>, (only words)",
]
ASKED = ["joe", "Smith Joe", "smith, joe", "sales", "friends of", "tran hau", "Trần", "good.example", "@good.ex",
    "andré boël", "boel@fr", "only wo", "mith", "j.smith", "e@g", "nobody", "(only", "of sales:"]  # fmt: skip


@pytest.mark.parametrize("field", ["FROM", "TO", "CC", "SUBJECT"])
async def test_the_index_finds_in_addresses_what_reading_finds(site: Site, field: str) -> None:
    await site.person("ann")
    ann = await site.sign_in("ann")
    for people in PEOPLE:
        await ann.append(
            "INBOX", f"{field.title()}: {people}\r\nDate: Mon, 3 Feb 2025 23:30:00 -0500\r\n\r\nx\r\n".encode()
        )
    await ann.ok("SELECT INBOX")
    found = 0
    for asked in ASKED:
        octets = asked.encode()
        text = b"{%d+}\r\n%b" % (len(octets), octets)
        indexed = await ann.ok(b"SEARCH %b %b" % (field.encode(), text))
        assert indexed == await ann.ok(b"SEARCH HEADER %b %b" % (field.title().encode(), text)), asked
        found += indexed != [b"* SEARCH"]
    assert found == len(ASKED) - 2


@pytest.mark.parametrize("marked", [False, True])
async def test_a_search_finds_what_is_asked_for(site: Site, marked: bool) -> None:
    await site.person("ann")
    ann = await site.sign_in("ann")
    await ann.append("INBOX", MIXED, r"\Seen")
    await ann.append("INBOX", plain("Other"), r"\Flagged $Work")
    await ann.ok("SELECT INBOX")
    if marked:
        await ann.ok(r"STORE 1:* +FLAGS.SILENT (\Deleted)")
    for key, expected in SEARCHES:
        wanted = expected
        if marked:
            wanted = {b"DELETED": "1 2", b"UNKEYWORD $work UNDELETED": ""}.get(key, expected)
        assert await ann.ok(b"SEARCH CHARSET UTF-8 " + key) == [f"* SEARCH {wanted}".rstrip().encode()], key


async def test_what_is_deleted_is_gone_for_others_and_comes_back(site: Site) -> None:
    person = await site.person("ann")
    ann, jmap = await site.sign_in("ann"), site.jmap(person)
    await ann.append("INBOX", plain("One"))
    await ann.append("INBOX", plain("Two"))
    await ann.ok("SELECT INBOX")
    inbox = await jmap.mailbox("inbox")
    before = await jmap("Email/query", filter={"inMailbox": inbox}, sort=[{"property": "receivedAt"}])
    state = (await jmap("Email/get", ids=[]))["state"]
    assert b"* 1 FETCH (FLAGS (\\Deleted))" in await ann.ok(r"STORE 1 +FLAGS (\Deleted)")
    assert (await jmap("Email/changes", sinceState=state))["destroyed"] == before["ids"][:1]
    assert (await jmap("Mailbox/get", ids=[inbox]))["list"][0]["totalEmails"] == 1
    assert await ann.ok("STATUS INBOX (MESSAGES DELETED)") == [b"* STATUS INBOX (MESSAGES 2 DELETED 1)"]
    other = await site.sign_in("ann", "INBOX")
    assert await other.ok("SEARCH DELETED") == [b"* SEARCH 1"]
    assert await other.ok("FETCH 1 (UID BODY.PEEK[TEXT])") == [b"* 1 FETCH (UID 1 BODY[TEXT] {8}\r\nWords.\r\n)"]
    assert b"* 1 FETCH (FLAGS ($kept))" in await other.ok("STORE 1 FLAGS ($kept)")
    after = await jmap("Email/query", filter={"inMailbox": inbox}, sort=[{"property": "receivedAt"}])
    assert after["ids"] == before["ids"]
    assert (await jmap("Email/get", ids=after["ids"][:1]))["list"][0]["keywords"] == {"$kept": True}
    assert b"* 1 FETCH (FLAGS ($kept))" in await ann.ok("NOOP")


async def test_a_part_of_what_is_found_is_told_fetched_and_saved(site: Site) -> None:
    """RFC 9394 §3.1, §3.2, §3.3, §3.4"""
    await site.person("ann")
    ann = await site.sign_in("ann", "INBOX")
    for number in range(5):
        await ann.append("INBOX", plain(str(number)))
    told = await ann.ok("UID SEARCH RETURN (PARTIAL -1:-2) ALL")
    assert told[-1].endswith(b"UID PARTIAL (-1:-2 4:5)")
    assert (await ann.ok("SEARCH RETURN (PARTIAL 8:9) ALL"))[-1].endswith(b"PARTIAL (8:9 NIL)")
    assert await ann.ok("UID FETCH 1:* (UID) (PARTIAL -1:-2)") == [b"* 4 FETCH (UID 4)", b"* 5 FETCH (UID 5)"]
    status = await ann.ok("STATUS INBOX (HIGHESTMODSEQ)")
    modseq = int(next(line for line in status if b"STATUS" in line).rstrip(b")").split()[-1])
    await ann.ok(r"STORE 1,5 +FLAGS (\Seen)")
    changed = await ann.ok(f"UID FETCH 1:* (UID) (PARTIAL 1:2 CHANGEDSINCE {modseq})")
    assert [line.split()[1] for line in changed] == [b"1"]
    for returns, saved in (
        ("PARTIAL 2:3", b"2 3"),
        ("PARTIAL 2:3 MAX", b"2 3 5"),
        ("PARTIAL 2:3 COUNT", b"1 2 3 4 5"),
    ):
        await ann.ok(f"SEARCH RETURN (SAVE {returns}) ALL")
        assert await ann.ok("SEARCH $") == [b"* SEARCH " + saved]


async def test_what_is_expunged_never_comes_back(site: Site) -> None:
    await site.person("ann")
    ann = await site.sign_in("ann")
    for subject in ("One", "Two", "Three"):
        await ann.append("INBOX", plain(subject))
    await ann.ok("SELECT INBOX")
    other = await site.sign_in("ann", "INBOX")
    await ann.ok(r"STORE 1,3 +FLAGS.SILENT (\Deleted)")
    assert await ann.ok("UID EXPUNGE 3") == [b"* 3 EXPUNGE"]
    assert await ann.ok("EXPUNGE") == [b"* 1 EXPUNGE"]
    assert (await other("FETCH 1 FLAGS"))[-1].startswith(b"OK [EXPUNGEISSUED]")
    assert await other.ok("NOOP") == [b"* 1 EXPUNGE", b"* 2 EXPUNGE"]
    assert b"APPENDUID" in (answer := (await ann.append("INBOX", plain("Four")))[-1])
    assert answer.split()[3] == b"4]"


async def test_copies_share_what_they_are_and_moves_leave_nothing(site: Site) -> None:
    person = await site.person("ann")
    ann, jmap = await site.sign_in("ann"), site.jmap(person)
    await ann.append("INBOX", plain("One"), r"\Seen")
    await ann.append("INBOX", plain("Two"))
    await ann.ok("SELECT INBOX")
    assert (await ann("COPY 1:2 Archive"))[-1].split()[3:] == [b"1:2", b"1:2]", b"Copied"]
    assert len((await jmap("Email/query"))["ids"]) == 2
    assert (await ann("COPY 1 INBOX"))[-1].split()[3:] == [b"1", b"3]", b"Copied"]
    assert len((await jmap("Email/query"))["ids"]) == 3
    lines = await ann("MOVE 2 Trash")
    assert lines[0].startswith(b"* OK [COPYUID ") and lines[1] == b"* 2 EXPUNGE"
    assert (await ann("MOVE 1 Nowhere"))[-1].startswith(b"NO [TRYCREATE]")
    await ann.ok("SELECT Archive")
    assert await ann.ok("SEARCH ALL") == [b"* SEARCH 1 2"]


async def test_a_waiting_client_hears_of_mail_and_of_changes(site: Site) -> None:
    person = await site.person("ann")
    ann, jmap = await site.sign_in("ann", "INBOX"), site.jmap(person)
    ann.send(b"i IDLE\r\n")
    assert await ann.line() == b"+ idling"
    await service.deliver(site.store, [Delivery(person.id)], plain("One"))
    assert [await ann.line(), await ann.line()] == [b"* 1 EXISTS", b"* 1 RECENT"]
    (number,) = (await jmap("Email/query"))["ids"]
    await jmap("Email/set", update={number: {"keywords/$flagged": True}})
    assert await ann.line() == b"* 1 FETCH (FLAGS (\\Flagged))"
    await jmap("Email/set", destroy=[number])
    assert await ann.line() == b"* 1 EXPUNGE"
    ann.send(b"DONE\r\n")
    assert (await ann.line()).startswith(b"i OK")


async def test_who_comes_back_hears_what_has_changed_since(site: Site) -> None:
    person = await site.person("ann")
    ann, jmap = await site.sign_in("ann"), site.jmap(person)
    for subject in ("One", "Two", "Three"):
        await ann.append("INBOX", plain(subject))
    await ann.ok("ENABLE QRESYNC")
    opened = b"\n".join(await ann.ok("SELECT INBOX")).decode()
    validity, modseq = (opened.split(f"[{word} ")[1].split("]")[0] for word in ("UIDVALIDITY", "HIGHESTMODSEQ"))
    await ann.ok("UNSELECT")
    ids = (await jmap("Email/query", sort=[{"property": "receivedAt"}]))["ids"]
    await jmap("Email/set", update={ids[0]: {"keywords/$seen": True}}, destroy=[ids[1]])
    lines = await ann.ok(f"SELECT INBOX (QRESYNC ({validity} {modseq} 1:3))")
    assert b"* VANISHED (EARLIER) 2" in lines
    assert [line.split(b" MODSEQ")[0] for line in lines if b"FETCH" in line] == [b"* 1 FETCH (UID 1 FLAGS (\\Seen)"]
    assert await ann.ok(f"UID FETCH 1:* (UID) (CHANGEDSINCE {modseq} VANISHED)") != []
    lines = await ann(f"UID STORE 1,3 (UNCHANGEDSINCE {modseq}) +FLAGS ($late)")
    assert b"[MODIFIED 1]" in lines[-1]


async def test_mail_of_others_is_seen_no_longer_than_it_is_shared(site: Site) -> None:
    ann, bob = await site.person("ann"), await site.person("bob")
    await service.deliver(site.store, [Delivery(bob.id)], plain("Of Bob"))
    scope = (await gate.require(site.store.db, bob, bob.id, "mail")).scope
    grant = await site.store.write(lambda unit: gate.give(unit, bob, scope.id, ann.id, Right.READ))
    client = await site.sign_in("ann", "Other Users/bob@example.org/INBOX")
    assert await client.ok("SEARCH SUBJECT bob") == [b"* SEARCH 1"]
    for command in (r"STORE 1 +FLAGS (\Seen)", "MOVE 1 INBOX", "EXPUNGE"):
        assert (await client(command))[-1].startswith(b"NO")
    await site.store.write(lambda unit: gate.withdraw(unit, bob, grant))
    stranger = await site.sign_in("ann")
    assert (await stranger('SELECT "Other Users/bob@example.org/INBOX"'))[-1].startswith(b"NO [NONEXISTENT]")
    assert not [line for line in await stranger.ok('LIST "" *') if b"bob" in line]


async def test_a_session_ends_with_its_sign_in(site: Site) -> None:
    person = await site.person("ann")
    client = await site.sign_in("ann", "INBOX")
    await site.store.write(lambda unit: unit.run("UPDATE principal SET disabled_ms = 1 WHERE id = ?", person.id))
    assert (await client("FETCH 1:* FLAGS"))[-1].startswith(b"* BYE")


async def test_commands_cost_no_more_than_what_they_show(site: Site) -> None:
    person = await site.person("ann")
    for number in range(60):
        await service.deliver(site.store, [Delivery(person.id)], plain(f"Mail {number}"))
    ann = await site.sign_in("ann", "INBOX")
    for command, most in (("NOOP", 3), ("FETCH 1:50 (UID FLAGS)", 6), ("FETCH 1:50 (UID ENVELOPE)", 8)):
        with counting() as seen:
            await ann.ok(command)
        assert len(seen) <= most, (command, seen.statements)


async def test_nonsense_is_answered_and_does_no_harm(site: Site) -> None:
    await site.person("ann")
    ann = await site.sign_in("ann", "INBOX")
    for command in (
        "FETCH",
        "FETCH 0 FLAGS",
        "STORE 1 FLAGS",
        "XYZZY",
        "SEARCH CHARSET KOI8-R ALL",
        "UID",
        "FETCH 1 ((",
    ):
        assert (await ann(command))[-1][:3] in (b"BAD", b"NO ")
    assert (await ann("NOOP"))[-1].startswith(b"OK")
    await asyncio.gather(*(one.ok("NOOP") for one in [await site.sign_in("ann", "INBOX") for _ in range(5)]))


async def test_what_is_said_may_be_compressed(site: Site) -> None:
    await site.person("ann")
    ann = await site.sign_in("ann")
    await ann.append("INBOX", plain("Large", "Words. " * 40_000))
    await ann.ok("COMPRESS DEFLATE")
    squeeze, unsqueeze = zlib.compressobj(wbits=-15), zlib.decompressobj(-15)

    async def asked(command: bytes, end: bytes) -> bytes:
        ann.send(squeeze.compress(command + b"\r\n") + squeeze.flush(zlib.Z_SYNC_FLUSH))
        found = b""
        while not found.endswith(end):
            found += unsqueeze.decompress(await ann.reader.read(65536))
        return found

    assert b"* 1 EXISTS" in await asked(b"a SELECT INBOX", b"a OK [READ-WRITE] Opened\r\n")
    raw = plain("Again", "Words. " * 100_000)
    assert b"APPENDUID" in await asked(b"b APPEND INBOX {%d+}\r\n" % len(raw) + raw, b"Kept\r\n")
    assert raw in await asked(b"c FETCH 2 BODY.PEEK[]", b"c OK Done\r\n")
    ann.send(b"this is not compressed\xff\xff\xff")
    assert await ann.reader.read() == b""


async def test_changes_elsewhere_are_told_to_who_asks(site: Site) -> None:
    person = await site.person("ann")
    ann, other = await site.sign_in("ann", "Archive"), await site.sign_in("ann", "INBOX")
    assert (await ann("NOTIFY SET (personal (Magic))"))[-1].startswith(b"NO [BADEVENT")
    told = await ann.ok("NOTIFY SET STATUS (personal (MessageNew MessageExpunge MailboxName))")
    assert b"* STATUS INBOX (MESSAGES 0 UIDNEXT 1 UIDVALIDITY " in b"\n".join(told) and len(told) == 5
    await service.deliver(site.store, [Delivery(person.id)], plain("One"))
    assert await ann.line() == b"* STATUS INBOX (MESSAGES 1 UIDNEXT 2 UNSEEN 1)"
    await other.ok("CREATE New")
    assert await ann.line() == b'* LIST () "/" New'
    await other.ok("DELETE New")
    assert await ann.line() == b'* LIST (\\NonExistent) "/" New'
    await other.ok("MOVE 1 Archive")
    assert await ann.line() == b"* 1 EXISTS"
    assert await ann.ok("NOTIFY NONE") is not None


async def test_what_is_said_before_tls_is_forgotten(site: Site) -> None:
    await site.person("ann")
    client = await site.connect()
    client.send(b'a STARTTLS\r\nb LOGIN ann@example.org "' + PASSWORD.encode() + b'"\r\n')
    assert (await client.line()).startswith(b"a OK")
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    await client.writer.start_tls(trusting)
    assert (await client("SELECT INBOX"))[-1].startswith(b"BAD")
    assert b"STARTTLS" not in (await client("CAPABILITY"))[0]
    await client.ok(f'LOGIN ann@example.org "{PASSWORD}"')
    assert (await client("STARTTLS"))[-1].startswith(b"BAD")


async def test_a_large_message_that_may_not_be_is_refused_and_the_session_goes_on(site: Site) -> None:
    await site.person("ann")
    ann = await site.sign_in("ann", "INBOX")
    raw = plain("Large", "Words. " * 500_000)
    assert (await ann.append("INBOX", raw))[-1].startswith(b"NO [TOOBIG]")
    assert (await ann("APPEND INBOX {99999999}"))[-1].startswith(b"NO [TOOBIG]")
    assert b"APPENDUID" in (await ann.append("INBOX", plain("Small")))[-1]
    assert (await ann.ok("SEARCH SUBJECT small"))[-1] == b"* SEARCH 1"
