"""Which files have a preview, and of what kind."""

import shutil
from functools import cache
from typing import Literal

Form = Literal["image", "pdf", "office", "text"]
_IMAGES = frozenset(f"image/{name}" for name in ("png", "jpeg", "gif", "webp", "bmp", "tiff", "x-icon", "x-ms-bmp"))
_TEXTS = frozenset(
    f"application/{name}"
    for name in ("json", "xml", "javascript", "x-sh", "x-yaml", "yaml", "toml", "sql", "x-python")
)
_OFFICE = (
    "application/msword",
    "application/vnd.ms-",
    "application/vnd.openxmlformats-officedocument.",
    "application/vnd.oasis.opendocument.",
    "application/rtf",
)
_ENDINGS: dict[str, Form] = {
    **dict.fromkeys(("png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "ico"), "image"),
    **dict.fromkeys(("doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "odp", "rtf"), "office"),
    **dict.fromkeys(
        ("txt", "md", "csv", "log", "py", "js", "ts", "c", "h", "rs", "go", "sh", "ini", "yaml"), "text"
    ),
    "pdf": "pdf",
}
LARGEST = 100_000_000
"""Bytes of the largest file that is looked at."""


def form_of(media_type: str, name: str, *, office: bool) -> Form | None:
    """The kind of preview of a file, None for none; by its name when its type says nothing."""
    found: Form | None = None
    if media_type in _IMAGES:
        found = "image"
    elif media_type == "application/pdf":
        found = "pdf"
    elif media_type.startswith("text/") or media_type in _TEXTS:
        found = "text"
    elif media_type.startswith(_OFFICE):
        found = "office"
    elif media_type == "application/octet-stream":
        found = _ENDINGS.get(name.rpartition(".")[2].lower())
    return None if found == "office" and not (office and has_office()) else found


@cache
def has_office() -> bool:
    """Whether LibreOffice is installed."""
    return shutil.which("soffice") is not None
