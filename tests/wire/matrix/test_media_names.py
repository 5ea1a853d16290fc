"""Which media the content of an event names."""

from parvis.wire.matrix.media_names import named


def test_media_is_found_wherever_it_stands() -> None:
    content = {
        "msgtype": "m.image",
        "url": "mxc://a.org/one",
        "info": {"thumbnail_url": "mxc://b.org:8448/t-2_"},
        "formatted_body": '<img src="mxc://[::1]:80/three"> and mxc://a.org/one, mxc://a.org/',
        "m.new_content": {"files": [{"url": "mxc://a.org/four"}, 5, None]},
        "x": ["not an mxc:/a.org/x", "MXC://a.org/x"],
    }
    found = [f"{each.server}/{each.media_id}" for each in named(content)]
    assert sorted(found) == ["[::1]:80/three", "a.org/four", "a.org/one", "b.org:8448/t-2_"]


def test_it_has_an_end() -> None:
    assert named({}) == []
    assert len(named({"body": " ".join(f"mxc://a.org/{number}" for number in range(500))})) == 50
    deep: dict = {"url": "mxc://a.org/x"}
    for _ in range(2_000):
        deep = {"a": deep}
    assert len(named(deep)) == 1
    assert named({"url": f"mxc://{'a' * 300}.org/x"}) == []
