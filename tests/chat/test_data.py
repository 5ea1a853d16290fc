"""Account data, tags, filters, push rules, pushers, profiles and finding people."""

import pytest

from parvis.access import directory
from parvis.chat.people import streams
from parvis.chat.server import Server
from parvis.store.sql.contract import counting
from tests.chat.test_login import login

ROOM = "!room:example.org"


@pytest.fixture
async def server(context) -> Server:
    found = Server(context)
    await found.open()
    return found


async def test_account_data_is_kept_and_told_once(open_client, server) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    begin = await streams.since(server, ann.person, "", None)
    assert [each["type"] for each in begin.account_data] == ["m.push_rules"]
    mine = f"/v3/user/{ann.user}"
    await ann.ask("PUT", f"{mine}/account_data/m.direct", json={"@bob:example.org": [ROOM]})
    await ann.ask("PUT", f"{mine}/rooms/{ROOM}/account_data/org.x", json={"a": 1.5})
    assert await ann.ask("GET", f"{mine}/account_data/m.direct") == {"@bob:example.org": [ROOM]}
    assert (await ann.ask("GET", f"{mine}/account_data/other", 404))["errcode"] == "M_NOT_FOUND"
    with counting() as counted:
        told = await streams.since(server, ann.person, "", begin.position)
    assert len(counted.statements) <= 3
    assert told.account_data == [{"type": "m.direct", "content": {"@bob:example.org": [ROOM]}}]
    assert told.room_account_data == {ROOM: [{"type": "org.x", "content": {"a": 1.5}}]}
    assert (await streams.since(server, ann.person, "", told.position)).is_empty
    for path in (
        f"{mine}/account_data/m.direct",
        f"{mine}/rooms/{ROOM}/account_data/org.x",
        f"{mine}/rooms/{ROOM}/tags",
    ):
        assert (await bob.ask("GET", path, 403))["errcode"] == "M_FORBIDDEN"
    assert (await bob.ask("PUT", f"{mine}/account_data/x", 403, json={}))["errcode"] == "M_FORBIDDEN"
    for kind in ("m.push_rules", "m.fully_read"):
        assert (await ann.ask("PUT", f"{mine}/account_data/{kind}", 405, json={}))["errcode"] == "M_BAD_JSON"
    assert (await ann.ask("PUT", f"{mine}/account_data/x", 400, content=b"[]"))["errcode"] == "M_BAD_JSON"
    assert (await ann.ask("PUT", f"{mine}/account_data/x", 413, json={"x": "y" * 300_000}))[
        "errcode"
    ] == "M_TOO_LARGE"


async def test_tags(open_client, server) -> None:
    ann = await open_client("ann")
    path = f"/v3/user/{ann.user}/rooms/{ROOM}/tags"
    assert await ann.ask("GET", path) == {"tags": {}}
    await ann.ask("PUT", f"{path}/m.favourite", json={"order": 0.25})
    await ann.ask("PUT", f"{path}/u.work")
    assert await ann.ask("GET", path) == {"tags": {"m.favourite": {"order": 0.25}, "u.work": {}}}
    await ann.ask("DELETE", f"{path}/u.work")
    told = (await streams.since(server, ann.person, "", None)).room_account_data[ROOM]
    assert told == [{"type": "m.tag", "content": {"tags": {"m.favourite": {"order": 0.25}}}}]
    assert (await ann.ask("PUT", f"{path}/x", 400, json={"order": "1"}))["errcode"] == "M_INVALID_PARAM"


async def test_filters(open_client) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    path, wanted = f"/v3/user/{ann.user}/filter", {"room": {"timeline": {"limit": 5}}}
    first = (await ann.ask("POST", path, json=wanted))["filter_id"]
    assert (await ann.ask("POST", path, json=wanted))["filter_id"] == first
    assert await ann.ask("GET", f"{path}/{first}") == wanted
    assert (await bob.ask("GET", f"/v3/user/{bob.user}/filter/{first}", 404))["errcode"] == "M_NOT_FOUND"
    await ann.ask("POST", path, 400, json={"room": {"timeline": {"limit": "many"}}})


async def test_push_rules_are_set_and_told(open_client, server) -> None:
    ann = await open_client("ann")
    path = f"/v3/pushrules/global/room/{ROOM}"
    await ann.ask("PUT", path, json={"actions": []})
    assert (await ann.ask("GET", path))["actions"] == []
    await ann.ask("PUT", f"{path}/actions", json={"actions": ["notify"]})
    await ann.ask("PUT", "/v3/pushrules/global/override/.m.rule.master/enabled", json={"enabled": True})
    assert await ann.ask("GET", "/v3/pushrules/global/override/.m.rule.master/enabled") == {"enabled": True}
    everything = await ann.ask("GET", "/v3/pushrules/")
    assert everything["global"]["room"][0]["actions"] == ["notify"]
    assert await ann.ask("GET", "/v3/pushrules/global/") == everything["global"]
    (told,) = (await streams.since(server, ann.person, "", None)).account_data
    assert told == {"type": "m.push_rules", "content": everything}
    assert await ann.ask("GET", f"/v3/user/{ann.user}/account_data/m.push_rules") == everything
    await ann.ask("DELETE", path)
    assert (await ann.ask("GET", path, 404))["errcode"] == "M_NOT_FOUND"
    await ann.ask("PUT", "/v3/pushrules/global/room/nothing", 400, json={"actions": []})


async def test_pushers(open_client) -> None:
    ann = await open_client("ann", signed_in=False)
    await login(ann)
    pusher = {
        "app_id": "org.x", "pushkey": "k", "kind": "http", "app_display_name": "X", "device_display_name": "Phone",
        "lang": "en", "data": {"url": "https://push.example/_matrix/push/v1/notify"},
    }  # fmt: skip
    for _ in range(2):
        await ann.ask("POST", "/v3/pushers/set", json=pusher)
    assert await ann.ask("GET", "/v3/pushers") == {"pushers": [pusher]}
    plain = pusher | {"data": {"url": "http://push.example/"}}
    assert (await ann.ask("POST", "/v3/pushers/set", 400, json=plain))["errcode"] == "M_INVALID_PARAM"
    await ann.ask("POST", "/v3/pushers/set", json={"app_id": "org.x", "pushkey": "k", "kind": None})
    assert await ann.ask("GET", "/v3/pushers") == {"pushers": []}
    await ann.ask("POST", "/v3/pushers/set", json=pusher)
    await ann.ask("POST", "/v3/logout")
    await login(ann)
    assert await ann.ask("GET", "/v3/pushers") == {"pushers": []}


async def test_profiles_have_the_directorys_name_and_what_people_show(open_client) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    path = f"/v3/profile/{ann.user}"
    await ann.ask("PUT", f"{path}/avatar_url", json={"avatar_url": "mxc://example.org/abc"})
    await ann.ask("PUT", f"{path}/m.tz", json={"m.tz": "Europe/Paris"})
    shown = {"displayname": "Ann", "avatar_url": "mxc://example.org/abc", "m.tz": "Europe/Paris"}
    assert await bob.ask("GET", path) == shown
    assert await bob.ask("GET", f"{path}/displayname") == {"displayname": "Ann"}
    assert (await ann.ask("PUT", f"{path}/displayname", 403, json={"displayname": "X"}))["errcode"] == "M_FORBIDDEN"
    assert (await bob.ask("PUT", f"{path}/m.tz", 403, json={"m.tz": "UTC"}))["errcode"] == "M_FORBIDDEN"
    assert (await ann.ask("PUT", f"{path}/avatar_url", 400, json={"avatar_url": "http://x"}))[
        "errcode"
    ] == "M_INVALID_PARAM"
    big = {"org.x": "y" * 40_000}
    assert (await ann.ask("PUT", f"{path}/org.x", 400, json=big))["errcode"] == "M_PROFILE_TOO_LARGE"
    await ann.ask("DELETE", f"{path}/m.tz")
    assert (await bob.ask("GET", f"{path}/m.tz", 404))["errcode"] == "M_NOT_FOUND"
    assert (await bob.ask("GET", "/v3/profile/@x:example.org", 404))["errcode"] == "M_NOT_FOUND"
    stranger = await open_client("ann", signed_in=False)
    await stranger.ask("GET", path, 401)


async def test_people_are_found_by_the_beginnings_of_names(open_client, context) -> None:
    ann = await open_client("ann")
    for name, address in (("Élise Martin", "em@example.org"), ("Elias Roth", "er@example.org")):
        await context.store.write(
            lambda unit, name=name, address=address: directory.create(unit, "person", name, address)
        )

    async def found(term: str, **more) -> list[str]:
        got = await ann.ask("POST", "/v3/user_directory/search", json={"search_term": term, **more})
        return [each["user_id"] for each in got["results"]] + (["..."] if got["limited"] else [])

    assert await found("elise") == ["@em:example.org"]
    assert sorted(await found("el")) == ["@em:example.org", "@er:example.org"]
    assert len(await found("el", limit=1)) == 2
    assert await found("mart éli") == ["@em:example.org"]
    assert await found("@er:exa") == ["@er:example.org"]
    assert await found("ann") == [] and await found("") == []
