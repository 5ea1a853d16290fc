"""Signing in by the browser (Matrix v1.19 Client-Server §OAuth 2.0 API): what a program is let in to, and the pages
of one's account that programs lead to."""

import re

from parvis.access.principal import Principal
from parvis.access.sessions import Session
from parvis.chat.client.call import Call, Endpoint
from parvis.chat.people import devices
from parvis.chat.server import Server
from parvis.chat.words import LET_IN, RESET, RESET_DONE, TAKE_BACK
from parvis.kernel.languages import Language
from parvis.serve.consent import pages
from parvis.serve.consent.asking import Asking, form_of, proof
from parvis.serve.http.exchange import Request, Response, Route
from parvis.serve.oauth import requests
from parvis.serve.oauth.door import OAuth, metadata
from parvis.serve.oauth.errors import OAuthError
from parvis.wire.matrix.canonical import Object

_PAGE = "/oauth/account"
_RESET = "org.matrix.cross_signing_reset"
_PLACES = {
    "org.matrix.profile": "/settings",
    "org.matrix.devices_list": "/settings/security",
    "org.matrix.device_view": "/settings/security",
    "org.matrix.device_delete": "/settings/security",
}
_API = re.compile(r"urn:matrix:(?:org\.matrix\.msc2967\.)?client:api:\*")
_DEVICE = re.compile(r"urn:matrix:(?:org\.matrix\.msc2967\.)?client:device:([A-Za-z0-9._~-]{1,200})")
"""The names of today, and those from before Matrix 1.15, which programs still use."""


class ChatScopes:
    """See serve.oauth.door.Scopes: a program is let in to all of chat, as one device."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def granted(self, wanted: str) -> str:
        """Matrix v1.19 Client-Server §Scope"""
        named = wanted.split(" ")
        api = [each for each in named if _API.fullmatch(each)]
        device = [each for each in named if _DEVICE.fullmatch(each)]
        if not api or len(device) != 1:
            raise OAuthError(
                "invalid_scope", "urn:matrix:client:api:* and one urn:matrix:client:device: are needed"
            )
        return f"{api[0]} {device[0]}"

    def asks(self, language: Language, program: str, scope: str) -> str:
        """What is asked for."""
        return LET_IN[language].format(program=program)

    def take_back(self, language: Language) -> str:
        """Where it is taken back."""
        return TAKE_BACK[language]

    async def open(self, who: Principal, scope: str, program: str, remote: str) -> tuple[str, Session]:
        """Signs the device in that the scope names."""
        found = _DEVICE.fullmatch(scope.partition(" ")[2])
        token, _, session = await devices.open(self._server, who, found and found[1], program, remote)
        return token, session


def routes(server: Server) -> list[Route]:
    """The authorisation server, and the pages of one's account."""
    account = Account(server)
    return [
        *OAuth(server.context, ChatScopes(server)).routes(),
        Route("GET", _PAGE, account.show, "open"),
        Route("POST", _PAGE, account.decide, "open"),
    ]


class Account:
    """Where programs lead who wants something of their account. Matrix v1.19 Client-Server §Account management"""

    def __init__(self, server: Server) -> None:
        self._server, self._asking = server, Asking(server.context)

    async def show(self, request: Request) -> Response:
        """The place in the settings; or the question whether one's keys may be replaced."""
        if request.query.get("action") == _RESET:
            return self._asked(request, await self._asking.signed_in(request))
        to = _PLACES.get(request.query.get("action", ""), "/settings")
        return Response(303, b"", [("location", to), ("cache-control", "no-store")])

    async def decide(self, request: Request) -> Response:
        """The answer to the question."""
        language, given = self._asking.language(request), await form_of(request)
        if given.get("answer") != "allow":
            return pages.sentence(language, "refused")
        who = await self._asking.answering(request, given, _RESET)
        if isinstance(who, str):
            return self._asked(request, None, who)
        if not await requests.confirm(self._server.store, who.id):
            return pages.sentence(language, "gone", 404)
        return pages.allowed(language, RESET_DONE[language])

    def _asked(self, request: Request, who: Principal | None, error: str = "") -> Response:
        language = self._asking.language(request)
        return pages.ask(language, RESET[language], "", who, proof(request, _RESET), error)


def reset_page(call: Call) -> str:
    """Where somebody says that their keys may be replaced."""
    return f"{call.server.context.public_url}{_PAGE}?action={_RESET}"


async def _metadata(call: Call) -> Object:
    """Matrix v1.19 Client-Server §Server metadata discovery"""
    base = call.server.context.public_url
    return {
        **metadata(base),
        "account_management_uri": f"{base}{_PAGE}",
        "account_management_actions_supported": [*_PLACES, _RESET],
    }


ENDPOINTS = (Endpoint("GET", "/client/v1/auth_metadata", _metadata, "open"),)
