"""MIME: reading any message without failing, and writing correct ones (RFC 5322, 2045-2047, 2231, 6532, 8621
§4.1).

    message = parse(raw)
    subject = message.root.last("Subject")
    as_text(subject.value)
    text, html, attachments = body_views(message)
    decode_text(raw, text[0]).text

Bytes are never kept twice: functions that need them take `raw` first, and parts hold offsets into it.
"""

from .forms import as_addresses, as_date, as_grouped_addresses, as_message_ids, as_raw, as_text, as_urls
from .model import LIMITS, Address, AddressGroup, DecodedText, Header, Limits, Message, Part
from .scan import header, parse
from .transfer import decode_body, decode_text, decoded_size, inner_message
from .views import BodyViews, body_views, has_attachment, preview

__all__ = [
    "LIMITS",
    "Address",
    "AddressGroup",
    "BodyViews",
    "DecodedText",
    "Header",
    "Limits",
    "Message",
    "Part",
    "as_addresses",
    "as_date",
    "as_grouped_addresses",
    "as_message_ids",
    "as_raw",
    "as_text",
    "as_urls",
    "body_views",
    "decode_body",
    "decode_text",
    "decoded_size",
    "has_attachment",
    "header",
    "inner_message",
    "parse",
    "preview",
]
