"""`parvis mail queue` and `parvis mail suppressed`: what is on its way out, and what is not tried."""

import argparse

from parvis.kernel import clock, ids
from parvis.kernel.errors import Invalid
from parvis.mail.queue import store, suppression
from parvis.mail.queue.jmap import act
from parvis.mail.queue.suppression import EVERYBODY
from parvis.ops.commands.texts import Texts
from parvis.ops.program import Program
from parvis.store.unit import Unit


def add_queue(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declares the arguments."""
    parser.add_argument("what", nargs="?", choices=("list", "retry", "hold", "drop"), default="list")
    parser.add_argument("id", nargs="*", help=texts("queue-id"))
    parser.add_argument("--all", action="store_true", help=texts("queue-all"))


async def queue(args: argparse.Namespace, program: Program) -> None:
    """Shows the queue, or acts on some messages. Raises Invalid."""
    keep = program.context.store
    messages = await store.listing(keep.db, 10_000)
    if args.what == "list":
        for message in messages:
            print(f"{ids.text(message.id)}  {clock.utc_date(message.queued_ms)}  {message.state}  "
                  f"<{message.sender}>  {message.size}")  # fmt: skip
            for one in message.recipients:
                print(f"    {one.state:9} {one.address}  {one.reply}")
        return
    known = {message.id for message in messages}
    wanted = known if args.all else {ids.parse(text) or 0 for text in args.id}
    if not args.all and (not wanted or wanted - known):
        raise Invalid("name messages of the queue by their ids, or --all")

    async def work(unit: Unit) -> int:
        return sum([await act(unit, args.what, number) for number in sorted(wanted)])

    print(f"{args.what}: {await keep.write(work)}")


def add_suppressed(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declares the arguments."""
    parser.add_argument("--lift", action="append", default=[], help=texts("suppressed-lift"))


async def suppressed(args: argparse.Namespace, program: Program) -> None:
    """Shows addresses that are left alone for everybody's mail, or lifts some. Raises Invalid."""
    keep = program.context.store
    for address in args.lift:
        if not await keep.write(lambda unit, address=address: suppression.lift(unit, address)):  # type: ignore[misc]
            raise Invalid(f"{address} is not left alone")
    for one in await suppression.listing(keep.db, [EVERYBODY], 10_000):
        print(f"{one.address}  {clock.utc_date(one.until_ms)}  {one.reason}")
