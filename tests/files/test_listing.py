"""A folder is listed as each thing in it tells of itself."""

import re

import pytest

from parvis.access.principal import Right
from tests.files.test_dav import Peer

OC, NC = 'xmlns:oc="http://owncloud.org/ns"', 'xmlns:nc="http://nextcloud.org/ns"'
PROPS = {
    "rclone": f"<displayname/><getlastmodified/><getcontentlength/><resourcetype/><oc:checksums {OC}/>",
    "davfs": "<getetag/><getcontentlength/><creationdate/><getlastmodified/><resourcetype/><executable/>",
    "nextcloud": f"<getetag/><getcontenttype/><oc:id {OC}/><oc:fileid {OC}/><oc:size {OC}/><oc:permissions {OC}/>"
    f"<oc:favorite {OC}/><nc:has-preview {NC}/>",
    "rights": "<owner/><acl/><current-user-privilege-set/><supported-report-set/><sync-token/><add-member/>",
    "own": '<a:m xmlns:a="urn:100%s"/><lockdiscovery/><supportedlock/><group/>',
    "none": "<nothing/>",
    "room": "<quota-used-bytes/><quota-available-bytes/><resourcetype/>",
}
BODIES = {name: f'<propfind xmlns="DAV:"><prop>{inside}</prop></propfind>' for name, inside in PROPS.items()}
BODIES |= {
    "all": "",
    "included": '<propfind xmlns="DAV:"><allprop/><include><acl/><sync-token/></include></propfind>',
    "names": '<propfind xmlns="DAV:"><propname/></propfind>',
}
NAMES = ("plain.txt", "ünïcode né.pdf", "a & b <c> 100%s.txt", "empty", "%41.tar.gz", "với dấu.docx")
LOCK = """<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>"""
PATCH = """<propertyupdate xmlns="DAV:"><set><prop><m xmlns="urn:100%s">50%s &amp; more</m></prop></set>
</propertyupdate>"""


@pytest.fixture
async def peer(open_http, ann) -> Peer:
    return Peer(await open_http(ann), ann)


def responses(text: str) -> dict[str, str]:
    """Each response by its href; what is left of a lock's time differs from one second to the next."""
    found = re.findall(r"<D:response>.*?</D:response>", re.sub(r"Second-\d+", "Second-", text), re.S)
    return {re.search("<D:href>([^<]*)<", each)[1].replace("&amp;", "&"): each for each in found}


async def filled(peer: Peer, tree, ann, bob) -> None:
    """A folder with whatever may be in one, shared by parts, with a lock and properties of others."""
    folder = await tree.folder(ann, "F")
    for name in NAMES:
        await tree.file(ann, f"F/{name}", b"" if name == "empty" else name.encode())
    await tree.file(ann, "F/in & side/deeper/a.txt")
    shared = await tree.folder(ann, "F/shared")
    await tree.share(ann, shared, bob, Right.READ | Right.WRITE)
    await tree.share(ann, folder, bob)
    assert (await peer("LOCK", "F/in%20&%20side/", LOCK, depth="infinity")).status_code == 200
    assert (await peer("LOCK", "F/plain.txt", LOCK, depth="0")).status_code == 200
    for path in ("F/empty", "F/shared/"):
        assert (await peer("PROPPATCH", path, PATCH)).status_code == 207


async def test_a_listing_says_what_each_says_alone(peer, open_http, tree, ann, bob) -> None:
    await filled(peer, tree, ann, bob)
    other = Peer(await open_http(bob), bob)
    for asked in BODIES.values():
        for who, path in ((peer, "F/"), (peer, ""), (other, "F%20(ann)/"), (other, "")):
            answer = await who("PROPFIND", path, asked, depth="1")
            listed = responses(answer.text)
            assert len(listed) == (len(NAMES) + 3 if path else 2)
            for href, said in listed.items():
                alone = await who("PROPFIND", href, asked, depth="0")
                assert responses(alone.text) == {href: said}
        deep = responses((await peer("PROPFIND", "", asked, depth="infinity")).text)
        assert sum(href.endswith(("deeper/a.txt", "F/shared/")) for href in deep) == 2
        assert deep.items() >= responses((await peer("PROPFIND", "F/", asked, depth="1")).text).items()


async def test_what_is_not_there_is_not_told_to_who_wants_little(peer, tree, ann, bob) -> None:
    await filled(peer, tree, ann, bob)
    for asked in ("rclone", "own", "none"):
        whole = await peer("PROPFIND", "F/", BODIES[asked], depth="1")
        little = await peer("PROPFIND", "F/", BODIES[asked], depth="1", prefer="return=minimal")
        assert " 404 " in whole.text and " 404 " not in little.text
        assert little.text.count("<D:propstat>") == little.text.count("<D:response>") == len(NAMES) + 3


async def test_a_lock_is_told_where_the_folder_itself_is_not(peer, tree, ann, bob) -> None:
    await filled(peer, tree, ann, bob)
    answer = await peer("PROPFIND", "F/", BODIES["own"], depth="1,noroot")
    locked = [href for href, said in responses(answer.text).items() if "activelock" in said]
    assert sorted(href.rpartition("/F/")[2] for href in locked) == ["in%20&%20side/", "plain.txt"]
