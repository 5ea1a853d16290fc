"""Push rules: stored whole for each person, as an entry of their account data."""

from collections.abc import Callable

import msgspec

from parvis.access.principal import Principal
from parvis.chat.people import data
from parvis.chat.people.keys import Reader
from parvis.chat.server import Server
from parvis.kernel.errors import NotFound
from parvis.store.unit import Unit
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.push_rules import RuleSet

TYPE = "m.push_rules"


async def of(db: Reader, principal: Principal) -> RuleSet:
    """What somebody has set."""
    try:
        return read(await data.get(db, principal, TYPE))
    except NotFound:
        return RuleSet()


def read(content: Object) -> RuleSet:
    """What is stored."""
    return msgspec.convert(content, RuleSet)


async def change(server: Server, principal: Principal, how: Callable[[RuleSet], RuleSet]) -> None:
    """Changes it. Raises what `how` raises."""

    async def work(unit: Unit) -> None:
        await data.put(unit, principal, TYPE, msgspec.to_builtins(how(await of(unit, principal))))

    await server.store.write(work)
