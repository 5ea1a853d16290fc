"""`parvis doctor`: says what is right and what is wrong. Exit code 3 when something is wrong."""

import argparse

import msgspec

from parvis.kernel import settings
from parvis.ops.commands.texts import Texts
from parvis.ops.doctor import examine
from parvis.ops.program import Opener

_SIGNS = {"good": "✓", "note": "·", "fault": "✗"}
FAULTY = 3


def add(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declares the arguments."""
    parser.add_argument("--json", action="store_true", help="for programs")


async def run(args: argparse.Namespace, opener: Opener) -> int:
    """Prints the findings; neither starts the program nor changes anything. Raises Invalid for wrong settings."""
    findings = await examine(settings.load(args.data))
    if args.json:
        print(msgspec.json.encode(findings).decode())
    else:
        width = max(len(finding.what) for finding in findings)
        for finding in findings:
            print(f"{_SIGNS[finding.verdict]} {finding.what:{width}}  {finding.words}")
    return FAULTY if any(finding.verdict == "fault" for finding in findings) else 0
