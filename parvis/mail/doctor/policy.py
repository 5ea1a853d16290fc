"""Our own policy of MTA-STS: which servers take mail for our domains, and that they want TLS; served at
`https://mta-sts.<domain>/.well-known/mta-sts.txt`. RFC 8461 §3.2, §3.3"""

from hashlib import sha256

from parvis.kernel.errors import NotFound
from parvis.kernel.settings import Settings
from parvis.serve.http.exchange import Request, Response, Route
from parvis.wire.sts import Mode, Policy

_DAY = 86_400
_AGES: dict[Mode, int] = {"none": _DAY, "testing": _DAY, "enforce": 14 * _DAY}
"""How long others keep it: not long while it is tried. RFC 8461 §3.2, §8.3"""
_HEADERS = [("content-type", "text/plain; charset=utf-8"), ("cache-control", "max-age=300")]


def own(settings: Settings, domain: str) -> Policy | None:
    """The policy of a domain; None when it is not ours, or nobody could keep to it, as there is no certificate. The
    servers in it are those of the settings and not those of DNS: it is there so that DNS need not be believed."""
    if domain not in settings.domains or not settings.tls_certificate:
        return None
    mode = settings.mail.mta_sts
    servers = () if mode == "none" else (settings.hostname, *settings.mail.exchangers)
    return Policy(mode, _AGES[mode], tuple(dict.fromkeys(each.lower().rstrip(".") for each in servers)))


def written(policy: Policy) -> str:
    """A policy as it is served. RFC 8461 §3.2"""
    return "".join(f"{line}\r\n" for line in policy.lines())


def mark(policy: Policy) -> str:
    """What the record in DNS calls it; another one when anything in it is another. RFC 8461 §3.1"""
    return sha256(written(policy).encode()).hexdigest()[:16]


def routes(settings: Settings) -> tuple[Route, ...]:
    """Serves it, whichever domain of ours is asked for by Host."""

    async def policy(request: Request) -> Response:
        host = request.headers.get("host", "").lower().partition(":")[0].rstrip(".")
        found = own(settings, host.removeprefix("mta-sts.")) if host.startswith("mta-sts.") else None
        if found is None:
            raise NotFound("there is no policy here")
        return Response(200, written(found).encode(), list(_HEADERS))

    return (Route("GET", "/.well-known/mta-sts.txt", policy, auth="open"),)
