"""Filling a store with the demo: who sees what, where things are, and that a second run adds nothing."""

import io
import tarfile
from email.parser import BytesParser
from email.policy import SMTP

import pytest

from parvis.access import gate, signin
from parvis.kernel import clock
from parvis.mail import identity, mailboxes
from parvis.ops.demo import scenario
from parvis.ops.demo.corpus import without_envelope
from parvis.ops.demo.dates import Calendar
from parvis.ops.demo.letters import WIRE, Post
from parvis.ops.demo.load import Loader
from parvis.ops.progress import silent

PASSWORD = "quai-lotus-heron-4817"


@pytest.fixture
async def loader(store_sqlite, features):
    made = Loader(store_sqlite, features, scenario.organisation(), PASSWORD, silent)
    await made.organise()
    return made


@pytest.fixture(scope="module")
def post() -> Post:
    return Post(scenario.organisation(), scenario.drafts(), scenario.enclosures(), Calendar(clock.now_ms()))


async def test_everyone_can_sign_in(loader, store_sqlite) -> None:
    for person in scenario.organisation().accounts:
        who = await signin.authenticate(store_sqlite, person.address, PASSWORD, protocol="web", remote="127.0.0.1")
        assert (who.name, who.language) == (person.name, person.language)


async def test_members_see_their_space_and_others_do_not(loader, store_sqlite) -> None:
    async def owners(key: str) -> set[str]:
        accounts = await gate.accounts(store_sqlite.db, loader.principals[key], "mail")
        names = {principal.id: name for name, principal in loader.principals.items()}
        return {names[access.scope.account_id] for access in accounts}

    assert await owners("camille") == {"camille", "helene", "visite", "donnees"}
    assert await owners("tom") == {"tom", "donnees"}
    assert await owners("benoit") == {"benoit"}


async def test_people_sign_what_they_write(loader, store_sqlite) -> None:
    sql = "SELECT text_signature, html_signature FROM identity WHERE account_id = ?"
    text, html = await store_sqlite.db.row(sql, loader.principals["benoit"].id)
    assert text.startswith("Benoît Lefèvre\nDirection") and html.startswith("<p>Benoît Lefèvre<br>Direction")
    await store_sqlite.write(lambda unit: identity.sign(unit, loader.principals["benoit"].id, "other"))
    assert (await store_sqlite.db.row(sql, loader.principals["benoit"].id))[0] == text


def test_subjects_keep_their_blanks(post) -> None:
    for key, draft in post.drafts.items():
        written = BytesParser(policy=SMTP).parsebytes(post.message(key).as_bytes(policy=WIRE), headersonly=True)
        assert written["Subject"] == post.subject(draft)


async def test_the_plan_is_carried_out_once(loader, post, store_sqlite) -> None:
    assert await loader.write_mail(post) > 500
    camille = loader.principals["camille"].id
    boxes = {row.name: row for row in (await mailboxes.every(store_sqlite.db, camille)).values()}
    assert boxes["Boîte de réception"].unread_emails >= 4
    assert boxes["Brouillons"].total_emails == 1
    assert boxes["Traiteur"].parent_id == boxes["Visite"].id
    before = await store_sqlite.db.value("SELECT COUNT(*) FROM email")
    again = Loader(store_sqlite, loader.features, scenario.organisation(), PASSWORD, silent)
    await again.organise()
    assert await again.write_mail(post) == 0
    assert await store_sqlite.db.value("SELECT COUNT(*) FROM email") == before


async def test_public_mail_goes_on_where_it_ended(loader, tmp_path, store_sqlite) -> None:
    archive = tmp_path / "corpus.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        for folder in ("easy-ham-1", "easy-ham-2", "hard-ham-1", "spam-1"):
            for number in range(5):
                raw = f"From a@b.example Thu Aug 22 12:36:23 2002\nFrom: a@b.example\nSubject: {folder} {number}\n\nHi\n"
                info = tarfile.TarInfo(f"package/data/{folder}/{number:05}.txt")
                info.size = len(raw)
                tar.addfile(info, io.BytesIO(raw.encode()))
    assert await loader.write_corpus(archive, 3) == 9
    assert await loader.write_corpus(archive) == 6
    assert await loader.write_corpus(archive) == 0
    assert await store_sqlite.db.value("SELECT COUNT(*) FROM email") == 15


def test_an_mbox_envelope_is_taken_off() -> None:
    assert without_envelope(b"From x Thu\nSubject: a\n\nb") == b"Subject: a\n\nb"
    assert without_envelope(b"Subject: From here\n\nb") == b"Subject: From here\n\nb"
