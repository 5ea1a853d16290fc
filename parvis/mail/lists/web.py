"""Leaving a list by the web: one POST, which a mail program makes itself, or a person by the button of a page; a
GET changes nothing, since programs follow links. RFC 8058 §3.1"""

from parvis.mail.lists.service import Lists
from parvis.serve.http import sheet
from parvis.serve.http.exchange import Request, Response, Route
from parvis.wire.markup import escape

_FORM = """<p>Unsubscribe from this list? / Se désabonner de cette liste ? / Ngừng nhận thư của danh sách này?</p>
<form method="post" action="{}"><button name="List-Unsubscribe" value="One-Click">OK</button></form>"""
_DONE = "<p>Done. / C’est fait. / Đã xong.</p>"
_UNKNOWN = (
    "<p>This is not, or no longer, a subscription. / Cet abonnement n’existe pas. / Không có đăng ký này.</p>"
)


def routes(lists: Lists) -> tuple[Route, ...]:
    """The page, and what its button does; the address is known to the reader alone. RFC 8058 §6"""

    async def page(request: Request) -> Response:
        return _answer(_FORM.format(escape(f"/lists/leave/{request.params['word']}", quote=True)))

    async def leave(request: Request) -> Response:
        await request.body(10_000)
        return _answer(_DONE) if await lists.leave(request.params["word"]) else _answer(_UNKNOWN, 404)

    path = "/lists/leave/{word}"
    return (Route("GET", path, page, auth="open"), Route("POST", path, leave, auth="open"))


def _answer(body: str, status: int = 200) -> Response:
    return sheet.page("en", "Unsubscribe", body, status, style="button{margin-top:1rem}")
