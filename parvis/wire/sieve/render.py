"""Simple rules as a Sieve script, and read back out of it, for people who do not write scripts (RFC 5228).

source = script_of([Rule("Lists", conditions=(Condition("subject", "contains", "[list]"),), ...)])
rules_of(source)
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from parvis.kernel.errors import Invalid

from .compiler import compile_script
from .model import LIMITS
from .syntax import TOKEN, Call, Parser, Source

Subject = Literal["from", "to", "cc", "recipient", "subject", "header", "body", "size", "attachment"]
Comparison = Literal["is", "contains", "matches", "over", "under"]
Deed = Literal["fileinto", "copy", "flag", "markread", "redirect", "forward", "keep", "discard", "reject", "stop"]


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something a message has, or with `negated` has not."""

    subject: Subject
    """`recipient` is any of To and Cc, `header` the field named `header`, `attachment` takes no comparison."""
    comparison: Comparison = "contains"
    """`over` and `under` are for `size`, which takes no others; `matches` has `*` and `?` as wildcards."""
    value: str = ""
    header: str = ""
    size: int = 0
    """Bytes."""
    negated: bool = False


class Do(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What a rule does. `value` is the mailbox of `fileinto` and `copy`, the keyword of `flag`, the address of
    `redirect` and `forward` (which leaves the message where it is), the reason of `reject`."""

    kind: Deed
    value: str = ""
    mailbox_id: str = ""
    """Of the mailbox, which is found by it also under another name (RFC 9042 §4)."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When `match` of the conditions hold, the actions are done; without conditions, always."""

    name: str
    conditions: tuple[Condition, ...] = ()
    actions: tuple[Do, ...] = ()
    match: Literal["all", "any"] = "all"
    enabled: bool = True


_MARK = "# rule: "
_LINE_END = re.compile(r"\r\n|\r|\n")
_FIELDS = {"from": ("from",), "to": ("to",), "cc": ("cc",), "recipient": ("to", "cc"), "subject": ("subject",)}
_DEEDS: dict[Deed, tuple[str, tuple[str, ...]]] = {
    "flag": ("addflag {}", ("imap4flags",)),
    "markread": ('addflag "\\\\Seen"', ("imap4flags",)),
    "fileinto": ("fileinto{id} {}", ("fileinto",)),
    "copy": ("fileinto :copy{id} {}", ("fileinto", "copy")),
    "redirect": ("redirect {}", ()),
    "forward": ("redirect :copy {}", ("copy",)),
    "keep": ("keep", ()),
    "discard": ("discard", ()),
    "reject": ("reject {}", ("reject",)),
    "stop": ("stop", ()),
}
"""Each action as it is written, and what it requires; flags first, as they are set before a message is filed."""
_ORDER = list(_DEEDS)


def script_of(rules: Sequence[Rule]) -> str:
    """The script that does what the rules say, in their order; flags are set before anything else of a rule.
    Without rules it is an empty line, as a script has one letter at least (RFC 9661 §2.2). Raises Invalid for what
    can be in no script, such as an address that is none."""
    blocks = [_rule(rule) for rule in rules]
    needed = sorted({name for rule in rules for name in _needs(rule)})
    head = [f"require [{', '.join(_quoted(name) for name in needed)}];\n"] if needed else []
    source = "\n".join([*head, *blocks]) or "\n"
    compile_script(source)
    return source


def _needs(rule: Rule) -> Iterator[str]:
    for condition in rule.conditions:
        yield from {"body": ("body",), "attachment": ("mime",)}.get(condition.subject, ())
    for action in rule.actions:
        yield from _DEEDS[action.kind][1]
        yield from ("mailboxid",) if _has_id(action) else ()


def _rule(rule: Rule) -> str:
    tests = [_condition(condition) for condition in rule.conditions]
    test = f"{rule.match}of ({', '.join(tests)})" if tests else "true"
    if not rule.enabled:
        test = f"allof (false, {test})"
    ordered = sorted(
        rule.actions, key=lambda action: _ORDER.index(action.kind) if _is_flag(action) else len(_ORDER)
    )
    lines = [f"    {_action(action)};\n" for action in ordered]
    return f"{_MARK}{' '.join(rule.name.split())}\nif {test} {{\n{''.join(lines)}}}\n"


def _is_flag(action: Do) -> bool:
    return action.kind in ("flag", "markread")


def _has_id(action: Do) -> bool:
    return bool(action.mailbox_id) and action.kind in ("fileinto", "copy")


def _action(action: Do) -> str:
    tag = f" :mailboxid {_quoted(action.mailbox_id)}" if _has_id(action) else ""
    return _DEEDS[action.kind][0].format(_quoted(action.value), id=tag)


def _condition(condition: Condition) -> str:
    subject, comparison = condition.subject, condition.comparison
    if (subject == "size") != (comparison in ("over", "under")) and subject != "attachment":
        raise Invalid(f"'{subject}' cannot be compared by '{comparison}'.", field="comparison")
    if subject == "size":
        test = f"size :{comparison} {condition.size}"
    elif subject == "attachment":
        test = 'header :mime :anychild :contains "content-disposition" "attachment"'
    elif subject == "body":
        test = f"body :text :{comparison} {_quoted(condition.value)}"
    else:
        names = (condition.header,) if subject == "header" else _FIELDS[subject]
        test = f"{_test_of(subject, comparison)} :{comparison} {_names(names)} {_quoted(condition.value)}"
    return f"not {test}" if condition.negated else test


def _test_of(subject: str, comparison: str) -> str:
    """The whole of an address is compared without the name beside it."""
    return "address" if comparison == "is" and subject not in ("header", "subject") else "header"


def _names(names: tuple[str, ...]) -> str:
    return _quoted(names[0]) if len(names) == 1 else f"[{', '.join(map(_quoted, names))}]"


def _quoted(text: str) -> str:
    """A quoted string (RFC 5228 §2.4.2)."""
    return '"' + re.sub(r'(["\\])', r"\\\1", _LINE_END.sub("\r\n", text.replace("\0", ""))) + '"'


def rules_of(source: str) -> list[Rule] | None:
    """The rules a script was made of by `script_of`; `None` for any other script, which would lose something if it
    were written as rules."""
    try:
        read = Source(source, LIMITS)
        calls = Parser(read, LIMITS).script()
        names = list(_marks(read.text))
        rules = [_read_rule(*both) for both in zip((c for c in calls if c.name == "if"), names, strict=True)]
        again = script_of(rules)
    except (Invalid, ValueError, IndexError):
        return None
    same = [_shape(call) for call in calls] == [
        _shape(call) for call in Parser(Source(again, LIMITS), LIMITS).script()
    ]
    return rules if same else None


def _marks(text: str) -> Iterator[str]:
    """The names of rules. Raises ValueError for any other comment."""
    place = 0
    while (token := TOKEN.match(text, place)) is not None:
        place = token.end()
        if token.lastgroup == "multiline":
            raise ValueError("a text of somebody else")
        if token.lastgroup == "space" and token.group().strip():
            comment = token.group().strip()
            if not comment.startswith(_MARK.rstrip()) or "\n" in comment:
                raise ValueError("a comment of somebody else")
            yield comment[len(_MARK) :].strip()


def rule_at(source: str, line: int) -> str | None:
    """The name of the rule that stands in that line of a script of rules (`Step.line`); `None` where none is."""
    rules = rules_of(source)
    if rules is None:
        return None
    read = Source(source, LIMITS)
    calls = [call for call in Parser(read, LIMITS).script() if call.name == "if"]
    for call, rule in zip(calls, rules, strict=True):
        if read.fault(call.start, "").line <= line <= read.fault(call.end - 1, "").line:
            return rule.name
    return None


def condition_of(test: str) -> Condition | None:
    """The condition that a test in a script of rules was made of (`Held.text`); `None` for any other test."""
    try:
        (call,) = Parser(Source(f"if {test} {{}}", LIMITS), LIMITS).script()
        (inner,) = call.tests
        condition = _read_condition(inner)
        (again,) = Parser(Source(f"if {_condition(condition)} {{}}", LIMITS), LIMITS).script()
    except (Invalid, ValueError, IndexError):
        return None
    return condition if _shape(call) == _shape(again) else None


def _read_rule(call: Call, name: str) -> Rule:
    (test,) = call.tests
    enabled = not (test.tests and test.tests[0].name == "false")
    if not enabled:
        test = test.tests[1]
    conditions = tuple(_read_condition(inner) for inner in test.tests)
    actions = tuple(_read_action(inner) for inner in call.block or ())
    return Rule(name, conditions, actions, "any" if test.name == "anyof" else "all", enabled)


def _read_condition(call: Call) -> Condition:
    negated = call.name == "not"
    if negated:
        (call,) = call.tests
    tags = [argument.texts[0] for argument in call.arguments if argument.kind == "tag"]
    *names, last = (argument for argument in call.arguments if argument.kind != "tag")
    if "mime" in tags:
        return Condition("attachment", negated=negated)
    comparison = msgspec.convert(tags[-1], Comparison)
    if call.name == "size":
        return Condition("size", comparison, size=last.number, negated=negated)
    if call.name == "body":
        return Condition("body", comparison, last.texts[0], negated=negated)
    subject = next((key for key, fields in _FIELDS.items() if fields == names[0].texts), "header")
    if call.name != _test_of(subject, comparison):
        subject = "header"
    header = names[0].texts[0] if subject == "header" else ""
    return Condition(msgspec.convert(subject, Subject), comparison, last.texts[0], header, negated=negated)


def _read_action(call: Call) -> Do:
    tags = [argument.texts[0] for argument in call.arguments if argument.kind == "tag"]
    *number, value = ["", *(argument.texts[0] for argument in call.arguments if argument.kind == "string")]
    mailbox_id = number[-1] if "mailboxid" in tags else ""
    if call.name == "addflag":
        return Do("markread") if value == "\\Seen" else Do("flag", value)
    if "copy" in tags:
        return Do("copy" if call.name == "fileinto" else "forward", value, mailbox_id)
    return Do(msgspec.convert(call.name, Deed), value, mailbox_id)


def _shape(call: Call) -> object:
    """A call without its places in the script."""
    arguments = [(argument.kind, argument.texts, argument.number) for argument in call.arguments]
    return call.name, arguments, [*map(_shape, call.tests)], [*map(_shape, call.block or ())], call.block is None
