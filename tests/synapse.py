"""Synapse, the reference server of Matrix, with federation over TLS. `make test` installs it into a venv of its own."""

import pathlib
import signal
import subprocess
from collections.abc import Sequence

import httpx
import pytest

from bench.peers import synapse as peer
from tests.certificates import Authority
from tests.servers import await_port, free_port, start, stop

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
    """One server, `host:port`, whose certificate `authority` signed (it has `HOST1.pem` beside it), started behind the
    words `inside`, as in a network of its own."""

    def __init__(
        self, folder: pathlib.Path, authority: Authority, host: str = "localhost", inside: Sequence[str] = ()
    ) -> None:
        folder.mkdir()
        self.port, self.folder = free_port(), folder
        self.name = f"{host}:{self.port}"
        self._certificate = str(authority.file.parent / f"{host}1.pem")
        self._bound = "0.0.0.0" if inside else "127.0.0.1"
        self._process: subprocess.Popen | None = None
        self._people = 0
        self._command = [*inside, *peer.prepared(folder, self._settings(authority))]

    def _settings(self, authority: Authority) -> dict:
        listener = {"port": self.port, "type": "http", "tls": True, "bind_addresses": [self._bound]}
        soon = {"max_long_retry_delay": "2s", "destination_max_retry_interval": "5s"}
        return {
            "server_name": self.name,
            "public_baseurl": f"https://{self.name}/",
            "listeners": [{**listener, "resources": [{"names": ["client", "federation"]}]}],
            "tls_certificate_path": self._certificate,
            "tls_private_key_path": self._certificate,
            "federation_custom_ca_list": [str(authority.file)],
            "ip_range_blacklist": [],
            "federation": {"client_timeout": "20s", "destination_min_retry_interval": "1s", **soon},
            "allow_public_rooms_over_federation": True,
        }

    def start(self) -> None:
        """Begins to answer, at first or again."""
        self._process = start(self._command, self.folder / "out")
        host = self.name.partition(":")[0]
        await_port(self.port, self._process, self.folder / "out", 120, host)

    def stop(self, sign: int = signal.SIGTERM) -> None:
        """Answers no more."""
        assert self._process is not None
        stop(self._process, sign)

    async def client(self, name: str) -> Theirs:
        """Somebody new, called so, who has signed in; to be closed."""
        client = Theirs(base_url=f"https://{self.name}", verify=False, trust_env=False, timeout=60)
        self._people += 1
        nonce = (await client.get("/_synapse/admin/v1/register")).json()["nonce"]
        body = peer.registration(nonce, f"{name}{self._people}", name)
        found = (await client.post("/_synapse/admin/v1/register", json=body)).json()
        client.headers["authorization"] = f"Bearer {found['access_token']}"
        client.user, client.device = found["user_id"], found["device_id"]
        return client
