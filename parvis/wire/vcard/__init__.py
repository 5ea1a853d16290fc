"""vCard 3.0 and 4.0 (RFC 2426, RFC 6350): cards read, checked, written, converted and matched by queries."""

from .cards import LIMITS, CardLimits, kind_of, members_of, read, read_one, types_of, version_of, write
from .versions import to_version

__all__ = [
    "LIMITS",
    "CardLimits",
    "kind_of",
    "members_of",
    "read",
    "read_one",
    "to_version",
    "types_of",
    "version_of",
    "write",
]
