"""kill -9 of the real server while a large file comes and folders are moved: what was acknowledged is there, an upload
goes on where it was, and no tree is torn."""

import hashlib
import pathlib
import random
import threading

import httpx
import pytest

from parvis.files import check as files_check
from tests.crash.server import Server, faults, prepare

MIB = 1024 * 1024
TUS = {"tus-resumable": "1.0.0"}
KINDS = {
    "FileNode": "SELECT account_id, id FROM file_node",
    "FileComment": "SELECT account_id, id FROM file_comment",
    "FileLink": "SELECT account_id, id FROM file_link",
}


class Writer:
    """Uploads one file, and makes, moves and deletes folders beside it, until it is done however often it is cut."""

    def __init__(self, token: str, account: str, seed: int) -> None:
        self.headers, self.account = {"authorization": f"Bearer {token}"}, account
        self.chance = random.Random(seed)
        self.content = self.chance.randbytes(40 * MIB)
        self.url, self.node, self.made = "", "", set[str]()

    def session(self, server: Server) -> httpx.Client:
        return httpx.Client(base_url=server.url, headers=self.headers, timeout=30, trust_env=False)

    def upload(self, client: httpx.Client) -> None:
        """Goes on with the upload."""
        if not self.url:
            begun = TUS | {"upload-length": str(len(self.content)), "upload-metadata": "filename YQ==,parentId"}
            self.url = client.post("/files/uploads", headers=begun).headers["location"]
        reached = int(client.head(self.url, headers=TUS).headers["upload-offset"])
        end = min(len(self.content), reached + self.chance.randrange(1, 9 * MIB))
        headers = TUS | {"content-type": "application/offset+octet-stream", "upload-offset": str(reached)}
        answer = client.patch(self.url, headers=headers, content=self.content[reached:end])
        assert answer.status_code == 204, answer.text
        self.node = answer.headers.get("x-parvis-node", "")

    def folders(self, client: httpx.Client) -> None:
        """Makes a folder in another and moves it about; remembers what was acknowledged."""
        home = f"/dav/files/{self.account}/"
        name = f"f{self.chance.randrange(10**9)}"
        assert client.request("MKCOL", home + name).status_code == 201
        self.made.add(name)
        client.put(f"{home}{name}/a", content=b"x" * 1000)
        if len(self.made) > 2:
            one, two = self.chance.sample(sorted(self.made), 2)
            moved = client.request("MOVE", home + one, headers={"destination": f"{home}{two}/{one}"})
            assert moved.status_code == 201
            self.made.discard(one)
            assert client.delete(home + two).status_code == 204
            self.made.discard(two)

    def verify(self, client: httpx.Client) -> None:
        """Everything acknowledged is there. A change on its way when the server died may be, or may not."""
        listed = client.request("PROPFIND", f"/dav/files/{self.account}/", headers={"depth": "1"}).text
        lost = [name for name in self.made if f"/{name}/" not in listed]
        assert len(lost) <= 1, lost
        self.made -= set(lost)


async def scenario(folder: pathlib.Path, kills: int, seed: int) -> None:
    token, account = await prepare(folder, "")
    writer = Writer(token, account, seed)
    for _ in range(kills):
        server = Server(folder)
        with writer.session(server) as client:
            writer.verify(client)
            for _ in range(writer.chance.randrange(1, 4)):
                writer.folders(client)
                if not writer.node:
                    writer.upload(client)
            threading.Timer(writer.chance.uniform(0, 0.3), server.process.kill).start()
            try:
                while True:
                    writer.folders(client)
                    if not writer.node:
                        writer.upload(client)
            except httpx.HTTPError:
                pass
            server.kill()
    server = Server(folder)
    with writer.session(server) as client:
        writer.verify(client)
        while not writer.node:
            writer.upload(client)
        got = client.get(f"/dav/files/{account}/a")
        assert hashlib.sha256(got.content).digest() == hashlib.sha256(writer.content).digest()
    server.kill()
    assert await faults(folder, KINDS, files_check.check) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_files_survive_kills(tmp_path) -> None:
    await scenario(tmp_path / "data", 4, seed=5)
