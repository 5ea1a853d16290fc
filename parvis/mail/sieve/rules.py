"""Methods of our own for editors of simple rules: from rules to a script, and back."""

import asyncio

import msgspec

from parvis.kernel import ids
from parvis.kernel.errors import TooLarge
from parvis.mail.model import SCOPE
from parvis.mail.sieve import service, store
from parvis.mail.sieve.existing import FILTERS
from parvis.mail.sieve.jmap import source_of
from parvis.serve.jmap.blobs import blob_id
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.kind import Method
from parvis.serve.jmap.transfer import keep_upload
from parvis.serve.jmap.types import Arguments
from parvis.wire.sieve.render import Rule, rules_of, script_of


class RulesArguments(Arguments):
    """A script, by its own id or as a blob."""

    account_id: str
    script_id: str | None = None
    blob_id: str | None = None


class ScriptArguments(Arguments):
    """Rules in their order."""

    account_id: str
    rules: list[Rule]


async def rules(call: Call) -> Result:
    """The rules that a script was made of; null for a script that would lose something as rules."""
    raw = await _source(call)
    try:
        found = await asyncio.to_thread(rules_of, raw.decode())
    except UnicodeDecodeError:
        found = None
    return {"accountId": ids.text(call.account_id), "rules": msgspec.to_builtins(found)}


async def script(call: Call) -> Result:
    """The script that does what rules say, as an upload: it acts when the active SieveScript is set to it. Raises
    Invalid, TooLarge."""
    source = (await asyncio.to_thread(script_of, call.arguments.rules)).encode()
    if len(source) > service.SCRIPT_BYTES:
        raise TooLarge(f"a script has at most {service.SCRIPT_BYTES} bytes")
    digest = await call.context.store.blobs.put(source)
    await keep_upload(call.context, call.principal, call.account_id, digest, len(source), store.MEDIA_TYPE)
    return {"accountId": ids.text(call.account_id), "blobId": blob_id(digest)}


async def _source(call: Call) -> bytes:
    arguments = call.arguments
    if (arguments.script_id is None) == (arguments.blob_id is None):
        raise MethodError("invalidArguments", "scriptId or blobId is needed", arguments=["scriptId", "blobId"])
    if arguments.script_id is None:
        return await source_of(call, arguments.blob_id)
    number = call.number(arguments.script_id) or 0
    return await call.context.store.blobs.get(
        service.found(await store.by_id(call.db, call.account_id, number)).blob
    )


METHODS = (
    Method(name="Filter/rules", capability=FILTERS, arguments=RulesArguments, run=rules, scope=SCOPE),
    Method(name="Filter/script", capability=FILTERS, arguments=ScriptArguments, run=script, scope=SCOPE),
)
