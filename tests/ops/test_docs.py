"""The pages made from the code can be made, and the hand-written ones link to what is there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import coverage_of_rfcs  # noqa: E402
import generate_docs  # noqa: E402

PAGES = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]


def test_every_setting_has_a_row() -> None:
    page = generate_docs.settings_page()
    for name in ("database", "http", "upload_bytes", "base_url"):
        assert re.search(rf"^\| `{name}` \| .+ \|$", page, re.M)
    assert "Folder of the database" in page


def test_every_command_is_described() -> None:
    page = generate_docs.commands_page()
    for name in ("parvis serve", "parvis account grant", "parvis import"):
        assert f"## {name}\n" in page or f"### {name}\n" in page


def test_sections_are_read_from_comments(tmp_path, monkeypatch) -> None:
    (tmp_path / "parvis").mkdir()
    (tmp_path / "parvis" / "a.py").write_text('"""RFC 8620 §5.3 and RFC 8621\n§4.1.1"""\n# RFC 8620\n# §7.2\n')
    monkeypatch.setattr(coverage_of_rfcs, "ROOT", tmp_path)
    found = coverage_of_rfcs.named("parvis")
    assert "5.3" in found[8620] and "4.1.1" in found[8621]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if not target.startswith(("http", "mailto")):
            assert (page.parent / target).exists(), target


def test_the_readme_names_commands_that_exist() -> None:
    for target in re.findall(r"make (\w+)", (ROOT / "README.md").read_text()):
        subprocess.run(["make", "-n", target], cwd=ROOT, check=True, capture_output=True)
