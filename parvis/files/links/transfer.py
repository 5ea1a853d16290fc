"""Handing files to people outside: each of them gets a letter with a link of their own, so that the receipts tell
who has taken what. And large attachments of mail, which become such links."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from parvis.access import passwords
from parvis.access.principal import Principal, Right
from parvis.files import service, trash
from parvis.files import store as files
from parvis.files.links import pages, store
from parvis.files.links import service as links
from parvis.files.links.store import Link
from parvis.files.links.words import say
from parvis.files.model import Content, Node, node_name
from parvis.files.service import Place
from parvis.files.uploads.receive import folders
from parvis.files.words import ATTACHMENTS, TRANSFERS
from parvis.kernel import clock
from parvis.kernel.errors import Invalid, NotFound, Unavailable
from parvis.serve.context import Context
from parvis.serve.linking import Given, LinkMaker, Made, Terms
from parvis.serve.post import Letter, Post
from parvis.store.unit import Unit

MOST_RECIPIENTS = 50
_LEAST_PASSWORD = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A transfer: what, to whom, and how long."""

    nodes: Sequence[int]
    recipients: Sequence[str]
    subject: str = ""
    message: str = ""
    expires_ms: int | None = None
    password: str = ""
    most: int = 0
    notify: bool = True


class Transfers(LinkMaker):
    """Over one store, with mail where there is mail."""

    def __init__(self, context: Context) -> None:
        self._context, self._store = context, context.store

    async def send(self, principal: Principal, account_id: int, wish: Wish) -> list[Link]:
        """Makes the links and sends the letters: all of it or nothing. Several files are copied together into a
        folder first. Raises Unavailable without mail, NotFound, Forbidden, Invalid, OverQuota."""
        post = self._context.services.get(Post)
        if not isinstance(post, Post):
            raise Unavailable("no mail can be sent from here")
        recipients = list(dict.fromkeys(one.strip() for one in wish.recipients))
        if not 0 < len(recipients) <= MOST_RECIPIENTS:
            raise Invalid(f"one to {MOST_RECIPIENTS} recipients", field="recipients")
        hashed = await _hashed(wish.password)
        made = await self._store.write(
            lambda unit: self._links(unit, principal, account_id, wish, recipients, hashed)
        )
        letters = [await post.written(self._letter(principal, wish, link, name)) for link, name in made]

        async def work(unit: Unit) -> None:
            for sending in letters:
                await sending(unit)

        try:
            await self._store.write(work)
        except BaseException:
            await self._store.write(lambda unit: _withdraw(unit, principal, account_id, [link for link, _ in made]))
            raise
        return [link for link, _ in made]

    async def _links(
        self, unit: Unit, principal: Principal, account_id: int, wish: Wish, recipients: Sequence[str], hashed: str
    ) -> list[tuple[Link, str]]:
        nodes = [await service.find(unit, principal, account_id, number, Right.SHARE) for number in wish.nodes]
        if not nodes:
            raise Invalid("nothing is to be sent", field="nodeIds")
        node = nodes[0] if len(nodes) == 1 else await _together(unit, principal, account_id, nodes, wish.subject)
        values = {
            "message": wish.message,
            "expires_ms": wish.expires_ms,
            "password": hashed,
            "most": wish.most,
            "notify": wish.notify,
        }
        made = []
        for recipient in recipients:
            mine = values | {"recipient": recipient, "name": f"{wish.subject or node.name} ({recipient})"[:500]}
            made.append((await links.add(unit, principal, account_id, node.id, mine), node.name))
        return made

    def _letter(self, principal: Principal, wish: Wish, link: Link, name: str) -> Letter:
        language = principal.language
        url = f"{self._context.public_url}/s/{link.token}"
        text = (wish.message + "\n\n" if wish.message else "") + say(
            "mail_text", language, who=principal.name, name=name, url=url
        )
        if link.expires_ms is not None:
            text += say("mail_until", language, date=pages.day(link.expires_ms, language))
        subject = wish.subject or say("mail_subject", language, who=principal.name, name=name)
        return Letter(account_id=principal.id, to=(link.recipient,), subject=subject, text=text)

    async def link(self, principal: Principal, given: Given, terms: Terms) -> Made:
        """See LinkMaker.link."""
        values = {"notify": True, "name": given.name[:500]} | await _values(terms)

        async def work(unit: Unit) -> Link:
            top = await service.place(unit, principal, principal.id, 0)
            where = await folders(unit, principal, top, (ATTACHMENTS[principal.language],))
            name = await service.free_name(unit, where, node_name(given.name))
            content = Content(given.digest, given.size, given.media_type)
            node = await service.add(unit, principal, where, name, content)
            return await links.add(unit, principal, principal.id, node.id, values)

        return self._made(await self._store.write(work))

    async def change(self, principal: Principal, link_id: int, terms: Terms) -> Made:
        """See LinkMaker.change."""
        values = await _values(terms)

        async def work(unit: Unit) -> Link:
            await links.change(unit, principal, principal.id, link_id, values)
            return (await links.find(unit, principal, principal.id, link_id))[0]

        return self._made(await self._store.write(work))

    async def end(self, principal: Principal, link_id: int) -> None:
        """See LinkMaker.end."""

        async def work(unit: Unit) -> None:
            link, _ = await links.find(unit, principal, principal.id, link_id)
            await links.remove(unit, principal, principal.id, link_id)
            node = await files.by_id(unit, link.node_id)
            if node is not None and not await store.several(unit, principal.id, None, node.id):
                await trash.put(unit, principal, node)

        await self._store.write(work)

    def _made(self, link: Link) -> Made:
        return Made(link.id, f"{self._context.public_url}/s/{link.token}")


async def _values(terms: Terms) -> dict[str, Any]:
    """The columns that terms set."""
    given = {"expires_ms": terms.expires_ms, "name": terms.name, "recipient": terms.recipient}
    values = {key: value for key, value in given.items() if value is not None}
    return values if terms.password is None else values | {"password": await _hashed(terms.password)}


async def _hashed(password: str) -> str:
    if not password:
        return ""
    if len(password) < _LEAST_PASSWORD:
        raise Invalid(f"a password has at least {_LEAST_PASSWORD} characters", field="password")
    return await passwords.hashed(password)


async def _together(unit: Unit, principal: Principal, account_id: int, nodes: Sequence[Node], subject: str) -> Node:
    """A folder with copies of several nodes."""
    top = await service.place(unit, principal, account_id, 0)
    where = await folders(unit, principal, top, (TRANSFERS[principal.language],))
    cleaned = "".join(c for c in subject.replace("/", "-") if c.isprintable()).strip(" .")[:100]
    called = cleaned or f"{clock.now():%Y-%m-%d %H.%M}"
    folder = await service.add(unit, principal, where, await service.free_name(unit, where, called), None)
    inside = Place(account_id, folder.scope_id, folder)
    for node in nodes:
        await service.copy(unit, principal, node, inside, await service.free_name(unit, inside, node.name))
    found = await files.by_id(unit, folder.id)
    if found is None:
        raise NotFound("no such folder")
    return found


async def _withdraw(unit: Unit, principal: Principal, account_id: int, made: Sequence[Link]) -> None:
    for link in made:
        await links.remove(unit, principal, account_id, link.id)
