"""Refusals as WebDAV answers them: a status, and DAV:error with the condition's name. RFC 4918 §11.3, §11.5, §12,
§14.5, §16"""

from parvis.kernel.errors import OverQuota, ParvisError
from parvis.serve.dav.tree import Precondition
from parvis.serve.http.errors import STATUS
from parvis.serve.http.exchange import Response
from parvis.wire.dav import xml
from parvis.wire.dav.names import dav

XML = "application/xml; charset=utf-8"


class Refused(ParvisError):
    """A refusal that only HTTP knows: 405, 415, 423. `inside` is the written content of DAV:error."""

    code = "refused"

    def __init__(self, status: int, sentence: str, inside: str = "", *, allow: str = "") -> None:
        super().__init__(sentence)
        self.status, self.inside, self.allow = status, inside, allow


def status_of(error: ParvisError) -> int:
    """The HTTP status of an error."""
    if isinstance(error, Refused | Precondition):
        return error.status
    return STATUS.get(error.code, 500)


def condition(error: ParvisError) -> str:
    """The written content of DAV:error, or nothing."""
    if isinstance(error, Refused):
        return error.inside
    if isinstance(error, Precondition):
        return xml.wrapped(error.element, xml.href(error.href) if error.href else "")
    if isinstance(error, OverQuota):  # RFC 4331 §6
        return xml.empty(dav("quota-not-exceeded"))
    return ""


def refusal(error: ParvisError, inside: str = "") -> Response:
    """An error as an answer; `inside` is the written content of DAV:error when the error has none."""
    inside = (
        condition(error) or inside or f"<D:responsedescription>{xml.text(error.sentence)}</D:responsedescription>"
    )
    headers = [("content-type", XML), ("cache-control", "no-store")]
    if isinstance(error, Refused) and error.allow:
        headers.append(("allow", error.allow))
    return Response(status_of(error), xml.document(dav("error"), inside), headers)
