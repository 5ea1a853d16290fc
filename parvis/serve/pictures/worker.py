"""The process that looks at one file and dies: `python -m parvis.serve.pictures.worker FORM SIDE`, the file as its
standard input, the picture (WebP) as its standard output. It has limits on memory, processor time and files, no new
privileges, and where the kernel allows it no network and no file but what is installed. Exit status 3 says that no
picture can be made."""

import ctypes
import hashlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from parvis.kernel.confined import enclose

MEMORY, SECONDS, WRITTEN, OPEN_FILES = 1_500_000_000, 20, 50_000_000, 64
_OFFICE_SECONDS = 60
_PIXELS = 120_000_000
_NO_NEW_PRIVILEGES = 38  # prctl(2)
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000  # unshare(2)
_NONE = 3


def confine() -> None:
    """Gives up what looking at a file does not need; what the kernel does not let be given up stays."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.unshare(_NEW_USER | _NEW_NETWORK)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (WRITTEN, WRITTEN))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    os.nice(10)


def limit() -> None:
    """The limits of who parses in this process."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def of_image(source: BinaryIO, side: int) -> Any:
    """A picture of a picture, turned as its camera was held."""
    from PIL import Image, ImageOps

    Image.init()
    enclose()
    Image.MAX_IMAGE_PIXELS = _PIXELS
    with Image.open(source, formats=("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "ICO")) as image:
        if image.size[0] * image.size[1] > _PIXELS:
            raise ValueError("too many pixels")
        image.draft("RGB", (side, side))
        turned = ImageOps.exif_transpose(image)
        turned.thumbnail((side, side))
        return turned.convert("RGBA" if "A" in turned.getbands() or turned.mode == "P" else "RGB")


def of_pdf(content: bytes, side: int) -> Any:
    """The first page."""
    import pypdfium2
    from PIL import Image

    Image.init()
    enclose()
    document = pypdfium2.PdfDocument(content)
    first = document[0]
    width, height = first.get_size()
    if min(width, height) < 1:
        raise ValueError("an empty page")
    return first.render(scale=min(side / max(width, height), 8.0)).to_pil().convert("RGB")


def of_office(source: BinaryIO, side: int) -> Any:
    """The first page of what LibreOffice makes of a document."""
    with tempfile.TemporaryDirectory() as folder:
        content = as_pdf(source.read(), folder)
    limit()
    return of_pdf(content, side)


def as_pdf(document: bytes, folder: str) -> bytes:
    """What LibreOffice makes of a document, in a folder of its own. The socket that it makes in /tmp all the same
    and leaves there when it ends early is removed. Raises OSError and subprocess.SubprocessError."""
    home = Path(shutil.which("soffice") or "/usr/bin/soffice").resolve().parents[1]
    given, profile = Path(folder) / "document", f"file://{folder}/profile"
    given.write_bytes(document)
    try:
        subprocess.run(  # noqa: S603 - the arguments are ours
            [  # noqa: S607 - wherever the system has it
                "soffice", "--headless", "--norestore", "--nolockcheck", "--nodefault",
                f"-env:UserInstallation={profile}", "--convert-to", "pdf", "--outdir", folder, given,
            ],
            check=True,
            timeout=_OFFICE_SECONDS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=partial(enclose, folder, str(home)),
            env={"HOME": folder, "TMPDIR": folder, "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
    finally:
        for socket in Path("/tmp").glob(socket_of(profile)):  # noqa: S108 - where LibreOffice makes it
            socket.unlink(missing_ok=True)
    return given.with_suffix(".pdf").read_bytes()


def socket_of(profile: str) -> str:
    """A pattern of the socket's name: it has the number of LibreOffice's user, when that is known, and the MD5 of
    where its profile is."""
    digest = hashlib.md5(profile.encode("utf-16-le"), usedforsecurity=False).digest()
    return "OSL_PIPE_*SingleOfficeIPC_" + "".join(f"{octet:x}" for octet in digest)


def main() -> int:
    """Makes one preview."""
    form, side = sys.argv[1], int(sys.argv[2])
    source = sys.stdin.buffer
    confine()
    try:
        if form == "office":
            picture = of_office(source, side)
        else:
            limit()
            picture = of_image(source, side) if form == "image" else of_pdf(source.read(), side)
        picture.save(sys.stdout.buffer, "WEBP", quality=80, method=4)
        sys.stdout.buffer.flush()
    except Exception:  # a parser's own error: there is no picture of such a file
        return _NONE
    return 0


if __name__ == "__main__":
    sys.exit(main())
