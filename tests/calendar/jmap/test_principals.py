"""What the directory says of somebody's calendars. draft-ietf-jmap-calendars §2.1"""

from parvis.access import colleagues
from parvis.calendar.model import CALENDARS
from parvis.store.sql.contract import counting


async def test_whose_calendars_may_be_read_and_who_may_be_asked(ann, bob, person, context) -> None:
    room = await person("salle", kind="resource")
    bob.using = (*bob.using, "urn:parvis:sharing")

    async def told(properties=("capabilities",)) -> dict[str, dict]:
        got = await bob("Principal/get", ids=[ann.account, bob.account, room.account], properties=properties)
        return {each["id"]: each["capabilities"][CALENDARS] for each in got["list"]}

    said = await told()
    assert said[ann.account] == {
        "accountId": None,
        "mayGetAvailability": True,
        "mayShareWith": True,
        "calendarAddress": "mailto:ann@example.org",
    }
    assert said[bob.account]["accountId"] == bob.account and said[bob.account]["mayShareWith"] is False
    assert said[bob.account]["mayGetAvailability"] is True and said[room.account]["mayShareWith"] is False
    share = {"shareWith": {bob.account: {"mayReadItems": True, "mayReadFreeBusy": True}}}
    await ann("Calendar/set", update={await ann.calendar(): share})
    assert (await told(None))[ann.account]["accountId"] == ann.account
    await ann("Calendar/set", update={await ann.calendar(): {"shareWith": None}})
    await ann("Calendar/freeBusy", tellsColleagues=False)
    assert (await told())[ann.account]["mayGetAvailability"] is False
    await colleagues.settle(context.store, False)
    said = await told()
    assert said[room.account]["mayGetAvailability"] is False and said[bob.account]["mayGetAvailability"] is True


async def test_the_directory_is_told_in_a_bounded_number_of_statements(ann, bob, person) -> None:
    spent = []
    for name in ("cid", "dan"):
        await person(name)
        with counting() as statements:
            await bob("Principal/get", ids=None, properties=["capabilities"])
        spent.append(len(statements))
    assert spent[0] == spent[1] <= 8, spent
