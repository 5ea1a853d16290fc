"""The mailboxes of an account as its scripts name them, which is as IMAP does. RFC 5228 §4.1, RFC 5490, RFC 8579
§4, §4.1"""

from collections.abc import Mapping
from dataclasses import dataclass

from parvis.kernel import ids
from parvis.mail import mailboxes
from parvis.mail.imap.names import DELIMITER, ROLES, paths, plain_step
from parvis.mail.mailboxes import MailboxRow
from parvis.store.unit import Unit
from parvis.wire.sieve import FileInto


@dataclass(frozen=True, slots=True)
class Place:
    """A mailbox: one that is there, or one to be made, by the steps that are missing below `mailbox_id` (0 is the
    top)."""

    name: str
    mailbox_id: int
    steps: tuple[str, ...] = ()
    role: str | None = None


class Boxes:
    """All mailboxes of one account."""

    def __init__(self, rows: Mapping[int, MailboxRow]) -> None:
        self._rows = rows
        self.names = paths(rows)
        """The name of each by its id."""
        self._by_name = {name: number for number, name in self.names.items()}
        self._by_role = {row.role: row.id for row in rows.values() if row.role}

    def find(self, name: str) -> int | None:
        """The mailbox of a name."""
        return self._by_name.get("INBOX" if name.upper() == "INBOX" else name)

    def name_of(self, role: str) -> str:
        """The name of the mailbox of a role; empty when there is none."""
        return self.names.get(self._by_role.get(role, 0), "")

    def exists(self, name: str) -> bool:
        """RFC 5490 §3.1"""
        return self.find(name) is not None

    def id_exists(self, text: str) -> bool:
        """RFC 9042 §5"""
        return ids.parse(text) in self._rows

    def use_exists(self, name: str | None, use: str) -> bool:
        """RFC 8579 §3.1"""
        found = self._by_role.get(ROLES.get(use.lower(), use))
        return found is not None and (name is None or self.find(name) == found)

    def place(self, action: FileInto) -> Place | None:
        """Where an action files; None when that mailbox is not there and is not to be made."""
        role = ROLES.get(action.special_use.lower()) if action.special_use else None
        by_id = ids.parse(action.mailbox_id or "")
        number = by_id if by_id in self._rows else self._by_role.get(role) if role else None
        number = number or self.find(action.mailbox)
        if number is not None:
            return Place(self.names[number], number, role=self._rows[number].role)
        return self._new(action.mailbox, role) if action.create else None

    def _new(self, name: str, role: str | None) -> Place | None:
        """RFC 5490 §3.2"""
        steps = name.split(DELIMITER)
        above, path = 0, ""
        while len(steps) > 1 and (found := self.find(path + steps[0])) is not None:
            above, path = found, f"{path}{steps.pop(0)}{DELIMITER}"
        return Place(name, above, tuple(map(plain_step, steps)), role) if all(steps) else None


async def resolve(unit: Unit, account_id: int, place: Place) -> int:
    """The mailbox of a place, made when it is missing. Raises Invalid, Conflict, OverQuota when it cannot be."""
    number = place.mailbox_id
    for index, step in enumerate(place.steps):
        role = place.role if index == len(place.steps) - 1 else None
        found = await mailboxes.by_path_step(unit, account_id, number, step)
        number = found or await mailboxes.create(unit, account_id, step, parent_id=number, role=role)
    return number
