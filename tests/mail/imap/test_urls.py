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
    (validity,) = [line.split()[3][:-1] for line in await ann.ok("SELECT Archive") if b"UIDVALIDITY" in line]
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


TREE = MIXED.replace(
    b"Content-Type: text/plain\r\n", b"Content-Type: text/x; charset=utf-8\r\nContent-Transfer-Encoding: x-odd\r\n"
)


async def signed(client: Imap, url: str, access: str = "authuser") -> bytes:
    (line,) = await client.ok(f'GENURLAUTH "{url};URLAUTH={access}" INTERNAL')
    return line.removeprefix(b"* GENURLAUTH ").strip(b'"')


async def test_others_read_what_a_url_is_signed_for(site: Site) -> None:
    """RFC 4467 §6, §7"""
    for name in ("ann", "bob", "eve"):
        await site.person(name)
    ann, bob, eve = [await site.sign_in(name) for name in ("ann", "bob", "eve")]
    await ann.append("INBOX", plain("One", "Words of one."))
    url = "imap://ann@example.org/INBOX/;UID=1/;SECTION=TEXT"
    for_bob = await signed(ann, url, "user+bob@example.org")
    for_all = await signed(ann, url)
    assert await bob.ok(b'URLFETCH "%b"' % for_bob) == [b'* URLFETCH "%b" {15}\r\nWords of one.\r\n' % for_bob]
    assert await eve.ok(b'URLFETCH "%b"' % for_all) == [b'* URLFETCH "%b" {15}\r\nWords of one.\r\n' % for_all]
    for wrong in (
        for_bob,
        for_all.replace(b"UID=1", b"UID=2"),
        for_all.replace(b"TEXT", b"HEADER"),
        for_all.replace(b"ann", b"eve"),
        for_all[:-1] + (b"1" if for_all.endswith(b"0") else b"0"),
        url.encode(),
        await signed(ann, url, "submit+eve@example.org"),
        await signed(ann, f"{url};EXPIRE=2020-01-01T00:00:00Z"),
        await signed(ann, "imap://ann@example.org/INBOX/;UID=9"),
    ):
        assert await eve.ok(b'URLFETCH "%b"' % wrong) == [b'* URLFETCH "%b" NIL' % wrong]
    for bad in (url, f"{url};URLAUTH=user", for_all.decode(), url.replace("ann", "bob") + ";URLAUTH=authuser"):
        assert (await ann(f'GENURLAUTH "{bad}" INTERNAL'))[-1].startswith(b"BAD")
    archive = await signed(ann, "imap://ann@example.org/Archive/;UID=1")
    await ann.ok("RESETKEY INBOX")
    assert await bob.ok(b'URLFETCH "%b"' % for_bob) == [b'* URLFETCH "%b" NIL' % for_bob]
    await ann.append("Archive", plain("Two"))
    assert b"Two" in (await eve.ok(b'URLFETCH "%b"' % archive))[0]
    await ann.ok("RESETKEY")
    assert await eve.ok(b'URLFETCH "%b"' % archive) == [b'* URLFETCH "%b" NIL' % archive]
    assert (await ann("RESETKEY None"))[-1].startswith(b"NO [NONEXISTENT]")


async def test_a_url_opens_no_more_than_its_owner_may_read(site: Site) -> None:
    ann, bob = await site.person("ann"), await site.person("bob")
    his, hers = await site.sign_in("bob"), await site.sign_in("ann")
    await his.append("INBOX", plain("Shared"))
    scope = (await gate.require(site.store.db, bob, bob.id, SCOPE)).scope
    grant = await site.store.write(lambda unit: gate.give(unit, bob, scope.id, ann.id, Right.READ))
    url = await signed(hers, "imap://ann@example.org/Other%20Users/bob%40example.org/INBOX/;UID=1")
    assert b"Shared" in (await his.ok(b'URLFETCH "%b"' % url))[0]
    await site.store.write(lambda unit: gate.withdraw(unit, bob, grant))
    assert await his.ok(b'URLFETCH "%b"' % url) == [b'* URLFETCH "%b" NIL' % url]


async def test_a_part_comes_without_its_encoding(site: Site) -> None:
    """RFC 5524 §3, §4"""
    await site.person("ann")
    ann = await site.sign_in("ann")
    await ann.append("INBOX", TREE.replace(b"VHLhuqduIEjGsMahbmc=", b"AAEC"))
    odd, part = [await signed(ann, f"imap://ann@example.org/INBOX/;UID=1/;SECTION={one}") for one in (1, 2)]
    head = b'* URLFETCH "%b" ' % part
    form = b'("text" "plain" ("charset" "utf-8") NIL NIL "%b" %d %d NIL NIL NIL NIL)'
    assert await ann.ok(b'URLFETCH ("%b" BINARY)' % part) == [head + b"(BINARY ~{3}\r\n\0\1\2)"]
    assert await ann.ok(b'URLFETCH ("%b" BODYPARTSTRUCTURE BODY)' % part) == [
        head + b'(BODYPARTSTRUCTURE %b) (BODY "AAEC")' % (form % (b"base64", 4, 0))
    ]
    assert await ann.ok(b'URLFETCH ("%b" BINARY BODYPARTSTRUCTURE)' % part) == [
        head + b"(BODYPARTSTRUCTURE %b) (BINARY ~{3}\r\n\0\1\2)" % (form % (b"binary", 3, 0))
    ]
    (line,) = await ann.ok(b'URLFETCH ("%b" BINARY BODYPARTSTRUCTURE)' % odd)
    assert line.endswith(b"(BINARY NIL)") and b'"x-odd"' in line
    assert (await ann(b'URLFETCH ("%b" BINARY BODY)' % odd))[-1].startswith(b"BAD")
