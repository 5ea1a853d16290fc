"""`parvis doctor`: says what is right and what is wrong; with `mail`, what DNS says of our mail. Exit code 3 when
something is wrong."""

import argparse
from itertools import groupby

import msgspec

from parvis.kernel import settings
from parvis.kernel.languages import Language
from parvis.mail.signing import Signer
from parvis.ops.commands.mail_texts import say
from parvis.ops.commands.texts import Texts, language
from parvis.ops.doctor import examine
from parvis.ops.mail_doctor import MailDoctor, Record
from parvis.ops.program import Opener

_SIGNS = {"good": "✓", "note": "·", "fault": "✗"}
FAULTY = 3


def add(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declares the arguments."""
    parser.add_argument("part", nargs="?", choices=("mail",), help=texts("doctor-mail"))
    parser.add_argument("--json", action="store_true", help="for programs")


async def run(args: argparse.Namespace, opener: Opener) -> int:
    """Prints the findings; neither starts the program nor changes anything, but that `mail` makes the keys that
    are missing. Raises Invalid for wrong settings."""
    if args.part == "mail":
        return await _mail(args, opener)
    findings = await examine(settings.load(args.data))
    if args.json:
        print(msgspec.json.encode(findings).decode())
    else:
        width = max(len(finding.what) for finding in findings)
        for finding in findings:
            print(f"{_SIGNS[finding.verdict]} {finding.what:{width}}  {finding.words}")
    return FAULTY if any(finding.verdict == "fault" for finding in findings) else 0


async def _mail(args: argparse.Namespace, opener: Opener) -> int:
    program = await opener(settings.load(args.data))
    try:
        context, spoken = program.context, language()
        signer = Signer(context.store, context.settings)
        records = await MailDoctor(context.settings, context.resolver, signer).examine()
    finally:
        await program.stop()
    if args.json:
        print(msgspec.json.encode(records).decode())
    else:
        for where, group in groupby(records, key=lambda record: record.where):
            print("\n".join([where, *(_shown(record, spoken) for record in group)]))
        if not context.settings.domains:
            print(say(spoken, "no-domains"))
    return FAULTY if any(one.verdict == "fault" for one in records) else 0


def _shown(record: Record, spoken: Language) -> str:
    words = say(spoken, record.words, **record.values)
    return f"  {_SIGNS[record.verdict]} {record.what:8} {words}" + (
        f":\n      {record.line}" if record.line else ""
    )
