"""Files: what a node is, which names are allowed, what the records of JMAP are. draft-ietf-jmap-filenode"""

import unicodedata
from dataclasses import dataclass
from typing import ClassVar, Literal

import msgspec

from parvis.access.principal import Right
from parvis.kernel.errors import Invalid
from parvis.kernel.languages import fold
from parvis.kernel.records import Immutable, Record, ServerSet
from parvis.serve.jmap.types import Id, Object, UnsignedInt, UTCDate

SCOPE = "files"
"""The kind of scope that files belong to: one for an account, and one for each folder or file shared by itself."""
KIND = "FileNode"
COMMENT = "FileComment"
FILENODE = "urn:ietf:params:jmap:filenode"
PARVIS_FILES = "urn:parvis:files"

DEPTH = 64
"""Folders inside folders."""
NAME_BYTES = 255
FORBIDDEN_CHARACTERS = "/"
FORBIDDEN_NAMES = (".", "..")
MOST_TOUCHED = 250_000
"""Nodes that one operation may move into another part, copy or destroy."""
TAGS, TAG_CHARACTERS = 50, 100
ROLES = frozenset({"trash", "home", "temp", "documents", "downloads", "music", "pictures", "videos"})

RIGHTS = {
    "mayRead": Right.READ,
    "mayAddChildren": Right.WRITE,
    "mayRename": Right.WRITE,
    "mayDelete": Right.DELETE,
    "mayModifyContent": Right.WRITE,
    "mayShare": Right.SHARE,
}
"""FilesRights as rights of a part. draft-ietf-jmap-filenode §3.1"""


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a file as they are kept."""

    hash: str
    size: int
    media_type: str


class Node(msgspec.Struct, frozen=True):
    """A folder or a file as it is stored; `parent_id` 0 is the top of the account."""

    id: int
    account_id: int
    scope_id: int
    parent_id: int
    name: str
    folder: bool
    role: str
    hash: str
    size: int
    media_type: str
    executable: bool
    tags: tuple[str, ...]
    number: int
    tree_bytes: int
    tree_nodes: int
    created_ms: int
    created_by: int
    modified_ms: int
    accessed_ms: int
    changed_ms: int
    changed_by: int
    content_ms: int
    content_by: int
    modseq: int
    tree_modseq: int = 0
    """Of a folder: the newest change of it and of all below."""
    placed_modseq: int = 0
    """Since when it is in its folder under its name."""

    @property
    def content(self) -> Content:
        """What a file holds."""
        return Content(self.hash, self.size, self.media_type)

    @property
    def etag(self) -> str:
        """Changes with each content; a folder's with each change below. RFC 9110 §8.8.3"""
        return f'"{etag(self.folder, self.id, self.tree_modseq, self.hash, self.number)}"'


def etag(folder: bool | int, number: int, tree_modseq: int, digest: str, version: int) -> str:
    """The entity tag of a node, without its quotes. RFC 9110 §8.8.3"""
    return f"{number:x}-{tree_modseq}" if folder else f"{digest[:32]}-{version}"


def node_name(given: str) -> str:
    """A name as it is kept: NFC, at most NAME_BYTES of UTF-8. Raises Invalid."""
    name = unicodedata.normalize("NFC", given)
    if not name or name in FORBIDDEN_NAMES:
        raise Invalid("a file needs a name", field="name")
    if any(c in FORBIDDEN_CHARACTERS or unicodedata.category(c) in ("Cc", "Cs") for c in name):
        raise Invalid("a name has no slash and no control characters", field="name")
    if len(name.encode()) > NAME_BYTES:
        raise Invalid(f"a name has at most {NAME_BYTES} bytes", field="name")
    return name


def sort_name(name: str) -> str:
    """A name as it is sorted and compared without case or accents."""
    return fold(name)


def numbered(name: str, count: int, *, folder: bool = False) -> str:
    """Another name for what would have a name that is taken: `report (2).pdf`.

    >>> numbered("archive.tar.gz", 2)
    'archive (2).tar.gz'
    """
    stem, end = (name, "") if folder else _split(name)
    mark = f" ({count})"
    while len(f"{stem}{mark}{end}".encode()) > NAME_BYTES:
        stem, end = (stem[:-1], end) if stem else (stem, end[:-1])
    return f"{stem}{mark}{end}"


def _split(name: str) -> tuple[str, str]:
    """A name and its ending; `.tar.gz` is one."""
    stem, dot, end = name.rpartition(".")
    if not stem or not dot:
        return name, ""
    if stem.lower().endswith(".tar") and len(stem) > 4:
        stem, end = stem[:-4], f"{stem[-3:]}.{end}"
    return stem, f".{end}"


def tags_of(given: dict[str, bool]) -> tuple[str, ...]:
    """Tags as they are kept. Raises Invalid."""
    found = sorted({unicodedata.normalize("NFC", tag).strip() for tag, there in given.items() if there})
    if len(found) > TAGS or any(not 0 < len(tag) <= TAG_CHARACTERS or "\n" in tag for tag in found):
        raise Invalid(f"at most {TAGS} tags of at most {TAG_CHARACTERS} characters", field="tags")
    return tuple(found)


class FilesRights(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What somebody may do with a node. draft-ietf-jmap-filenode §3.1"""

    may_read: bool = False
    may_add_children: bool = False
    may_rename: bool = False
    may_delete: bool = False
    may_modify_content: bool = False
    may_share: bool = False


class FileNode(Record, kw_only=True):
    """A folder or a file. The properties after `shareWith` are Parvis's own. draft-ietf-jmap-filenode §3.1"""

    kind: ClassVar[str] = KIND
    capability: ClassVar[str] = FILENODE
    id: ServerSet[str] = ""
    parent_id: Id | None = None
    node_type: Immutable[Literal["file", "directory", "symlink"] | None] = None
    blob_id: str | None = None
    target: list[str] | None = None
    size: UnsignedInt | None = None
    name: str
    type: str | None = None
    created: UTCDate | None = None
    modified: UTCDate | None = None
    accessed: UTCDate | None = None
    changed: ServerSet[str] = ""
    executable: bool = False
    is_subscribed: bool = True
    my_rights: ServerSet[Object] = msgspec.field(default_factory=dict)
    share_with: dict[Id, FilesRights] | None = None
    role: str | None = None
    tags: dict[str, bool] = msgspec.field(default_factory=dict)
    is_favourite: bool = False
    opened: UTCDate | None = None
    """When the asker opened it last; to be set by their client."""
    version: ServerSet[int] = 1
    etag: ServerSet[str | None] = None
    sha256: ServerSet[str | None] = None
    created_by: ServerSet[str | None] = None
    changed_by: ServerSet[str | None] = None
    child_count: ServerSet[int | None] = None
    """Nodes below a folder, at any depth."""
    tree_size: ServerSet[int | None] = None
    """Bytes of all files below a folder."""
    scan: ServerSet[str | None] = None
    """What ClamAV said: clean, infected (then nobody can read it), unread (too large); null when it was not
    asked."""
    trashed: ServerSet[Object | None] = None
    """Of what lies in the trash itself: when, by whom, and from which folder."""
