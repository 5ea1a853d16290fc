"""The part of JMAP that belongs to no feature, itself brought as one: Core/echo, blobs. RFC 8620 §4, §6"""

from parvis.serve.feature import Capability, Context, Feature
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.engine import CORE
from parvis.serve.jmap.kind import Method


async def _echo(call: Call) -> Result:
    return dict(call.arguments)


def feature(context: Context) -> Feature:
    """Everything of JMAP's core."""
    return Feature(
        name="serve",
        capabilities=(Capability(CORE, "*"),),
        methods=(Method(name="Core/echo", capability=CORE, arguments=dict, run=_echo),),
    )
