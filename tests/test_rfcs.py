"""Every section with requirements of the RFCs that a mail server keeps is named in the code or left out with a reason."""

import importlib.util
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent


def test_nothing_is_forgotten() -> None:
    specification = importlib.util.spec_from_file_location(
        "coverage_of_rfcs", ROOT / "tools" / "coverage_of_rfcs.py"
    )
    assert specification is not None and specification.loader is not None
    coverage = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(coverage)
    assert len(coverage.listed()) >= 70
    assert coverage.faults() == []
