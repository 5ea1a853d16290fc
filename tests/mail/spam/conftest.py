"""Mail to learn from, and a follower that is called by hand."""

import pytest

from parvis.mail import service
from parvis.mail.spam import store as spam
from parvis.mail.spam.learner import FOLLOWER, Learner
from parvis.mail.spam.tokens import tokens
from parvis.store.store import Store
from parvis.store.unit import Unit
from tests.mail.conftest import plain

SPAM = ("lottery winner claim prize", "cheap pills pharmacy discount", "investment crypto guaranteed profit")
HAM = ("minutes of the meeting attached", "report for the project draft", "lunch on tuesday with camille")


def unwanted(number: int, **more) -> bytes:
    """A message nobody wants."""
    body = f"Dear friend, {SPAM[number % 3]} offer{number} http://win{number % 4}.bad.example/now click urgent"
    return plain(
        f"You won {number}", body, sender=f"Prize <p{number}@bad.example>", message_id=f"s{number}@x", **more
    )


def wanted(number: int, **more) -> bytes:
    """A message somebody wants."""
    body = f"Hello, here are the {HAM[number % 3]} version {number}, see you at the office. Best regards"
    return plain(f"Project {number}", body, sender="Bob <bob@partner.example>", message_id=f"h{number}@x", **more)


async def teach(store: Store, account_id: int, *, spams: int = 15, hams: int = 25, first: int = 100) -> None:
    """An account that has reported some mail."""
    for number in range(max(spams, hams)):
        for verdict, make, most in (("spam", unwanted, spams), ("ham", wanted, hams)):
            if number < most:
                found = tokens(await service.read(make(first + number)))
                await store.write(lambda unit, v=verdict, f=found: spam.learn(unit, account_id, f, "", v))


@pytest.fixture
def follow(store: Store):
    """`await follow()`: the learner reads everything that has happened, and returns the events it was given."""
    learner = Learner(store)

    async def run() -> list:
        given = []
        while events := await store.outbox.after(*await store.outbox.cursor(FOLLOWER)):
            await learner.follow(events)
            given += events

            async def move(unit: Unit, last=events[-1]) -> None:
                await store.outbox.advance(unit, FOLLOWER, last)

            await store.db.write(lambda tx: move(Unit(tx)))
        return given

    return run
