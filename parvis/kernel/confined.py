"""Giving up files and connections, for processes that look at what strangers have sent. landlock(7)"""

import ctypes
import os
import struct
import sys
import sysconfig
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION, _BENEATH = 1, 1
_NO_NEW_PRIVILEGES = 38  # prctl(2)
_EXECUTE, _READ_FILE, _READ_FOLDER, _REMOVE_FILE, _MAKE_SOCKET = 1 << 0, 1 << 2, 1 << 3, 1 << 5, 1 << 9
_FILES = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
"""Rights to files that a kernel can take away, by the version of its Landlock since which it can."""
_CONNECTIONS = {4: 0b11}
"""To bind and to connect by TCP."""
_OTHERS = {6: 0b11}
"""To reach processes outside by abstract sockets and by signals."""
_INSTALLED = (
    "/usr",
    "/lib",
    "/lib64",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/libreoffice",
    "/etc/ld.so.cache",
    "/var/lib/libreoffice",
    "/var/spool/libreoffice",
    "/dev/urandom",
)


def enclose(own: str = "", *installed: str) -> int:
    """From now on this process, and whatever it starts, opens nothing but what is installed (in the system's usual
    places, and in those of `installed`), to read and to run it, and what is in the folder `own`, and makes no
    connection by TCP. Returns the version of the kernel's Landlock, which takes away what it knows of (connections
    since the fourth); 0 without, when nothing is taken away."""
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION)
    if version < 1:
        return 0
    files = _known(_FILES, version)
    taken = struct.pack("=QQQ", files, _known(_CONNECTIONS, version), _known(_OTHERS, version))
    rules = libc.syscall(_CREATE_RULESET, taken, ctypes.c_size_t(_size(version)), 0)
    if rules < 0:
        return 0
    try:
        for path in {*_readable(), *installed}:
            _allow(libc, rules, path, _EXECUTE | _READ_FILE | (_READ_FOLDER if Path(path).is_dir() else 0))
        if own:
            _allow(libc, rules, own, files)
            _allow(libc, rules, "/tmp", _MAKE_SOCKET | _REMOVE_FILE)  # noqa: S108 - LibreOffice makes its own nowhere else
        libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        return int(version) if libc.syscall(_RESTRICT_SELF, rules, 0) == 0 else 0
    finally:
        os.close(rules)


def _known(rights: dict[int, int], version: int) -> int:
    return sum(bits for since, bits in rights.items() if since <= version)


def _size(version: int) -> int:
    """Bytes of `struct landlock_ruleset_attr` that a version knows."""
    return 24 if version >= 6 else 16 if version >= 4 else 8


def _readable() -> set[str]:
    """What is installed: the system's, Python's, its packages, ours."""
    packages = (entry for entry in sys.path if entry.endswith(("site-packages", "dist-packages")))
    return {*_INSTALLED, sysconfig.get_path("stdlib"), *packages, str(Path(__file__).parents[1])}


def _allow(libc: ctypes.CDLL, rules: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not installed here
    try:
        libc.syscall(_ADD_RULE, rules, _BENEATH, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)
