"""What fuzzing has kept is read without a fault each time; in CI each target is fuzzed for a few seconds more."""

import subprocess
import sys

import pytest

from tests.fuzz import corpus
from tests.fuzz.__main__ import TARGETS as NAMES
from tests.fuzz.targets import TARGETS


def test_each_target_is_fuzzed_and_has_inputs() -> None:
    assert set(NAMES) == set(TARGETS)
    assert all(len(corpus.kept(name)) >= 30 for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_what_was_kept_is_read(name: str) -> None:
    for data in corpus.kept(name):
        TARGETS[name](data)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_fuzzing_for_a_moment_finds_nothing() -> None:
    pytest.importorskip("atheris", reason="atheris has no package for this machine")
    command = [sys.executable, "-m", "tests.fuzz", "2", "--keep", "no"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
