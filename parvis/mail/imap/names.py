"""The names of mailboxes as IMAP has them: a path with `/` between its steps, one's own mail at the top, that of
others under `Other Users/` and `Shared/`. RFC 9051 §5.1, RFC 2342"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from parvis.access import gate
from parvis.access.gate import Access
from parvis.access.principal import Principal
from parvis.kernel.errors import Invalid
from parvis.mail import mailboxes
from parvis.mail.mailboxes import MailboxRow
from parvis.mail.model import SCOPE
from parvis.store.sql.contract import Database, marks

DELIMITER = "/"
OTHERS, SHARED = "Other Users", "Shared"
_STANDS_FOR_SLASH = "\N{DIVISION SLASH}"
USES = {
    "all": r"\All", "archive": r"\Archive", "drafts": r"\Drafts", "flagged": r"\Flagged", "junk": r"\Junk",
    "sent": r"\Sent", "trash": r"\Trash", "important": r"\Important",
}  # fmt: skip
"""Roles as special uses. RFC 6154, RFC 8457"""
ROLES = {use.lower(): role for role, use in USES.items()}


@dataclass(frozen=True, slots=True)
class Named:
    """A mailbox with its name in this session; `row` is None for a step above that holds none itself."""

    name: str
    access: Access | None = None
    row: MailboxRow | None = None

    @property
    def account_id(self) -> int:
        """Whose it is."""
        assert self.access is not None
        return self.access.scope.account_id


@dataclass(slots=True)
class Names:
    """All mailboxes that a person sees, by name; steps that are no mailbox too, without a row."""

    by_name: dict[str, Named] = field(default_factory=dict)
    roots: dict[str, Access] = field(default_factory=dict)
    """Where an account's mailboxes begin: "" for one's own, else a prefix with its `/`."""

    def find(self, name: str) -> Named | None:
        """The mailbox of this name."""
        found = self.by_name.get(name)
        return found if found is not None and found.row is not None else None

    def place(self, name: str) -> tuple[Access, int, list[str]]:
        """Where a mailbox of this name would be: the account, the mailbox around it (0 at the top), and the steps
        that are missing, the last of them its own. Raises Invalid."""
        prefix = next((one for one in self.roots if one and name.startswith(one)), "")
        steps = name.removeprefix(prefix).split(DELIMITER)
        access = self.roots[prefix]
        if not all(steps) or (not prefix and steps[0] in (OTHERS, SHARED)):
            raise Invalid("there can be no mailbox of this name", field="name")
        parent, path = 0, prefix
        while len(steps) > 1 and (above := self.find(path + steps[0])) is not None and above.row is not None:
            parent, path = above.row.id, f"{path}{steps.pop(0)}{DELIMITER}"
        return access, parent, steps

    def children(self, name: str) -> bool:
        """Whether there is any mailbox below this one."""
        return any(other.startswith(name + DELIMITER) for other in self.by_name)


async def names_of(db: Database, principal: Principal) -> Names:
    """What this person sees now."""
    found, accounts = Names(), await gate.accounts(db, principal, SCOPE)
    every = await mailboxes.of_accounts(db, [access.scope.account_id for access in accounts])
    owners = await _owners(db, [access.scope.account_id for access in accounts if not access.owner])
    for access in accounts:
        account_id = access.scope.account_id
        prefix = "" if access.owner else _prefix(owners[account_id], found.roots)
        found.roots[prefix] = access
        rows = every[account_id]
        for number, path in sorted(paths(rows).items(), key=lambda item: item[1]):
            name = prefix + path
            found.by_name[name] = Named(name, access, rows[number])
    for name in list(found.by_name):
        _add_steps(found.by_name, name)
    return found


async def _owners(db: Database, numbers: Sequence[int]) -> dict[int, tuple[int, str, str, str]]:
    """Id, kind, name and address of those who share."""
    if not numbers:
        return {}
    sql = f"SELECT id, kind, name, COALESCE(address, '') FROM principal WHERE id IN {marks(len(numbers))}"
    return {row[0]: (row[0], row[1], row[2], row[3]) for row in await db.rows(sql, *numbers)}


def _prefix(owner: tuple[int, str, str, str], taken: Mapping[str, Access]) -> str:
    """`Other Users/ann@example.org/`, `Shared/Library/`."""
    number, kind, name, address = owner
    above, step = (OTHERS, address) if kind == "person" else (SHARED, name or address)
    prefix = f"{above}{DELIMITER}{_step(step)}{DELIMITER}"
    return prefix if prefix not in taken else f"{above}{DELIMITER}{_step(step)} ({number}){DELIMITER}"


def _add_steps(by_name: dict[str, Named], name: str) -> None:
    while DELIMITER in name:
        name = name.rpartition(DELIMITER)[0]
        by_name.setdefault(name, Named(name))


def paths(rows: Mapping[int, MailboxRow]) -> dict[int, str]:
    """The path of each mailbox of an account, each a different one; the inbox is INBOX, whatever it is called
    elsewhere."""
    found: dict[int, str] = {}
    used: set[str] = set()

    def path(number: int) -> str:
        if number not in found:
            row = rows[number]
            inbox = row.role == "inbox"
            above = f"{path(row.parent_id)}{DELIMITER}" if row.parent_id and not inbox else ""
            wanted = "INBOX" if inbox else above + _step(row.name)
            if not inbox and (wanted in used or (not above and wanted.upper() == "INBOX")):
                wanted = f"{wanted} ({number})"
            used.add(wanted)
            found[number] = wanted
        return found[number]

    for number in sorted(rows, key=lambda one: rows[one].role != "inbox"):
        path(number)
    return found


def _step(name: str) -> str:
    return name.replace(DELIMITER, _STANDS_FOR_SLASH)


def plain_step(step: str) -> str:
    """The name that a mailbox made under this step gets."""
    return step.replace(_STANDS_FOR_SLASH, DELIMITER)
