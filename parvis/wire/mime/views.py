"""What a person sees of a message: body, attachments, preview (RFC 8621 §4.1.4)."""

from typing import NamedTuple

from .model import Message, Part


class BodyViews(NamedTuple):
    """JMAP's three flat lists of parts."""

    text_body: tuple[Part, ...]
    html_body: tuple[Part, ...]
    attachments: tuple[Part, ...]


def body_views(message: Message) -> BodyViews:
    """Which parts to show as text, as HTML, and as attachments."""
    raise NotImplementedError


def has_attachment(message: Message) -> bool:
    """JMAP's hasAttachment: an attachment that is not `inline`."""
    raise NotImplementedError


def preview(raw: bytes, message: Message) -> str:
    """One line of at most 256 characters out of the best text of the message."""
    raise NotImplementedError
