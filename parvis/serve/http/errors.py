"""The one table from our errors to HTTP answers."""

from typing import Any

from parvis.kernel.errors import ParvisError
from parvis.serve.http.exchange import Response, answer

STATUS = {
    "unauthenticated": 401,
    "forbidden": 403,
    "notFound": 404,
    "invalid": 400,
    "stateMismatch": 412,
    "tooLarge": 413,
    "overQuota": 507,
    "rateLimited": 429,
    "conflict": 409,
    "unavailable": 503,
    "egressRefused": 502,
}


def refusal(error: ParvisError, path: str, request_id: str, *, basic: bool = False) -> Response:
    """An error as JSON: {"code", "sentence", "retryAfter"?}, and below /jmap/ as a problem document (RFC 7807).
    `basic` offers a client without a browser the Basic scheme."""
    status = STATUS.get(error.code, 500)
    body: dict[str, Any] = {"code": error.code, "sentence": error.sentence}
    headers = [("x-request-id", request_id)]
    if (field := error.fields.get("field")) is not None:
        body["field"] = field
    if (seconds := error.fields.get("retry_after")) is not None:
        body["retryAfter"] = int(seconds)
        headers.append(("retry-after", str(int(seconds))))
    if status == 401 and basic:
        headers.append(("www-authenticate", 'Basic realm="parvis", charset="UTF-8"'))
    if not path.startswith("/jmap/"):
        return answer(body, status, headers)
    found = answer({"type": "about:blank", "status": status, "detail": error.sentence, **body}, status, headers)
    found.headers[0] = ("content-type", "application/problem+json")
    return found
