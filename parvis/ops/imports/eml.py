"""Reading single messages: one `.eml` file, or a folder of them, whose subfolders become mailboxes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from parvis.mail.folders import role_of
from parvis.ops.imports.reader import MESSAGE_BYTES, Fault, Found, is_message, text_of

ENDINGS = {".eml", ".emlx", ".msg822", ".mai"}


class Messages:
    """A file, or a folder and what is below it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last = ""

    @property
    def position(self) -> dict[str, Any]:
        """See Reader: the last file."""
        return {"file": self._last}

    def total(self) -> int:
        """See Reader."""
        return len(self._files())

    def read(self, position: dict[str, Any]) -> Iterator[Found | Fault]:
        """See Reader."""
        done = str(position.get("file", ""))
        for file in self._files():
            if text_of(file) <= done:
                continue
            self._last = text_of(file)
            yield self._message(file)

    def _files(self) -> list[Path]:
        if self._path.is_file():
            return [self._path]
        return sorted(
            (p for p in self._path.rglob("*") if p.suffix.lower() in ENDINGS and p.is_file()), key=text_of
        )

    def _message(self, file: Path) -> Found | Fault:
        try:
            if file.stat().st_size > MESSAGE_BYTES:
                return Fault(text_of(file), "the message is too large")
            raw = file.read_bytes()
        except OSError as error:
            return Fault(text_of(file), f"the file cannot be read: {error.strerror}")
        if file.suffix.lower() == ".emlx":  # Apple Mail puts the length on a line of its own before the message
            length, _, rest = raw.partition(b"\n")
            raw = rest[: int(length)] if length.strip().isdigit() else raw
        if not is_message(raw):
            return Fault(text_of(file), "this does not begin like a message")
        folder = file.parent.relative_to(self._path).parts if self._path.is_dir() else ()
        path = folder or ("Import",)
        return Found(path, raw, frozenset({"$seen"}), role=role_of(path))
