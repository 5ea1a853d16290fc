"""What URLs name: messages made of pieces of others, and pieces that somebody else may read, on both databases. RFC
4469, RFC 4467, RFC 5524"""

from parvis.access import gate
from parvis.access.principal import Right
from parvis.mail.model import SCOPE
from tests.mail.imap.conftest import Imap, Site
from tests.mail.imap.test_imap import MIXED, plain


def literal(text: bytes) -> bytes:
    return b"{%d+}\r\n%b" % (len(text), text)


async def body(client: Imap, number: int) -> bytes:
    (line,) = await client.ok(f"FETCH {number} BODY.PEEK[]")
    return line.partition(b"\r\n")[2].removesuffix(b")")


async def test_a_message_is_made_of_texts_and_of_pieces_of_others(site: Site) -> None:
    await site.person("ann")
    ann = await site.sign_in("ann")
    await ann.append("INBOX", MIXED)
    await ann.append("Archive", plain("One", "Words of one."))
    validity = (await ann.ok("SELECT Archive"))[-4].split()[3].rstrip(b"]")
    pieces = b'TEXT %b URL "/INBOX/;UID=1/;SECTION=1" TEXT %b URL "/Archive;UIDVALIDITY=%b/;UID=1/;SECTION=TEXT/;PARTIAL=0.5"'
    command = b"APPEND Archive (\\Seen) CATENATE (" + pieces % (
        literal(b"Subject: made\r\n\r\n"), literal(b"\r\n--\r\n"), validity,
    ) + b") CATENATE (URL /INBOX/;UID=1)"  # fmt: skip
    assert b"APPENDUID" in (await ann(command))[-1]
    await ann.ok("NOOP")
    assert await body(ann, 2) == b"Subject: made\r\n\r\nThe superstructure.\r\n--\r\nWords"
    assert await body(ann, 3) == MIXED


async def test_a_url_that_names_nothing_stops_all_of_it(site: Site) -> None:
    await site.person("ann")
    ann = await site.sign_in("ann")
    await ann.append("INBOX", plain("One"))
    text = b"TEXT " + literal(b"Subject: x\r\n\r\n")
    for url in (
        "/INBOX/;UID=2",
        "/INBOX;UIDVALIDITY=7/;UID=1",
        "/None/;UID=1",
        "/INBOX/;UID=1/;SECTION=4",
        "x",
        "/INBOX",
    ):
        answer = (await ann(b"APPEND INBOX CATENATE (" + text + b' URL "%b")' % url.encode()))[-1]
        assert answer.startswith(b"NO [BADURL %b]" % url.encode())
    assert (await ann(b"APPEND None CATENATE (URL /INBOX/;UID=1)"))[-1].startswith(b"NO [TRYCREATE]")
    assert await ann.ok("STATUS INBOX (MESSAGES)") == [b"* STATUS INBOX (MESSAGES 1)"]


async def test_pieces_are_together_no_larger_than_a_message_may_be(site: Site) -> None:
    await site.person("ann")
    ann = await site.sign_in("ann")
    await ann.append("INBOX", plain("Long", "x" * 1_600_000))
    url = b"URL /INBOX/;UID=1"
    assert (await ann(b"APPEND INBOX CATENATE (" + url + b" " + url + b")"))[-1].startswith(b"NO [TOOBIG]")
    half = b"TEXT " + literal(b"y" * 1_600_000)
    assert (await ann(b"APPEND INBOX CATENATE (" + half + b" " + half + b")"))[-1].startswith(b"NO [TOOBIG]")
    assert (await ann(b"APPEND INBOX CATENATE (" + half + b" TEXT " + literal(b"z") + b")"))[-1].startswith(b"OK")


async def test_pieces_come_from_what_others_share_and_from_nowhere_else(site: Site) -> None:
    ann, bob = await site.person("ann"), await site.person("bob")
    his = await site.sign_in("bob")
    await his.append("INBOX", plain("Secret"))
    hers = await site.sign_in("ann")
    command = b'APPEND INBOX CATENATE (URL "/Other%20Users/bob%40example.org/INBOX/;UID=1")'
    assert (await hers(command))[-1].startswith(b"NO [BADURL ")
    scope = (await gate.require(site.store.db, bob, bob.id, SCOPE)).scope
    await site.store.write(lambda unit: gate.give(unit, bob, scope.id, ann.id, Right.READ))
    assert (await hers(command))[-1].startswith(b"OK")
    await hers.ok("SELECT INBOX")
    assert await body(hers, 1) == plain("Secret")
