"""The one table from errors to Matrix's answers (Matrix v1.19 Client-Server §Standard error response)."""

from typing import Any

from parvis.chat.federation.contract import PeerError
from parvis.kernel.errors import ParvisError
from parvis.serve.http.exchange import Request, Response, answer
from parvis.wire.matrix.errors import BadMatrix

_STATUS = {
    "M_FORBIDDEN": 403,
    "M_UNKNOWN_TOKEN": 401,
    "M_MISSING_TOKEN": 401,
    "M_UNAUTHORIZED": 401,
    "M_USER_DEACTIVATED": 403,
    "M_USER_LOCKED": 401,
    "M_USER_SUSPENDED": 403,
    "M_THREEPID_DENIED": 403,
    "M_NOT_FOUND": 404,
    "M_UNRECOGNIZED": 404,
    "M_LIMIT_EXCEEDED": 429,
    "M_TOO_LARGE": 413,
    "M_DUPLICATE_ANNOTATION": 400,
    "M_ROOM_IN_USE": 400,
    "M_CANNOT_OVERWRITE_MEDIA": 409,
    "M_NOT_YET_UPLOADED": 504,
    "M_WRONG_ROOM_KEYS_VERSION": 403,
    "M_UNKNOWN_POS": 400,
}
"""Others are 400."""
_CODES = {
    "unauthenticated": "M_UNKNOWN_TOKEN",
    "forbidden": "M_FORBIDDEN",
    "notFound": "M_NOT_FOUND",
    "invalid": "M_INVALID_PARAM",
    "tooLarge": "M_TOO_LARGE",
    "overQuota": "M_TOO_LARGE",
    "rateLimited": "M_LIMIT_EXCEEDED",
}
_OTHER = {"conflict": 409, "stateMismatch": 412, "unavailable": 503, "egressRefused": 502, "peer": 502}
_TOLD = ("current_version", "room_version")
"""Fields of errors that clients and servers are told beside."""
CORS = [
    ("access-control-allow-origin", "*"),
    ("access-control-allow-methods", "GET, HEAD, POST, PUT, DELETE, OPTIONS"),
    ("access-control-allow-headers", "X-Requested-With, Content-Type, Authorization, Range"),
    ("access-control-expose-headers", "Content-Disposition, Retry-After"),
    ("cross-origin-resource-policy", "cross-origin"),
]
"""Clients run in pages of any site; they send their token themselves (Matrix v1.19 Client-Server §Web Browser
Clients)."""


def refusal(error: ParvisError, request: Request) -> Response:
    """An error as Matrix tells it."""
    code = _CODES.get(error.code, "M_UNKNOWN")
    if isinstance(error, BadMatrix | PeerError):
        code = error.errcode
    if error.code == "unauthenticated" and not request.headers.get("authorization"):
        code = "M_MISSING_TOKEN"
    status = _STATUS.get(code) or _OTHER.get(error.code) or (500 if error.code == "internal" else 400)
    body: dict[str, Any] = {"errcode": code, "error": error.sentence}
    headers = [("x-request-id", request.id), *CORS]
    if (seconds := error.fields.get("retry_after")) is not None:
        body["retry_after_ms"] = int(seconds) * 1000
        headers.append(("retry-after", str(int(seconds))))
    if code == "M_USER_LOCKED" or error.fields.get("renew"):
        body["soft_logout"] = True
    body |= {name: error.fields[name] for name in _TOLD if name in error.fields}
    return answer(body, status, headers)
