"""Documents in pages: PDF, and OpenDocument text written by hand (a zip of XML)."""

import io
import zipfile
from xml.sax.saxutils import escape

import font_roboto
from fpdf import FPDF

from parvis.ops.demo.files.blocks import Block

_ODT = "application/vnd.oasis.opendocument.text"
_NAMESPACES = "".join(
    f' xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for short, name in (("office", "office"), ("text", "text"), ("table", "table"), ("style", "style"))
)


def pdf(blocks: list[Block]) -> bytes:
    """A PDF of A4 pages in a font that has every Vietnamese letter."""
    page = FPDF(format="A4")
    page.add_font("Roboto", "", font_roboto.Roboto)
    page.add_font("Roboto", "B", font_roboto.RobotoBold)
    page.set_margin(22)
    page.add_page()
    for block in blocks:
        _draw(page, block)
    return bytes(page.output())


def _draw(page: FPDF, block: Block) -> None:
    style, size, space = {"title": ("B", 18, 5), "heading": ("B", 12, 2)}.get(block.kind, ("", 10.5, 2))
    page.set_font("Roboto", style, size)
    if block.kind == "table":
        with page.table(text_align="LEFT", line_height=7) as table:
            for row in block.rows:
                table.row(row + ("",) * (len(block.rows[0]) - len(row)))
        page.ln(4)
        return
    if block.kind == "heading":
        page.ln(3)
    text = f"•  {block.text}" if block.kind == "item" else block.text
    page.multi_cell(0, size * 0.55, text, new_x="LMARGIN", new_y="NEXT")
    page.ln(space)


def odt(blocks: list[Block]) -> bytes:
    """An OpenDocument text. OpenDocument 1.3 part 2 §3.3: the media type comes first and is not compressed."""
    body = "".join(_element(block) for block in blocks)
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{_NAMESPACES} office:version="1.3">'
        f"<office:body><office:text>{body}</office:text></office:body></office:document-content>"
    )
    manifest = (
        '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest manifest:version="1.3"'
        ' xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{_ODT}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
        "</manifest:manifest>"
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", _ODT, compress_type=zipfile.ZIP_STORED)
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
    return target.getvalue()


def _element(block: Block) -> str:
    text = escape(block.text)
    if block.kind in ("title", "heading"):
        return f'<text:h text:outline-level="{1 if block.kind == "title" else 2}">{text}</text:h>'
    if block.kind == "item":
        return f"<text:list><text:list-item><text:p>{text}</text:p></text:list-item></text:list>"
    if block.kind == "table":
        rows = "".join(
            "<table:table-row>"
            + "".join(f"<table:table-cell><text:p>{escape(cell)}</text:p></table:table-cell>" for cell in row)
            + "</table:table-row>"
            for row in block.rows
        )
        return f"<table:table>{rows}</table:table>"
    return f"<text:p>{text}</text:p>"
