"""What of JMAP belongs to no feature, itself brought as one: Core/echo, blobs, push, preferences, sharing."""

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


async def _echo(call: Call) -> Result:
    """RFC 8620 §4"""
    return dict(call.arguments)


def feature(context: Context) -> Feature:
    """Everything of JMAP's core."""

    async def follow(events: list[Event]) -> None:
        await context.need(Delivery).follow(events)

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
