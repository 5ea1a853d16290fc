"""All commands, tests and capabilities there are."""

from collections.abc import Mapping

from . import actions, conditions, control
from .spec import Spec

COMMANDS: Mapping[str, Spec] = {spec.name: spec for spec in (*control.COMMANDS, *actions.COMMANDS)}
TESTS: Mapping[str, Spec] = {spec.name: spec for spec in conditions.TESTS}
CAPABILITIES = frozenset(
    {
        *("body", "copy", "date", "duplicate", "editheader", "encoded-character", "enotify", "envelope"),
        *("environment", "ereject", "extlists", "extracttext", "fileinto", "foreverypart", "ihave", "imap4flags"),
        *("include", "index", "mailbox", "mailboxid", "mime", "reject", "relational", "spamtest", "spamtestplus"),
        *("special-use", "subaddress", "vacation", "vacation-seconds", "variables", "virustest"),
        *("comparator-i;ascii-casemap", "comparator-i;octet"),
        *("comparator-i;ascii-numeric", "comparator-i;unicode-casemap"),
    }
)
"""What `require` knows (RFC 5228 §6)."""
