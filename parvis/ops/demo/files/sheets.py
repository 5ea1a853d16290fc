"""Spreadsheets: XLSX with one sheet for each heading, and CSV."""

import csv as csv_format
import io

import xlsxwriter

from parvis.ops.demo.files.blocks import Block


def xlsx(blocks: list[Block]) -> bytes:
    """A workbook; whole numbers written without spaces become numbers, all else stays text."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    head = book.add_format({"bold": True, "bg_color": "#DDE8EE"})
    name = "1"
    for block in blocks:
        if block.kind == "heading":
            name = block.text
        elif block.kind == "table":
            sheet = book.add_worksheet(name[:31])
            sheet.set_column(0, len(block.rows[0]) - 1, 24)
            for number, row in enumerate(block.rows):
                for column, text in enumerate(row):
                    value = int(text) if text.isdigit() and number else text
                    sheet.write(number, column, value, head if number == 0 else None)
    book.close()
    return target.getvalue()


def csv(blocks: list[Block]) -> bytes:
    """Rows with semicolons, as spreadsheets in French and Vietnamese expect, in UTF-8."""
    target = io.StringIO()
    writer = csv_format.writer(target, delimiter=";")
    for block in blocks:
        writer.writerows(block.rows)
    return target.getvalue().encode()
