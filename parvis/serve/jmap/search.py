"""Search in JMAP: one method that finds passages of every kind of thing, one that completes what is being typed,
one that says how far the index is."""

from typing import Annotated, Any, Literal

import msgspec

from parvis.access.principal import Principal
from parvis.kernel import clock, ids
from parvis.search.request import Filters, Hit, SearchRequest
from parvis.search.service import Search
from parvis.serve.feature import Capability, Feature
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.kind import OWN, Method
from parvis.serve.jmap.types import Arguments, Object, UnsignedInt, UTCDate

SEARCH = "urn:parvis:search"
_MOST = 100
_Text = Annotated[str, msgspec.Meta(max_length=10_000)]


class SearchFilter(Arguments):
    """Limits beside the words; what is not given does not limit."""

    author: str = ""
    person: str = ""
    after: UTCDate | None = None
    before: UTCDate | None = None
    has_attachment: bool | None = None
    mailbox_ids: list[str] = msgspec.field(default_factory=list)
    keywords: list[str] = msgspec.field(default_factory=list)
    languages: list[str] = msgspec.field(default_factory=list)


class SearchArguments(Arguments):
    """`accountId` is the asker's own; `accountIds` narrows the search to some accounts that they see."""

    account_id: str
    text: _Text
    filter: SearchFilter = msgspec.field(default_factory=SearchFilter)
    account_ids: list[str] = msgspec.field(default_factory=list)
    kinds: list[str] = msgspec.field(default_factory=list)
    order: Literal["relevance", "newest"] = "relevance"
    mode: Literal["text", "hybrid"] = "hybrid"
    typing: bool = False
    limit: UnsignedInt = 20
    per_object: UnsignedInt = 1


class SuggestArguments(Arguments):
    """The beginning of what is being typed."""

    account_id: str
    text: _Text
    limit: UnsignedInt = 8


class StatusArguments(Arguments):
    """Nothing but whose."""

    account_id: str


def feature(search: Search) -> Feature:
    """Search as app.py wires it."""

    async def query(call: Call) -> Object:
        answer = await search.query(call.principal, _request(call.arguments))
        hits = [_outside(hit) for hit in answer.hits]
        return {
            "accountId": call.arguments.account_id,
            "hits": hits,
            "corrections": answer.corrections,
            "meaning": answer.meaning,
        }

    async def suggest(call: Call) -> Object:
        found = await search.suggest(call.principal, call.arguments.text, min(call.arguments.limit, _MOST))
        suggestions = [{"kind": one.kind, "text": one.text, "detail": one.detail} for one in found]
        return {"accountId": call.arguments.account_id, "suggestions": suggestions}

    async def status(call: Call) -> Object:
        return {"accountId": call.arguments.account_id, **await _status(search, call.principal)}

    return Feature(
        name="search",
        capabilities=[Capability(SEARCH, OWN)],
        methods=[
            Method(name="Search/query", capability=SEARCH, arguments=SearchArguments, run=query, scope=OWN),
            Method(name="Search/suggest", capability=SEARCH, arguments=SuggestArguments, run=suggest, scope=OWN),
            Method(name="Search/status", capability=SEARCH, arguments=StatusArguments, run=status, scope=OWN),
        ],
        erase=search.erase,
    )


def _request(given: SearchArguments) -> SearchRequest:
    wanted = given.filter
    return SearchRequest(
        text=given.text,
        kinds=tuple(given.kinds),
        accounts=_numbers(given.account_ids, "accountIds"),
        filters=Filters(
            author=wanted.author,
            person=wanted.person,
            after_ms=clock.parse_utc(wanted.after) if wanted.after else None,
            before_ms=clock.parse_utc(wanted.before) if wanted.before else None,
            has_attachment=wanted.has_attachment,
            mailboxes=_numbers(wanted.mailbox_ids, "filter/mailboxIds"),
            keywords=tuple(wanted.keywords),
            languages=tuple(wanted.languages),
        ),
        limit=min(given.limit or _MOST, _MOST),
        mode=given.mode,
        order=given.order,
        typing=given.typing,
        per_object=given.per_object,
    )


def _numbers(given: list[str], name: str) -> tuple[int, ...]:
    numbers = [ids.parse(text) for text in given]
    if None in numbers:
        raise MethodError("invalidArguments", f"{name} has an id that is none")
    return tuple(number for number in numbers if number is not None)


def _outside(hit: Hit) -> Object:
    return {
        "passageId": ids.text(hit.passage_id),
        "accountId": ids.text(hit.account_id),
        "scopeId": ids.text(hit.scope_id),
        "kind": hit.kind,
        "objectId": ids.text(hit.object_id),
        "part": hit.part,
        "fileName": hit.file_name,
        "title": hit.title,
        "author": hit.author,
        "time": clock.utc_date(hit.time_ms),
        "origin": hit.origin,
        "language": hit.language,
        "place": msgspec.to_builtins(hit.place),
        "start": hit.start,
        "end": hit.end,
        "text": hit.text,
        "marks": [list(mark) for mark in hit.marks],
        "titleMarks": [list(mark) for mark in hit.title_marks],
        "score": hit.score,
    }


async def _status(search: Search, principal: Principal) -> dict[str, Any]:
    found = await search.status(principal)
    troubles = [
        {"kind": one.kind, "objectId": ids.text(one.object_id), "title": one.title, "fileName": one.file_name}
        | {"error": one.error}
        for one in found.troubles
    ]
    return {
        "items": found.items,
        "passages": found.passages,
        "embedded": found.embedded,
        "waiting": found.waiting,
        "model": found.model,
        "troubles": troubles,
    }
