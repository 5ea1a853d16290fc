"""Identity in JMAP. RFC 8621 §6"""

from parvis.access import directory
from tests.mail.smtp.conftest import Site


async def test_every_address_has_an_identity_the_main_one_first(site: Site) -> None:
    ann = await site.person("ann")
    client = site.client(ann)
    first = (await client("Identity/get", ids=None))["list"]
    assert [(one["email"], one["name"], one["mayDelete"]) for one in first] == [("ann@example.org", "ann", False)]
    await site.store.write(lambda unit: directory.add_address(unit, ann.id, "aaa@example.org"))
    second = (await client("Identity/get", ids=None))["list"]
    assert [one["email"] for one in second] == ["ann@example.org", "aaa@example.org"]
    assert second[0]["id"] == first[0]["id"]
    assert (await client("Identity/get", ids=None))["list"] == second


async def test_set(site: Site) -> None:
    client = site.client(await site.person("ann"))
    before = (await client("Identity/get", ids=[]))["state"]
    made = await client(
        "Identity/set",
        create={
            "ok": {
                "email": "Ann+Work@example.org",
                "name": "Work",
                "replyTo": [{"name": None, "email": "r@example.net"}],
            },
            "foreign": {"email": "bob@example.net"},
            "wrong": {"email": "not an address"},
            "none": {"name": "x"},
            "bad": {"email": "ann@example.org", "bcc": [{"email": "nobody"}]},
        },
    )
    assert made["created"]["ok"]["mayDelete"] is True and made["created"]["ok"]["email"] == "ann+work@example.org"
    errors = {key: (one["type"], one.get("properties")) for key, one in made["notCreated"].items()}
    assert errors == {
        "foreign": ("forbiddenFrom", None),
        "wrong": ("invalidProperties", ["email"]),
        "none": ("invalidProperties", ["email"]),
        "bad": ("invalidProperties", ["bcc"]),
    }
    number = made["created"]["ok"]["id"]
    first = (await client("Identity/get", ids=None))["list"][0]["id"]
    changed = await client(
        "Identity/set",
        update={number: {"textSignature": "-- \nAnn", "replyTo": None}, first: {"email": "x@example.org"}},
        destroy=[first],
    )
    assert changed["updated"] == {number: None}
    assert changed["notUpdated"][first]["type"] == "willDestroy"
    assert changed["notDestroyed"][first]["type"] == "forbidden"
    one = (await client("Identity/get", ids=[number]))["list"][0]
    assert (one["textSignature"], one["replyTo"], one["name"]) == ("-- \nAnn", None, "Work")
    assert (await client("Identity/set", destroy=[number]))["destroyed"] == [number]
    log = await client("Identity/changes", sinceState=before)
    assert (log["created"], log["updated"], log["destroyed"]) == ([], [], [])


async def test_a_stranger_sees_nothing(site_sqlite: Site) -> None:
    ann, bob = await site_sqlite.person("ann"), await site_sqlite.person("bob")
    other = site_sqlite.client(bob)
    assert (await other("Identity/get", accountId=site_sqlite.client(ann).account, ids=None))[
        "error"
    ] == "accountNotFound"
