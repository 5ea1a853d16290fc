"""`parvis import`: mail of elsewhere, or a file of contacts or events, into an account. The same command again
goes on where it was broken off, and brings no card and no event twice."""

import argparse
import getpass
import os
import sys
from pathlib import Path

from parvis.access.principal import Principal
from parvis.calendar import transfer as agendas
from parvis.contacts import transfer
from parvis.kernel import settings
from parvis.kernel.egress import Egress
from parvis.kernel.errors import Invalid
from parvis.ops import people
from parvis.ops.commands.texts import Texts
from parvis.ops.imports import job
from parvis.ops.imports.eml import ENDINGS, Messages
from parvis.ops.imports.imap import Account, Imap
from parvis.ops.imports.importer import Importer
from parvis.ops.imports.maildir import Maildir
from parvis.ops.imports.mbox import Mbox
from parvis.ops.imports.reader import Reader
from parvis.ops.program import Opener
from parvis.ops.progress import Bar
from parvis.store.store import Store
from parvis.wire.mbox import looks_like_mbox

_PORTS = {"tls": 993, "starttls": 143, "none": 143}


def add(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declares the arguments."""
    parser.add_argument("address", help="whose account the mail goes to")
    parser.add_argument(
        "source",
        help="an mbox file, a Maildir, an .eml file, a folder of them, imap://user@host, a .vcf of contacts, or an "
        ".ics of events",
    )
    parser.add_argument("--under", default="", metavar="PATH", help="mailbox below which everything goes: Old/2019")
    parser.add_argument("--security", choices=tuple(_PORTS), default="tls", help="of the connection, for IMAP")
    parser.add_argument("--trust-all", action="store_true", help="accept any certificate, for IMAP")
    parser.add_argument("--password-stdin", action="store_true", help="read the IMAP password from standard input")


async def run(args: argparse.Namespace, opener: Opener) -> int:
    """Imports, shows how far it is, and prints the report. Raises ParvisError."""
    program = await opener(settings.load(args.data))
    try:
        store = program.context.store
        owner = await people.find(store, args.address)
        if args.source.lower().endswith(".vcf"):
            print(await _contacts(store, owner, Path(args.source)))
            return 0
        if args.source.lower().endswith((".ics", ".ical")):
            print(await _events(store, owner, Path(args.source)))
            return 0
        reader = _imap(args) if args.source.startswith("imap://") else local(Path(args.source))
        under = tuple(name for name in args.under.split("/") if name)
        importer = Importer(store, owner, owner.id, reader, Bar(), under)
        name = args.source if args.source.startswith("imap://") else str(Path(args.source).resolve())
        state = await job.perform(store, importer, name)
        print("\n".join(job.report(state)))
    finally:
        await program.stop()
    return 0


async def _contacts(store: Store, owner: Principal, path: Path) -> str:
    """Takes a file of cards into the first address book, whole or not at all. Raises Invalid with the line that is
    wrong."""
    if not path.is_file():
        raise Invalid(f"{path} is not there")
    done = await transfer.take_in(store, owner, owner.id, None, transfer.read(path.read_bytes()))
    return f"{len(done.created)} contacts imported, {done.skipped} were there already"


async def _events(store: Store, owner: Principal, path: Path) -> str:
    """Takes a file of events into the default calendar, whole or not at all. Raises Invalid with the line that is
    wrong."""
    if not path.is_file():
        raise Invalid(f"{path} is not there")
    drafts, others = agendas.read(path.read_bytes())
    done = await agendas.take_in(store, owner, owner.id, None, drafts)
    return f"{len(done.created)} events imported, {done.skipped + others} were there already or are no events"


def local(path: Path) -> Reader:
    """The reader for a file or folder, by what it looks like. Raises Invalid."""
    if not path.exists():
        raise Invalid(f"{path} is not there")
    if path.is_dir():
        maildir = (path / "cur").is_dir() or any(child.name == "cur" for child in path.glob("*/cur"))
        return Maildir(path) if maildir else Messages(path)
    if path.suffix.lower() in ENDINGS:
        return Messages(path)
    with path.open("rb") as file:
        return Mbox(path) if looks_like_mbox(file.read(4096)) else Messages(path)


def _imap(args: argparse.Namespace) -> Imap:
    """The reader for `imap://user@host[:port]`; a user name may hold an @ itself. The person who typed the host has
    allowed the contact with it, and only with it."""
    user, at, place = args.source.removeprefix("imap://").rstrip("/").rpartition("@")
    host, colon, port = place.partition(":")
    if not (at and user and host) or (colon and not port.isdigit()):
        raise Invalid("an IMAP account is written imap://user@host")
    account = Account(
        host,
        int(port) if port else _PORTS[args.security],
        user,
        _password(args),
        args.security,
        args.trust_all,
    )
    egress = Egress([host], frozenset())
    return Imap(account, lambda name, number: egress.check("import", name, number))


def _password(args: argparse.Namespace) -> str:
    if args.password_stdin:
        return sys.stdin.readline().rstrip("\n")
    return os.environ.get("PARVIS_IMAP_PASSWORD") or getpass.getpass("IMAP password: ")
