"""Bytes as text (Matrix v1.19 Appendices §Unpadded Base64)."""

import base64
import binascii

from .errors import BadMatrix


def encode(data: bytes) -> str:
    """Without padding."""
    return base64.b64encode(data).rstrip(b"=").decode()


def encode_url(data: bytes) -> str:
    """Without padding, with `-` and `_` instead of `+` and `/` (Matrix v1.19 Appendices §URL-safe unpadded
    Base64)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: object, field: str = "") -> bytes:
    """With or without padding, of either alphabet. Raises BadMatrix."""
    if not isinstance(text, str) or not text.isascii():
        raise BadMatrix("Not Base64", field=field)
    bare = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise BadMatrix("Not Base64", field=field) from None
