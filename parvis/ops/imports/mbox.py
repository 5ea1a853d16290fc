"""An mbox file of any size as a source; how it is written is known by wire/mbox."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from parvis.kernel import clock
from parvis.kernel.languages import fold
from parvis.mail.folders import role_of
from parvis.ops.imports.reader import MESSAGE_BYTES, Fault, is_message
from parvis.ops.imports.reader import Found as Message
from parvis.wire.mbox import Found, MboxReader

_CHUNK = 1 << 20
# Gmail's labels that are states and not places, as its three languages write them.
_STATES = frozenset(
    [
        "unread",
        "opened",
        "starred",
        "important",
        "archived",
        "non_lus",
        "ouvert",
        "ouverts",
        "suivis",
        "importants",
        "messages_archives",
        "chua_doc",
        "da_mo",
        "co_gan_dau_sao",
        "quan_trong",
        "da_luu_tru",
    ]
)


class Mbox:
    """One mbox file; its mailbox is named after the file unless the messages carry Gmail's labels."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._folder = (path.stem if path.suffix.lower() in (".mbox", ".mbx") else path.name,)

    @property
    def position(self) -> dict[str, Any]:
        """See Reader: the byte that comes next."""
        return {"offset": self._offset}

    def total(self) -> int:
        """See Reader: not known without reading it all."""
        return 0

    def read(self, position: dict[str, Any]) -> Iterator[Message | Fault]:
        """See Reader. Raises OSError when the file cannot be opened."""
        self._offset = int(position.get("offset", 0))
        for found in self._messages(self._offset):
            if self._offset == 0 and found.start > 0:
                yield Fault(f"{self._path.name} at byte 0", f"{found.start} bytes that begin no message")
            self._offset = found.end
            yield self._message(found)

    def _messages(self, start: int) -> Iterator[Found]:
        reader = MboxReader(start, MESSAGE_BYTES)
        with self._path.open("rb") as file:
            file.seek(start)
            while chunk := file.read(_CHUNK):
                yield from reader.feed(chunk)
        yield from reader.end()

    def _message(self, found: Found) -> Message | Fault:
        where = f"{self._path.name} at byte {found.start}"
        if found.too_large:
            return Fault(where, "the message is too large")
        if "$deleted" in found.keywords:
            return Fault(where, "marked as deleted, left out")
        if not is_message(found.raw):
            return Fault(where, "this does not begin like a message")
        places = [label for label in found.labels if fold(label).replace(" ", "_") not in _STATES]
        folder = tuple(places[0].split("/")) if places else self._folder
        received = clock.to_ms(found.date) if found.date else None
        return Message(folder, found.raw, found.keywords, received, role_of(folder))
