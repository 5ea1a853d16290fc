"""When messages came into a mailbox and which have left it, on both databases. RFC 8514, RFC 7162"""

import datetime

from parvis.kernel import clock
from parvis.mail import deleted
from tests.mail.imap.conftest import Site
from tests.mail.imap.test_imap import plain

DAY = datetime.timedelta(days=1)


async def test_when_a_message_was_put_into_a_mailbox(site: Site) -> None:
    """RFC 8514 §3, §4: a copy has a date of its own, and nothing changes it, marking and unmarking neither."""
    await site.person("ann")
    ann, now = await site.sign_in("ann"), clock.now().replace(microsecond=0)
    date = "{0.day:2d}-{0:%b-%Y %H:%M:%S} +0000".format
    await ann(b'APPEND INBOX "01-Jan-2001 10:00:00 +0000" {%d+}\r\n%b' % (len(plain("One")), plain("One")))
    await ann.ok("SELECT INBOX")
    await site.store.db.write(
        lambda tx: tx.run("UPDATE email_mailbox SET saved_ms = ?", clock.to_ms(now - 3 * DAY))
    )
    old, today = date(now - 3 * DAY), date(now)
    assert await ann.ok("FETCH 1 (SAVEDATE)") == [f'* 1 FETCH (SAVEDATE "{old}")'.encode()]
    for command in (r"STORE 1 +FLAGS.SILENT (\Deleted)", r"STORE 1 -FLAGS.SILENT (\Deleted)"):
        await ann.ok(command)
        assert await ann.ok("FETCH 1 SAVEDATE") == [f'* 1 FETCH (SAVEDATE "{old}")'.encode()]
        assert await ann.ok(f"SEARCH SAVEDON {old[:11].strip()}") == [b"* SEARCH 1"]
        assert await ann.ok(f"SEARCH SAVEDSINCE {today[:11].strip()}") == [b"* SEARCH"]
        assert await ann.ok(f"SEARCH SAVEDBEFORE {today[:11].strip()} SAVEDATESUPPORTED") == [b"* SEARCH 1"]
    await ann.ok("COPY 1 Archive")
    await ann.ok("SELECT Archive")
    (line,) = await ann.ok("FETCH 1 (SAVEDATE INTERNALDATE)")
    assert old.encode() not in line and b'INTERNALDATE " 1-Jan-2001' in line
    assert await ann.ok(f"SEARCH SAVEDSINCE {today[:11].strip()}") == [b"* SEARCH 1"]


async def test_a_message_from_before_counts_from_its_arrival(site: Site) -> None:
    await site.person("ann")
    ann = await site.sign_in("ann")
    await ann(b'APPEND INBOX "01-Jan-2001 10:00:00 +0000" {%d+}\r\n%b' % (len(plain("One")), plain("One")))
    await site.store.db.write(lambda tx: tx.run("UPDATE email_mailbox SET saved_ms = NULL"))
    await ann.ok("SELECT INBOX")
    assert await ann.ok("FETCH 1 SAVEDATE") == [b'* 1 FETCH (SAVEDATE " 1-Jan-2001 10:00:00 +0000")']
    assert await ann.ok("SEARCH SAVEDON 1-Jan-2001") == [b"* SEARCH 1"]


async def test_what_left_long_ago_is_forgotten_and_told_all_the_same(site: Site) -> None:
    """RFC 7162 §3.2.10.2: who has known too little for too long hears of all that is missing."""
    await site.person("ann")
    ann, idle = await site.sign_in("ann"), await site.sign_in("ann")
    for number in range(8):
        await ann.append("INBOX", plain(f"n{number}"))
    await idle.ok("SELECT INBOX")
    lines = await ann.ok("SELECT INBOX (CONDSTORE)")
    validity, first = [
        next(line for line in lines if word in line).split()[3].rstrip(b"]").decode()
        for word in (b"UIDVALIDITY", b"HIGHESTMODSEQ")
    ]
    for uid in (2, 3, 5, 6):
        await ann.ok(f"UID MOVE {uid} Trash")
        if uid == 5:
            (status,) = await ann.ok("STATUS INBOX (HIGHESTMODSEQ)")
            late = int(status.rstrip(b")").split()[-1])
    assert await deleted.forget_vanished(site.store, 2) == 2
    assert await deleted.forget_vanished(site.store, 2) == 0
    await ann.ok("ENABLE QRESYNC")

    async def told(since: int, known: str = "") -> list[bytes]:
        found = await ann.ok(f"SELECT INBOX (QRESYNC ({validity} {since}{known}))")
        return [line for line in found if b"VANISHED" in line]

    assert await told(late) == [b"* VANISHED (EARLIER) 6"]
    assert await told(int(first)) == [b"* VANISHED (EARLIER) 2:3,5:6"]
    assert await told(int(first), " 1:3,6,40:50") == [b"* VANISHED (EARLIER) 2:3,6"]
    assert await told(int(first), " 1,7:8") == []
    assert await ann.ok(f"UID FETCH 1:4 (UID) (CHANGEDSINCE {first} VANISHED)") == [b"* VANISHED (EARLIER) 2:3"]
    assert [line for line in await idle.ok("NOOP") if b"EXPUNGE" in line] == [
        b"* 2 EXPUNGE", b"* 2 EXPUNGE", b"* 3 EXPUNGE", b"* 3 EXPUNGE",
    ]  # fmt: skip
    await ann.ok("SELECT INBOX")
    assert (await ann.ok("UID SEARCH ALL"))[0] == b"* SEARCH 1 4 7 8"
