"""The doctor in JMAP, for administrators: a capability of our own."""

from parvis.kernel import clock
from parvis.kernel.errors import Forbidden
from parvis.kernel.languages import Language
from parvis.mail.doctor.service import diagnose
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.kind import OWN, Method
from parvis.serve.jmap.types import Arguments

DELIVERABILITY = "urn:parvis:deliverability"


class _Get(Arguments):
    account_id: str
    language: Language | None = None
    """Of the words; without it the asker's."""


async def _get(call: Call) -> Result:
    """What DNS, other servers' answers and their reports say of our mail, in words. Takes as long as DNS does,
    half a minute at most. Raises Forbidden."""
    if not call.principal.administrator:
        raise Forbidden("this is for administrators")
    found = await diagnose(call.context)
    language = call.arguments.language or call.principal.language
    at = clock.utc_date(clock.now_ms())
    return {"accountId": call.arguments.account_id, "at": at, **found.shown(language)}


METHODS = (Method(name="MailDoctor/get", capability=DELIVERABILITY, arguments=_Get, run=_get, scope=OWN),)
