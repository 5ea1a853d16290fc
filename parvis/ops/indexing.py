"""Following the search index while it learns, for people at a terminal."""

import asyncio

from parvis.access import directory
from parvis.access.principal import Principal
from parvis.kernel.errors import ParvisError, Unavailable
from parvis.ops.program import Program
from parvis.ops.progress import Progress
from parvis.search.service import Search

_SECONDS = 2.0


def search_of(program: Program) -> Search:
    """The program's search. Raises Unavailable when it runs without."""
    found = program.context.services.get(Search)
    if not isinstance(found, Search):
        raise Unavailable("this program runs without search")
    return found


async def administrator(program: Program) -> Principal:
    """Somebody who may see how far the whole index is. Raises Unavailable when there is none."""
    everyone = await directory.everyone(program.context.store.db)
    for principal in everyone:
        if principal.administrator:
            return principal
    raise Unavailable("there is no administrator yet: parvis account add ADDRESS --name NAME --admin")


async def follow(program: Program, progress: Progress) -> None:
    """Shows how far the index is until it has learned everything there is, then returns. Ends quietly when the
    program runs without search."""
    try:
        search, who = search_of(program), await administrator(program)
    except ParvisError:
        return
    quiet = 0
    while quiet < 2:  # twice in a row: the outbox may be empty for a moment between two pages
        status = await search.status(who)
        embedding = status.passages - status.embedded if status.model else 0
        left = status.waiting + embedding
        quiet = quiet + 1 if not left else 0
        if status.waiting:
            progress("search learns words", status.items, status.items + status.waiting)
        elif embedding:
            progress("search learns meaning", status.embedded, status.passages)
        await asyncio.sleep(_SECONDS)
    if status.items:
        progress("search knows", status.items, status.items)
