"""`parvis mail`: what other mail servers must know of us, lists, the queue, and what was deleted."""

import argparse

from parvis.kernel import clock, settings
from parvis.kernel.errors import Invalid
from parvis.kernel.languages import Language
from parvis.mail.doctor import zone
from parvis.mail.signing import KEEP_DAYS, PUBLISH_DAYS, Kept, Signer
from parvis.ops.commands import mail_lists, mail_queue, mail_vault
from parvis.ops.commands.mail_texts import say
from parvis.ops.commands.texts import Texts, language
from parvis.ops.program import Opener, Program

_DAY_MS = 86_400_000


def add(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declares the arguments."""
    acts = parser.add_subparsers(dest="act", required=True)
    keys = acts.add_parser("dkim", help=texts("mail-dkim"), description=texts("mail-dkim"))
    keys.add_argument("domain", nargs="*", help=texts("mail-domain"))
    keys.add_argument("--rotate", action="store_true", help=texts("mail-rotate"))
    keys.add_argument("--days", type=int, default=PUBLISH_DAYS, help=texts("mail-days"))
    mail_lists.add(acts.add_parser("list", help=texts("mail-list"), description=texts("mail-list")), texts)
    waiting = acts.add_parser("queue", help=texts("mail-queue"), description=texts("mail-queue"))
    mail_queue.add_queue(waiting, texts)
    alone = acts.add_parser("suppressed", help=texts("mail-suppressed"), description=texts("mail-suppressed"))
    mail_queue.add_suppressed(alone, texts)
    mail_vault.add(acts.add_parser("vault", help=texts("mail-vault"), description=texts("mail-vault")), texts)


async def run(args: argparse.Namespace, opener: Opener) -> int:
    """Carries out one act. Raises ParvisError."""
    program = await opener(settings.load(args.data))
    acts = {
        "dkim": _dkim,
        "list": mail_lists.run,
        "queue": mail_queue.queue,
        "suppressed": mail_queue.suppressed,
        "vault": mail_vault.run,
    }
    try:
        await acts[args.act](args, program)
    finally:
        await program.stop()
    return 0


async def _dkim(args: argparse.Namespace, program: Program) -> None:
    """Prints the DNS records of the keys that sign our mail; makes keys where there are none. Raises Invalid,
    Conflict."""
    spoken = language()
    domains = args.domain or program.context.settings.domains
    if not domains:
        raise Invalid(say(spoken, "no-domains"))
    if args.days < 0:
        raise Invalid("--days is 0 or more")
    signer = Signer(program.context.store, program.context.settings)
    for domain in domains:
        kept = await (signer.rotate(domain, args.days) if args.rotate else signer.keys(domain))
        for one in kept:
            print(f"; {_state(one, spoken)}\n{zone.txt(one.key.name, one.key.record)}")


def _state(one: Kept, spoken: Language) -> str:
    moment = one.from_ms if one.state == "next" else one.until_ms + KEEP_DAYS * _DAY_MS
    return say(spoken, f"key-{one.state}", day=clock.utc_date(moment)[:10])
