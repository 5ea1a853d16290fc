"""`parvis doctor`: says what is right and what is wrong; with `mail`, what others say of our mail. Exit code 3 when
something is wrong."""

import argparse
from collections.abc import Iterator
from typing import Any

import msgspec

from parvis.kernel import settings
from parvis.mail.doctor.service import diagnose
from parvis.ops.commands.mail_texts import say
from parvis.ops.commands.texts import Texts, language
from parvis.ops.doctor import examine
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
    """What DNS, other servers' answers and their reports say of our mail."""
    program = await opener(settings.load(args.data))
    try:
        context, spoken = program.context, language()
        found = await diagnose(context)
    finally:
        await program.stop()
    shown = found.shown(spoken)
    if args.json:
        print(msgspec.json.encode(shown).decode())
    else:
        for group in (shown["server"], *(each["records"] for each in shown["domains"])):
            print("\n".join([group[0]["where"], *map(_record, group)]))
        if not context.settings.domains:
            print(say(spoken, "no-domains"))
        if shown["mail"]:
            print("\n".join(["", *(line for one in shown["mail"] for line in _finding(one))]))
    return FAULTY if found.is_faulty else 0


def _record(one: dict[str, Any]) -> str:
    line = f":\n      {one['line']}" if one["line"] else ""
    return f"  {_SIGNS[one['verdict']]} {one['what']:8} {one['sentence']}{line}"


def _finding(one: dict[str, Any]) -> Iterator[str]:
    yield f"{_SIGNS[one['severity']]} {one['title']} — {one['sentence']}"
    for more in (one["advice"], one["example"] and f"« {one['example']} »", one["line"]):
        if more:
            yield f"      {more}"
