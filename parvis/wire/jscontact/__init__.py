"""JSContact (RFC 9553): cards as JSON, checked, patched, converted from and to vCard without loss (RFC 9555)."""

from .merging import merge
from .patch import apply_patch, difference
from .reading import from_vcard
from .shape import BadCard, check
from .writing import to_vcard

__all__ = ["BadCard", "apply_patch", "check", "difference", "from_vcard", "merge", "to_vcard"]
