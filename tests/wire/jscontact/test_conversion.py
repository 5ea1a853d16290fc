"""vCard to JSContact and back without loss, and cards that are checked. RFC 9553, RFC 9555"""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parvis.kernel.errors import Invalid
from parvis.wire import contentlines, vcard
from parvis.wire.jscontact import BadCard, apply_patch, check, difference, from_vcard, merge, to_vcard
from parvis.wire.jscontact.plain import plain
from parvis.wire.jscontact.structured import full_name
from tests.wire.vcard.samples import SAMPLES

Json = dict[str, Any]


def read(name: str) -> Json:
    return from_vcard(vcard.read_one(SAMPLES[name]))


def text_of(card: Json, version: str = "4.0") -> str:
    return contentlines.write(to_vcard(card, version)).decode().replace("\r\n ", "")


def again(card: Json) -> Json:
    return from_vcard(vcard.read_one(contentlines.write(to_vcard(card))))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_vcard_comes_back_as_the_same_card(name: str) -> None:
    card = read(name)
    check(card)
    assert plain(again(card)) == plain(card)
    assert "JSPROP" not in text_of({key: each for key, each in card.items() if key != "example.com:foo"})


def test_what_apple_says() -> None:
    card = read("apple")
    assert card["name"]["full"] == "Dr. Éloïse Marie Lemoine"
    assert card["emails"]["EMAIL-1"] == {"address": "eloise@atelier.example", "contexts": {"work": True}, "pref": 1}
    assert card["emails"]["EMAIL-2"] == {"address": "lo@maison.example", "label": "Other"}
    assert card["links"]["URL-1"] == {"uri": "https://lemoine.example/", "label": "HomePage", "pref": 1}
    assert card["anniversaries"]["BDAY-1"] == {"kind": "birth", "date": {"month": 3, "day": 5}}
    assert card["onlineServices"]["X-SOCIALPROFILE-1"]["service"] == "twitter"
    assert card["media"]["PHOTO-1"]["uri"].startswith("data:image/jpeg;base64,")
    assert ["item5" in str(each) for each in card["vCardProps"]].count(True) == 2


def test_what_the_rfcs_define() -> None:
    card = read("rich")
    assert card["localizations"] == {
        "fr": {"titles/TITLE-1/name": "Président"},
        "yue": {
            "name/phoneticSystem": "jyut",
            "name/phoneticScript": "Latn",
            **{
                f"name/components/{at}/phonetic": t
                for at, t in enumerate(["syun1", "zung1saan1", "man4", "jat6sin1"])
            },
        },
    }
    assert card["titles"]["ROLE-1"]["organizationId"] == "ORG-1"
    assert card["addresses"]["ADR-1"]["defaultSeparator"] == ", "
    assert [each["kind"] for each in card["addresses"]["ADR-1"]["components"]] == [
        "name",
        "separator",
        "number",
        "locality",
    ]
    assert card["emails"]["mail"]["vCardParams"] == {"pid": "1.1"}
    assert card["example.com:foo"] == {"bar": 1234}
    assert card["notes"]["NOTE-1"]["author"] == {"name": "John", "uri": "mailto:john@example.com"}
    assert card["anniversaries"]["BDAY-1"]["place"] == {"coordinates": "geo:22.1,113.5"}


def test_a_card_without_uid_gets_the_same_each_time() -> None:
    assert read("google")["uid"] == read("google")["uid"] != read("outlook")["uid"]


def test_names_are_said_as_they_are_ordered() -> None:
    components = [{"kind": "surname", "value": "Ng"}, {"kind": "given", "value": "An"}]
    assert full_name({"components": components}) == "An Ng"
    assert full_name({"components": components, "isOrdered": True}) == "Ng An"
    between = [components[0], {"kind": "separator", "value": "-"}, components[1]]
    assert full_name({"components": between, "isOrdered": True}) == "Ng-An"
    assert full_name({"components": components, "isOrdered": True, "defaultSeparator": ", "}) == "Ng, An"


def test_a_card_that_does_not_say_that_it_is_one() -> None:
    card = {"version": "1.0", "uid": "urn:x:1", "vendor.example:x": 1, "name": {"full": "A"}}
    check(card)
    assert again(card) == {**card, "@type": "Card"}


def test_repeated_surnames_stay() -> None:
    components = [{"kind": "surname", "value": "García"}, {"kind": "surname2", "value": "García"}]
    card = {"@type": "Card", "version": "1.0", "uid": "urn:x:1", "name": {"components": components}}
    assert "N:García,García;;;;;García;" in text_of(card)
    assert again(card)["name"]["components"] == components


@pytest.mark.parametrize("name", [each for each in SAMPLES if each != "outlook"])
def test_a_change_leaves_all_else_as_it_came(name: str) -> None:
    original = vcard.read_one(SAMPLES[name])
    card = from_vcard(original)
    assert contentlines.write(merge(original, card)) == SAMPLES[name]
    card["notes"] = {"n": {"note": "New"}}
    made = merge(original, card)
    before, after = SAMPLES[name].split(b"\r\n"), contentlines.write(made).split(b"\r\n")
    assert [line for line in before if line not in after] == [
        line for line in before if line.startswith(b"NOTE") or (line.endswith(b'John":Hello') and b"NOTE" in line)
    ]
    assert [line for line in after if line not in before] == [b"NOTE;PROP-ID=n:New"]
    assert plain({**from_vcard(made), "uid": card["uid"]}) == plain(card)


def test_labels_change_with_what_they_label() -> None:
    original = vcard.read_one(SAMPLES["apple"])
    card = from_vcard(original)
    del card["emails"]["EMAIL-2"]
    text = contentlines.write(merge(original, card)).decode()
    assert "lo@maison.example" not in text and "<Other>" not in text
    assert "Chalet" in text and "item5.X-ABLabel:_$!<Anniversary>!$_" in text.replace("X-ABLABEL", "X-ABLabel")
    assert plain(from_vcard(vcard.read_one(text.encode()))) == plain(card)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"version": None}, "version"),
        ({"version": "1.1"}, "version"),
        ({"uid": 3}, "uid"),
        ({"created": "2024-01-01"}, "created"),
        ({"name": {}}, "name"),
        ({"name": {"components": []}}, "name/components"),
        ({"name": {"components": [{"kind": "separator", "value": "-"}], "isOrdered": True}}, "name/components"),
        ({"name": {"full": "A", "defaultSeparator": "-"}}, "name/defaultSeparator"),
        ({"emails": {"a b": {"address": "a@b.c"}}}, "emails/a b"),
        ({"emails": {"a": {"address": "nowhere"}}}, "emails/a/address"),
        ({"emails": {"a": {}}}, "emails/a/address"),
        ({"phones": {"a": {"number": "1", "pref": 0}}}, "phones/a/pref"),
        ({"phones": {"a": {"number": "1", "features": {"voice": False}}}}, "phones/a/features/voice"),
        ({"media": {"a": {"kind": "photo"}}}, "media/a/uri"),
        ({"anniversaries": {"a": {"kind": "birth", "date": {"day": 3}}}}, "anniversaries/a/date/month"),
        ({"anniversaries": {"a": {"kind": "birth", "date": {"month": 13}}}}, "anniversaries/a/date/month"),
        ({"addresses": {"a": {"countryCode": "FRA"}}}, "addresses/a/countryCode"),
        ({"keywords": {"a": 1}}, "keywords/a"),
        ({"nickNames": {}}, "nickNames"),
        ({"extra": 1}, "extra"),
        ({"localizations": {"de": {"nothing/there": 1}}}, "localizations/de/nothing~1there"),
        ({"localizations": {"de": {"name": {}}}}, "localizations/de/name"),
        ({"notes": {"n": {"note": "x" * 100_001}}}, "notes/n/note"),
    ],
)
def test_what_is_no_card_says_where(change: Json, path: str) -> None:
    card = {"@type": "Card", "version": "1.0", "uid": "urn:x:1", **change}
    with pytest.raises(BadCard) as refused:
        check({key: each for key, each in card.items() if each is not None})
    assert path in refused.value.properties
    assert refused.value.code == "invalid"


def test_what_was_wrong_before_does_not_hinder_a_change() -> None:
    card = {"version": "1.0", "uid": "urn:x:1", "emails": {"a": {"address": "nowhere"}}}
    check({**card, "kind": "individual"}, before=card)
    with pytest.raises(BadCard, match="phones"):
        check({**card, "phones": {"a": {}}}, before=card)


def test_a_card_is_bounded() -> None:
    deep: Any = "x"
    for _ in range(20):
        deep = {"a": deep}
    for card in ({"x": deep}, {"keywords": {str(at): True for at in range(5000)}}):
        with pytest.raises(BadCard):
            check({"version": "1.0", "uid": "urn:x:1", **card})


@pytest.mark.parametrize("levels", [10, 500, 100_000])
def test_what_jsprop_carries_is_bounded(levels: int) -> None:
    text = SAMPLES["davx5"].replace(b"END:", b"JSPROP;JSPTR=x:" + b"[" * levels + b"]" * levels + b"\r\nEND:")
    card = from_vcard(vcard.read_one(text, vcard.CardLimits(value=1_000_000)))
    assert ("x" in card) == (levels == 10)
    if levels <= 500:
        assert plain(again(card)) == plain(card)


def test_many_languages_take_no_time() -> None:
    one = {"@type": "Card", "version": "1.0", "uid": "urn:x:1", "name": {"full": "x" * 10_000}}
    card = {**one, "localizations": {f"a-{at}": {"name/full": "y"} for at in range(1000)}}
    with pytest.raises(BadCard, match="50 languages"):
        check(card)
    assert plain(again(card)) == plain(card)


def test_patches() -> None:
    card = {"a": {"b": [1, 2], "c/d": 1}}
    assert apply_patch(card, {"a/b/1": 3, "a/c~1d": None, "e": 4}) == {"a": {"b": [1, 3]}, "e": 4}
    assert card == {"a": {"b": [1, 2], "c/d": 1}}
    for bad in ({"x/y": 1}, {"a/b/2": 1}, {"a/b/-": 1}, {"a/b/1": None}, {"a": 1, "a/b": 2}, {"a/b/0/c": 1}):
        with pytest.raises(Invalid):
            apply_patch(card, bad)


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
IDS = st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True)
CONTEXTS = {"contexts": st.dictionaries(st.sampled_from(["private", "work"]), st.just(True))}
PREF = {"pref": st.integers(1, 100)}
LABEL = {"label": WORDS}
URI = st.from_regex(r"[a-z]{2,5}:[!-~]{1,12}", fullmatch=True)


def one(needed: dict[str, Any], **optional: Any) -> Any:
    return st.dictionaries(IDS, st.fixed_dictionaries(needed, optional=optional), max_size=3)


def components(*kinds: str) -> Any:
    values = st.lists(
        st.fixed_dictionaries({"kind": st.sampled_from(kinds), "value": WORDS}), min_size=1, max_size=5
    )
    return st.fixed_dictionaries({"components": values}, optional={"isOrdered": st.just(True), "full": WORDS})


CARDS = st.fixed_dictionaries(
    {
        "@type": st.just("Card"),
        "version": st.just("1.0"),
        "uid": URI | WORDS.filter(lambda text: text.strip() == text),
    },
    optional={
        "kind": st.sampled_from(["individual", "group", "org"]),
        "name": components("given", "given2", "surname", "surname2", "title", "credential", "generation"),
        "nicknames": one({"name": WORDS}, **CONTEXTS, **PREF),
        "emails": one({"address": st.just("a@example.org")}, **CONTEXTS, **PREF, **LABEL),
        "phones": one(
            {"number": WORDS},
            features=st.dictionaries(st.sampled_from(["voice", "fax", "vendor.example:x"]), st.just(True)),
            **CONTEXTS,
            **PREF,
            **LABEL,
        ),
        "addresses": one({"full": WORDS}, countryCode=st.just("FR"), timeZone=st.just("Europe/Paris"), **PREF),
        "organizations": one(
            {"name": WORDS}, sortAs=WORDS, units=st.lists(st.fixed_dictionaries({"name": WORDS}), min_size=1)
        ),
        "titles": one({"name": WORDS}, kind=st.sampled_from(["title", "role"]), organizationId=IDS),
        "onlineServices": one({"uri": URI}, service=WORDS, user=WORDS, vCardName=st.just("impp"), **LABEL),
        "links": one({"uri": URI}, kind=st.just("contact"), mediaType=st.just("text/html"), **LABEL),
        "notes": one({"note": WORDS}, created=st.just("2022-11-23T15:01:32Z")),
        "personalInfo": one(
            {"kind": st.sampled_from(["expertise", "hobby"]), "value": WORDS}, level=st.just("high")
        ),
        "anniversaries": one(
            {
                "kind": st.sampled_from(["birth", "death", "x"]),
                "date": st.fixed_dictionaries({"year": st.integers(0, 9999)}),
            },
            place=st.fixed_dictionaries({"full": WORDS}),
        ),
        "keywords": st.dictionaries(WORDS, st.just(True)),
        "members": st.dictionaries(URI, st.just(True)),
        "relatedTo": st.dictionaries(WORDS, st.just({"relation": {"friend": True}})),
        "vendor.example:thing": st.dictionaries(WORDS, WORDS | st.integers(0, 9) | st.none()),
        "vCardProps": st.lists(
            st.tuples(st.just("x-foo"), st.just({"x-bar": "1"}), st.just("unknown"), WORDS).map(list)
        ),
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CARDS)
def test_any_card_comes_back(card: Json) -> None:
    check(card)
    assert difference(plain(again(card)), plain(card)) == {}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CARDS, CARDS)
def test_any_change_is_kept(before: Json, after: Json) -> None:
    original = vcard.read_one(contentlines.write(to_vcard(before)))
    merged = merge(original, {**after, "uid": before["uid"]})
    read_again = from_vcard(vcard.read_one(contentlines.write(merged)))
    assert difference(plain(read_again), plain({**after, "uid": before["uid"]})) == {}
