"""Email/parse. RFC 8621 §4.9"""

import msgspec

from parvis.kernel import ids
from parvis.kernel.errors import NotFound
from parvis.mail import service
from parvis.mail.jmap.body import Parts
from parvis.mail.jmap.email import BODIES, DEFAULTS, SUMMARY, Wanted, add_bodies, add_headers
from parvis.mail.jmap.email_import import is_message
from parvis.mail.jmap.headers import is_header_property
from parvis.mail.message import Parsed
from parvis.mail.model import Email
from parvis.serve.jmap.blobs import Blob, Library
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.reading import MOST_PROPERTIES
from parvis.serve.jmap.types import Arguments, Object, UnsignedInt
from parvis.serve.jmap.values import declared

_STORED = frozenset({"id", "blobId", "threadId", "mailboxIds", "keywords", "size", "receivedAt"})
_DEFAULTS = DEFAULTS - _STORED


class EmailParseArguments(Arguments):
    """RFC 8621 §4.9"""

    account_id: str
    blob_ids: list[str]
    properties: list[str] | None = None
    body_properties: list[str] | None = None
    fetch_text_body_values: bool = False
    fetch_html_body_values: bool = msgspec.field(default=False, name="fetchHTMLBodyValues")
    fetch_all_body_values: bool = False
    max_body_value_bytes: UnsignedInt = 0


async def run(call: Call) -> Result:
    """Parses blobs as messages without storing them."""
    arguments: EmailParseArguments = call.arguments
    if len(arguments.blob_ids) > call.context.settings.limits.objects_in_get:
        raise MethodError("requestTooLarge", "too many blobs")
    wanted = _wanted(arguments.properties)
    body = Wanted.of(arguments)
    library = call.context.need(Library)
    parsed: dict[str, Object] = {}
    bad, missing = list[str](), list[str]()
    for given in dict.fromkeys(arguments.blob_ids):
        try:
            blob = await library.find(call.principal, call.account_id, call.resolve(given) or given)
        except NotFound:
            missing.append(given)
            continue
        call.bring(blob.size)
        shown = await _shown(call, blob, wanted, body)
        if shown is None:
            bad.append(given)
        else:
            parsed[given] = shown
    return {
        "accountId": ids.text(call.account_id),
        "parsed": parsed or None,
        "notParsable": bad or None,
        "notFound": missing or None,
    }


def _wanted(properties: list[str] | None) -> frozenset[str]:
    if properties is None:
        return _DEFAULTS
    if len(properties) > MOST_PROPERTIES:
        raise MethodError("requestTooLarge", f"at most {MOST_PROPERTIES} properties")
    known = declared(Email).all
    if unknown := [name for name in properties if name not in known and not is_header_property(name)]:
        raise MethodError("invalidArguments", f"properties: unknown {', '.join(unknown[:10])}")
    return frozenset(properties)


async def _shown(call: Call, blob: Blob, wanted: frozenset[str], body: Wanted) -> Object | None:
    if blob.size > call.context.settings.limits.message_bytes:
        return None
    raw = await blob.read()
    parsed = await service.read(raw)
    if not is_message(parsed):
        return None
    one: Object = dict.fromkeys(wanted & _STORED)
    one.update({name: value for name, value in _facts(blob, parsed).items() if name in wanted})
    one.update({name: parsed.summary[name] for name in wanted & SUMMARY})
    add_headers(one, sorted(wanted), parsed.header)

    async def load(start: int, end: int) -> bytes:
        return raw[start:end]

    if wanted & BODIES:
        parts = Parts(parsed.structure, blob.id, body.part_properties, load)
        await add_bodies(one, wanted, parts, parsed.structure, body)
    return one


def _facts(blob: Blob, parsed: Parsed) -> Object:
    return {"blobId": blob.id, "size": parsed.size}
