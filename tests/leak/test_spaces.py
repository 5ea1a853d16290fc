"""Spaces: all that a team has, asked for in every way there is, by who is in it, who is not, who no longer is, and by
all once it is deleted. What is said in its room is in tests/leak/test_teams.py. S1, A4, SE-03"""

import json
from dataclasses import dataclass

import pytest

from parvis.access import directory
from parvis.app import App
from parvis.kernel import ids
from parvis.mail import service
from tests.leak import test_calendar as events
from tests.leak import test_files as files
from tests.leak import test_leak as mails
from tests.leak import test_tasks as tasks
from tests.leak.test_leak import Person, app, someone

__all__ = ["app"]
EVENT, TASK, CARD, PURPOSE = "ochrebadger", "magentaheron", "indigopelican", "cinnabarotter"
SECRETS = (*mails.SECRETS, *files.SECRETS, EVENT, TASK, CARD, PURPOSE)


@dataclass
class Things:
    """What a space has, by ids."""

    email: str
    blobs: list[str]
    files: files.Things
    calendar: str
    events: list[str]
    list: str
    task: str
    card: str


async def filled(app: App, team: Person) -> Things:
    """One thing of each kind, full of words that are nowhere else; `team` acts for the space."""
    (number,) = await service.deliver(app.context.store, [service.Delivery(team.principal.id)], mails.RAW)
    wanted = {"accountId": team.account, "ids": [ids.text(number)], "properties": ["blobId", "attachments"]}
    (email,) = (await team(("Email/get", wanted)))[0][1]["list"]
    calendar, made = await events.filled(team, EVENT, "public")
    task_list, task = await tasks.filled(team, TASK, "one")
    (book,) = (await team(("AddressBook/get", {"accountId": team.account})))[0][1]["list"]
    card = {"name": {"full": f"Petra {CARD}"}, "addressBookIds": {book["id"]: True}}
    carded = await team(("ContactCard/set", {"accountId": team.account, "create": {"c": card}}))
    return Things(
        email["id"], [email["blobId"], email["attachments"][0]["blobId"]], await files.made(team),
        calendar, made, task_list, task, carded[0][1]["created"]["c"]["id"],
    )  # fmt: skip


async def everything(app: App, who: Person, team: Person, has: Things) -> str:
    """All that the server tells `who` of the space."""
    account, own = {"accountId": team.account}, {"accountId": who.account}
    archive = f"/files/archive/x.zip?accountId={team.account}&ids={has.files.folder}"
    told: list[object] = [
        await mails.everything(who, team, has.email, has.blobs),
        await files.everything(app, who, team, has.files),
        await events.everything(app, who, team, [has.calendar], has.events),
        await tasks.everything(app, who, team, [has.list], [has.task]),
        await who(
            ("ContactCard/get", {**account, "ids": [has.card]}),
            ("ContactCard/query", {**account, "filter": {"text": CARD}}),
            ("Space/get", {**own, "ids": [team.account]}),
            ("Space/get", {**own, "ids": None}),
            ("Space/changes", {**own, "sinceState": "0"}),
            ("SpaceActivity/get", {**own, "ids": None}),
            *(("Search/query", {**own, "text": word}) for word in (EVENT, TASK, CARD)),
        ),
        (await who.client.get(archive)).content.decode("latin-1"),
    ]
    return json.dumps(told, default=str)


def leaked(told: str) -> set[str]:
    return {secret for secret in SECRETS if secret in told}


async def forget(who: Person) -> None:
    """Takes away what somebody was let copy and was answered, which is theirs."""
    own = {"accountId": who.account}
    for kind in ("Email", "FileNode", "Task", "CalendarEvent", "AssistantTurn"):
        found = (await who((f"{kind}/query", own)))[0][1]["ids"]
        more = {"onDestroyRemoveChildren": True} if kind == "FileNode" else {}
        await who((f"{kind}/set", {**own, "destroy": found, **more}))


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_what_a_space_has_is_seen_by_its_members_alone(app: App) -> None:
    ann, bob, cy, eve = [await someone(app, name) for name in ("ann", "bob", "cy", "eve")]
    given = {
        "name": "Lab",
        "purpose": f"About the {PURPOSE}",
        "members": {bob.account: "member", cy.account: "manager"},
    }
    made = await ann(("Space/set", {"accountId": ann.account, "create": {"s": given}}))
    space = made[0][1]["created"]["s"]["id"]
    principal = await directory.by_id(app.context.store.db, ids.parse(space))
    team = Person(principal, cy.client, cy.using)
    has = await filled(app, team)
    await app._search.indexer.settle()
    assert leaked(await everything(app, bob, team, has)) == {*SECRETS}
    assert leaked(await everything(app, eve, team, has)) == set()

    left = {space: {"members": {ann.account: "manager", cy.account: "manager"}}}
    await ann(("Space/set", {"accountId": ann.account, "update": left}))
    await forget(bob)
    await app._search.indexer.settle()
    assert leaked(await everything(app, bob, team, has)) == set()

    await ann(("Space/set", {"accountId": ann.account, "destroy": [space]}))
    await forget(ann)
    await app._search.indexer.settle()
    assert leaked(await everything(app, ann, team, has)) == {PURPOSE}  # whoever managed it can have it back
