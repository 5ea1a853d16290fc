"""Is the store whole? Looks for what a crash, a disk or a mistake of the program could have torn: the one clock
against the change log, the outbox, links against blobs, jobs. Reads only; may run beside a working server."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from parvis.kernel.errors import NotFound
from parvis.store.sql.contract import Row
from parvis.store.store import Store

_PAGE = 1000
_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong; `code` is stable, `sentence` says what was found."""

    code: str
    sentence: str


# Each statement finds rows that must not be: (code, sentence with the row's columns, statement).
_RULES = (
    (
        "clock",
        "account {0}: {1} is at {2}, later than the account's clock {3}",
        """SELECT k.account_id, k.kind, k.modseq, a.modseq FROM kind_state k
        LEFT JOIN account a ON a.id = k.account_id WHERE a.id IS NULL OR k.modseq > a.modseq""",
    ),
    (
        "state",
        "account {0}: the last change of {1} is {2}, its state says {3}",
        """SELECT c.account_id, c.kind, MAX(c.modseq), k.modseq FROM change c LEFT JOIN kind_state k
        ON k.account_id = c.account_id AND k.kind = c.kind GROUP BY c.account_id, c.kind, k.modseq
        HAVING k.modseq IS NULL OR MAX(c.modseq) <> k.modseq""",
    ),
    (
        "state",
        "account {0}: {1} is at {2}, but nothing ever changed",
        """SELECT k.account_id, k.kind, k.modseq FROM kind_state k WHERE NOT EXISTS
        (SELECT 1 FROM change c WHERE c.account_id = k.account_id AND c.kind = k.kind)""",
    ),
    (
        "change",
        "account {0}: {1} {2} was created after it was last changed",
        """SELECT account_id, kind, object_id FROM change WHERE created > modseq OR whole > modseq OR modseq < 1""",
    ),
    (
        "change",
        "account {0}: two changes at {1}",
        """SELECT account_id, modseq FROM change GROUP BY account_id, modseq HAVING COUNT(*) > 1""",
    ),
    (
        "part",
        "account {0}: {1} in part {2} is at {3}, its state there says {4}",
        """SELECT c.account_id, c.kind, c.part, MAX(c.modseq), p.modseq FROM change c LEFT JOIN part_state p
        ON p.part = c.part AND p.kind = c.kind AND p.account_id = c.account_id WHERE c.part <> 0
        GROUP BY c.account_id, c.kind, c.part, p.modseq HAVING p.modseq IS NULL OR MAX(c.modseq) > p.modseq""",
    ),
    (
        "part",
        "account {0}: {1} {2} left part {3} at a time the account has not reached",
        """SELECT d.account_id, d.kind, d.object_id, d.part FROM departed d
        LEFT JOIN account a ON a.id = d.account_id
        WHERE a.id IS NULL OR d.modseq > a.modseq OR d.arrived > d.modseq""",
    ),
    (
        "part",
        "account {0}: {1} in part {2} is at {3}, but nothing is at that",
        """SELECT p.account_id, p.kind, p.part, p.modseq FROM part_state p LEFT JOIN kind_state k
        ON k.account_id = p.account_id AND k.kind = p.kind WHERE k.modseq IS NULL OR p.modseq > k.modseq""",
    ),
    (
        "cursor",
        "the follower {0} is ahead of the outbox",
        """SELECT c.name FROM outbox_cursor c WHERE c.position > (SELECT MAX(o.position) FROM outbox o)""",
    ),
    (
        "job",
        "job {0} is {1}",
        """SELECT id, state FROM job WHERE state NOT IN ('waiting', 'running', 'done')
        OR (state = 'done' AND finished_ms IS NULL) OR (state <> 'done' AND finished_ms IS NOT NULL)""",
    ),
)


async def check(store: Store, kinds: Mapping[str, str] | None = None, *, deep: bool = False) -> list[Fault]:
    """All faults found; none in a store that is whole. `kinds` gives for each kind of thing a statement of its
    living objects as (account_id, id), to be held against the change log; `deep` reads every blob too."""
    faults = await _ruled(store)
    for kind, objects in (kinds or {}).items():
        faults += await _of_kind(store, kind, objects)
    faults += await _outbox(store)
    faults += [fault async for fault in _blobs(store, deep)]
    return faults + await _file(store)


async def _ruled(store: Store) -> list[Fault]:
    return [
        Fault(code, sentence.format(*row))
        for code, sentence, sql in _RULES
        for row in await store.db.scan(sql, seconds=_SECONDS)
    ]


async def _of_kind(store: Store, kind: str, objects: str) -> list[Fault]:
    """Every object has its line in the change log, and every line not destroyed its object."""
    unlogged = await store.db.scan(
        f"""SELECT o.account_id, o.id FROM (SELECT x.account_id, x.id FROM ({objects}) x) o LEFT JOIN change c
        ON c.account_id = o.account_id AND c.kind = ? AND c.object_id = o.id AND c.destroyed = 0
        WHERE c.object_id IS NULL""",
        kind,
        seconds=_SECONDS,
    )
    lost = await store.db.scan(
        f"""SELECT c.account_id, c.object_id FROM change c LEFT JOIN ({objects}) o
        ON o.account_id = c.account_id AND o.id = c.object_id
        WHERE c.kind = ? AND c.destroyed = 0 AND o.id IS NULL""",
        kind,
        seconds=_SECONDS,
    )
    return [Fault("unlogged", f"account {a}: {kind} {i} is not in the change log") for a, i in unlogged] + [
        Fault("lost", f"account {a}: {kind} {i} is in the change log only") for a, i in lost
    ]


async def _outbox(store: Store) -> list[Fault]:
    """The newest event that is kept of an account's kind tells its present state."""
    newest: dict[tuple[int, str], int] = {}
    place = (0, 0)
    while events := await store.outbox.after(*place, _PAGE):
        place = (events[-1].xid, events[-1].position)
        for event in events:
            if event.kind == "changed":
                key = (event.account_id, str(event.body["kind"]))
                newest[key] = max(newest.get(key, 0), int(event.body["modseq"]))
    faults = []
    for (account_id, kind), modseq in newest.items():
        state = await store.state(account_id, kind)
        if state < modseq:
            faults.append(
                Fault("outbox", f"account {account_id}: an event of {kind} tells {modseq}, its state is {state}")
            )
    return faults


async def _blobs(store: Store, deep: bool) -> AsyncIterator[Fault]:
    async for digest, size, account_id, kind, object_id in _links(store):
        found = await store.blobs.size(digest)
        if found is None:
            yield Fault("blob", f"account {account_id}: the blob {digest} of {kind} {object_id} is not there")
        elif found != size:
            yield Fault("blob", f"the blob {digest} of {kind} {object_id} has {found} bytes instead of {size}")
        elif deep and not await _is_intact(store, digest):
            yield Fault("blob", f"the bytes of the blob {digest} of {kind} {object_id} are damaged")


async def _links(store: Store) -> AsyncIterator[Row]:
    last: tuple[Any, ...] = ("", 0, "", 0)
    while True:
        rows = await store.db.rows(
            """SELECT hash, size, account_id, kind, object_id FROM blob_link
            WHERE (hash, account_id, kind, object_id) > (?, ?, ?, ?)
            ORDER BY hash, account_id, kind, object_id LIMIT ?""",
            *last,
            _PAGE,
        )
        for row in rows:
            yield row
        if len(rows) < _PAGE:
            return
        digest, _, *owner = rows[-1]
        last = (digest, *owner)


async def _is_intact(store: Store, digest: str) -> bool:
    found = hashlib.sha256()
    try:
        async for chunk in store.blobs.stream(digest):
            found.update(chunk)
    except NotFound:
        return False
    return found.hexdigest() == digest


async def _torn(store: Store) -> set[str]:
    rows = await store.db.scan("PRAGMA integrity_check", seconds=_SECONDS)
    return {str(row[0]) for row in rows} - {"ok"}


async def _file(store: Store) -> list[Fault]:
    """What the database says of itself; JSON of jobs that nothing could read."""
    faults = []
    if store.db.dialect.name == "sqlite":
        found = await _torn(store)
        # FTS5 takes pages that another connection has just merged for missing ones: what is torn stays so.
        found = found and found & await _torn(store)
        faults += [Fault("database", sentence) for sentence in sorted(found)]
    for job_id, args, progress in await store.db.scan("SELECT id, args, progress FROM job", seconds=_SECONDS):
        try:
            msgspec.json.decode(args), msgspec.json.decode(progress)
        except msgspec.DecodeError:
            faults.append(Fault("job", f"job {job_id} cannot be read"))
    return faults
