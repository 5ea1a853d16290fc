"""Files handed to people outside: letters, links, receipts; and attachments that become links."""

import pytest

from parvis.files import store as files
from parvis.files.links import service
from parvis.files.links import store as links
from parvis.files.links.transfer import Transfers
from parvis.kernel import ids
from parvis.kernel.errors import Invalid, NotFound
from parvis.serve.linking import Given, LinkMaker, Terms
from parvis.serve.post import Post
from tests.files.conftest import Client


class Box(Post):
    """Keeps what leaves."""

    def __init__(self) -> None:
        self.sent, self.fails = [], False

    async def written(self, letter):
        async def sending(unit) -> int:
            if self.fails:
                raise Invalid("no such recipient", field="to")
            self.sent.append(letter)
            return 1

        return sending

    async def calendar_of(self, principal, account_id, email_id):
        raise NotImplementedError


@pytest.fixture
async def store(store_sqlite):
    return store_sqlite


@pytest.fixture
def box(context) -> Box:
    made = Box()
    context.offer(made, under=Post)
    return made


@pytest.fixture
async def api(doors, ann) -> Client:
    return Client(doors.engine, ann)


async def test_each_recipient_has_a_link_and_each_use_a_receipt(api, box, tree, open_http, ann) -> None:
    one, two = await tree.file(ann, "a.txt", b"one"), await tree.file(ann, "F/b.txt", b"two")
    given = {"nodeIds": [ids.text(one.id), ids.text(two.id)], "recipients": ["p@x.example", "q@x.example"]}
    got = await api("FileTransfer/send", subject="The plans", message="As promised", **given)
    assert len(got["linkIds"]) == 2, got
    assert [letter.to for letter in box.sent] == [("p@x.example",), ("q@x.example",)]
    url = next(line for line in box.sent[0].text.splitlines() if "/s/" in line)
    path = "/s/" + url.rpartition("/s/")[2]
    visitor = await open_http(None)
    assert "a.txt" in (await visitor.get(path)).text
    link = (await links.several(tree.store.db, ann.id, [ids.parse(got["linkIds"][0])]))[0]
    copy = await files.child(tree.store.db, ann.id, link.node_id, "a.txt")
    assert (await visitor.get(f"{path}/{ids.text(copy.id)}/a.txt")).content == b"one"
    told = {one["recipient"]: one["uses"] for one in (await api("FileLink/get", ids=got["linkIds"]))["list"]}
    assert told == {"p@x.example": 1, "q@x.example": 0}
    assert box.sent[2].to == ("ann@example.org",) and "a.txt" in box.sent[2].text


async def test_nothing_is_left_of_what_cannot_be_sent(api, box, tree, ann) -> None:
    node = await tree.file(ann, "a.txt", b"one")
    given = {"nodeIds": [ids.text(node.id)], "recipients": ["p@x.example"]}
    box.fails = True
    assert "error" in await api("FileTransfer/send", **given)
    assert (await api("FileLink/query"))["ids"] == []
    for bad in ({"recipients": []}, {"nodeIds": []}, {"password": "123"}, {"nodeIds": ["x"]}):
        assert "error" in await api("FileTransfer/send", **(given | bad)), bad


async def test_an_attachment_becomes_a_link(context, doors, store, tree, open_http, ann) -> None:
    maker = context.need(LinkMaker)
    assert isinstance(maker, Transfers)
    digest = await store.blobs.put(b"film")
    made = await maker.link(ann, Given(digest, 4, "film.mp4", "video/mp4"), Terms(password="open sesame"))
    visitor = await open_http(None)
    path = "/s/" + made.url.rpartition("/s/")[2]
    assert "film" not in (await visitor.get(path)).text
    await visitor.post(path, data={"password": "open sesame"})
    assert "film.mp4" in (await visitor.get(path)).text
    folder = await files.child(store.db, ann.id, 0, "Attachments")
    assert (await files.child(store.db, ann.id, folder.id, "film.mp4")).hash == digest
    assert (await maker.change(ann, made.id, Terms(name="Holiday", recipient="p@x.example", password=""))) == made
    assert "film.mp4" in (await (await open_http(None)).get(path)).text
    (link,) = await links.several(store.db, ann.id, [made.id])
    assert (link.name, link.recipient, link.notify, link.password) == ("Holiday", "p@x.example", True, "")


async def test_a_link_that_ends_takes_its_file_along_unless_another_leads_to_it(
    context, doors, store, tree, open_http, ann, bob
) -> None:
    maker = context.need(LinkMaker)
    given = Given(await store.blobs.put(b"film"), 4, "film.mp4", "video/mp4")
    one, two = await maker.link(ann, given, Terms()), await maker.link(ann, given, Terms())
    with pytest.raises(NotFound):
        await maker.end(bob, one.id)
    folder = await files.child(store.db, ann.id, 0, "Attachments")
    node = await files.child(store.db, ann.id, folder.id, "film.mp4")
    await store.write(lambda unit: service.add(unit, ann, ann.id, node.id, {"name": "again"}))
    await maker.end(ann, one.id)
    assert await files.child(store.db, ann.id, folder.id, "film.mp4") is not None
    await maker.end(ann, two.id)
    assert await files.child(store.db, ann.id, folder.id, "film (2).mp4") is None
    visitor = await open_http(None)
    assert [(await visitor.get("/s/" + each.url.rpartition("/s/")[2])).status_code for each in (one, two)] == [
        404
    ] * 2
