"""Spaces as app.py wires them."""

from parvis.access.erasure import Gone
from parvis.access.principal import Kind as PrincipalKind
from parvis.serve.feature import Capability, Context, Feature
from parvis.serve.jmap.kind import OWN
from parvis.spaces import jmap, store
from parvis.spaces.activity import FOLLOWER, Activity
from parvis.spaces.model import SPACES
from parvis.store.store import Store
from parvis.store.unit import Unit


def feature(context: Context) -> Feature:
    """Space and SpaceActivity."""
    return Feature(
        name="spaces",
        migrations=True,
        capabilities=(Capability(SPACES, OWN),),
        kinds=jmap.KINDS,
        followers={FOLLOWER: Activity(context.store).follow},
        provision=_provision,
        erase=_erase,
    )


async def _provision(unit: Unit, account_id: int, kind: PrincipalKind) -> None:
    if kind == "space":
        await store.add(unit, account_id)


async def _erase(keep: Store, gone: Gone) -> None:
    """What is special to a space that is gone; at most some hundred rows."""

    async def work(unit: Unit) -> None:
        await unit.run("DELETE FROM space_activity WHERE space_id = ?", gone.account_id)
        await unit.run("DELETE FROM space WHERE id = ?", gone.account_id)
        await unit.run("UPDATE space SET created_by = 0 WHERE created_by = ?", gone.account_id)

    await keep.write(work)
