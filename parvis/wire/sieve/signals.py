"""How a command ends more than itself."""


class Stop(Exception):
    """`stop`: nothing more is done (RFC 5228 §3.3)."""


class Return(Exception):
    """`return`: the included script ends (RFC 6609 §3.3)."""


class Break(Exception):
    """`break`: the loop of that name, or with `""` the innermost, ends (RFC 5703 §3)."""

    def __init__(self, name: str) -> None:
        self.name = name
