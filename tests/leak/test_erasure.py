"""An account that was deleted: nothing of it is left in any table of either database, nor in the blobs. SE-03"""

import asyncio
import smtplib
from pathlib import Path

import pytest

from parvis.access import directory, erasure, gate, limits
from parvis.app import App
from parvis.kernel import ids
from parvis.kernel.errors import Unauthenticated
from parvis.mail import erase as mail_erase
from parvis.mail import service
from parvis.mail.lists import store as lists
from parvis.mail.queue import suppression
from parvis.mail.sieve.filter import Filters
from parvis.ops import people
from parvis.search import erase as search_erase
from parvis.store import tidy
from parvis.store.blobs import small
from parvis.store.check import check
from parvis.store.store import Store
from tests.chat.keyring import CURVE, Signer, cross, device_keys, one_time
from tests.files.test_previews import png
from tests.leak import test_files as file_life
from tests.leak.test_leak import PASSWORD, RAW, SECRETS, Person, asked, someone

OTHERS = RAW.replace(b"ann@example.net", b"bob@example.net")
GIF = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
for secret in SECRETS:
    OTHERS = OTHERS.replace(secret.encode(), b"ordinary")


async def live(app: App, ann: Person, bob: Person) -> None:
    """Ann does everything that leaves a trace."""
    store = app.context.store
    for number in range(5):
        raw = RAW.replace(b"<leak@", f"<{number}@".encode())
        await service.deliver(store, [service.Delivery(ann.principal.id)], raw, mail_from="petra@elsewhere.example")
    await service.deliver(store, [service.Delivery(ann.principal.id), service.Delivery(bob.principal.id)], OTHERS)
    account = ann.account
    boxes = await ann(("Mailbox/get", {"accountId": account, "properties": ["role"]}))
    drafts = next(one["id"] for one in boxes[0][1]["list"] if one["role"] == "drafts")
    identity = (await ann(("Identity/get", {"accountId": account})))[0][1]["list"][0]["id"]
    draft = {
        "mailboxIds": {drafts: True},
        "from": [{"email": "ann@example.net"}],
        "to": [{"email": "bob@example.net"}],
        "subject": SECRETS[0],
        "textBody": [{"partId": "t", "type": "text/plain"}],
        "bodyValues": {"t": {"value": f"soon {SECRETS[1]}"}},
    }
    sent = {"identityId": identity, "emailId": "#d", "envelope": envelope(hold=3600)}
    answers = await ann(
        ("Email/set", {"accountId": account, "create": {"d": draft}}),
        ("EmailSubmission/set", {"accountId": account, "create": {"s": sent}}),
        ("VacationResponse/set", {"accountId": account, "update": {"singleton": {"isEnabled": True}}}),
        ("Preferences/set", {"accountId": account, "update": {"singleton": {"theme": "dark"}}}),
        ("Blob/upload", {"accountId": account, "create": {"b": {"data": [{"data:asText": SECRETS[2]}]}}}),
        ("Mailbox/set", {"accountId": account, "update": {drafts: {"isSubscribed": False}}}),
        ("EmailTemplate/set", {"accountId": account, "create": {"t": {"name": SECRETS[0], "html": SECRETS[1]}}}),
        ("Mailbox/set", {"accountId": account, "create": {"z": {"name": SECRETS[2], "role": "snoozed"}}}),
        ("Email/query", {"accountId": account, "limit": 1}),
        *(
            ("Grant/set", {"accountId": giver, "create": {"g": {"scopeKind": "mail", "granteeId": taker}}})
            for giver, taker in ((account, bob.account),)
        ),
    )
    assert all(answers[n][1].get("created") for n in (1, 6, 7, 9)) and answers[2][1].get("updated"), answers
    later = {"mailboxIds": {answers[7][1]["created"]["z"]["id"]: True}, "snoozedUntil": "2099-01-01T00:00:00Z"}
    snoozed = answers[8][1]["ids"][0]
    slept = await ann(("Email/set", {"accountId": account, "update": {snoozed: later}}))
    assert snoozed in slept[0][1]["updated"], slept
    found = (await ann(("Email/query", {"accountId": account})))[0][1]["ids"]
    gone, bad = [one for one in found if one != snoozed][:2]
    await ann(
        ("Email/set", {"accountId": account, "destroy": [gone]}),
        ("Email/set", {"accountId": account, "update": {bad: {"keywords": {"$junk": True}}}}),
    )
    async with asyncio.timeout(20):
        while not await store.db.value("SELECT 1 FROM spam_token WHERE account_id = ?", ann.principal.id):
            await asyncio.sleep(0.05)
    await asked(ann, {"task": "ask", "text": f"What is the budget of {SECRETS[2]}?"})
    await filtered(app, ann)
    await contacts(ann, bob)
    scope = await store.db.value("SELECT id FROM scope WHERE account_id = ?", bob.principal.id)
    await store.write(lambda unit: gate.give(unit, bob.principal, scope, ann.principal.id, gate.Right.READ))
    with pytest.raises(Unauthenticated):
        async with limits.Attempt(store, "ann@example.net", "192.0.2.7"):
            raise Unauthenticated("wrong")
    await store.write(lambda unit: suppression.complained(unit, ann.principal.id, "petra@elsewhere.example"))
    await store.write(lambda unit: left_a_list(unit, ann.principal.id))
    await with_files(app, ann, bob)
    await with_chat(app, ann, bob)
    await app._search.indexer.settle()


async def contacts(ann: Person, bob: Person) -> None:
    """She has cards, of which two became one, in a book that she shares; and one of his that she has chosen to see."""
    for one, other in ((ann, bob), (bob, ann)):
        (book,) = [
            b for b in (await one(("AddressBook/get", {"accountId": one.account})))[0][1]["list"] if b["isDefault"]
        ]
        share = {"update": {book["id"]: {"shareWith": {other.account: {"mayRead": True}}}}}
        assert (await one(("AddressBook/set", {"accountId": one.account, **share})))[0][1]["updated"]
        seen = {"update": {book["id"]: {"isSubscribed": True}}}
        assert (await other(("AddressBook/set", {"accountId": one.account, **seen})))[0][1]["updated"]
        if one is ann:
            cards = {
                key: {"addressBookIds": {book["id"]: True}, "name": {"full": f"{SECRETS[3]} {key}"}} for key in "ab"
            }
            cards["b"]["media"] = {"m": {"kind": "photo", "uri": f"data:image/gif;base64,{GIF}"}}
            made = await ann(("ContactCard/set", {"accountId": ann.account, "create": cards}))
            numbers = [each["id"] for each in made[0][1]["created"].values()]
            merged = await ann(("ContactCard/merge", {"accountId": ann.account, "cardIds": numbers}))
            assert merged[0][0] == "ContactCard/merge", merged


async def with_chat(app: App, ann: Person, bob: Person) -> None:
    """She has devices with keys, a backup, account data, a profile and a picture; Bob has something for her and has
    signed her key."""
    hers, his = [await by_matrix(each, device) for each, device in ((ann, "HERS"), (bob, "HIS"))]
    user = "@ann:example.net"
    key, master, others = Signer(), Signer(), Signer()
    keys = {
        "device_keys": device_keys(key, user, "HERS"),
        "one_time_keys": one_time(key, user, "HERS", "A"),
        "fallback_keys": one_time(key, user, "HERS", "F"),
    }
    about = {"algorithm": "m.megolm_backup.v1.curve25519-aes-sha2", "auth_data": {"public_key": CURVE}}
    session = {
        "first_message_index": 0,
        "forwarded_count": 0,
        "is_verified": True,
        "session_data": {"x": SECRETS[1]},
    }
    gateway = "https://push.example/_matrix/push/v1/notify"
    pusher = {"app_id": "x", "pushkey": SECRETS[0], "kind": "http", "app_display_name": "x", "lang": "en"}
    backed = "/client/v3/room_keys/keys/!r:example.net/s?version=1"
    for method, path, body in (
        ("POST", "/client/v3/keys/upload", keys),
        ("POST", "/client/v3/keys/device_signing/upload", {"master_key": cross(master, user, "master")}),
        ("POST", "/client/v3/room_keys/version", about),
        ("PUT", backed, session),
        ("PUT", f"/client/v3/user/{user}/account_data/org.x", {"secret": SECRETS[2]}),
        ("POST", f"/client/v3/user/{user}/filter", {"room": {}}),
        ("PUT", f"/client/v3/profile/{user}/org.x", {"org.x": SECRETS[0]}),
        ("POST", "/client/v3/pushers/set", {**pusher, "device_display_name": "x", "data": {"url": gateway}}),
        ("PUT", "/client/v3/sendToDevice/m.x/1", {"messages": {"@bob:example.net": {"NONE": {}}}}),
    ):
        assert (answer := await hers(method, path, json=body)).status_code == 200, answer.text
    picture = {"content": png(640, 320), "headers": {"content-type": "image/png"}}
    place = (await hers("POST", f"/media/v3/upload?filename={SECRETS[1]}", **picture)).json()["content_uri"][6:]
    assert (await his("GET", f"/client/v1/media/thumbnail/{place}?width=32&height=32")).status_code == 200
    mine = {
        "master_key": cross(master, "@bob:example.net", "master"),
        "user_signing_key": cross(others, "@bob:example.net", "user_signing", master),
    }
    assert (await his("POST", "/client/v3/keys/device_signing/upload", json=mine)).status_code == 200
    signed = others.sign(cross(master, user, "master"), "@bob:example.net", others.public)
    body = {user: {master.public: signed}}
    assert (await his("POST", "/client/v3/keys/signatures/upload", json=body)).json() == {"failures": {}}
    waiting = {"messages": {user: {"*": {"secret": SECRETS[0]}}}}
    assert (await his("PUT", "/client/v3/sendToDevice/m.x/1", json=waiting)).status_code == 200


async def by_matrix(person: Person, device: str):
    """What asks below /_matrix, as a device of somebody."""
    given = {
        "type": "m.login.password",
        "user": person.principal.address,
        "password": PASSWORD,
        "device_id": device,
    }
    made = await person.client.post("/_matrix/client/v3/login", json=given)
    assert made.status_code == 200, made.text
    token = {"authorization": f"Bearer {made.json()['access_token']}"}

    async def ask(method: str, path: str, headers=None, **more):
        headers = token | (headers or {})
        return await person.client.request(method, f"/_matrix{path}", headers=headers, auth=None, **more)

    return ask


async def with_files(app: App, ann: Person, bob: Person) -> None:
    """She has files, is writing one, says something, looks at pictures, and has written into a folder of Bob's."""
    has = await file_life.made(ann)
    account = {"accountId": ann.account}
    picture = await ann.client.post(
        f"/jmap/upload/{ann.account}/", content=png(), headers={"content-type": "image/png"}
    )
    shown = {"name": f"{SECRETS[0]}.png", "blobId": picture.json()["blobId"], "type": "image/png"}
    made = (await ann(("FileNode/set", {**account, "create": {"n": shown}})))[0][1]["created"]["n"]["id"]
    assert (await ann.client.get(f"/files/preview/{ann.account}/{made}")).status_code == 200
    await ann(
        ("FileNode/set", {**account, "update": {has.file: {"isFavourite": True}}}),
        ("FileNode/set", {**account, "update": {has.folder: {"shareWith": {bob.account: {"mayRead": True}}}}}),
    )
    await ann.client.request("DELETE", f"/dav/files/{ann.account}/{SECRETS[0]}.png")
    begun = {"tus-resumable": "1.0.0", "upload-length": "9", "content-type": "application/offset+octet-stream"}
    assert (await ann.client.post("/files/uploads", headers=begun, content=SECRETS[1][:5])).status_code == 201
    link = (await ann(("FileLink/get", {**account, "ids": [has.link]})))[0][1]["list"][0]["url"].rpartition("/s/")[
        2
    ]
    assert (await ann.client.get(f"/s/{link}/{has.file}/x")).status_code == 200
    theirs = (await bob(("FileNode/set", {"accountId": bob.account, "create": {"f": {"name": "Bob"}}})))[0][1]
    folder = theirs["created"]["f"]["id"]
    rights = {"mayRead": True, "mayAddChildren": True, "mayModifyContent": True, "mayRename": True}
    share = {folder: {"shareWith": {ann.account: rights}}}
    await bob(("FileNode/set", {"accountId": bob.account, "update": share}))
    given = {"accountId": bob.account, "create": {"n": {"name": "from ann", "parentId": folder}}}
    written = (await ann(("FileNode/set", given)))[0][1]
    assert written["created"], written
    said = {"accountId": bob.account, "create": {"c": {"nodeId": folder, "body": SECRETS[2]}}}
    assert (await ann(("FileComment/set", said)))[0][1]["created"]


async def filtered(app: App, ann: Person) -> None:
    """Her filter acts, remembers, and is run on mail that is there."""
    source = f"""require ["duplicate", "imap4flags", "vacation"]; vacation :addresses "x@elsewhere.example" "{SECRETS[0]}";
        if duplicate {{ discard; }} if header :contains "subject" "{SECRETS[1]}" {{ keep :flags "$seen"; }}"""
    create = {"u": {"data": [{"data:asText": source}]}}
    account = {"accountId": ann.account}
    made = await ann(("Blob/upload", {**account, "create": create}))
    blob = made[0][1]["created"]["u"]["id"]
    script = {"create": {"s": {"name": SECRETS[3], "blobId": blob}}, "onSuccessActivateScript": "#s"}
    assert (await ann(("SieveScript/set", {**account, **script})))[0][1]["created"]
    raw = RAW.replace(b"<leak@", b"<filtered@").replace(b"To: ann@example.net", b"To: x@elsewhere.example")
    for _ in range(2):
        await service.deliver(
            app.context.store,
            [service.Delivery(ann.principal.id)],
            raw,
            mail_from="petra@elsewhere.example",
            planner=app.context.need(Filters),
        )
    run = (await ann(("Filter/apply", {**account, "blobId": blob})))[0][1]["jobId"]
    while (await ann(("Filter/result", {**account, "jobId": run})))[0][1]["state"] != "done":
        await asyncio.sleep(0.05)


async def left_a_list(unit, member: int) -> None:
    group = await directory.create(unit, "group", "A team", "team@example.net")
    await directory.join(unit, group, member)
    await lists.configure(unit, group, "members", "hold")
    await lists.leave(unit, group, "ann@example.net")


def envelope(hold: int) -> dict:
    return {
        "mailFrom": {"email": "ann@example.net", "parameters": {"HOLDFOR": str(hold)}},
        "rcptTo": [{"email": "bob@example.net"}],
    }


def refused(port: int) -> int:
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.ehlo()
        client.mail("petra@elsewhere.example")
        return client.rcpt("ann@example.net")[0]


async def left(store: Store, numbers: set[int], words: list[str]) -> list[str]:
    """Every place in any table that holds one of these numbers or words."""
    if store.db.dialect.name == "sqlite":
        tables = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow')"
    else:
        tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'"
    found = []
    for (table,) in await store.db.rows(tables):
        for row in await store.db.scan(f'SELECT * FROM "{table}"'):
            for value in row:
                text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
                if (isinstance(value, int) and value in numbers) or any(word in text for word in words):
                    found.append(f"{table}: {row}")
    return found


async def in_a_room(ann: Person, bob: Person) -> None:
    """Both talk, read, and report."""
    room = (await ann.client.post("/_matrix/client/v3/createRoom", json={"invite": ["@bob:example.net"]})).json()
    path = f"/_matrix/client/v3/rooms/{room['room_id']}"
    assert (await bob.client.post(f"{path}/join", json={})).status_code == 200
    said = {"msgtype": "m.text", "body": "ordinary"}
    event = (await ann.client.put(f"{path}/send/m.room.message/1", json=said)).json()["event_id"]
    for place in (f"receipt/m.read/{event}", f"report/{event}"):
        assert (await ann.client.post(f"{path}/{place}", json={})).status_code == 200


@pytest.mark.slow
async def test_nothing_is_left_of_a_deleted_account(app: App, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(small, "LARGEST", 200)  # so that mail is kept in files, and what is smaller in rows
    monkeypatch.setattr(mail_erase, "_MESSAGES", 2)
    monkeypatch.setattr(search_erase, "_PASSAGES", 2)
    monkeypatch.setattr(erasure, "_PAGE", 2)
    ann, bob = await someone(app, "ann"), await someone(app, "bob")
    await live(app, ann, bob)
    await in_a_room(ann, bob)
    store = app.context.store
    scopes = {row[0] for row in await store.db.rows("SELECT id FROM scope WHERE account_id = ?", ann.principal.id)}
    numbers, words = {ann.principal.id, *scopes}, [*SECRETS, "ann@example.net"]
    before = {line.partition(":")[0] for line in await left(store, numbers, words)}
    assert {"email", "outgoing", "submission", "search_item", "assistant_turn", "attempt", "change"} <= before
    assert {"sieve_script", "sieve_seen", "sieve_log", "sieve_undo", "suppressed", "list_reader"} <= before
    assert {"contact_card", "contact_word", "contact_vcard", "contact_merge", "address_book_person"} <= before
    assert {"vault_email", "spam_token", "spam_total", "spam_report"} <= before
    assert {"file_node", "file_version", "file_trash", "file_part", "file_person", "file_upload"} <= before
    assert {"file_link", "file_link_use", "file_comment", "file_preview", "file_account"} <= before
    assert {"chat_device", "chat_cross_key", "chat_signature"} <= before
    assert {"chat_to_device", "chat_data", "chat_filter", "chat_profile", "chat_pusher", "chat_media"} <= before
    assert {"chat_backup", "chat_backup_key"} <= before
    of_things = ("chat_one_time_key", "chat_fallback_key", "chat_thumbnail")
    assert [await store.db.value(f"SELECT COUNT(*) FROM {table}") for table in of_things] == [1, 1, 1]
    assert {"chat_member", "chat_receipt", "chat_transaction", "chat_report"} <= before
    assert await asyncio.to_thread(refused, app.ports["smtp"]) == 250

    await erasure.schedule(store, ann.principal.id)
    assert await asyncio.to_thread(refused, app.ports["smtp"]) == 550
    assert (await ann.client.get("/jmap/session")).status_code == 401
    await store.write(lambda unit: unit.run("UPDATE job SET run_at_ms = 0 WHERE kind = 'account-erase'"))
    await store.bus.publish("jobs")
    async with asyncio.timeout(60):
        while await store.db.value("SELECT 1 FROM job WHERE kind = 'account-erase' AND finished_ms IS NULL"):
            await asyncio.sleep(0.05)
    await app._search.indexer.settle()  # the card in the directory, and who has written into a file of another
    await tidy.blobs(store, grace_ms=0)
    await tidy.blobs(store, grace_ms=0)

    assert await left(store, numbers, words) == []
    assert [await store.db.value(f"SELECT COUNT(*) FROM {table}") for table in of_things] == [0, 0, 0]
    files = [file for file in (tmp_path / "blobs").rglob("*") if file.is_file()]
    assert files and not [file for file in files if any(word.encode() in file.read_bytes() for word in words)]
    kept = await bob(("Email/query", {"accountId": bob.account}))
    assert len(kept[0][1]["ids"]) == 1
    assert await check(store) == []
    again = await people.create(store, app.features, "person", "Ann", "ann@example.net", password=PASSWORD)
    assert ids.text(again.id) != ann.account
