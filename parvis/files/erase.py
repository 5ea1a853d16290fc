"""Erasing the files of an account that is gone, in units of bounded size. See access.erasure"""

from parvis.access.erasure import Gone, rows
from parvis.store.store import Store

_MINE = "account_id = ?"
_KEPT = (
    ("file_upload_piece", "upload_id, start", "upload_id IN (SELECT id FROM file_upload WHERE account_id = ?)"),
    ("file_upload_piece", "upload_id, start", "upload_id IN (SELECT id FROM file_upload WHERE principal_id = ?)"),
    ("file_upload", "id", _MINE),
    ("file_upload", "id", "principal_id = ?"),
    ("file_account", "account_id", _MINE),
    ("file_trash", "node_id", _MINE),
    ("file_version", "id", _MINE),
    ("file_departed", "parent_id, name", _MINE),
    ("file_person", "principal_id, node_id", _MINE),
    ("file_person", "principal_id, node_id", "principal_id = ?"),
    ("file_part", "scope_id", _MINE),
    ("file_node", "id", _MINE),
)


async def files(store: Store, gone: Gone) -> None:
    """Files, versions and what others noted about them; the row that lets files in goes first."""
    for table, key, where in _KEPT:
        await rows(store, table, key, where, gone.account_id)
