"""The demo's scenario is whole: people, threads, attachments and questions fit together, on any day of the year."""

import email
import email.policy
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from parvis.kernel import clock
from parvis.ops import demo
from parvis.ops.demo import plan, scenario
from parvis.ops.demo.dates import Calendar, europe, written
from parvis.ops.demo.letters import Post

QUESTIONS = json.loads((Path(demo.__file__).parent / "questions.json").read_text())


def post_on(*day: int) -> Post:
    now = clock.to_ms(datetime(*day, 12, tzinfo=UTC))  # type: ignore[misc]
    return Post(scenario.organisation(), scenario.drafts(), scenario.enclosures(), Calendar(now))


@pytest.fixture(scope="module")
def post() -> Post:
    return post_on(2026, 11, 22)


def test_the_scenario_is_large_and_in_three_languages(post: Post) -> None:
    languages = [post.language(draft) for draft in post.drafts.values()]
    assert len(languages) >= 120
    assert min(languages.count(language) for language in ("fr", "vi", "en")) >= 30


@pytest.mark.parametrize("day", [(2026, 11, 22), (2027, 1, 4), (2028, 2, 29), (2026, 3, 31)])
def test_answers_come_after_what_they_answer_and_nothing_is_in_the_future(day: tuple[int, ...]) -> None:
    post = post_on(*day)
    for draft in post.drafts.values():
        assert clock.to_ms(post.sent(draft)) < post.calendar.now_ms, draft.key
        for earlier in (draft.parent, draft.headers.get("forward"), draft.headers.get("about")):
            if earlier:
                assert post.sent(post.drafts[earlier]) < post.sent(draft), draft.key


def test_every_name_is_known(post: Post) -> None:
    known = post.organisation.people.keys() | post.organisation.groups.keys()
    for draft in post.drafts.values():
        names = [name for header in ("from", "to", "cc", "bcc") for name in draft.names(header)]
        assert all(name in known or "@" in name for name in names), draft.key
        assert all(name in post.enclosures for name in draft.names("attach") + draft.names("inline"))


def test_no_mark_is_left_in_any_message(post: Post) -> None:
    for key in post.drafts:
        message = email.message_from_bytes(post.message(key).as_bytes(), policy=email.policy.default)
        text = str(message["subject"]) + "".join(
            part.get_content() for part in message.walk() if part.get_content_type() in ("text/plain", "text/html")
        )
        assert "[[" not in text and "]]" not in text, key


def test_a_reply_quotes_and_refers_to_its_thread(post: Post) -> None:
    message = post.message("don-3")
    assert message["In-Reply-To"] == post.message_id("don-2")
    assert message["References"].split() == [post.message_id("don-1"), post.message_id("don-2")]
    assert "> Thank you for the draft." in message.get_content()


def test_the_notice_of_failure_is_a_delivery_report(post: Post) -> None:
    report = post.message("bou-1")
    assert report.get_content_type() == "multipart/report"
    assert [part.get_content_type() for part in report.get_payload()] == [
        "text/plain",
        "message/delivery-status",
        "text/rfc822-headers",
    ]
    assert b"Final-Recipient: rfc822; lan-anh.morvan@interpretes.example" in report.as_bytes()


@pytest.mark.parametrize("ending", ["pdf", "docx", "xlsx", "pptx", "odt", "csv", "png", "ics", "vcf", "eml"])
def test_there_are_attachments_of_every_kind(post: Post, ending: str) -> None:
    name = next(name for name in post.enclosures if name.endswith(ending))
    if ending == "eml":
        types = [part.get_content_type() for part in post.message("trx-9").walk()]
        assert "message/rfc822" in types
        return
    starts = {"pdf": b"%PDF", "png": b"\x89PNG", "ics": b"BEGIN:VCAL", "vcf": b"BEGIN:VCARD", "csv": b"station;"}
    name = "replication-log.csv" if ending == "csv" else name
    assert post.file(name).content.startswith(starts.get(ending, b"PK\x03\x04"))


def test_long_lines_of_an_invitation_are_folded(post: Post) -> None:
    lines = post.file("visite.ics").content.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert any(line.startswith(b" ") for line in lines)


@pytest.mark.parametrize("question", QUESTIONS, ids=[q["id"] for q in QUESTIONS])
def test_each_question_can_be_answered_from_the_askers_own_mail(post: Post, question: dict) -> None:
    if question["message"] is None:
        return
    draft = post.drafts[question["message"]]
    owners = {copy.person for copy in plan.placements(post) if copy.key == draft.key}
    assert question["asker"] in owners
    if name := question.get("attachment"):
        assert name in draft.names("attach")
        enclosure = post.enclosures[name]
        text = post.calendar.fill("\n".join(enclosure.lines), enclosure.language)
    else:
        text = post.own_text(draft)
    for fact in question["facts"]:
        assert " ".join(fact.split()) in " ".join(text.replace("\u00a0", " ").split())


def test_questions_cover_the_languages_and_cross_them() -> None:
    assert len(QUESTIONS) >= 30
    assert sum(bool(q.get("cross")) for q in QUESTIONS) >= 8
    assert {q["language"] for q in QUESTIONS} == {"fr", "vi", "en"}


def test_everyone_has_something_to_read_and_the_plan_is_believable(post: Post) -> None:
    copies = plan.placements(post)
    for person in post.organisation.accounts:
        own = [copy for copy in copies if copy.person == person.key]
        assert len(own) > 20
        assert any("$seen" in copy.keywords for copy in own)
    junk = [copy for copy in copies if copy.mailbox == "junk"]
    assert [(copy.person, "$junk" in copy.keywords) for copy in junk] == [("benoit", True)]
    assert all(re.fullmatch(r"[a-z]+|[^/]+(/[^/]+)+|\S.*", copy.mailbox) for copy in copies)
    assert any("$answered" in copy.keywords for copy in copies)


def test_dates_are_written_as_people_write_them() -> None:
    day = datetime(2026, 12, 1).date()
    assert written(day, "fr", weekday=True) == "mardi 1er décembre"
    assert written(day, "vi", weekday=True) == "thứ Ba, ngày 1 tháng 12"
    assert written(day, "en", year=True) == "1 December 2026"


def test_summer_time_of_europe() -> None:
    assert europe(datetime(2026, 10, 24).date(), 1).utcoffset(None).seconds == 7200
    assert europe(datetime(2026, 10, 25).date(), 1).utcoffset(None).seconds == 3600
