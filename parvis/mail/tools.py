"""What the assistant may do with mail, on a person's behalf and under that person's rights: read a thread, save a
draft, archive, label. Nothing here sends. trust.md SE-02"""

from collections.abc import Sequence
from typing import Any

import msgspec

from parvis.access import gate
from parvis.access.principal import Principal, Right
from parvis.kernel import clock, ids
from parvis.kernel.errors import NotFound
from parvis.kernel.knowledge import Tool
from parvis.kernel.marking import AI_FIELD
from parvis.mail import mailboxes, service, threads
from parvis.mail import store as mailstore
from parvis.mail.model import SCOPE
from parvis.mail.source import MailSource
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.mime import Address, compose

_LONGEST_TEXT = 20_000


class ReadThread(msgspec.Struct, kw_only=True, rename="camel"):
    """A thread by its id, or by that of one of its messages."""

    account_id: str
    thread_id: str = ""
    email_id: str = ""


class SaveDraft(msgspec.Struct, kw_only=True, rename="camel"):
    """A message for the Drafts mailbox; `reply_to_id` names the message it answers."""

    account_id: str
    text: str
    subject: str = ""
    to: list[str] = msgspec.field(default_factory=list)
    cc: list[str] = msgspec.field(default_factory=list)
    reply_to_id: str = ""


class Archive(msgspec.Struct, kw_only=True, rename="camel"):
    """Messages to move out of the inbox into the archive."""

    account_id: str
    email_ids: list[str]


class Label(msgspec.Struct, kw_only=True, rename="camel"):
    """Keywords to add to messages and to take from them."""

    account_id: str
    email_ids: list[str]
    add: list[str] = msgspec.field(default_factory=list)
    remove: list[str] = msgspec.field(default_factory=list)


class MailTools:
    """The tools over one store."""

    def __init__(self, store: Store, hostname: str) -> None:
        self._store, self._hostname = store, hostname
        self._source = MailSource(store)

    def all(self) -> Sequence[Tool]:
        """Their declarations."""
        return (
            Tool("mail.read_thread", "Read a conversation", ReadThread, "read", self.read_thread),
            Tool("mail.save_draft", "Save a draft", SaveDraft, "draft", self.save_draft),
            Tool("mail.archive", "Archive messages", Archive, "change", self.archive),
            Tool("mail.label", "Label messages", Label, "change", self.label),
        )

    async def read_thread(self, principal: Principal, given: ReadThread) -> list[dict[str, Any]]:
        """The messages of a thread, oldest first, each with who wrote it and how far that is to be trusted. Raises
        NotFound."""
        account_id = _number(given.account_id)
        await gate.require(self._store.db, principal, account_id, SCOPE)
        thread_id = (
            _number(given.thread_id) if given.thread_id else await self._thread_of(account_id, given.email_id)
        )
        found = []
        for email_id in await threads.emails(self._store.db, account_id, thread_id):
            item = await self._source.item(account_id, email_id)
            if item is not None:
                body = next((one for one in item.documents if one.part == "body"), None)
                text = (await body.load()).decode() if body else ""
                found.append(
                    {
                        "emailId": ids.text(email_id),
                        "receivedAt": clock.utc_date(item.time_ms),
                        "author": item.author,
                        "origin": item.origin,
                        "subject": item.title,
                        "text": text[:_LONGEST_TEXT],
                    }
                )
        return found

    async def _thread_of(self, account_id: int, email_id: str) -> int:
        rows = await mailstore.rows_of(self._store.db, account_id, [_number(email_id)])
        if not rows:
            raise NotFound("no such message")
        return int(rows[0][1])

    async def save_draft(self, principal: Principal, given: SaveDraft) -> dict[str, str]:
        """Puts a draft, marked as written by a model, into Drafts. Raises NotFound, Forbidden, OverQuota."""
        account_id = _number(given.account_id)
        await gate.require(self._store.db, principal, account_id, SCOPE, Right.WRITE)
        drafts = await mailboxes.by_role(self._store.db, account_id, "drafts")
        if drafts is None:
            raise NotFound("there is no mailbox for drafts")
        raw = compose.compose(await self._draft(principal, account_id, given), _boundaries())
        number = await service.import_message(
            self._store, principal, account_id, raw, [drafts], ["$draft", "$seen"], clock.now_ms()
        )
        return {"emailId": ids.text(number)}

    async def _draft(self, principal: Principal, account_id: int, given: SaveDraft) -> compose.Draft:
        fields = [
            compose.Field("From", compose.Addresses((Address(principal.name, principal.address),))),
            compose.Field("To", compose.Addresses(tuple(Address(None, one) for one in given.to))),
            compose.Field("Cc", compose.Addresses(tuple(Address(None, one) for one in given.cc))),
            compose.Field("Subject", compose.Text(given.subject)),
            compose.Field(AI_FIELD, compose.Text("level=generated; task=draft")),
        ]
        if given.reply_to_id:
            fields += await self._answering(account_id, given.reply_to_id)
        return compose.Draft(
            date=clock.now().replace(microsecond=0),
            message_id=f"{ids.text(ids.new_id())}.{ids.token(9)}@{self._hostname}",
            fields=tuple(field for field in fields if not _is_empty(field)),
            text=compose.DraftPart(body=given.text),
        )

    async def _answering(self, account_id: int, reply_to_id: str) -> list[compose.Field]:
        """In-Reply-To and References of an answer. RFC 5322 §3.6.4"""
        rows = await mailstore.rows_of(self._store.db, account_id, [_number(reply_to_id)])
        if not rows:
            raise NotFound("no such message")
        summary = msgspec.json.decode(rows[0][6])
        own = tuple(summary["messageId"] or ())
        before = tuple(summary["references"] or summary["inReplyTo"] or ())
        return [
            compose.Field("In-Reply-To", compose.MessageIds(own)),
            compose.Field("References", compose.MessageIds(before + own)),
        ]

    async def archive(self, principal: Principal, given: Archive) -> dict[str, int]:
        """Moves messages from the inbox into the archive; they stay wherever else they are. Raises NotFound,
        Forbidden."""
        account_id = _number(given.account_id)
        numbers = [_number(one) for one in given.email_ids]

        async def work(unit: Unit) -> None:
            await gate.require(unit, principal, account_id, SCOPE, Right.WRITE | Right.DELETE)
            roles = {row.role: row.id for row in (await mailboxes.every(unit, account_id)).values()}
            if "archive" not in roles:
                raise NotFound("there is no archive")
            places = await mailstore.mailboxes_of(unit, numbers)
            edits = [
                mailstore.Edit(
                    number, mailbox_ids=frozenset(places[number]) - {roles.get("inbox", 0)} | {roles["archive"]}
                )
                for number in numbers
            ]
            await mailstore.edit(unit, account_id, edits)

        await self._store.write(work)
        return {"archived": len(numbers)}

    async def label(self, principal: Principal, given: Label) -> dict[str, int]:
        """Adds and removes keywords. Raises NotFound, Forbidden, Invalid."""
        account_id = _number(given.account_id)
        numbers = [_number(one) for one in given.email_ids]
        await self._store.write(
            lambda unit: service.change_keywords(
                unit, principal, account_id, numbers, add=given.add, remove=given.remove
            )
        )
        return {"labelled": len(numbers)}


def _number(given: str) -> int:
    found = ids.parse(given)
    if found is None:
        raise NotFound("no such id")
    return found


def _is_empty(field: compose.Field) -> bool:
    return not field.value.value


def _boundaries() -> Any:
    while True:
        yield f"=_{ids.token(15)}"
