"""Who left which part of an account: written with the change log, for whoever sees some of the parts.

Kinds that are in parts of an account (an event in a calendar, a node in a folder) have in the change log the part
an object is in. That it is no longer in a part, or no longer under a name there, is a row of `departed`: one for
each object, part and name, the newest departure.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from parvis.kernel.events import Change
from parvis.store.sql.contract import Row, Tx, Write, marks

Key = tuple[int, str, int]
"""Account, kind, object."""
Left = tuple[Key, int, str]
"""An object, the part it left, and the name it had there."""
_READ_AT_ONCE = 500
_UPSERT_DEPARTED = """
INSERT INTO departed (account_id, kind, part, object_id, name, arrived, modseq) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (account_id, kind, part, object_id, name) DO UPDATE SET arrived = excluded.arrived,
modseq = excluded.modseq
"""
_UPSERT_PART = """
INSERT INTO part_state (account_id, kind, part, modseq) VALUES (?, ?, ?, ?)
ON CONFLICT (part, kind) DO UPDATE SET modseq = excluded.modseq
"""


class Mark(msgspec.Struct):
    """What a unit does to one object."""

    change: Change
    modseq: int
    whole: bool
    """More than counts changed."""
    part: int


class _Stay(msgspec.Struct):
    """In which part an object was before the unit, and since when."""

    part: int
    arrived: int


async def writes(tx: Tx, changed: Mapping[Key, Mark], lefts: Iterable[Left]) -> list[Write]:
    """What writes who left which part, and the states of parts. Called before the change log is written, since that
    knows where everything was; an object that has another part than before has left the old one, said or not."""
    gone: dict[Left, int] = {}
    for key, part, name in lefts:
        if key not in changed:
            raise RuntimeError(f"{key[1]} {key[2]} left a part and did not change")
        gone[key, part, name] = changed[key].modseq
    parted = {key: mark for key, mark in changed.items() if mark.part}
    concerned = dict.fromkeys([*parted, *(key for key, _, _ in gone)])
    stays = await _stays(tx, [key for key in concerned if changed[key].change != "created"])
    named = {(key, part) for key, part, _ in gone}
    for key, stay in stays.items():
        if changed[key].part not in (0, stay.part) and (key, stay.part) not in named:
            gone[key, stay.part, ""] = changed[key].modseq
    rows = [_departed(left, stays[left[0]], modseq) for left, modseq in gone.items() if left[0] in stays]
    states: dict[tuple[int, str, int], int] = {}
    reached = [(*key[:2], mark.part, mark.modseq) for key, mark in parted.items()]
    for account_id, kind, part, modseq in [*reached, *((*row[:3], row[-1]) for row in rows)]:
        place = (account_id, kind, part)
        states[place] = max(states.get(place, 0), modseq)
    return [(_UPSERT_DEPARTED, rows), (_UPSERT_PART, [(*place, modseq) for place, modseq in states.items()])]


def _departed(left: Left, stay: _Stay, modseq: int) -> Row:
    (account_id, kind, number), part, name = left
    return account_id, kind, part, number, name, stay.arrived if stay.part == part else modseq, modseq


async def _stays(tx: Tx, keys: Sequence[Key]) -> dict[Key, _Stay]:
    """Where objects were before the unit; those that were in no part are left out."""
    found: dict[Key, _Stay] = {}
    of_kind: dict[tuple[int, str], list[int]] = defaultdict(list)
    for account_id, kind, number in keys:
        of_kind[account_id, kind].append(number)
    for (account_id, kind), numbers in of_kind.items():
        for start in range(0, len(numbers), _READ_AT_ONCE):
            some = numbers[start : start + _READ_AT_ONCE]
            rows = await tx.rows(
                f"""SELECT object_id, part, arrived FROM change WHERE account_id = ? AND kind = ?
                AND object_id IN {marks(len(some))} AND destroyed = 0 AND part <> 0""",
                account_id,
                kind,
                *some,
            )
            found |= {(account_id, kind, number): _Stay(part, arrived) for number, part, arrived in rows}
    return found


async def put_in(tx: Tx, account_id: int, kind: str, part: int, objects: str, args: Sequence[Any]) -> None:
    """See Unit.put_in."""
    await tx.run(
        f"UPDATE change SET part = ? WHERE account_id = ? AND kind = ? AND object_id IN ({objects})",
        part,
        account_id,
        kind,
        *args,
    )
    await tx.run(
        """INSERT INTO part_state (account_id, kind, part, modseq)
        SELECT account_id, kind, part, MAX(modseq) FROM change WHERE account_id = ? AND kind = ? AND part = ?
        AND part <> 0 GROUP BY account_id, kind, part
        ON CONFLICT (part, kind) DO UPDATE SET modseq = excluded.modseq""",
        account_id,
        kind,
        part,
    )
