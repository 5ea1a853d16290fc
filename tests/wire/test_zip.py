"""Archives that are written in one go, read by Python's own reader."""

import io
import zipfile
from pathlib import Path

import pytest

from parvis.wire import zip as zips

GIB = 2**30


def written(entries: list[tuple[zips.Entry, bytes]], *, squeeze: bool = True) -> bytes:
    out, lines = bytearray(), []
    for entry, content in entries:
        place, packer = len(out), None
        out += zips.begin(entry)
        if not entry.folder:
            packer = zips.Packer(squeeze=squeeze)
            out += packer.add(content[:10]) + packer.add(content[10:]) + packer.end() + zips.end(entry, packer)
        lines.append(zips.listed(entry, packer, place))
    directory = b"".join(lines)
    return bytes(out + directory + zips.finish(len(lines), len(out), len(directory)))


@pytest.mark.parametrize("squeeze", [True, False])
def test_what_was_put_in_comes_out(squeeze) -> None:
    names = {
        "Été/": b"",
        "Été/Tiếng Việt.txt": b"xin ch\xc3\xa0o " * 10_000,
        "empty": b"",
        "run.sh": b"#!/bin/sh\n",
    }
    made = written(
        [(zips.Entry(name, len(body), 1_600_000_000_000, name == "run.sh"), body) for name, body in names.items()],
        squeeze=squeeze,
    )
    with zipfile.ZipFile(io.BytesIO(made)) as read:
        assert read.testzip() is None
        assert {one.filename: read.read(one) for one in read.infolist()} == names
        assert [one.external_attr >> 16 for one in read.infolist()] == [0o40755, 0o100644, 0o100644, 0o100755]
        assert read.infolist()[0].date_time == (2020, 9, 13, 12, 26, 40) and read.infolist()[0].is_dir()
    assert (len(made) < 5_000) is squeeze


@pytest.mark.parametrize("modified_ms", [0, 300_000_000_000_000, -5_000_000_000_000])
def test_times_that_the_format_has_not_are_the_nearest(modified_ms) -> None:
    made = written([(zips.Entry("a", 1, modified_ms), b"x")])
    year = zipfile.ZipFile(io.BytesIO(made)).infolist()[0].date_time[0]
    assert year == (1980 if modified_ms <= 0 else 2107)


def test_many_entries_are_counted_in_64_bits() -> None:
    with zipfile.ZipFile(io.BytesIO(written([(zips.Entry(f"{n}/", 0, 0), b"") for n in range(70_000)]))) as read:
        assert len(read.infolist()) == 70_000


def test_large_files_and_places_have_64_bits(tmp_path: Path) -> None:
    """A file of 5 GiB, of which nothing is read but its line, and one behind it."""
    large, small = zips.Entry("large", 5 * GIB, 0), zips.Entry("small", 5, 0)
    path = tmp_path / "large.zip"
    with path.open("wb") as out:
        out.write(zips.begin(large))
        packer = zips.Packer(squeeze=False)
        packer.size, packer.packed = 5 * GIB, 5 * GIB + 999
        out.seek(packer.packed, 1)  # a hole
        out.write(zips.end(large, packer))
        place = out.tell()
        second = zips.Packer(squeeze=True)
        out.write(zips.begin(small) + second.add(b"small") + second.end() + zips.end(small, second))
        directory = zips.listed(large, packer, 0) + zips.listed(small, second, place)
        out.write(directory + zips.finish(2, out.tell(), len(directory)))
    with zipfile.ZipFile(path) as read:
        first, last = read.infolist()
        assert (first.file_size, first.compress_size) == (5 * GIB, 5 * GIB + 999)
        assert last.header_offset == place > 4 * GIB and read.read("small") == b"small"
