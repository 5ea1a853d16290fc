"""Fuzzing guided by coverage: python -m tests.fuzz SECONDS [TARGET...]

Each target runs for so long from the inputs that are kept, in a process of its own; what reaches further is kept, what
breaks something is kept too and fails from then on in test_fuzz.py until it is mended. Exits with 1 when something
broke. `--keep no` only looks: then the program is prepared once for all targets."""

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


def run(names: list[str], seconds: int, keep: bool) -> bool:
    """Fuzzes targets, one after the other. Returns whether nothing broke."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for name in names:
            for each in ("given", "least", "found"):
                (folder / name / each).mkdir(parents=True)
            for number, data in enumerate(corpus.kept(name)):
                (folder / name / "given" / str(number)).write_bytes(data)
        fuzzer = _fuzzer(",".join(names), folder)
        ended = fuzzer(
            f"-max_total_time={seconds}", f"-artifact_prefix={folder}/{{}}/found/", f"{folder}/{{}}/given"
        )
        broken = [_told(name, folder / name, keep) for name in names]
        if ended.returncode or any(broken):
            print(ended.stderr[-4000:])
        return not any(broken) and ended.returncode == 0


def _told(name: str, folder: pathlib.Path, keep: bool) -> int:
    """Says what came of a target, and keeps it. Returns how many inputs broke something."""
    begun, reached = len(corpus.kept(name)), len(list((folder / "given").iterdir()))
    broken = [file.read_bytes() for file in (folder / "found").iterdir()]
    print(f"{name}: {reached - begun} inputs reached further, {len(broken)} broke something", flush=True)
    if keep:
        corpus.keep_found(name, broken)
        merged = _fuzzer(name, folder)("-merge=1", str(folder / "least"), str(folder / "given"))
        if kept := [file.read_bytes() for file in (folder / "least").iterdir()]:
            corpus.keep(name, kept)
        else:
            print(merged.stderr[-4000:])
    return len(broken)


def _fuzzer(names: str, folder: pathlib.Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Starts libFuzzer on targets, with these options."""
    again = folder / "again"
    again.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tests.fuzz.one {names} "$0" "$@"\n')
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
    names, keep = given.targets or list(TARGETS), given.keep == "yes"
    whole = [run(each, given.seconds, keep) for each in ([[name] for name in names] if keep else [names])]
    return 0 if all(whole) else 1


if __name__ == "__main__":
    sys.exit(main())
