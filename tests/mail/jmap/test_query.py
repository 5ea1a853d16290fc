"""Email/query and /queryChanges: every filter, every sort, threads collapsed, pages. RFC 8621 §4.4, §4.5"""

import itertools
from types import SimpleNamespace

import pytest

from parvis.kernel import ids
from parvis.mail import query, service
from parvis.mail.jmap import snippet
from parvis.mail.service import Import
from parvis.store.sql.contract import counting

DAY = 86_400_000


@pytest.fixture
async def box(ann, store, message):
    """Six messages by name; `name(ids)` turns ids into names."""
    inbox, junk = ids.parse(await ann.mailbox("inbox")), ids.parse(await ann.mailbox("junk"))
    rows = (
        ("a", message("Zebra", "Le déjeuner à midi", message_id="a@x", sender="Zoé <z@x>"), {inbox}, ("$seen",)),
        ("b", message("Re: Zebra", "đường phố", message_id="b@x", references="a@x", to="bob@x"), {inbox}, ()),
        (
            "c",
            message("apple", "one two three", message_id="c@x", extra="X-Label: Blue sky"),
            {inbox},
            ("$flagged",),
        ),
        (
            "d",
            message("Mango", "two one", message_id="d@x", extra="Cc: Carol <carol@x>"),
            {inbox, junk},
            ("$seen",),
        ),
        ("e", message("mango", "x" * 3000, message_id="e@x", extra="Bcc: hidden@x"), {junk}, ("$seen", "$flagged")),
        ("f", message("Re: Zebra", "last", message_id="f@x", references="b@x"), {junk}, ("work",)),
    )
    imports = [
        Import(raw, frozenset(boxes), frozenset(keywords), day * DAY)
        for day, (_, raw, boxes, keywords) in enumerate(rows, 1)
    ]
    stored = await service.import_messages(store, ann.principal, ann.principal.id, imports)
    return {ids.text(one.id): row[0] for one, row in zip(stored, rows, strict=True)}


async def find(ann, box, filter_=None, sort=None, **extra) -> str:
    got = await ann("Email/query", filter=filter_, sort=sort, **extra)
    return "".join(box[one] for one in got["ids"]) if "ids" in got else got["error"]


def utc(day: int) -> str:
    return f"1970-01-{day + 1:02}T00:00:00Z"


FILTERS = [
    ({"inMailbox": "inbox"}, "dcba"),
    ({"inMailbox": "nowhere"}, ""),
    ({"inMailboxOtherThan": ["junk"]}, "dcba"),
    ({"inMailboxOtherThan": []}, "fedcba"),
    ({"before": utc(3)}, "ba"),
    ({"after": utc(3)}, "fedc"),
    ({"minSize": 3000}, "e"),
    ({"maxSize": 3000}, "fdcba"),
    ({"hasKeyword": "$SEEN"}, "eda"),
    ({"notKeyword": "$seen"}, "fcb"),
    ({"someInThreadHaveKeyword": "$seen"}, "fedba"),
    ({"noneInThreadHaveKeyword": "$seen"}, "c"),
    ({"allInThreadHaveKeyword": "$seen"}, "ed"),
    ({"hasAttachment": True}, ""),
    ({"hasAttachment": False}, "fedcba"),
    ({"text": "dejeuner"}, "a"),
    ({"text": "DÉJEUNER zoe"}, "a"),
    ({"text": "duong"}, "b"),
    ({"text": "one two"}, "dc"),
    ({"text": '"one two"'}, "c"),
    ({"text": "'two one'"}, "d"),
    ({"text": "z@x"}, "a"),
    ({"text": "tw*"}, "dc"),
    ({"text": "tw"}, ""),
    ({"body": "zebra"}, ""),
    ({"subject": "zebra"}, "fba"),
    ({"from": "zoe"}, "a"),
    ({"to": "bob"}, "b"),
    ({"cc": "carol"}, "d"),
    ({"bcc": "hidden"}, "e"),
    ({"header": ["X-Label"]}, "c"),
    ({"header": ["x-label", "blue"]}, "c"),
    ({"header": ["x-label", "red"]}, ""),
    ({"header": ["Message-ID", "<f@x>"]}, "f"),
    ({"operator": "AND", "conditions": [{"inMailbox": "inbox"}, {"inMailbox": "junk"}]}, "d"),
    ({"operator": "OR", "conditions": [{"subject": "apple"}, {"hasKeyword": "work"}]}, "fc"),
    ({"operator": "NOT", "conditions": [{"inMailbox": "junk"}, {"text": "zebra"}]}, "c"),
    ({"inMailbox": "inbox", "text": "zebra", "notKeyword": "$seen"}, "b"),
]


@pytest.mark.parametrize(("condition", "expected"), FILTERS)
async def test_filters(ann, box, condition, expected) -> None:
    names = {name: await ann.mailbox(name) for name in ("inbox", "junk")}

    def placed(one):
        if isinstance(one, dict):
            return {key: placed(value) for key, value in one.items()}
        return [placed(value) for value in one] if isinstance(one, list) else names.get(one, one)

    assert await find(ann, box, placed(condition)) == expected


SORTS = [
    ([{"property": "receivedAt"}], "abcdef"),
    ([{"property": "subject"}, {"property": "receivedAt"}], "cdeabf"),
    ([{"property": "subject", "isAscending": False}, {"property": "receivedAt"}], "abfdec"),
    ([{"property": "size"}, {"property": "receivedAt"}], None),
    ([{"property": "from"}, {"property": "receivedAt"}], "bcdefa"),
    ([{"property": "to", "isAscending": False}, {"property": "receivedAt"}], "bacdef"),
    (
        [{"property": "hasKeyword", "keyword": "$flagged", "isAscending": False}, {"property": "receivedAt"}],
        "ceabdf",
    ),
    ([{"property": "someInThreadHaveKeyword", "keyword": "work"}, {"property": "receivedAt"}], "cdeabf"),
    ([{"property": "allInThreadHaveKeyword", "keyword": "$seen", "isAscending": False}], "edfcba"),
    ([{"property": "sentAt"}], None),
]


@pytest.mark.parametrize(("sort", "expected"), SORTS)
async def test_sorts(ann, box, sort, expected) -> None:
    got = await find(ann, box, None, sort)
    assert sorted(got) == list("abcdef")
    assert expected is None or got == expected


async def test_what_cannot_be_asked(ann, box) -> None:
    assert await find(ann, box, {"colour": "blue"}) == "unsupportedFilter"
    assert await find(ann, box, None, [{"property": "colour"}]) == "unsupportedSort"
    assert await find(ann, box, None, [{"property": "hasKeyword"}]) == "invalidArguments"
    assert await find(ann, box, {"header": []}) == "invalidArguments"
    assert await find(ann, box, {"before": "2026-02-31T00:00:00Z"}) == "invalidArguments"


async def test_header_fields_are_looked_into_some_at_a_time_and_not_for_ever(ann, box, monkeypatch) -> None:
    monkeypatch.setattr(query, "_HEADER_PAGE", 2)
    everything = {"operator": "OR", "conditions": [{"header": ["subject", "zebra"]}, {"header": ["x-label"]}]}
    with counting() as count:
        assert await find(ann, box, everything) == "fcba"
    assert sum("email_part" in statement for statement in count.statements) == 8
    monkeypatch.setattr(query, "_HEADER_SECONDS", 0.0)
    assert await find(ann, box, {"header": ["x-label"]}) == "serverUnavailable"
    assert await find(ann, box, {"header": ["Message-ID", "<f@x>"]}) == "f"
    assert await find(ann, box, {"subject": "apple"}) == "c"


async def test_threads_are_collapsed_and_paged(ann, box) -> None:
    inbox, junk = await ann.mailbox("inbox"), await ann.mailbox("junk")
    assert await find(ann, box, {"inMailbox": inbox}, collapseThreads=True) == "dcb"
    assert await find(ann, box, {"inMailbox": junk}, collapseThreads=True) == "fed"
    assert await find(ann, box, None, collapseThreads=True) == "fedc"
    assert await find(ann, box, None, [{"property": "receivedAt"}], collapseThreads=True) == "acde"
    for collapse, whole in ((True, "dcb"), (False, "dcba")):
        one = {"inMailbox": inbox}
        for filter_ in (one, {"operator": "AND", "conditions": [one]}):
            for position in range(-5, 5):
                got = await ann(
                    "Email/query", filter=filter_, collapseThreads=collapse, position=position, limit=2,
                    calculateTotal=True,
                )  # fmt: skip
                start = max(0, len(whole) + position) if position < 0 else position
                assert "".join(box[each] for each in got["ids"]) == whole[start : start + 2]
                assert got["total"] == len(whole)
            for anchor, text in ((name, each) for each, name in box.items()):
                got = await find(ann, box, filter_, collapseThreads=collapse, anchor=text, anchorOffset=-1, limit=2)
                place = max(0, whole.find(anchor) - 1)
                assert got == (whole[place : place + 2] if anchor in whole else "anchorNotFound")


async def test_another_account_has_no_list(ann, bob, box) -> None:
    for collapse in (True, False):
        got = await bob(
            "Email/query", filter={"inMailbox": await ann.mailbox("inbox")}, collapseThreads=collapse, limit=5
        )
        assert got["ids"] == []


async def test_changes_of_a_list_make_the_new_list(ann, box, store, message) -> None:
    """Whatever happens, the old list with the changes applied is the new list."""
    inbox, junk, trash = [await ann.mailbox(role) for role in ("inbox", "junk", "trash")]
    by_name = {name: one for one, name in box.items()}
    asked = [
        {"filter": {"inMailbox": inbox}, "collapseThreads": True},
        {"filter": {"inMailbox": inbox}},
        {"filter": {"inMailbox": inbox}, "sort": [{"property": "receivedAt"}]},
        {"filter": {"inMailbox": inbox, "notKeyword": "$seen"}, "collapseThreads": True},
        {"filter": {"someInThreadHaveKeyword": "$flagged"}},
        {"sort": [{"property": "hasKeyword", "keyword": "$seen"}, {"property": "receivedAt"}]},
    ]
    steps = (
        {"update": {by_name["b"]: {"keywords/$seen": True}}},
        {"update": {by_name["f"]: {f"mailboxIds/{inbox}": True}}},
        {"update": {by_name["a"]: {"keywords/$flagged": True, "keywords/$seen": None}}},
        {"update": {by_name["d"]: {"mailboxIds": {trash: True}}, by_name["c"]: {"mailboxIds": {junk: True}}}},
        {"destroy": [by_name["b"]]},
        {"create": {"n": {"mailboxIds": {inbox: True}, "subject": "new", "keywords": {"$flagged": True}}}},
        {"destroy": [by_name["a"], by_name["f"]]},
    )
    before = [await ann("Email/query", **each) for each in asked]
    for step in steps:
        done = await ann("Email/set", **step)
        assert not (done["notCreated"] or done["notUpdated"] or done["notDestroyed"])
        for place, each in enumerate(asked):
            now = await ann("Email/query", **each)
            told = await ann(
                "Email/queryChanges", sinceQueryState=before[place]["queryState"], calculateTotal=True, **each
            )
            patched = [one for one in before[place]["ids"] if one not in told["removed"]]
            for added in told["added"]:
                patched.insert(added["index"], added["id"])
            assert patched == now["ids"], (step, each)
            assert told["newQueryState"] == now["queryState"]
            assert told["total"] == len(now["ids"])
            before[place] = now


async def test_a_keyword_moves_nothing_in_a_list_by_date(ann, box) -> None:
    asked = {"filter": {"inMailbox": await ann.mailbox("inbox")}, "collapseThreads": True}
    state = (await ann("Email/query", **asked))["queryState"]
    await ann("Email/set", update={one: {"keywords/$seen": True} for one in box})
    told = await ann("Email/queryChanges", sinceQueryState=state, **asked)
    assert (told["removed"], told["added"]) == ([], [])
    assert told["newQueryState"] != state


async def test_snippets(ann, box) -> None:
    given = list(box)
    got = await ann("SearchSnippet/get", filter={"text": "zebra midi"}, emailIds=[*given[:3], "nothing"])
    assert got["notFound"] == ["nothing"]
    assert got["list"][0] == {
        "emailId": given[0],
        "subject": "<mark>Zebra</mark>",
        "preview": "Le déjeuner à <mark>midi</mark>",
    }
    assert got["list"][2] == {"emailId": given[2], "subject": None, "preview": None}
    got = await ann("SearchSnippet/get", filter={"body": '"dejeuner a"'}, emailIds=given[:1])
    assert got["list"][0]["preview"] == "Le <mark>déjeuner à</mark> midi"


async def test_a_page_of_mail_costs_few_statements(ann, box) -> None:
    inbox = await ann.mailbox("inbox")
    listed = (
        "Email/query",
        {"accountId": ann.account, "filter": {"inMailbox": inbox}, "collapseThreads": True, "limit": 50},
    )
    get = (
        "Email/get",
        {
            "accountId": ann.account,
            "#ids": {"resultOf": "c0", "name": "Email/query", "path": "/ids"},
            "properties": ["threadId", "mailboxIds", "keywords", "from", "subject", "receivedAt", "preview"],
        },
    )
    with counting() as count:
        responses = await ann.all(listed, get)
    assert len(responses[1][1]["list"]) == 3
    assert len(count) <= 8, "\n".join(count.statements)


async def test_a_book_is_no_question(ann, box) -> None:
    assert (await ann("Email/query", filter={"text": "word " * 201}))["error"] == "invalidArguments"
    got = await ann("SearchSnippet/get", emailIds=list(box), filter={"body": "word " * 201})
    assert got["error"] == "invalidArguments"


async def test_all_conditions_on_headers_share_one_limit_of_time(ann, box, monkeypatch) -> None:
    seconds = itertools.count(step=4)
    monkeypatch.setattr(query, "clock", SimpleNamespace(monotonic=lambda: next(seconds)))
    assert (await ann("Email/query", filter={"header": ["X-Label", "sky"]}))["ids"]
    asked = [{"header": ["X-Label", word]} for word in ("sky", "sea", "fire")]
    assert "ids" in await ann("Email/query", filter={"operator": "OR", "conditions": asked[:1] * 20})
    refused = await ann("Email/query", filter={"operator": "OR", "conditions": asked})
    assert refused["error"] == "serverUnavailable"


async def test_a_snippet_reads_the_text_and_no_attachment(ann, store, monkeypatch) -> None:
    inbox = ids.parse(await ann.mailbox("inbox"))
    lines = [
        "From: a@x",
        "MIME-Version: 1.0",
        "Content-Type: multipart/mixed; boundary=b",
        "",
        "--b",
        "",
        "a needle",
    ]
    lines += ["--b", "Content-Type: application/octet-stream", "", *["x" * 70] * 10_000, "--b--", ""]
    raw = "\r\n".join(lines).encode()
    one = Import(raw, frozenset({inbox}))
    (stored,) = await service.import_messages(store, ann.principal, ann.principal.id, [one])
    read, get = [], store.blobs.get

    async def noted(*args):
        read.append(content := await get(*args))
        return content

    monkeypatch.setattr(store.blobs, "get", noted)
    got = await ann("SearchSnippet/get", emailIds=[ids.text(stored.id)], filter={"body": "needle"})
    assert got["list"][0]["preview"] == "a <mark>needle</mark>"
    assert sum(map(len, read)) < 1_000


@pytest.mark.parametrize("before", [0, 10, 3_999, 5_000, 50_000])
def test_an_excerpt_is_found_wherever_it_stands(before: int) -> None:
    asked = [(["two", "words"], False)]
    assert "<mark>two words</mark>" in snippet.excerpt("a " * (before // 2) + "two words and more", asked)
    assert snippet.excerpt("a" * before + "two", asked) is None


async def test_nobody_waits_while_a_long_list_is_counted(ann, box, store, monkeypatch) -> None:
    monkeypatch.setattr(query, "_SHORT", 3)
    short = []

    def noting(call):
        def noted(sql, *args):
            short.append(sql)
            return call(sql, *args)

        return noted

    for name in ("rows", "value"):
        monkeypatch.setattr(store.db, name, noting(getattr(store.db, name)))
    inbox = await ann.mailbox("inbox")
    asked = {"filter": {"inMailbox": inbox}, "sort": [{"property": "receivedAt", "isAscending": True}]}
    first = await ann("Email/query", **asked, limit=2)
    assert any("OFFSET" in sql for sql in short)
    short.clear()
    assert (await ann("Email/query", **asked))["ids"][:2] == first["ids"]
    assert (await ann("Email/query", **asked, position=3, limit=2))["position"] == 3
    assert not [sql for sql in short if "OFFSET" in sql]
    assert (await ann("Email/query", **asked, anchor=first["ids"][1], limit=1))["position"] == 1
    assert not [sql for sql in short if "COUNT(*)" in sql]


async def test_changes_of_a_query_since_a_state_of_changes_in_pages(ann, box) -> None:
    part = await ann("Email/changes", sinceState="0", maxChanges=2)
    assert part["hasMoreChanges"]
    asked = {"filter": {"allInThreadHaveKeyword": "$seen"}, "collapseThreads": True}
    told = await ann("Email/queryChanges", sinceQueryState=part["newState"], **asked)
    now = await ann("Email/query", **asked)
    assert {one["id"] for one in told["added"]} == set(now["ids"])
