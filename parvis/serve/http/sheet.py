"""A page for strangers: one sheet of HTML in the client's look, without scripts and with nothing fetched from
anywhere, so that it is readable in any browser and by any reader."""

from importlib import resources

from parvis.kernel.languages import Language
from parvis.serve.http.exchange import Response
from parvis.wire.markup import escape

_LOOK = resources.files(__package__).joinpath("sheet.css").read_text("utf-8")
_HEADERS = [
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "no-store"),
    ("x-robots-tag", "noindex, nofollow"),
    ("referrer-policy", "no-referrer"),
]
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; {}form-action 'self'{}; base-uri 'none'; frame-ancestors 'none'"
)
_ASK: dict[Language, str] = {
    "fr": "Demandez-en un nouveau à la personne qui vous l’a donné.",
    "vi": "Hãy hỏi người đã gửi để nhận liên kết mới.",
    "en": "Ask whoever gave it to you for a new one.",
}


def page(
    language: Language,
    title: str,
    body: str,
    status: int = 200,
    *,
    style: str = "",
    wide: bool = False,
    pictures: bool = False,
    leads_to: str = "",
) -> Response:
    """A whole page. `body` is HTML, `style` what it needs beside the look of all such pages; `pictures` of this
    server may be shown in it; the answer to a form of it may lead to the origin `leads_to`."""
    width = ' class="wide"' if wide else ""
    text = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{_LOOK}{style}</style></head><body><main{width}>{body}</main></body></html>"
    )
    policy = _POLICY.format("img-src 'self'; " if pictures else "", f" {leads_to}" if leads_to else "")
    return Response(status, text.encode(), [*_HEADERS, ("content-security-policy", policy)])


def sentence(language: Language, text: str, status: int, *, ask: bool = False) -> Response:
    """A page of one sentence; with `ask`, of a link that leads nowhere, also whom to ask for another."""
    beside = f"<p>{escape(_ASK[language])}</p>" if ask else ""
    return page(language, text, f"<h1>{escape(text)}</h1>{beside}", status)


def owner(name: str, said: str = "") -> str:
    """Who stands behind a page, by the letters of their name in its colour; `said` is told in place of the name."""
    words = name.split()
    letters = "".join(each[0] for each in words[:1] + words[1:][-1:]).upper()
    hue = sum(ord(each) * (place + 7) for place, each in enumerate(name)) % 360
    drawn = f'<span class="av" style="--h:{hue}" aria-hidden="true">{escape(letters)}</span>'
    return f'<p class="owner">{drawn}<span>{escape(said or name)}</span></p>'
