"""Who has which message where, and in what state: the plan the loader carries out, and nothing of the server."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from parvis.kernel import clock
from parvis.ops.demo.letters import Post
from parvis.ops.demo.scenario import Draft, Person

INBOX_DAYS = 5
"""Working days after which a read message of a project is filed in the project's folder."""
ROLES = ("inbox", "sent", "drafts", "junk", "trash", "archive")


@dataclass(frozen=True, slots=True)
class Placement:
    """One copy of a message: whose, in which mailbox (a role of ROLES, or a path with `/`), with which keywords."""

    person: str
    mailbox: str
    keywords: frozenset[str]
    key: str
    received: datetime


def placements(post: Post) -> list[Placement]:
    """Every copy of every message, oldest first."""
    found = [copy for draft in post.drafts.values() for copy in _copies(post, draft)]
    return sorted(found, key=lambda copy: (copy.received, copy.key))


def recipients(post: Post, draft: Draft) -> list[str]:
    """Keys of the people and spaces with a mailbox who receive a draft, groups opened, the author left out."""
    names = draft.names("deliver") or [n for header in ("to", "cc", "bcc") for n in draft.names(header)]
    found: dict[str, None] = {}
    for name in names:
        group = post.organisation.groups.get(name)
        if group and group.kind == "space":
            found[name] = None
            continue
        for key in group.members if group else (name,):
            person = post.organisation.people.get(key)
            if person and person.inside and key != draft.headers["from"]:
                found[key] = None
    return list(found)


def _copies(post: Post, draft: Draft) -> Iterator[Placement]:
    sent, author, where = post.sent(draft), post.author(draft), dict(draft.pairs("in"))
    if where.get(author.key) == "drafts":
        yield Placement(author.key, "drafts", frozenset({"$draft", "$seen"}), draft.key, sent)
        return
    if author.inside:
        yield Placement(author.key, "sent", frozenset({"$seen"}), draft.key, sent)
    for key in recipients(post, draft):
        person = post.organisation.holder(key)
        keywords = _keywords(post, draft, person)
        yield Placement(key, where.get(key) or _mailbox(post, draft, person, keywords), keywords, draft.key, sent)


def _mailbox(post: Post, draft: Draft, person: Person, keywords: frozenset[str]) -> str:
    old = post.sent(draft).date() < post.calendar.day(-INBOX_DAYS)
    if old and "$seen" in keywords and "$flagged" not in keywords:
        return post.calendar.fill(draft.folders[person.language], person.language)
    return "inbox"


def _keywords(post: Post, draft: Draft, person: Person) -> frozenset[str]:
    """The state a careful reader would have left: the newest unread, the answered marked as such."""
    flags = {flag for who, flag in draft.pairs("flags") if who == person.key}
    keywords = {"$flagged"} & {f"${flag}" for flag in flags}
    age = clock.from_ms(post.calendar.now_ms) - post.sent(draft)
    copied = person.key not in draft.names("to")
    fresh = age.days < 1 or (age.days < 3 and (copied or "html" in draft.headers))
    if not ("unread" in flags or fresh):
        keywords.add("$seen")
    if dict(draft.pairs("in")).get(person.key) == "junk":
        keywords.add("$junk")
    for other in post.drafts.values():
        if other.headers["from"] == person.key and "in" not in other.headers:
            keywords |= {"$answered", "$seen"} if other.parent == draft.key else set()
            keywords |= {"$forwarded", "$seen"} if other.headers.get("forward") == draft.key else set()
    return frozenset(keywords)
