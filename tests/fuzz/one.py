"""The process that fuzzes: python -m tests.fuzz.one TARGET[,TARGET...] AGAIN [options of libFuzzer]

Targets are fuzzed one after the other, each in a fork of this process, which has prepared the program for it once;
`{}` in an option stands for the target. Exits with 1 when one did not end well. AGAIN is the program that libFuzzer
starts for parts of the work: this one with TARGET and AGAIN."""

import os
import sys

import atheris

with atheris.instrument_imports(include=["parvis.wire"]):
    from tests.fuzz.targets import TARGETS


def main(names: list[str], options: list[str]) -> int:
    """Fuzzes what the command line says."""
    ended = {}
    for name in names:
        if (child := os.fork()) == 0:
            atheris.Setup([option.replace("{}", name) for option in options], TARGETS[name])
            atheris.Fuzz()
        ended[name] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    badly = {name: code for name, code in ended.items() if code}
    if badly:
        print("ended badly:", badly, file=sys.stderr)
    return 1 if badly else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1].split(","), sys.argv[2:]))
