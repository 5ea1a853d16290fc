"""Text in pictures, read by Tesseract when the machine has it (Debian: tesseract-ocr, -fra, -vie)."""

import functools
import re
import shutil
import subprocess
from collections.abc import Iterator

from parvis.search.extract.contract import Limits, Piece, Unreadable
from parvis.search.extract.tidy import tidy
from parvis.search.place import Place

_WANTED = ("fra", "vie", "eng")
_GAP = re.compile(r"\n\s*\n")


def available() -> bool:
    """Whether the engine and at least one of our languages are installed."""
    return bool(_languages())


@functools.cache
def _languages() -> str:
    engine = shutil.which("tesseract")
    if engine is None:
        return ""
    command = [engine, "--list-langs"]
    listed = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    return "+".join(language for language in _WANTED if language in listed.stdout.split())


def read_image(content: bytes, limits: Limits) -> Iterator[Piece]:
    """The text in a picture file, paragraph by paragraph."""
    if not available():
        raise Unreadable("unsupported", "no OCR engine is installed")
    for number, paragraph in enumerate(_GAP.split(read_pixels(content, limits)), 1):
        yield Piece(text=paragraph, place=Place(page=1, paragraph=number))


def read_pixels(content: bytes, limits: Limits) -> str:
    """The text in a picture of any format that Leptonica opens. Raises Unreadable."""
    command = ["tesseract", "stdin", "stdout", "-l", _languages(), "--psm", "3"]
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "OMP_THREAD_LIMIT": "1", "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command; the picture goes through standard input
            command, input=content, capture_output=True, timeout=limits.seconds, env=environment, check=False
        )
    except subprocess.TimeoutExpired as fault:
        raise Unreadable("timeout") from fault
    if done.returncode:
        raise Unreadable("damaged", done.stderr.decode("utf-8", "replace")[:200])
    return tidy(done.stdout.decode("utf-8", "replace"))
