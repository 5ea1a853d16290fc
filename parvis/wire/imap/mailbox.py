"""Names of mailboxes on the wire: modified UTF-7 (RFC 3501 §5.1.3), or UTF-8 once the client has asked for it (RFC
6855 §3, RFC 9051 §5.1)."""

import re

from parvis.kernel.errors import Invalid
from parvis.wire.maildir import from_mutf7, to_mutf7
from parvis.wire.mime.normal import nfc

from .tokens import astring

_CONTROL = re.compile("[\x00-\x1f\x7f]")


def decode_mailbox(name: bytes, utf8: bool) -> str:
    """The name as text; `INBOX` in capitals however it was written (RFC 9051 §5.1). Raises Invalid for what no name
    can be."""
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError:
        raise Invalid("A mailbox name is not UTF-8") from None
    text = nfc(text if utf8 else from_mutf7(text))
    if _CONTROL.search(text):
        raise Invalid("A mailbox name has control characters")
    return "INBOX" if text.upper() == "INBOX" else text


def encode_mailbox(name: str, utf8: bool) -> bytes:
    """The name as an astring."""
    return astring(name if utf8 else to_mutf7(name))
