"""Email/warnings: what may be wrong with who a message is from and where its links lead."""

import msgspec

from parvis.kernel import ids
from parvis.mail.model import SCOPE
from parvis.mail.warnings import Warner
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.kind import Method
from parvis.serve.jmap.types import Arguments, Object

CAPABILITY = "urn:parvis:warnings"


class WarningsArguments(Arguments):
    """The messages to look at."""

    account_id: str
    email_ids: list[str]


def method(warner: Warner) -> Method:
    """The method as the engine takes it."""

    async def run(call: Call) -> Object:
        given = list(dict.fromkeys(call.arguments.email_ids))
        if len(given) > call.context.settings.limits.objects_in_get:
            raise MethodError("requestTooLarge", "too many messages")
        numbers = {text: number for text in given if (number := call.number(text)) is not None}
        found = await warner.of(call.account_id, list(numbers.values()))
        return {
            "accountId": ids.text(call.account_id),
            "list": [
                {"emailId": text, "warnings": msgspec.to_builtins(found[number])}
                for text, number in numbers.items()
                if number in found
            ],
            "notFound": [text for text in given if numbers.get(text) not in found],
        }

    return Method(name="Email/warnings", capability=CAPABILITY, arguments=WarningsArguments, run=run, scope=SCOPE)
