"""Archives as they are written from the first byte to the last, without going back: sizes and sums follow the bytes
they are of, names are UTF-8, what is too large for 32 bits is in Zip64. APPNOTE.TXT 6.3 (PKWARE)"""

import time
import zlib
from dataclasses import dataclass
from struct import pack

LARGE = 0xFF00_0000
"""A content from this size on has 64 bits for its sizes: packing may make it a little larger than it is."""
_MOST = 0xFFFF_FFFF
_MOST_ENTRIES = 0xFFFF
_FOLLOWS, _UTF8 = 0x0008, 0x0800
_STORED, _DEFLATED = 0, 8
_PLAIN, _ZIP64 = 20, 45
_UNIX = 3 << 8
_FOLDER_ATTRIBUTE = 0x10


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in an archive; a folder's ends with a slash. `size` is known before the bytes are read."""

    name: str
    size: int
    modified_ms: int
    executable: bool = False

    @property
    def folder(self) -> bool:
        """Whether it holds no bytes of its own."""
        return self.name.endswith("/")

    @property
    def large(self) -> bool:
        """Whether its sizes have 64 bits."""
        return self.size >= LARGE


class Packer:
    """Packs the bytes of one entry. With `squeeze` off they are only framed: for what is packed already."""

    def __init__(self, *, squeeze: bool) -> None:
        self._deflate = zlib.compressobj(6 if squeeze else 0, zlib.DEFLATED, -15)
        self.crc = self.size = self.packed = 0

    def add(self, content: bytes) -> bytes:
        """What is to be written for the next bytes."""
        self.crc = zlib.crc32(content, self.crc)
        self.size += len(content)
        return self._counted(self._deflate.compress(content))

    def end(self) -> bytes:
        """What is to be written after the last."""
        return self._counted(self._deflate.flush())

    def _counted(self, packed: bytes) -> bytes:
        self.packed += len(packed)
        return packed


def begin(entry: Entry) -> bytes:
    """What stands before the bytes of an entry. APPNOTE §4.3.7, §4.5.3"""
    name = entry.name.encode()
    extra = _time_extra(entry) + (pack("<HHQQ", 1, 16, 0, 0) if entry.large else b"")
    return b"PK\x03\x04" + _common(entry) + pack("<IIIHH", 0, 0, 0, len(name), len(extra)) + name + extra


def end(entry: Entry, packer: Packer) -> bytes:
    """What stands after the bytes of a file. APPNOTE §4.3.9"""
    layout = "<IQQ" if entry.large else "<III"
    return b"PK\x07\x08" + pack(layout, packer.crc, packer.packed, packer.size)


def listed(entry: Entry, packer: Packer | None, place: int) -> bytes:
    """An entry's line in the directory at the end; `place` is where its bytes begin. APPNOTE §4.3.12"""
    name = entry.name.encode()
    crc, packed, size = (packer.crc, packer.packed, packer.size) if packer else (0, 0, 0)
    wide = pack("<QQ", size, packed) if entry.large else b""
    wide += pack("<Q", place) if place >= _MOST else b""
    extra = _time_extra(entry) + (pack("<HH", 1, len(wide)) + wide if wide else b"")
    shown = (_MOST, _MOST) if entry.large else (packed, size)
    mode = 0o40755 if entry.folder else 0o100755 if entry.executable else 0o100644
    outside = mode << 16 | (_FOLDER_ATTRIBUTE if entry.folder else 0)
    needed = _ZIP64 if wide else _PLAIN
    return (
        b"PK\x01\x02"
        + pack("<H", _UNIX | needed)
        + _common(entry, needed)
        + pack("<IIIHH", crc, *shown, len(name), len(extra))
        + pack("<HHHII", 0, 0, 0, outside, min(place, _MOST))
        + name
        + extra
    )


def finish(count: int, place: int, size: int) -> bytes:
    """What ends an archive: how many entries its directory has, where that begins, and how long it is.
    APPNOTE §4.3.14, §4.3.15, §4.3.16"""
    wide = b""
    if count >= _MOST_ENTRIES or place >= _MOST or size >= _MOST:
        wide = b"PK\x06\x06" + pack("<QHHIIQQQQ", 44, _UNIX | _ZIP64, _ZIP64, 0, 0, count, count, size, place)
        wide += b"PK\x06\x07" + pack("<IQI", 0, place + size, 1)
    few = min(count, _MOST_ENTRIES)
    return wide + b"PK\x05\x06" + pack("<HHHHIIH", 0, 0, few, few, min(size, _MOST), min(place, _MOST), 0)


def _common(entry: Entry, needed: int = 0) -> bytes:
    """What both headers have: version, flags, method, time. APPNOTE §4.4.4, §4.4.6"""
    flags = _UTF8 if entry.folder else _UTF8 | _FOLLOWS
    method = _STORED if entry.folder else _DEFLATED
    at = time.gmtime(entry.modified_ms // 1000)
    year = min(max(at.tm_year, 1980), 2107)
    day = (year - 1980) << 9 | at.tm_mon << 5 | at.tm_mday
    clock = at.tm_hour << 11 | at.tm_min << 5 | at.tm_sec // 2
    return pack("<HHHHH", needed or (_ZIP64 if entry.large else _PLAIN), flags, method, clock, day)


def _time_extra(entry: Entry) -> bytes:
    """The time in UTC and to the second, which the older field has not. Info-ZIP's extended timestamp"""
    seconds = entry.modified_ms // 1000
    return pack("<HHBi", 0x5455, 5, 1, seconds) if -(2**31) <= seconds < 2**31 else b""
