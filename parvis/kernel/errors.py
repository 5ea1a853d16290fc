"""One tree of errors. Each has a stable `code`, a sentence for people and named fields; a door maps codes to its
own protocol's answers in one table.

ParvisError
├── Unauthenticated    who are you?
├── Forbidden          known, but not allowed
├── NotFound           does not exist, or is not visible to this principal (the two look alike)
├── Invalid            the request is wrong; `field` names where
├── StateMismatch      the caller's state is not the present one
├── TooLarge           over a size limit
├── OverQuota          over an account's quota
├── RateLimited        too often; `retry_after` seconds
├── Conflict           contradicts what is there
├── Unavailable        a thing this needs is down; may be tried again
└── EgressRefused      the egress gate said no
"""

from typing import Any, ClassVar


class ParvisError(Exception):
    """Base of all errors meant for a caller. `fields` carry what a door or a translation needs."""

    code: ClassVar[str] = "internal"

    def __init__(self, sentence: str = "", **fields: Any) -> None:
        super().__init__(sentence or self.code)
        self.sentence = sentence or self.code
        self.fields = fields


class Unauthenticated(ParvisError):
    """No valid sign-in."""

    code = "unauthenticated"


class Forbidden(ParvisError):
    """The principal may see the thing but not do this."""

    code = "forbidden"


class NotFound(ParvisError):
    """The thing does not exist for this principal."""

    code = "notFound"


class Invalid(ParvisError):
    """The request breaks a rule; the field `field` names where when known."""

    code = "invalid"


class StateMismatch(ParvisError):
    """`ifInState` does not match. RFC 8620 §5.3"""

    code = "stateMismatch"


class TooLarge(ParvisError):
    """Over a size limit; the field `limit` says which."""

    code = "tooLarge"


class OverQuota(ParvisError):
    """Would exceed the account's quota."""

    code = "overQuota"


class RateLimited(ParvisError):
    """Too many tries; the field `retry_after` is in seconds."""

    code = "rateLimited"


class Conflict(ParvisError):
    """Contradicts what is stored, as a name that is taken."""

    code = "conflict"


class Unavailable(ParvisError):
    """Something this needs does not answer; trying again may help."""

    code = "unavailable"


class EgressRefused(ParvisError):
    """The egress gate does not allow this destination."""

    code = "egressRefused"
