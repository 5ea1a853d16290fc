"""The pages on which somebody lets a program in, or does not."""

from parvis.access.principal import Principal
from parvis.kernel.languages import Language
from parvis.serve.consent.words import say
from parvis.serve.http import sheet
from parvis.serve.http.exchange import Response
from parvis.wire.markup import escape

_STYLE = """
p{margin:.75rem 0}
label{display:block;margin-top:1rem}
.row{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1.5rem}
"""


def ask(
    language: Language,
    asked: str,
    remote: str,
    who: Principal | None,
    proof: str,
    error: str = "",
    *,
    leads_to: str = "",
) -> Response:
    """The question: `asked` says what for, `remote` where it comes from when that is known. Who is not signed in
    can do so here; `proof` shows that the answer comes from this page; `leads_to` is the origin that the answer is
    passed on to."""
    told = f'<p class="error" role="alert">{escape(say(error, language))}</p>' if error else ""
    origin = f'<p class="quiet">{escape(say("from", language, remote=remote))}</p>' if remote else ""
    body = (
        f"<h1>{escape(say('title', language))}</h1>{told}<p>{escape(asked)}</p>{origin}"
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
    return _page(language, "title", f'{body}<form method="post">{inside}{buttons}</form>', status, leads_to)


def _field(name: str, kind: str, fill: str, label: str) -> str:
    return (
        f'<label for="{name}">{escape(label)}</label>'
        f'<input id="{name}" name="{name}" type="{kind}" autocomplete="{fill}" required>'
    )


def allowed(language: Language, how_to_take_back: str) -> Response:
    """It was let in."""
    more = f"<p>{escape(how_to_take_back)}</p>"
    return _page(language, "allowed", f"<h1>{escape(say('allowed', language))}</h1>{more}")


def sentence(language: Language, key: str, status: int = 200) -> Response:
    """A page of one sentence."""
    return sheet.sentence(language, say(key, language), status)


def ask_code(language: Language, *, wrong: bool = False) -> Response:
    """Asks for the code that a device without a browser shows."""
    told = f'<p class="error" role="alert">{escape(say("wrong_code", language))}</p>' if wrong else ""
    label, go = escape(say("code", language)), escape(say("next", language))
    field = (
        f'<label for="user_code">{label}</label><input id="user_code" name="user_code" autocomplete="off" '
        'autocapitalize="characters" spellcheck="false" autofocus required maxlength="20">'
    )
    form = f'<form>{field}<div class="row"><button>{go}</button></div></form>'
    body = f"<h1>{escape(say('link', language))}</h1>{told}<p>{escape(say('link_how', language))}</p>{form}"
    return _page(language, "link", body, 404 if wrong else 200)


def again(language: Language, path: str) -> Response:
    """Leads to a page of this server: a browser that was sent here by another site has kept its cookie back."""
    link = f'<p><a href="{escape(path)}">{escape(say("next", language))}</a></p>'
    page = _page(language, "title", f"<h1>{escape(say('title', language))}</h1>{link}")
    page.headers.append(("refresh", f"0; url={path}"))
    return page


def _page(language: Language, key: str, body: str, status: int = 200, leads_to: str = "") -> Response:
    return sheet.page(language, say(key, language), body, status, style=_STYLE, leads_to=leads_to)
