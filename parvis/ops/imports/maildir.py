"""Reading a Maildir with its subfolders, as Courier and Dovecot lay them out (`.Parent.Child`) or as folders."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from parvis.ops.imports.folders import decoded, role_of
from parvis.ops.imports.reader import MESSAGE_BYTES, Fault, Found, is_message

_FLAGS = {"S": "$seen", "R": "$answered", "F": "$flagged", "D": "$draft", "P": "$forwarded"}
_SIGN = re.compile(r"[:;!,]2,([A-Za-z]*)$")


class Maildir:
    """A Maildir as a source. Its top folder is the inbox."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._last: tuple[str, str] = ("", "")

    @property
    def position(self) -> dict[str, Any]:
        """See Reader: the last folder and file."""
        return {"folder": self._last[0], "name": self._last[1]}

    def total(self) -> int:
        """See Reader."""
        return sum(1 for folder in self._folders() for _ in _files(folder))

    def read(self, position: dict[str, Any]) -> Iterator[Found | Fault]:
        """See Reader. Raises OSError when the top folder cannot be read."""
        done = (str(position.get("folder", "")), str(position.get("name", "")))
        self._last = done
        for folder in self._folders():
            key = "." + str(folder.relative_to(self._root))
            for file in _files(folder):
                # The base name stays when flags change and the file moves from new to cur.
                place = (key, _SIGN.sub("", file.name))
                if place <= done:
                    continue
                self._last = place
                yield self._message(folder, file)

    def _folders(self) -> list[Path]:
        found = [folder.parent for folder in self._root.rglob("cur") if folder.is_dir()]
        return sorted(found, key=lambda folder: "." + str(folder.relative_to(self._root)))

    def _message(self, folder: Path, file: Path) -> Found | Fault:
        where = str(file.relative_to(self._root))
        sign = _SIGN.search(file.name)
        flags = sign.group(1) if sign else ""
        if "T" in flags:
            return Fault(where, "marked as deleted, left out")
        try:
            status = file.stat()
            if status.st_size > MESSAGE_BYTES:
                return Fault(where, "the message is too large")
            raw = file.read_bytes()
        except OSError as error:
            return Fault(where, f"the file cannot be read: {error.strerror}")
        if not is_message(raw):
            return Fault(where, "this does not begin like a message")
        path = self._path(folder)
        keywords = frozenset(_FLAGS[flag] for flag in flags if flag in _FLAGS)
        return Found(path, raw, keywords, int(status.st_mtime * 1000), role_of(path))

    def _path(self, folder: Path) -> tuple[str, ...]:
        relative = folder.relative_to(self._root)
        names = [name for part in relative.parts for name in part.lstrip(".").split(".") if name]
        return tuple(decoded(name) for name in names) or ("INBOX",)


def _files(folder: Path) -> list[Path]:
    files = [file for part in ("cur", "new") if (folder / part).is_dir() for file in (folder / part).iterdir()]
    return sorted((file for file in files if file.is_file()), key=lambda file: _SIGN.sub("", file.name))
