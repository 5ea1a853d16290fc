"""Passwords, sessions, app passwords, limits."""

import asyncio

import argon2
import pytest

from parvis.access import accounts, app_passwords, gate, passwords, sessions, signin
from parvis.access.limits import ADDRESS, PAIR, network
from parvis.kernel import clock
from parvis.kernel.errors import Forbidden, Invalid, NotFound, RateLimited, Unauthenticated
from parvis.store.sql.contract import counting
from parvis.store.store import Store

GOOD = "Ostrich/7-Lantern"
HOME, AWAY = "192.0.2.10", "198.51.100.20"


@pytest.mark.parametrize(
    "password", ["Ab3$Ab3$xyZ9", "Abcdefgh1jklMn", "correct-horse-battery", GOOD, "Đường-vào-tim-em"]
)
def test_good_passwords_pass(password: str) -> None:
    passwords.check(password, "ann@example.org")


@pytest.mark.parametrize(
    "password",
    [
        "Sh0rt!",
        "abcdefghijkl",
        "Password1234!",
        "aaaaaaaaaaaaaaaaaaaaa",
        "Motdepasse2026!",
        "margaret-2026",
        "x" * 2000,
    ],
)
def test_weak_passwords_do_not(password: str) -> None:
    with pytest.raises(Invalid):
        passwords.check(password, "margaret@example.org")


async def test_the_profile_is_owasps_argon2id(full_price, monkeypatch) -> None:
    monkeypatch.setattr(passwords, "_HASHER", full_price)
    stored = await passwords.hashed(GOOD)
    parameters = argon2.extract_parameters(stored)
    assert stored.startswith("$argon2id$")
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (19 * 1024, 2, 1)


async def test_the_right_password_opens_and_the_wrong_one_does_not(store: Store, make_person) -> None:
    ann = await make_person(store, "ann")
    await passwords.change(store, ann.id, GOOD)
    found = await signin.authenticate(store, " Ann@Example.org", GOOD, protocol="web", remote=HOME)
    assert (found.id, found.address) == (ann.id, "ann@example.org")
    for name, password in [("ann@example.org", "wrong"), ("nobody@example.org", GOOD), ("no address", GOOD)]:
        with pytest.raises(Unauthenticated):
            await signin.authenticate(store, name, password, protocol="web", remote=HOME)
    with pytest.raises(Unauthenticated):
        await signin.authenticate(
            store, "ann@example.org", GOOD, protocol="imap", remote=HOME, main_everywhere=False
        )


async def test_an_unknown_name_costs_as_much_as_a_known_one(store_sqlite: Store, make_person, monkeypatch) -> None:
    ann = await make_person(store_sqlite, "ann")
    await passwords.change(store_sqlite, ann.id, GOOD)
    verified = []
    real = passwords._HASHER.verify

    class Hasher:
        def verify(self, stored: str, password: str) -> bool:
            verified.append(argon2.extract_parameters(stored))
            return real(stored, password)

    monkeypatch.setattr(passwords, "_HASHER", Hasher())
    for name in ("ann@example.org", "nobody@example.org", "rubbish"):
        with pytest.raises(Unauthenticated):
            await signin.authenticate(store_sqlite, name, "wrong", protocol="web", remote=HOME)
    assert len(verified) == 3 and len(set(map(repr, verified))) == 1


async def test_an_old_hash_is_renewed_at_the_next_sign_in(store_sqlite: Store, make_person) -> None:
    ann = await make_person(store_sqlite, "ann")
    old = argon2.PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(GOOD)
    await store_sqlite.write(lambda unit: passwords.keep(unit, ann.id, old))
    since = clock.now_ms()
    with clock.frozen(since + 1000):
        await signin.authenticate(store_sqlite, ann.address, GOOD, protocol="web", remote=HOME)
    assert not passwords.is_outdated(await store_sqlite.db.value("SELECT hash FROM password"))
    assert await sessions.lives(store_sqlite, ann, since), "what was opened with it stays open"


async def test_guessing_gets_slower_and_survives_a_restart(
    store_sqlite: Store, settings, rooms, make_person
) -> None:
    ann = await make_person(store_sqlite, "ann")
    await passwords.change(store_sqlite, ann.id, GOOD)
    start = clock.now_ms()
    with clock.frozen(start):
        for _ in range(PAIR.free):
            with pytest.raises(Unauthenticated):
                await signin.authenticate(store_sqlite, ann.address, "wrong", protocol="imap", remote=HOME)
        reopened = await Store.open(settings, rooms)
        with pytest.raises(RateLimited) as limited:
            await signin.authenticate(reopened, ann.address, GOOD, protocol="imap", remote=HOME)
        await reopened.close()
        assert limited.value.fields["retry_after"] == 1
        assert await signin.authenticate(store_sqlite, ann.address, GOOD, protocol="imap", remote=AWAY)
    with clock.frozen(start + 1000):
        with pytest.raises(Unauthenticated):
            await signin.authenticate(store_sqlite, ann.address, "wrong", protocol="imap", remote=HOME)
        with pytest.raises(RateLimited) as limited:
            await signin.authenticate(store_sqlite, ann.address, GOOD, protocol="imap", remote=HOME)
        assert limited.value.fields["retry_after"] == 2
    with clock.frozen(start + 3000):
        assert await signin.authenticate(store_sqlite, ann.address, GOOD, protocol="imap", remote=HOME)
        with pytest.raises(Unauthenticated):  # forgiven: counting starts anew
            await signin.authenticate(store_sqlite, ann.address, "wrong", protocol="imap", remote=HOME)


async def test_guessing_in_parallel_gains_nothing(store_sqlite: Store, make_person) -> None:
    ann = await make_person(store_sqlite, "ann")
    tries = [
        signin.authenticate(store_sqlite, ann.address, "wrong", protocol="imap", remote=HOME) for _ in range(20)
    ]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, Unauthenticated) for result in results) == PAIR.free
    assert sum(isinstance(result, RateLimited) for result in results) == 20 - PAIR.free


def test_a_stranger_cannot_be_locked_out_for_long() -> None:
    assert ADDRESS.wait_ms(1000) <= 30_000


def test_networks() -> None:
    assert network("192.0.2.77") == network("::ffff:192.0.2.1") == "192.0.2.0/24"
    assert network("2001:db8:1:2:3::1") == network("2001:db8:1:ff::9") == "2001:db8:1::/56"
    assert network("rubbish") == "?"


async def test_a_session_resolves_until_it_is_ended(store: Store, make_person) -> None:
    ann = await make_person(store, "ann")
    token, session = await sessions.open(store, ann, "Firefox", HOME)
    assert token not in str(await store.db.rows("SELECT * FROM session"))
    with counting() as count:
        principal = await sessions.resolve(store, token)
        assert len(count) == 1
        await sessions.resolve(store, token)
        assert len(count) == 1
        await gate.require(store.db, principal, ann.id, "mail")
        assert len(count) == 2
    assert (principal.id, principal.session_id) == (ann.id, session.id)
    assert [one.id for one in await sessions.of(store, ann)] == [session.id]
    closed = []
    await sessions.on_end(store, closed.append)
    await sessions.end(store, ann, session.id)
    assert closed[0].concerns(principal) and not closed[0].concerns(ann)
    with pytest.raises(Unauthenticated):
        await sessions.resolve(store, token)
    with pytest.raises(NotFound):
        await sessions.end(store, ann, session.id)


async def test_nobody_ends_the_session_of_another(store: Store, make_person) -> None:
    ann, bob = await make_person(store, "ann"), await make_person(store, "bob")
    token, session = await sessions.open(store, ann, "Firefox", HOME)
    with pytest.raises(NotFound):
        await sessions.end(store, bob, session.id)
    assert (await sessions.resolve(store, token)).id == ann.id


async def test_a_session_ends_when_unused_and_use_is_noted_once_a_minute(store_sqlite: Store, make_person) -> None:
    ann, start = await make_person(store_sqlite, "ann"), clock.now_ms()
    token, _session = await sessions.open(store_sqlite, ann, "Firefox", HOME)
    later = start + sessions.SESSION_MS - 1000
    with clock.frozen(later):
        await sessions.resolve(store_sqlite, token)
        await asyncio.gather(*sessions._caches[store_sqlite].tasks)
        assert (await sessions.of(store_sqlite, ann))[0].used_ms == later
    sessions._caches[store_sqlite].known.clear()
    with clock.frozen(later + sessions.SESSION_MS + 1):
        with pytest.raises(Unauthenticated):
            await sessions.resolve(store_sqlite, token)
        assert await sessions.prune(store_sqlite) == 1


async def test_another_node_forgets_within_seconds(
    store_sqlite: Store, settings, rooms, make_person, monkeypatch
) -> None:
    ann = await make_person(store_sqlite, "ann")
    token, session = await sessions.open(store_sqlite, ann, "Firefox", HOME)
    other = await Store.open(settings, rooms)  # its bus hears nothing of the first one's
    await sessions.resolve(other, token)
    await sessions.end(store_sqlite, ann, session.id)
    now = clock.monotonic()
    monkeypatch.setattr(clock, "monotonic", lambda: now + sessions.CACHE_SECONDS + 0.1)
    with pytest.raises(Unauthenticated):
        await sessions.resolve(other, token)
    assert sessions.CACHE_SECONDS <= 5
    monkeypatch.undo()
    await other.close()


async def test_an_app_password_opens_its_protocols_only(store: Store, make_person) -> None:
    ann, bob = await make_person(store, "ann"), await make_person(store, "bob")
    secret, session = await app_passwords.create(store, ann, "phone", ["imap", "smtp"])
    found = await signin.authenticate(store, ann.address, secret.upper(), protocol="imap", remote=HOME)
    assert (found.id, found.session_id, found.protocols) == (ann.id, session.id, {"imap", "smtp"})
    for name, protocol in [(ann.address, "jmap"), (ann.address, "web"), (bob.address, "imap")]:
        with pytest.raises(Unauthenticated):
            await signin.authenticate(store, name, secret, protocol=protocol, remote=HOME)
    with pytest.raises(Unauthenticated):
        await sessions.resolve(store, secret.replace("-", ""))
    assert [one.name for one in await app_passwords.list(store, ann)] == ["phone"]
    await app_passwords.remove(store, ann, session.id)
    with pytest.raises(Unauthenticated):
        await signin.authenticate(store, ann.address, secret, protocol="imap", remote=HOME)
    with pytest.raises(Invalid):
        await app_passwords.create(store, ann, "phone", ["telnet"])


async def test_changing_the_password_ends_the_other_browsers(store: Store, make_person) -> None:
    ann = await make_person(store, "ann")
    await passwords.change(store, ann.id, GOOD)
    here, _ = await sessions.open(store, ann, "here", HOME)
    there, _ = await sessions.open(store, ann, "there", AWAY)
    me = await sessions.resolve(store, here)
    with pytest.raises(Unauthenticated):
        await signin.change_password(store, me, "wrong", GOOD + "2", remote=HOME)
    await signin.change_password(store, me, GOOD, GOOD + "2", remote=HOME)
    assert (await sessions.resolve(store, here)).id == ann.id
    with pytest.raises(Unauthenticated):
        await sessions.resolve(store, there)


async def test_who_is_disabled_loses_access_at_once(store: Store, make_person) -> None:
    ann, bob = await make_person(store, "ann"), await make_person(store, "bob")
    await passwords.change(store, bob.id, GOOD)
    scope = await store.db.value("SELECT id FROM scope WHERE account_id = ?", ann.id)
    await store.write(lambda unit: gate.give(unit, ann, scope, bob.id, gate.Right.READ))
    token, _ = await sessions.open(store, bob, "Firefox", HOME)
    await sessions.resolve(store, token)
    await accounts.disable(store, bob.id)
    for account in (ann.id, bob.id):
        with pytest.raises(NotFound):
            await gate.require(store.db, bob, account, "mail")
    with pytest.raises(Unauthenticated):
        await sessions.resolve(store, token)
    with pytest.raises(Unauthenticated):
        await signin.authenticate(store, bob.address, GOOD, protocol="web", remote=HOME)
    await accounts.enable(store, bob.id)
    assert (await gate.require(store.db, bob, bob.id, "mail")).owner
    with pytest.raises(Forbidden):
        await gate.require(store.db, bob, ann.id, "mail", gate.Right.WRITE)


async def test_a_nul_in_a_name_is_as_wrong_as_any_other_and_counts_for_the_same_person(
    store: Store, make_person
) -> None:
    ann = await make_person(store, "ann")
    await passwords.change(store, ann.id, GOOD)
    for place in range(PAIR.free):
        name = ann.address[:place] + "\0" + ann.address[place:]
        with pytest.raises(Unauthenticated):
            await signin.authenticate(store, name, GOOD, protocol="web", remote=HOME)
    with pytest.raises(RateLimited):
        await signin.authenticate(store, ann.address, GOOD, protocol="web", remote=HOME)
