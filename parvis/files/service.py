"""What can be done with files. Every function takes the unit, who asks, and proves the right before it does
anything; all of them keep the tree, the counts, the quota and the change log right together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from msgspec.structs import replace

from parvis.access import gate, parts
from parvis.access.principal import Principal, Right
from parvis.files import store, tree, versions
from parvis.files.model import DEPTH, KIND, SCOPE, Content, Node, node_name, numbered
from parvis.files.words import TRASH
from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, Invalid, NotFound
from parvis.kernel.languages import Language
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit

OnExists = Literal["replace", "rename", "newest"] | None
_TRIES = 20


async def provision(unit: Unit, account_id: int, language: Language, quota_bytes: int = 0) -> None:
    """Gives an account its tree and its trash, when it has none. Whoever is given the whole tree sees the trash,
    whoever is given a folder does not."""
    if await store.room(unit, account_id) is not None:
        return
    root = await gate.create_scope(unit, account_id, SCOPE)
    trash = await gate.create_scope(unit, account_id, SCOPE, TRASH[language], parent_id=root)
    number, now = ids.new_id(), clock.now_ms()
    await unit.run(
        "INSERT INTO file_account (account_id, root_scope, trash_id, quota_bytes) VALUES (?, ?, ?, ?)",
        account_id,
        root,
        number,
        quota_bytes,
    )
    await unit.run(
        "INSERT INTO file_part (scope_id, account_id, node_id) VALUES (?, ?, ?)", trash, account_id, number
    )
    node = _new(number, account_id, trash, 0, TRASH[language], account_id, now, role="trash")
    await store.insert(unit, [replace(node, modseq=await _note(unit, node, "created"))])


def _new(
    number: int, account_id: int, scope_id: int, parent_id: int, name: str, by: int, now: int, role: str = ""
) -> Node:
    """A folder as it begins."""
    return Node(
        number, account_id, scope_id, parent_id, name, True, role, "", 0, "", False, (), 1, 0, 0,
        now, by, now, now, now, by, now, by, 0,
    )  # fmt: skip


async def _note(unit: Unit, node: Node, change: Literal["created", "updated"]) -> int:
    return await unit.changed(node.account_id, KIND, node.id, change, part=node.scope_id)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that things are put into; `folder` None is the top of the account."""

    account_id: int
    scope_id: int
    folder: Node | None

    @property
    def id(self) -> int:
        """The folder's id, 0 for the top."""
        return self.folder.id if self.folder else 0


async def find(db: Any, principal: Principal, account_id: int, node_id: int, right: Right = Right.READ) -> Node:
    """A node that the principal has this right to. Raises NotFound, or Forbidden when it may only be read."""
    node = await store.by_id(db, node_id, account_id)
    if node is None:
        raise NotFound("no such file")
    await parts.part(db, principal, node.scope_id, SCOPE, right)
    return node


async def place(
    db: Any, principal: Principal, account_id: int, folder_id: int, right: Right = Right.WRITE
) -> Place:
    """A folder to put something into; 0 is the top. Raises NotFound, Forbidden, and Invalid for a file."""
    if folder_id:
        folder = await find(db, principal, account_id, folder_id, right)
        if not folder.folder:
            raise Invalid("a file holds no files", field="parentId")
        return Place(account_id, folder.scope_id, folder)
    found = await store.room(db, account_id)
    if found is None:
        raise NotFound("no such account")
    await parts.part(db, principal, found[0], SCOPE, right)
    return Place(account_id, found[0], None)


async def settle(
    unit: Unit,
    principal: Principal,
    where: Place,
    name: str,
    on_exists: OnExists,
    *,
    moment_ms: int = 0,
    but: int = 0,
    folder: bool = False,
    cases: bool = True,
    whole: bool = False,
) -> tuple[str, list[int]]:
    """A name that is free in a folder, and what was destroyed for it. `on_exists` says what becomes of what has the
    name: None refuses, `rename` takes another name, `replace` destroys it, `newest` does so when it is older than
    `moment_ms`; `but` is what may have it. Without `cases`, names that differ by case alone are the same; with
    `whole`, a folder is replaced with all in it. Raises Conflict with `existing` or `reason`."""
    there = await store.child(unit, where.account_id, where.id, name)
    if there is None and not cases:
        there = await store.like(unit, where.account_id, where.id, name, but)
    if there is None or there.id == but:
        return name, []
    if on_exists == "rename":
        return await free_name(unit, where, name, folder=folder), []
    if on_exists is None or (on_exists == "newest" and there.modified_ms >= moment_ms):
        raise Conflict("a file of this name is there", field="name", existing=there.id)
    return name, await destroy(unit, principal, where.account_id, there.id, children=whole)


async def free_name(unit: Unit, where: Place, name: str, *, folder: bool = False) -> str:
    """The name, or one with a number, that is free in a folder."""
    first = 2
    for _ in range(_TRIES):
        wanted = [name, *(numbered(name, first + step, folder=folder) for step in range(_TRIES))]
        rows = await unit.rows(
            f"SELECT name FROM file_node WHERE account_id = ? AND parent_id = ? AND name IN {marks(len(wanted))}",
            where.account_id,
            where.id,
            *wanted,
        )
        taken = {row[0] for row in rows}
        if free := next((one for one in wanted if one not in taken), None):
            return free
        first = first * 3 if first > _TRIES else first + _TRIES
    return numbered(name, ids.new_id(), folder=folder)


async def _begin(unit: Unit, where: Place, name: str) -> int | None:
    """Holds the account, so that two who write the same name meet here, and looks how deep it is. Returns the id of
    what has the name there."""
    await unit.hold(where.account_id)
    if where.folder and where.folder.role == "trash":
        raise Invalid("things get into the trash by being moved there", field="parentId")
    deep, there = await store.seat(unit, where.account_id, where.id, name)
    if deep >= DEPTH:
        raise Invalid(f"at most {DEPTH} folders inside each other", field="parentId")
    return there


async def add(
    unit: Unit,
    principal: Principal,
    where: Place,
    name: str,
    content: Content | None,
    *,
    values: Mapping[str, Any] | None = None,
) -> Node:
    """Makes a file of some content, or a folder for None, under a name that is free. `values` may set created_ms,
    modified_ms, accessed_ms, executable, tags and role. Raises OverQuota, Conflict."""
    kept = node_name(name)
    if (there := await _begin(unit, where, kept)) is not None:
        raise Conflict("a file of this name is there", field="name", existing=there)
    node = _new(ids.new_id(), where.account_id, where.scope_id, where.id, kept, principal.id, clock.now_ms())
    if content is not None:
        node = replace(
            node, folder=False, hash=content.hash, size=content.size, media_type=content.media_type.lower()
        )
    node = replace(node, **(values or {}))
    node = replace(node, modseq=await _note(unit, node, "created"))
    await store.insert(unit, [node])
    await store.count(unit, where.id, node.size, 1, node.modseq)
    await store.weigh(unit, where.account_id, node.size)
    await store.arrive(unit, where.account_id, where.id, kept, folder=node.folder)
    return node


async def write(
    unit: Unit, principal: Principal, node: Node, content: Content, modified_ms: int | None = None
) -> Node:
    """Gives a file another content; what it held becomes a version. Raises NotFound, Forbidden, OverQuota."""
    await unit.hold(node.account_id)
    node = await find(unit, principal, node.account_id, node.id, Right.WRITE)
    if node.folder:
        raise Invalid("a folder has no content", field="blobId")
    if (content.hash, content.media_type.lower()) == (node.hash, node.media_type):
        return await change(unit, principal, node, {"modified_ms": modified_ms or clock.now_ms()})
    now = clock.now_ms()
    changed = replace(
        node,
        hash=content.hash,
        size=content.size,
        media_type=content.media_type.lower(),
        number=node.number + 1,
        modified_ms=now if modified_ms is None else modified_ms,
        changed_ms=now,
        changed_by=principal.id,
        content_ms=now,
        content_by=principal.id,
        modseq=await _note(unit, node, "updated"),
    )
    freed = await versions.keep(unit, node) if node.size else 0  # nothing was in it: a lock, or a file just made
    await unit.run(
        """UPDATE file_node SET hash = ?, size = ?, media_type = ?, number = ?, modified_ms = ?, changed_ms = ?,
        changed_by = ?, content_ms = ?, content_by = ?, modseq = ? WHERE id = ?""",
        changed.hash,
        changed.size,
        changed.media_type,
        changed.number,
        changed.modified_ms,
        now,
        principal.id,
        now,
        principal.id,
        changed.modseq,
        node.id,
    )
    await store.hold(unit, node, content)
    await store.release(unit, node.account_id, node.id, node.hash)
    await store.count(unit, node.parent_id, content.size - node.size, 0, changed.modseq)
    await store.weigh(unit, node.account_id, content.size - freed)
    return changed


async def change(unit: Unit, principal: Principal, node: Node, values: Mapping[str, Any]) -> Node:
    """Sets modified_ms, accessed_ms, created_ms, executable, media_type, tags or role. Raises NotFound,
    Forbidden."""
    node = await find(unit, principal, node.account_id, node.id, Right.WRITE)
    fresh = replace(node, **values, changed_ms=clock.now_ms(), changed_by=principal.id)
    fresh = replace(fresh, modseq=await _note(unit, node, "updated"))
    await unit.run(
        """UPDATE file_node SET modified_ms = ?, accessed_ms = ?, created_ms = ?, executable = ?, media_type = ?,
        tags = ?, role = ?, changed_ms = ?, changed_by = ?, modseq = ?, tree_modseq = ? WHERE id = ?""",
        fresh.modified_ms,
        fresh.accessed_ms,
        fresh.created_ms,
        int(fresh.executable),
        fresh.media_type,
        "\n".join(fresh.tags),
        fresh.role,
        fresh.changed_ms,
        principal.id,
        fresh.modseq,
        fresh.modseq,
        node.id,
    )
    await store.count(unit, node.parent_id, 0, 0, fresh.modseq)
    return fresh


async def move(unit: Unit, principal: Principal, node: Node, where: Place, name: str) -> int:
    """Moves and renames within an account, to a name that is free. Leaving a part needs the right to delete there.
    Returns the modseq. Raises NotFound, Forbidden, Invalid."""
    await unit.hold(node.account_id)
    leaves = where.id != node.parent_id and where.scope_id != node.scope_id
    node = await find(
        unit, principal, node.account_id, node.id, Right.WRITE | Right.DELETE if leaves else Right.WRITE
    )
    kept = await called(unit, node, where, name)
    if where.id == node.parent_id and kept == node.name:
        return node.modseq
    await unit.run("DELETE FROM file_trash WHERE node_id = ?", node.id)
    return await tree.move(unit, node, where.folder, where.scope_id, kept, principal.id)


async def called(unit: Unit, node: Node, where: Place, name: str) -> str:
    """The name under which a node can be moved into a folder, of whichever account. Raises Invalid, and Conflict
    when something else has it."""
    if node.role == "trash":
        raise Invalid("the trash stays where it is", field="parentId")
    if where.folder and where.folder.role == "trash":
        raise Invalid("things get into the trash by being moved there", field="parentId")
    kept = node_name(name)
    there = await store.child(unit, where.account_id, where.id, kept)
    if there is not None and there.id != node.id:
        raise Conflict("a file of this name is there", field="name", existing=there.id)
    return kept


async def copy(unit: Unit, principal: Principal, node: Node, where: Place, name: str, *, deep: bool = True) -> int:
    """Copies a node, and unless `deep` is off what is in it, as far as the principal may read it, to a name that is
    free, in whichever account. Shares, versions and comments are not copied. Returns the id of the copy. Raises
    NotFound, Forbidden, Invalid, OverQuota, TooLarge."""
    kept_name = node_name(name)
    await _begin(unit, where, kept_name)
    node = await find(unit, principal, node.account_id, node.id)
    nodes = await tree.below(unit, node) if deep and node.folder else [node]
    allowed = await parts.several(unit, principal, SCOPE, sorted({one.scope_id for one in nodes}))
    seen: set[int] = set()
    kept = []
    for one in nodes:
        if one.scope_id in allowed and (one.id == node.id or one.parent_id in seen):
            seen.add(one.id)
            kept.append(one)
    if where.folder and where.id in seen:
        raise Invalid("a folder cannot be copied into itself", field="parentId")
    return await tree.copy(unit, kept, where.account_id, where.folder, where.scope_id, kept_name, principal.id)


async def destroy(
    unit: Unit, principal: Principal, account_id: int, node_id: int, *, children: bool = False
) -> list[int]:
    """Destroys a node for good, with all in it when `children` is set. Returns all ids, its own first. Raises
    NotFound, Forbidden, and Conflict with the reason nodeHasChildren."""
    await unit.hold(account_id)
    node = await find(unit, principal, account_id, node_id, Right.READ | Right.DELETE)
    if node.role == "trash":
        raise Invalid("the trash can be emptied, not destroyed", field="id")
    if not children and node.folder and await store.has_children(unit, node_id):
        raise Conflict("the folder is not empty", reason="nodeHasChildren")
    return await tree.destroy(unit, node)
