"""Parts of an account, one shared, others not, then withdrawn: no JMAP method of a kind in parts, no blob, no push and
no notice shows what is not, or no longer, visible. The whole program runs with a toy feature. A4, SE-03"""

import asyncio
import json
import re

import pytest

from parvis import app as wiring
from parvis.app import App
from parvis.serve.jmap.blobs import blob_id
from tests.leak.test_leak import Person, listen, someone
from tests.serve import notes

SHOWN, HIDDEN = "quartzlantern", "velvetomnibus"


@pytest.fixture
def tables(monkeypatch) -> str:
    monkeypatch.setattr(wiring, "FEATURES", (*wiring.FEATURES, notes.feature))
    return notes.TABLE


def methods(app: App) -> set[str]:
    """Every method of the kinds in parts."""
    return {name for name in app._doors.engine._methods if name.partition("/")[0] in ("Binder", "Note")}


async def everything(app: App, who: Person, owner: Person, objects: dict[str, list[str]], blobs: list[str]) -> str:
    """All that is told who asks for the owner's things by every method there is, knowing every id."""
    account, told = owner.account, []
    for name in sorted(methods(app)):
        kind, _, verb = name.partition("/")
        numbers = objects[kind]
        arguments = {
            "get": {"ids": numbers},
            "changes": {"sinceState": "0"},
            "query": {"calculateTotal": True},
            "queryChanges": {"sinceQueryState": "0"},
            "set": {"update": {number: {"text": "x"} if kind == "Note" else {"name": "x"} for number in numbers}},
        }[verb]
        told.append(await who((name, {"accountId": account} | arguments)))
    told.append(await who(("Note/get", {"accountId": account, "ids": None})))
    state = told[-1][0][1].get("state", "0")
    told.append(await who(("Note/changes", {"accountId": account, "sinceState": state})))
    told.append(await who(("Blob/lookup", {"accountId": account, "typeNames": ["Note"], "ids": blobs})))
    for blob in blobs:
        answer = await who.client.get(f"/jmap/download/{account}/{blob}/x?type=text/plain")
        told.append([answer.status_code, answer.text])
    told.append(await who(("ShareNotification/get", {"accountId": who.account})))
    told.append((await who.client.get("/jmap/session")).json()["accounts"])
    return json.dumps(told)


async def filled(app: App, ann: Person, word: str) -> tuple[str, str, str]:
    """A binder with a note, whose text, name and blob have the word: the ids of binder and note, the blob's."""
    made = await ann(("Binder/set", {"accountId": ann.account, "create": {"b": {"name": f"binder {word}"}}}))
    binder = made[0][1]["created"]["b"]["id"]
    digest = await app.context.store.blobs.put(f"the {word}".encode())
    create = {
        "n": {"binderId": binder, "text": word},
        "f": {"binderId": binder, "text": f"blob {digest}"},
    }
    done = await ann(("Note/set", {"accountId": ann.account, "create": create}))
    return binder, done[0][1]["created"]["n"]["id"], blob_id(digest)


@pytest.mark.slow
async def test_only_the_part_that_is_shared_is_shown_and_only_while_it_is(app: App) -> None:
    ann, bob = await someone(app, "ann"), await someone(app, "bob")
    first, note, blob = await filled(app, ann, SHOWN)
    second, other, closed = await filled(app, ann, HIDDEN)
    objects = {"Binder": [first, second], "Note": [note, other]}
    assert methods(app) >= {"Binder/get", "Binder/set", "Note/changes", "Note/queryChanges"}

    async def told(who: Person) -> str:
        return await everything(app, who, ann, objects, [blob, closed])

    own = await told(ann)
    assert SHOWN in own and HIDDEN in own
    await ann(
        (
            "Note/set",
            {"accountId": ann.account, "update": {note: {"text": SHOWN}, other: {"text": HIDDEN}}},
        ),
        (
            "Binder/set",
            {"accountId": ann.account, "update": {first: {"name": SHOWN}, second: {"name": HIDDEN}}},
        ),
    )
    strange = await told(bob)
    assert SHOWN not in strange and HIDDEN not in strange and "accountNotFound" in strange

    share = {"shareWith": {bob.account: {"mayRead": True, "mayWrite": True}}}
    await ann(("Binder/set", {"accountId": ann.account, "update": {first: share}}))
    theirs = await bob(("Note/get", {"accountId": ann.account, "ids": [note, other]}))
    assert SHOWN in str(theirs) and HIDDEN not in str(theirs)
    seen = await told(bob)
    assert SHOWN in seen and HIDDEN not in seen
    assert other not in await changed(bob, ann) and second not in await changed(bob, ann)

    await ann(("Binder/set", {"accountId": ann.account, "update": {first: {"shareWith": None}}}))
    gone = await bob(("ShareNotification/get", {"accountId": bob.account}))
    await bob(
        (
            "ShareNotification/set",
            {"accountId": bob.account, "destroy": [each["id"] for each in gone[0][1]["list"]]},
        )
    )
    after = await told(bob)
    assert SHOWN not in after and HIDDEN not in after

    heard = asyncio.create_task(listen(bob, app.context.public_url))
    await asyncio.sleep(0.3)
    await ann(("Note/set", {"accountId": ann.account, "update": {note: {"text": "more"}}}))
    await asyncio.sleep(0.5)
    heard.cancel()
    assert ann.account not in str(await asyncio.gather(heard, return_exceptions=True))


async def changed(who: Person, owner: Person) -> str:
    """What /changes and /queryChanges tell from the state that came first."""
    got = await who(("Note/get", {"accountId": owner.account, "ids": []}))
    sight = got[0][1]["state"].partition("~")[2]
    since = f"0~{sight}"
    return json.dumps(
        await who(
            ("Note/changes", {"accountId": owner.account, "sinceState": since}),
            ("Binder/changes", {"accountId": owner.account, "sinceState": since}),
            ("Note/queryChanges", {"accountId": owner.account, "sinceQueryState": since}),
        )
    )


@pytest.mark.slow
async def test_push_tells_of_parts_that_are_seen_only(app: App) -> None:
    ann, bob = await someone(app, "ann"), await someone(app, "bob")
    first, note, _ = await filled(app, ann, SHOWN)
    _, other, _ = await filled(app, ann, HIDDEN)
    share = {"shareWith": {bob.account: {"mayRead": True}}}
    await ann(("Binder/set", {"accountId": ann.account, "update": {first: share}}))

    async def hears(changed: str) -> str:
        heard = asyncio.create_task(listen(bob, app.context.public_url))
        await asyncio.sleep(0.4)
        await ann(("Note/set", {"accountId": ann.account, "update": {changed: {"text": "new"}}}))
        await asyncio.sleep(0.6)
        heard.cancel()
        return str(await asyncio.gather(heard, return_exceptions=True))

    async def reached() -> int:
        calls = [(f"{kind}/get", {"accountId": ann.account, "ids": []}) for kind in ("Binder", "Note")]
        return max(int(answer[1]["state"].partition("~")[0]) for answer in await bob(*calls))

    # Ids of a stream say how far it has told of each account that is seen: of what is seen there, and no further.
    changed, seen = f'"{ann.account}":', await reached()
    told = await hears(other)
    assert changed not in told
    assert all(int(place) <= seen for place in re.findall(rf"{ann.account}\.(\d+)", told))
    told = await hears(note)
    state = (await bob(("Note/get", {"accountId": ann.account, "ids": []})))[0][1]["state"]
    assert changed in told and state in told
