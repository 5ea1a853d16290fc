"""Which folder there is which mailbox here: by its role (RFC 6154) or its path. New ones are made on the other
side, names changed here are changed there; a folder that is gone there leaves its messages."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from parvis.kernel.errors import Conflict, NotFound
from parvis.mail import mailboxes
from parvis.mail import store as mailstore
from parvis.mail.external import store
from parvis.mail.external.model import Account, Folder
from parvis.mail.external.remote import Refusal, Remote, Selected, quoted, text_of
from parvis.mail.folders import SPECIAL_USE, role_of
from parvis.mail.imap.names import USES
from parvis.mail.mailboxes import MailboxRow
from parvis.mail.model import DEPTH, nearest_name
from parvis.mail.service import Planner
from parvis.mail.store import Edit
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.imap.answers import Value
from parvis.wire.maildir import from_mutf7, to_mutf7

_log = logging.getLogger(__name__)
_NO_FOLDER = frozenset({"\\noselect", "\\nonexistent"})


@dataclass(frozen=True, slots=True)
class Listed:
    """A folder as the server lists it."""

    name: str
    path: tuple[str, ...]
    role: str | None


@dataclass(slots=True)
class Turn:
    """One comparison of both sides."""

    keep: Store
    account: Account
    remote: Remote
    planner: Planner | None = None
    """Decides what is done with mail that comes in."""
    folders: dict[int, Folder] = field(default_factory=dict)
    missing: set[int] = field(default_factory=set)
    """Mailboxes whose folder is gone there."""
    is_unsure: bool = False
    """Whether a folder that was never read does not open: what is missing may be in it, as while the server renames
    one."""
    separator: str = "/"
    prefix: str = ""
    roles: dict[str, int] = field(default_factory=dict)
    """Mailboxes here by role."""
    until: int = 0
    """The state of the messages here when the folders were compared; what came after waits for the next turn."""
    read: dict[int, Selected] = field(default_factory=dict)
    """Folders as they were when they were read."""

    async def open(self, mailbox_id: int, since: tuple[int, int] | None = None) -> Selected | None:
        """Opens the folder of a mailbox unless it is open and nothing is asked `since`. None when there is none, or
        it cannot be opened."""
        folder = self.folders.get(mailbox_id)
        if folder is None or mailbox_id in self.missing:
            return None
        if self.remote.name != folder.name or since is not None:
            try:
                await self.remote.select(folder.name, since or (0, 0))
            except Refusal as refusal:
                _log.warning("a folder of account %d does not open: %s", self.account.id, refusal.sentence)
                self.is_unsure |= not folder.uid_validity
                return None
        return self.remote.opened


async def compare(turn: Turn) -> None:
    """Lists the folders there and gives each its mailbox here, then each mailbox here its folder there. Raises
    Unavailable."""
    turn.until = await turn.keep.state(turn.account.id, "Email")
    known = await store.folders(turn.keep.db, turn.account.id)
    turn.folders = {folder.mailbox_id: folder for folder in known}
    await discover(turn)
    rows = await mailboxes.every(turn.keep.db, turn.account.id)
    turn.roles = {row.role: row.id for row in rows.values() if row.role}
    await _rename(turn, rows)
    await _create(turn, rows)


async def discover(turn: Turn) -> list[int]:
    """Lists the folders there, notes which of those that were known are missing, and gives each new one its
    mailbox. Returns the mailboxes of the new ones. Raises Unavailable."""
    listed = await _list(turn)
    names = {each.name for each in listed}
    turn.missing = {folder.mailbox_id for folder in turn.folders.values() if folder.name not in names}
    known = {folder.name for folder in turn.folders.values()}
    fresh = [each for each in listed if each.name not in known]
    made = await turn.keep.write(lambda unit: _adopt(unit, turn, listed, fresh)) if fresh else []
    turn.folders.update({folder.mailbox_id: folder for folder in made})
    return [folder.mailbox_id for folder in made]


async def _list(turn: Turn) -> list[Listed]:
    remote = turn.remote
    foreign: tuple[str, ...] = ()
    if remote.has("NAMESPACE"):
        turn.prefix, foreign = _namespaces((await remote.command("NAMESPACE"))[0].values)
    extended = remote.has("SPECIAL-USE") and remote.has("LIST-EXTENDED")
    found = []
    for answer in await remote.command('LIST "" "*"' + (" RETURN (SPECIAL-USE)" if extended else "")):
        if answer.kind != "LIST" or len(answer.values) < 3 or not isinstance(answer.values[0], list):
            continue
        flags = [text_of(each).lower() for each in answer.values[0]]
        separator, name = text_of(answer.values[1]), text_of(answer.values[2])
        turn.separator = separator or turn.separator
        roles = [SPECIAL_USE[flag] for flag in flags if flag in SPECIAL_USE]
        if _NO_FOLDER & set(flags) or None in roles or not name or name.startswith(foreign):
            continue
        inner = name.removeprefix(turn.prefix) if name != turn.prefix else name
        path = tuple(from_mutf7(part) for part in (inner.split(separator) if separator else [inner]))
        role = "inbox" if name.upper() == "INBOX" else next(iter(roles), None)
        found.append(Listed(name, path, role))
    return _with_roles(found)


def _namespaces(values: Sequence[Value]) -> tuple[str, tuple[str, ...]]:
    """The prefix of one's own folders, and those of other people's. RFC 2342 §5"""
    prefixes = [
        [text_of(pair[0]) for pair in space if isinstance(pair, list) and pair] if isinstance(space, list) else []
        for space in values
    ]
    own, *others = prefixes or [[]]
    return (own[0] if own else ""), tuple(each for space in others for each in space if each)


def _with_roles(listed: list[Listed]) -> list[Listed]:
    """A name says a role where no folder was given it; each role once."""
    taken = {each.role for each in listed if each.role}
    found, used = [], set[str]()
    for each in sorted(listed, key=lambda one: (one.role is None, len(one.path), one.path)):
        said = each.role or role_of(each.path)
        role = said if said and said not in used and (each.role or said not in taken) else None
        used |= {role} if role else set()
        found.append(Listed(each.name, each.path, role))
    return found


async def _adopt(unit: Unit, turn: Turn, listed: Sequence[Listed], fresh: Sequence[Listed]) -> list[Folder]:
    """Mailboxes for folders that are new, made where they are missing."""
    account_id = turn.account.id
    rows = await mailboxes.every(unit, account_id)
    roles = {row.role: row.id for row in rows.values() if row.role}
    taken = set(turn.folders)
    of_name = {folder.name: folder.mailbox_id for folder in turn.folders.values()}
    of_path = {each.path: of_name[each.name] for each in listed if each.name in of_name}
    found = []
    for each in fresh:
        number = roles.get(each.role or "")
        by_role = number is not None and number not in taken
        if number is None or not by_role:
            number = await _place(unit, account_id, each.path, of_path, taken)
        of_path[each.path] = number
        taken.add(number)
        path = "" if by_role else _path(await mailboxes.every(unit, account_id), number)
        folder = Folder(number, each.name, path)
        await store.keep_folder(unit, account_id, folder)
        found.append(folder)
    return found


async def _place(
    unit: Unit, account_id: int, path: Sequence[str], of_path: Mapping[tuple[str, ...], int], taken: set[int]
) -> int:
    """The mailbox at a path that is nobody else's folder, made where it is missing."""
    parent = 0
    for depth, step in enumerate(path[:DEPTH], 1):
        here = of_path.get(tuple(path[:depth]))
        if here is None and depth == 1 and step.upper() == "INBOX" and len(path) > 1:
            here = await mailboxes.by_role(unit, account_id, "inbox")
        last, name = depth == len(path[:DEPTH]), nearest_name(step)
        here = None if last else here
        if here is None:
            here = await mailboxes.by_path_step(unit, account_id, parent, name)
            number = 2
            while last and here in taken:
                name = f"{nearest_name(step)[:200]} ({number})"
                here, number = await mailboxes.by_path_step(unit, account_id, parent, name), number + 1
        parent = here or await mailboxes.create(unit, account_id, name, parent_id=parent)
    return parent


def _path(rows: Mapping[int, MailboxRow], number: int) -> str:
    """The path of a mailbox here, as text to compare."""
    steps: list[str] = []
    while number in rows:
        steps.insert(0, rows[number].name)
        number = rows[number].parent_id
    return "\n".join(steps)


def _name(turn: Turn, rows: Mapping[int, MailboxRow], number: int) -> str:
    """The name there of a mailbox here, below the folder of its parent."""
    row = rows[number]
    step = to_mutf7(row.name.replace(turn.separator, "_"))
    above = turn.folders.get(row.parent_id)
    if row.parent_id and above is None:
        return f"{_name(turn, rows, row.parent_id)}{turn.separator}{step}"
    return f"{above.name}{turn.separator}{step}" if above else f"{turn.prefix}{step}"


async def _rename(turn: Turn, rows: Mapping[int, MailboxRow]) -> None:
    """Folders whose mailbox here has another path than when they were named, those above first."""
    known = {number: replace(folder) for number, folder in turn.folders.items()}
    for folder in sorted(turn.folders.values(), key=lambda one: len(one.path)):
        if not folder.path or folder.mailbox_id not in rows or folder.mailbox_id in turn.missing:
            continue
        path = _path(rows, folder.mailbox_id)
        if path == folder.path:
            continue
        before, after = folder.name, _name(turn, rows, folder.mailbox_id)
        try:
            if after != before:
                await turn.remote.command(f"RENAME {quoted(before)} {quoted(after)}")
                folder.name = after
                for other in turn.folders.values():
                    if other.name.startswith(before + turn.separator):
                        other.name = after + other.name.removeprefix(before)
        except Refusal as refusal:
            _log.warning("a folder of account %d is not renamed: %s", turn.account.id, refusal.sentence)
        folder.path = path
    if known != turn.folders:
        await turn.keep.write(lambda unit: _keep(unit, turn))


async def _keep(unit: Unit, turn: Turn) -> None:
    for folder in turn.folders.values():
        await store.keep_folder(unit, turn.account.id, folder)


async def _create(turn: Turn, rows: Mapping[int, MailboxRow]) -> None:
    """Folders for mailboxes that have none, those above first: a person's own, and those of a role that hold
    something."""
    wanted = [row for row in rows.values() if row.id not in turn.folders and (row.role is None or row.total_emails)]
    for row in sorted(wanted, key=lambda one: _path(rows, one.id).count("\n")):
        name = _name(turn, rows, row.id)
        use = USES.get(row.role or "") if turn.remote.has("CREATE-SPECIAL-USE") else None
        try:
            await turn.remote.command(f"CREATE {quoted(name)}" + (f" (USE ({use}))" if use else ""))
            await turn.remote.command(f"SUBSCRIBE {quoted(name)}")
        except Refusal as refusal:
            if "ALREADYEXISTS" not in refusal.code_words:
                _log.warning("a folder of account %d is not made: %s", turn.account.id, refusal.sentence)
                continue
        folder = turn.folders[row.id] = Folder(row.id, name, "" if row.role else _path(rows, row.id))
        await turn.keep.write(lambda unit, folder=folder: store.keep_folder(unit, turn.account.id, folder))  # type: ignore[misc]


async def end(turn: Turn) -> None:
    """After both sides were told of messages: folders whose mailbox is gone here go there when they are empty; a
    mailbox whose folder is gone there goes when nothing is left in it that is nowhere else."""
    rows = await mailboxes.every(turn.keep.db, turn.account.id)
    for folder in list(turn.folders.values()):
        if folder.mailbox_id not in rows:
            await _delete(turn, folder)
        elif folder.mailbox_id in turn.missing and not turn.is_unsure:
            await turn.keep.write(lambda unit, number=folder.mailbox_id: _leave(unit, turn, number))  # type: ignore[misc]
        else:
            continue
        del turn.folders[folder.mailbox_id]


async def _delete(turn: Turn, folder: Folder) -> None:
    if folder.mailbox_id not in turn.missing:
        try:
            if not (await turn.remote.select(folder.name)).exists:
                await turn.remote.select("INBOX")
                await turn.remote.command(f"DELETE {quoted(folder.name)}")
        except Refusal as refusal:
            _log.warning("a folder of account %d is not deleted: %s", turn.account.id, refusal.sentence)
    await turn.keep.write(lambda unit: store.drop_folder(unit, folder.mailbox_id))


async def _leave(unit: Unit, turn: Turn, mailbox_id: int) -> None:
    """Forgets a folder. What is in another folder too leaves its mailbox; the rest stays, and is sent anew."""
    account_id = turn.account.id
    await store.drop_folder(unit, mailbox_id)
    numbers = [
        row[0] for row in await unit.rows("SELECT email_id FROM email_mailbox WHERE mailbox_id = ?", mailbox_id)
    ]
    elsewhere = {bound.email_id for bound in await store.of_emails(unit, numbers)}
    places = await mailstore.mailboxes_of(unit, numbers)

    def left(number: int) -> frozenset[int]:
        return frozenset(places[number]) - {mailbox_id}

    await mailstore.edit(
        unit,
        account_id,
        [Edit(number, mailbox_ids=rest) for number in numbers if number in elsewhere and (rest := left(number))],
    )
    for number in numbers:
        if number not in elsewhere or not left(number):
            await unit.changed(account_id, "Email", number, "updated", counts_only=True)
    try:
        async with unit.attempt():
            await mailboxes.destroy(unit, turn.keep.db.dialect, account_id, mailbox_id)
    except (Conflict, NotFound):
        return
