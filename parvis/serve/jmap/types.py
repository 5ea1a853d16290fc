"""JMAP's data types for record and argument declarations. RFC 8620 §1"""

from typing import Annotated, Any, get_args

import msgspec
from msgspec import Meta

MAX_INT = 2**53 - 1

Id = Annotated[str, Meta(extra={"id": True})]
"""An id of a record. In a property declared with it, `#creationId` is replaced by the real id. RFC 8620 §5.3"""
Int = Annotated[int, Meta(ge=-MAX_INT, le=MAX_INT)]
UnsignedInt = Annotated[int, Meta(ge=0, le=MAX_INT)]
# A fraction of zero must be left out, but many clients send `.000Z`: it is taken. RFC 8620 §1.4
UTCDate = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$")]
Date = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$")]

Object = dict[str, Any]
"""A record or a set of its properties in outside form, by outside name; ids as text."""
Invocation = tuple[str, Object, str]
"""A method or response name, its arguments, the call id. RFC 8620 §3.2"""


class Arguments(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Base of all argument declarations; unknown arguments are `invalidArguments`."""


def mentions_id(hint: Any) -> bool:
    """Whether a declared type has an Id anywhere in it."""
    metas = getattr(hint, "__metadata__", ())
    if any(isinstance(meta, Meta) and meta.extra and meta.extra.get("id") for meta in metas):
        return True
    return any(mentions_id(part) for part in (*get_args(hint), *_origin(hint)))


def _origin(hint: Any) -> tuple[Any, ...]:
    origin = getattr(hint, "__origin__", None)
    return (origin,) if origin is not None and getattr(hint, "__metadata__", None) else ()
