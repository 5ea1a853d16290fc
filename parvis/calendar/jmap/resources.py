"""Resources that somebody decides about: who that is, for administrators; what waits for whoever decides. Ours."""

from typing import Annotated, Any

from msgspec import Meta

from parvis.access import directory
from parvis.calendar import approval
from parvis.calendar.approval import Waiting
from parvis.calendar.draft import parsed
from parvis.calendar.model import OWN_CAPABILITY, SCOPE
from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, Invalid, NotFound
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.kind import Method
from parvis.serve.jmap.types import Arguments, Object
from parvis.store.unit import Unit


class ResourcesArguments(Arguments):
    """`resourceId` with `approvers` says who decides about it; without, nothing changes."""

    account_id: str
    resource_id: str | None = None
    approvers: Annotated[list[str], Meta(max_length=approval.MOST)] | None = None


async def resources(call: Call) -> Object:
    """All resources with those who decide about them; for administrators."""
    if not call.principal.administrator:
        raise MethodError("forbidden", "an administrator says who decides")
    asked = call.arguments
    if asked.resource_id is not None and asked.approvers is not None:
        numbers = [call.number(each) or 0 for each in asked.approvers]
        try:
            await call.context.store.write(
                lambda unit: approval.choose(unit, call.number(asked.resource_id) or 0, numbers)
            )
        except (Invalid, NotFound) as error:
            field = error.fields.get("field", "resourceId")
            raise MethodError("invalidArguments", error.sentence, arguments=[field]) from error
    db: Any = call.context.store.db
    found = await directory.everyone(db, ("resource",))
    rows = await db.rows("SELECT account_id, principal_id FROM calendar_approver ORDER BY account_id, principal_id")
    return {
        "accountId": ids.text(call.account_id),
        "list": [
            {
                "id": ids.text(each.id),
                "name": each.name,
                "calendarAddress": f"mailto:{each.address}" if each.address else None,
                "approvers": [ids.text(person) for resource, person in rows if resource == each.id],
            }
            for each in found
        ],
    }


class RequestsArguments(Arguments):
    """What waits for oneself."""

    account_id: str


async def requests(call: Call) -> Object:
    """What resources are asked for and waits for who asks this, oldest first."""
    db: Any = call.context.store.db
    found = await approval.waiting(db, call.principal)
    return {"accountId": ids.text(call.account_id), "list": [_shown(each) for each in found]}


def _shown(asked: Waiting) -> Object:
    row, data = asked.found
    series = parsed(row.etag, data)
    name, address = approval.asker(asked.found)
    return {
        "id": ids.text(asked.id),
        "resource": {"id": ids.text(asked.resource.id), "name": asked.resource.name},
        "title": "" if row.privacy else row.title,
        "organizer": {"name": name, "calendarAddress": address},
        "utcStart": clock.utc_date(row.first_ms),
        "utcEnd": clock.utc_date(row.last_ms) if row.exact else None,
        "isRecurring": series.recurring,
        "received": clock.utc_date(asked.created_ms),
    }


class DecideArguments(Arguments):
    """Whether a resource accepts what it is asked for."""

    account_id: str
    request_id: str
    approve: bool
    comment: Annotated[str, Meta(max_length=2000)] = ""


async def decide(call: Call) -> Object:
    """Accepts or declines for a resource; `conflict` when the time is taken, and then it still waits."""
    asked = call.arguments

    async def work(unit: Unit) -> None:
        number = call.number(asked.request_id) or 0
        await approval.decide(unit, call.principal, number, approve=asked.approve, comment=asked.comment)

    try:
        await call.context.store.write(work)
    except NotFound as error:
        raise MethodError("notFound", error.sentence) from error
    except Conflict as error:
        raise MethodError("conflict", error.sentence) from error
    return {"accountId": ids.text(call.account_id)}


METHODS = tuple(
    Method(name=name, capability=OWN_CAPABILITY, arguments=arguments, run=run, scope=SCOPE)
    for name, arguments, run in (
        ("Calendar/resources", ResourcesArguments, resources),
        ("Calendar/requests", RequestsArguments, requests),
        ("Calendar/decide", DecideArguments, decide),
    )
)
