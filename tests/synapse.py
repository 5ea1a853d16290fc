"""Synapse, the reference server of Matrix, with federation over TLS on loopback: `pip install matrix-synapse` in a venv
of its own that is on the PATH or named by PARVIS_BENCH_VENV."""

import asyncio
import pathlib
import subprocess

import httpx
import pytest

from bench.peers import synapse as peer
from tests.certificates import Authority
from tests.servers import free_port, start, stop

needs_synapse = pytest.mark.skipif(
    bool(peer.Synapse.missing()), reason="Synapse is not installed (pip install matrix-synapse)"
)


class Theirs(httpx.AsyncClient):
    """A client of somebody on the Synapse."""

    user: str
    device: str

    async def ask(self, method: str, path: str, status: int = 200, **more) -> dict:
        """What is answered below /_matrix/client, with the status that is expected."""
        found = await self.request(method, f"/_matrix/client{path}", **more)
        assert found.status_code == status, (found.status_code, found.text)
        return found.json()


class Synapse:
    """One server, `localhost:port`, whose certificate `authority` signed (it has `localhost1.pem` beside it)."""

    def __init__(self, folder: pathlib.Path, authority: Authority) -> None:
        folder.mkdir()
        self.port, self.folder, self._authority = free_port(), folder, authority
        self.name = f"localhost:{self.port}"
        self._process: subprocess.Popen | None = None
        self._clients: list[Theirs] = []
        self._command = peer.prepared(folder, self._settings())

    def _settings(self) -> dict:
        certificate = str(self._authority.file.parent / "localhost1.pem")
        listener = {"port": self.port, "type": "http", "tls": True, "bind_addresses": ["127.0.0.1"]}
        federation = {"names": ["client", "federation"]}
        soon = {"max_long_retry_delay": "2s", "destination_max_retry_interval": "5s"}
        return {
            "server_name": self.name,
            "public_baseurl": f"https://{self.name}/",
            "listeners": [{**listener, "resources": [federation]}],
            "tls_certificate_path": certificate,
            "tls_private_key_path": certificate,
            "federation_custom_ca_list": [str(self._authority.file)],
            "ip_range_blacklist": [],
            "federation": {"client_timeout": "20s", "destination_min_retry_interval": "1s", **soon},
            "allow_public_rooms_over_federation": True,
        }

    async def start(self) -> None:
        """Begins to answer, at first or again."""
        self._process = start(self._command, self.folder / "out")
        async with httpx.AsyncClient(verify=False, trust_env=False) as client:
            for _ in range(200):
                try:
                    await client.get(f"https://{self.name}/_matrix/client/versions")
                    return
                except httpx.HTTPError:
                    await asyncio.sleep(0.2)
        raise AssertionError((self.folder / "out").read_text()[-2000:])

    def stop(self) -> None:
        """Answers no more."""
        assert self._process is not None
        stop(self._process)

    async def close(self) -> None:
        """Ends it with its clients."""
        for client in self._clients:
            await client.aclose()
        self.stop()

    async def client(self, name: str) -> Theirs:
        """Somebody new who has signed in."""
        client = Theirs(base_url=f"https://{self.name}", verify=False, trust_env=False, timeout=60)
        nonce = (await client.get("/_synapse/admin/v1/register")).json()["nonce"]
        found = (await client.post("/_synapse/admin/v1/register", json=peer.registration(nonce, name))).json()
        client.headers["authorization"] = f"Bearer {found['access_token']}"
        client.user, client.device = found["user_id"], found["device_id"]
        self._clients.append(client)
        return client
