"""The litmus suite of Debian, whole: basic, copymove, props, locks, http. RFC 4918"""

import asyncio
import re
import shutil

import pytest

from tests.serve.dav.conftest import SECRET

pytestmark = [pytest.mark.peer, pytest.mark.skipif(not shutil.which("litmus"), reason="litmus is not installed")]


async def test_litmus_passes_whole(ann, tmp_path):
    url = str(ann.base_url).rstrip("/") + ann.files
    process = await asyncio.create_subprocess_exec(
        "litmus", "-k", url, ann.person.address, SECRET,
        cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    told = (await process.communicate())[0].decode()
    summaries = re.findall(r"of (\d+) tests run: (\d+) passed, (\d+) failed", told)
    assert len(summaries) == 5, told
    assert [failed for _, _, failed in summaries] == ["0"] * 5, told
    assert sum(int(passed) for _, passed, _ in summaries) >= 104, told
    assert "WARNING" not in told, told
