"""Tasks as app.py wires it."""

from functools import partial

from parvis.serve.context import Context
from parvis.serve.feature import Feature
from parvis.serve.jmap.shares import Shared
from parvis.serve.scheduling import Keeper
from parvis.tasks import erase, lists
from parvis.tasks.dav import TaskTree
from parvis.tasks.jmap import kinds
from parvis.tasks.keeper import TaskKeeper
from parvis.tasks.model import LIST, NAMES, SCOPE
from parvis.tasks.reminders import JOB, PLAN, Ringer
from parvis.tasks.source import TaskSource
from parvis.tasks.tools import TaskTools


def feature(context: Context) -> Feature:
    """Lists and boards of tasks; a first list for new people, spaces and resources."""
    ringer = Ringer(context)
    context.store.jobs.handle(JOB, ringer.handle)
    context.store.jobs.handle(PLAN, ringer.plan)
    context.offer(TaskKeeper(), under=Keeper)
    return Feature(
        name="tasks",
        migrations=True,
        capabilities=kinds.CAPABILITIES,
        kinds=kinds.KINDS,
        methods=kinds.METHODS,
        shares=(Shared(SCOPE, LIST, NAMES),),
        trees=(TaskTree(context.store),),
        sources=(TaskSource(context.store),),
        tools=TaskTools(context.store).all(),
        provision=lists.provision,
        erase=erase.tasks,
        start=partial(lists.complete, context.store),
    )
