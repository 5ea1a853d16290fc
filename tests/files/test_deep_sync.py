"""Synchronisation of whole trees (sync-level infinite): a client that only hears what changed has what is there.
RFC 6578 §3.3"""

import random
import re
from urllib.parse import unquote

import pytest

from parvis.access.principal import Right
from parvis.kernel import ids
from parvis.store.sql.contract import counting
from tests.files.test_dav import Peer

BODY = """<D:sync-collection xmlns:D="DAV:"><D:sync-token>{}</D:sync-token><D:sync-level>infinite</D:sync-level>
<D:limit><D:nresults>{}</D:nresults></D:limit><D:prop><D:getetag/><D:resourcetype/></D:prop></D:sync-collection>"""
LIST = '<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/><D:resourcetype/></D:prop></D:propfind>'


def told(text: str) -> list[tuple[str, str]]:
    """Paths with their entity tag, `/` for a folder, or a status."""
    found = []
    for part in re.findall(r"<D:response>(.*?)</D:response>", text, re.S):
        path = unquote(re.search(r"<D:href>([^<]*)<", part)[1])
        tag = re.search(r"<D:getetag>([^<]*)<", part)
        status = re.search(r"</D:href><D:status>HTTP/1.1 (\d+)", part)
        found.append((path, status[1] if status else "/" if "<D:collection/>" in part else tag[1]))
    return found


class Copy:
    """What a client keeps that only hears of changes, below one folder."""

    def __init__(self, peer: Peer, path: str = "", limit: int = 5000) -> None:
        self.peer, self.path, self.limit = peer, path, limit
        self.base = peer.home + path
        self.token, self.kept, self.again, self.closed = "", dict[str, str](), 0, set[str]()

    async def sync(self) -> int:
        """Hears everything; returns in how many pages."""
        pages = 0
        while True:
            answer = await self.peer("REPORT", self.path, BODY.format(self.token, self.limit))
            if answer.status_code == 403 and "valid-sync-token" in answer.text:
                self.token, self.kept, self.again = "", {}, self.again + 1
                continue
            assert answer.status_code == 207, answer.text
            more = self._apply(told(answer.text))
            self.token = re.findall(r"<D:sync-token>([^<]*)<", answer.text)[-1]
            pages += 1
            if not more:
                return pages

    def _apply(self, lines: list[tuple[str, str]]) -> bool:
        for path, value in lines:
            name = path.removeprefix(self.base).strip("/")
            if value == "404":
                self.kept = {
                    each: tag for each, tag in self.kept.items() if each != name and not each.startswith(name + "/")
                }
            elif value == "403":
                self.closed.add(name)
            elif value != "507":
                self.kept[name] = value
        assert len([value for _, value in lines if value not in ("403", "507")]) <= self.limit
        return any(value == "507" for _, value in lines)

    async def there(self) -> dict[str, str]:
        """What is really there."""
        answer = await self.peer("PROPFIND", self.path, LIST, depth="infinity")
        return {
            path.removeprefix(self.base).strip("/"): value
            for path, value in told(answer.text)
            if path.strip("/") != self.base.strip("/")
        }


@pytest.fixture
async def peer(open_http, ann) -> Peer:
    return Peer(await open_http(ann), ann)


@pytest.fixture
async def other(open_http, bob) -> Peer:
    return Peer(await open_http(bob), bob)


def url(peer: Peer, path: str) -> str:
    return str(peer.client.base_url).rstrip("/") + peer.home + path


async def test_what_happens_deep_below_is_told_and_nothing_else(peer, tree, ann) -> None:
    for path in ("a/b/c/1", "a/b/c/2", "a/x/3", "d/4"):
        await tree.file(ann, path)
    copy = Copy(peer)
    assert await copy.sync() == 1 and copy.kept == await copy.there() and len(copy.kept) == 9
    token = copy.token
    await copy.sync()
    assert copy.token == token
    await peer("PUT", "a/b/c/1", b"new")
    await peer("DELETE", "a/x/3")
    answer = await peer("REPORT", "", BODY.format(copy.token, 100))
    assert sorted(unquote(path).removeprefix(peer.home) for path, _ in told(answer.text)) == ["a/b/c/1", "a/x/3"]
    await copy.sync()
    assert copy.kept == await copy.there()
    below = Copy(peer, "a/b/")
    await below.sync()
    token = below.token
    await peer("PUT", "d/4", b"elsewhere")
    await below.sync()
    assert below.token == token and set(below.kept) == {"c", "c/1", "c/2"}


async def test_what_comes_with_a_folder_and_what_goes_with_it(peer, tree, ann) -> None:
    for path in ("in/keep", "out/F/G/1", "out/F/G/2", "out/F/3"):
        await tree.file(ann, path)
    copy = Copy(peer, "in/", limit=2)
    await copy.sync()
    await peer("MOVE", "out/F", destination=url(peer, "in/F"))
    assert await copy.sync() > 1
    assert set(copy.kept) == {"keep", "F", "F/3", "F/G", "F/G/1", "F/G/2"} and copy.kept == await copy.there()
    await peer("MOVE", "in/F/G", destination=url(peer, "in/G"))
    await peer("PUT", "in/G/1", b"changed")
    await copy.sync()
    assert copy.kept == await copy.there() and copy.again == 0
    await peer("MOVE", "in/F", destination=url(peer, "out/F"))
    await copy.sync()
    assert copy.kept == await copy.there() and set(copy.kept) == {"keep", "G", "G/1", "G/2"}


async def test_another_folder_under_a_name_that_was_known_is_read_anew(peer, tree, ann) -> None:
    await tree.file(ann, "F/old")
    copy = Copy(peer)
    await copy.sync()
    await peer("DELETE", "F")
    await peer("MKCOL", "F")
    await peer("PUT", "F/new", b"x")
    await copy.sync()
    assert copy.kept == await copy.there() and copy.again == 1


@pytest.mark.parametrize("seed", range(4))
async def test_a_client_that_hears_of_changes_has_what_is_there(peer, store_sqlite_only, seed) -> None:
    chance = random.Random(seed)
    copies, heard = [Copy(peer, "", limit) for limit in (1, 3, 5000)], 0
    names = list("abcdefgh")

    def place(deep: int) -> str:
        return "/".join(chance.choice(names) for _ in range(chance.randint(1, deep)))

    for _ in range(25):
        for _ in range(chance.randint(1, 8)):
            step, path = chance.random(), place(4)
            if step < 0.3:
                await peer("MKCOL", path)
            elif step < 0.6:
                await peer("PUT", path, str(chance.random()).encode())
            elif step < 0.75:
                await peer("DELETE", path)
            else:
                await peer(chance.choice(["MOVE", "MOVE", "COPY"]), path, destination=url(peer, place(4)))
        for copy in copies:
            if chance.random() < 0.7:
                before = copy.again
                await copy.sync()
                heard += copy.again == before
                there = await copy.there()
                assert copy.kept == there, (sorted(copy.kept.items() ^ there.items()), copy.limit)
    assert heard > 20, "nearly everything was read anew"


@pytest.fixture
def store_sqlite_only(store, request) -> None:
    if "sqlite" not in request.node.name:
        pytest.skip("what is tried is the same on both")


async def test_changes_between_the_pages_are_heard_in_the_end(peer, tree, ann) -> None:
    for number in range(12):
        await tree.file(ann, f"{number % 3}/{number}")
    copy = Copy(peer, limit=4)
    answer = await peer("REPORT", "", BODY.format("", 4))
    assert copy._apply(told(answer.text))
    copy.token = re.findall(r"<D:sync-token>([^<]*)<", answer.text)[-1]
    await peer("PUT", "0/new", b"x")
    await peer("DELETE", "1/1")
    await peer("MOVE", "2", destination=url(peer, "0/2"))
    await copy.sync()
    await copy.sync()
    assert copy.kept == await copy.there()


async def test_what_others_share_is_named_and_synchronised_for_itself(peer, other, tree, ann, bob) -> None:
    await tree.file(bob, "H/his")
    await tree.share(bob, await tree.folder(bob, "H"), ann, Right.READ)
    await tree.file(bob, "private")
    copy = Copy(peer)
    await copy.sync()
    assert copy.closed == {"H (bob)"} and "H (bob)/his" not in copy.kept
    mounted = Copy(peer, "H (bob)/")
    await mounted.sync()
    assert set(mounted.kept) == {"his"}
    await other("PUT", "H/his", b"changed")
    await other("PUT", "private", b"changed")
    await mounted.sync()
    assert mounted.kept == await mounted.there()
    assert (await peer("REPORT", f"/dav/files/{ids.text(bob.id)}/", BODY.format("", 9))).status_code == 404


@pytest.mark.parametrize("end", ["/1", "/1.2.3.4.5", "/a.b.c.d", "/9.0.1.1x"])
async def test_tokens_that_are_none_of_ours_are_refused(peer, tree, ann, end) -> None:
    await tree.file(ann, "a/b")
    copy = Copy(peer)
    await copy.sync()
    answer = await peer("REPORT", "", BODY.format(copy.token + end, 9))
    assert answer.status_code in (400, 403)


async def test_a_change_costs_the_same_in_small_and_in_large_trees(peer, tree, ann) -> None:
    await tree.file(ann, "a/b/c/1")
    copy = Copy(peer)

    async def cost() -> int:
        await copy.sync()
        await peer("PUT", "a/b/c/1", random.randbytes(9))
        with counting() as statements:
            await copy.sync()
        return len(statements)

    first = await cost()
    for number in range(80):
        await tree.file(ann, f"{number % 9}/{number}/x")
    assert await cost() == first <= 14
