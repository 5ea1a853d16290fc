"""Attachments that become links: Attachment/link, Attachment/unlink, what the session says of them. Who keeps the
files is played here; with real files: tests/files/test_transfers.py."""

import pytest

from parvis.kernel import clock
from parvis.kernel.errors import NotFound
from parvis.serve.jmap import session
from parvis.serve.linking import LinkMaker, Made

USING = ("urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail", "urn:parvis:mail")


class Shelf(LinkMaker):
    """Keeps what it was asked."""

    def __init__(self) -> None:
        self.links = {}

    async def link(self, principal, given, terms):
        number = len(self.links) + 1
        self.links[number] = (principal.id, given, terms)
        return Made(number, f"https://example.org/s/{number}")

    async def change(self, principal, link_id, terms):
        owner, given, _ = self.links.get(link_id, (0, None, None))
        if owner != principal.id:
            raise NotFound("no such link")
        self.links[link_id] = (owner, given, terms)
        return Made(link_id, f"https://example.org/s/{link_id}")

    async def end(self, principal, link_id):
        if self.links.get(link_id, (0,))[0] != principal.id:
            raise NotFound("no such link")
        del self.links[link_id]


@pytest.fixture
def shelf(engine) -> Shelf:
    made = Shelf()
    engine._context.offer(made, under=LinkMaker)
    return made


@pytest.fixture
async def writer(ann):
    ann.using = USING
    return ann


async def test_an_upload_becomes_a_link_with_an_end(writer, shelf, engine) -> None:
    blob = await writer.upload(b"film")
    now = clock.now_ms()
    got = await writer("Attachment/link", blobId=blob, name="film.mp4", type="video/mp4")
    assert got["url"] == "https://example.org/s/1", got
    _, given, terms = shelf.links[1]
    assert (given.size, given.name, given.media_type, given.digest) == (4, "film.mp4", "video/mp4", blob[1:])
    assert 29 * 86_400_000 < terms.expires_ms - now < 31 * 86_400_000 and terms.password is None
    got = await writer(
        "Attachment/link", linkId=got["linkId"], subject="Plans", recipients="p@x.example", password=""
    )
    _, _, terms = shelf.links[1]
    assert (terms.name, terms.recipient, terms.password, terms.expires_ms) == ("Plans", "p@x.example", "", None)
    assert (await writer("Attachment/unlink", linkIds=[got["linkId"], "nothing"]))["unlinked"] == [got["linkId"]]
    assert shelf.links == {}


async def test_a_part_of_a_message_becomes_a_link(writer, shelf) -> None:
    (box,) = [one["id"] for one in (await writer("Mailbox/get"))["list"] if one["role"] == "drafts"]
    made = await writer(
        "Email/set",
        create={"e": {"mailboxIds": {box: True}, "attachments": [
            {"blobId": await writer.upload(b"old film"), "type": "video/mp4", "name": "old.mp4"}]}},
    )  # fmt: skip
    (part,) = (await writer.one(made["created"]["e"]["id"], "attachments"))["attachments"]
    got = await writer("Attachment/link", blobId=part["blobId"], name="old.mp4", type="video/mp4")
    assert "url" in got, got
    assert await writer.engine._context.store.blobs.get(shelf.links[1][1].digest) == b"old film"


async def test_what_may_not_be(writer, shelf, bob) -> None:
    blob = await writer.upload(b"film")
    got = await writer("Attachment/link", blobId=blob)
    bob.using = USING
    for client, bad in (
        (writer, {}),
        (writer, {"blobId": blob, "linkId": got["linkId"]}),
        (writer, {"blobId": "b" + "0" * 64}),
        (writer, {"blobId": blob, "name": "x" * 5000}),
        (bob, {"blobId": blob}),
        (bob, {"linkId": got["linkId"]}),
    ):
        assert "error" in await client("Attachment/link", **bad), bad
    assert (await bob("Attachment/unlink", linkIds=[got["linkId"]]))["unlinked"] == []
    assert len(shelf.links) == 1


async def test_without_files_nothing_becomes_a_link(writer, engine) -> None:
    assert "error" in await writer("Attachment/link", blobId=await writer.upload(b"film"))
    (said,) = [
        account["accountCapabilities"]["urn:parvis:mail"]
        for account in (await session.accounts_of(engine._context, engine, writer.principal)).values()
    ]
    assert said["linkAbove"] is None and "linkDays" not in said
