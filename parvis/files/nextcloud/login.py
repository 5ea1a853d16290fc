"""Login flow, version 2: a program is given two tokens, opens a page in the browser by one of them, and asks by the
other until somebody has let it in there; then it is given an app password, once. Nextcloud's developer manual,
"Login flow"."""

from dataclasses import dataclass
from typing import Any

from parvis.access import app_passwords, directory, sessions
from parvis.access.principal import Principal
from parvis.files.nextcloud.words import ASKS, TAKE_BACK
from parvis.kernel import clock, ids
from parvis.kernel.errors import RateLimited
from parvis.kernel.languages import Language
from parvis.serve.consent import pages
from parvis.serve.consent.asking import Asking, form_of, proof
from parvis.serve.context import Context
from parvis.serve.http.exchange import Request, Response, Route, answer
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
        self._context, self._store, self._asking = context, context.store, Asking(context)

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
        digest = sessions.digest_of((await form_of(request)).get("token", ""))
        granted = await self._store.write(lambda unit: _granted(unit, digest))
        if granted is None:
            return answer([], 404)
        principal_id, program = granted
        who = await directory.by_id(self._store.db, principal_id)
        secret, _ = await app_passwords.create(self._store, who, program, PROTOCOLS)
        return answer({"server": self._address(request), "loginName": who.address, "appPassword": secret})

    async def show(self, request: Request) -> Response:
        """The question, to whoever has opened the page."""
        language = self._asking.language(request)
        login = await _waiting(self._store.db, request)
        if login is None:
            return pages.sentence(language, "gone", 404)
        return _asked(language, request, login, await self._asking.signed_in(request))

    async def decide(self, request: Request) -> Response:
        """The answer of whoever is signed in, or signs in with it."""
        language = self._asking.language(request)
        given = await form_of(request)
        login = await _waiting(self._store.db, request)
        if login is None:
            return pages.sentence(language, "gone", 404)
        if given.get("answer") != "allow":
            await self._store.write(lambda unit: unit.run("DELETE FROM file_login WHERE id = ?", login.id))
            return pages.sentence(language, "refused")
        who = await self._asking.answering(request, given, login.flow)
        if isinstance(who, str):
            return _asked(language, request, login, None, who)
        number = who.id
        done = await self._store.write(
            lambda unit: unit.run(
                "UPDATE file_login SET principal_id = ? WHERE id = ? AND principal_id = 0", number, login.id
            )
        )
        return pages.allowed(language, TAKE_BACK[language]) if done else pages.sentence(language, "gone", 404)


def _asked(language: Language, request: Request, login: _Login, who: Principal | None, error: str = "") -> Response:
    asks = ASKS[language].format(program=login.program)
    return pages.ask(language, asks, login.remote, who, proof(request, login.flow), error)


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
