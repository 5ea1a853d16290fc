"""The command line: what each command does to a data folder, what it prints, its exit codes."""

import asyncio
import io
import json
import sqlite3
import stat
import sys

import pytest

from parvis import chat
from parvis.kernel import settings
from parvis.kernel.egress import Egress
from parvis.kernel.settings import Settings
from parvis.mail import service
from parvis.mail.source import MailSource
from parvis.ops import cli, doctor, models, people
from parvis.ops.commands import demo, imports
from parvis.ops.commands.texts import TEXTS, Texts, language
from parvis.ops.imports.eml import Messages
from parvis.ops.imports.maildir import Maildir
from parvis.ops.imports.mbox import Mbox
from parvis.search.models.catalogue import Model
from parvis.search.service import Search
from parvis.serve.context import Context
from parvis.store.store import Store
from tests.ops.test_imports import envelope, letter

PASSWORD = "quai-lotus-heron-4817"


class Closed:
    """A program whose doors stay closed."""

    def __init__(self, context: Context, features) -> None:
        self.context, self.features = context, features

    async def start(self) -> dict[str, int]:
        raise AssertionError("no door is opened in these tests")

    async def stop(self) -> None:
        await self.context.store.close()


@pytest.fixture
def run(tmp_path, rooms, features, monkeypatch, capsys):
    """`run("account", "list")`: exit code and what was printed."""

    async def opener(settings: Settings) -> Closed:
        search = Search(None)
        store = await Store.open(settings, [*rooms, "chat", "search"], [search.prepare])
        search.open(store, [MailSource(store)])
        context = Context(settings, store, Egress([]))
        context.offer(search)
        return Closed(context, [*features, chat.feature(context)])

    def call(command: str, *arguments: str, stdin: str = "") -> tuple[int, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code = cli.main([command, "--data", str(tmp_path / "data"), *arguments], opener)
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    (tmp_path / "data").mkdir()
    return call


def test_accounts_are_made_listed_grouped_and_switched_off(run) -> None:
    code, said = run("account", "add", "ann@a.example", "--name", "Ann", "--password-stdin", stdin=PASSWORD + "\n")
    assert (code, said) == (0, "ann@a.example: person Ann\n")
    code, said = run("account", "add", "bob@a.example", "--name", "Bob", "--admin", "--language", "vi")
    assert "password " in said
    run("account", "add", "team@a.example", "--name", "Team", "--kind", "group")
    assert run("account", "group", "team@a.example", "--add", "ann@a.example")[1] == "Team: Ann\n"
    assert run("account", "group", "team@a.example", "--remove", "ann@a.example")[1] == "Team: nobody\n"
    listed = run("account", "list")[1]
    assert "person   vi  Bob *  bob@a.example" in listed
    run("account", "disable", "bob@a.example")
    assert "Bob" not in run("account", "list")[1]
    run("account", "enable", "bob@a.example")
    assert "Bob" in run("account", "list")[1]


def test_deleting_says_when_and_can_be_taken_back(run) -> None:
    run("account", "add", "ann@a.example", "--name", "Ann", "--password-stdin", stdin=PASSWORD + "\n")
    code, said = run("account", "delete", "ann@a.example")
    assert code == 0 and "CANNOT BE UNDONE" in said and "parvis account restore ann@a.example" in said
    assert "Ann" not in run("account", "list")[1]
    assert run("account", "restore", "ann@a.example") == (0, "ann@a.example: enabled\n")
    assert "Ann" in run("account", "list")[1]
    assert run("account", "delete", "ann@a.example", "--days", "-1")[0] == 1


def test_grants_are_given_and_withdrawn(run) -> None:
    for name in ("ann", "bob"):
        run("account", "add", f"{name}@a.example", "--name", name.title())
    code, said = run("account", "grant", "ann@a.example", "bob@a.example", "read,write", "--until", "2099-01-01")
    assert (code, said) == (0, "Bob may read,write in the mail of Ann\n")
    assert run("account", "grant", "ann@a.example", "bob@a.example", "none")[0] == 0
    code, said = run("account", "grant", "ann@a.example", "bob@a.example", "none")
    assert (code, said) == (1, "parvis: there is no such grant\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("account", "password", "nobody@a.example"), "nobody has the address"),
        (("account", "add", "no address", "--name", "X"), "is not an address"),
        (("import", "nobody@a.example", "x"), "nobody has the address"),
        (("chat", "purge", "#choir:a.example", "--before", "2026-01-01"), "no such room"),
        (("chat", "purge", "#choir:a.example", "--before", "yesterday"), "is no date"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(run, arguments, sentence) -> None:
    code, said = run(*arguments)
    assert code == 1
    assert said.startswith("parvis: ") and sentence in said and said.count("\n") == 1


def test_a_weak_password_is_refused(run) -> None:
    code, said = run("account", "add", "a@a.example", "--name", "A", "--password-stdin", stdin="short\n")
    assert (code, "at least 12 characters" in said) == (1, True)


def test_an_import_prints_its_report(run, tmp_path) -> None:
    run("account", "add", "ann@a.example", "--name", "Ann")
    (tmp_path / "old.mbox").write_bytes(envelope(letter(1)) + envelope(letter(2, "X-Mozilla-Status: 0009\n")))
    code, said = run("import", "ann@a.example", str(tmp_path / "old.mbox"), "--under", "Old/2019")
    assert code == 0
    assert "1 imported, 0 already there, 1 not imported" in said
    assert "marked as deleted, left out: old.mbox at byte" in said


def test_the_index_is_rebuilt_here_or_asked_for(run, tmp_path) -> None:
    run("account", "add", "ann@a.example", "--name", "Ann", "--admin")
    (tmp_path / "one.eml").write_bytes(letter(1))
    run("import", "ann@a.example", str(tmp_path / "one.eml"))
    code, said = run("reindex", "--here")
    assert code == 0 and "1 things, 1 passages, 0 could not be read" in said
    code, said = run("reindex")
    assert (code, "rebuilt by the server" in said) == (0, True)


def test_the_source_is_known_by_its_looks(tmp_path) -> None:
    (tmp_path / "m" / "cur").mkdir(parents=True)
    (tmp_path / "folder").mkdir()
    (tmp_path / "one.eml").write_bytes(letter(1))
    (tmp_path / "box").write_bytes(envelope(letter(1)))
    (tmp_path / "bare").write_bytes(letter(1))
    kinds = [type(imports.local(tmp_path / name)) for name in ("m", "folder", "one.eml", "box", "bare")]
    assert kinds == [Maildir, Messages, Messages, Mbox, Messages]


def test_the_demo_is_filled_once_and_noted(run, tmp_path) -> None:
    code, _ = run("demo", "--fill-only", "--public-mail", "none", "--no-model")
    assert code == 0
    file = tmp_path / "data" / "demo.json"
    note = json.loads(file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(note["people"]) == 10
    with sqlite3.connect(tmp_path / "data" / "parvis.sqlite") as database:
        done = dict(database.execute("SELECT progress, COUNT(*) FROM task GROUP BY progress"))
        linked = database.execute(
            "SELECT COUNT(*) FROM task WHERE CAST(content AS TEXT) LIKE '%open%Email%'"
        ).fetchone()[0]
        people = database.execute("SELECT COUNT(*) FROM task_person").fetchone()[0]
    assert done["completed"] >= 3 and sum(done.values()) >= 20 and linked >= 8 and people >= 10
    assert {"name", "address", "password", "language"} <= note["people"][0].keys()
    run("demo", "--fill-only", "--public-mail", "none", "--no-model")
    assert json.loads(file.read_text())["people"] == note["people"]
    assert 'domains = ["valmont.example"' in (tmp_path / "data" / "parvis.toml").read_text()


def test_demo_passwords_are_strong_enough_and_differ() -> None:
    from parvis.access import passwords

    made = {demo.new_password() for _ in range(50)}
    assert len(made) > 45
    for word in made:
        passwords.check(word)


async def test_the_doctor_finds_what_is_wrong(tmp_path) -> None:
    folder = tmp_path / "data"
    fresh = {finding.what: finding.verdict for finding in await doctor.examine(Settings(data=str(folder)))}
    assert fresh["database"] == "note" and "fault" not in fresh.values()
    folder.mkdir()
    (folder / "parvis.sqlite").write_bytes(b"SQLite format 3\0" + b"rubbish" * 2000)
    findings = {finding.what: finding for finding in await doctor.examine(Settings(data=str(folder)))}
    assert findings["database"].verdict == "fault"


async def test_the_doctor_misses_the_sealing_key(tmp_path) -> None:
    settings = Settings(data=str(tmp_path))
    store = await Store.open(settings, ["store"])

    async def said() -> doctor.Finding:
        return next(one for one in await doctor.examine(settings) if one.what == "sealing key")

    assert (await said()).verdict == "note"
    await store.sealer.seal("secret", "test")
    assert (await said()).verdict == "good"
    (tmp_path / "sealing.key").rename(tmp_path / "away.key")
    assert (await said()).verdict == "fault" and str(tmp_path / "sealing.key") in (await said()).words
    (tmp_path / "sealing.key").write_text("00" * 32)
    assert (await said()).verdict == "fault" and "is not the one" in (await said()).words
    settings.sealing_key = str(tmp_path / "away.key")
    assert (await said()).verdict == "good"
    await store.close()


def test_the_doctors_exit_code(run, tmp_path) -> None:
    assert run("doctor")[0] == 0
    (tmp_path / "data" / "parvis.sqlite").write_bytes(b"rubbish" * 2000)
    code, said = run("doctor")
    assert code == 3 and "✗ database" in said
    (tmp_path / "data" / "parvis.toml").write_text("nonsense = 1\n")
    code, said = run("doctor")
    assert code == 1 and "nonsense" in said


def test_help_is_in_the_terminals_language() -> None:
    assert language({"LANG": "fr_FR.UTF-8"}) == "fr"
    assert language({"LANGUAGE": "vi:en", "LANG": "fr_FR.UTF-8"}) == "vi"
    assert language({"LC_ALL": "C"}) == "en"
    assert all(set(texts) == {"fr", "vi", "en"} for texts in TEXTS.values())
    assert "remplir un dossier" in cli.parser(Texts("fr")).format_help()


def test_the_catalogue_is_listed(run) -> None:
    code, said = run("models", "list")
    assert code == 0 and "multilingual-e5-small            embeddings MIT" in said
    assert run("models", "pull", "nonsense")[0] == 1


async def test_a_model_that_another_folder_has_is_not_fetched_again(tmp_path) -> None:
    model = Model("toy", "embeddings", "MIT", "", (), ("toy/a.bin",))
    shelf, said = tmp_path / "shelf", []
    (shelf / "toy").mkdir(parents=True)
    (shelf / "toy" / "a.bin").write_bytes(b"weights")
    await models.install(model, tmp_path / "data", said.append, shelf)
    assert (tmp_path / "data" / "models" / "toy" / "a.bin").read_bytes() == b"weights"
    assert said == ["toy is there already"]


def test_an_imap_place_may_hold_an_at_sign(monkeypatch) -> None:
    monkeypatch.setenv("PARVIS_IMAP_PASSWORD", "x")
    args = cli.parser(Texts("en")).parse_args(
        ["import", "ann@a.example", "imap://ann@b.example@mail.b.example:1143", "--security", "none"]
    )
    reader = imports._imap(args)
    assert (reader._account.user, reader._account.host, reader._account.port) == (
        "ann@b.example",
        "mail.b.example",
        1143,
    )


def test_what_was_deleted_is_listed_and_restored(run, tmp_path, rooms, monkeypatch) -> None:
    monkeypatch.setenv("LANGUAGE", "en")
    run("account", "add", "ann@a.example", "--name", "Ann", "--password-stdin", stdin=PASSWORD + "\n")
    for name in ("Dépôt", "Other"):
        (tmp_path / f"{name}.eml").write_bytes(letter(name))
        run("import", "ann@a.example", str(tmp_path / f"{name}.eml"))

    async def delete() -> None:
        keep = await Store.open(settings.load(tmp_path / "data"), [*rooms, "search"], [Search(None).prepare])
        ann = await people.find(keep, "ann@a.example")
        numbers = [row[0] for row in await keep.db.rows("SELECT id FROM email")]
        assert len(numbers) == 2
        await keep.write(lambda unit: service.destroy(keep, unit, ann, ann.id, numbers))
        await keep.close()

    assert run("mail", "vault", "list", "ann@a.example") == (0, "")
    asyncio.run(delete())
    assert run("mail", "vault", "list", "ann@a.example")[1].count("until 20") == 2
    code, listed = run("mail", "vault", "list", "ann@a.example", "--text", "DEPOT")
    number, _, rest = listed.partition("  ")
    assert code == 0 and rest.endswith("  Letter Dépôt\n") and listed.count("\n") == 1
    assert run("mail", "vault", "restore", "ann@a.example")[0] == 1
    assert run("mail", "vault", "restore", "ann@a.example", number) == (0, "restored: 1\n")
    assert run("mail", "vault", "restore", "ann@a.example", number)[0] == 1
    assert "Other" in run("mail", "vault", "list", "ann@a.example")[1]
    assert run("mail", "vault", "restore", "ann@a.example", "--all") == (0, "restored: 1\n")
    assert run("mail", "vault", "list", "ann@a.example") == (0, "")
    assert run("mail", "vault", "list", "nobody@a.example")[0] == 1
