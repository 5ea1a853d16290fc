"""The inputs that are kept of each target, one a line in base64: those that together reach what fuzzing has reached
(`corpus/NAME.txt`), and those that once broke something (`corpus/NAME.found.txt`)."""

import base64
import pathlib

FOLDER = pathlib.Path(__file__).parent / "corpus"


def kept(name: str) -> list[bytes]:
    """All inputs of a target."""
    return _read(FOLDER / f"{name}.txt") + _read(FOLDER / f"{name}.found.txt")


def keep(name: str, inputs: list[bytes]) -> None:
    """Replaces those that reach what was reached."""
    _write(FOLDER / f"{name}.txt", inputs)


def keep_found(name: str, inputs: list[bytes]) -> None:
    """Adds those that broke something."""
    file = FOLDER / f"{name}.found.txt"
    _write(file, [*_read(file), *inputs])


def _read(file: pathlib.Path) -> list[bytes]:
    return [base64.b64decode(line) for line in file.read_text().split()] if file.exists() else []


def _write(file: pathlib.Path, inputs: list[bytes]) -> None:
    lines = sorted({base64.b64encode(each).decode() for each in inputs if each}, key=lambda line: (len(line), line))
    if lines:
        file.write_text("".join(f"{line}\n" for line in lines))
