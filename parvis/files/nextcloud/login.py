"""Login flow, version 2: a program is given two tokens, opens a page in the browser by one of them, and asks by the
other until somebody has let it in there; then it is given an app password, once. Nextcloud's developer manual,
"Login flow"."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from parvis.access import app_passwords, directory, sessions, signin
from parvis.access.principal import Principal
from parvis.files.nextcloud import pages
from parvis.kernel import clock, ids
from parvis.kernel.errors import Forbidden, RateLimited, Unauthenticated
from parvis.kernel.languages import Language, closest
from parvis.serve.context import Context
from parvis.serve.http.exchange import Request, Response, Route, answer
from parvis.serve.http.identity import cookie_of
from parvis.serve.rates import network_of
from parvis.store.store import Store
from parvis.store.unit import Unit

_LIFE_MS = 20 * 60_000
_MOST = 100
"""Of one network that wait for an answer."""
_TOKEN_BYTES = 48
_PROGRAM = 100
PROTOCOLS = ("dav",)
"""What the app password is for."""


@dataclass(frozen=True, slots=True)
class _Login:
    id: int
    flow: str
    program: str
    remote: str


class Logins:
    """The handlers."""

    def __init__(self, context: Context) -> None:
        self._context, self._store = context, context.store

    def routes(self) -> list[Route]:
        """All routes, at both addresses that programs know."""
        found = []
        for base in ("/login/v2", "/index.php/login/v2"):
            found += [
                Route("POST", base, self.begin, "open"),
                Route("POST", f"{base}/poll", self.poll, "open"),
                Route("GET", f"{base}/flow/{{token}}", self.show, "open"),
                Route("POST", f"{base}/flow/{{token}}", self.decide, "open"),
            ]
        return found

    async def begin(self, request: Request) -> Response:
        """Two tokens for a program. Raises RateLimited when too many of a network are waiting."""
        poll, flow = ids.token(_TOKEN_BYTES), ids.token(_TOKEN_BYTES)
        program = " ".join("".join(filter(str.isprintable, request.headers.get("user-agent", ""))).split())
        base = self._address(request)

        async def work(unit: Unit) -> None:
            now, network = clock.now_ms(), network_of(request.remote)
            await unit.run("DELETE FROM file_login WHERE expires_ms <= ?", now)
            if await unit.value("SELECT COUNT(*) FROM file_login WHERE network = ?", network) >= _MOST:
                raise RateLimited("too many programs are waiting", retry_after=_LIFE_MS // 1000)
            await unit.run(
                """INSERT INTO file_login (id, poll, flow, program, network, remote, expires_ms)
                VALUES (?, ?, ?, ?, ?, ?, ?)""",
                ids.new_id(),
                sessions.digest_of(poll),
                sessions.digest_of(flow),
                program[:_PROGRAM] or "?",
                network,
                request.remote,
                now + _LIFE_MS,
            )

        await self._store.write(work)
        endpoint = {"token": poll, "endpoint": f"{base}/login/v2/poll"}
        return answer({"poll": endpoint, "login": f"{base}/login/v2/flow/{flow}"})

    def _address(self, request: Request) -> str:
        return self._context.settings.public_url.rstrip("/") or request.origin

    async def poll(self, request: Request) -> Response:
        """The app password, once, when somebody has let the program in; 404 until then."""
        given = parse_qs((await request.body(10_000)).decode("utf-8", "replace"), max_num_fields=10)
        digest = sessions.digest_of(given.get("token", [""])[0])
        granted = await self._store.write(lambda unit: _granted(unit, digest))
        if granted is None:
            return answer([], 404)
        principal_id, program = granted
        who = await directory.by_id(self._store.db, principal_id)
        secret, _ = await app_passwords.create(self._store, who, program, PROTOCOLS)
        return answer({"server": self._address(request), "loginName": who.address, "appPassword": secret})

    async def show(self, request: Request) -> Response:
        """The question, to whoever has opened the page."""
        language = self._language(request)
        login = await _waiting(self._store.db, request)
        if login is None:
            return pages.sentence(language, "gone", 404)
        return self._asked(language, request, login, await self._signed_in(request))

    def _asked(
        self, language: Language, request: Request, login: _Login, who: Principal | None, error: str = ""
    ) -> Response:
        return pages.ask(language, login.program, login.remote, who, _proof(request, login), error)

    def _language(self, request: Request) -> Language:
        return closest(request.headers.get("accept-language", ""), self._context.settings.language)

    async def _signed_in(self, request: Request) -> Principal | None:
        """Whose browser it is."""
        token = cookie_of(request)
        try:
            who = await sessions.resolve(self._store, token) if token else None
        except Unauthenticated:
            return None
        return who if who is not None and "*" in who.protocols else None

    async def decide(self, request: Request) -> Response:
        """The answer of whoever is signed in, or signs in with it."""
        language = self._language(request)
        body = (await request.body(10_000)).decode("utf-8", "replace")
        given = {name: values[-1] for name, values in parse_qs(body, max_num_fields=10).items()}
        login = await _waiting(self._store.db, request)
        if login is None:
            return pages.sentence(language, "gone", 404)
        if given.get("answer") != "allow":
            await self._store.write(lambda unit: unit.run("DELETE FROM file_login WHERE id = ?", login.id))
            return pages.sentence(language, "refused")
        try:
            who = await self._answering(request, login, given)
        except RateLimited:
            return self._asked(language, request, login, None, "wait")
        except Unauthenticated:
            return self._asked(language, request, login, None, "wrong")
        number = who.id
        done = await self._store.write(
            lambda unit: unit.run(
                "UPDATE file_login SET principal_id = ? WHERE id = ? AND principal_id = 0", number, login.id
            )
        )
        return pages.allowed(language) if done else pages.sentence(language, "gone", 404)

    async def _answering(self, request: Request, login: _Login, given: dict[str, str]) -> Principal:
        """Who answers. Raises Unauthenticated, RateLimited, and Forbidden for a form that is not from our page."""
        if "proof" in given:
            who = await self._signed_in(request)
            if who is None:
                raise Unauthenticated("sign in first")
            if not hmac.compare_digest(given["proof"], _proof(request, login)):
                raise Forbidden("this does not come from the page that asks")
            return who
        who = await signin.authenticate(
            self._store,
            given.get("username", ""),
            given.get("password", ""),
            protocol="web",
            remote=request.remote,
        )
        if "*" not in who.protocols:
            raise Unauthenticated("an app password lets no other program in")
        return who


def _proof(request: Request, login: _Login) -> str:
    """What only a page can know that was made for this browser and this question."""
    return hashlib.sha256(f"{cookie_of(request)} {login.flow}".encode()).hexdigest()


async def _waiting(db: Any, request: Request) -> _Login | None:
    row = await db.row(
        "SELECT id, flow, program, remote FROM file_login WHERE flow = ? AND principal_id = 0 AND expires_ms > ?",
        sessions.digest_of(request.params["token"]),
        clock.now_ms(),
    )
    return _Login(*row) if row else None


async def _granted(unit: Unit, digest: str) -> tuple[int, str] | None:
    row = await unit.row(
        """DELETE FROM file_login WHERE poll = ? AND principal_id <> 0 AND expires_ms > ?
        RETURNING principal_id, program""",
        digest,
        clock.now_ms(),
    )
    return (row[0], row[1]) if row else None


async def forget(store: Store) -> int:
    """Forgets the programs that nobody has let in; part of the daily tidying. Returns how many."""
    now = clock.now_ms()
    return await store.write(lambda unit: unit.run("DELETE FROM file_login WHERE expires_ms <= ?", now))
