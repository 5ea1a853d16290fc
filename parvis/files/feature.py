"""Files as app.py wires them."""

from typing import Any

from parvis.access import directory
from parvis.access.gate import VISIBLE, visible
from parvis.access.principal import Kind as PrincipalKind
from parvis.access.principal import Principal
from parvis.files import erase, service, sharing
from parvis.files.archive import ArchiveDoor
from parvis.files.dav import Files
from parvis.files.jmap import kinds
from parvis.files.links.door import LinkDoor
from parvis.files.links.transfer import Transfers
from parvis.files.model import FILENODE, KIND, RIGHTS, SCOPE
from parvis.files.nextcloud.door import NextcloudDoor
from parvis.files.preview.door import PreviewDoor
from parvis.files.preview.maker import Previews
from parvis.files.scan import QUARANTINE, Clamd, Guards, Scanner
from parvis.files.source import FileSource
from parvis.files.tools import FileTools
from parvis.files.uploads.tus import Tus
from parvis.serve.context import Context
from parvis.serve.feature import Feature
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.shares import Shared
from parvis.serve.linking import LinkMaker
from parvis.serve.newcomers import provide
from parvis.serve.quotas import Held, Holder, quotas
from parvis.store.unit import Unit

_WITH_FILES: frozenset[PrincipalKind] = frozenset({"person", "space", "resource"})
_PRESENT = "SELECT 1 FROM file_account f WHERE f.account_id = p.id"


def feature(context: Context) -> Feature:
    """The tree, its doors, and what runs beside it."""
    store, quota = context.store, context.settings.files.quota_bytes

    previews = Previews(store, office=context.settings.files.office)
    scanning = context.settings.files.clamd
    scanner = Scanner(store, Clamd(scanning, context.egress)) if scanning else None
    guards = Guards(store, scanning=bool(scanning))
    shown = PreviewDoor(store, previews, guards.known)
    transfers = Transfers(context)
    context.offer(transfers)
    context.offer(transfers, under=LinkMaker)

    async def provision(unit: Unit, account_id: int, kind: PrincipalKind) -> None:
        if kind in _WITH_FILES:
            await service.provision(unit, account_id, await directory.language_of(unit, account_id), quota)

    quotas(context).add(Holder("files", FILENODE, (KIND,), _held))
    return Feature(
        name="files",
        migrations=True,
        capabilities=kinds.CAPABILITIES,
        kinds=kinds.KINDS,
        methods=kinds.METHODS,
        blob_types={KIND: _holding},
        shares=(Shared(SCOPE, KIND, RIGHTS, sharing.nodes_of),),
        sources=(FileSource(store),),
        tools=FileTools(store).all(),
        routes=(
            *Tus(context).routes(),
            *LinkDoor(context, previews, guards.all).routes(),
            *shown.routes(),
            *ArchiveDoor(context, guards.known).routes(),
            *NextcloudDoor(context).routes(),
        ),
        trees=(Files(store, context.settings.files.largest_bytes, guards.known),),
        followers={"files-scan": scanner.hear} if scanner else {},
        provision=provision,
        erase=erase.files,
        start=lambda: provide(store, _WITH_FILES, _PRESENT, provision),
    )


async def _held(db: Any, principal: Principal, account_id: int) -> Held | None:
    """What files hold of an account, for whoever sees all of them. It has the id of their scope."""
    row = await db.row(
        f"""SELECT root_scope, used_bytes, quota_bytes FROM file_account WHERE account_id = ? AND quota_bytes > 0
        AND root_scope IN {VISIBLE}""",
        account_id,
        *visible(principal),
    )
    return Held(*row) if row else None


async def _holding(call: Call, digest: str) -> list[int]:
    rows = await call.db.rows(
        f"""SELECT n.id FROM file_node n WHERE n.id IN (SELECT object_id FROM blob_link WHERE hash = ?
        AND account_id = ? AND kind IN ('{KIND}', '{QUARANTINE}')) AND n.hash = ? AND n.scope_id IN {VISIBLE}
        LIMIT 1000""",
        digest,
        call.account_id,
        digest,
        *visible(call.principal),
    )
    return [row[0] for row in rows]
