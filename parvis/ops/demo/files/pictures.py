"""Pictures with text in them, so that reading text out of pictures can be shown."""

import io

import font_roboto
from PIL import Image, ImageDraw, ImageFont

from parvis.ops.demo.files.blocks import Block

_WIDTH, _LINE, _MARGIN = 1100, 66, 50


def png(blocks: list[Block]) -> bytes:
    """A notice: a coloured band, then each block as a line of dark text on a pale ground."""
    height = 2 * _MARGIN + _LINE * len(blocks) + 40
    picture = Image.new("RGB", (_WIDTH, height), "#fbfaf5")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, _WIDTH, 26), fill="#c2410c")
    draw.rectangle((0, 0, _WIDTH - 1, height - 1), outline="#44403c", width=4)
    for number, block in enumerate(blocks):
        font = ImageFont.truetype(font_roboto.RobotoBold if number < 2 else font_roboto.Roboto, 40)
        draw.text((_MARGIN, _MARGIN + 20 + number * _LINE), block.text, fill="#1c1917", font=font)
    target = io.BytesIO()
    picture.save(target, "PNG", optimize=True)
    return target.getvalue()
