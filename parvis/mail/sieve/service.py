"""What can be done with filter scripts, whichever door asks: ManageSieve (RFC 5804) and JMAP (RFC 9661)."""

import asyncio
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from parvis.access import gate
from parvis.access.principal import Principal, Right
from parvis.kernel.errors import Conflict, Invalid, NotFound, OverQuota, TooLarge
from parvis.mail import mailboxes
from parvis.mail.model import SCOPE
from parvis.mail.sieve import store
from parvis.mail.sieve.boxes import Boxes
from parvis.mail.sieve.store import Script
from parvis.store.blobs.contract import Step
from parvis.store.sql.contract import Database
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.sieve import CAPABILITIES, compile_script
from parvis.wire.sieve import Script as Compiled
from parvis.wire.sieve.spec import Node

RIGHTS = Right.WRITE | Right.DELETE | Right.SEND | Right.SHARE
"""What it takes to change somebody's filters: they send and discard mail, also after a grant has ended."""
EXTENSIONS = tuple(sorted(CAPABILITIES - {"extlists"}))
"""What is offered: there are no lists yet."""
SCRIPTS = 100
"""Scripts of an account."""
SCRIPT_BYTES = 500_000
NAME_BYTES = 512
"""RFC 5804 §1.6"""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_WARNINGS = 20
_LARGE = 10_000
"""Bytes beyond which a script is checked in a thread."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A source that was checked; the unit that names it takes the step."""

    script: Compiled
    blob: str
    size: int
    step: Step


def script_name(name: str) -> str:
    """A name as it is kept: NFC. Raises Invalid. RFC 5804 §1.6, §7, RFC 9661 §2.1"""
    normal = unicodedata.normalize("NFC", name)
    if not normal.strip() or len(normal.encode("utf-8", "replace")) > NAME_BYTES or _CONTROL.search(normal):
        raise Invalid(f"A script needs a printable name of at most {NAME_BYTES} bytes.", field="name")
    return normal


async def check(source: bytes) -> Compiled:
    """Reads a script, which is anybody's text: it is short, and the reader has bounds for all that can be large or
    deep in it. Raises TooLarge, or SieveError with what is wrong. RFC 9661 §2.2, §5"""
    if len(source) > SCRIPT_BYTES:
        raise TooLarge(f"A script has at most {SCRIPT_BYTES} bytes.", limit=SCRIPT_BYTES)
    if len(source) > _LARGE:
        return await asyncio.to_thread(compile_script, source)
    return compile_script(source)


async def prepare(keep: Store, source: bytes) -> Ready:
    """Checks a source and makes it ready to be kept. Raises as `check`."""
    script = await check(source)
    blob, step = await keep.blobs.join(source)
    return Ready(script, blob, len(source), step)


async def require(db: Database | Unit, principal: Principal, account_id: int, *, change: bool = False) -> None:
    """Whether somebody may see, or change, the filters of an account. Raises NotFound, Forbidden."""
    await gate.require(db, principal, account_id, SCOPE, RIGHTS if change else Right.READ)


async def listing(keep: Store, principal: Principal, account_id: int) -> list[Script]:
    """The scripts of an account. Raises NotFound."""
    await require(keep.db, principal, account_id)
    return await store.every(keep.db, account_id)


async def source_of(keep: Store, principal: Principal, account_id: int, name: str) -> bytes:
    """The source of a script. Raises NotFound."""
    await require(keep.db, principal, account_id)
    return await keep.blobs.get(found(await store.named(keep.db, account_id, name)).blob)


async def put(keep: Store, principal: Principal, account_id: int, name: str, source: bytes) -> Compiled:
    """Keeps a script, and returns it as it was read; it takes the place of one of that name, active or not. Raises
    SieveError, Invalid, TooLarge, OverQuota, NotFound, Forbidden. RFC 5804 §2.6"""
    normal, ready = script_name(name), await prepare(keep, source)

    async def work(unit: Unit) -> None:
        await require(unit, principal, account_id, change=True)
        await unit.tick(account_id)
        present = await store.named(unit, account_id, normal)
        if present is None:
            await add(unit, account_id, normal, ready)
        else:
            await replace(unit, present, ready)

    await keep.write(work)
    return ready.script


async def warnings(keep: Store, account_id: int, script: Compiled) -> list[str]:
    """What is no error of a script, but not what its writer expects: mailboxes that are not there. RFC 5804 §1.3"""
    boxes = Boxes(await mailboxes.every(keep.db, account_id))
    return [
        f"line {node.line}: there is no mailbox '{name}' now; what is filed there stays in the inbox"
        for node in _every_node(script.nodes)
        if node.spec.name == "fileinto" and not any(map(node.has, ("create", "specialuse", "mailboxid")))
        for name in node.constant(0)
        if not boxes.exists(name)
    ][:_WARNINGS]


def _every_node(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _every_node(node.block)


async def have_space(keep: Store, principal: Principal, account_id: int, name: str, size: int) -> None:
    """Whether a script of this name and size could be kept. Raises TooLarge, OverQuota, Invalid. RFC 5804 §1.5,
    §2.5"""
    normal = script_name(name)
    if size > SCRIPT_BYTES:
        raise TooLarge(f"A script has at most {SCRIPT_BYTES} bytes.", limit=SCRIPT_BYTES)
    present = await listing(keep, principal, account_id)
    if all(script.name != normal for script in present):
        _check_number(present)


async def change_name(keep: Store, principal: Principal, account_id: int, name: str, new: str) -> None:
    """Renames a script. Raises NotFound, Conflict, Invalid, Forbidden. RFC 5804 §2.11"""

    async def work(unit: Unit) -> None:
        await require(unit, principal, account_id, change=True)
        await rename(unit, found(await store.named(unit, account_id, name)), new)

    await keep.write(work)


async def delete(keep: Store, principal: Principal, account_id: int, name: str) -> None:
    """Removes a script. Raises NotFound, Conflict for the active one, Forbidden. RFC 5804 §2.10"""

    async def work(unit: Unit) -> None:
        await require(unit, principal, account_id, change=True)
        await remove(unit, found(await store.named(unit, account_id, name)))

    await keep.write(work)


async def set_active(keep: Store, principal: Principal, account_id: int, name: str) -> None:
    """Makes a script the active one; with an empty name none is. Raises NotFound, Forbidden. RFC 5804 §1.4, §2.8"""

    async def work(unit: Unit) -> None:
        await require(unit, principal, account_id, change=True)
        await activate(unit, account_id, found(await store.named(unit, account_id, name)) if name else None)

    await keep.write(work)


# The same inside of a unit, whose asker has the right.


async def add(unit: Unit, account_id: int, name: str, ready: Ready) -> int:
    """A new script; its id. Raises OverQuota, Conflict with `existing`."""
    present = await store.every(unit, account_id)
    _check_number(present)
    _check_free(present, name)
    await ready.step(unit)
    return await store.insert(unit, account_id, name, ready.blob, ready.size)


async def replace(unit: Unit, script: Script, ready: Ready) -> None:
    """Another source for a script; nothing is done when it is the same."""
    if script.blob != ready.blob:
        await ready.step(unit)
        await store.replace(unit, script, ready.blob, ready.size)


async def rename(unit: Unit, script: Script, name: str) -> None:
    """Another name for a script. Raises Conflict with `existing`, Invalid."""
    normal = script_name(name)
    if normal != script.name:
        _check_free(await store.every(unit, script.account_id), normal)
        await store.rename(unit, script, normal)


async def remove(unit: Unit, script: Script) -> None:
    """Removes a script. Raises Conflict for the active one."""
    if script.active:
        raise Conflict("The active script cannot be deleted.", reason="active")
    await store.delete(unit, script)


async def activate(unit: Unit, account_id: int, wanted: Script | None) -> list[Script]:
    """Makes a script the active one, or none. Returns those that changed, as they were."""
    changed = [
        script
        for script in (await store.active(unit, [account_id])).values()
        if wanted is None or script.id != wanted.id
    ]
    for script in changed:
        await store.set_active(unit, script, False)
    if wanted is not None and not wanted.active:
        await store.set_active(unit, wanted, True)
        changed.append(wanted)
    return changed


def found(script: Script | None) -> Script:
    """The script, when there is one. Raises NotFound."""
    if script is None:
        raise NotFound("There is no script of that name.")
    return script


def _check_number(present: Sequence[Script]) -> None:
    """RFC 5804 §1.5, RFC 9661 §3"""
    if len(present) >= SCRIPTS:
        raise OverQuota(f"There are at most {SCRIPTS} scripts.", limit=SCRIPTS)


def _check_free(present: Sequence[Script], name: str) -> None:
    taken = next((script for script in present if script.name == name), None)
    if taken is not None:
        raise Conflict("There is a script of that name.", field="name", existing=taken.id)
