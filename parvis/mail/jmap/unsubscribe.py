"""Email/unsubscribe: leaving a list in one step, when its sender offers that and is proved. RFC 8058

The person has asked for it, so the request leaves from here and tells the list nothing of them but what its
address says: no cookie, no address of theirs, no redirect followed."""

from urllib.parse import urlsplit

from parvis.kernel import ids
from parvis.kernel.egress import are_outside
from parvis.kernel.errors import EgressRefused, Unavailable
from parvis.kernel.later import httpx
from parvis.mail import store
from parvis.serve.context import Context
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.types import Arguments, Object
from parvis.wire import authres, dkim, mime
from parvis.wire.canonical import Text

_FIELDS = frozenset({"list-unsubscribe", "list-unsubscribe-post"})
_SECONDS = 15.0
_FORM = b"List-Unsubscribe=One-Click"
_TYPE = "application/x-www-form-urlencoded"


class UnsubscribeArguments(Arguments):
    """The message of the list."""

    account_id: str
    email_id: str


async def run(call: Call) -> Object:
    """Leaves the list at once when that can be done safely; else says where the person can do it: `mailto`, `url`.
    Raises MethodError notFound."""
    number = ids.parse(call.arguments.email_id)
    rows = await store.rows_of(call.db, call.account_id, [number] if number else [])
    if not rows:
        raise MethodError("notFound", "no such message")
    _, header = (await store.parts_of(call.db, [rows[0][0]]))[rows[0][0]]
    urls = _urls(header)
    page = next((url for url in urls if url.lower().startswith(("https://", "http://"))), None)
    mail = next((url for url in urls if url.lower().startswith("mailto:")), None)
    done = page is not None and is_one_click(header, call.context.settings.hostname)
    done = done and await _leave(call.context, str(page))
    return {"accountId": call.arguments.account_id, "done": done, "mailto": mail, "url": page}


def _urls(header: bytes) -> tuple[str, ...]:
    """The addresses of List-Unsubscribe, in the sender's order. RFC 2369 §3.2"""
    fields = Text(header).all("list-unsubscribe")
    return (mime.as_urls(fields[0].value) or ()) if len(fields) == 1 else ()


def is_one_click(header: bytes, hostname: str) -> bool:
    """Whether the sender offers it, and a signature that this server found in order covers both fields.
    RFC 8058 §3.1, §4"""
    text = Text(header)
    if [field.value.strip() for field in text.all("list-unsubscribe-post")] != [_FORM]:
        return False
    good = {
        shown["header.b"]
        for field in text.all(authres.FIELD.lower())
        for results in _ours(field.value, hostname)
        for result in results.results
        if (result.method, result.value) == ("dkim", "pass") and "header.b" in (shown := dict(result.properties))
    }
    return any(
        authres.beginning(one.signature) in good and set(one.names) >= _FIELDS for one in dkim.signatures(text)
    )


def _ours(value: bytes, hostname: str) -> list[authres.Results]:
    said = value.decode("latin-1")
    server = authres.server_of(said)
    return [authres.parse(said)] if server and server.lower() == hostname.lower() else []


async def _leave(context: Context, url: str) -> bool:
    """Sends the request of RFC 8058 §3.2. False when it may not be sent, or was not taken."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        context.egress.check("unsubscribe", host, parts.port or 443, "one click")
        address = host if host in context.settings.egress_allow else await _address(context, parts.scheme, host)
        target = httpx.URL(url).copy_with(host=address, fragment=None)
        async with context.egress.http("unsubscribe", timeout=_SECONDS) as client:
            request = client.build_request(
                "POST",
                target,
                content=_FORM,
                headers={"Host": parts.netloc.rpartition("@")[2], "Content-Type": _TYPE},
                extensions={"sni_hostname": host},
            )
            answer = await client.send(request, stream=True)
            await answer.aclose()
            return answer.is_success
    except (EgressRefused, Unavailable, httpx.HTTPError, httpx.InvalidURL, ValueError):
        return False


async def _address(context: Context, scheme: str, host: str) -> str:
    """Where a list's host is. What a stranger's message names is reached by https only, and never inside: neither
    this machine nor its network. Raises Unavailable."""
    if scheme != "https" or "." not in host:
        raise Unavailable(f"{host} is not asked")
    found = [*await context.resolver.addresses(host, 4), *await context.resolver.addresses(host, 6)]
    if not are_outside(found):
        raise Unavailable(f"{host} is not outside")
    return found[0]
