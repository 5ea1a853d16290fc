"""Programs that register themselves. RFC 7591; Matrix v1.19 Client-Server §Client registration

What they say of themselves proves nothing; that they get what is sent to their redirect URIs does, which is why
those are looked at strictly."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec

from parvis.kernel import clock, ids
from parvis.kernel.errors import RateLimited
from parvis.serve.oauth.errors import OAuthError
from parvis.store.store import Store
from parvis.store.unit import Unit

GRANTS = ("authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_MOST = 200
"""Programs of one network that nobody has used yet."""
_URIS = 10
_LENGTH = 2000
_NAME = 100
_KEPT_MS = 86_400_000
_AUTHORITY = re.compile(r"(?:(?:[A-Za-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?)?")
"""A host and a port, and nobody's name; empty for a scheme of the program's own."""


@dataclass(frozen=True, slots=True)
class Client:
    """A program that has registered."""

    id: int
    name: str
    uri: str
    redirect_uris: tuple[str, ...]

    def registered(self, uri: str) -> bool:
        """Whether this is one of its redirect URIs; on the loopback interface with any port. RFC 8252 §7.3"""
        if uri in self.redirect_uris:
            return True
        asked = _split(uri)
        if asked is None or asked.scheme != "http" or asked.hostname not in _LOOPBACK:
            return False
        bare = f"[{asked.hostname}]" if ":" in (asked.hostname or "") else asked.hostname or ""
        return asked._replace(netloc=bare).geturl() in self.redirect_uris


def metadata_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """What is registered of what a program says; what is not understood is left out. Raises OAuthError."""
    base = _https(given.get("client_uri"))
    if base is None:
        raise OAuthError("invalid_client_metadata", "client_uri is no https URL")
    kind = given.get("application_type", "web")
    if kind not in ("web", "native"):
        raise OAuthError("invalid_client_metadata", "application_type is web or native")
    if given.get("token_endpoint_auth_method", "none") != "none":
        raise OAuthError("invalid_client_metadata", "token_endpoint_auth_method is none: nobody has a secret here")
    grants = _known(given, "grant_types", GRANTS)
    uris = given.get("redirect_uris", [])
    if not isinstance(uris, list) or len(uris) > _URIS:
        raise OAuthError("invalid_redirect_uri", f"redirect_uris is a list of at most {_URIS}")
    for uri in uris:
        if not isinstance(uri, str) or not _may_lead_to(uri, base, native=kind == "native"):
            raise OAuthError("invalid_redirect_uri", f"{str(uri)[:200]} is not allowed for this program")
    if not uris and "authorization_code" in grants:
        raise OAuthError("invalid_redirect_uri", "redirect_uris is missing")
    name = given.get("client_name")
    return {
        "client_name": _plain(name) if isinstance(name, str) and _plain(name) else base.hostname,
        "client_uri": base.geturl(),
        **{
            name: uri.geturl()
            for name in ("logo_uri", "tos_uri", "policy_uri")
            if (uri := _near(given, name, base))
        },
        "redirect_uris": uris,
        "token_endpoint_auth_method": "none",
        "response_types": _known(given, "response_types", ("code",)),
        "grant_types": grants,
        "application_type": kind,
    }


def _plain(text: str) -> str:
    return " ".join("".join(filter(str.isprintable, text)).split())[:_NAME]


def _known(given: Mapping[str, Any], name: str, known: tuple[str, ...]) -> list[str]:
    values = given.get(name, [known[0]])
    if not isinstance(values, list):
        raise OAuthError("invalid_client_metadata", f"{name} is no list")
    return [each for each in known if each in values]


def _split(value: object) -> SplitResult | None:
    """A URL without a fragment or a user; None for what is none."""
    if not isinstance(value, str) or len(value) > _LENGTH or not value.isascii() or not value.isprintable():
        return None
    try:
        found = urlsplit(value)
        _ = found.port
    except ValueError:
        return None
    plain = not found.fragment and "#" not in value and " " not in value and _AUTHORITY.fullmatch(found.netloc)
    return found if plain and found.scheme else None


def _https(value: object) -> SplitResult | None:
    found = _split(value)
    return found if found is not None and found.scheme == "https" and found.hostname else None


def _below(found: SplitResult, base: SplitResult) -> bool:
    host, around = found.hostname or "", base.hostname or ""
    return host == around or host.endswith("." + around)


def _near(given: Mapping[str, Any], name: str, base: SplitResult) -> SplitResult | None:
    found = _https(given.get(name))
    return found if found is not None and _below(found, base) else None


def _may_lead_to(uri: str, base: SplitResult, *, native: bool) -> bool:
    """Matrix v1.19 Client-Server §Redirect URI validation"""
    found = _split(uri)
    if found is None:
        return False
    if found.scheme == "https":
        return bool(found.hostname) and _below(found, base)
    if not native:
        return False
    if found.scheme == "http":
        return found.hostname in _LOOPBACK and found.port is None
    reverse = ".".join(reversed((base.hostname or "").split(".")))
    own = found.scheme == reverse or found.scheme.startswith(reverse + ".")
    return own and not found.netloc and not uri.partition(":")[2].startswith("//")


async def register(store: Store, given: Mapping[str, Any], network: str) -> dict[str, Any]:
    """Registers a program, or finds the one that said the same; returns its `client_id` and what is registered.
    Raises OAuthError, and RateLimited for a network that registers without end."""
    found = metadata_of(given)
    text = msgspec.json.encode(found, order="sorted").decode()
    digest, now = hashlib.sha256(text.encode()).hexdigest(), clock.now_ms()

    async def work(unit: Unit) -> int:
        known = await unit.value("UPDATE oauth_client SET used_ms = ? WHERE digest = ? RETURNING id", now, digest)
        if known is not None:
            return int(known)
        if await unit.value("SELECT COUNT(*) FROM oauth_client WHERE network = ?", network) >= _MOST:
            raise RateLimited("too many programs were registered", retry_after=3600)
        number = ids.new_id()
        await unit.run(
            "INSERT INTO oauth_client (id, digest, metadata, network, used_ms) VALUES (?, ?, ?, ?, ?)",
            number,
            digest,
            text,
            network,
            now,
        )
        return number

    number = await store.write(work)
    return {"client_id": ids.text(number), "client_id_issued_at": now // 1000, **found}


async def find(store: Store, client_id: str) -> Client:
    """The program of this name. Raises OAuthError."""
    number = ids.parse(client_id)
    text = number and await store.db.value("SELECT metadata FROM oauth_client WHERE id = ?", number)
    if not number or not text:
        raise OAuthError("invalid_client", "this program has not registered")
    found = msgspec.json.decode(text)
    return Client(number, found["client_name"], found["client_uri"], tuple(found["redirect_uris"]))


async def forget(store: Store) -> int:
    """Forgets programs of yesterday that nobody is signed in by; part of the daily tidying. Returns how many."""
    before = clock.now_ms() - _KEPT_MS
    return await store.write(
        lambda unit: unit.run(
            """DELETE FROM oauth_client WHERE used_ms < ? AND NOT EXISTS (SELECT 1 FROM session_refresh r
            WHERE r.client_id = oauth_client.id)""",
            before,
        )
    )
