"""Both sides of an account at another provider, a real Dovecot, end up the same whatever happens to either."""

from tests import dovecot as dovecots
from tests.mail.external.conftest import added, agree, letter, person

pytestmark = dovecots.marks
SENT = {"Sent": "Verschickt"}


def fill(box, number: int) -> None:
    for at in range(number):
        box.append("INBOX", "(\\Seen)" if at % 2 else "", None, letter(f"m{at}"))


async def test_what_is_there_is_here_and_what_is_done_here_is_done_there(app, dovecot) -> None:
    box = dovecot.box()
    fill(box, 30)
    box.create('"Projets/&AMk-t&AOk-"')
    box.append('"Projets/&AMk-t&AOk-"', "(\\Flagged $Work)", None, letter("p1"))
    box.append("Verschickt", "(\\Seen)", None, letter("s1"))
    ann = await person(app)
    away = await added(app, ann, dovecot.port)
    state = await away.until()
    assert (state["done"], state["total"]) == (32, 32)
    assert state["syncedAt"] and state["sentence"] == "" and "password" not in state
    await agree(away, box, SENT)
    boxes = await away.boxes()
    one, two, three, four = await away.emails("m1", "m2", "m3", "m4")
    created = await ann(("Mailbox/set", {"accountId": away.id, "create": {"n": {"name": "Công việc"}}}))
    work = created[0][1]["created"]["n"]["id"]
    draft = {
        "mailboxIds": {boxes["drafts"]: True},
        "keywords": {"$draft": True, "$seen": True},
        "messageId": ["d1@example.org"],
        "subject": "A draft",
        "from": [{"email": "bob@elsewhere.example"}],
    }
    await away.set(
        create={"d": draft},
        update={
            one: {"keywords/$flagged": True, "keywords/$seen": None},
            two: {"mailboxIds": {work: True}, "keywords/$answered": True},
            three: {"mailboxIds": {boxes["trash"]: True}},
        },
        destroy=[four],
    )
    await agree(away, box, SENT)
    here = await away.here()
    assert set(here) == {"INBOX", "Été", "Sent", "Công việc", "Drafts", "Trash"}
    assert here["Công việc"]["m2@example.org"] == (frozenset({"$answered"}),)
    assert "m4@example.org" not in here["INBOX"] and len(here["INBOX"]) == 27


async def test_what_is_done_there_is_done_here(app, dovecot) -> None:
    box = dovecot.box()
    fill(box, 12)
    ann = await person(app)
    away = await added(app, ann, dovecot.port)
    await away.until()
    before = await away.emails("m5")
    box.create("Archiv")
    box.select("INBOX")
    box.store("1", "+FLAGS", "(\\Flagged custom)")
    box.copy("6", "Archiv")
    box.store("6,7", "+FLAGS", "(\\Deleted)")
    box.expunge()
    box.append("INBOX", "", None, letter("new"))
    await agree(away, box, SENT)
    assert await away.emails("m5") == before, "a message that was moved there is the same one here"
    assert "m5@example.org" in (await away.here())["Archiv"]
    box.rename("Archiv", "Ablage")
    await agree(away, box, SENT)
    assert await away.emails("m5") == before
    assert "m5@example.org" in (await away.here())["Ablage"]  # Archiv may stay: Dovecot renames in several steps


async def test_filters_act_on_what_comes_in(one_app, dovecot) -> None:
    box = dovecot.box()
    fill(box, 3)
    ann = await person(one_app)
    away = await added(one_app, ann, dovecot.port)
    await away.until()
    source = """require ["fileinto", "mailbox", "imap4flags"];
        if header :contains "subject" "m1" { discard; }
        if header :contains "subject" "list" { fileinto :create :flags "\\\\Seen" "Lists"; }"""
    made = await ann(("Blob/upload", {"accountId": away.id, "create": {"u": {"data": [{"data:asText": source}]}}}))
    create = {"s": {"name": "mine", "blobId": made[0][1]["created"]["u"]["id"]}}
    given = {"accountId": away.id, "create": create, "onSuccessActivateScript": "#s"}
    assert (await ann(("SieveScript/set", given)))[0][1]["created"]
    box.append("INBOX", "", None, letter("list1"))
    box.append("INBOX", "", None, letter("other"))
    await agree(away, box, SENT)
    here = await away.here()
    assert here["Lists"] == {"list1@example.org": (frozenset({"$seen"}),)}
    assert set(here["INBOX"]) == {"m0@example.org", "m1@example.org", "m2@example.org", "other@example.org"}
