"""Searches whose results are kept up to date, on both databases. RFC 5267"""

from tests.mail.imap.conftest import Imap, Site
from tests.mail.imap.test_imap import plain


async def four(site: Site) -> tuple[Imap, Imap]:
    """Two sessions of one person with the messages D, B, C, A."""
    await site.person("ann")
    ann, other = await site.sign_in("ann", "INBOX"), await site.sign_in("ann", "INBOX")
    for word in "DBCA":
        await other.append("INBOX", plain(word))
    await ann.ok("NOOP")
    return ann, other


def changes(lines: list[bytes]) -> list[bytes]:
    """What is told of contexts and of messages that come and go."""
    words = (b"ESEARCH", b"EXPUNGE", b"EXISTS", b"VANISHED")
    return [line.replace(b"* ", b"", 1) for line in lines if any(word in line for word in words)]


async def test_what_comes_in_and_what_leaves_is_told(site: Site) -> None:
    """RFC 5267 §4.3.3, §4.3.4: sequence numbers are those of the moment."""
    ann, other = await four(site)
    ann.send(b"x1 SEARCH RETURN (UPDATE COUNT) FLAGGED UNDELETED\r\n")
    assert await ann.line() == b'* ESEARCH (TAG "x1") COUNT 0'
    assert (await ann.line()).startswith(b"x1 OK")
    await other.ok(r"STORE 1:2,4 +FLAGS (\Flagged)")
    assert changes(await ann.ok("NOOP")) == [b'ESEARCH (TAG "x1") ADDTO (0 1:2,4)']
    await other.ok(r"STORE 2 -FLAGS (\Flagged)")
    await other.append("INBOX", plain("E"), r"\Flagged")
    assert changes(await ann.ok("NOOP")) == [
        b'ESEARCH (TAG "x1") REMOVEFROM (0 2)', b"5 EXISTS", b'ESEARCH (TAG "x1") ADDTO (0 5)',
    ]  # fmt: skip
    await other.ok("MOVE 1,3:4 Trash")
    assert changes(await ann.ok("NOOP")) == [
        b'ESEARCH (TAG "x1") REMOVEFROM (0 1,4)', b"1 EXPUNGE", b"2 EXPUNGE", b"2 EXPUNGE",
    ]  # fmt: skip
    assert changes(await ann.ok(r"STORE 1:2 +FLAGS (\Flagged)")) == [b'ESEARCH (TAG "x1") ADDTO (0 1)']
    assert changes(await ann.ok(r"STORE 2 +FLAGS (\Deleted)")) == [b'ESEARCH (TAG "x1") REMOVEFROM (0 2)']
    await ann.ok('CANCELUPDATE "x1"')
    assert changes(await ann.ok(r"STORE 1 -FLAGS (\Flagged)")) == []
    assert (await ann('CANCELUPDATE "x1"'))[-1].startswith(b"NO")


async def test_a_sorted_context_says_places(site: Site) -> None:
    ann, other = await four(site)
    ann.send(b"x1 UID SORT RETURN (UPDATE ALL) (SUBJECT) UTF-8 KEYWORD $Work\r\n")
    assert await ann.line() == b'* ESEARCH (TAG "x1") UID'
    await ann.line()
    await other.ok("STORE 1,3 +FLAGS ($Work)")
    assert changes(await ann.ok("NOOP")) == [b'ESEARCH (TAG "x1") UID ADDTO (1 3,1)']  # C D
    await other.ok("STORE 2,4 +FLAGS ($Work)")
    assert changes(await ann.ok("NOOP")) == [b'ESEARCH (TAG "x1") UID ADDTO (1 4,2)']  # A B C D
    await other.ok("STORE 1,4 -FLAGS ($Work)")
    assert changes(await ann.ok("NOOP")) == [b'ESEARCH (TAG "x1") UID REMOVEFROM (4 1 1 4)']  # B C
    await other.ok("STORE 4 +FLAGS ($Work)")
    await other.append("INBOX", plain("BB"), "$Work")
    assert changes(await ann.ok("NOOP"))[1:] == [b'ESEARCH (TAG "x1") UID ADDTO (1 4 3 5)']  # A B BB C
    assert await ann.ok("UID SORT (SUBJECT) UTF-8 KEYWORD $Work") == [b"* SORT 4 2 5 3"]


async def test_numbers_mean_the_messages_of_the_moment(site: Site) -> None:
    """RFC 5267 §4.3"""
    ann, other = await four(site)
    ann.send(b"x1 UID SEARCH RETURN (UPDATE) 3:4 FLAGGED\r\nx2 UID SEARCH RETURN (UPDATE) NOT 2:* FLAGGED\r\n")
    for _ in range(4):
        await ann.line()
    await other.ok("MOVE 1 Trash")
    await ann.ok("NOOP")
    await other.ok(r"STORE 1:3 +FLAGS (\Flagged)")
    assert changes(await ann.ok("NOOP")) == [b'ESEARCH (TAG "x1") UID ADDTO (0 3:4)']


async def test_contexts_are_bounded_and_end_with_the_mailbox(site: Site) -> None:
    ann, other = await four(site)
    for number in range(17):
        ann.send(b"x%d SEARCH RETURN (UPDATE) ALL\r\n" % number)
        assert await ann.line() == b'* ESEARCH (TAG "x%d")' % number
        line = await ann.line()
        assert line.startswith(b'* NO [NOUPDATE "x16"]' if number == 16 else b"x%d OK" % number)
    await ann.line()
    ann.send(b"x1 SEARCH RETURN (UPDATE) ALL\r\n")
    assert (await ann.line()).startswith(b"x1 BAD")
    assert len(changes(await ann.ok("UID MOVE 1 Trash"))) == 17
    await ann.ok("SELECT Trash")
    await ann.ok("SELECT INBOX")
    await other.append("INBOX", plain("E"))
    assert changes(await ann.ok("NOOP")) == [b"4 EXISTS"]
    assert await ann.ok("SORT RETURN (MIN COUNT) (DATE) UTF-8 DELETED") == [b'* ESEARCH (TAG "t8") COUNT 0']
