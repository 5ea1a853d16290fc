"""Commands of IMAP clients."""

import datetime
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parvis.wire.imap import arguments as a
from parvis.wire.imap import search as s
from parvis.wire.imap.command import AppendHead, BadCharset, BadCommand, Octets, append_head, parse, peek
from parvis.wire.imap.fetch import Section, Simple
from parvis.wire.imap.numbers import Numbers
from parvis.wire.imap.numbers import parse as numbers


def read(line: str | bytes, utf8: bool = False) -> a.Arguments:
    data = line.encode() if isinstance(line, str) else line
    return parse([b"A1 " + data], utf8).arguments


def refused(line: str | bytes) -> str:
    with pytest.raises(BadCommand) as caught:
        read(line)
    assert caught.value.tag == "A1"
    return caught.value.sentence


ALL_OF = ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE")
SIMPLE = [
    ("CAPABILITY", a.Nothing()),
    ("noop ", a.Nothing()),
    ("LOGIN SMITH SESAME", a.Login("SMITH", "SESAME")),
    (r'LOGIN "a\"b" "c\\d"', a.Login('a"b', "c\\d")),
    ("AUTHENTICATE GSSAPI", a.Authenticate("GSSAPI")),
    ("AUTHENTICATE PLAIN AHRlc3QAdGVzdA==", a.Authenticate("PLAIN", b"\0test\0test")),
    ("AUTHENTICATE EXTERNAL =", a.Authenticate("EXTERNAL", b"")),
    ("ENABLE CONDSTORE UTF8=Accept", a.Enable(("CONDSTORE", "UTF8=ACCEPT"))),
    ("ID NIL", a.Id(None)),
    ('ID ("name" "sodr" "version" NIL)', a.Id((("name", "sodr"), ("version", None)))),
    ("COMPRESS DEFLATE", a.Compress("DEFLATE")),
    ("SELECT inbox", a.Select("INBOX")),
    ("EXAMINE blurdybloop (CONDSTORE)", a.Select("blurdybloop", True, True)),
    ("CREATE owatagusiam/", a.Create("owatagusiam/")),
    (r"CREATE MySpecial (USE (\Drafts \Sent))", a.Create("MySpecial", ("\\Drafts", "\\Sent"))),
    ("DELETE blurdybloop", a.Delete("blurdybloop")),
    ("RENAME blurdybloop sarasoop", a.Rename("blurdybloop", "sarasoop")),
    ("SUBSCRIBE #news.comp.mail.mime", a.Subscribe("#news.comp.mail.mime")),
    ("UNSUBSCRIBE x", a.Unsubscribe("x")),
    ('LIST "" ""', a.List("", ("",))),
    ("LIST ~/Mail/ %", a.List("~/Mail/", ("%",))),
    ('LSUB "" "*"', a.Lsub("", "*")),
    (
        'LIST (SUBSCRIBED RECURSIVEMATCH) "" % RETURN (CHILDREN)',
        a.List("", ("%",), subscribed=True, recursive_match=True, return_children=True, extended=True),
    ),
    (
        'LIST (SPECIAL-USE REMOTE) "" (INBOX Drafts) RETURN (STATUS (MESSAGES UNSEEN) SPECIAL-USE MYRIGHTS SUBSCRIBED)',
        a.List(
            "", ("INBOX", "Drafts"), special_use_only=True, remote=True, return_status=("MESSAGES", "UNSEEN"),
            return_special_use=True, return_myrights=True, return_subscribed=True, extended=True,
        ),
    ),
    ("STATUS blurdybloop (UIDNEXT MESSAGES size)", a.Status("blurdybloop", ("UIDNEXT", "MESSAGES", "SIZE"))),
    ("COPY 2:4 MEETING", a.Copy(False, numbers("2:4"), "MEETING")),
    ("UID MOVE 42:69 foo", a.Move(True, numbers("42:69"), "foo")),
    ("UID EXPUNGE 3000:3002", a.UidExpunge(numbers("3000:3002"))),
    (r"STORE 2:4 +FLAGS (\deleted)", a.Store(False, numbers("2:4"), "add", False, ("\\Deleted",))),
    (r"UID STORE $ -flags.silent \Seen $Junk \Recent", a.Store(True, Numbers(saved=True), "remove", True, ("\\Seen", "$Junk"))),
    ("STORE 7 (UNCHANGEDSINCE 320162338) FLAGS ()", a.Store(False, numbers("7"), "set", False, (), 320162338)),
    ("GETACL INBOX", a.GetAcl("INBOX")),
    ("SETACL INBOX/Drafts Byron +lrswikda", a.SetAcl("INBOX/Drafts", "Byron", "add", "lrswikda")),
    ('SETACL x Byron ""', a.SetAcl("x", "Byron", "set", "")),
    ("DELETEACL x -Fred", a.DeleteAcl("x", "-Fred")),
    ("LISTRIGHTS ~/Mail/saved smith", a.ListRights("~/Mail/saved", "smith")),
    ("MYRIGHTS x", a.MyRights("x")),
    ('GETQUOTA ""', a.GetQuota("")),
    ("GETQUOTAROOT inbox", a.GetQuotaRoot("INBOX")),
    ('SETQUOTA "" (storage 512 MESSAGE 9)', a.SetQuota("", (("STORAGE", 512), ("MESSAGE", 9)))),
    ("NOTIFY NONE", a.Notify(None)),
    ("SORT (SUBJECT REVERSE DATE) UTF-8 ALL", a.Sort(False, (("SUBJECT", False), ("DATE", True)), "UTF-8", s.All())),
    ("UID THREAD REFERENCES us-ascii UNSEEN", a.Thread(True, "REFERENCES", "US-ASCII", s.Flag("\\Seen", False))),
]  # fmt: skip


@pytest.mark.parametrize(("line", "expected"), SIMPLE, ids=[line for line, _ in SIMPLE])
def test_commands(line: str, expected: a.Arguments) -> None:
    assert read(line) == expected


def test_a_command_has_its_tag_and_name() -> None:
    command = parse([b"a002.x uid fetch 1 FLAGS"])
    assert (command.tag, command.name) == ("a002.x", "FETCH")
    assert peek(b"a002 uid fetch 1 FLAGS") == ("a002", "UID FETCH")
    assert peek(b"a002 append x {3}") == ("a002", "APPEND")
    assert peek(b"\xff\x00") != ("", "APPEND")
    assert peek(b"") == ("", "")


@pytest.mark.parametrize("line", [b"", b"+ NOOP", b"a", b"a(b NOOP", b" NOOP", b"a\xff NOOP"])
def test_without_a_tag_there_is_nobody_to_answer(line: bytes) -> None:
    with pytest.raises(BadCommand) as caught:
        parse([line])
    assert caught.value.tag is None


def test_a_mailbox_that_is_known_already() -> None:
    """RFC 7162 §3.2.5."""
    found = read("SELECT INBOX (QRESYNC (67890007 90060115194045000 41:211,214:541 (1,3 41,43)))")
    known = a.Qresync(67890007, 90060115194045000, numbers("41:211,214:541"), (numbers("1,3"), numbers("41,43")))
    assert found == a.Select("INBOX", qresync=known)
    assert read("SELECT INBOX (QRESYNC (67890007 20050715194045000))") == a.Select(
        "INBOX", qresync=a.Qresync(67890007, 20050715194045000)
    )


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ("ALL", tuple(map(Simple, ALL_OF))),
        ("full", (*map(Simple, ALL_OF), Simple("BODY"))),
        ("fast", tuple(map(Simple, ALL_OF[:3]))),
        ("(FLAGS UID FLAGS)", (Simple("FLAGS"), Simple("UID"))),
        ("(PREVIEW (LAZY) PREVIEW)", (Simple("PREVIEW", True), Simple("PREVIEW"))),
        ("BODY", (Simple("BODY"),)),
        ("BODY[]", (Section("BODY"),)),
        ("BODY.PEEK[]<0.2048>", (Section("BODY", peek=True, partial=(0, 2048)),)),
        ("BODY[1.2.3]", (Section("BODY", (1, 2, 3)),)),
        ("BODY[4.2.HEADER]", (Section("BODY", (4, 2), "HEADER"),)),
        ("BODY[1.mime]", (Section("BODY", (1,), "MIME"),)),
        ("BODY[text]", (Section("BODY", (), "TEXT"),)),
        (
            'body.peek[HEADER.FIELDS.NOT (From "To")]',
            (Section("BODY", (), "HEADER.FIELDS.NOT", ("From", "To"), peek=True),),
        ),
        ("BINARY.PEEK[1]<5.6>", (Section("BINARY", (1,), peek=True, partial=(5, 6)),)),
        ("BINARY.SIZE[2.1]", (Section("BINARY.SIZE", (2, 1), peek=True),)),
        ("RFC822", (Section("RFC822"),)),
        ("RFC822.HEADER", (Section("RFC822", part="HEADER", peek=True),)),
    ],
)
def test_items_to_fetch(items: str, expected: tuple[object, ...]) -> None:
    assert read(f"FETCH 1:* {items}") == a.Fetch(False, numbers("1:*"), expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("item", "label"),
    [
        ("BODY.PEEK[]", b"BODY[]"),
        ("BODY[1.2.MIME]<10.20>", b"BODY[1.2.MIME]<10>"),
        ('BODY[header.fields (Subject "a b")]', b'BODY[HEADER.FIELDS (Subject "a b")]'),
        ("BINARY.SIZE[3]", b"BINARY.SIZE[3]"),
        ("RFC822.TEXT", b"RFC822.TEXT"),
        ("RFC822", b"RFC822"),
    ],
)
def test_what_the_response_calls_them(item: str, label: bytes) -> None:
    (found,) = read(f"FETCH 1 {item}").items  # type: ignore[union-attr]
    assert found.label() == label


def test_modifiers_of_fetch() -> None:
    """RFC 7162 §3.2.6, RFC 9394 §3.3."""
    found = read("UID FETCH 300:500 (FLAGS) (CHANGEDSINCE 12345 VANISHED)")
    assert found == a.Fetch(True, numbers("300:500"), (Simple("FLAGS"),), 12345, True)
    assert read("UID FETCH 25900:26600 (FLAGS) (PARTIAL -100:-1)").partial == (-1, -100)  # type: ignore[union-attr]
    assert read("UID FETCH 1:* FLAGS (PARTIAL 30:1)").partial == (1, 30)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("ALL", s.All()),
        (
            'FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"',
            s.And((s.Flag("\\Flagged"), s.When("INTERNAL", "since", datetime.date(1994, 2, 1)), s.Not(s.Text("FROM", "Smith")))),
        ),
        ("OR UNSEEN (ANSWERED DRAFT)", s.Or(s.Flag("\\Seen", False), s.And((s.Flag("\\Answered"), s.Flag("\\Draft"))))),
        ("(SUBJECT x)", s.Text("SUBJECT", "x")),
        ("1:3,5 UID $", s.And((s.Sequence(numbers("1:3,5")), s.Uids(Numbers(saved=True))))),
        ("NEW", s.And((s.Flag("\\Recent"), s.Flag("\\Seen", False)))),
        ("OLD", s.Flag("\\Recent", False)),
        ("UNKEYWORD $Junk", s.Keyword("$Junk", False)),
        ('HEADER List-Id ""', s.Header("List-Id", "")),
        ('SENTON "9-Dec-2020"', s.When("SENT", "on", datetime.date(2020, 12, 9))),
        ("SAVEDBEFORE 1-Jan-2023", s.When("SAVED", "before", datetime.date(2023, 1, 1))),
        ("YOUNGER 259200", s.Within("younger", 259200)),
        ("SMALLER 5", s.Size("smaller", 5)),
        (r'MODSEQ "/flags/\\draft" all 620162338', s.Modseq(620162338)),
        ("MODSEQ 5", s.Modseq(5)),
        ("EMAILID M6d99 THREADID T64b", s.And((s.EmailId("M6d99"), s.ThreadId("T64b")))),
        ('TEXT "đường"', s.Text("TEXT", "đường")),
    ],
)  # fmt: skip
def test_search_keys(keys: str, expected: s.SearchKey) -> None:
    assert read(f"SEARCH {keys}") == a.Search(False, None, expected)


def test_options_of_search() -> None:
    """RFC 9051 §6.4.4, RFC 9394 §3.1."""
    found = read("UID SEARCH RETURN (PARTIAL 23500:24000 COUNT) CHARSET utf-8 1:*")
    every = s.Sequence(numbers("1:*"))
    assert found == a.Search(True, "UTF-8", every, frozenset({"PARTIAL", "COUNT"}), (23500, 24000))
    assert read("SEARCH RETURN () ALL") == a.Search(False, None, s.All(), frozenset({"ALL"}))
    literal = [b"A SEARCH CHARSET UTF-8 OR TEXT {4}", Octets(4, "đt".encode()[:4]), b" TO x"]
    with pytest.raises(BadCommand):
        parse([*literal[:1], Octets(4, b"\xff\xff\xff\xff"), b" TO x"])
    assert parse([literal[0], Octets(4, "đđ".encode()), b" TO x"]).arguments == a.Search(
        False, "UTF-8", s.Or(s.Text("TEXT", "đđ"), s.Text("TO", "x"))
    )
    with pytest.raises(BadCharset) as caught:
        read("SEARCH CHARSET KOI8-R ALL")
    assert caught.value.tag == "A1"


def test_notices() -> None:
    """RFC 5465 §3.1 with erratum 1804."""
    found = read(
        "notify set status (selected (MessageNew (uid body.peek[header.fields (from)]) MessageExpunge)) "
        "(subtree Lists (MessageNew MessageExpunge)) (mailboxes (a b) none)"
    )
    new = ("MESSAGENEW", "MESSAGEEXPUNGE")
    items = (Simple("UID"), Section("BODY", (), "HEADER.FIELDS", ("from",), peek=True))
    groups = (
        a.NotifyGroup("SELECTED", (), new, items),
        a.NotifyGroup("SUBTREE", ("Lists",), new),
        a.NotifyGroup("MAILBOXES", ("a", "b"), ()),
    )
    assert found == a.Notify(groups, True)
    assert "together" in refused("NOTIFY SET (personal (MessageNew))")
    assert "FlagChange" in refused("NOTIFY SET (personal (FlagChange))")
    assert "these mailboxes" in refused("NOTIFY SET (selected (MailboxName))")


def test_messages_come_as_literals() -> None:
    """RFC 9051 §6.3.12, RFC 3502 §6.3.11."""
    date = b'"17-Jul-1996 02:44:25 -0700"'
    parts = [
        b"A1 APPEND saved (\\Seen) " + date + b" {310}",
        Octets(310),
        b" (x) ~{5+}",
        Octets(5, binary=True),
        b"",
    ]
    first = a.AppendMessage(("\\Seen",), 837596665000, Octets(310))
    assert parse(parts).arguments == a.Append(
        "saved", (first, a.AppendMessage(("x",), None, Octets(5, binary=True)))
    )
    utf8 = parse([b"A1 APPEND {5}", Octets(5, b"saved"), b" UTF8 (~{9}", Octets(9, binary=True), b")"])
    assert utf8.arguments == a.Append("saved", (a.AppendMessage(octets=Octets(9, binary=True), utf8=True),))


def test_messages_are_put_together() -> None:
    """RFC 4469 §4."""
    parts = [
        b"A003 APPEND Drafts (\\Seen) CATENATE (TEXT {738}", Octets(738),
        b' URL "/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER" TEXT {4}', Octets(4, b"abcd"), b")",
    ]  # fmt: skip
    pieces = (
        Octets(738),
        a.CatenateUrl("/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER"),
        Octets(4, b"abcd"),
    )
    assert parse(parts).arguments == a.Append("Drafts", (a.AppendMessage(("\\Seen",), catenate=pieces),))
    assert append_head(parts[:1]) == AppendHead("text", "Drafts")
    assert append_head(parts[:3]) == AppendHead("text", "Drafts")


def test_what_a_literal_will_be_is_known_before_it_comes() -> None:
    assert append_head([b"a APPEND {5}"]) == AppendHead("argument", None)
    assert append_head([b"a APPEND {5}", Octets(5, b"saved"), b" (x) {9}"]) == AppendHead("message", "saved")
    assert append_head([b"a APPEND x {9}", Octets(9), b" (y) {7+}"]) == AppendHead("message", "x")
    assert append_head([b"a APPEND x UTF8 (~{9}"]) == AppendHead("message", "x")
    assert append_head([b"a UID REPLACE 5 x {9}"]) == AppendHead("message", "x")
    assert append_head([b"a APPEND x CATENATE (URL {9}"]) == AppendHead("argument", "x")
    for line in (b"a APPEND x (y {9}", b"a APPEND x", b"a APPEND x y {9}"):
        with pytest.raises(BadCommand):
            append_head([line])


def test_a_message_replaces_another() -> None:
    """RFC 8508 §3."""
    parts = [b"A UID REPLACE 2001 Drafts (\\Seen \\Draft) {312}", Octets(312), b""]
    append = a.Append("Drafts", (a.AppendMessage(("\\Seen", "\\Draft"), None, Octets(312)),))
    assert parse(parts).arguments == a.Replace(True, 2001, append)


@pytest.mark.parametrize(
    "line",
    [
        "", "X", "UID", "UID NOOP", "NOOP x", "LOGIN a", "LOGIN a b c", 'LOGIN "a b', "LOGIN a {3}", "SELECT", "SELECT a b",
        "SELECT a (x)", "SELECT a (QRESYNC (0 5))", "LIST (x) a b", 'LIST (RECURSIVEMATCH) "" *', "LIST a b RETURN", "STATUS a ()",
        "STATUS a (X)", "FETCH", "FETCH 0 FLAGS", "FETCH 1 ()", "FETCH 1 (ALL)", "FETCH 1 X", "FETCH 1 BODY[MIME]", "FETCH 1 BODY[0]",
        "FETCH 1 BODY[1.]", "FETCH 1 BODY[1HEADER]", "FETCH 1 BODY[X]", "FETCH 1 BODY[HEADER.FIELDS ()]", "FETCH 1 BODY[]<1>",
        "FETCH 1 BODY[]<1.0>", "FETCH 1 BINARY[TEXT]", "FETCH 1 BINARY", "FETCH 1 (FLAGS", "FETCH 1 FLAGS (VANISHED)",
        "FETCH 1 FLAGS (PARTIAL -1:5)", "STORE 1 X (a)", "STORE 1 FLAGS", r"STORE 1 FLAGS (\Foo)", "SEARCH", "SEARCH X", "SEARCH (ALL",
        "SEARCH RETURN (X) ALL", "SEARCH RETURN (ALL PARTIAL 1:2) ALL", "SEARCH RETURN (PARTIAL 1:2 PARTIAL 3:4) ALL", "SEARCH SINCE 31-Feb-2020", "SEARCH LARGER 99999999999999999999",
        "SORT () UTF-8 ALL", "SORT (X) UTF-8 ALL", "SORT (DATE)", "THREAD X", "AUTHENTICATE PLAIN ?", "ID (a b)", "APPEND x y",
        "SETACL a b LR", "COPY 1", "MOVE x y", "ENABLE", "CREATE a (USE x)", "SEARCH CHARSET US-ASCII TEXT \xe9",
    ],
)  # fmt: skip
def test_what_is_not_understood_is_said(line: str) -> None:
    assert refused(line)


def test_a_literal_that_does_not_fit_is_refused() -> None:
    for parts in (
        [b"A1 LOGIN {3}", Octets(4, b"abcd"), b" x"],
        [b"A1 LOGIN {3}", Octets(3), b" x"],
        [b"A1 LOGIN {3}", Octets(3, b"a\0b"), b" x"],
        [b"A1 LOGIN {3}", b" x"],
        [b"A1 NOOP", Octets(3, b"abc"), b""],
        [b"A1 NOOP {3}", Octets(3, b"abc"), b""],
    ):
        with pytest.raises(BadCommand):
            parse(parts)


WORDS = [
    b"1:*", b"(", b")", b"()", b'"', b'"a"', b"{3}", b"~{3}", b"FLAGS", b"BODY[", b"]", b"HEADER.FIELDS", b"<0.1>", b"INBOX", b"NIL", b"RETURN",
    b"CHARSET", b"UTF-8", b"OR", b"NOT", b"SINCE", b"1-Feb-1994", b"\\Seen", b"$", b"*", b"UID", b"\xff", b"\0", b"=", b"SET", b"QRESYNC",
    b"CATENATE", b"URL", b"TEXT", b"+FLAGS", b"selected", b"MessageNew", b"REVERSE", b"DATE", b"ALL", b"-1:-2", b"&AAo-",
]  # fmt: skip
VERBS = (
    b"LOGIN AUTHENTICATE ENABLE ID SELECT CREATE RENAME LIST LSUB STATUS APPEND SETACL SETQUOTA NOTIFY FETCH SEARCH SORT THREAD STORE COPY "
    b"REPLACE UID"
).split()


@given(
    st.sampled_from(VERBS),
    st.lists(st.one_of(st.sampled_from(WORDS), st.binary(max_size=6)), max_size=12),
    st.booleans(),
)
@example(b"FETCH", [b"1", b"BODY[HEADER.FIELDS", b"{3}", b")", b"]"], True)
def test_nonsense_is_only_ever_refused(verb: bytes, words: list[bytes], utf8: bool) -> None:
    parts: list[bytes | Octets] = []
    for line in (b"a " + verb + b" " + b" ".join(words)).replace(b"{3}", b"{3}\n").split(b"\n"):
        parts += [line, Octets(3, b"abc")]
    for offered in (parts[:-1], parts[:1]):
        try:
            assert parse(offered, utf8).tag == "a"
        except (BadCommand, BadCharset) as error:
            assert error.tag == "a"


@given(st.binary(max_size=200))
def test_bytes_are_only_ever_refused(line: bytes) -> None:
    peek(line)
    try:
        parse([line])
    except (BadCommand, BadCharset) as error:
        assert error.sentence


LONG = [
    b"SEARCH " + b"OR " * 21_000, b"SEARCH " + b"1 " * 32_000, b"SEARCH " + b"(" * 64_000, b"SEARCH " + b"NOT " * 16_000,
    b"FETCH " + b"1," * 32_000 + b"1 FLAGS", b"FETCH 1 (" + b"FLAGS " * 10_000, b"FETCH 1 BODY[" + b"1." * 32_000 + b"1]",
    b'SEARCH SUBJECT "' + b'\\"' * 32_000 + b'"', b'LOGIN "' + b"\\\\" * 32_000, b'ID ("a" ' + b'"b" ' * 16_000, b"ENABLE " + b"a " * 32_000,
    b"STORE 1 FLAGS " + b"a " * 32_000, b"LIST " + b"(" * 64_000, b"SELECT &" + b"AAA" * 21_000, b"SELECT " + b"a" * 64_000,
    b"NOTIFY SET " + b"(personal NONE) " * 4_000, b"APPEND x " + b"(" * 64_000, b"FETCH 1 BODY[HEADER.FIELDS (" + b"a " * 32_000,
    b'SELECT "' + b"&AAA" * 16_000 + b'"', b"AUTHENTICATE PLAIN " + b"A" * 64_000, b"SEARCH " + b"{" * 64_000,
]  # fmt: skip


@pytest.mark.parametrize("line", LONG, ids=[line[:20].decode() for line in LONG])
def test_a_long_command_is_read_in_time_of_its_length(line: bytes) -> None:
    start = time.process_time()
    try:
        read(line)
    except BadCommand as error:
        assert error.tag == "A1"
    assert time.process_time() - start < 1  # a few hundredths; what grew with the square would take minutes
