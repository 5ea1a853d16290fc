"""The demo's questions find their sources by words alone, in the asker's own mail and nowhere else."""

import json
from pathlib import Path

import pytest

from parvis.access import gate
from parvis.kernel import clock
from parvis.mail import service
from parvis.mail.source import MailSource
from parvis.ops import demo
from parvis.ops.demo import scenario
from parvis.ops.demo.dates import Calendar
from parvis.ops.demo.letters import Post
from parvis.ops.demo.load import Loader
from parvis.ops.progress import silent
from parvis.search.service import Search

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
QUESTIONS = json.loads((Path(demo.__file__).parent / "questions.json").read_text())
FEWEST = 0.9
"""Of the questions in the language of their source; those across languages need a model of meaning."""
finding = Search(None)


@pytest.fixture
def rooms() -> list[str]:
    """Rooms whose migrations a test's store has."""
    return ["store", "access", "serve", "mail", "tasks", "contacts", "calendar", "files", "search"]


@pytest.fixture
def prepare() -> list:
    """What to call with each new SQLite connection."""
    return [finding.prepare]


async def test_sources_are_found_and_nothing_that_is_not_visible(store_sqlite, features) -> None:
    post = Post(scenario.organisation(), scenario.drafts(), scenario.enclosures(), Calendar(clock.now_ms()))
    loader = Loader(store_sqlite, features, scenario.organisation(), "quai-lotus-heron-4817", silent)
    await loader.organise()
    await loader.write_mail(post)
    finding.open(store_sqlite, [MailSource(store_sqlite)])
    await finding.indexer.settle()
    missed = []
    for question in QUESTIONS:
        who = loader.principals[question["asker"]]
        hits = await finding.find(who, question["question"], 10)
        visible = {access.scope.account_id for access in await gate.accounts(store_sqlite.db, who, "mail")}
        assert {hit.account_id for hit in hits} <= visible
        if question["message"] is None or question.get("cross") or question.get("ocr"):
            continue
        keys = [key for key in (question["message"], *question.get("also", [])) if key in post.drafts]
        wanted = {
            number
            for key in keys
            for number in await service.find_by_message_id(store_sqlite.db, who.id, post.message_id(key)[1:-1])
        }
        if not wanted & {hit.object_id for hit in hits}:
            missed.append(question["question"])
    plain = [q for q in QUESTIONS if q["message"] and not q.get("cross") and not q.get("ocr")]
    assert len(missed) <= (1 - FEWEST) * len(plain), missed
    status = await finding.status(loader.principals["helene"])
    assert not status.troubles
