"""A mapping that forgets what was set longest ago."""

from parvis.kernel.recent import Recent


def test_the_one_set_longest_ago_goes() -> None:
    kept: Recent[str, int] = Recent(2)
    kept["a"], kept["b"] = 1, 2
    kept["a"] = 3
    kept["c"] = 4
    assert dict(kept) == {"a": 3, "c": 4}
    assert kept.pop("a") == 3 and kept.get("b") is None
    kept["d"] = 5
    assert list(kept) == ["c", "d"]
