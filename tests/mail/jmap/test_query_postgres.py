"""The same questions to PostgreSQL: every filter, every sort, pages and changes of lists."""

import pytest

from parvis.store.store import Store
from tests.mail.jmap import test_query
from tests.mail.jmap.test_query import box as box

pytestmark = pytest.mark.slow


@pytest.fixture
async def store(request, settings, rooms, prepare):
    server = request.getfixturevalue("postgres")
    settings.database = await server.migrated(tuple(rooms))
    opened = await Store.open(settings, rooms, prepare)
    yield opened
    await opened.close()
    await server.drop(settings.database)


async def test_everything(ann, box) -> None:
    for condition, expected in test_query.FILTERS:
        await test_query.test_filters(ann, box, condition, expected)
    for sort, expected in test_query.SORTS:
        await test_query.test_sorts(ann, box, sort, expected)
    await test_query.test_threads_are_collapsed_and_paged(ann, box)
    await test_query.test_snippets(ann, box)
    with pytest.MonkeyPatch.context() as patch:
        await test_query.test_header_fields_are_looked_into_some_at_a_time_and_not_for_ever(ann, box, patch)


async def test_changes(ann, box, store, message) -> None:
    await test_query.test_changes_of_a_list_make_the_new_list(ann, box, store, message)
