"""People whose programs speak CalDAV."""

import pytest


@pytest.fixture
async def ann(peer):
    return await peer("ann")


@pytest.fixture
async def bob(peer):
    return await peer("bob")
