"""Cards from files and as files."""

from parvis.contacts import transfer
from parvis.serve.jmap.blobs import Library
from parvis.store.store import Store
from tests.contacts.conftest import Client
from tests.contacts.test_cards import uploaded
from tests.wire.vcard.samples import SAMPLES

FILE = b"".join(SAMPLES.values())


async def taken(store: Store, who: Client, content: bytes, **extra) -> dict:
    return await who("ContactCard/import", blobId=await uploaded(store, who, content, "text/vcard"), **extra)


async def test_a_file_comes_in_once(ann: Client, store: Store) -> None:
    done = await taken(store, ann, FILE)
    assert (len(done["created"]), done["skipped"]) == (len(SAMPLES), 0)
    assert "Herr Dr. Jürgen Müller" in await ann.names(text="müller")
    again = await taken(store, ann, FILE)
    assert (again["created"], again["skipped"]) == ([], len(SAMPLES))


async def test_a_bad_file_says_which_line_and_nothing_is_kept(ann: Client, store: Store) -> None:
    line = SAMPLES["apple"].count(b"\r\n") + 3
    bad = await taken(store, ann, SAMPLES["apple"] + b"BEGIN:VCARD\r\nVERSION:4.0\r\nnonsense\r\nEND:VCARD\r\n")
    assert (bad["error"], bad["line"]) == ("notParsable", line)
    nameless = SAMPLES["apple"] + b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:\r\nEND:VCARD\r\n"
    assert (await taken(store, ann, nameless))["error"] == "notParsable"
    assert await ann.found() == []


async def test_files_are_read_without_keeping_them(ann: Client, store: Store) -> None:
    good, bad = await uploaded(store, ann, SAMPLES["apple"]), await uploaded(store, ann, b"x")
    got = await ann("ContactCard/parse", blobIds=[good, bad, "bnone"])
    assert got["parsed"][good][0]["name"]["full"] == "Dr. Éloïse Marie Lemoine"
    assert (got["notParsable"], got["notFound"], got["faults"][bad]["line"]) == ([bad], ["bnone"], 1)
    assert await ann.found() == []


async def test_a_book_as_a_file(ann: Client, bob: Client, store: Store, context) -> None:
    await taken(store, ann, FILE)
    book = next(each for each in (await ann.books()).values() if each["isDefault"])
    library = context.need(Library)
    blob = await library.find(ann.principal, ann.principal.id, book["fileBlobId"])
    content = await blob.read()
    assert len(content) == blob.size and SAMPLES["apple"] in content and SAMPLES["rich"] in content
    assert len(transfer.read(content)) == len(SAMPLES)
    part = b"".join([chunk async for chunk in blob.stream(100, 5000)])
    assert part == content[100:5000]
    for who, account in ((bob, ann.principal.id), (bob, bob.principal.id)):
        try:
            await library.find(who.principal, account, book["fileBlobId"])
        except Exception as refused:
            assert type(refused).__name__ == "NotFound"
        else:
            raise AssertionError("bob reads ann's book")


async def test_whose_book(ann: Client, bob: Client, store: Store) -> None:
    book = await ann.book()
    refused = await taken(store, bob, SAMPLES["apple"], addressBookId=book)
    assert refused["error"] == "forbidden"
    await ann("AddressBook/set", update={book: {"shareWith": {bob.account: {"mayRead": True, "mayWrite": True}}}})
    blob = await uploaded(store, bob, SAMPLES["davx5"])
    got = await bob("ContactCard/import", accountId=ann.account, blobId=blob, addressBookId=book)
    assert got["error"] == "blobNotFound"  # it was uploaded to another account
