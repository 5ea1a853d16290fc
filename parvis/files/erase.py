"""Erasing the files of an account that is gone, in units of bounded size. See access.erasure"""

from collections.abc import Sequence
from functools import partial

from parvis.access.erasure import Gone, rows
from parvis.files.model import KIND
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.store.unit import Unit

_MINE = "account_id = ?"
_UPLOADS = "upload_id IN (SELECT id FROM file_upload WHERE {} = ?)"
_USES = "link_id IN (SELECT id FROM file_link WHERE created_by = ?)"
_KEPT = (
    ("file_account", "account_id", _MINE),
    ("file_link_use", "id", _MINE),
    ("file_link_use", "id", _USES),
    ("file_link", "id", _MINE),
    ("file_link", "id", "created_by = ?"),
    ("file_comment", "id", _MINE),
    ("file_comment", "id", "author_id = ?"),
    ("file_preview", "id", _MINE),
    ("file_upload_piece", "upload_id, start", _UPLOADS.format("account_id")),
    ("file_upload_piece", "upload_id, start", _UPLOADS.format("principal_id")),
    ("file_upload", "id", _MINE),
    ("file_upload", "id", "principal_id = ?"),
    ("file_login", "id", "principal_id = ?"),
    ("file_trash", "node_id", _MINE),
    ("file_version", "id", _MINE),
    ("file_departed", "parent_id, name", _MINE),
    ("file_person", "principal_id, node_id", _MINE),
    ("file_person", "principal_id, node_id", "principal_id = ?"),
    ("file_part", "scope_id", _MINE),
    ("file_node", "id", _MINE),
)
_NAMED = (
    ("file_node", "id", ("created_by", "changed_by", "content_by")),
    ("file_version", "id", ("content_by",)),
    ("file_trash", "node_id", ("trashed_by",)),
)
"""Where others' files say who has written: nobody, afterwards."""
_PAGE = 500
_SECONDS = 600.0


async def files(store: Store, gone: Gone) -> None:
    """Files, versions, links, comments, what is being uploaded, and what others noted about them. The row that lets
    files in goes first. What the account has written into files of others stays there, without its name."""
    for table, key, where in _KEPT:
        await rows(store, table, key, where, gone.account_id)
    for table, key, columns in _NAMED:
        for column in columns:
            await _unname(store, table, key, column, gone.account_id)


async def _unname(store: Store, table: str, key: str, column: str, principal_id: int) -> None:
    found = [
        row[0]
        for row in await store.db.scan(
            f"SELECT {key} FROM {table} WHERE {column} = ?", principal_id, seconds=_SECONDS
        )
    ]
    for start in range(0, len(found), _PAGE):
        page = found[start : start + _PAGE]
        await store.write(partial(_forget, table=table, key=key, column=column, numbers=page))


async def _forget(unit: Unit, table: str, key: str, column: str, numbers: Sequence[int]) -> None:
    await unit.run(f"UPDATE {table} SET {column} = 0 WHERE {key} IN {marks(len(numbers))}", *numbers)
    if column == "content_by" and table == "file_node":  # search knows who has written it, and learns otherwise
        rows_ = await unit.rows(
            f"SELECT account_id, id, scope_id FROM file_node WHERE id IN {marks(len(numbers))}", *numbers
        )
        for account_id, node_id, scope_id in sorted(rows_):
            await unit.changed(account_id, KIND, node_id, "updated", part=scope_id)
