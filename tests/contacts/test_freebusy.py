"""The free-busy addresses of cards, for the calendar: of those that may be read, by one statement."""

from parvis.serve.freebusy import FreeBusyLinks
from parvis.store.sql.contract import counting

URL = "https://cal.elsewhere.example/zoe.ifb"


async def test_the_address_of_a_card_that_may_be_read(ann, bob, context) -> None:
    links = context.need(FreeBusyLinks)
    address = "Zoe@Elsewhere.example"
    card = {"emails": {"e": {"address": address}}, "calendars": {"c": {"uri": URL, "kind": "freeBusy"}}}
    await ann.make(**card)
    await ann.make(emails={"e": {"address": "yan@elsewhere.example"}})
    await ann.make(
        emails={"e": {"address": "xi@elsewhere.example"}}, calendars={"c": {"uri": URL, "kind": "calendar"}}
    )
    asked = [address.lower(), "yan@elsewhere.example", "xi@elsewhere.example"]
    with counting() as count:
        assert await links.of(ann.principal, asked) == {address.lower(): URL}
    assert len(count) == 1
    assert await links.of(bob.principal, asked) == {}
    book = await ann.book()
    await ann("AddressBook/set", update={book: {"shareWith": {bob.account: {"mayRead": True}}}})
    assert await links.of(bob.principal, asked) == {address.lower(): URL}
    await ann("AddressBook/set", update={book: {"shareWith": None}})
    assert await links.of(bob.principal, asked) == {}
