"""A Maildir with its subfolders as a source, as Courier and Dovecot lay them out (`.Parent.Child`) or as folders;
what file names say is known by wire/maildir."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from parvis.mail.folders import role_of
from parvis.ops.imports.reader import MESSAGE_BYTES, Fault, Found, is_message, text_of
from parvis.wire.maildir import MaildirName, dovecot_keywords, from_mutf7, parse_name


class Maildir:
    """A Maildir. Its top folder is the inbox."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._last: tuple[str, str] = ("", "")

    @property
    def position(self) -> dict[str, Any]:
        """See Reader: the last folder, and the part of the last file's name that never changes."""
        return {"folder": self._last[0], "name": self._last[1]}

    def total(self) -> int:
        """See Reader."""
        return sum(len(_files(folder)) for folder in self._folders())

    def read(self, position: dict[str, Any]) -> Iterator[Found | Fault]:
        """See Reader. Raises OSError when the top folder cannot be read."""
        self._last = done = (str(position.get("folder", "")), str(position.get("name", "")))
        for folder in self._folders():
            path = self._path(folder)
            for name, file in _files(folder):
                place = (self._key(folder), text_of(Path(name.unique)))
                if place <= done:
                    continue
                self._last = place
                yield self._message(path, name, file)

    def _key(self, folder: Path) -> str:
        return "." + text_of(folder.relative_to(self._root))

    def _folders(self) -> list[Path]:
        return sorted((folder.parent for folder in self._root.rglob("cur") if folder.is_dir()), key=self._key)

    def _message(self, path: tuple[str, ...], name: MaildirName, file: Path) -> Found | Fault:
        where = text_of(file.relative_to(self._root))
        if "$deleted" in name.keywords:
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
        # Dovecot keeps the time of arrival as the file's time, also for copies, whose names tell another one.
        return Found(path, raw, name.keywords, round(status.st_mtime * 1000), role_of(path))

    def _path(self, folder: Path) -> tuple[str, ...]:
        relative = folder.relative_to(self._root)
        names = [name for part in relative.parts for name in part.lstrip(".").split(".") if name]
        return tuple(from_mutf7(name) for name in names) or ("INBOX",)


def _files(folder: Path) -> list[tuple[MaildirName, Path]]:
    """The messages of one folder, in the order of the part of their names that stays."""
    list_file = folder / "dovecot-keywords"
    own = dovecot_keywords(list_file.read_text("utf-8", "replace")) if list_file.is_file() else None
    found = [
        (name, file)
        for part in ("cur", "new")
        if (folder / part).is_dir()
        for file in (folder / part).iterdir()
        if file.is_file() and (name := parse_name(file.name, own))
    ]
    return sorted(found, key=lambda pair: pair[0].unique)
