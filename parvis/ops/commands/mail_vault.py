"""`parvis mail vault`: what a person deleted for good and can still have back."""

import argparse

from parvis.kernel import clock, ids
from parvis.kernel.errors import Invalid
from parvis.kernel.languages import fold
from parvis.mail.vault import store
from parvis.mail.vault.service import restore, since_ms
from parvis.mail.vault.store import Kept
from parvis.ops import people
from parvis.ops.commands.mail_texts import say
from parvis.ops.commands.texts import Texts, language
from parvis.ops.program import Program


def add(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declares the arguments."""
    parser.add_argument("what", choices=("list", "restore"))
    parser.add_argument("person", help=texts("vault-person"))
    parser.add_argument("id", nargs="*", help=texts("vault-id"))
    parser.add_argument("--text", default="", help=texts("vault-text"))
    parser.add_argument("--all", action="store_true", help=texts("vault-all"))


async def run(args: argparse.Namespace, program: Program) -> None:
    """Shows a person's vault, the last deleted first, or puts messages back where they were. Raises NotFound,
    Invalid, OverQuota."""
    keep, days = program.context.store, program.context.settings.mail.vault_days
    person = await people.find(keep, args.person)
    found = [one for one in await store.read(keep.db, person.id, since_ms(days)) if _holds(one, args.text)]
    if args.what == "list":
        for one in found:
            print(_shown(one, days))
        return
    wanted = [one.id for one in found] if args.all else [ids.parse(text) or 0 for text in args.id]
    if not wanted and not args.all:
        raise Invalid(say(language(), "vault-which"))
    for number in wanted:
        await restore(keep, person, number, days)
    print(say(language(), "vault-restored", count=str(len(wanted))))


def _holds(one: Kept, text: str) -> bool:
    return fold(text) in fold(one.subject) or fold(text) in fold(one.sender)


def _shown(one: Kept, days: int) -> str:
    ends = clock.utc_date(one.deleted_ms + days * store.DAY_MS)[:10]
    until = say(language(), "vault-until", day=ends)
    return f"{ids.text(one.id)}  {clock.utc_date(one.deleted_ms)}  {until}  {one.sender}  {one.subject}"
