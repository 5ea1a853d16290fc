"""The pages on which somebody lets a program in, or does not."""

from html import escape

from parvis.access.principal import Principal
from parvis.files.nextcloud.words import say
from parvis.kernel.languages import Language
from parvis.serve.http import sheet
from parvis.serve.http.exchange import Response

_STYLE = """
p{margin:.75rem 0}
label{display:block;margin-top:1rem}
.row{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1.5rem}
"""


def ask(
    language: Language, program: str, remote: str, who: Principal | None, proof: str, error: str = ""
) -> Response:
    """The question. Who is not signed in can do so here; `proof` shows that the answer comes from this page."""
    told = f'<p class="error" role="alert">{escape(say(error, language))}</p>' if error else ""
    body = (
        f"<h1>{escape(say('title', language))}</h1>{told}<p>{escape(say('asks', language, program=program))}</p>"
        f'<p class="quiet">{escape(say("from", language, remote=remote))}</p>'
        f"<p>{escape(say('careful', language))}</p>"
    )
    if who is not None:
        shown = f"{who.name} ({who.address})" if who.address else who.name
        inside = f"<p>{escape(say('signed_in', language, who=shown))}</p>"
        inside += f'<input type="hidden" name="proof" value="{escape(proof)}">'
        label = say("allow", language)
    else:
        inside = _field("username", "email", "username", say("address", language))
        inside += _field("password", "password", "current-password", say("password", language))
        label = say("sign_in_allow", language)
    refuse = escape(say("refuse", language))
    buttons = (
        f'<div class="row"><button name="answer" value="allow">{escape(label)}</button>'
        f'<button class="line" name="answer" value="refuse" formnovalidate>{refuse}</button></div>'
    )
    status = {"": 200, "wait": 429}.get(error, 403)
    return _page(language, "title", f'{body}<form method="post">{inside}{buttons}</form>', status)


def _field(name: str, kind: str, fill: str, label: str) -> str:
    return (
        f'<label for="{name}">{escape(label)}</label>'
        f'<input id="{name}" name="{name}" type="{kind}" autocomplete="{fill}" required>'
    )


def allowed(language: Language) -> Response:
    """It was let in."""
    more = f"<p>{escape(say('take_back', language))}</p>"
    return _page(language, "allowed", f"<h1>{escape(say('allowed', language))}</h1>{more}")


def sentence(language: Language, key: str, status: int = 200) -> Response:
    """A page of one sentence."""
    return sheet.sentence(language, say(key, language), status)


def _page(language: Language, key: str, body: str, status: int = 200) -> Response:
    return sheet.page(language, say(key, language), body, status, style=_STYLE)
