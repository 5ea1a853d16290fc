"""SearchSnippet/get: where the words that were looked for stand. RFC 8621 §5.1"""

import asyncio
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from parvis.kernel import ids
from parvis.mail import store
from parvis.mail.jmap.body import Load
from parvis.mail.jmap.email import loader
from parvis.mail.jmap.email_query import EmailCondition
from parvis.mail.message import body_text
from parvis.mail.structure import Structure, body_part
from parvis.mail.words import WORD, Term, terms, words
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.filters import read_filter
from parvis.serve.jmap.kind import Filter, Kind, Operator
from parvis.serve.jmap.types import Arguments, Object
from parvis.wire import mime
from parvis.wire.markup import escape

_OCTETS = 255
_BEFORE = 40
_HEADS = (4_000, 40_000)
"""Characters of a body that are looked through before all of it is."""
_LARGE = 100_000
"""Bytes of text beyond which others need not wait."""
_Parts = Mapping[int, tuple[Structure, bytes]]
_summary = msgspec.json.Decoder(dict[str, Any])


class SearchSnippetArguments(Arguments):
    """RFC 8621 §5.1"""

    account_id: str
    email_ids: list[str]
    filter: dict[str, Any] | None = None


class Snippets:
    """The method, for the kind whose filters it takes."""

    def __init__(self, email: Kind) -> None:
        self._email = email

    async def run(self, call: Call) -> Result:
        """Subject and a piece of the body, with what matches in `<mark>`; null where nothing does."""
        arguments: SearchSnippetArguments = call.arguments
        if len(arguments.email_ids) > call.context.settings.limits.objects_in_get:
            raise MethodError("requestTooLarge", "too many messages")
        asked = read_filter(self._email, arguments.filter)
        subject, body = looked_for(asked, ("subject", "text")), looked_for(asked, ("body", "text"))
        numbers = {given: call.number(given) for given in dict.fromkeys(arguments.email_ids)}
        rows = {
            row[0]: row
            for row in await store.rows_of(call.db, call.account_id, [one for one in numbers.values() if one])
        }
        parts = await store.parts_of(call.db, list(rows)) if body else {}
        found = [
            await _snippet(call, given, rows[number], parts, subject, body)
            for given, number in numbers.items()
            if number in rows
        ]
        missing = [given for given, number in numbers.items() if number not in rows]
        return {"accountId": ids.text(call.account_id), "list": found, "notFound": missing or None}


def looked_for(asked: Filter | None, names: Sequence[str]) -> list[Term]:
    """The words of a filter that results have; those under NOT are not shown."""
    if asked is None:
        return []
    if isinstance(asked, Operator):
        if asked.operator == "NOT":
            return []
        return [term for each in asked.conditions for term in looked_for(each, names)]
    assert isinstance(asked, EmailCondition)
    given = asked.given()
    return [term for name in names if name in given for term in terms(given[name])]


async def _snippet(
    call: Call, given: str, row: Sequence[Any], parts: _Parts, subject: list[Term], body: list[Term]
) -> Object:
    summary = _summary.decode(row[6])
    shown: Object = {"emailId": given, "subject": None, "preview": None}
    if subject and summary["subject"]:
        shown["subject"] = marked(summary["subject"], subject)
    if body and row[0] in parts:
        texts = await _texts(loader(call, row[2], row[3]), parts[row[0]][0])
        if sum(len(raw) for raw, _ in texts) < _LARGE:
            shown["preview"] = excerpt(body_text(texts), body)
        else:
            shown["preview"] = await asyncio.to_thread(lambda: excerpt(body_text(texts), body))
    return shown


async def _texts(load: Load, structure: Structure) -> list[tuple[bytes, mime.Part]]:
    """The text parts, each with its bytes: attachments are not read."""
    found = []
    for node in structure.leaves().values():
        if node.is_text:
            raw = await load(node.start, node.end)
            found.append((raw, body_part(node, len(raw))))
    return found


def matches(text: str, asked: Sequence[Term]) -> list[tuple[int, int]]:
    """Where the terms stand in a text in NFC, as (start, end), in order and apart from each other."""
    tokens = [(match.start(), match.end(), "".join(words(match[0]))) for match in WORD.finditer(text)]
    found = []
    for place in range(len(tokens)):
        for cut, begins in asked:
            run = tokens[place : place + len(cut)]
            if len(run) == len(cut) and _same([token[2] for token in run], cut, begins):
                found.append((run[0][0], run[-1][1]))
    return _apart(found)


def _same(run: list[str], cut: list[str], begins: bool) -> bool:
    return run == cut or (begins and run[:-1] == cut[:-1] and run[-1].startswith(cut[-1]))


def _apart(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    apart: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if apart and start < apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return apart


def _escaped(text: str) -> str:
    return escape(text, quote=False)


def marked(text: str, asked: Sequence[Term], limit: int | None = None) -> str | None:
    """The text as HTML with the terms marked; None when there are none in it. `limit` in octets: what does not fit
    is left out, whole characters and marks only."""
    normal = unicodedata.normalize("NFC", text)
    places = matches(normal, asked)
    if not places:
        return None
    pieces: list[str] = []
    left, done = limit if limit is not None else len(normal) * 30 + 100, 0
    for start, end in places:
        left = _take(pieces, normal[done:start], left)
        piece = f"<mark>{_escaped(normal[start:end])}</mark>"
        if (size := len(piece.encode("utf-8", "replace"))) > left:
            return "".join(pieces)
        pieces.append(piece)
        left, done = left - size, end
    _take(pieces, normal[done:], left)
    return "".join(pieces)


def _take(pieces: list[str], text: str, left: int) -> int:
    """Adds as many characters as fit; returns what is left."""
    for character in text:
        piece = _escaped(character)
        size = len(piece.encode("utf-8", "replace"))
        if size > left:
            return 0
        pieces.append(piece)
        left -= size
    return left


def excerpt(text: str, asked: Sequence[Term]) -> str | None:
    """The piece of a text around the first match, at most 255 octets, the matches marked."""
    normal = " ".join(unicodedata.normalize("NFC", text).split())
    for head in (*_HEADS, len(normal) + 1):  # as a rule it is near the beginning
        places = matches(normal[: normal.rfind(" ", 0, head)] if head < len(normal) else normal, asked)
        if places:
            break
    else:
        return None
    first = max(0, places[0][0] - _BEFORE)
    if first and (space := normal.find(" ", first, places[0][0])) > 0:
        first = space + 1
    return marked(normal[first : first + _OCTETS + 50], asked, _OCTETS)
