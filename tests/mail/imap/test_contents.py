"""What is held in memory of a mailbox is what the tables say, whatever happened to it and whoever did it."""

import random

import pytest

from parvis.mail.imap.contents import Contents, Shelf
from tests.mail.imap.conftest import Site

RAW = b"From: a@example.org\r\nSubject: n%d\r\n\r\ntext\r\n"
COMMANDS = (
    r"STORE {one} +FLAGS (\Seen)",
    r"STORE {one}:* -FLAGS (\Seen)",
    r"UID STORE {uid} +FLAGS.SILENT (\Flagged $work)",
    r"STORE {one} FLAGS ($other)",
    r"STORE {one} +FLAGS (\Deleted)",
    r"STORE {one} -FLAGS (\Deleted)",
    r"MOVE {one} Archive",
    r"COPY {one} INBOX",
    "EXPUNGE",
    "NOOP",
)


def shown(contents: Contents) -> list[tuple[int, str, bool]]:
    assert contents.flags is not None
    return [(uid, *contents.forms[place]) for uid, place in zip(contents.uids, contents.flags, strict=True)]


@pytest.mark.parametrize("seed", range(3))
async def test_as_the_tables_say(site: Site, seed: int) -> None:
    person = await site.person("ann")
    chance = random.Random(seed)
    clients = [await site.sign_in("ann", "INBOX") for _ in range(2)]
    await clients[0]("CREATE Archive")
    for number in range(12):
        await clients[0].append("INBOX", RAW % number, r"\Seen" if number % 3 else "")
    mailbox_id = await site.store.db.value(
        "SELECT id FROM mailbox WHERE account_id = ? AND role = 'inbox'", person.id
    )
    kept = Shelf(site.store.db)
    await kept.get(person.id, mailbox_id, flags=True)
    for _ in range(40):
        client = chance.choice(clients)
        text = chance.choice(COMMANDS).format(one=chance.randint(1, 10), uid=chance.randint(1, 20))
        await client(text)
        if chance.random() < 0.3:
            await client.append("INBOX", RAW % 99, "$late")
        fresh = shown(await Shelf(site.store.db).get(person.id, mailbox_id, flags=True))
        assert shown(await kept.get(person.id, mailbox_id, flags=True)) == fresh, text
        await client.ok("NOOP")
        told = {
            int(uid): words.split()
            for line in await client.ok("FETCH 1:* (UID FLAGS)")
            if b"FETCH" in line
            for uid, _, words in [line.decode().rstrip(")").split("UID ")[1].partition(" FLAGS (")]
        }
        assert {uid: (r"\Deleted" in words, r"\Seen" in words) for uid, words in told.items()} == {
            uid: (deleted, "$seen" in keywords.split()) for uid, keywords, deleted in fresh
        }, text
        assert len(await client.ok("SEARCH UNSEEN")) == 1
        unseen = [int(one) for one in (await client.ok("UID SEARCH UNSEEN"))[0].split()[2:]]
        assert unseen == [uid for uid, keywords, _ in fresh if "$seen" not in keywords.split()], text


async def test_a_mailbox_that_is_gone_holds_nothing(site: Site) -> None:
    person = await site.person("ann")
    client = await site.sign_in("ann")
    await client.ok("CREATE Old")
    await client.append("Old", RAW % 1)
    mailbox_id = await site.store.db.value(
        "SELECT id FROM mailbox WHERE account_id = ? AND name = 'Old'", person.id
    )
    kept = Shelf(site.store.db)
    assert len((await kept.get(person.id, mailbox_id, flags=True)).uids) == 1
    await client.ok("DELETE Old")
    assert not (await kept.get(person.id, mailbox_id, flags=True)).uids
