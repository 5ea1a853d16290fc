"""Everything that responses of IMAP are made of."""

from .mailbox import encode_mailbox
from .order import collation, sort_address, sort_base_subject, sort_display
from .section import UnknownEncoding, binary_of, part_structure, section
from .structure import body_structure, envelope
from .threads import Threaded, thread_orderedsubject, thread_references
from .tokens import astring, flags, internal_date, literal, literal8, nstring, quoted, string

__all__ = [
    "Threaded",
    "UnknownEncoding",
    "astring",
    "binary_of",
    "body_structure",
    "collation",
    "encode_mailbox",
    "envelope",
    "flags",
    "internal_date",
    "literal",
    "literal8",
    "nstring",
    "part_structure",
    "quoted",
    "section",
    "sort_address",
    "sort_base_subject",
    "sort_display",
    "string",
    "thread_orderedsubject",
    "thread_references",
]
