"""Where a kind stands in an account, for somebody: the state that /get tells and /changes goes from. RFC 8620 §5.1

Who owns the account has the account's own state, a number. Who sees only parts of it has the state of these parts
and, behind a `~`, a digest of which they are and with which rights: when that is another, what has changed since
cannot be told from the log, and everything is read anew. `modseq-base` is a state in the midst of reading in pages.
"""

import re
from dataclasses import dataclass

from parvis.access import parts
from parvis.access.gate import Access
from parvis.access.principal import Principal
from parvis.kernel import clock
from parvis.serve.jmap.call import Call, Reader
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.kind import Kind

_STATE = re.compile(r"(0|[1-9]\d{0,17})(?:-(0|[1-9]\d{0,17}))?(?:~([0-9a-f]{12}))?")


@dataclass(frozen=True, slots=True)
class Standing:
    """A state, as the modseq that was reached and what is seen."""

    modseq: int
    sight: str = ""
    """Empty for the whole account."""
    parts: tuple[int, ...] = ()
    """The parts that are seen, when that is not the whole account."""

    @property
    def text(self) -> str:
        """The state string."""
        return self.at(self.modseq)

    def at(self, modseq: int, base: int | None = None) -> str:
        """The state string at another modseq, on a page of a walk from `base`."""
        paged = "" if base is None else f"-{base}"
        return f"{modseq}{paged}{'~' if self.sight else ''}{self.sight}"


@dataclass(frozen=True, slots=True)
class Since:
    """A state that a client holds: how far it has read, and from where it set out when it reads in pages."""

    reached: int
    base: int | None


def read_state(given: str, present: int, sight: str = "") -> Since:
    """A state string of the change log. Raises MethodError cannotCalculateChanges for one we never gave, and when
    something else was seen then."""
    match = _STATE.fullmatch(given)
    if match is None or int(match[1]) > present:
        raise MethodError("cannotCalculateChanges", "this is no state of ours")
    if (match[3] or "") != sight:
        raise MethodError("cannotCalculateChanges", "what you may see has changed")
    return Since(int(match[1]), int(match[2]) if match[2] else None)


async def standing(kind: Kind, call: Call) -> Standing:
    """Where a kind of the change log stands for who asks. One statement."""
    if kind.parts and not call.access.owner:
        return await _in_parts(kind, call.db, call.principal, call.account_id)
    modseq = await call.db.value(
        "SELECT modseq FROM kind_state WHERE account_id = ? AND kind = ?", call.account_id, kind.name
    )
    return Standing(modseq or 0)


async def _in_parts(kind: Kind, db: Reader, principal: Principal, account_id: int) -> Standing:
    rows = await db.rows(
        """SELECT s.id, s.account_id, s.kind, s.name, v.rights, v.grant_id, p.modseq FROM visible v
        JOIN scope s ON s.id = v.scope_id LEFT JOIN part_state p ON p.part = s.id AND p.kind = ?
        WHERE v.principal_id = ? AND s.account_id = ? AND s.kind = ? AND (v.expires_ms IS NULL OR v.expires_ms > ?)
        ORDER BY s.id""",
        kind.name,
        principal.id,
        account_id,
        kind.scope,
        clock.now_ms(),
    )
    return of_parts(kind, parts.grouped(row[:6] for row in rows), {row[0]: row[6] or 0 for row in rows})


def of_parts(kind: Kind, found: list[Access], modseqs: dict[int, int]) -> Standing:
    """The same from what is seen of the account, and the state of the kind in each part."""
    told = tuple(access.scope.id for access in found if access.rights & kind.sees)
    return Standing(max((modseqs.get(part, 0) for part in told), default=0), parts.digest(found), told)
