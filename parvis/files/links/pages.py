"""The pages of links as HTML: readable without any script, in the visitor's language, nothing fetched from
anywhere."""

from collections.abc import Sequence
from importlib import resources
from urllib.parse import quote

from parvis.files.links.store import Link
from parvis.files.links.words import say
from parvis.files.model import Node
from parvis.kernel import clock, days, ids
from parvis.kernel.languages import Language
from parvis.serve.http import sheet
from parvis.serve.http.exchange import Response
from parvis.wire.markup import escape

MOST_SHOWN = 500
_STYLE = resources.files(__package__).joinpath("pages.css").read_text("utf-8")
_FOLDER = (
    '<svg viewBox="0 0 24 24" fill="currentColor" aria-hidden="true">'
    '<path d="M3 6a2 2 0 0 1 2-2h4l2 3h8a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z"/></svg>'
)


def page(language: Language, title: str, body: str, status: int = 200) -> Response:
    """A whole page."""
    return sheet.page(language, title, body, status, style=_STYLE, pictures=True)


def sentence(language: Language, key: str, status: int) -> Response:
    """A page of one sentence; of a link that leads nowhere also whom to ask."""
    return sheet.sentence(language, say(key, language), status, ask=key == "gone")


def password(language: Language, link: Link, *, wrong: bool = False) -> Response:
    """The form that asks for the password."""
    error = f'<p class="error" role="alert">{escape(say("wrong", language))}</p>' if wrong else ""
    label = escape(say("password_label", language))
    body = (
        f"<h1>{escape(say('password', language))}</h1>{error}"
        f'<form method="post" action="/s/{link.token}"><label for="p">{label}</label>'
        f'<input id="p" type="password" name="password" required autocomplete="off" autofocus>'
        f"<button>{escape(say('open', language))}</button></form>"
    )
    return page(language, say("password", language), body, 403 if wrong else 200)


def _head(language: Language, link: Link, title: str, who: str) -> str:
    body = f"{sheet.owner(who, say('shared_by', language, who=who))}<h1>{escape(title)}</h1>"
    if link.expires_ms is not None:
        body += f'<p class="quiet">{escape(say("until", language, date=day(link.expires_ms, language)))}</p>'
    return body + (f"<p>{escape(link.message)}</p>" if link.message else "")


def day(milliseconds: int, language: Language) -> str:
    """A time for people, in UTC."""
    moment = clock.from_ms(milliseconds)
    return f"{days.written(moment.date(), language, year=True)}, {moment:%H:%M} UTC"


def address(link: Link, node: Node, *, content: bool = False) -> str:
    """Where a node is behind a link."""
    base = f"/s/{link.token}/{ids.text(node.id)}"
    return f"{base}/{quote(node.name, safe='')}" if content else base


def size(octets: int, language: Language) -> str:
    """Bytes for people."""
    units = ("o", "ko", "Mo", "Go", "To") if language == "fr" else ("B", "kB", "MB", "GB", "TB")
    value, unit = float(octets), 0
    while value >= 1000 and unit < len(units) - 1:
        value, unit = value / 1000, unit + 1
    shown = f"{value:.1f}" if unit and value < 100 else f"{value:.0f}"
    return f"{shown.replace('.', ',') if language != 'en' else shown} {units[unit]}"


def file(language: Language, link: Link, node: Node, who: str, preview: str) -> Response:
    """One file: its preview, and unless it is for looking only, the way to its bytes. `preview` is HTML."""
    body = _head(language, link, node.name, who)
    if link.mode == "download":
        label = f"{say('download', language)} ({size(node.size, language)})"
        body += f'<a class="button" href="{address(link, node, content=True)}">{escape(label)}</a>'
    else:
        body += f"<p>{escape(say('look_only', language))}</p>"
    return page(language, node.name, body + preview)


def folder(
    language: Language, link: Link, node: Node, who: str, inside: Sequence[Node], above: Node | None
) -> Response:
    """What a folder holds."""
    body = _head(language, link, node.name, who)
    if above is not None:
        body += f'<p><a href="{address(link, above)}">← {escape(say("back", language))}</a></p>'
    if not inside:
        return page(language, node.name, f"{body}<p>{escape(say('empty', language))}</p>")
    if link.mode == "download":
        body += _whole(language, link, node)
    rows = "".join(_line(language, link, one) for one in inside[:MOST_SHOWN])
    head = f"<tr><th>{escape(say('name', language))}</th><th>{escape(say('size', language))}</th></tr>"
    body += f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"
    if len(inside) > MOST_SHOWN:
        body += f"<p>{escape(say('more', language, count=MOST_SHOWN))}</p>"
    return page(language, node.name, body)


def _whole(language: Language, link: Link, node: Node) -> str:
    """The way to all that a folder holds."""
    label = f"{say('whole', language)} ({size(node.tree_bytes, language)})"
    return f'<a class="button" href="{address(link, node, content=True)}.zip">{escape(label)}</a>'


def _line(language: Language, link: Link, node: Node) -> str:
    octets = node.tree_bytes if node.folder else node.size
    ending = node.name.rpartition(".")[2][:4].upper() if "." in node.name else ""
    sign = _FOLDER if node.folder else f'<span aria-hidden="true">{escape(ending)}</span>'
    name = f'<a href="{address(link, node)}">{sign}<b>{escape(node.name)}</b></a>'
    return f"<tr><td>{name}</td><td>{size(octets, language)}</td></tr>"


def upload(
    language: Language, link: Link, who: str, *, told: str = "", wrong: str = "", status: int = 200
) -> Response:
    """The form that takes files; it shows nothing of what is there."""
    title = say("upload", language, who=who)
    body = f"{sheet.owner(who)}<h1>{escape(title)}</h1>"
    body += f"<p>{escape(link.message)}</p>" if link.message else ""
    body += f'<p class="told" role="status">{escape(told)}</p>' if told else ""
    body += f'<p class="error" role="alert">{escape(wrong)}</p>' if wrong else ""
    body += (
        f'<form method="post" enctype="multipart/form-data" action="/s/{link.token}">'
        f'<label for="s">{escape(say("sender", language))}</label>'
        f'<input id="s" name="sender" maxlength="100" autocomplete="name">'
        f'<label for="f">{escape(say("choose", language))}</label>'
        f'<input id="f" type="file" name="file" multiple required>'
        f"<button>{escape(say('send', language))}</button></form>"
    )
    return page(language, title, body, status)
