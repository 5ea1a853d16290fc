"""Fixtures of ops: a store with all that people have, and the features that give it to new ones."""

import pytest

from parvis.calendar import calendars
from parvis.contacts import books
from parvis.files import service as files
from parvis.mail import service as mail
from parvis.serve.feature import Feature
from parvis.tasks import lists


@pytest.fixture
def rooms() -> list[str]:
    """Rooms whose migrations a test's store has."""
    return ["store", "access", "serve", "mail", "tasks", "contacts", "calendar", "files"]


@pytest.fixture
def features() -> list[Feature]:
    """The rooms, as far as new people are concerned."""

    async def provision(unit, number: int, kind: str) -> None:
        language = await unit.value("SELECT language FROM principal WHERE id = ?", number)
        for room in (mail, books, calendars, files):
            await room.provision(unit, number, language)

    return [Feature(name="mail", provision=provision), Feature(name="tasks", provision=lists.provision)]
