"""The only place where rooms are wired together. A new feature is its folder and one line in FEATURES."""

import asyncio
import importlib.resources
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

import parvis
from parvis import assistant, calendar, chat, contacts, files, mail, spaces, tasks
from parvis.access import erasure, limits, renewing, sessions
from parvis.assistant.retrieval import Finder
from parvis.chat import previews as chat_previews
from parvis.chat.federation import media as chat_media
from parvis.chat.federation import queue as chat_queue
from parvis.chat.people import todevice as chat_todevice
from parvis.chat.rooms import removing as chat_removing
from parvis.chat.rooms import retention as chat_retention
from parvis.chat.rooms import said as chat_said
from parvis.chat.rooms import using as chat_using
from parvis.files import tidying as file_tidying
from parvis.kernel import ids, memory
from parvis.kernel.egress import Egress
from parvis.kernel.settings import Settings
from parvis.mail import clean
from parvis.mail.doctor import reports
from parvis.mail.external import wiring as external
from parvis.mail.imap import wiring as imap
from parvis.mail.sieve import log as filter_log
from parvis.mail.sieve import wiring as filters
from parvis.mail.smtp import wiring as sending
from parvis.search.embed.choose import embedder_of
from parvis.search.service import Search
from parvis.serve.context import Context
from parvis.serve.doors import Doors
from parvis.serve.feature import Feature
from parvis.serve.jmap import core
from parvis.serve.jmap import search as finding
from parvis.serve.newcomers import Newcomers
from parvis.serve.oauth import clients as oauth_clients
from parvis.serve.oauth import requests as oauth_requests
from parvis.store import tidy
from parvis.store.store import Store

FEATURES: tuple[Callable[[Context], Feature], ...] = (
    mail.feature,
    sending.feature,
    clean.feature,
    imap.feature,
    filters.feature,
    external.feature,
    spaces.feature,
    tasks.feature,
    contacts.feature,
    calendar.feature,
    files.feature,
    chat.feature,
)
"""The features, in the order in which a new principal gets what they give."""
ROOMS = (
    "store", "access", "search", "serve", "mail", "spaces", "tasks", "contacts", "calendar", "files", "chat",
    "assistant",
)  # fmt: skip
"""The rooms that may have migrations, ground floor first."""
_log = logging.getLogger(__name__)


class App:
    """One node of the program: opened from settings, then started, then stopped."""

    def __init__(self, context: Context, search: Search) -> None:
        self.context, self._search = context, search
        built = [core.feature(context), *(make(context) for make in FEATURES)]
        search.open(context.store, [source for feature in built for source in feature.sources])
        context.offer(search)
        context.offer(search, under=Finder)
        built += [finding.feature(search), assistant.feature(context)]
        self.features: Sequence[Feature] = tuple(built)
        context.offer(Newcomers(self.features))
        for feature in built:
            for kind in feature.kinds:
                context.registry.add(kind.record)
        self._doors = Doors(context, self.features, web_folder())
        self._tasks: list[asyncio.Task[None]] = []
        self._open: list[Any] = []

    @classmethod
    async def open(cls, settings: Settings) -> "App":
        """Opens the store and brings its schema up to date; no door is open yet. Raises Invalid for settings that
        are wrong, Unavailable when something they name does not answer."""
        ids.configure(settings.node)
        with_migrations = [room for room in ROOMS if _has_migrations(room)]
        egress = Egress(settings.egress_allow)
        search = Search(embedder_of(settings, egress))
        store = await Store.open(settings, with_migrations, [search.prepare])
        return cls(Context(settings, store, egress), search)

    async def start(self) -> Mapping[str, int]:
        """Starts what runs in the background, then the doors. Returns the port of each by protocol."""
        jobs, outbox = self.context.store.jobs, self.context.store.outbox
        for feature in self.features:
            if feature.start:
                await feature.start()
            for kind, handler in feature.jobs.items():
                jobs.handle(kind, handler)
        erasure.handle(self.context.store, [feature.erase for feature in self.features if feature.erase])
        for feature in self.features:
            for name, follower in feature.followers.items():
                self._run(f"follower {name}", outbox.follow(name, follower))
        daily: list[tidy.Task] = [
            limits.forget,
            sessions.prune,
            renewing.forget,
            oauth_requests.forget,
            oauth_clients.forget,
            filter_log.forget,
            reports.forget,
            chat_said.forget,
            chat_todevice.forget,
        ]
        settings = self.context.settings
        daily += [chat_queue.forget, chat_previews.forget, chat_media.tidying(settings)]
        daily += [chat_retention.tidying(settings), chat_removing.tidying(settings), chat_using.tidying(settings)]
        await tidy.daily(self.context.store, [*daily, *file_tidying.tasks(settings)])
        self._run("search", self._search.indexer.run())
        self._run("jobs", jobs.run())
        self._run("rest", memory.at_rest(self.context.store.db.let_go))
        ports = {"http": await self._doors.start()}
        for listener in (listener for feature in self.features for listener in feature.listeners):
            if (port := await listener.start()) >= 0:
                ports[listener.name] = port
                self._open.append(listener)
        return ports

    def _run(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(_report)
        self._tasks.append(task)

    async def stop(self) -> None:
        """Closes the doors, lets what runs end, closes the store."""
        for feature in self.features:
            if feature.closing:
                feature.closing()
        for listener in self._open:
            await listener.stop()
        await self._doors.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for feature in reversed(self.features):
            if feature.stop:
                await feature.stop()
        await self.context.store.close()


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("%s ended: %r", task.get_name(), error, exc_info=error)


def _has_migrations(room: str) -> bool:
    return importlib.resources.files(f"parvis.{room}").joinpath("migrations").is_dir()


def web_folder() -> Path:
    """The built web client: beside the source tree, or inside the installed package."""
    package = Path(parvis.__file__).parent
    beside = package.parent / "web" / "dist"
    return beside if beside.is_dir() else package / "web"
