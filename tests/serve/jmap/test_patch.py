"""PatchObjects against a model of what they mean. RFC 8620 §5.3"""

import copy

import pytest
from hypothesis import given, settings, strategies

from parvis.serve.jmap.errors import SetError
from parvis.serve.jmap.patch import apply, parse

KEYS = strategies.sampled_from(["a", "b", "c/d", "e~f", ""])
VALUES = strategies.recursive(
    strategies.booleans() | strategies.integers(0, 3) | strategies.lists(strategies.integers(0, 2), max_size=2),
    lambda inner: strategies.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
OBJECTS = strategies.dictionaries(KEYS, VALUES, max_size=4)


def pointer(path) -> str:
    return "/".join(part.replace("~", "~0").replace("/", "~1") for part in path)


def differences(before, after, path=()):
    """A patch that leads from one object to another, changing inside objects where it can."""
    patch = {}
    for key in {*before, *after}:
        if key not in after:
            patch[pointer((*path, key))] = None
        elif key in before and isinstance(before[key], dict) and isinstance(after[key], dict) and path == ():
            patch |= differences(before[key], after[key], (key,))
        elif key not in before or before[key] != after[key]:
            patch[pointer((*path, key))] = after[key]
    return patch


def without_nulls(value):
    if isinstance(value, dict):
        return {name: without_nulls(inner) for name, inner in value.items() if inner is not None}
    return value


@settings(max_examples=80, deadline=None)
@given(before=OBJECTS, after=OBJECTS)
def test_the_difference_of_two_objects_leads_from_one_to_the_other(before, after) -> None:
    untouched = copy.deepcopy(before)
    found = apply(before, parse(differences(before, after)), {})
    assert without_nulls(found) == after
    assert before == untouched


@settings(max_examples=80, deadline=None)
@given(before=OBJECTS, patch=strategies.dictionaries(strategies.text("ab/~01", max_size=6), VALUES, max_size=4))
def test_any_patch_is_applied_or_refused_as_invalid(before, patch) -> None:
    try:
        apply(before, parse(patch), {})
    except SetError as error:
        assert error.kind == "invalidPatch"


@pytest.mark.parametrize("patch", [{"a": 1, "a/b": 2}, {"a/b/c": 1, "a/b": None}, {"a~2": 1}, {"a~": 1}])
def test_malformed(patch) -> None:
    with pytest.raises(SetError):
        parse(patch)


def test_null_gives_the_default() -> None:
    assert apply({"a": 5}, parse({"a": None, "b": None}), {"a": 7}) == {"a": 7, "b": None}


def test_a_path_without_end_is_refused_before_it_is_compared() -> None:
    with pytest.raises(SetError) as refused:
        parse({"/".join("a" * 200_000): True})
    assert refused.value.kind == "invalidPatch"
