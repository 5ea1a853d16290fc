"""JMAP's three levels of errors, and the one table from ours to theirs. RFC 8620 §3.6"""

from typing import Any

from parvis.kernel.errors import ParvisError
from parvis.serve.jmap.types import Object


class RequestError(Exception):
    """The whole request is rejected; answered as problem+json. RFC 8620 §3.6.1"""

    def __init__(self, kind: str, detail: str, status: int = 400, limit: str | None = None) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.status, self.limit = kind, detail, status, limit

    def problem(self) -> Object:
        """The body of the answer. RFC 7807"""
        body: Object = {
            "type": f"urn:ietf:params:jmap:error:{self.kind}",
            "status": self.status,
            "detail": self.detail,
        }
        if self.limit:
            body["limit"] = self.limit
        return body


class MethodError(Exception):
    """One method call fails as a whole. RFC 8620 §3.6.2"""

    def __init__(self, kind: str, description: str = "", **fields: Any) -> None:
        super().__init__(description or kind)
        self.kind, self.description, self.fields = kind, description, fields

    def arguments(self) -> Object:
        """Arguments of the `error` response."""
        described = {"description": self.description} if self.description else {}
        return {"type": self.kind, **described, **self.fields}


class SetError(Exception):
    """One object of a /set, /copy or /import is rejected; the others go on. RFC 8620 §5.3

    raise SetError("invalidProperties", "a name is needed", properties=["name"])"""

    def __init__(self, kind: str, description: str = "", **fields: Any) -> None:
        super().__init__(description or kind)
        self.kind, self.description, self.fields = kind, description, fields

    def arguments(self) -> Object:
        """The SetError object."""
        described = {"description": self.description} if self.description else {}
        return {"type": self.kind, **described, **self.fields}


def invalid_properties(*names: str, why: str = "") -> SetError:
    """The SetError for properties that are wrong."""
    return SetError("invalidProperties", why, properties=list(names))


_METHOD = {
    "forbidden": "forbidden",
    "notFound": "invalidArguments",
    "invalid": "invalidArguments",
    "stateMismatch": "stateMismatch",
    "tooLarge": "requestTooLarge",
    "overQuota": "overQuota",
    "rateLimited": "rateLimit",
    "conflict": "serverUnavailable",
    "unavailable": "serverUnavailable",
    "egressRefused": "forbidden",
    "unauthenticated": "forbidden",
}
_SET = {
    "forbidden": "forbidden",
    "notFound": "notFound",
    "invalid": "invalidProperties",
    "tooLarge": "tooLarge",
    "overQuota": "overQuota",
    "rateLimited": "rateLimit",
    "conflict": "invalidProperties",
    "egressRefused": "forbidden",
}


def of_method(error: ParvisError) -> MethodError:
    """Our error as a method-level one."""
    return MethodError(_METHOD.get(error.code, "serverFail"), error.sentence)


def of_object(error: ParvisError) -> SetError | None:
    """Our error as a SetError, or None when it concerns the whole call (the database is down)."""
    kind = _SET.get(error.code)
    if kind is None:
        return None
    field = error.fields.get("field")
    fields = {"properties": [field]} if kind == "invalidProperties" and field else {}
    return SetError(kind, error.sentence, **fields)
