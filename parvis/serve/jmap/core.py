"""What of JMAP belongs to no feature, itself brought as one: Core/echo, blobs, push, preferences, sharing."""

from functools import partial

from parvis.kernel.events import Event
from parvis.serve.feature import Capability, Context, Feature
from parvis.serve.jmap import blob_methods, preferences, sharing
from parvis.serve.jmap.accounts import ANY
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.engine import CORE
from parvis.serve.jmap.kind import OWN, Method
from parvis.serve.jmap.push import subscription
from parvis.serve.jmap.push.delivery import Delivery
from parvis.serve.jmap.session import WEBSOCKET
from parvis.store.unit import Unit


async def _echo(call: Call) -> Result:
    """RFC 8620 §4"""
    return dict(call.arguments)


async def _forget(unit: Unit, account_id: int) -> None:
    """Removes what this room keeps for an account that is gone."""
    await unit.run("DELETE FROM preferences WHERE account_id = ?", account_id)
    await unit.run("DELETE FROM push_subscription WHERE principal_id = ?", account_id)


def feature(context: Context) -> Feature:
    """Everything of JMAP's core."""

    async def follow(events: list[Event]) -> None:
        await context.need(Delivery).follow(events)
        for event in events:
            if event.kind == "account-deleted":
                await context.store.write(partial(_forget, account_id=event.account_id))

    return Feature(
        name="serve",
        migrations=True,
        capabilities=(
            Capability(CORE, ANY),
            Capability(WEBSOCKET, None),
            Capability(blob_methods.BLOB, ANY, account=blob_methods.capability_value(context)),
            Capability(preferences.PREFERENCES, OWN),
            Capability(sharing.SHARING, ANY),
        ),
        methods=(
            Method(name="Core/echo", capability=CORE, arguments=dict, run=_echo),
            *blob_methods.methods(),
            *subscription.methods(),
            *sharing.methods(),
        ),
        kinds=(preferences.KIND, sharing.PRINCIPAL, sharing.GRANT),
        followers={"push": follow},
    )
