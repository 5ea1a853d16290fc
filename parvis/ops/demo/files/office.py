"""Word documents and slides."""

import io

from docx import Document
from pptx import Presentation

from parvis.ops.demo.files.blocks import Block


def docx(blocks: list[Block]) -> bytes:
    """A Word document with headings, lists and tables in its own styles."""
    document = Document()
    for block in blocks:
        if block.kind in ("title", "heading"):
            document.add_heading(block.text, level=0 if block.kind == "title" else 1)
        elif block.kind == "table":
            table = document.add_table(rows=0, cols=len(block.rows[0]), style="Light Grid Accent 1")
            for row in block.rows:
                for cell, text in zip(table.add_row().cells, row, strict=False):
                    cell.text = text
        else:
            document.add_paragraph(block.text, style="List Bullet" if block.kind == "item" else None)
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def pptx(blocks: list[Block]) -> bytes:
    """Slides: the title and its texts on the first, then one slide for each heading with its items."""
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[0])
    body = slide.placeholders[1].text_frame
    for block in blocks:
        if block.kind == "title":
            slide.shapes.title.text = block.text
        elif block.kind == "heading":
            slide = deck.slides.add_slide(deck.slide_layouts[1])
            slide.shapes.title.text = block.text
            body = slide.placeholders[1].text_frame
        elif body.text:
            body.add_paragraph().text = block.text
        else:
            body.text = block.text
    target = io.BytesIO()
    deck.save(target)
    return target.getvalue()
