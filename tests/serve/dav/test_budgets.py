"""How many statements each method costs, however much there is; and that a large collection is told in flat memory."""

import pytest

from parvis.kernel import ids
from parvis.serve.http.exchange import Request
from parvis.store.sql.contract import counting
from tests.serve.dav.test_reports import C, event


async def handled(doors, person, method: str, path: str, body: bytes = b"", **headers) -> tuple[int, int, bytes]:
    """Status, statements and the body of an answer, without the network between."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = [{"body": body, "more_body": False}]

    async def receive():
        return {"type": "http.request"} | sent.pop()

    request = Request(method, path, {}, given, receive, raw_path=path, principal=person)
    with counting() as count:
        response = await doors.dav.handle(request)
        whole = (
            response.body if isinstance(response.body, bytes) else b"".join([each async for each in response.body])
        )
    return response.status, len(count), whole


NAMES = b'<propfind xmlns="DAV:"><prop><getetag/><resourcetype/><getcontentlength/></prop></propfind>'


@pytest.mark.parametrize("many", [3, 300])
async def test_statements_do_not_grow_with_the_collection(dav_doors, ann, store, many) -> None:
    tree = dav_doors.dav.trees.of("calendars")[0]
    home = await tree.find(store.db, ann.person, ann.person.id, ("work",))

    async def fill(unit) -> None:
        for n in range(many):
            text = event(f"event-number-{n}", "20260105T100000Z")
            values = {"content": text.decode(), "size": len(text), "etag": str(n), "media_type": "text/calendar"}
            await tree.insert(unit, ann.person.id, home.id, ("work",), f"{n:04}.ics", "resource", **values)

    await store.write(fill)
    path = ann.calendars + "work/"

    async def costs(method, where, body=b"", most=0, status=207, **headers):
        found, statements, answer = await handled(dav_doors, ann.person, method, where, body, **headers)
        assert found == status, answer
        assert statements <= most, f"{method}: {statements}"
        return answer

    listed = await costs("PROPFIND", path, NAMES, most=8, depth="1")
    assert listed.count(b"<D:response>") == many + 1
    sync = b'<sync-collection xmlns="DAV:"><sync-token/><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>'
    assert (await costs("REPORT", path, sync, most=10)).count(b"<D:getetag>") == many
    hrefs = "".join(f"<href>{path}{n:04}.ics</href>" for n in range(3))
    await costs(
        "REPORT",
        path,
        f"<C:calendar-multiget {C}><prop><C:calendar-data/></prop>{hrefs}</C:calendar-multiget>".encode(),
        most=12,
    )
    await costs("GET", path + "0001.ics", most=4, status=200)
    await costs("PROPFIND", path + "0001.ics", NAMES, most=4, depth="0")
    new = event("new", "20260105T100000Z")
    await costs("PUT", path + "new.ics", new, most=24, status=201, if_none_match="*")
    await costs("PUT", path + "new.ics", new, most=24, status=204)
    await costs("PUT", path + "new.ics", new, most=28, status=200, prefer="return=representation")
    await costs("DELETE", path + "new.ics", most=20, status=204)


async def test_a_file_costs_few_statements(dav_doors, ann) -> None:
    assert (await handled(dav_doors, ann.person, "MKCOL", ann.files + "folder"))[0] == 201
    for status, most, told in ((201, 13, {"content_length": "1"}), (204, 15, {})):
        found, statements, _ = await handled(dav_doors, ann.person, "PUT", ann.files + "folder/a", b"x", **told)
        assert (found, statements <= most) == (status, True), statements
    found, statements, body = await handled(dav_doors, ann.person, "GET", ann.files + "folder/a")
    assert (found, body, statements <= 3) == (200, b"x", True), statements


async def test_ten_thousand_files_are_told_as_they_are_read(dav_doors, ann, store) -> None:
    tree = dav_doors.dav.trees.of("files")[0]
    root = await tree.find(store.db, ann.person, ann.person.id, ())

    async def fill(unit) -> None:
        await unit.many(
            """INSERT INTO shelf (id, account_id, part, home, parent, name, shape, etag, at_ms, modseq)
            VALUES (?, ?, ?, 'files', '', ?, 'resource', 'x', 0, 1)""",
            [(ids.new_id(), ann.person.id, root.id, f"file-{n:05}") for n in range(10_000)],
        )

    await store.write(fill)
    request = Request("PROPFIND", ann.files, {}, {"depth": "1"}, _nothing, raw_path=ann.files, principal=ann.person)
    response = await dav_doors.dav.handle(request)
    assert not isinstance(response.body, bytes)
    chunks = [chunk async for chunk in response.body]
    assert b"".join(chunks).count(b"<D:response>") == 10_001
    assert max(map(len, chunks)) < 1_000_000


async def _nothing():
    return {"type": "http.request", "body": b"", "more_body": False}
