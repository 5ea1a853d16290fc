"""What the reading of a command may end with."""

from parvis.kernel.errors import Invalid


class BadCommand(Invalid):
    """A command breaks the grammar: the answer is `tag BAD sentence`, or `* BAD sentence` when no tag could be read
    (RFC 9051 §7.1.3)."""

    def __init__(self, tag: str | None, sentence: str) -> None:
        super().__init__(sentence)
        self.tag = tag


class BadCharset(Invalid):
    """A search in a charset that is not known here: `tag NO [BADCHARSET (US-ASCII UTF-8)]` (RFC 9051 §6.4.4)."""

    def __init__(self, tag: str | None, sentence: str) -> None:
        super().__init__(sentence)
        self.tag = tag
