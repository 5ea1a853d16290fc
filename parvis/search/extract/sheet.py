"""Workbooks (XLSX, XLS, XLSB): one block a row."""

import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from parvis.search.extract.contract import Limits, Partial, Piece, Unreadable
from parvis.search.extract.package import Package
from parvis.search.extract.plain import joined
from parvis.search.place import Place


def read_sheet(content: bytes, limits: Limits) -> Iterator[Piece]:
    """Rows of every sheet, cells kept apart by ` | `. The place says sheet and row."""
    import python_calamine

    if content.startswith(b"PK"):
        Package(content, limits)  # refuses a bomb before it is unpacked
    try:
        book = python_calamine.load_workbook(io.BytesIO(content))
        rows = 0
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            yield Piece(text=name, place=Place(sheet=name), heading=True)
            first = (sheet.start or (0, 0))[0]
            for number, cells in enumerate(sheet.iter_rows(), first + 1):
                rows += 1
                if rows > limits.rows:
                    raise Partial
                yield Piece(text=joined([_shown(cell) for cell in cells]), place=Place(sheet=name, row=number))
    except python_calamine.PasswordError as fault:
        raise Unreadable("encrypted") from fault
    except (python_calamine.CalamineError, OSError, ValueError) as fault:
        raise Unreadable("damaged", str(fault)[:200]) from fault


def _shown(cell: object) -> str:
    """A cell as people write it: whole numbers without a point, dates as ISO 8601."""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime) and (cell.hour, cell.minute, cell.second) == (0, 0, 0):
        return cell.date().isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell) if isinstance(cell, timedelta | bool | int) else str(cell or "")
