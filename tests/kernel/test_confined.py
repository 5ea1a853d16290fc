"""A process that looks at what strangers have sent reads nothing else, writes nothing and reaches nobody."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

_ENCLOSED = "from parvis.kernel.confined import enclose; version = enclose(); "


def run(code: str, before: str = _ENCLOSED) -> str:
    """What an enclosed process says last, be it its fault."""
    done = subprocess.run([sys.executable, "-c", before + code], capture_output=True, text=True, cwd=Path.cwd())
    return (done.stdout + done.stderr).strip().splitlines()[-1]


@pytest.fixture(autouse=True)
def version() -> int:
    """Of the Landlock of this kernel."""
    found = int(run("print(version)"))
    if not found:
        pytest.skip("this kernel has no Landlock")
    return found


def test_it_opens_only_what_is_installed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    for code in (f"open({str(secret)!r})", f"open({str(tmp_path / 'new')!r}, 'w')", "open('/etc/passwd')"):
        assert run(code).startswith("PermissionError"), code
    assert run(f"import os; os.unlink({str(secret)!r})").startswith("PermissionError")
    assert run("import sqlite3, subprocess; print(subprocess.run(['/bin/true']).returncode)") == "0"
    cat = f"import subprocess; subprocess.run(['/bin/cat', {str(secret)!r}])"
    assert run(cat).endswith("Permission denied"), "what it starts is enclosed as well"


def test_a_folder_may_be_its_own(tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    own.mkdir()
    other.mkdir()
    before = f"from parvis.kernel.confined import enclose; enclose({str(own)!r}); from pathlib import Path; "
    used = f"p = Path({str(own / 'a')!r}); p.write_text('x'); print(p.read_text()); p.unlink()"
    assert run(used, before) == "x"
    assert run(f"Path({str(other / 'a')!r}).write_text('x')", before).startswith("PermissionError")


def test_it_connects_to_nobody(version: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = f"import socket; socket.create_connection(('127.0.0.1', {port})); print('connected')"
        assert run(code).startswith("PermissionError") or version < 4


@pytest.mark.parametrize(
    "look",
    [
        "from parvis.serve.pictures import worker; worker.of_image(io.BytesIO(b'x'), 9)",
        "from parvis.serve.pictures import worker; worker.of_pdf(b'x', 9)",
        "from parvis.search.extract import contract, worker; worker._limit(contract.LIMITS)",
    ],
)
def test_whoever_looks_at_documents_is_enclosed(look: str) -> None:
    before = f"import contextlib, io\nwith contextlib.suppress(Exception):\n    {look}\n"
    assert run("open('/etc/passwd')", before).startswith("PermissionError")
