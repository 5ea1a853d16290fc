"""What Sieve scripts do with messages."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from parvis.wire.sieve import (
    CAPABILITIES,
    Context,
    Discard,
    FileInto,
    Held,
    Keep,
    Limits,
    Mail,
    Notify,
    Outcome,
    Redirect,
    Reject,
    Tracked,
    Vacation,
    compile_script,
    run,
)

RAW = b"""Received: from a by b; Thu, 21 Jun 2007 09:00:30 +0200
Received: from c by d; Thu, 21 Jun 2007 08:00:30 +0200
From: "Coyote, W." <coyote+acme@desert.example.org>
To: =?utf-8?q?R=C3=B6ad?= <roadrunner@acme.example.com>, group: x@example.com, y@example.com;
Subject: I have a =?utf-8?q?pr=C3=A9sent?= for you
Date: Sat, 30 Jun 2007 23:59:59 -0730
Message-ID: <123@desert.example.org>
X-Caffeine: C8H10N4O2
X-Caffeine: decaf
Content-Type: multipart/mixed; boundary=frontier

prologue
--frontier
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

TG9vayBoZXJl
--frontier
Content-Type: text/html

<p>Make <b>money</b> fast</p>
--frontier
Content-Type: application/pdf; name="bill.pdf"
Content-Disposition: attachment; filename="bill.pdf"

PDF
--frontier--
epilogue
""".replace(b"\n", b"\r\n")
MAIL = Mail.of(RAW, "coyote+acme@desert.example.org", "roadrunner@acme.example.com")
ALL = f"require [{', '.join(chr(34) + name + chr(34) for name in sorted(CAPABILITIES))}];\n"
NOW = datetime(2024, 2, 29, 13, 5, 9, tzinfo=UTC)


def outcome(source: str, mail: Mail = MAIL, **context: Any) -> Outcome:
    return run(compile_script(ALL + source), mail, Context(now=NOW, **context))


def actions(source: str, mail: Mail = MAIL, **context: Any) -> tuple[object, ...]:
    done = outcome(source, mail, **context)
    assert done.error is None, done.error
    return done.actions


def holds(test: str, mail: Mail = MAIL, **context: Any) -> bool:
    return actions(f"if {test} {{ discard; }}", mail, **context) == (Discard(),)


def test_the_implicit_keep() -> None:
    """RFC 5228 §2.10.2"""
    assert actions("") == (Keep(implicit=True),)
    assert actions("stop; discard;") == (Keep(implicit=True),)
    assert actions("keep;") == (Keep(),)
    assert actions("discard;") == (Discard(),)
    assert actions('fileinto "a"; fileinto :copy "b";') == (FileInto("a"), FileInto("b", copy=True))
    assert actions('fileinto :copy "b";') == (FileInto("b", copy=True), Keep(implicit=True))
    assert actions('redirect :copy "a@b.org";') == (Redirect("a@b.org", copy=True), Keep(implicit=True))
    assert actions('redirect "Joe <a@b.org>";') == (Redirect("a@b.org"),)
    assert actions('vacation "x";')[-1] == Keep(implicit=True)


def test_one_target_is_acted_on_once() -> None:
    """RFC 5228 §2.10.3"""
    assert actions(
        'fileinto "a"; fileinto "a"; keep; fileinto "INBOX"; redirect "a@b.org"; redirect "A@b.org";'
    ) == (
        FileInto("a"),
        Keep(),
        Redirect("a@b.org"),
    )


def test_the_first_branch_that_holds() -> None:
    source = 'if {} {{ fileinto "1"; }} elsif {} {{ fileinto "2"; }} else {{ fileinto "3"; }} if true {{ fileinto "4"; }}'
    assert actions(source.format("true", "true")) == (FileInto("1"), FileInto("4"))
    assert actions(source.format("false", "true")) == (FileInto("2"), FileInto("4"))
    assert actions(source.format("not true", "anyof (false, false)")) == (FileInto("3"), FileInto("4"))


@pytest.mark.parametrize(
    "test",
    [
        'header :is "subject" "i have a présent for you"',
        'header :contains ["x-nothing", "X-CAFFEINE"] ["nope", "DECAF"]',
        'header :matches "x-caffeine" "C*"',
        'not header :comparator "i;octet" :contains "x-caffeine" "DECAF"',
        'not header :is "x-nothing" ""',
        'header :contains "x-caffeine" ""',
        'header :count "eq" :comparator "i;ascii-numeric" "x-caffeine" "2"',
        'header :value "gt" "x-caffeine" "c"',
        'header :index 2 "x-caffeine" "decaf"',
        'header :index 1 :last "x-caffeine" "decaf"',
        'not header :index 3 "x-caffeine" "decaf"',
        'exists ["from", "Date"]',
        'not exists ["from", "x-nothing"]',
        "size :over 100",
        "not size :under 100",
        'address :is "from" "coyote+acme@desert.example.org"',
        'address :domain "from" "DESERT.example.org"',
        'address :localpart "from" "coyote+acme"',
        'address :user "from" "coyote"',
        'address :detail "from" "acme"',
        'not address :detail :matches "to" "*"',
        'address :is "to" "y@example.com"',
        'address :count "eq" "to" "3"',
        'not address :contains "from" "Coyote, W."',
        'envelope "from" "coyote+acme@desert.example.org"',
        'envelope :detail ["to", "from"] "acme"',
        'body :contains "Look here"',
        'body :text :contains "Make money fast"',
        'not body :text :contains "<b>"',
        'body :content "text/html" :contains "<b>money</b>"',
        'not body :content "text" :contains "PDF"',
        'body :content "application" :is "PDF"',
        'body :content "multipart" :contains "epilogue"',
        'body :raw :contains "TG9vayBoZXJl"',
        'date :is :zone "+0000" "date" "date" "2007-07-01"',
        'date :is :originalzone "date" "hour" "23"',
        'date :is :originalzone "date" "zone" "-0730"',
        'date :is "received" "iso8601" "2007-06-21T07:00:30Z"',
        'date :is :index 2 "received" "hour" "06"',
        'date :is "date" "julian" "54282"',
        'date :is "date" "weekday" "0"',
        'not date :matches "subject" "year" "*"',
        'currentdate :is "std11" "Thu, 29 Feb 2024 13:05:09 +0000"',
        'currentdate :zone "+0530" "time" "18:35:09"',
        'currentdate :value "ge" "date" "2024-02-29"',
        'string :is "${a}" ""',
        'string :count "eq" ["a", "", "b"] "2"',
        'environment "Name" "Parvis"',
        'not environment "moon" ""',
        'mailboxexists ["Known", "Known"]',
        'not mailboxexists ["Known", "Unknown"]',
        'mailboxidexists "M1"',
        'specialuse_exists "\\\\Junk"',
        'not specialuse_exists "Known" "\\\\Junk"',
        'spamtest :value "ge" :comparator "i;ascii-numeric" "5"',
        'spamtest :percent :is "50"',
        'virustest "5"',
        'ihave ["fileinto", "body"]',
        'not ihave "frobnicate"',
        'valid_notify_method "mailto:a@b.org?cc=c@d.org"',
        'not valid_notify_method ["mailto:a@b.org", "tel:+1"]',
        'notify_method_capability "mailto:a@b.org" "Online" "maybe"',
        'address :list "from" ":addrbook:default"',
        'valid_ext_list "urn:ietf:params:sieve:addrbook:default"',
        'header :mime :anychild :contenttype "content-type" "application/pdf"',
        'header :mime :anychild :param "name" "content-type" "bill.pdf"',
        'not exists :mime "content-disposition"',
        'exists :mime :anychild "content-disposition"',
    ],
)  # fmt: skip
def test_tests(test: str) -> None:
    assert holds(
        test,
        environment={"name": "Parvis"},
        mailbox_exists=lambda name: name == "Known",
        mailbox_id_exists=lambda name: name == "M1",
        special_use_exists=lambda mailbox, use: mailbox is None and use == "\\Junk",
        spam=0.5,
        virus=5,
        lists=frozenset({"urn:ietf:params:sieve:addrbook:default"}),
        in_list=lambda name, value: name.endswith("default") and value == "coyote+acme@desert.example.org",
    )


def test_what_is_not_known_of_the_envelope() -> None:
    bare = Mail.of(RAW)
    assert not holds('envelope :matches "from" "*"', bare)
    assert holds('envelope :domain "from" ""', msgspec.structs.replace(bare, sender=""))


def test_spamtest_of_what_was_not_tested() -> None:
    """RFC 5235 §3.2"""
    assert holds('spamtest "0"') and holds('spamtest :count "eq" "0"') and holds('virustest "0"')


@pytest.mark.parametrize(
    ("spam", "value", "percent"),
    [(0.0, 1, 0), (0.01, 1, 1), (0.13, 2, 13), (0.2, 2, 20), (0.29, 3, 29), (0.51, 5, 51), (0.73, 7, 73),
     (0.8, 8, 80), (0.89, 9, 89), (0.994, 9, 99), (0.9999, 10, 100), (1.0, 10, 100)],
)  # fmt: skip
def test_scores_of_spam(spam: float, value: int, percent: int) -> None:
    """RFC 5235 §3.2; what is definitely spam is 10, though nothing is ever quite sure."""
    assert holds(f'spamtest "{value}"', spam=spam) and holds(f'spamtest :percent "{percent}"', spam=spam)


def test_variables() -> None:
    """RFC 5229 §3"""
    assert actions(
        'if header :matches "subject" "* have a * for you" { set "Who" "${1}"; set "what" "${2}"; }'
        ' if header :matches "subject" "nothing *" { keep; } fileinto "${WHO}/${what}/${0}/${9}";'
    ) == (FileInto("I/présent/I have a présent for you/"),)
    assert actions('set "a" "x"; set "b" "${a}${a}"; set :length "n" "${b}"; fileinto "${n}";') == (FileInto("2"),)
    assert actions('set "c" "!"; fileinto "b${hex:24}{c}";') == (FileInto("b!"),)  # decoded first: §3.1
    assert actions('fileinto "${unicode:40}";') == (FileInto("@"),)
    without = run(compile_script('require "fileinto"; fileinto "${a}";'), MAIL, Context())
    assert without.actions == (FileInto("${a}"),)


def test_flags() -> None:
    """RFC 5232"""
    assert actions('setflag "\\\\Seen a"; addflag ["A", "b"]; removeflag "a"; keep;') == (Keep(("\\Seen", "b")),)
    assert actions('setflag "x"; fileinto "f"; setflag "y"; fileinto :flags "z" "g";') == (
        FileInto("f", ("x",)),
        FileInto("g", ("z",)),
    )
    assert actions('addflag "late";') == (Keep(("late",), implicit=True),)
    assert actions('setflag "V" "a b"; if hasflag "v" "B" { keep :flags "${v}"; }') == (Keep(("a", "b")),)
    assert actions('keep :flags ["\\\\Recent", "a(b", "ok"];') == (Keep(("ok",)),)


def test_where_mail_goes() -> None:
    assert actions('fileinto :create :specialuse "\\\\Junk" "Spam";') == (
        FileInto("Spam", create=True, special_use="\\Junk"),
    )
    assert actions('fileinto :mailboxid "M7" "Old";') == (FileInto("Old", mailbox_id="M7"),)
    lists = frozenset({"tag:l"})
    assert actions('redirect :list "tag:l";', lists=lists) == (Redirect("tag:l", is_list=True),)


def test_rejecting() -> None:
    assert actions('reject "go away";') == (Reject("go away"),)
    assert actions('ereject "go away";') == (Reject("go away", ereject=True),)
    for source in (
        'keep; reject "x";',
        'reject "x"; keep;',
        'reject "x"; reject "y";',
        'vacation "v"; reject "x";',
    ):
        failed = outcome(source)
        assert failed.error is not None and failed.actions == (Keep(implicit=True),)  # RFC 5228 §2.10.6


def test_vacation() -> None:
    (reply, _) = actions(
        'vacation :days 3 :subject "Gone" :addresses ["a@b", "c@d"] :handle "h" :from "me@b.org" "Away";'
    )
    assert reply == Vacation("Away", "h", 3 * 86_400, "Gone", "me@b.org", ("a@b", "c@d"))
    periods = [
        actions(f'vacation {tag} {number} "x";')[0].seconds for tag, number in ((":days", 0), (":seconds", 0))
    ]  # type: ignore[attr-defined]
    assert periods == [86_400, 0]
    handles = {
        actions(f'vacation {tags} "x";')[0].handle for tags in ("", ':subject "x"', ':from "x@y.z"', ":mime")
    }  # type: ignore[attr-defined]
    assert len(handles) == 4
    assert "second time" in str(outcome('vacation "a"; vacation "b";').error)


def test_notify() -> None:
    sent = actions('notify :importance "1" :message "m" :options "a=b" "mailto:a@b.org?subject=x";')[0]
    assert sent == Notify("mailto:a@b.org?subject=x", "m", 1, None, ("a=b",))
    assert "not supported" in str(outcome('set "m" "xmpp:x"; notify "${m}";').error)


def test_headers_are_edited() -> None:
    """RFC 5293"""
    done = outcome(
        'redirect :copy "a@b.org"; addheader "X-Nouveau" "Élan"; addheader :last "X-Last" "z"; '
        'deleteheader :index 1 "X-Caffeine"; deleteheader "Received"; deleteheader :contains "subject" "nothing";'
        'if header "x-nouveau" "Élan" { stop; }'
    )
    first, last = done.steps
    assert first.rewritten(RAW) == RAW
    edited = Mail.of(last.rewritten(RAW))
    names = [field.name for field in edited.message.root.headers]
    assert names[0] == "X-Nouveau" and names[-1] == "X-Last" and names.count("X-Caffeine") == 1
    assert names.count("Received") == 2
    assert edited.raw.partition(b"\r\n\r\n")[2] == RAW.partition(b"\r\n\r\n")[2]
    assert holds('header "x-nouveau" "Élan"', edited)
    assert "no name of a header" in str(outcome('set "n" "A b"; addheader "${n}" "c";').error)


@pytest.mark.parametrize("raw", [b"", b"\r\nbody", b"\nbody", b"body", b"A: b", b"A: b\r\n", b"A: b\n\nbody\n", b"A: b\r\n\r\n"])  # fmt: skip
def test_a_field_is_added_to_any_message(raw: bytes) -> None:
    done = outcome('addheader "X-New" "1"; addheader :last "X-End" "2";', Mail.of(raw))
    edited = Mail.of(done.steps[0].rewritten(raw))
    before, after = Mail.of(raw), [field.name for field in edited.message.root.headers]
    assert after == ["X-New", *(field.name for field in before.message.root.headers), "X-End"]
    body, root = edited.message.root, before.message.root
    assert edited.raw[body.body_start : body.body_end] == raw[root.body_start : root.body_end]


def test_duplicates() -> None:
    """RFC 7352"""
    source = 'if duplicate :seconds 100 { discard; } elsif duplicate :handle "h" :uniqueid "x" :last { keep; }'
    done = outcome(source)
    assert done.actions == (Keep(implicit=True),)
    assert [(each.seconds, each.last) for each in done.tracked] == [(100, False), (7 * 86_400, True)]
    key = done.tracked[0].key
    again = outcome(source, seen_duplicate=lambda asked: asked == key)
    assert again.actions == (Discard(),) and again.tracked == (Tracked(key, 100, False),)
    assert outcome('if duplicate { error "x"; } error "y";').tracked == ()
    assert outcome('if duplicate :header "x-nothing" { discard; }').tracked == ()


def test_including() -> None:
    """RFC 6609"""
    scripts = {
        (
            "lists",
            "personal",
        ): 'require ["fileinto", "include", "variables"]; global "g"; set "g" "${g}!"; set "l" "x"; '
        'fileinto "lists"; return; fileinto "never";',
        ("all", "global"): 'require ["fileinto"]; fileinto "global"; stop;',
        ("loop", "personal"): 'require "include"; include "loop";',
        ("once", "personal"): 'require "include"; include :once "once";',
        ("bad", "personal"): "keep",
    }

    def script(name: str, location: str) -> str | None:
        return scripts.get((name, location))

    source = (
        'global "g"; set "g" "a"; include "lists"; fileinto "${g}${l}"; include :global "all"; fileinto "never";'
    )
    done = outcome(source, script=script)
    assert done.actions == (FileInto("lists"), FileInto("a!"), FileInto("global"))
    assert [(step.script, step.line) for step in done.steps] == [("lists", 1), ("", 2), ("all", 1)]
    assert actions('include "once"; include :optional "none";', script=script) == (Keep(implicit=True),)
    assert "includes itself" in str(outcome('include "loop";', script=script).error)
    assert "line 1" in str(outcome('include "bad";', script=script).error)
    failed = outcome('include "none";', script=script)
    assert "no personal script" in str(failed.error) and failed.actions == (Keep(implicit=True),)


def test_parts_one_by_one() -> None:
    """RFC 5703"""
    source = (
        'foreverypart { if header :mime :subtype "content-type" "html" { extracttext :upper :first 10 "t"; break; } '
        'foreverypart { set "n" "${n}i"; } } fileinto "${t}-${n}";'
    )
    assert actions(source) == (FileInto("Make money".upper() + "-iii"),)
    named = 'foreverypart :name "o" { foreverypart { break :name "o"; } fileinto "a"; } fileinto "b";'
    assert actions(named) == (FileInto("b"),)


def test_what_led_to_an_action() -> None:
    done = outcome(
        'if anyof (header "subject" "x",\n  allof (exists "from", not size :under 1)) {\n'
        '  if address :domain "from" "desert.example.org" { fileinto "a"; }\n} else { keep; }\nif false { } else {\n fileinto "b"; }'
    )
    first, second = done.steps
    assert (first.line, first.script) == (4, "")
    assert first.tests == (
        Held(3, 'exists "from"'),
        Held(3, "not size :under 1"),
        Held(4, 'address :domain "from" "desert.example.org"'),
    )
    assert (second.line, second.tests) == (7, (Held(6, "else"),))
    assert outcome("").steps[0].line == 0


def test_a_run_is_bounded() -> None:
    def failing(source: str, limits: Limits) -> str:
        done = run(compile_script(ALL + source, limits), MAIL, Context())
        assert done.actions == (Keep(implicit=True),)
        return str(done.error)

    many = "".join(f'fileinto "{number}";' for number in range(20))
    assert "more than 10 actions" in failing(many, Limits(actions=10))
    assert "more than 2 times" in failing("".join(f'redirect "{n}@b.org";' for n in range(5)), Limits(redirects=2))
    assert "too many steps" in failing("if true { }" * 200, Limits(steps=100))
    assert "longer than" in failing('set "a" "' + "x" * 90 + '"; fileinto "${a}${a}";', Limits(string=100))


def test_errors_say_where() -> None:
    done = outcome('keep;\nfileinto "${nothing}";\n')
    assert done.error is not None and done.error.line == 3
    assert done.actions == (Keep(implicit=True),)
    assert "my words" in str(outcome('error "my words";').error)
