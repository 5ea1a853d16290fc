"""Answers in the envelope of the Open Collaboration Services: JSON when it is asked for, else XML. OCS 1.7"""

from collections.abc import Mapping, Sequence
from typing import Any

from parvis.serve.http.exchange import Request, Response, answer
from parvis.wire.markup import escape


def ok(request: Request, data: Mapping[str, Any]) -> Response:
    """An answer that holds data."""
    return _envelope(request, 200, 100 if _first(request) else 200, "OK", data)


def missing(request: Request) -> Response:
    """There is no such service."""
    return _envelope(request, 404, 998 if _first(request) else 404, "there is nothing here", {})


def _first(request: Request) -> bool:
    """Whether version 1 is asked, whose codes are its own."""
    return request.path.startswith("/ocs/v1.php")


def _envelope(request: Request, status: int, code: int, message: str, data: Mapping[str, Any]) -> Response:
    meta = {"status": "ok" if status == 200 else "failure", "statuscode": code, "message": message}
    whole = {"ocs": {"meta": meta, "data": data}}
    json = "application/json" in request.headers.get("accept", "")
    if request.query.get("format", "json" if json else "xml") == "json":
        return answer(whole, status)
    body = f'<?xml version="1.0"?>\n{_element("ocs", whole["ocs"])}\n'
    headers = [("content-type", "application/xml; charset=utf-8"), ("cache-control", "no-store")]
    return Response(status, body.encode(), headers)


def _element(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        inside = "".join(_element(key, each) for key, each in value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str):
        inside = "".join(_element("element", each) for each in value)
    elif isinstance(value, bool):
        inside = "1" if value else ""
    else:
        inside = escape(str(value))
    return f"<{name}>{inside}</{name}>" if inside else f"<{name}/>"
