"""Synapse, the reference server of Matrix, with federation over TLS on loopback: `pip install matrix-synapse` in a venv
of its own that is on the PATH or named by PARVIS_BENCH_VENV."""

import asyncio
import hashlib
import hmac
import json
import os
import pathlib
import shutil
import subprocess

import httpx
import pytest

from tests.certificates import Authority
from tests.servers import free_port, start, stop

_VENV = os.environ.get("PARVIS_BENCH_VENV", "")
PROGRAM = shutil.which("synapse_homeserver", path=f"{_VENV}/bin{os.pathsep}{os.environ.get('PATH', '')}")
needs_synapse = pytest.mark.skipif(PROGRAM is None, reason="Synapse is not installed (pip install matrix-synapse)")
_SECRET = "secret"


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
        (folder / "log.yaml").write_text("version: 1\nroot: {level: ERROR}\ndisable_existing_loggers: false\n")
        (folder / "homeserver.yaml").write_text(json.dumps(self._settings()))
        subprocess.run([*self._command, "--generate-keys"], check=True, capture_output=True)

    @property
    def _command(self) -> list[str]:
        assert PROGRAM is not None
        return [PROGRAM, "-c", str(self.folder / "homeserver.yaml")]

    def _settings(self) -> dict:
        rate = {"per_second": 1e6, "burst_count": 1e6}
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
            "pid_file": f"{self.folder}/pid",
            "database": {"name": "sqlite3", "args": {"database": f"{self.folder}/db"}},
            "log_config": f"{self.folder}/log.yaml",
            "media_store_path": f"{self.folder}/media",
            "signing_key_path": f"{self.folder}/signing.key",
            "registration_shared_secret": _SECRET,
            "macaroon_secret_key": "m",
            "form_secret": "f",
            "report_stats": False,
            "trusted_key_servers": [],
            "allow_public_rooms_over_federation": True,
            "bcrypt_rounds": 4,
            "rc_message": rate,
            "rc_registration": rate,
            "rc_joins": {"local": rate, "remote": rate},
            "rc_joins_per_room": rate,
            "rc_invites": {"per_room": rate, "per_user": rate, "per_issuer": rate},
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
        """Somebody new who has signed in (Synapse's Admin API, shared-secret registration)."""
        client = Theirs(base_url=f"https://{self.name}", verify=False, trust_env=False, timeout=60)
        nonce = (await client.get("/_synapse/admin/v1/register")).json()["nonce"]
        said = f"{nonce}\0{name}\0pass\0notadmin".encode()
        mac = hmac.new(_SECRET.encode(), said, hashlib.sha1).hexdigest()
        body = {"nonce": nonce, "username": name, "password": "pass", "admin": False, "mac": mac}
        found = (await client.post("/_synapse/admin/v1/register", json=body)).json()
        client.headers["authorization"] = f"Bearer {found['access_token']}"
        client.user, client.device = found["user_id"], found["device_id"]
        self._clients.append(client)
        return client
