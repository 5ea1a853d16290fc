"""Files as app.py wires them."""

from collections.abc import Sequence

from parvis.access import parts
from parvis.access.gate import VISIBLE, visible
from parvis.access.principal import Kind as PrincipalKind
from parvis.access.principal import Principal
from parvis.files import erase, service
from parvis.files.jmap import kinds
from parvis.files.model import KIND, SCOPE
from parvis.files.source import FileSource
from parvis.files.store import VERSION
from parvis.files.uploads.tus import Tus
from parvis.kernel.languages import LANGUAGES, Language
from parvis.serve.context import Context
from parvis.serve.feature import Feature
from parvis.serve.jmap.call import Call
from parvis.store.sql.contract import Database, marks
from parvis.store.store import Store
from parvis.store.unit import Unit

_WITH_FILES: frozenset[PrincipalKind] = frozenset({"person", "space", "resource"})
_PAGE = 100


def feature(context: Context) -> Feature:
    """The tree, its doors, and what runs beside it."""
    store, quota = context.store, context.settings.files.quota_bytes

    async def provision(unit: Unit, account_id: int, kind: PrincipalKind) -> None:
        if kind in _WITH_FILES:
            await service.provision(unit, account_id, await _language(unit, account_id), quota)

    return Feature(
        name="files",
        migrations=True,
        capabilities=kinds.CAPABILITIES,
        kinds=kinds.KINDS,
        methods=kinds.METHODS,
        blob_openers={KIND: opens_node, VERSION: opens_version},
        blob_types={KIND: _holding},
        sources=(FileSource(store),),
        routes=Tus(context).routes(),
        provision=provision,
        erase=erase.files,
        start=lambda: everybody(store, quota),
    )


async def _language(unit: Unit, account_id: int) -> Language:
    found = await unit.value("SELECT language FROM principal WHERE id = ?", account_id)
    return next((language for language in LANGUAGES if language == found), "en")


async def everybody(store: Store, quota: int) -> None:
    """Gives a tree to those who were there before files were."""
    while rows := await store.db.rows(
        f"""SELECT p.id FROM principal p WHERE p.kind IN {marks(len(_WITH_FILES))}
        AND NOT EXISTS (SELECT 1 FROM file_account f WHERE f.account_id = p.id) LIMIT ?""",
        *sorted(_WITH_FILES),
        _PAGE,
    ):

        async def work(unit: Unit, numbers: tuple[int, ...] = tuple(row[0] for row in rows)) -> None:
            for number in numbers:
                await service.provision(unit, number, await _language(unit, number), quota)

        await store.write(work)


async def opens_node(db: Database, principal: Principal, account_id: int, numbers: Sequence[int]) -> bool:
    """Whether somebody may read one of some nodes, and with it its bytes."""
    return await _opens(db, principal, account_id, f"n.id IN {marks(len(numbers))}", numbers)


async def opens_version(db: Database, principal: Principal, account_id: int, numbers: Sequence[int]) -> bool:
    """The same for older contents."""
    inside = f"n.id IN (SELECT node_id FROM file_version WHERE id IN {marks(len(numbers))})"
    return await _opens(db, principal, account_id, inside, numbers)


async def _opens(db: Database, principal: Principal, account_id: int, where: str, values: Sequence[int]) -> bool:
    rows = await db.rows(
        f"SELECT DISTINCT n.scope_id FROM file_node n WHERE n.account_id = ? AND {where}", account_id, *values
    )
    return bool(rows and await parts.several(db, principal, SCOPE, [row[0] for row in rows]))


async def _holding(call: Call, digest: str) -> list[int]:
    rows = await call.db.rows(
        f"""SELECT n.id FROM file_node n WHERE n.hash = ? AND n.account_id = ? AND n.folder = 0
        AND n.scope_id IN {VISIBLE} LIMIT 1000""",
        digest,
        call.account_id,
        *visible(call.principal),
    )
    return [row[0] for row in rows]
