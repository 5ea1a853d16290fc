"""`parvis demo`: a data folder with the demo organisation, and the server on it."""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from parvis.access.principal import Principal
from parvis.chat.rooms.service import Rooms
from parvis.kernel import clock, ids, settings
from parvis.kernel.errors import ParvisError, Unavailable
from parvis.ops import indexing, models
from parvis.ops.commands import serve
from parvis.ops.commands.texts import Texts
from parvis.ops.demo import agenda, contacts, corpus, scenario, standing
from parvis.ops.demo.dates import Calendar
from parvis.ops.program import Opener, Program
from parvis.ops.progress import Bar
from parvis.search.models.catalogue import model_named

if TYPE_CHECKING:
    from parvis.ops.demo.letters import Post

NOTE = "demo.json"


def add(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declares the arguments."""
    parser.add_argument("--port", type=int, help=texts("port"))
    parser.add_argument("--fill-only", action="store_true", help=texts("fill-only"))
    parser.add_argument("--public-mail", metavar="FILE", help=texts("public-mail"))
    parser.add_argument("--no-model", action="store_true", help=texts("no-model"))


async def run(args: argparse.Namespace, opener: Opener) -> int:
    """Fills what is missing, then serves."""
    folder = Path(args.data)
    prepare(folder)
    note = read_note(folder)
    if not args.no_model:
        await _fetch_model(folder)
    write_note(folder, note)
    if args.fill_only:
        return await _fill_here(args, opener, note)
    await _fill_apart(args)
    program = await opener(serve.with_port(settings.load(folder), args.port))
    try:
        ports = await program.start()
        note |= {"url": serve.address(program.context.settings, ports), "ports": dict(ports)}
        write_note(folder, note)
        show(note)
        await serve.until_told_to_stop(indexing.follow(program, Bar()))
    finally:
        await program.stop()
    return 0


def prepare(folder: Path) -> None:
    """Makes the data folder and, when it has none, its settings: mail of the demo's domains, on free ports."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "parvis.toml"
    if not file.exists():
        domains = ", ".join(f'"{domain}"' for domain in scenario.organisation().domains)
        file.write_text(
            f"# Made by `parvis demo`; every setting is described in docs/reference/settings.md\n"
            f'domains = [{domains}]\nlanguage = "fr"\n\n'
            "[ports]\nhttp = 8080\nsmtp = 0\nsubmission = 0\nimap = 0\nsieve = 0\n\n"
            "[delivery.routes]  # nobody answers there: mail waits, for the queue to be seen\n"
            '"silence.example" = "127.0.0.1:1"\n"absence.example" = "127.0.0.1:1"\n'
        )


def read_note(folder: Path) -> dict[str, Any]:
    """What an earlier run left in demo.json: when the demo was filled, and its password; else a new one."""
    file = folder / NOTE
    note: dict[str, Any] = msgspec.json.decode(file.read_bytes()) if file.exists() else {}
    people = note.get("people") or [{}]
    password = people[0].get("password") or new_password()
    return {
        "url": note.get("url", ""),
        "ports": note.get("ports", {}),
        "filled_ms": note.get("filled_ms") or clock.now_ms(),
        "people": [
            {
                "name": person.name,
                "address": person.address,
                "password": password,
                "language": person.language,
                "role": person.role,
                "administrator": person.admin,
            }
            for person in scenario.organisation().accounts
        ],
    }


def new_password() -> str:
    """Three words and a number: easy to type, other in every folder."""
    known = (scenario.FOLDER / "words.txt").read_text().split()
    letters = ids.token(8).encode()
    words = [known[letters[n] * 7 % len(known)] for n in range(3)]
    return "-".join([*words, f"{letters[3] * letters[4] * letters[5] % 9000 + 1000}"])


def write_note(folder: Path, note: dict[str, Any]) -> None:
    """Writes demo.json, readable by its owner alone, never half."""
    temporary = folder / f".{NOTE}"
    temporary.touch(0o600)
    temporary.write_bytes(msgspec.json.format(msgspec.json.encode(note), indent=2))
    temporary.replace(folder / NOTE)


async def _fetch_model(folder: Path) -> None:
    """Fetches the model of meaning; the demo goes on with words alone when it cannot be had."""
    try:
        await models.install(model_named(models.MEANING), folder, lambda line: print(f"  {line}", file=sys.stderr))
    except ParvisError as error:
        print(f"  no model of meaning ({error.sentence}); search finds words only", file=sys.stderr)


def _archive(given: str | None) -> Path | None:
    if given == "none":
        return None
    found = Path(given) if given else corpus.archive()
    if found is None:
        print("  no public mail: `bash tools/setup.sh demo` fetches it; the demo goes on without", file=sys.stderr)
    return found


async def _fill_apart(args: argparse.Namespace) -> None:
    """Fills in a process of its own: what makes the attachments would stay in the server's memory. Raises
    Unavailable when it failed; it has said why."""
    command = [sys.executable, "-m", "parvis", "demo", "--data", args.data, "--fill-only", "--no-model"]
    if args.public_mail:
        command += ["--public-mail", args.public_mail]
    child = await asyncio.create_subprocess_exec(*command)
    try:
        code = await child.wait()
    except asyncio.CancelledError:
        child.terminate()
        await child.wait()
        raise
    if code:
        raise Unavailable("the demo could not be filled")


async def _fill_here(args: argparse.Namespace, opener: Opener, note: dict[str, Any]) -> int:
    program = await opener(settings.load(args.data))
    try:
        await fill(program, note, _archive(args.public_mail))
    finally:
        await program.stop()
    return 0


async def fill(program: Program, note: dict[str, Any], archive: Path | None) -> None:
    """Puts people and mail in, as far as they are missing. Needs the libraries of the extra `demo`."""
    from parvis.ops.demo import folders
    from parvis.ops.demo.chores import Chores
    from parvis.ops.demo.letters import Post
    from parvis.ops.demo.load import Loader

    organisation, bar = scenario.organisation(), Bar()
    password = note["people"][0]["password"]
    loader = Loader(program.context.store, program.features, organisation, password, bar)
    await loader.organise()
    calendar = Calendar(note["filled_ms"])
    post = Post(organisation, scenario.drafts(), scenario.enclosures(), calendar)
    await loader.write_mail(post)
    known = {key: post.message_id(key)[1:-1] for key in scenario.drafts()}
    context = program.context
    await Chores(context.store, loader.principals, calendar, known, context.public_url).write()
    await contacts.write(program.context.store, loader.principals)
    await folders.write(program.context.store, loader.principals, post)
    await agenda.write(program.context.store, loader.principals, calendar)
    await _talk(program, loader.principals, post)
    await standing.write(program.context.store, organisation.domains, calendar)
    if archive is not None:
        await loader.write_corpus(archive)


async def _talk(program: Program, principals: Mapping[str, Principal], post: "Post") -> None:
    """Fills the rooms; the chat is open while that lasts."""
    from parvis.ops.demo.talks import Talks

    chat = next(each for each in program.features if each.name == "chat")
    assert chat.start and chat.stop
    await chat.start()
    try:
        await Talks(program.context.need(Rooms), principals, post).write()
    finally:
        await chat.stop()


def show(note: Mapping[str, Any]) -> None:
    """Prints address and sign-ins."""
    people = note["people"]
    width = max(len(person["address"]) for person in people)
    bold, plain = ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() and "NO_COLOR" not in os.environ else ("", "")
    ports = ", ".join(f"{name} {port}" for name, port in sorted(note["ports"].items()) if name != "http")
    print(f"\n  {bold}{note['url']}{plain}\n")
    print(f"  password of everyone: {bold}{people[0]['password']}{plain}\n")
    for person in people:
        print(f"  {person['address']:{width}}  {person['language']}  {person['name']}, {person['role']}")
    if ports:
        print(f"\n  also listening: {ports}")
    print("\n  Search and assistant learn the messages in the background. Ctrl-C ends the server.\n", flush=True)
