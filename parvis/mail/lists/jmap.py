"""Mailing lists in JMAP, a capability of our own: which there are, how they are set, and what waits for their
moderators."""

import asyncio
from typing import Any

import msgspec

from parvis.access.directory import normal
from parvis.access.principal import Principal
from parvis.kernel import clock, ids
from parvis.kernel.errors import Forbidden, Invalid, NotFound
from parvis.mail.lists import store
from parvis.mail.lists.model import MailingList, Others, Post, Posting
from parvis.mail.message import addresses, body_text
from parvis.serve.jmap.blobs import blob_id
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.kind import OWN, Method
from parvis.serve.jmap.types import Arguments, Object
from parvis.store.sql.contract import Database
from parvis.store.unit import Unit
from parvis.wire import mime

LISTS = "urn:parvis:lists"
_TEXT = 50_000
"""Characters of a held message that are shown."""


class _Get(Arguments):
    account_id: str


class _Configure(Arguments):
    account_id: str
    id: str
    posting: Posting | None = None
    others: Others | None = None
    subscribe: list[str] = msgspec.field(default_factory=list)
    unsubscribe: list[str] = msgspec.field(default_factory=list)


class _Read(Arguments):
    account_id: str
    id: str


class _Decide(Arguments):
    account_id: str
    accept: list[str] = msgspec.field(default_factory=list)
    reject: list[str] = msgspec.field(default_factory=list)


async def _moderates(db: Database, who: Principal, group_id: int) -> bool:
    return who.administrator or who.id in await store.moderators(db, group_id)


async def _own(call: Call) -> list[MailingList]:
    """The lists that the asker moderates."""
    db = call.context.store.db
    return [each for each in await store.everyone(db) if await _moderates(db, call.principal, each.id)]


async def _get(call: Call) -> Result:
    """The lists that the asker reads or moderates; who reads them outside is for moderators."""
    db, found = call.context.store.db, []
    for each in await store.everyone(db):
        moderates = await _moderates(db, call.principal, each.id)
        reads = call.principal.id in await store.members(db, each.id)
        if moderates or reads or await store.is_member(db, each.id, call.principal.address):
            found.append(await _shown(db, each, moderates=moderates, reads=reads))
    return {"accountId": call.arguments.account_id, "list": found}


async def _shown(db: Database, of: MailingList, *, moderates: bool, reads: bool) -> Object:
    shown: Object = {
        "id": ids.text(of.id), "name": of.name, "address": of.address, "posting": of.posting, "others": of.others,
        "reads": reads, "mayModerate": moderates,
    }  # fmt: skip
    if moderates:
        shown["readers"] = [reader.address for reader in await store.readers(db, of.id)]
        shown["held"] = len(await store.held(db, [of.id]))
    return shown


async def _configure(call: Call) -> Result:
    """Changes a list; who does not moderate it may begin and end to read it themselves. Raises NotFound, Forbidden,
    Invalid."""
    given, db = call.arguments, call.context.store.db
    of = await store.by_id(db, call.number(given.id) or 0)
    if of is None:
        raise NotFound("no such list")
    moderates = await _moderates(db, call.principal, of.id)
    if not moderates and not await store.is_member(db, of.id, call.principal.address):
        raise NotFound("no such list")
    touched = {normal(each) for each in (*given.subscribe, *given.unsubscribe)}
    if not moderates and (given.posting or given.others or touched - {call.principal.address}):
        raise Forbidden("only its moderators change a list")

    async def work(unit: Unit) -> None:
        if given.posting or given.others:
            await store.configure(unit, of.id, given.posting or of.posting, given.others or of.others)
        for address in given.subscribe:
            await store.subscribe(unit, of.id, address)
        for address in given.unsubscribe:
            await store.leave(unit, of.id, address)

    await call.context.store.write(work)
    return await _get(call)


async def _held(call: Call) -> Result:
    """What waits for the asker's decision, oldest first."""
    lists = {each.id: each for each in await _own(call)}
    posts = await store.held(call.context.store.db, list(lists)) if lists else []
    return {"accountId": call.arguments.account_id, "list": [_post(each, lists[each.group_id]) for each in posts]}


def _post(post: Post, of: MailingList) -> Object:
    return {
        "id": ids.text(post.id), "listId": ids.text(of.id), "listName": of.name, "author": post.author,
        "subject": post.subject, "why": post.why, "size": post.size, "received": clock.utc_date(post.received_ms),
        "blobId": blob_id(post.blob),
    }  # fmt: skip


async def _read(call: Call) -> Result:
    """A held message as its moderators read it: who wrote it, its words without markup, its files. Raises
    NotFound."""
    given, own = call.arguments, {each.id for each in await _own(call)}
    post = await store.post(call.context.store.db, ids.parse(given.id) or 0)
    if post is None or post.group_id not in own:
        raise NotFound("no such message waits")
    raw = await call.context.store.blobs.get(post.blob)
    return {"accountId": given.account_id, "id": given.id, **await asyncio.to_thread(_content, raw)}


def _content(raw: bytes) -> Object:
    message = mime.parse(raw)
    return {
        "from": [each for field in message.root.all("From") for each in addresses(field.value)],
        "text": body_text((raw, part) for part in message.leaves())[:_TEXT],
        "files": [part.filename or part.media_type for part in mime.body_views(message).attachments],
    }


async def _decide(call: Call) -> Result:
    """Held messages go to all or to nobody. Returns which were decided, and which did not wait (any more)."""
    given, own = call.arguments, {each.id for each in await _own(call)}
    if set(given.accept) & set(given.reject):
        raise Invalid("accept or reject, not both")

    async def work(unit: Unit) -> Object:
        done: dict[str, list[str]] = {"accepted": [], "rejected": [], "notFound": []}
        acts: tuple[tuple[list[str], str, Any], ...] = (
            (given.accept, "accepted", store.accept), (given.reject, "rejected", store.reject),
        )  # fmt: skip
        for texts, name, act in acts:
            for text in texts:
                post = await store.post(unit, ids.parse(text) or 0)
                decided = post is not None and post.group_id in own and await act(unit, post.group_id, post.id)
                done[name if decided else "notFound"].append(text)
        return dict(done)

    return {"accountId": given.account_id, **await call.context.store.write(work)}


METHODS = (
    Method(name="MailingList/get", capability=LISTS, arguments=_Get, run=_get, scope=OWN),
    Method(name="MailingList/configure", capability=LISTS, arguments=_Configure, run=_configure, scope=OWN),
    Method(name="HeldPost/get", capability=LISTS, arguments=_Get, run=_held, scope=OWN),
    Method(name="HeldPost/read", capability=LISTS, arguments=_Read, run=_read, scope=OWN),
    Method(name="HeldPost/decide", capability=LISTS, arguments=_Decide, run=_decide, scope=OWN),
)
