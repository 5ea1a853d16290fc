"""Methods of our own: cards of files, duplicates. They are offered under a capability of our own."""

import asyncio
from typing import Annotated

from msgspec import Meta

from parvis.access.principal import Right
from parvis.contacts import duplicates, transfer
from parvis.contacts.jmap.card import shown_draft
from parvis.contacts.model import MERGING, SCOPE
from parvis.kernel import ids
from parvis.kernel.errors import Conflict, Forbidden, Invalid, NotFound, OverQuota, TooLarge
from parvis.serve.jmap.blobs import Blob, Library
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.kind import Method
from parvis.serve.jmap.types import Arguments, Object
from parvis.wire.contentlines import BadContent

_MOST_PARSED = 20


class ParseArguments(Arguments):
    """Which files are read, without keeping anything."""

    account_id: str
    blob_ids: list[str]


class ImportArguments(Arguments):
    """The file, and the book it goes into; the default one when none is named."""

    account_id: str
    blob_id: str
    address_book_id: str | None = None


class DuplicatesArguments(Arguments):
    """How many groups are wanted at most."""

    account_id: str
    limit: Annotated[int, Meta(ge=1, le=500)] = 100


class MergeArguments(Arguments):
    """The cards; the first takes the others in."""

    account_id: str
    card_ids: list[str]


class UnmergeArguments(Arguments):
    """What `merge` answered."""

    account_id: str
    merge_id: str


async def parse(call: Call) -> Result:
    """ContactCard/parse: the cards of files, as JSContact."""
    if len(call.arguments.blob_ids) > _MOST_PARSED:
        raise MethodError("requestTooLarge", f"at most {_MOST_PARSED} files")
    parsed: Object = {}
    broken: Object = {}
    missing: list[str] = []
    for given in dict.fromkeys(call.arguments.blob_ids):
        blob = await _blob(call, given)
        if blob is None:
            missing.append(given)
            continue
        try:
            parsed[given] = [
                shown_draft(each) for each in await asyncio.to_thread(transfer.read, await blob.read())
            ]
        except (BadContent, TooLarge) as error:
            broken[given] = {"line": error.fields.get("line", 0), "description": error.sentence}
    return {
        "accountId": ids.text(call.account_id),
        "parsed": parsed or None,
        "notParsable": list(broken) or None,
        "faults": broken or None,
        "notFound": missing or None,
    }


async def _blob(call: Call, given: str) -> Blob | None:
    try:
        blob = await call.context.need(Library).find(call.principal, call.account_id, given)
    except NotFound:
        return None
    call.bring(blob.size)
    return blob


async def take_in(call: Call) -> Result:
    """ContactCard/import: a whole file or nothing of it."""
    blob = await _blob(call, call.arguments.blob_id)
    if blob is None:
        raise MethodError("blobNotFound", "no such blob")
    given = call.arguments.address_book_id
    number = call.number(given) if given is not None else None
    if given is not None and number is None:
        raise MethodError("invalidArguments", "no such address book")
    try:
        drafts = await asyncio.to_thread(transfer.read, await blob.read())
        done = await transfer.take_in(call.context.store, call.principal, call.account_id, number, drafts)
    except BadContent as bad:
        raise MethodError("notParsable", bad.sentence, line=bad.line) from bad
    except (NotFound, Forbidden) as error:
        raise MethodError("forbidden", error.sentence) from error
    except (OverQuota, TooLarge) as error:
        raise MethodError("requestTooLarge", error.sentence) from error
    return {
        "accountId": ids.text(call.account_id),
        "created": [ids.text(each) for each in done.created],
        "skipped": done.skipped,
    }


async def find(call: Call) -> Result:
    """ContactCard/duplicates."""
    found = await duplicates.find(call.context.store, call.principal, call.account_id, call.arguments.limit)
    return {
        "accountId": ids.text(call.account_id),
        "list": [
            {"cardIds": [ids.text(number) for number in each.cards], "reasons": sorted(each.reasons)}
            for each in found
        ],
    }


async def merge(call: Call) -> Result:
    """ContactCard/merge."""
    numbers = [call.number(each) or 0 for each in call.arguments.card_ids]
    try:
        number = await duplicates.merge(call.context.store, call.principal, call.account_id, numbers)
    except Invalid as error:
        raise MethodError("invalidArguments", error.sentence) from error
    except (NotFound, Forbidden) as error:
        raise MethodError("forbidden" if isinstance(error, Forbidden) else "notFound", error.sentence) from error
    return {"accountId": ids.text(call.account_id), "cardId": ids.text(numbers[0]), "mergeId": ids.text(number)}


async def unmerge(call: Call) -> Result:
    """ContactCard/unmerge."""
    number = ids.parse(call.arguments.merge_id) or 0
    try:
        back = await duplicates.undo(call.context.store, call.principal, call.account_id, number)
    except (Conflict, NotFound, Forbidden) as error:
        kinds = {Conflict: "stateMismatch", NotFound: "notFound", Forbidden: "forbidden"}
        raise MethodError(kinds[type(error)], error.sentence) from error
    return {"accountId": ids.text(call.account_id), "cardIds": [ids.text(each) for each in back]}


METHODS = (
    Method(name="ContactCard/parse", capability=MERGING, arguments=ParseArguments, run=parse, scope=SCOPE),
    Method(
        name="ContactCard/import",
        capability=MERGING,
        arguments=ImportArguments,
        run=take_in,
        scope=SCOPE,
        right=Right.WRITE,
    ),
    Method(name="ContactCard/duplicates", capability=MERGING, arguments=DuplicatesArguments, run=find, scope=SCOPE),
    Method(
        name="ContactCard/merge",
        capability=MERGING,
        arguments=MergeArguments,
        run=merge,
        scope=SCOPE,
        right=Right.WRITE,
    ),
    Method(
        name="ContactCard/unmerge",
        capability=MERGING,
        arguments=UnmergeArguments,
        run=unmerge,
        scope=SCOPE,
        right=Right.WRITE,
    ),
)
