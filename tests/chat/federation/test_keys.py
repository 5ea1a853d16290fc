"""The keys of servers: published, fetched, kept, vouched for, changed."""

import httpx
import pytest

from parvis.chat.federation.contract import PeerError, path
from parvis.chat.federation.outside import Asked
from parvis.chat.federation.policy import Policy
from parvis.kernel import clock
from parvis.kernel.errors import Unavailable
from parvis.kernel.settings import Federation
from parvis.wire.matrix import server_keys, signing, xmatrix
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.server_keys import DAY_MS
from parvis.wire.matrix.signing import SigningKey

VERSION = path("federation", "v1", "version")
PROFILE = path("federation", "v1", "query", "profile")
OWN = path("key", "v2", "server")


async def test_servers_find_each_other_and_say_what_they_run(two) -> None:
    one, other = two
    found = await one.federation.peers.get(other.name, VERSION)
    assert found["server"]["name"] == "Parvis"
    known = await one.federation.outside.ask(other.place, Asked(target="/.well-known/matrix/server"), 1_000)
    assert known.body.decode() == f'{{"m.server":"{other.name}"}}'
    assert {each.purpose for each in one.contacts} == {"federation"} and all(each.allowed for each in one.contacts)


async def test_keys_are_fetched_once_and_kept(two) -> None:
    one, other = two
    key, now = other.federation.home.key, clock.now_ms()
    found = await one.federation.peers.key(other.name, key.id, now)
    assert found is not None and found.text == key.verify_key.text
    asked = len(one.contacts)
    assert await one.federation.peers.key(other.name, key.id, now + 1000) is not None
    assert await one.federation.peers.key(other.name, "ed25519:none", now) is None
    assert await one.federation.peers.key(other.name, "ed25519:none", now) is None
    assert len(one.contacts) == asked
    kept = await one.store.db.rows("SELECT server, key_id FROM chat_peer_key")
    assert kept == [(other.name, key.id)]


async def test_what_a_server_signed_is_checked(two) -> None:
    one, other = two
    now = clock.now_ms()
    value = signing.sign({"said": "this"}, other.name, other.federation.home.key)
    await one.federation.peers.verify(other.name, value, now)
    for wrong in ({**value, "said": "that"}, {"said": "this"}):
        with pytest.raises(BadMatrix) as error:
            await one.federation.peers.verify(other.name, wrong, now)
        assert error.value.errcode == "M_UNAUTHORIZED"
    with pytest.raises(BadMatrix):  # not for ever
        await one.federation.peers.verify(other.name, value, now + 8 * DAY_MS)
    mine = signing.sign({"said": "this"}, one.name, one.federation.home.key)
    await one.federation.peers.verify(one.name, mine, now)


async def test_a_new_key_leaves_what_the_old_one_signed(two) -> None:
    one, other = two
    old, now = other.federation.home.key, clock.now_ms()
    value = signing.sign({"said": "this"}, other.name, old)
    new = await other.federation.home.rotate()
    assert new.id != old.id and other.federation.home.old_keys.keys() == {old.id}
    again = signing.sign({"said": "more"}, other.name, new)
    await one.federation.peers.verify(other.name, again, now)
    await one.federation.peers.verify(other.name, value, now - 1000)
    with pytest.raises(BadMatrix):  # signed when it was no more
        await one.federation.peers.verify(other.name, value, now + 60_000)
    await other.federation.home.open()  # as after a start
    assert other.federation.home.key.id == new.id
    await one.federation.peers.get(other.name, VERSION)


async def test_a_server_vouches_for_the_keys_of_another(two) -> None:
    one, other = two
    body = {"server_keys": {one.name: {}, other.name: {other.federation.home.key.id: {}}}}
    found = await one.federation.peers.post(other.name, path("key", "v2", "query"), body)
    ours = {other.federation.home.key.id: other.federation.home.key.verify_key}
    read = server_keys.read_notarised(found, other.name, ours)
    assert {each.server for each in read} == {one.name, other.name}
    single = await one.federation.peers.get(other.name, path("key", "v2", "query", one.name))
    assert len(server_keys.read_notarised(single, other.name, ours)) == 1


async def test_the_keys_of_who_is_away_are_asked_of_a_notary(two) -> None:
    one, other = two
    away = "localhost:1"
    key = SigningKey.generate("x")
    said = server_keys.read(server_keys.published(away, [key], {}, clock.now_ms() + DAY_MS))
    await other.federation.keyring._keep(said)
    assert await one.federation.peers.key(away, key.id, clock.now_ms()) is None
    one.federation.keyring._notaries = (other.name,)
    one.federation.keyring._asked.clear()
    found = await one.federation.peers.key(away, key.id, clock.now_ms())
    assert found is not None and found.text == key.verify_key.text


async def test_who_does_not_answer_is_not_asked_again_at_once(two) -> None:
    one, _ = two
    with pytest.raises(Unavailable):
        await one.federation.peers.get("localhost:1", VERSION)
    asked = len(one.contacts)
    with pytest.raises(Unavailable, match="lately"):
        await one.federation.peers.get("localhost:1", VERSION)
    assert len(one.contacts) == asked
    row = await one.store.db.row("SELECT tries, retry_ms - failing_ms FROM chat_peer WHERE name = 'localhost:1'")
    assert row == (1, 2000)
    with pytest.raises(Unavailable):
        await one.federation.peers.get("no server", VERSION)


async def test_who_is_not_allowed_neither_asks_nor_is_asked(two) -> None:
    one, other = two
    with pytest.raises(PeerError) as error:
        await one.federation.peers.get(other.name, path("federation", "v1", "nothing"))
    assert (error.value.errcode, error.value.status) == ("M_UNRECOGNIZED", 404)
    other.settings.chat.federation.denied = ["LOCALHOST*"]
    await other.close()
    await other.open()
    with pytest.raises(PeerError) as error:
        await one.federation.peers.get(other.name, PROFILE, {"user_id": f"@a:{other.name}"})
    assert (error.value.errcode, error.value.status) == ("M_FORBIDDEN", 403)
    with pytest.raises(Unavailable, match="not spoken to"):
        await other.federation.peers.get(one.name, VERSION)


def test_policies() -> None:

    policy = Policy(
        Federation(enabled=True, allowed=["*.org"], denied=["bad.*"], labels={"*.a.org": "partner"}), "us.org"
    )
    assert [policy.allows(each) for each in ("x.org", "X.ORG", "bad.org", "x.com", "us.org")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert (policy.label("m.a.org"), policy.label("m.b.org")) == ("partner", "")
    assert not Policy(Federation(), "us.org").allows("x.org")


async def test_requests_of_a_forged_origin_are_refused(two) -> None:
    one, other = two
    uri = PROFILE + "?user_id=%40a%3Ab"
    key = SigningKey.generate(one.federation.home.key.version)
    right = xmatrix.authorize(one.federation.home.key, "GET", uri, one.name, other.name)
    forged = [
        xmatrix.authorize(key, "GET", uri, one.name, other.name),
        xmatrix.authorize(one.federation.home.key, "GET", uri, one.name, "elsewhere.org"),
        xmatrix.authorize(one.federation.home.key, "GET", uri + "&x=1", one.name, other.name),
        right.replace("X-Matrix", "Bearer"),
        "",
    ]
    place = other.place
    for header in forged:
        answer = await one.federation.outside.ask(
            place, Asked(target=uri, headers={"authorization": header}), 10_000
        )
        assert answer.status == 401, answer.body
        assert b"M_UNAUTHORIZED" in answer.body
    answer = await one.federation.outside.ask(place, Asked(target=uri, headers={"authorization": right}), 10_000)
    assert answer.status in (200, 404)


async def test_switched_off_nothing_is_there(two) -> None:
    one, other = two
    other.settings.chat.federation.enabled = False
    await other.close()
    await other.open()
    async with httpx.AsyncClient(verify=one.federation.outside._tls, trust_env=False) as client:
        for where in (VERSION, OWN, "/.well-known/matrix/server"):
            assert (await client.get(f"https://{other.name}{where}")).status_code == 404
    with pytest.raises(Unavailable):
        await other.federation.peers.get(one.name, VERSION)
