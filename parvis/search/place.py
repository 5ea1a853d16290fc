"""Where a passage stands in its original: what a citation opens."""

import msgspec


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The exact place of a text in a document. Numbers count from 1; 0 or empty means that the format has no
    such thing."""

    page: int = 0
    """Page of a PDF, or of an image (1)."""
    slide: int = 0
    sheet: str = ""
    """Name of the sheet of a workbook."""
    row: int = 0
    paragraph: int = 0
    """Paragraph or block element of a flowing document."""
    inside: tuple[str, ...] = ()
    """Names of the containers on the way in: attached messages, files of an archive."""

    def encode(self) -> str:
        """As JSON, for the database and for clients."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def decode(cls, text: str) -> "Place":
        """From JSON."""
        return msgspec.json.decode(text, type=cls)
