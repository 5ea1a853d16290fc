"""Accounts at other providers as app.py wires them."""

from parvis.mail.external import jmap, service, store
from parvis.mail.external.keeper import AT_ONCE, JOB, Keeper, plan
from parvis.mail.external.model import EXTERNAL
from parvis.mail.sieve.filter import Filters
from parvis.serve.feature import Capability, Context, Feature
from parvis.store.unit import Unit


def feature(context: Context) -> Feature:
    """ExternalAccount, and the jobs that keep each in step."""
    keeper = Keeper(context, context.services.get(Filters))
    context.store.jobs.handle(JOB, keeper.handle, at_once=AT_ONCE)

    async def start() -> None:
        await keeper.start()
        await context.store.write(_plan_all)

    return Feature(
        name="mail.external",
        capabilities=(Capability(EXTERNAL, "", session={"enabled": context.settings.mail.external}),),
        kinds=(jmap.KIND,),
        methods=jmap.METHODS,
        erase=service.erase,
        start=start,
        stop=keeper.stop,
    )


async def _plan_all(unit: Unit) -> None:
    for number in await store.every(unit):
        await plan(unit, number)
