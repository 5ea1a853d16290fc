"""Erasing what chat keeps for an account that is gone, in units of bounded size. See access.erasure"""

from parvis.access.erasure import Gone, rows
from parvis.chat.people.keys import KIND
from parvis.store.store import Store
from parvis.store.unit import Unit

_OF_DEVICE = "device IN (SELECT id FROM chat_device WHERE principal_id = ?)"
_OF_BACKUP = "backup IN (SELECT id FROM chat_backup WHERE principal_id = ?)"
_KEPT = (
    ("chat_one_time_key", "id", _OF_DEVICE),
    ("chat_fallback_key", "device, algorithm", _OF_DEVICE),
    ("chat_to_device", "id", _OF_DEVICE),
    ("chat_to_device_sent", "device, name", _OF_DEVICE),
    ("chat_device", "id", "principal_id = ?"),
    ("chat_cross_key", "principal_id, usage", "principal_id = ?"),
    ("chat_signature", "target_id, target_key, signer_id, key_id", "target_id = ?"),
    ("chat_signature", "target_id, target_key, signer_id, key_id", "signer_id = ?"),
    ("chat_told", "principal_id", "principal_id = ?"),
    ("chat_standing", "principal_id", "principal_id = ?"),
    ("chat_data", "id", "principal_id = ?"),
    ("chat_filter", "principal_id, filter_id", "principal_id = ?"),
    ("chat_profile", "principal_id, field", "principal_id = ?"),
    ("chat_pusher", "principal_id, app_id, pushkey", "principal_id = ?"),
    ("chat_backup_key", "backup, room_id, session_id", _OF_BACKUP),
    ("chat_backup", "id", "principal_id = ?"),
    ("chat_thumbnail", "media, side", "media IN (SELECT id FROM chat_media WHERE principal_id = ?)"),
    ("chat_media", "id", "principal_id = ?"),
    ("oauth_request", "id", "principal_id = ?"),
    ("chat_about", "account_id, kind, object_id, event", "account_id = ?"),
)
"""Table, primary key, and which rows are an account's."""


async def chat(store: Store, gone: Gone) -> None:
    """See Feature.erase."""
    await _told(store, gone)
    for table, key, where in _KEPT:
        await rows(store, table, key, where, gone.account_id)


async def _told(store: Store, gone: Gone) -> None:
    """That their keys changed, told to others; the clock of those does not go back."""
    accounts = await store.db.rows(
        """SELECT account_id FROM change WHERE kind = ? AND object_id = ? AND account_id IN
        (SELECT account_id FROM chat_server UNION SELECT signer_id FROM chat_signature WHERE target_id = ?)
        AND account_id <> ?""",
        KIND,
        gone.account_id,
        gone.account_id,
        gone.account_id,
    )

    for (account_id,) in accounts:

        async def work(unit: Unit, account_id: int = account_id) -> None:
            await unit.run(
                "DELETE FROM change WHERE account_id = ? AND kind = ? AND object_id = ?",
                account_id,
                KIND,
                gone.account_id,
            )
            await unit.changed(account_id, KIND, account_id, "updated")

        await store.write(work)
