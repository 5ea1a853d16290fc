"""Fixtures of mail: a store with mail's schema, people who have mail, messages to deliver."""

from collections.abc import Awaitable, Callable

import pytest

from parvis.access import directory
from parvis.access.principal import Principal
from parvis.mail import service
from parvis.store.store import Store

Maker = Callable[..., Awaitable[Principal]]


@pytest.fixture
def rooms() -> list[str]:
    """Rooms whose migrations a test's store has."""
    return ["store", "access", "mail"]


@pytest.fixture
def make_user() -> Maker:
    """`await make_user(store, "ann")`: a person `ann@example.org` who has mail."""

    async def make(store: Store, name: str, *, quota_bytes: int = 0) -> Principal:
        async def work(unit) -> int:
            number = await directory.create(unit, "person", name, f"{name}@example.org")
            await service.provision(unit, number, "en", quota_bytes)
            return number

        return await directory.by_id(store.db, await store.write(work))

    return make


@pytest.fixture
def message() -> Callable[..., bytes]:
    """`message(subject, body, message_id=..., references=...)`: a plain message as bytes."""
    return plain


def plain(
    subject: str = "Hello",
    body: str = "Some words.",
    *,
    message_id: str = "",
    references: str = "",
    sender: str = "Bob <bob@example.net>",
    to: str = "Ann <ann@example.org>",
    extra: str = "",
) -> bytes:
    """A plain message as bytes."""
    lines = [f"From: {sender}", f"To: {to}", f"Subject: {subject}", "Date: Tue, 03 Feb 2026 10:00:00 +0100"]
    if message_id:
        lines.append(f"Message-ID: <{message_id}>")
    if references:
        lines.append("References: " + " ".join(f"<{one}>" for one in references.split()))
    if extra:
        lines.append(extra)
    lines += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "", body, ""]
    return "\r\n".join(lines).encode()
