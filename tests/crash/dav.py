"""A client of CalDAV, WebDAV and tus that keeps a ledger of what the server acknowledged. See tests.crash.server"""

import asyncio
import base64
import random
import re
from dataclasses import dataclass, field

import httpx

from tests.crash.server import Server

_TUS = {"tus-resumable": "1.0.0"}
_KEPT = 10
"""Files sent in pieces that stay."""
_EVENT = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//crash//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n"
    "DTSTART:20260301T090000Z\r\nDTEND:20260301T100000Z\r\nSUMMARY:{words}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
_SYNC = """<D:sync-collection xmlns:D="DAV:"><D:sync-token>{}</D:sync-token><D:sync-level>1</D:sync-level>
<D:prop><D:getetag/></D:prop></D:sync-collection>"""
Value = bytes | None
"""What a path holds; None when nothing is there."""


@dataclass
class Path:
    """One path as the client knows it: what was acknowledged, and what it may hold when an answer never came."""

    value: Value = None
    maybe: list[Value] = field(default_factory=list)


@dataclass
class Upload:
    """A file that is sent in pieces: how much the server has said it has."""

    url: str
    content: bytes
    name: str
    reached: int = 0


class DavClient:
    """Writes as fast as the server answers. Each task writes under names of its own."""

    def __init__(self, token: str, account: str, seed: int) -> None:
        self._headers = {"authorization": f"Bearer {token}"}
        self.account, self.chance = account, random.Random(seed)
        self.calendar, self.folder = f"/dav/calendars/{account}/calendar/", f"/dav/files/{account}/"
        self.paths: dict[str, Path] = {}
        self.moves: list[tuple[str, str]] = []
        """From where to where, without an answer."""
        self.uploads: list[Upload] = []
        self.tokens: dict[str, str] = {}
        self.told: set[str] = set()
        """Paths whose change was acknowledged since the tokens were given."""
        self.answers = 0

    async def work(self, server: Server, seconds: float) -> None:
        """Until the server dies; it is killed after `seconds`."""
        async with httpx.AsyncClient(
            base_url=server.url, headers=self._headers, timeout=30, trust_env=False
        ) as http:
            tasks = [asyncio.create_task(self._events(http, number)) for number in range(2)]
            tasks += [asyncio.create_task(self._files(http, number)) for number in range(2)]
            tasks.append(asyncio.create_task(self._sends(http)))
            await asyncio.sleep(seconds)
            server.kill()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        wrong = [each for each in results if not isinstance(each, httpx.TransportError | OSError)]
        assert not wrong, wrong

    async def _events(self, http: httpx.AsyncClient, task: int) -> None:
        while True:
            uid = f"e{task}x{self.chance.randrange(40)}"
            words = f"{self.chance.randrange(1 << 40):x} " * self.chance.choice([1, 3])
            path = f"{self.calendar}{uid}.ics"
            if self._known(path).value is not None and self.chance.random() < 0.2:
                await self._send(http, "DELETE", path, None)
            else:
                await self._send(http, "PUT", path, _EVENT.format(uid=uid, words=words.strip()).encode())

    async def _files(self, http: httpx.AsyncClient, task: int) -> None:
        while True:
            path = f"{self.folder}f{task}x{self.chance.randrange(30)}.bin"
            other = f"{self.folder}f{task}x{self.chance.randrange(30)}.bin"
            known = self._known(path).value
            if known is not None and other != path and self.chance.random() < 0.4:
                await self._move(http, path, other)
            elif known is not None and self.chance.random() < 0.2:
                await self._send(http, "DELETE", path, None)
            else:
                size = self.chance.choice([10, 20_000, 1_500_000])
                await self._send(http, "PUT", path, self.chance.randbytes(size))

    def _known(self, path: str) -> Path:
        return self.paths.setdefault(path, Path())

    async def _send(self, http: httpx.AsyncClient, method: str, path: str, value: Value) -> None:
        known = self._known(path)
        known.maybe = [known.value, value]
        headers = {"content-type": "text/calendar"} if path.endswith(".ics") else {}
        answer = await http.request(method, path, content=value, headers=headers)
        assert answer.status_code in (201, 204), (method, path, answer.status_code, answer.text)
        known.value, known.maybe = value, []
        self.told.add(path)
        self.answers += 1

    async def _move(self, http: httpx.AsyncClient, path: str, other: str) -> None:
        self._known(other)
        self.moves.append((path, other))
        answer = await http.request("MOVE", path, headers={"destination": f"{http.base_url}".rstrip("/") + other})
        assert answer.status_code in (201, 204), (path, other, answer.status_code, answer.text)
        self._moved(path, other)
        self.moves.remove((path, other))
        self.answers += 1

    def _moved(self, path: str, other: str) -> None:
        self._known(other).value, self._known(path).value = self._known(path).value, None
        self.told |= {path, other}

    async def _sends(self, http: httpx.AsyncClient) -> None:
        for upload in list(self.uploads):
            await self._go_on(http, upload)
        while True:
            name = f"u{len(self.paths):05d}x{self.chance.randrange(1 << 30):x}.bin"
            content = self.chance.randbytes(self.chance.choice([1, 300_000, 3_000_000]))
            told = {"filename": name, "parentId": ""}
            words = ",".join(
                f"{key} {base64.b64encode(each.encode()).decode()}".strip() for key, each in told.items()
            )
            headers = _TUS | {"upload-length": str(len(content)), "upload-metadata": words}
            answer = await http.post("/files/uploads", headers=headers)
            assert answer.status_code == 201, answer.text
            upload = Upload(answer.headers["location"], content, name)
            self.uploads.append(upload)
            self.answers += 1
            await self._go_on(http, upload)
            await self._tidy(http)

    async def _tidy(self, http: httpx.AsyncClient) -> None:
        """Deletes the oldest of what was sent in pieces, so that looking at everything does not take ever longer."""
        sent = [path for path, known in self.paths.items() if "/u0" in path and known.value is not None]
        for path in sent[:-_KEPT]:
            await self._send(http, "DELETE", path, None)

    async def _go_on(self, http: httpx.AsyncClient, upload: Upload) -> None:
        """Sends the rest of a file, from where the server says it has got to."""
        path = self.folder + upload.name
        known = self._known(path)
        while upload.reached < len(upload.content):
            piece = upload.content[upload.reached : upload.reached + 262_144]
            if upload.reached + len(piece) == len(upload.content):
                known.maybe = [None, upload.content]
            headers = _TUS | {
                "content-type": "application/offset+octet-stream",
                "upload-offset": str(upload.reached),
            }
            answer = await http.patch(upload.url, headers=headers, content=piece)
            assert answer.status_code == 204, answer.text
            upload.reached = int(answer.headers["upload-offset"])
            self.answers += 1
        known.value, known.maybe = upload.content, []
        self.told.add(path)
        self.uploads.remove(upload)

    async def verify(self, server: Server) -> None:
        """Raises when the server does not hold what it had acknowledged, or holds something torn."""
        async with httpx.AsyncClient(
            base_url=server.url, headers=self._headers, timeout=60, trust_env=False
        ) as http:
            held = {path: await self._held(http, path) for path in self.paths}
            self._forget(held)
            for path, other in self.moves:
                before, there = self._known(path).value, self._known(other).value
                assert (held[path], held[other]) in ((before, there), (None, before)), f"{path} was torn"
                if held[path] is None:
                    self._moved(path, other)
            self.moves.clear()
            for path, known in self.paths.items():
                assert held[path] in (known.maybe or [known.value]), f"{path} is not what was acknowledged"
                known.value, known.maybe = held[path], []
            for upload in list(self.uploads):
                await self._resumes(http, upload)
            for home in (self.calendar, self.folder):
                await self._listed(http, home)
            self.told.clear()

    def _forget(self, held: dict[str, Value]) -> None:
        """Of files sent in pieces that were deleted nothing is asked any more, once that was seen."""
        open_ends = {end for move in self.moves for end in move} | {
            self.folder + each.name for each in self.uploads
        }
        for path in [path for path in self.paths if "/u0" in path and path not in open_ends]:
            known = self.paths[path]
            if held[path] is None and known.value is None and not known.maybe and path not in self.told:
                del self.paths[path], held[path]

    async def _held(self, http: httpx.AsyncClient, path: str) -> Value:
        answer = await http.get(path)
        assert answer.status_code in (200, 404), (path, answer.status_code, answer.text)
        return answer.content if answer.status_code == 200 else None

    async def _resumes(self, http: httpx.AsyncClient, upload: Upload) -> None:
        """What was acknowledged of a file is there; where only the end was open, the file may be there whole."""
        answer = await http.head(upload.url, headers=_TUS)
        if self._known(self.folder + upload.name).value is not None:
            self.uploads.remove(upload)
            return
        assert answer.status_code == 200, (upload.name, answer.status_code)
        reached = int(answer.headers["upload-offset"])
        assert reached >= upload.reached, f"{upload.name} lost bytes that were acknowledged"
        upload.reached = reached
        if reached == len(upload.content):
            path = self.folder + upload.name
            assert await self._held(http, path) == upload.content, f"{upload.name} has come whole, and is no file"
            self._known(path).value = upload.content
            self.told.add(path)
            self.uploads.remove(upload)

    async def _listed(self, http: httpx.AsyncClient, home: str) -> None:
        """A collection lists exactly what is in it, and tells every change since it was last asked."""
        names = {path for path, known in self.paths.items() if path.startswith(home) and known.value is not None}
        answer = await http.request("PROPFIND", home, headers={"depth": "1"})
        assert answer.status_code == 207, answer.text
        listed = set(re.findall(r"<D:href>([^<]*\.(?:ics|bin))</D:href>", answer.text))
        assert listed == names, listed ^ names
        token = self.tokens.get(home, "")
        told: set[str] = set()
        answer = await http.request("REPORT", home, content=_SYNC.format(token), headers={"depth": "0"})
        assert answer.status_code == 207, answer.text
        told |= set(re.findall(r"<D:href>([^<]*\.(?:ics|bin))</D:href>", answer.text))
        self.tokens[home] = re.findall(r"<D:sync-token>([^<]*)<", answer.text)[-1]
        missing = {path for path in self.told if path.startswith(home)} - told
        born_and_gone = {path for path in missing if self.paths[path].value is None}
        assert missing <= born_and_gone, missing - born_and_gone
