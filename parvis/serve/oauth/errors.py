"""Errors in OAuth's words. RFC 6749 §5.2, RFC 7591 §3.2.2, RFC 8628 §3.5"""

from parvis.kernel.errors import ParvisError
from parvis.serve.http.exchange import Request, Response, answer

CORS = [
    ("access-control-allow-origin", "*"),
    ("access-control-allow-methods", "GET, POST, OPTIONS"),
    ("access-control-allow-headers", "Content-Type, Authorization"),
]
"""Programs run in pages of any site; nothing here is answered by who a browser is signed in as."""
_CODES = {"unauthenticated": "invalid_grant", "rateLimited": "slow_down", "unavailable": "temporarily_unavailable"}
_STATUS = {"invalid_client": 401, "slow_down": 400, "temporarily_unavailable": 503}


class OAuthError(ParvisError):
    """`word` is the error's name in the protocol."""

    code = "oauth"

    def __init__(self, word: str, sentence: str) -> None:
        super().__init__(sentence)
        self.word = word


def refusal(error: ParvisError, request: Request) -> Response:
    """An error as a program is told."""
    word = error.word if isinstance(error, OAuthError) else _CODES.get(error.code, "invalid_request")
    status = 429 if error.code == "rateLimited" else _STATUS.get(word, 400)
    body = {"error": word, "error_description": error.sentence}
    headers = [*CORS, ("x-request-id", request.id)]
    if (seconds := error.fields.get("retry_after")) is not None:
        headers.append(("retry-after", str(int(seconds))))
    return answer(body, status, headers)
