"""The pages behind links, below /s/: shown without signing in, to whoever has the link and, when it has one, the
password. Each request asks anew whether the link is good; what it leads to is found only inside the node it is
for."""

import asyncio
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs
from weakref import WeakValueDictionary

from msgspec.structs import replace

from parvis.access import directory, parts, passwords
from parvis.access.limits import Attempt
from parvis.access.principal import Principal, Right
from parvis.files import archive, service
from parvis.files import store as files
from parvis.files.links import pages, store
from parvis.files.links.form import Brought, Form
from parvis.files.links.store import Link
from parvis.files.links.words import say
from parvis.files.model import SCOPE, Content, Node, node_name, sort_name
from parvis.files.preview.maker import SIDES, Previews
from parvis.files.service import Place
from parvis.kernel import clock, ids
from parvis.kernel.errors import Invalid, NotFound, OverQuota, ParvisError, RateLimited, TooLarge, Unauthenticated
from parvis.kernel.languages import Language, closest
from parvis.serve.context import Context
from parvis.serve.http import ranges
from parvis.serve.http.exchange import Request, Response, Route
from parvis.serve.jmap.transfer import disposition
from parvis.serve.post import Letter, Post, Sending
from parvis.store.unit import Unit

_COOKIE_SECONDS = 3600
_AT_ONCE = 4
"""Visitors who bring something, or take a whole folder, by one link at the same time; others wait."""
_SAFE = re.compile(r"image/(?!svg)[\w.+-]+|audio/[\w.+-]+|video/[\w.+-]+|application/pdf|text/plain")
Guard = Callable[[Node], Awaitable[str]]
"""Why the bytes of a node are not handed out, as a key of words; empty when they are."""


async def nothing_against(_: Node) -> str:
    """Everything is handed out."""
    return ""


class _Refused(Exception):
    """A page instead of what was asked for."""

    def __init__(self, response: Response) -> None:
        self.response = response


class LinkDoor:
    """The handlers."""

    def __init__(self, context: Context, previews: Previews, guard: Guard = nothing_against) -> None:
        self._context, self._previews, self._guard = context, previews, guard
        self._store = context.store
        self._senders: WeakValueDictionary[int, asyncio.Semaphore] = WeakValueDictionary()
        self._takers: WeakValueDictionary[int, asyncio.Semaphore] = WeakValueDictionary()

    def routes(self) -> list[Route]:
        """All routes."""
        return [
            Route("GET", "/s/{token}", self.show, "open"),
            Route("POST", "/s/{token}", self.post, "open"),
            Route("GET", "/s/{token}/{node}", self.show, "open"),
            Route("GET", "/s/{token}/{node}/{name*}", self.download, "open"),
        ]

    async def show(self, request: Request) -> Response:
        """The page of a link, or of a node in its folder."""
        language = closest(request.headers.get("accept-language", ""), self._context.settings.language)
        try:
            link, node = await self._opened(request, language)
            who = (await self._maker(link)).name
            if link.mode == "upload":
                return pages.upload(language, link, who)
            if node.folder:
                return await self._folder(language, link, node, who)
            if key := await self._guard(node):
                return pages.sentence(language, key, 403)
            if "preview" in request.query:
                return await self._pictured(node)
            return pages.file(language, link, node, who, await self._previews.shown(link, node, language))
        except _Refused as refused:
            return refused.response

    async def _opened(self, request: Request, language: Language) -> tuple[Link, Node]:
        """The link when it is good and open to this visitor, and the node that the path names. Raises _Refused."""
        link = await store.good(self._store.db, request.params["token"])
        if link is None:
            raise _Refused(pages.sentence(language, "gone", 404))
        if link.password and not hmac.compare_digest(_cookie(request, link), _pass(link)):
            raise _Refused(pages.password(language, link))
        node = await self._node(link, request.params.get("node"))
        if node is None:
            raise _Refused(pages.sentence(language, "gone", 404))
        return link, node

    async def _node(self, link: Link, given: str | None) -> Node | None:
        """The node of the link, or one inside it that its maker may read."""
        if given is None:
            return await files.by_id(self._store.db, link.node_id)
        number = ids.parse(given)
        node = await files.by_id(self._store.db, number, link.account_id) if number is not None else None
        if node is None or (node.id != link.node_id and link.mode == "upload"):
            return None
        if not await files.is_in(self._store.db, node.id, link.node_id):
            return None
        maker = await self._maker(link)
        return node if await parts.several(self._store.db, maker, SCOPE, [node.scope_id]) else None

    async def _pictured(self, node: Node) -> Response:
        """The picture on a file's page."""
        picture = await self._previews.of(node, SIDES[1])
        content = await self._store.blobs.get(picture.hash) if picture else b""
        headers = [("content-type", "image/webp"), ("cache-control", "no-store")]
        return Response(200 if picture else 404, content, headers)

    async def _maker(self, link: Link) -> Principal:
        return await directory.by_id(self._store.db, link.created_by)

    async def _folder(self, language: Language, link: Link, node: Node, who: str) -> Response:
        maker = await self._maker(link)
        inside = await files.children(self._store.db, link.account_id, node.id, maker)
        if len(inside) == files.PAGE:
            inside += await files.children(
                self._store.db, link.account_id, node.id, maker, (sort_name(inside[-1].name), inside[-1].id)
            )
        above = await files.by_id(self._store.db, node.parent_id) if node.id != link.node_id else None
        return pages.folder(language, link, node, who, sorted(inside, key=lambda one: not one.folder), above)

    async def download(self, request: Request) -> Response:
        """The bytes of a file, or a folder as an archive. Each whole answer is one use; the last one may still be
        read to its end."""
        language = closest(request.headers.get("accept-language", ""), self._context.settings.language)
        try:
            link, node = await self._opened(request, language)
            if link.mode != "download":
                raise _Refused(pages.sentence(language, "gone", 404))
            if node.folder:
                return await self._archive(request, language, link, node)
            if key := await self._guard(node):
                raise _Refused(pages.sentence(language, key, 403))
        except _Refused as refused:
            return refused.response
        # Whoever may take it once only takes it whole: else each part would be free but the first.
        asked = ranges.span(request.headers, node.size, node.etag.strip('"')) if not link.most else None
        start, end = asked or (0, node.size)
        if asked is not None and start >= end:
            return Response(416, b"", [("content-range", f"bytes */{node.size}")])
        counted = start == 0 and request.method != "HEAD"
        if counted and not await self._downloaded(link, node):
            return pages.sentence(language, "gone", 404)
        return self._sent(node, start, end)

    async def _archive(self, request: Request, language: Language, link: Link, node: Node) -> Response:
        """A folder with all in it that the link's maker may read."""
        try:
            archive.check([node])
        except TooLarge:
            raise _Refused(pages.sentence(language, "too_many", 413)) from None
        whole = replace(node, name=f"{node.name}.zip", size=node.tree_bytes)
        if request.method != "HEAD" and not await self._downloaded(link, whole):
            raise _Refused(pages.sentence(language, "gone", 404))
        made = archive.Archive(self._store, await self._maker(link), [node], self._guard, language)
        return archive.sent(node.name, made, request, self._takers.setdefault(link.id, asyncio.Semaphore(_AT_ONCE)))

    def _sent(self, node: Node, start: int, end: int) -> Response:
        media_type = node.media_type if _SAFE.fullmatch(node.media_type) else "application/octet-stream"
        headers = [
            ("content-type", media_type),
            ("content-disposition", disposition("attachment", node.name)),
            ("content-length", str(end - start)),
            ("cache-control", "no-store"),
            ("accept-ranges", "bytes"),
            ("content-security-policy", "default-src 'none'; sandbox"),
        ]
        partial = (start, end) != (0, node.size)
        if partial:
            headers.append(("content-range", f"bytes {start}-{end - 1}/{node.size}"))
        return Response(206 if partial else 200, self._store.blobs.extents(node.hash, start, end), headers)

    async def _downloaded(self, link: Link, node: Node) -> bool:
        """Counts a download, with its receipt; False when there is none left."""
        taken = [(node.name, node.size)]
        sending = await self._letter(link, "download", taken) if link.notify else None
        return await self._store.write(lambda unit: _spent(unit, link, "download", taken, sending))

    async def _letter(self, link: Link, what: str, taken: list[tuple[str, int]]) -> Sending | None:
        post = self._context.services.get(Post)
        if not isinstance(post, Post):
            return None
        maker = await self._maker(link)
        name = link.name or link.recipient or link.message[:50] or taken[0][0]
        now = pages.day(clock.now_ms(), maker.language)
        text = "".join(say(f"receipt_{what}", maker.language, file=file, name=name, date=now) for file, _ in taken)
        subject = say("receipt_subject", maker.language, name=name)
        try:
            return await post.written(
                Letter(account_id=maker.id, to=(maker.address,), subject=subject, text=text, answerable=False)
            )
        except (NotFound, Invalid):
            return None

    async def post(self, request: Request) -> Response:
        """A password, or files for a folder."""
        language = closest(request.headers.get("accept-language", ""), self._context.settings.language)
        try:
            if request.headers.get("content-type", "").startswith("multipart/form-data"):
                link, node = await self._opened(request, language)
                return await self._upload(request, language, link, node)
            return await self._unlock(request, language)
        except _Refused as refused:
            return refused.response

    async def _unlock(self, request: Request, language: Language) -> Response:
        link = await store.good(self._store.db, request.params["token"])
        if link is None or not link.password:
            raise _Refused(pages.sentence(language, "gone", 404))
        given = parse_qs((await request.body(10_000)).decode("utf-8", "replace"), max_num_fields=10)
        try:
            async with Attempt(self._store, f"link-{ids.text(link.id)}", request.remote):
                if not await passwords.verify(link.password, given.get("password", [""])[0]):
                    raise Unauthenticated("wrong password")
        except Unauthenticated:
            return pages.password(language, link, wrong=True)
        except RateLimited:
            return pages.sentence(language, "wait", 429)
        secure = "; Secure" if request.origin.startswith("https:") else ""
        cookie = (
            f"{_name(link)}={_pass(link)}; Path=/s/{link.token}; Max-Age={_COOKIE_SECONDS}; HttpOnly; SameSite=Lax"
        )
        return Response(303, b"", [("location", f"/s/{link.token}"), ("set-cookie", cookie + secure)])

    async def _upload(self, request: Request, language: Language, link: Link, node: Node) -> Response:
        if link.mode != "upload" or not node.folder:
            raise _Refused(pages.sentence(language, "gone", 404))
        maker = await self._maker(link)
        form = Form(self._store.blobs, request.headers["content-type"])
        try:
            room = await files.room(self._store.db, link.account_id)
            declared = request.headers.get("content-length", "")
            if room is not None and declared.isdigit():
                files.fits(room, max(0, int(declared) - 10_000))
            async with self._senders.setdefault(link.id, asyncio.Semaphore(_AT_ONCE)):
                await form.read(request.chunks(self._context.settings.files.largest_bytes))
            if not form.files:
                return pages.upload(language, link, maker.name, wrong=say("nothing", language), status=400)
            brought = [(one.name, one.size) for one in form.files]
            sending = await self._letter(link, "upload", brought) if link.notify else None
            names = await self._store.write(lambda unit: self._put(unit, maker, link, form, sending))
        except (TooLarge, OverQuota):
            return pages.upload(language, link, maker.name, wrong=say("full", language), status=413)
        except Invalid:
            return pages.upload(language, link, maker.name, wrong=say("nothing", language), status=400)
        except ParvisError:
            raise _Refused(pages.sentence(language, "gone", 404)) from None
        told = say("received", language, names=", ".join(names))
        return pages.upload(language, link, maker.name, told=told)

    async def _put(
        self, unit: Unit, maker: Principal, link: Link, form: Form, sending: Sending | None
    ) -> list[str]:
        """Puts what was brought into the folder; with a name given, into a folder of that name inside it."""
        if await store.good(unit, link.token) is None:
            raise NotFound("no such link")
        node = await service.find(unit, maker, link.account_id, link.node_id, Right.WRITE)
        where = Place(node.account_id, node.scope_id, node)
        if sender := " ".join(form.fields.get("sender", "").replace("/", " ").split())[:100].strip("."):
            where = await _below(unit, maker, where, sender)
        names = [await _kept(unit, maker, where, brought) for brought in form.files]
        taken = [(name, brought.size) for name, brought in zip(names, form.files, strict=True)]
        if not await _spent(unit, link, "upload", taken, sending):
            raise NotFound("no such link")
        return names


async def _spent(unit: Unit, link: Link, what: str, taken: list[tuple[str, int]], sending: Sending | None) -> bool:
    """Counts a use, with its receipts, and lets the letter about it go. False: none was left."""
    if not await store.spend(unit, link):
        return False
    for name, size in taken:
        await store.note(unit, link, what, name, size)
    node = await files.by_id(unit, link.node_id)
    if node is not None:
        await unit.changed(link.account_id, store.KIND, link.id, "updated", part=node.scope_id)
    if sending is not None:
        await sending(unit)
    return True


async def _below(unit: Unit, maker: Principal, where: Place, sender: str) -> Place:
    try:
        name = node_name(sender)
    except Invalid:
        return where
    there = await files.child(unit, where.account_id, where.id, name)
    if there is None:
        there = await service.add(unit, maker, where, name, None, values=_NOBODY)
    return Place(there.account_id, there.scope_id, there) if there.folder else where


_NOBODY = {"created_by": 0, "changed_by": 0, "content_by": 0}
"""Who has brought it is not known here."""


async def _kept(unit: Unit, maker: Principal, where: Place, brought: Brought) -> str:
    cleaned = "".join(c for c in brought.name if c.isprintable())[:200]
    try:
        wanted = node_name(cleaned)
    except Invalid:
        wanted = "file"
    name = await service.free_name(unit, where, wanted)
    media_type = brought.media_type if _SAFE.fullmatch(brought.media_type) else "application/octet-stream"
    content = Content(brought.hash, brought.size, brought.media_type or media_type)
    return (await service.add(unit, maker, where, name, content, values=_NOBODY)).name


def _name(link: Link) -> str:
    return f"parvis_link_{ids.text(link.id)}"


def _pass(link: Link) -> str:
    """What shows that a visitor knew the password: nobody can compute it who does not know its hash, and another
    password makes it another."""
    return hashlib.sha256(f"{link.token} {link.password}".encode()).hexdigest()


def _cookie(request: Request, link: Link) -> str:
    for part in request.headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == _name(link):
            return value
    return ""
