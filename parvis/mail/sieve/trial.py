"""A script run on mail that is here already: what it would do, as far as that can be done now."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from parvis.kernel.errors import Invalid, NotFound
from parvis.mail import store as mail
from parvis.mail.imap import flags
from parvis.mail.model import keyword_set
from parvis.mail.sieve import log
from parvis.mail.sieve.boxes import Place
from parvis.mail.sieve.filter import Filters, World
from parvis.mail.sieve.scripts import Readied
from parvis.store.store import Store
from parvis.wire.sieve import Action, Discard, FileInto, Keep, Marked, Outcome, Redirect, Step

_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Trial:
    """What a script says of one message."""

    email_id: int
    mailbox_ids: frozenset[int]
    """Where it is."""
    keywords: frozenset[str]
    places: tuple[Place, ...] = ()
    """Where it is to be filed."""
    stays: bool = True
    """Does it stay where it is, too?"""
    discarded: bool = False
    """It goes to the trash: what is here is not destroyed by a script."""
    added: frozenset[str] = frozenset()
    """More keywords."""
    actions: tuple[dict[str, Any], ...] = ()
    """Each with `action`, `target`, `line`, `script`, `rule`, `tests`, and `isDone`: whether it can be done now.
    What has to do with the sender, or with other servers, is done when mail arrives only."""
    error: str = ""


async def run_on(
    keep: Store, filters: Filters, readied: Readied, world: World, email_ids: Sequence[int]
) -> list[Trial]:
    """Runs a script on messages of an account, in their order; those that are not there any more are left out."""
    rows = {row[0]: row for row in await mail.rows_of(keep.db, world.account_id, email_ids)}
    places = await mail.mailboxes_of(keep.db, list(rows))
    found = []
    for number in email_ids:
        if number in rows and places[number]:
            before = Trial(number, frozenset(places[number]), frozenset(rows[number][5].split()))
            found.append(await _one(keep, filters, readied, world, before, rows[number][2]))
    return found


async def _one(keep: Store, filters: Filters, readied: Readied, world: World, before: Trial, blob: str) -> Trial:
    error = "The script took too long."
    try:
        async with asyncio.timeout(_SECONDS):
            raw = await keep.blobs.get(blob)
            outcome = await filters.tried(readied, raw, world)
            return _effect(readied, world, before, outcome)
    except TimeoutError:
        pass
    except NotFound:
        error = "The message is not there any more."
    return Trial(before.email_id, before.mailbox_ids, before.keywords, error=error)


def _effect(readied: Readied, world: World, before: Trial, outcome: Outcome) -> Trial:
    places: dict[str, Place] = {}
    stays, discarded = False, False
    keywords: set[str] = set()
    actions = []
    for step in outcome.steps:
        action, target, done = step.action, "", True
        if isinstance(action, FileInto):
            place = world.boxes.place(action)
            target, done = (action.mailbox, False) if place is None else (place.name, True)
            stays = stays or place is None or action.copy
            if place is not None:
                places[place.name] = place
        elif isinstance(action, Discard):
            discarded = True
        elif isinstance(action, Keep):
            stays = True
        else:
            target, done = _target(action), False
        if isinstance(action, Keep | FileInto):
            keywords |= flags.read(action.flags)[0]
        if not (isinstance(action, Keep) and action.implicit):
            actions.append(_shown(readied, step, type(action).__name__.lower(), target, done))
    actions += [_shown(readied, marked, "flag", " ".join(marked.flags), True) for marked in outcome.marked]
    trash = discarded and not places and not stays
    return Trial(
        before.email_id,
        before.mailbox_ids,
        before.keywords,
        tuple(places.values()),
        stays or not (places or trash),
        trash,
        _allowed(before.keywords, keywords),
        tuple(actions),
        "" if outcome.error is None else outcome.error.sentence,
    )


def _allowed(before: frozenset[str], more: set[str]) -> frozenset[str]:
    try:
        return keyword_set(before | more) - before
    except Invalid:  # too many of them
        return frozenset()


def _target(action: Action) -> str:
    return action.address if isinstance(action, Redirect) else ""


def _shown(readied: Readied, step: Step | Marked, action: str, target: str, done: bool) -> dict[str, Any]:
    return {
        "action": action,
        "target": target,
        "line": step.line,
        "script": step.script,
        "rule": None if step.script else readied.rule(step.line),
        "tests": [{"line": held.line, "text": log.shortened(held.text)} for held in step.tests],
        "isDone": done,
    }
