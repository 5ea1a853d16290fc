"""Who answers the question whether a program is let in: whoever is signed in in the browser, or signs in with the
answer."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Literal
from urllib.parse import parse_qs

from parvis.access import sessions, signin
from parvis.access.principal import Principal
from parvis.kernel.errors import Forbidden, RateLimited, Unauthenticated
from parvis.kernel.languages import Language, closest
from parvis.serve.context import Context
from parvis.serve.http.exchange import Request
from parvis.serve.http.identity import cookie_of

_BODY = 10_000
Again = Literal["wait", "wrong"]
"""Too many tries; not the right name or password."""


class Asking:
    """What pages that ask have in common."""

    def __init__(self, context: Context) -> None:
        self._context, self._store = context, context.store

    def language(self, request: Request) -> Language:
        """The language of whoever looks at a page."""
        return closest(request.headers.get("accept-language", ""), self._context.settings.language)

    async def signed_in(self, request: Request) -> Principal | None:
        """Whose browser it is."""
        token = cookie_of(request)
        try:
            who = await sessions.resolve(self._store, token) if token else None
        except Unauthenticated:
            return None
        return who if who is not None and "*" in who.protocols else None

    async def answering(self, request: Request, given: Mapping[str, str], question: str) -> Principal | Again:
        """Who answers this question by a form with these fields; or why it has to be asked again. Raises Forbidden
        for a form that is not from our page."""
        try:
            return await self._answering(request, given, question)
        except RateLimited:
            return "wait"
        except Unauthenticated:
            return "wrong"

    async def _answering(self, request: Request, given: Mapping[str, str], question: str) -> Principal:
        if "proof" in given:
            who = await self.signed_in(request)
            if who is None:
                raise Unauthenticated("sign in first")
            if not hmac.compare_digest(given["proof"], proof(request, question)):
                raise Forbidden("this does not come from the page that asks")
            return who
        name, password = given.get("username", ""), given.get("password", "")
        who = await signin.authenticate(self._store, name, password, protocol="web", remote=request.remote)
        if "*" not in who.protocols:
            raise Unauthenticated("an app password lets no other program in")
        return who


def proof(request: Request, question: str) -> str:
    """What only a page can know that was made for this browser and this question."""
    return hashlib.sha256(f"{cookie_of(request)} {question}".encode()).hexdigest()


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form; the last of a repeated name wins. Raises TooLarge, and Forbidden for too many."""
    text = (await request.body(_BODY)).decode("utf-8", "replace")
    try:
        found = parse_qs(text, keep_blank_values=True, max_num_fields=30)
    except ValueError as error:
        raise Forbidden("too many fields") from error
    return {name: values[-1] for name, values in found.items()}
