"""What a filter is told of spam and viruses. RFC 5235"""

import pytest

from parvis.mail import service as mail
from parvis.mail.service import Delivery
from parvis.mail.sieve import service
from parvis.mail.sieve.boxes import Boxes
from parvis.mail.sieve.filter import Filters, World
from parvis.wire.sieve import Discard
from tests.mail.conftest import plain
from tests.mail.sieve.conftest import Person, send
from tests.mail.spam.conftest import teach, unwanted, wanted

SORTED = """require ["spamtest", "fileinto", "mailbox", "relational", "comparator-i;ascii-numeric"];
if spamtest "0" { fileinto :create "Unknown"; }
elsif spamtest :value "ge" :comparator "i;ascii-numeric" "8" { fileinto :create "Bad"; }
elsif spamtest :value "le" :comparator "i;ascii-numeric" "3" { fileinto :create "Good"; }
"""


async def test_what_was_learned_sorts_mail(site, ann: Person) -> None:
    await ann.filters(SORTED)
    await send(site, plain("before"))
    await teach(site.store, ann.who.id, spams=40, hams=40)
    await send(site, unwanted(1))
    await send(site, wanted(1))
    assert await ann.mail() == {"Unknown": ["before"], "Bad": ["You won 1"], "Good": ["Project 1"]}


@pytest.mark.parametrize(
    ("delivery", "test"),
    [
        ({"spam_score": 0.97}, 'spamtest :percent "97"'),
        ({"spam_score": 0.9999}, 'spamtest "10"'),
        ({"has_virus": True}, 'virustest "5"'),
        ({"spam_score": 0.4}, 'allof (spamtest "4", virustest "0")'),
    ],
)
async def test_a_delivery_says_what_was_found(site, ann: Person, delivery, test: str) -> None:
    await ann.filters(f'require ["spamtestplus", "virustest"]; if {test} {{ discard; }}')
    filters = site.context.need(Filters)
    one = Delivery(ann.who.id, "ann@example.org", **delivery)
    assert await mail.deliver(site.store, [one], plain("x"), planner=filters) == [0]
    assert await mail.deliver(site.store, [Delivery(ann.who.id)], plain("y"), planner=filters) != [0]


async def test_mail_that_is_here_has_its_score_in_itself(site, ann: Person) -> None:
    filters = site.context.need(Filters)
    source = b'require "spamtestplus"; if spamtest :percent "91" { discard; }'
    ready = await service.prepare(site.store, source)
    await site.store.write(ready.step)
    readied = await filters.scripts.get(ready.blob)
    for field, discarded in (("X-Parvis-Spam: 0.9100 (bayes)", True), ("X-Parvis-Spam: 91", False), ("", False)):
        outcome = await filters.tried(readied, plain(extra=field), World(ann.who.id, Boxes({}), {}))
        assert isinstance(outcome.actions[0], Discard) == discarded


def test_it_is_offered() -> None:
    assert {"spamtest", "spamtestplus", "virustest"} <= set(service.EXTENSIONS)
