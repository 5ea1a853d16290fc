"""Real public mail for volume: the ham of SpamAssassin's public corpus (public domain dedication, PDDL), read from
the archive that set-up fetched. The demo works without it."""

import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ARCHIVE = "share/parvis/spam-assassin.tgz"


@dataclass(frozen=True, slots=True)
class Share:
    """Which part of the corpus goes to whom, into which mailbox."""

    folder: str
    person: str
    mailbox: str


SHARES = (
    Share("easy-ham-1", "tom", "Lists/Archive 2002"),
    Share("easy-ham-2", "jerome", "Listes/Archives 2002"),
    Share("hard-ham-1", "fiona", "Newsletters/Archive 2002"),
)


def archive() -> Path | None:
    """Where set-up put the corpus, or None when it is not there."""
    path = Path(sys.prefix) / ARCHIVE
    return path if path.is_file() else None


def messages(path: Path, share: Share) -> Iterator[tuple[str, bytes]]:
    """The messages of one part, each with its name in the archive, in the archive's order."""
    with tarfile.open(path, "r:gz") as tar:
        for member in tar:
            if not (f"/data/{share.folder}/" in member.name and member.name.endswith(".txt")):
                continue
            file = tar.extractfile(member)
            if file is not None:
                yield Path(member.name).name, without_envelope(file.read())


def without_envelope(raw: bytes) -> bytes:
    """A message without the `From ` line that an mbox puts before it."""
    if raw.startswith((b"From ", b">From ")):
        return raw.partition(b"\n")[2]
    return raw
