"""The licence and the scripts that set the project up."""

import hashlib
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]


def test_the_licence_is_the_verbatim_text_of_the_agpl() -> None:
    digest = hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest()
    assert digest == "0d96a4ff68ad6d4b6f1f30f713b18d5184912ba8dd389f86aa7710db079abcb0"


@pytest.mark.parametrize("script", ["tools/setup.sh", ".ci/steps.sh", ".ci/run", ".ci/with_demo.sh"])
def test_scripts_are_well_formed_and_executable(script: str) -> None:
    path = ROOT / script
    subprocess.run(["bash", "-n", str(path)], check=True)
    assert path.stat().st_mode & 0o111


@pytest.mark.parametrize("target", ["demo", "test", "check", "build"])
def test_make_knows_its_targets(target: str) -> None:
    run = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "tools/setup.sh" in run.stdout
