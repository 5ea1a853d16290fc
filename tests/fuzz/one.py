"""The process that fuzzes one target: python -m tests.fuzz.one TARGET AGAIN [options of libFuzzer]

AGAIN is the program that libFuzzer starts for parts of the work: this one with TARGET and AGAIN."""

import sys

import atheris

with atheris.instrument_imports(include=["parvis.wire"]):
    from tests.fuzz.targets import TARGETS

if __name__ == "__main__":
    atheris.Setup(sys.argv[2:], TARGETS[sys.argv[1]])
    atheris.Fuzz()
