"""`parvis mail list`: groups as mailing lists."""

import argparse
from functools import partial

from parvis.access import directory
from parvis.kernel.errors import Invalid
from parvis.mail.lists import store
from parvis.mail.lists.model import OTHERS, POSTING, MailingList
from parvis.ops import people
from parvis.ops.commands.texts import Texts
from parvis.ops.program import Program
from parvis.store.sql.contract import Database
from parvis.store.unit import Unit


def add(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declares the arguments."""
    parser.add_argument("group", nargs="?", help=texts("list-group"))
    parser.add_argument("--posting", choices=POSTING, help=texts("list-posting"))
    parser.add_argument("--others", choices=OTHERS, help=texts("list-others"))
    parser.add_argument("--moderator", action="append", default=[], help=texts("list-moderator"))
    parser.add_argument("--subscribe", action="append", default=[], help=texts("list-subscribe"))
    parser.add_argument("--unsubscribe", action="append", default=[], help=texts("list-unsubscribe"))
    parser.add_argument("--end", action="store_true", help=texts("list-end"))


async def run(args: argparse.Namespace, program: Program) -> None:
    """Changes one list and shows it, or shows all. Raises NotFound, Invalid."""
    db = program.context.store.db
    if args.group is None:
        for each in await store.everyone(db):
            print(await _shown(db, each))
        return
    group = await people.find(program.context.store, args.group)
    if group.kind != "group" or not group.address:
        raise Invalid(f"{args.group} is no group")
    before = await store.by_id(db, group.id)
    posting = args.posting or (before.posting if before else "members")
    others = args.others or (before.others if before else "hold")
    moderators = [await people.find(program.context.store, each) for each in args.moderator]

    async def work(unit: Unit) -> None:
        await store.configure(unit, group.id, posting, others)
        for each in moderators:
            await directory.join(unit, group.id, each.id, "moderator")
        for address in args.subscribe:
            await store.subscribe(unit, group.id, address)
        for address in args.unsubscribe:
            await store.leave(unit, group.id, address)

    if args.end:
        await program.context.store.write(partial(store.end, group_id=group.id))
    else:
        await program.context.store.write(work)
    if after := await store.by_id(db, group.id):
        print(await _shown(db, after))


async def _shown(db: Database, of: MailingList) -> str:
    members, readers = len(await store.members(db, of.id)), len(await store.readers(db, of.id))
    held = len(await store.held(db, [of.id]))
    return f"{of.address}: {of.posting}, {of.others}; {members} + {readers}, {held} held"
