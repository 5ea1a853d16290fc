"""Fixtures of ops: a store with mail, and the features that give new people their mailboxes."""

import pytest

from parvis.mail import service
from parvis.serve.feature import Feature
from parvis.tasks import lists


@pytest.fixture
def rooms() -> list[str]:
    """Rooms whose migrations a test's store has."""
    return ["store", "access", "mail", "tasks"]


@pytest.fixture
def features() -> list[Feature]:
    """Mail and tasks, as far as new people are concerned."""

    async def provision(unit, number: int, kind: str) -> None:
        language = await unit.value("SELECT language FROM principal WHERE id = ?", number)
        await service.provision(unit, number, language)

    return [Feature(name="mail", provision=provision), Feature(name="tasks", provision=lists.provision)]
