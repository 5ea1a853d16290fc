"""The routes of the authorisation server: what programs ask, and the two pages that people see."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

from parvis.access import directory, renewing
from parvis.access.principal import Principal
from parvis.access.renewing import Tokens
from parvis.access.sessions import Session
from parvis.kernel import ids
from parvis.kernel.errors import NotFound, RateLimited
from parvis.kernel.languages import Language
from parvis.serve.consent import pages
from parvis.serve.consent.asking import Asking, form_of, proof
from parvis.serve.context import Context
from parvis.serve.http.exchange import Handle, Request, Response, Route, answer
from parvis.serve.http.identity import cookie_of
from parvis.serve.oauth import clients, requests
from parvis.serve.oauth.clients import Client
from parvis.serve.oauth.errors import CORS, OAuthError, refusal
from parvis.serve.oauth.requests import Granted, Waiting
from parvis.serve.rates import Rate, network_of

_ASKED_A_MINUTE = 60
_CODES_A_MINUTE = 20
"""Codes of devices that one network may try."""
_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
_MODES = {"query": "?", "fragment": "#"}
_CHALLENGE = 43
"""Characters of a SHA-256 in base64url. RFC 7636 §4.2"""


class Scopes(Protocol):
    """What programs can be let in to: a feature's own."""

    def granted(self, wanted: str) -> str:
        """The scope that is given to whoever wants this one. Raises OAuthError."""
        ...

    def asks(self, language: Language, program: str, scope: str) -> str:
        """What is asked for, in a sentence."""
        ...

    def take_back(self, language: Language) -> str:
        """Where somebody takes it back, in a sentence."""
        ...

    async def open(self, who: Principal, scope: str, program: str, remote: str) -> tuple[str, Session]:
        """Signs a program in: its token, and the sign-in."""
        ...


@dataclass(frozen=True, slots=True)
class _Question:
    """A request for a code that is sound, RFC 6749 §4.1.1."""

    client: Client
    redirect_uri: str
    mode: str
    state: str
    scope: str
    challenge: str

    def lead(self, **values: str) -> Response:
        """The way back to the program."""
        return _back(self.redirect_uri, self.mode, self.state, values)


def metadata(base: str) -> dict[str, Any]:
    """What programs have to know of the server at this address. RFC 8414 §2"""
    return {
        "issuer": f"{base}/",
        "authorization_endpoint": f"{base}/oauth/authorize",
        "token_endpoint": f"{base}/oauth/token",
        "revocation_endpoint": f"{base}/oauth/revoke",
        "registration_endpoint": f"{base}/oauth/register",
        "device_authorization_endpoint": f"{base}/oauth/device",
        "response_types_supported": ["code"],
        "response_modes_supported": list(_MODES),
        "grant_types_supported": list(clients.GRANTS),
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "authorization_response_iss_parameter_supported": True,
    }


class OAuth:
    """The handlers."""

    def __init__(self, context: Context, scopes: Scopes) -> None:
        self._context, self._store, self._scopes = context, context.store, scopes
        self._asking, self._rate = Asking(context), Rate(_ASKED_A_MINUTE)
        self._codes = Rate(_CODES_A_MINUTE)

    def routes(self) -> list[Route]:
        """All routes."""
        asked: dict[str, Handle] = {
            "/oauth/register": self.register,
            "/oauth/token": self.token,
            "/oauth/revoke": self.revoke,
            "/oauth/device": self.device,
        }
        return [
            Route("GET", "/.well-known/oauth-authorization-server", self.described, "open", refuse=refusal),
            *(Route("POST", path, handle, "open", refuse=refusal) for path, handle in asked.items()),
            *(Route("OPTIONS", path, _preflight, "open") for path in asked),
            Route("GET", "/oauth/authorize", self.show, "open"),
            Route("POST", "/oauth/authorize", self.decide, "open"),
            Route("GET", "/oauth/link", self.show_device, "open"),
            Route("POST", "/oauth/link", self.decide_device, "open"),
        ]

    async def described(self, request: Request) -> Response:
        """RFC 8414 §3"""
        return answer(metadata(self._context.public_url), headers=CORS)

    async def register(self, request: Request) -> Response:
        """RFC 7591 §3"""
        _count(self._rate, request)
        given = await request.json()
        return answer(await clients.register(self._store, given, network_of(request.remote)), 201, CORS)

    # A program in a browser

    async def show(self, request: Request) -> Response:
        """The question, to whoever was sent here by a program. RFC 6749 §4.1.1"""
        language = self._asking.language(request)
        question = await self._question(request)
        if isinstance(question, Response):
            return question
        # What another site opens comes without our cookie, which is for this site alone.
        cold = request.headers.get("sec-fetch-site", "") in ("cross-site", "same-site") and not cookie_of(request)
        if cold and "again" not in request.query:
            return pages.again(language, f"/oauth/authorize?{request.raw_query}&again=1")
        return self._asked(language, request, question, await self._asking.signed_in(request))

    async def decide(self, request: Request) -> Response:
        """The answer: back to the program with a code, or with a no. RFC 6749 §4.1.2"""
        language = self._asking.language(request)
        given = await form_of(request)
        question = await self._question(request)
        if isinstance(question, Response):
            return question
        if given.get("answer") != "allow":
            return question.lead(error="access_denied", error_description="This was not allowed.")
        who = await self._asking.answering(request, given, _name(request, question))
        if isinstance(who, str):
            return self._asked(language, request, question, None, who)
        code = await requests.code(
            self._store, question.client.id, question.scope, question.redirect_uri, question.challenge, who.id
        )
        return question.lead(code=code, iss=f"{self._context.public_url}/")

    async def _question(self, request: Request) -> _Question | Response:
        """What is asked; or the answer, where it is not sound: a page, when nobody knows whom to tell."""
        given = request.query
        try:
            client = await clients.find(self._store, given.get("client_id", ""))
        except OAuthError:
            return pages.sentence(self._asking.language(request), "unknown", 400)
        to = given.get("redirect_uri", "")
        if not client.registered(to):
            return pages.sentence(self._asking.language(request), "unknown", 400)
        mode, state, challenge = (
            given.get("response_mode", "query"),
            given.get("state", ""),
            given.get("code_challenge", ""),
        )
        wrong = ""
        if mode not in _MODES:
            mode, wrong = "query", "response_mode is query or fragment"
        elif given.get("code_challenge_method") != "S256" or len(challenge) != _CHALLENGE:
            wrong = "a code_challenge by S256 is needed"
        if given.get("response_type") != "code":
            return _back(to, mode, state, {"error": "unsupported_response_type"})
        if wrong:
            return _back(to, mode, state, {"error": "invalid_request", "error_description": wrong})
        try:
            scope = self._scopes.granted(given.get("scope", ""))
        except OAuthError as error:
            return _back(to, mode, state, {"error": error.word, "error_description": error.sentence})
        return _Question(client, to, mode, state, scope, challenge)

    def _asked(
        self, language: Language, request: Request, question: _Question, who: Principal | None, error: str = ""
    ) -> Response:
        program = _program(question.client, question.redirect_uri)
        asks = self._scopes.asks(language, program, question.scope)
        shown = proof(request, _name(request, question))
        return pages.ask(language, asks, "", who, shown, error, leads_to=_source(question.redirect_uri))

    # A device without one

    async def device(self, request: Request) -> Response:
        """RFC 8628 §3.1"""
        _count(self._rate, request)
        given = await form_of(request)
        client = await clients.find(self._store, given.get("client_id", ""))
        scope = self._scopes.granted(given.get("scope", ""))
        secret, shown = await requests.device(self._store, client.id, scope, request.remote)
        link = f"{self._context.public_url}/oauth/link"
        found = {
            "device_code": secret,
            "user_code": shown,
            "verification_uri": link,
            "verification_uri_complete": f"{link}?user_code={shown}",
            "expires_in": requests.DEVICE_SECONDS,
            "interval": requests.INTERVAL_SECONDS,
        }
        return answer(found, headers=CORS)

    async def show_device(self, request: Request) -> Response:
        """The question about a device, by the code that it shows. RFC 8628 §3.3"""
        language, shown = self._asking.language(request), request.query.get("user_code", "")
        if not shown:
            return pages.ask_code(language)
        found = await self._waiting(request, shown)
        if found is None:
            return pages.ask_code(language, wrong=True)
        return await self._asked_device(language, request, found, await self._asking.signed_in(request))

    async def decide_device(self, request: Request) -> Response:
        """The answer."""
        language = self._asking.language(request)
        given = await form_of(request)
        found = await self._waiting(request, request.query.get("user_code", ""))
        if found is None:
            return pages.sentence(language, "gone", 404)
        if given.get("answer") != "allow":
            await requests.decide(self._store, found, 0)
            return pages.sentence(language, "refused")
        who = await self._asking.answering(request, given, ids.text(found.id))
        if isinstance(who, str):
            return await self._asked_device(language, request, found, None, who)
        done = await requests.decide(self._store, found, who.id)
        return (
            pages.allowed(language, self._scopes.take_back(language))
            if done
            else pages.sentence(language, "gone", 404)
        )

    async def _waiting(self, request: Request, shown: str) -> Waiting | None:
        """Raises RateLimited: codes are short, and not to be guessed. RFC 8628 §5.1"""
        _count(self._codes, request)
        return await requests.waiting(self._store, shown)

    async def _asked_device(
        self, language: Language, request: Request, found: Waiting, who: Principal | None, error: str = ""
    ) -> Response:
        client = await clients.find(self._store, ids.text(found.client_id))
        asks = self._scopes.asks(language, _program(client, client.uri), found.scope)
        return pages.ask(language, asks, found.remote, who, proof(request, ids.text(found.id)), error)

    # Tokens

    async def token(self, request: Request) -> Response:
        """RFC 6749 §4.1.3, §6; RFC 8628 §3.4"""
        given = await form_of(request)
        client = await clients.find(self._store, given.get("client_id", ""))
        match given.get("grant_type"):
            case "authorization_code":
                code, verifier = given.get("code", ""), given.get("code_verifier", "")
                granted = await requests.take(self._store, code, client.id, given.get("redirect_uri", ""), verifier)
                tokens = await self._open(request, client, granted)
                await requests.taken(self._store, granted, tokens.session_id)
            case "refresh_token":
                tokens = await renewing.renew(self._store, given.get("refresh_token", ""), client.id)
            case grant if grant == _DEVICE:
                granted = await requests.poll(self._store, given.get("device_code", ""), client.id)
                tokens = await self._open(request, client, granted)
            case _:
                raise OAuthError("unsupported_grant_type", "not a way to get a token here")
        return answer(_told(tokens), headers=CORS)

    async def _open(self, request: Request, client: Client, granted: Granted) -> Tokens:
        try:
            who = await directory.by_id(self._store.db, granted.principal_id)
        except NotFound as error:
            raise OAuthError("invalid_grant", "there is no such account any more") from error
        token, session = await self._scopes.open(who, granted.scope, client.name, request.remote)
        return await renewing.begin(self._store, session, token, client.id, granted.scope)

    async def revoke(self, request: Request) -> Response:
        """Signs a program out, by either of its tokens. RFC 7009 §2"""
        given = await form_of(request)
        if not given.get("token"):
            raise OAuthError("invalid_request", "token is missing")
        await renewing.revoke(self._store, given["token"])
        return answer({}, headers=CORS)


def _count(rate: Rate, request: Request) -> None:
    """Raises RateLimited."""
    if (seconds := rate.wait(network_of(request.remote))) > 0:
        raise RateLimited("too many requests", retry_after=int(seconds) + 1)


async def _preflight(request: Request) -> Response:
    return Response(204, b"", list(CORS))


def _told(tokens: Tokens) -> dict[str, Any]:
    return {
        "access_token": tokens.access,
        "token_type": "Bearer",
        "expires_in": renewing.ACCESS_SECONDS,
        "refresh_token": tokens.refresh,
        "scope": tokens.scope,
    }


def _program(client: Client, uri: str) -> str:
    """How a program is named to people: as it calls itself, and where it is of, which is what it cannot make up."""
    host = urlsplit(uri).hostname if urlsplit(uri).scheme == "https" else urlsplit(client.uri).hostname
    return client.name if client.name == host else f"{client.name} ({host})"


def _source(uri: str) -> str:
    """Where an answer leads, as a content security policy says it: the origin, or the scheme alone where it is a
    program's own or the host an IPv6 address, for which policies have no word (CSP 3 §2.3.1, host-char)."""
    to = urlsplit(uri)
    return f"{to.scheme}://{to.netloc}" if to.netloc and "[" not in to.netloc else f"{to.scheme}:"


def _name(request: Request, question: _Question) -> str:
    return f"{question.client.id} {request.raw_query}"


def _back(redirect_uri: str, mode: str, state: str, values: Mapping[str, str]) -> Response:
    """A way back to the program, with what it asked for. RFC 6749 §4.1.2"""
    told = urlencode({**values, **({"state": state} if state else {})}, quote_via=quote)
    mark = _MODES[mode]
    if mark == "?" and urlsplit(redirect_uri).query:
        mark = "&"
    headers = [
        ("location", f"{redirect_uri}{mark}{told}"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
    ]
    return Response(303, b"", headers)
