"""What people of one server learn of people and rooms of another."""

from parvis.store.sql.contract import counting


async def test_profiles_of_another_server(two) -> None:
    one, other = two
    ann, bob = await one.client("ann"), await other.client("bob")
    await bob.ask("PUT", f"/v3/profile/{bob.user}/org.example.pet", json={"org.example.pet": "cat"})
    assert await ann.ask("GET", f"/v3/profile/{bob.user}") == {"displayname": "Bob", "org.example.pet": "cat"}
    assert await ann.ask("GET", f"/v3/profile/{bob.user}/displayname") == {"displayname": "Bob"}
    await ann.ask("GET", f"/v3/profile/{bob.user}/avatar_url", 404)
    missing = await ann.ask("GET", f"/v3/profile/@nobody:{other.name}", 404)
    assert missing["errcode"] == "M_NOT_FOUND"
    away = await ann.ask("GET", "/v3/profile/@nobody:localhost:1", 503)
    assert away["errcode"] == "M_UNKNOWN"


async def test_rooms_of_another_server_by_name_and_list(two) -> None:
    one, other = two
    ann, bob = await one.client("ann"), await other.client("bob")
    body = {"room_alias_name": "tea", "preset": "public_chat", "visibility": "public", "name": "Tea"}
    room = (await bob.ask("POST", "/v3/createRoom", json=body))["room_id"]
    found = await ann.ask("GET", f"/v3/directory/room/%23tea:{other.name}")
    assert found == {"room_id": room, "servers": [other.name]}
    await ann.ask("GET", f"/v3/directory/room/%23coffee:{other.name}", 404)
    with counting() as counted:
        listed = await ann.ask("GET", "/v3/publicRooms", params={"server": other.name})
    assert [each["room_id"] for each in listed["chunk"]] == [room]
    assert len(counted.statements) <= 2
    body = {"filter": {"generic_search_term": "coffee"}}
    listed = await ann.ask("POST", "/v3/publicRooms", json=body, params={"server": other.name})
    assert listed["chunk"] == []
