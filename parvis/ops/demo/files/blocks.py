"""The small notation that attachments are written in, read into blocks."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["title", "heading", "item", "text", "table"]


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a document: its text, or the rows of a table, the first of them its head."""

    kind: Kind
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


_MARKS: tuple[tuple[str, Kind], ...] = (("## ", "heading"), ("# ", "title"), ("- ", "item"))


def read(lines: list[str]) -> list[Block]:
    """The blocks of a document, following rows of a table joined into one."""
    blocks: list[Block] = []
    for line in lines:
        if line.startswith("|"):
            row = tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
            if blocks and blocks[-1].kind == "table":
                blocks[-1] = Block("table", rows=(*blocks[-1].rows, row))
            else:
                blocks.append(Block("table", rows=(row,)))
            continue
        for mark, kind in _MARKS:
            if line.startswith(mark):
                blocks.append(Block(kind, line[len(mark) :]))
                break
        else:
            blocks.append(Block("text", line))
    return blocks
