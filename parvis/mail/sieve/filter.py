"""The active script of each recipient, run on a message before the unit that delivers it.

Whatever a script does, the message is delivered, and soon: a run has a limit of steps and of time, and after an
error the message is kept as it came (RFC 5228 §2.10.6), with a note for the person."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from weakref import WeakValueDictionary

from parvis.kernel import clock
from parvis.kernel.errors import NotFound
from parvis.kernel.settings import Settings
from parvis.mail import mailboxes
from parvis.mail.queue.service import Queue
from parvis.mail.service import Arrival, Delivery
from parvis.mail.sieve import store
from parvis.mail.sieve.boxes import Boxes
from parvis.mail.sieve.letters import Letters
from parvis.mail.sieve.plan import Builder, FilterPlan
from parvis.mail.sieve.scripts import Readied, Scripts
from parvis.mail.sieve.store import Script
from parvis.mail.spam import judge
from parvis.store.store import Store
from parvis.wire import mime
from parvis.wire.sieve import Context, Mail, Outcome, SieveError, run

_THREADS = 4
_SECONDS_OF_ONE, _SECONDS_OF_ALL = 1.5, 5.0
_ROUNDS = 3
_LARGE = 100_000
"""Bytes beyond which a message is read in a thread."""
_VIRUS = 5
"""Definitely one; what says nothing was perhaps not looked at. RFC 5235 §3.3"""
_ASK_FOR_BOXES = frozenset({"fileinto", "mailbox", "mailboxid", "special-use", "include"})
_log = logging.getLogger(__name__)


def mail_of(raw: bytes) -> Mail:
    """A message that is here, with what is known of its envelope: the sender, from Return-Path. RFC 5321 §4.4"""
    message = mime.parse(raw)
    path = message.root.last("Return-Path")
    sender = None if path is None else mime.as_text(path.value).strip().removeprefix("<").removesuffix(">")
    return Mail(raw, message, sender)


@dataclass(frozen=True, slots=True)
class World:
    """What a script of an account may ask for."""

    account_id: int
    boxes: Boxes
    sources: Mapping[str, bytes]
    """Scripts that can be included, by name. RFC 6609 §3.2"""


class Filters:
    """See mail.service.Planner."""

    def __init__(self, keep: Store, settings: Settings, queue: Queue) -> None:
        self._keep, self._settings = keep, settings
        self._letters = Letters(keep, settings, queue)
        self._threads = ThreadPoolExecutor(_THREADS, "sieve")
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self.scripts = Scripts(keep.blobs, self._threads)

    async def stop(self) -> None:
        """Ends the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def plans(self, arrival: Arrival) -> Sequence[FilterPlan | None]:
        """A plan for each recipient who has an active script."""
        scripts = await store.active(self._keep.db, [one.account_id for one in arrival.deliveries])
        end = clock.monotonic() + _SECONDS_OF_ALL
        found: list[FilterPlan | None] = []
        message: mime.Message | None = None
        for delivery in arrival.deliveries:
            script = scripts.get(delivery.account_id)
            if script is None:
                found.append(None)
                continue
            if message is None:
                message = await _read(arrival.raw)
            found.append(await self._plan(arrival, delivery, script, message, end - clock.monotonic()))
        return found

    async def _plan(
        self, arrival: Arrival, delivery: Delivery, script: Script, message: mime.Message, seconds: float
    ) -> FilterPlan:
        builder = Builder(self._keep, self._letters, arrival, delivery, script.name)
        try:
            async with asyncio.timeout(max(0.0, min(seconds, _SECONDS_OF_ONE))):
                readied = await self.scripts.get(script.blob)
                mail = Mail(arrival.raw, message, arrival.mail_from, delivery.address or None)
                world = await self.world(delivery.account_id, readied)
                outcome = await self.outcome(readied, mail, world, arrival.received_ms, delivery)
                return await builder.plan(readied, world.boxes, outcome)
        except TimeoutError:
            reason = "The script took too long."
        except SieveError as error:
            reason = f"Line {error.line}: {error.sentence}"
        except Exception:
            _log.exception("the filter of account %d", delivery.account_id)
            reason = "The script could not be run."
        return Builder(self._keep, self._letters, arrival, delivery, script.name).kept(reason)

    async def world(self, account_id: int, readied: Readied) -> World:
        """What a script asks for, read before it is run."""
        wanted, db = readied.script.extensions, self._keep.db
        rows = await mailboxes.every(db, account_id) if wanted & _ASK_FOR_BOXES else {}
        sources = {}
        if "include" in wanted:
            for script in await store.every(db, account_id):
                sources[script.name] = await self._source(script)
        return World(account_id, Boxes(rows), sources)

    async def _source(self, script: Script) -> bytes:
        try:
            return await self._keep.blobs.get(script.blob)
        except NotFound:  # it was replaced just now
            return b""

    async def outcome(self, readied: Readied, mail: Mail, world: World, at_ms: int, delivery: Delivery) -> Outcome:
        """Runs a script. It is run again when a message that it asks about came before (RFC 7352): what it will ask
        is known only by running it."""
        known: set[str] = set()
        checked: set[str] = set()
        for _ in range(_ROUNDS):
            asked: set[str] = set()
            context = self._context(world, at_ms, known, asked, delivery)
            outcome = await self._run(world.account_id, _runner(readied, mail, context))
            hashes = {key: store.seen_hash("duplicate", key) for key in asked - checked}
            seen = await store.seen(self._keep.db, world.account_id, list(hashes.values())) if hashes else set()
            checked |= hashes.keys()
            if not seen:
                return outcome
            known |= {key for key, hash_ in hashes.items() if hash_ in seen}
        return outcome

    async def tried(self, readied: Readied, raw: bytes, world: World) -> Outcome:
        """Runs a script on a message that is here already: it is no duplicate of itself."""
        mail = mail_of(raw)
        judged = Delivery(world.account_id, spam_score=judge.said(mail.message))
        context = self._context(world, clock.now_ms(), set(), set(), judged)
        return await self._run(world.account_id, _runner(readied, mail, context))

    def _context(self, world: World, at_ms: int, known: set[str], asked: set[str], delivery: Delivery) -> Context:
        def seen(key: str) -> bool:
            asked.add(key)
            return key in known

        settings = self._settings
        return Context(
            now=clock.from_ms(at_ms).astimezone(),
            mailbox_exists=world.boxes.exists,
            mailbox_id_exists=world.boxes.id_exists,
            special_use_exists=world.boxes.use_exists,
            script=lambda name, location: world.sources.get(name) if location == "personal" else None,
            seen_duplicate=seen,
            spam=delivery.spam_score,
            virus=_VIRUS if delivery.has_virus else None,
            environment={
                "domain": (settings.domains or [settings.hostname])[0],
                "host": settings.hostname,
                "location": "MDA",
                "name": "Parvis",
                "phase": "during",
                "version": version("parvis"),
            },
        )

    async def _run(self, account_id: int, work: Callable[[], Outcome]) -> Outcome:
        """In a thread, one script of an account at a time, so that a slow one holds up nobody else's. Its turn ends
        with the thread, even when nobody waits for it any more."""
        turn = self._turns.get(account_id)
        if turn is None:
            turn = self._turns[account_id] = asyncio.Lock()
        await turn.acquire()

        def ended(running: "asyncio.Future[Outcome]") -> None:
            turn.release()
            if not running.cancelled():
                running.exception()  # it was seen, when anybody waited

        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        running.add_done_callback(ended)
        return await asyncio.shield(running)


def _runner(readied: Readied, mail: Mail, context: Context) -> Callable[[], Outcome]:
    def work() -> Outcome:
        outcome = run(readied.script, mail, context)
        readied.learn_rules([step.line for step in outcome.steps] + [one.line for one in outcome.marked])
        return outcome

    return work


async def _read(raw: bytes) -> mime.Message:
    return mime.parse(raw) if len(raw) < _LARGE else await asyncio.to_thread(mime.parse, raw)
