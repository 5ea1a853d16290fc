"""What of JMAP belongs to no feature, itself brought as one: Core/echo, blobs, push, preferences, sharing."""

from parvis.access.erasure import Gone
from parvis.serve.feature import Capability, Context, Feature
from parvis.serve.jmap import blob_methods, notices, preferences, principals, sharing
from parvis.serve.jmap.accounts import ANY
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.engine import CORE
from parvis.serve.jmap.kind import OWN, Method
from parvis.serve.jmap.push import subscription
from parvis.serve.jmap.push.delivery import Delivery
from parvis.serve.jmap.push.vapid import VAPID
from parvis.serve.jmap.session import WEBSOCKET
from parvis.serve.jmap.shares import SharedKinds
from parvis.store.store import Store
from parvis.store.unit import Unit


async def _echo(call: Call) -> Result:
    """RFC 8620 §4"""
    return dict(call.arguments)


async def _erase(store: Store, gone: Gone) -> None:
    """See Feature."""

    async def work(unit: Unit) -> None:
        await unit.run("DELETE FROM preferences WHERE account_id = ?", gone.account_id)
        await unit.run("DELETE FROM push_subscription WHERE principal_id = ?", gone.account_id)
        await unit.run("DELETE FROM dead_property WHERE account_id = ?", gone.account_id)
        await unit.run(
            "DELETE FROM dav_lock WHERE account_id = ? OR principal_id = ?", gone.account_id, gone.account_id
        )

    await store.write(work)


def feature(context: Context) -> Feature:
    """Everything of JMAP's core."""
    shared = SharedKinds()
    context.offer(shared)
    return Feature(
        name="serve",
        migrations=True,
        capabilities=(
            Capability(CORE, ANY),
            Capability(WEBSOCKET, None),
            Capability(VAPID, None),
            Capability(blob_methods.BLOB, ANY, account=blob_methods.capability_value(context)),
            Capability(preferences.PREFERENCES, OWN),
            Capability(sharing.SHARING, ANY),
            Capability(principals.PRINCIPALS, OWN, account=principals.account_value),
        ),
        methods=(
            Method(name="Core/echo", capability=CORE, arguments=dict, run=_echo),
            *blob_methods.methods(),
            *subscription.methods(),
            *sharing.methods(),
        ),
        kinds=(preferences.KIND, principals.KIND, sharing.GRANT, notices.kind(shared, sharing.RIGHTS)),
        followers={"push": lambda events: context.need(Delivery).follow(events)},
        erase=_erase,
    )
