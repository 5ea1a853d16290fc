"""Sieve scripts are read, and what is wrong in them is told."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.wire.sieve import CAPABILITIES, Context, Limits, Mail, SieveError, compile_script, run

MAIL = Mail.of(b"From: a@example.org\r\nSubject: frop\r\n\r\nHello\r\n", "a@example.org", "b@example.org")


def faults(source: str | bytes, limits: Limits | None = None) -> list[tuple[int, int, str]]:
    with pytest.raises(SieveError) as caught:
        compile_script(source, limits or Limits())
    assert (caught.value.line, caught.value.column) == caught.value.faults[0][:2]
    return [tuple(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("source", "line", "column", "words"),
    [
        ("keep", 1, 5, "';'"),
        ("keep;\n\n  }", 3, 3, "closes nothing"),
        ('redirect "a', 1, 10, "no closing quote"),
        ("/* never", 1, 1, "comment"),
        ("if true {\n keep;\n", 3, 1, "'}' is missing"),
        ("redirect text:\nabc\n", 1, 10, "line with a '.'"),
        ("keep \x00;", 1, 6, "does not belong"),
        ("if anyof (true,) { }", 1, 16, "test should stand"),
        ('if header ["a" "b"] "c" { }', 1, 16, "',' or ']'"),
        ("if size :over 99999999999999999999 { }", 1, 15, "too large"),
        ("frobnicate;", 1, 1, "'frobnicate' is not known"),
        ("true;", 1, 1, "is a test, not a command"),
        ("if keep { }", 1, 4, "is a command, not a test"),
        ("if true;", 1, 1, "needs a block"),
        ("keep { stop; }", 1, 1, "takes no block"),
        ("else { }", 1, 1, "does not follow"),
        ('redirect "a@b.org"\nkeep;', 2, 1, "is a ';' missing before 'keep'"),
        ('if address matches "from" "*" { }', 1, 12, "is a ':' missing before 'matches'"),
        ("if true { } keep; elsif true { }", 1, 19, "does not follow"),
        ('fileinto "x";', 1, 1, 'needs require "fileinto"'),
        ('require "fileinto";\nfileinto :copy "x";', 2, 10, 'needs require "copy"'),
        ('require "nonsense";', 1, 9, "'nonsense' is not supported"),
        ('keep;\nrequire "fileinto";', 2, 1, "before all other"),
        ('if header :is :contains "a" "b" { }', 1, 15, "second match type"),
        ('if header :comparator "i;klingon" "a" "b" { }', 1, 4, "'i;klingon' is not known"),
        ('if header "a" { }', 1, 4, "it has 1 argument"),
        ('if header 3 "a" { }', 1, 11, "not a number"),
        ('if header "a" "b" :is { }', 1, 19, "after an argument"),
        ('if address "subject" "x" { }', 1, 4, "holds no addresses"),
        ("if size 3 { }", 1, 4, ":over"),
        ('redirect "no address";', 1, 1, "is no address"),
        ('require ["relational"]; if header :count "xx" "a" "1" { }', 1, 28, "gt, ge"),
        ('require ["variables"]; set "a.b" "c";', 1, 24, "namespace"),
        ('require ["variables"]; set :upper :lower "a" "c";', 1, 35, "second modifier"),
        ('require ["date"]; if currentdate "moon" "full" { }', 1, 22, "no part of a date"),
        ('require ["editheader"]; deleteheader :last "a";', 1, 25, "':last' stands without"),
        ('require ["imap4flags"]; setflag "a" "b";', 1, 25, 'require "variables"'),
        ('require ["foreverypart"]; break;', 1, 27, "outside"),
        ('require ["include"]; global "a";', 1, 22, 'require "variables"'),
        ('require ["include"]; include "../a";', 1, 22, "no '/'"),
    ],
)  # fmt: skip
def test_what_is_wrong_and_where(source: str, line: int, column: int, words: str) -> None:
    told = faults(source)
    assert told[0][:2] == (line, column)
    assert words in told[0][2]


def test_every_fault_is_told_in_order() -> None:
    told = faults('frop;\nif header "a" { friep; }\nkeep "x";\nif not true { frml; }')
    assert [fault[0] for fault in told] == [1, 2, 2, 3, 4]


def test_bytes_that_are_not_utf8() -> None:
    assert faults(b"keep;\n# \xff")[0][0] == 2


def test_limits() -> None:
    nested = "if true {" * 40 + "keep;" + "}" * 40
    assert "levels" in faults(nested)[0][2]
    tests = "if " + "not " * 40 + "true { }"
    assert "levels" in faults(tests)[0][2]
    assert "longer than" in faults("#" * 2_000, Limits(script=1_000))[0][2]
    assert "longer than" in faults('redirect "' + "a" * 200 + '";', Limits(string=100))[0][2]
    assert "words and marks" in faults("keep;" * 200, Limits(tokens=100))[0][2]
    assert len(faults("frop;" * 200)) == Limits().faults
    compile_script("if true {" * 15 + "keep;" + "}" * 15)  # RFC 5228 §2.10.7


def test_comments_text_and_numbers() -> None:
    script = compile_script(
        'require ["reject"]; # a comment\n/* another * one **/ if size :over 1M { keep; }\n'
        "reject text: # why\n..stuffed\r\n.not\n\n.\n;"
    )
    outcome = run(script, MAIL, Context())
    assert outcome.actions[0].reason == ".stuffed\r\n.not\r\n\r\n"  # type: ignore[union-attr]


def test_ihave_defers_what_is_not_understood() -> None:
    """RFC 5463 §4"""
    source = 'require ["ihave"]; if ihave "frobnicate" { frobnicate :hard "x"; } elsif ihave "fileinto" { fileinto "y"; }'
    assert run(compile_script(source), MAIL, Context()).actions[0].mailbox == "y"  # type: ignore[union-attr]
    failing = compile_script('require ["ihave"]; if not ihave "frobnicate" { frobnicate "x"; }')
    assert "not known" in str(run(failing, MAIL, Context()).error)
    useless = compile_script('require ["ihave"]; if ihave "variables" { discard; }')
    assert run(useless, MAIL, Context()).actions[0].implicit  # type: ignore[union-attr]


WORDS = [
    *"{}()[],;",
    *(":" + tag for tag in ("is", "matches", "count", "value", "index", "last", "copy", "comparator", "over", "mime")),
    *("if", "elsif", "else", "not", "anyof", "allof", "true", "keep", "stop", "discard", "redirect", "fileinto"),
    *("header", "address", "size", "exists", "set", "string", "body", "date", "vacation", "notify", "foreverypart"),
    *("break", "include", "return", "global", "addheader", "deleteheader", "hasflag", "setflag", "duplicate", "ihave"),
    *('"subject"', '"*a*"', '"${a}"', '"a@b.org"', '"gt"', '"i;ascii-numeric"', '""', "10", "2K", "text:\nx\n.\n", "#\n"),
]  # fmt: skip
ALL = f"require [{', '.join(chr(34) + name + chr(34) for name in sorted(CAPABILITIES))}];"


@given(st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join))
def test_a_soup_of_words_is_refused_or_runs(soup: str) -> None:
    try:
        script = compile_script(ALL + soup)
    except SieveError as error:
        assert error.faults
        return
    assert run(script, MAIL, Context()).steps is not None


@given(st.one_of(st.text(max_size=60), st.binary(max_size=60)))
def test_any_text_is_refused_or_read(source: str | bytes) -> None:
    try:
        compile_script(source)
    except SieveError as error:
        assert error.line >= 1 and error.column >= 1 and error.sentence


TESTS = st.recursive(
    st.sampled_from(
        [
            "true", "false", 'header :matches "subject" "*o*"', 'address :localpart "from" ["a", "b"]', "size :over 3",
            'body :contains "hell"', 'string :count "ge" "${a}" "1"', 'exists ["from", "x"]', "duplicate",
            'date :originalzone "date" "year" "2000"', 'currentdate :value "gt" "hour" "5"', 'hasflag "x"',
            'envelope :detail "to" "x"', 'header :index 1 :last "received" "x"', 'mailboxexists "a"', 'spamtest "0"',
        ]
    ),
    lambda inner: st.one_of(
        inner.map(lambda test: f"not {test}"),
        st.lists(inner, min_size=1, max_size=3).map(lambda tests: f"anyof ({', '.join(tests)})"),
        st.lists(inner, min_size=1, max_size=3).map(lambda tests: f"allof ({', '.join(tests)})"),
    ),
    max_leaves=6,
)  # fmt: skip
COMMANDS = st.recursive(
    st.sampled_from(
        [
            "keep;", "stop;", "discard;", 'fileinto "a";', 'fileinto :copy :create "${1}x";', 'set "a" "${a}${a}b";',
            'redirect "a@b.org";', 'addheader "X-A" "${a}";', 'deleteheader "subject";', 'addflag "\\\\Seen x";',
            'reject "no";', 'vacation "away";', 'notify "mailto:a@b.org";', 'set :length "b" "${a}";', "return;",
        ]
    ),
    lambda inner: st.one_of(
        st.tuples(TESTS, st.lists(inner, max_size=3), st.lists(inner, max_size=2)).map(
            lambda parts: f"if {parts[0]} {{ {' '.join(parts[1])} }} else {{ {' '.join(parts[2])} }}"
        ),
        st.lists(inner, max_size=3).map(lambda commands: f"foreverypart {{ {' '.join(commands)} }}"),
    ),
    max_leaves=12,
)  # fmt: skip


@given(st.lists(COMMANDS, max_size=5).map("\n".join))
def test_any_right_script_has_an_outcome(source: str) -> None:
    try:
        script = compile_script(ALL + source)
    except SieveError as error:
        assert "loops are nested" in error.sentence
        return
    outcome = run(script, MAIL, Context())
    assert outcome.error is None or [type(action).__name__ for action in outcome.actions] == ["Keep"]
    for step in outcome.steps:
        assert step.rewritten(MAIL.raw).endswith(b"\r\n\r\nHello\r\n")


def timed(source: str, raw: bytes) -> float:
    script = compile_script(source)
    begun = time.monotonic()
    run(script, Mail.of(raw), Context())
    return time.monotonic() - begun


def test_hostile_scripts_end_soon() -> None:
    subject = b"Subject: " + b"a" * 100_000 + b"\r\n\r\n"
    many = ", ".join(f'"*{number}*b"' for number in range(5_000))
    assert timed(f'if header :matches "subject" [{many}] {{ keep; }}', subject) < 3
    unicode = (
        'require "comparator-i;unicode-casemap"; if header :comparator "i;unicode-casemap" :contains "subject"'
    )
    assert timed(f"{unicode} [{many}] {{ keep; }}", "Subject: é".encode() + b"\xc3\xa9" * 50_000 + b"\r\n\r\n") < 3
    assert timed('if header :matches "subject" "*' + "a?" * 5_000 + 'b" { keep; }', subject) < 3
    doubling = 'set "a" "${a}${a}${a}${a}x";' * 5_000
    assert timed(f'require "variables"; {doubling} if string :contains "${{a}}" "b" {{ keep; }}', subject) < 3
    parts = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a\r\n\r\nx\r\n" * 1_900
    loops = "foreverypart {" * 4 + 'if header :mime :anychild "a" "b" { keep; }' + "}" * 4
    assert timed(f'require ["foreverypart", "mime"]; {loops}', parts) < 5
