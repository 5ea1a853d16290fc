"""Rules become Sieve scripts and come back."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.kernel.errors import Invalid
from parvis.wire.sieve import Context, Discard, FileInto, Keep, Mail, Redirect, compile_script, run
from parvis.wire.sieve.render import Condition, Deed, Do, Rule, Subject, condition_of, rule_at, rules_of, script_of

RAW = b"From: Ann <ann@example.org>\r\nTo: bob@example.org\r\nSubject: [list] Hello\r\n\r\nText\r\n"
ATTACHED = (
    b"From: ann@example.org\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nText\r\n--a\r\n"
    b"Content-Disposition: attachment; filename=x\r\n\r\nx\r\n--a--\r\n"
)


def acts(*rules: Rule, raw: bytes = RAW) -> tuple[object, ...]:
    return run(compile_script(script_of(rules)), Mail.of(raw), Context()).actions


def holds(condition: Condition, raw: bytes = RAW) -> bool:
    return acts(Rule("r", (condition,), (Do("discard"),)), raw=raw) == (Discard(),)


@pytest.mark.parametrize(
    "condition",
    [
        Condition("from", "is", "ANN@example.org"),
        Condition("from", "contains", "Ann <"),
        Condition("to", "matches", "*@example.org"),
        Condition("recipient", "is", "bob@example.org"),
        Condition("cc", "contains", "@", negated=True),
        Condition("subject", "contains", "[LIST]"),
        Condition("header", "is", "[list] hello", "Subject"),
        Condition("body", "contains", "text"),
        Condition("size", "over", size=10),
        Condition("size", "under", size=10, negated=True),
        Condition("attachment", negated=True),
    ],
)
def test_conditions(condition: Condition) -> None:
    assert holds(condition)
    assert not holds(
        Condition(
            **{name: getattr(condition, name) for name in condition.__struct_fields__}
            | {"negated": not condition.negated}
        )
    )


def test_an_attachment() -> None:
    assert holds(Condition("attachment"), ATTACHED)


def test_actions() -> None:
    assert acts(Rule("r", (), (Do("fileinto", 'a "b" \\c'), Do("flag", "$x"), Do("markread")))) == (
        FileInto('a "b" \\c', ("$x", "\\Seen")),
    )
    assert acts(Rule("r", (), (Do("forward", "c@example.org"), Do("stop"))), Rule("s", (), (Do("discard"),))) == (
        Redirect("c@example.org", copy=True),
        Keep(implicit=True),
    )
    assert acts(Rule("r", (), (Do("discard"),), enabled=False)) == (Keep(implicit=True),)


def test_a_mailbox_is_found_by_its_id() -> None:
    rule = Rule("r", (), (Do("fileinto", "Old name", "Mb1"), Do("copy", "Other", "Mb2")))
    source = script_of([rule])
    assert acts(rule) == (FileInto("Old name", mailbox_id="Mb1"), FileInto("Other", copy=True, mailbox_id="Mb2"))
    assert rules_of(source) == [rule] and "mailboxid" in source.splitlines()[0]
    assert rules_of(source.replace(":mailboxid", ":specialuse")) is None


def test_flags_alone_are_noted() -> None:
    source = script_of([Rule("r", (Condition("subject", value="hello"),), (Do("markread"), Do("flag", "$x")))])
    outcome = run(compile_script(source), Mail.of(RAW), Context())
    assert [(one.flags, one.tests[-1].text) for one in outcome.marked] == [
        (("$x",), 'header :contains "subject" "hello"'), (("\\Seen",), 'header :contains "subject" "hello"'),
    ]  # fmt: skip
    assert rule_at(source, outcome.marked[0].line) == "r"


def test_any_and_all() -> None:
    both = (Condition("subject", "contains", "hello"), Condition("subject", "contains", "nothing"))
    assert acts(Rule("r", both, (Do("discard"),), "any")) == (Discard(),)
    assert acts(Rule("r", both, (Do("discard"),), "all")) == (Keep(implicit=True),)


def test_what_cannot_be_a_rule() -> None:
    for rule in (
        Rule("r", (Condition("size", "is"),)),
        Rule("r", (Condition("subject", "over"),)),
        Rule("r", (), (Do("redirect", "nobody"),)),
        Rule("r", (), (Do("fileinto", ""),)),
    ):
        with pytest.raises(Invalid):
            script_of([rule])


def test_scripts_that_are_no_rules() -> None:
    mine = script_of([Rule("r", (Condition("subject"),), (Do("keep"),))])
    assert rules_of(mine) is not None and rules_of("") == []
    for other in (
        mine.replace("# rule: r", "# my words"),
        mine + "keep;\n",
        mine + "# a comment\n",
        mine.replace("keep;", "# inside\n keep;"),
        mine.replace("keep;", 'redirect :copy "a@b.org"; if true { }'),
        mine.replace("subject", 'to"]["') + "{",
        'require "vacation"; vacation "x";',
        "# rule: r\nif true { } else { keep; }",
        "keep text:\n# rule: x\n.\n;",
        "\x00",
    ):
        assert rules_of(other) is None


def test_which_rule_acted() -> None:
    source = script_of(
        [Rule("First", (Condition("to", "is", "x"),)), Rule("Second one", (), (Do("fileinto", "a"),))]
    )
    (step,) = run(compile_script(source), Mail.of(RAW), Context()).steps
    assert rule_at(source, step.line) == "Second one"
    assert rule_at(source, 1) is None and rule_at("keep;", 1) is None


WORDS = st.text(st.characters(codec="utf-8"), max_size=12)
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=12)
CONDITIONS = st.builds(
    Condition,
    st.sampled_from([name for name in get_args(Subject) if name != "size"]),
    st.sampled_from(["is", "contains", "matches"]),
    WORDS,
    st.sampled_from(["X-A", "subject", "List-Id", "to"]),
    negated=st.booleans(),
) | st.builds(Condition, st.just("size"), st.sampled_from(["over", "under"]), size=st.integers(0, 10**12))
ACTIONS = st.builds(
    Do, st.sampled_from([kind for kind in get_args(Deed) if kind not in ("redirect", "forward")]), NAMES.map(lambda text: f"x{text}x"), st.sampled_from(["", "M1"])
) | st.builds(Do, st.sampled_from(["redirect", "forward"]), st.just("a@example.org"))  # fmt: skip
RULES = st.lists(
    st.builds(
        Rule,
        WORDS,
        st.lists(CONDITIONS, max_size=3).map(tuple),
        st.lists(ACTIONS, max_size=3).map(tuple),
        st.sampled_from(["all", "any"]),
        st.booleans(),
    ),
    max_size=4,
)


@given(RULES)
def test_rules_come_back(rules: list[Rule]) -> None:
    source = script_of(rules)
    again = rules_of(source)
    assert again is not None
    assert script_of(again) == source
    assert [rule.enabled for rule in again] == [rule.enabled for rule in rules]
    assert [len(rule.conditions) for rule in again] == [len(rule.conditions) for rule in rules]


@given(CONDITIONS)
def test_a_test_that_held_is_told_as_a_condition(condition: Condition) -> None:
    source = script_of([Rule("r", (condition,), (Do("keep"),))])
    test = source[source.index("allof (") + len("allof (") : source.rindex(") {")]
    again = condition_of(test)
    assert again is not None and script_of([Rule("r", (again,), (Do("keep"),))]) == source


@pytest.mark.parametrize("test", ["true", "header", 'exists "to"', "true {} if true", "\x00", 'header :is "a" "b…'])
def test_other_tests_are_no_conditions(test: str) -> None:
    assert condition_of(test) is None


def test_a_rule_comes_back_as_it_was() -> None:
    rules = [
        Rule(
            "Été",
            (
                Condition("from", "is", "a@example.org", negated=True),
                Condition("recipient", "contains", '"x" \\'),
                Condition("header", "matches", "*", "X-Spam"),
                Condition("size", "over", size=10**6),
                Condition("attachment"),
                Condition("body", "contains", "vé"),
            ),
            (Do("flag", "$Label1"), Do("markread"), Do("copy", "A/B"), Do("forward", "a@example.org"), Do("stop")),
            "any",
            enabled=False,
        ),
        Rule("Rest", (), (Do("reject", "No.\r\nReally."),)),
    ]
    assert rules_of(script_of(rules)) == rules
