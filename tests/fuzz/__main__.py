"""Fuzzing guided by coverage: python -m tests.fuzz SECONDS [TARGET...]

Each target runs for so long from the inputs that are kept, in a process of its own; what reaches further is kept, what
breaks something is kept too and fails from then on in test_fuzz.py until it is mended. Exits with 1 when something
broke. `--keep no` only looks."""

import argparse
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Callable

from tests.fuzz import corpus

MOST_BYTES = 1_024
SLOWEST_SECONDS = 10
TARGETS = (
    "cards",
    "contentlines",
    "dav",
    "icalendar",
    "imap",
    "managesieve",
    "matrix",
    "mbox",
    "mime",
    "opengraph",
    "reports",
    "senders",
    "sieve",
    "smtp",
)


def run(name: str, seconds: int, keep: bool) -> bool:
    """Fuzzes one target. Returns whether nothing broke."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        given, least, found = folder / "given", folder / "least", folder / "found"
        for each in (given, least, found):
            each.mkdir()
        for number, data in enumerate(corpus.kept(name)):
            (given / str(number)).write_bytes(data)
        begun = len(corpus.kept(name))
        fuzzer = _fuzzer(name, folder)
        ended = fuzzer(f"-max_total_time={seconds}", f"-artifact_prefix={found}/", str(given))
        broken = [file.read_bytes() for file in found.iterdir()]
        print(f"{name}: {len(list(given.iterdir())) - begun} inputs reached further, {len(broken)} broke something")
        if ended.returncode or broken:
            print(ended.stderr[-4000:])
        if keep:
            corpus.keep_found(name, broken)
            merged = fuzzer("-merge=1", str(least), str(given))
            if kept := [file.read_bytes() for file in least.iterdir()]:
                corpus.keep(name, kept)
            else:
                print(merged.stderr[-4000:])
        return not broken and ended.returncode == 0


def _fuzzer(name: str, folder: pathlib.Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Starts libFuzzer on a target, with these options."""
    again = folder / "again"
    again.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tests.fuzz.one {name} "$0" "$@"\n')
    again.chmod(0o700)
    fixed = (f"-max_len={MOST_BYTES}", f"-timeout={SLOWEST_SECONDS}", "-rss_limit_mb=2048")

    def start(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(again), *fixed, *options], capture_output=True, text=True, errors="replace", check=False
        )

    return start


def main() -> int:
    """Fuzzes what the command line says."""
    parser = argparse.ArgumentParser("python -m tests.fuzz")
    parser.add_argument("seconds", type=int)
    parser.add_argument("targets", nargs="*", choices=[[], *TARGETS])
    parser.add_argument("--keep", choices=["yes", "no"], default="yes")
    given = parser.parse_args()
    whole = [run(name, given.seconds, given.keep == "yes") for name in given.targets or TARGETS]
    return 0 if all(whole) else 1


if __name__ == "__main__":
    sys.exit(main())
