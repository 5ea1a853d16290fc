"""Names of users, from addresses and back."""

import pytest

from parvis.access import directory
from parvis.chat.users import Users
from parvis.store.sql.contract import counting

USERS = Users("example.org")


@pytest.mark.parametrize(
    ("address", "user"),
    [
        ("ann@example.org", "@ann:example.org"),
        ("ann+x@example.org", "@ann+x:example.org"),
        ("a=b@example.org", "@a=3db:example.org"),
        ("o'neil@example.org", "@o=27neil:example.org"),
        ("élise@example.org", "@=c3=a9lise:example.org"),
        ("ann@other.example", "@ann=40other.example:example.org"),
        ('"a@b"@example.org', "@=22a=40b=22=40example.org:example.org"),
    ],
)
def test_both_ways(address: str, user: str) -> None:
    assert USERS.id_for(address) == user
    assert USERS.address_for(user) == address


@pytest.mark.parametrize(
    "user",
    ["@ann:other.example", "ann", "@:", "@=61nn:example.org", "@=ff:example.org", "@ann=40example.org:example.org",
     "@Ann:example.org", "@a b:example.org"],
)  # fmt: skip
def test_no_address_stands_behind_other_names(user: str) -> None:
    assert USERS.address_for(user) is None


async def test_people_are_found_in_one_statement(store, make_person) -> None:
    ann, bob = await make_person(store, "ann"), await make_person(store, "bob")
    await store.write(lambda unit: directory.add_address(unit, ann.id, "second@example.org"))
    asked = [
        "@ann:example.org",
        "@bob:example.org",
        "@second:example.org",
        "@none:example.org",
        "@ann:elsewhere.org",
    ]
    with counting() as counted:
        found = await USERS.principals(store.db, asked)
        names = await USERS.ids_of(store.db, [ann.id, bob.id])
    assert {user: who.id for user, who in found.items()} == {asked[0]: ann.id, asked[1]: bob.id}
    assert names == {ann.id: asked[0], bob.id: asked[1]} and len(counted.statements) == 2
