"""The licence and the scripts that set the project up."""

import hashlib
import pathlib
import subprocess
import sys

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


@pytest.mark.slow
def test_what_only_some_settings_need_is_not_loaded_at_the_start() -> None:
    """Each of these takes megabytes of every server."""
    heavy = ("asyncpg", "nats", "obstore", "onnxruntime", "py3langid", "tokenizers", "PIL", "pypdfium2", "docx")
    code = f"import sys, parvis.__main__; print([name for name in {heavy} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
