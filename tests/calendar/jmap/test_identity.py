"""ParticipantIdentity. draft-ietf-jmap-calendars §3"""

from parvis.access import directory
from tests.calendar.test_scheduling import people


async def identities(who) -> dict[str, dict]:
    got = await who("ParticipantIdentity/get", ids=None)
    return {each["calendarAddress"].removeprefix("mailto:"): each for each in got["list"]}


async def test_names_and_the_default(ann, bob, context) -> None:
    await context.store.write(lambda unit: directory.add_address(unit, ann.principal.id, "a@example.org"))
    found = await identities(ann)
    assert [(each["name"], each["isDefault"]) for each in found.values()] == [("ann", True), ("ann", False)]
    other = found["a@example.org"]["id"]
    state = (await ann("ParticipantIdentity/get", ids=[]))["state"]
    done = await ann(
        "ParticipantIdentity/set", update={other: {"name": "Ann at work"}}, onSuccessSetIsDefault=other
    )
    assert done["updated"][other] == {"isDefault": True} and done["newState"] != state
    changed = await identities(ann)
    assert changed["a@example.org"]["name"] == "Ann at work" and changed["a@example.org"]["isDefault"]
    assert not changed["ann@example.org"]["isDefault"]
    assert {each["id"] for each in changed.values()} == {each["id"] for each in found.values()}
    guests = {"b": people("bob")["b"]}
    number = await ann.make(participants=guests)
    assert (await ann.event(number))["organizerCalendarAddress"] == "mailto:a@example.org"


async def test_nobody_makes_or_removes_an_address(ann, bob) -> None:
    made = await ann("ParticipantIdentity/set", create={"i": {"calendarAddress": "mailto:boss@example.org"}})
    assert made["notCreated"]["i"]["type"] == "forbidden"
    (own,) = (await identities(ann)).values()
    gone = await ann("ParticipantIdentity/set", destroy=[own["id"]])
    assert gone["notDestroyed"][own["id"]]["type"] == "forbidden"
    wrong = await ann("ParticipantIdentity/set", update={own["id"]: {"calendarAddress": "mailto:boss@example.org"}})
    assert wrong["notUpdated"][own["id"]]["type"] == "invalidProperties"
    await ann("Calendar/set", update={await ann.calendar(): {"shareWith": {bob.account: {"mayReadItems": True}}}})
    refused = await bob("ParticipantIdentity/set", accountId=ann.account, update={own["id"]: {"name": "Not Ann"}})
    assert "Not Ann" not in str(await identities(ann)) and (refused.get("error") or refused["notUpdated"])
