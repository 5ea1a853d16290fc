"""The web client's files: hashed ones cached for ever, others asked again each time, compressed ahead of time."""

import hashlib
import mimetypes
from dataclasses import dataclass, field
from pathlib import Path

from parvis.serve.http.exchange import Request, Response

IMMUTABLE = "public, max-age=31536000, immutable"
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
# Mail is shown in sandboxed srcdoc frames, which inherit this policy: their own styles and, when somebody allows
# it, images from elsewhere must be possible; a script never is. The encryption of chat is WebAssembly.
POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob: https:; font-src 'self' data:; media-src 'self' blob:; connect-src 'self'; "
    "worker-src 'self'; frame-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'self'"
)


@dataclass(slots=True)
class _File:
    media_type: str
    immutable: bool
    etag: str
    variants: dict[str, bytes] = field(default_factory=dict)
    """Content by encoding; "" is the plain one."""


class Static:
    """A folder of built files, kept in memory once asked for. A folder that is not there serves nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._files: dict[str, _File] = {}

    def answer(self, request: Request) -> Response | None:
        """The file of this path, or the application itself for a page of it; None when there is nothing."""
        path = request.path.lstrip("/") or "index.html"
        found = self._load(path)
        if found is None and _is_page(request):
            found = self._load("index.html")
        if found is None:
            return None
        return _sent(found, request)

    def _load(self, name: str) -> _File | None:
        """The file of exactly this name: whatever strangers ask for, no more is kept than there are files."""
        if name not in self._files:
            found = self._read(name)
            if found is None:
                return None
            self._files[name] = found
        return self._files[name]

    def _read(self, name: str) -> _File | None:
        path = self._folder / name
        try:
            if str(path.resolve().relative_to(self._folder)) != name or not path.is_file():
                return None
        except (OSError, ValueError):  # outside of the folder, too long, a NUL
            return None
        if path.suffix in (".br", ".gz"):
            return None
        content = path.read_bytes()
        found = _File(
            mimetypes.guess_type(name)[0] or "application/octet-stream",
            name.startswith("assets/"),
            f'"{hashlib.sha256(content).hexdigest()[:20]}"',
            {"": content},
        )
        if name.endswith(".webmanifest"):
            found.media_type = "application/manifest+json"
        for encoding, suffix in _ENCODINGS:
            beside = path.with_name(path.name + suffix)
            if beside.is_file():
                found.variants[encoding] = beside.read_bytes()
        return found


def _is_page(request: Request) -> bool:
    """Whether a browser asks for a page of the application, not for a file that is missing."""
    return "." not in request.path.rpartition("/")[2] and "text/html" in request.headers.get("accept", "")


def _sent(found: _File, request: Request) -> Response:
    accepted = {part.split(";")[0].strip() for part in request.headers.get("accept-encoding", "").split(",")}
    encoding = next((name for name, _ in _ENCODINGS if name in accepted and name in found.variants), "")
    text = found.media_type.startswith("text/") or found.media_type == "application/javascript"
    headers = [
        ("content-type", found.media_type + ("; charset=utf-8" if text else "")),
        ("cache-control", IMMUTABLE if found.immutable else "no-cache"),
        ("etag", found.etag),
        ("vary", "accept-encoding"),
        ("content-security-policy", POLICY),
    ]
    if request.headers.get("if-none-match") == found.etag:
        return Response(304, b"", headers)
    if encoding:
        headers.append(("content-encoding", encoding))
    return Response(200, found.variants[encoding], headers)
