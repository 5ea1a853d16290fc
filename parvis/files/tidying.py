"""What goes by itself, once a day: what was long in the trash, uploads that nobody resumed, previews that nobody
looked at, verdicts on contents that are gone, programs that nobody let in."""

from collections.abc import Sequence

from parvis.files import scan, trash
from parvis.files.nextcloud import login
from parvis.files.preview import maker
from parvis.files.uploads import store as uploads
from parvis.kernel.settings import Settings
from parvis.store.store import Store
from parvis.store.tidy import Task


def tasks(settings: Settings) -> Sequence[Task]:
    """The tasks, for store.tidy.daily."""

    async def empty_trash(store: Store) -> int:
        return await trash.purge(store, settings.files.trash_days)

    return (empty_trash, uploads.forget, maker.forget, scan.forget, login.forget)
