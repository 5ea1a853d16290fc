"""Cards section by section of RFC 9553: what each property may be, what it may not be, and that it comes back from a
vCard."""

from typing import Any

import pytest

from parvis.kernel.errors import Invalid
from parvis.wire import contentlines, vcard
from parvis.wire.jscontact import BadCard, apply_patch, check, from_vcard, to_vcard
from parvis.wire.jscontact.plain import plain

Json = dict[str, Any]
CARD: Json = {"@type": "Card", "version": "1.0", "uid": "urn:uuid:03a0e51f-d1aa-4385-8a53-e29025acd8af"}


def card(**members: Any) -> Json:
    return {**CARD, **members}


def faults(**members: Any) -> list[str]:
    """The paths of what is wrong."""
    try:
        check({key: each for key, each in card(**members).items() if each is not None})
    except BadCard as refused:
        return refused.properties
    return []


def again(given: Json) -> Json:
    return from_vcard(vcard.read_one(contentlines.write(to_vcard(given))))


WHOLE: dict[str, Json] = {
    "RFC 9553 §2.1.1": {"@type": "Card"},
    "RFC 9553 §2.1.4": {"kind": "device"},
    "RFC 9553 §2.1.5": {"language": "de-AT"},
    "RFC 9553 §2.1.6": {"kind": "group", "members": {"urn:uuid:1": True, "urn:uuid:2": True}},
    "RFC 9553 §2.1.7": {"prodId": "ACME Contacts App version 1.23.5"},
    "RFC 9553 §2.1.8": {
        "relatedTo": {"urn:uuid:f81d": {"@type": "Relation", "relation": {"friend": True}}, "x": {}}
    },
    "RFC 9553 §2.2.1.1": {
        "name": {
            "full": "Mr. John Q. Public, Esq.",
            "components": [{"kind": "given", "value": "John"}, {"kind": "surname", "value": "Public"}],
            "sortAs": {"surname": "PUBLIC"},
        }
    },
    "RFC 9553 §2.2.1.2": {
        "name": {
            "components": [
                {"kind": "surname", "value": "Pérez"},
                {"kind": "separator", "value": "-"},
                {"kind": "surname2", "value": "Ñ, o; \\ p"},
                {"kind": "vendor.example:clan", "value": "X"},
            ],
            "isOrdered": True,
            "defaultSeparator": " ",
        }
    },
    "RFC 9553 §2.2.2": {"nicknames": {"k": {"name": "Johnny, the 1st", "contexts": {"private": True}, "pref": 3}}},
    "RFC 9553 §2.2.3": {
        "organizations": {"o": {"name": "ABC; Inc.", "units": [{"name": "North", "sortAs": "N"}], "sortAs": "A"}}
    },
    "RFC 9553 §2.2.4": {
        "speakToAs": {"grammaticalGender": "neuter", "pronouns": {"a": {"pronouns": "they/them", "pref": 2}}}
    },
    "RFC 9553 §2.2.5": {
        "titles": {"t": {"name": "Boss"}, "r": {"name": "Lead", "kind": "role", "organizationId": "o"}},
        "organizations": {"o": {"name": "ABC"}},
    },
    "RFC 9553 §2.3.1": {
        "emails": {"e": {"address": "jqpublic@xyz.example", "contexts": {"work": True}, "label": "L"}}
    },
    "RFC 9553 §2.3.2": {
        "onlineServices": {
            "x": {"service": "Mastodon", "user": "@a@b.example", "uri": "https://b.example/@a"},
            "y": {"service": "Only a name", "user": "someone"},
            "z": {"uri": "xmpp:a@b.example", "vCardName": "impp"},
        }
    },
    "RFC 9553 §2.3.3": {
        "phones": {
            "t": {"number": "tel:+1-555-555-5555;ext=5", "features": {"mobile": True, "text": True}, "pref": 1},
            "f": {"number": "(06) 1", "features": {"vendor.example:fax2": True}, "contexts": {"private": True}},
        }
    },
    "RFC 9553 §2.3.4": {"preferredLanguages": {"l": {"language": "fr-CA", "contexts": {"work": True}, "pref": 1}}},
    "RFC 9553 §2.4.1": {
        "calendars": {
            "c": {"kind": "calendar", "uri": "https://cal.example/c", "mediaType": "text/calendar"},
            "f": {"kind": "freeBusy", "uri": "https://cal.example/f", "label": "Busy"},
        }
    },
    "RFC 9553 §2.4.2": {"schedulingAddresses": {"s": {"uri": "mailto:a@b.example", "pref": 1, "label": "S"}}},
    "RFC 9553 §2.5.1.1": {
        "addresses": {
            "a": {
                "components": [{"kind": "number", "value": "54321"}, {"kind": "name", "value": "Oak St"}],
                "full": "54321 Oak St\nReston",
                "countryCode": "US",
                "coordinates": "geo:46.7,-71.2",
                "timeZone": "America/New_York",
                "contexts": {"billing": True, "work": True},
                "pref": 1,
            }
        }
    },
    "RFC 9553 §2.5.1.2": {
        "addresses": {
            "a": {
                "components": [
                    {"kind": kind, "value": f"{kind}, 1"}
                    for kind in (
                        *("room", "apartment", "floor", "building", "number", "name", "block", "subdistrict"),
                        *("district", "locality", "region", "postcode", "country", "direction", "landmark"),
                        "postOfficeBox",
                    )
                ],
                "isOrdered": True,
            }
        }
    },
    "RFC 9553 §2.6.1": {
        "cryptoKeys": {"k": {"uri": "https://k.example/k.asc", "mediaType": "application/pgp-keys"}}
    },
    "RFC 9553 §2.6.2": {
        "directories": {
            "d": {"kind": "directory", "uri": "ldap://d.example/o=x", "listAs": 2},
            "e": {"kind": "entry", "uri": "https://d.example/e.vcf"},
        }
    },
    "RFC 9553 §2.6.3": {
        "links": {"l": {"uri": "mailto:c@x.example", "kind": "contact"}, "m": {"uri": "https://x"}}
    },
    "RFC 9553 §2.6.4": {
        "media": {
            "p": {"kind": "photo", "uri": "data:image/png;base64,AAAA"},
            "s": {"kind": "sound", "uri": "CID:JOHNQ@x.example"},
            "l": {"kind": "logo", "uri": "https://x.example/l.svg", "mediaType": "image/svg+xml"},
        }
    },
    "RFC 9553 §2.7.1": {
        "name": {"full": "Gabriel García Márquez"},
        "titles": {"t": {"name": "Novelist"}},
        "localizations": {"es": {"titles/t/name": "Escritor"}, "jp": {"name": {"full": "ガブリエル"}}},
    },
    "RFC 9553 §2.8.1": {
        "anniversaries": {
            "b": {"kind": "birth", "date": {"year": 1953, "month": 4, "day": 15}, "place": {"full": "Up, there"}},
            "d": {"kind": "death", "date": {"@type": "Timestamp", "utc": "2019-10-15T23:10:00Z"}},
            "w": {"kind": "wedding", "date": {"month": 2, "day": 29, "calendarScale": "gregorian"}},
            "v": {"kind": "vendor.example:first", "date": {"year": 5}},
        }
    },
    "RFC 9553 §2.8.2": {"keywords": {"internet": True, "IETF, the": True}},
    "RFC 9553 §2.8.3": {
        "notes": {
            "n": {
                "note": "Open hours;\nare 1600, 1700",
                "created": "2022-11-23T15:01:32Z",
                "author": {"name": "John", "uri": "mailto:j@x.example"},
            }
        }
    },
    "RFC 9553 §2.8.4": {
        "personalInfo": {
            "e": {"kind": "expertise", "value": "chemistry", "level": "high", "listAs": 1},
            "h": {"kind": "hobby", "value": "reading", "level": "low", "label": "H"},
            "i": {"kind": "interest", "value": "r&b music", "level": "medium"},
        }
    },
}


@pytest.mark.parametrize("section", WHOLE)
def test_a_property_is_taken_and_comes_back(section: str) -> None:
    given = card(**WHOLE[section])
    check(given)
    assert plain(again(given)) == plain(given)


@pytest.mark.parametrize("section", WHOLE)
def test_a_vendor_may_add_to_each_object(section: str) -> None:
    """RFC 9553 §1.7.4, §1.8.1: members that nobody knows stay, wherever they are."""

    def with_more(value: Any) -> Any:
        if isinstance(value, list):
            return [with_more(each) for each in value]
        return {**value, "example.com:more": {"a": [1, None]}} if isinstance(value, dict) else value

    for name, value in WHOLE[section].items():
        maps = name not in ("name", "speakToAs", "localizations")
        if isinstance(value, dict) and not (maps and True in value.values()) and name != "localizations":
            given = card(**WHOLE[section])
            given[name] = {k: with_more(e) for k, e in value.items()} if maps else with_more(value)
            check(given)
            assert plain(again(given)) == plain(given)


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"@type": "card"}, "@type"),  # RFC 9553 §2.1.1, §1.3.4
        ({"uid": None}, "uid"),  # RFC 9553 §2.1.9
        ({"uid": ""}, "uid"),
        ({"uid": "a\r\nEND:VCARD"}, "uid"),
        ({"prodId": 1}, "prodId"),  # RFC 9553 §2.1.7
        ({"relatedTo": {"x": {"relation": {"friend": 1}}}}, "relatedTo/x/relation/friend"),  # RFC 9553 §2.1.8
        ({"name": {"components": [{"value": "A"}]}}, "name/components/0/kind"),  # RFC 9553 §1.3.3, §2.2.1.2
        ({"name": {"components": [{"kind": "given"}]}}, "name/components/0/value"),
        ({"name": {"components": {"0": {}}}}, "name/components"),
        ({"name": {"sortAs": {"given": "A"}}}, "name"),  # RFC 9553 §2.2.1.1
        ({"nicknames": {"n": {}}}, "nicknames/n/name"),  # RFC 9553 §2.2.2
        ({"organizations": {"o": {"sortAs": "A"}}}, "organizations/o"),  # RFC 9553 §2.2.3
        ({"organizations": {"o": {"units": []}}}, "organizations/o/units"),
        ({"speakToAs": {}}, "speakToAs"),  # RFC 9553 §2.2.4
        ({"titles": {"t": {"name": "A", "organizationId": "no id"}}}, "titles/t/organizationId"),  # RFC 9553 §2.2.5
        ({"emails": {"e": {"address": "a@b.c", "@type": "Email"}}}, "emails/e/@type"),  # RFC 9553 §2.3.1
        ({"onlineServices": {"s": {"service": "X"}}}, "onlineServices/s"),  # RFC 9553 §2.3.2
        ({"phones": {"p": {"features": {"voice": True}}}}, "phones/p/number"),  # RFC 9553 §2.3.3
        (
            {"preferredLanguages": {"l": {"language": "not a tag"}}},
            "preferredLanguages/l/language",
        ),  # RFC 9553 §2.3.4
        ({"calendars": {"c": {"uri": "https://x"}}}, "calendars/c/kind"),  # RFC 9553 §2.4.1
        ({"schedulingAddresses": {"s": {"uri": "a@b.c"}}}, "schedulingAddresses/s/uri"),  # RFC 9553 §2.4.2
        ({"addresses": {"a": {"contexts": {"work": True}}}}, "addresses/a"),  # RFC 9553 §2.5.1.1
        ({"addresses": {"a": {"full": "x", "coordinates": "1,2"}}}, "addresses/a/coordinates"),
        ({"addresses": {"a": {"components": []}}}, "addresses/a/components"),  # RFC 9553 §2.5.1.2
        ({"cryptoKeys": {"k": {"uri": "no uri"}}}, "cryptoKeys/k/uri"),  # RFC 9553 §1.6.2, §2.6.1
        ({"directories": {"d": {"uri": "https://x", "kind": "entry", "listAs": 0}}}, "directories/d/listAs"),
        ({"directories": {"d": {"uri": "https://x"}}}, "directories/d/kind"),  # RFC 9553 §2.6.2
        ({"links": {"l": {"kind": "contact"}}}, "links/l/uri"),  # RFC 9553 §1.4.4, §2.6.3
        ({"media": {"m": {"uri": "https://x"}}}, "media/m/kind"),  # RFC 9553 §2.6.4
        ({"localizations": {"not a tag": {}}}, "localizations/not a tag"),  # RFC 9553 §2.7.1
        ({"localizations": {"de": {"localizations": {}}}}, "localizations/de"),
        ({"anniversaries": {"a": {"kind": "birth", "date": {}}}}, "anniversaries/a/date"),  # RFC 9553 §2.8.1
        ({"anniversaries": {"a": {"date": {"year": 1}}}}, "anniversaries/a/kind"),
        ({"anniversaries": {"a": {"kind": "birth", "date": {"@type": "Timestamp"}}}}, "anniversaries/a/date/utc"),
        ({"keywords": {"a": None}}, "keywords/a"),  # RFC 9553 §2.8.2
        ({"notes": {"n": {"note": "A", "author": {}}}}, "notes/n/author"),  # RFC 9553 §2.8.3
        ({"personalInfo": {"p": {"kind": "hobby"}}}, "personalInfo/p/value"),  # RFC 9553 §2.8.4
    ],
)
def test_a_property_is_refused_by_its_path(members: Json, path: str) -> None:
    assert path in faults(**members)


@pytest.mark.parametrize("key", ["", "a b", "é", "a.b", "x" * 256])
def test_what_is_no_id(key: str) -> None:
    """RFC 9553 §1.4.1"""
    assert faults(notes={key: {"note": "A"}}) != []
    assert faults(notes={"-_Az09": {"note": "A"}, "x" * 255: {"note": "B"}}) == []


@pytest.mark.parametrize("pref", [0, 101, -1, True, 1.0, "1", None])
def test_what_is_no_preference(pref: Any) -> None:
    """RFC 9553 §1.5.3"""
    assert faults(phones={"p": {"number": "1", "pref": pref}}) == ["phones/p/pref"]


@pytest.mark.parametrize(
    ("utc", "fine"),
    [
        ("2024-05-31T23:59:60Z", True),
        ("2024-05-31T23:59:59.001Z", True),
        ("2024-05-31T23:59:59.100Z", False),
        ("2024-05-31T23:59:59.0Z", False),
        ("2024-05-31t23:59:59z", False),
        ("2024-05-31T23:59:59+00:00", False),
        ("2024-05-00T23:59:59Z", False),
        ("2024-05-31T24:00:00Z", False),
        ("2024-05-31", False),
    ],
)
def test_moments(utc: str, fine: bool) -> None:
    """RFC 9553 §1.4.5: in UTC, with capital letters, and no fraction that is zero or ends in one."""
    assert faults(created=utc) == ([] if fine else ["created"])
    if fine:
        assert again(card(created=utc))["created"] == utc


def test_patches_are_all_or_nothing() -> None:
    """RFC 9553 §1.4.3"""
    given = card(name={"components": [{"kind": "given", "value": "A"}]}, keywords={"a": True})
    assert apply_patch(given, {"keywords/b": None, "keywords/a": None})["keywords"] == {}
    assert apply_patch(given, {"name/components/0/value": "B"})["name"]["components"][0]["value"] == "B"
    for bad in (
        {"name/components/-": {}},
        {"name/components/0": None},
        {"name/components/1": {}},
        {"nobody/a": 1},
        {"name": {}, "name/full": "A"},
    ):
        with pytest.raises(Invalid):
            apply_patch(given, {"kind": "org", **bad})
        assert "kind" not in given


@pytest.mark.parametrize("name", ["Emails", "NAME", "prodid", "@Type", "extra"])
def test_names_that_only_look_alike(name: str) -> None:
    """RFC 9553 §1.7.1, §1.7.2, §1.7.3: names differ by their capitals, and what is reserved is not used."""
    assert faults(**{name: "x"}) == [name]
    assert faults(emails={"e": {"address": "a@b.c", "Label": "x"}}) == ["emails/e/Label"]


def test_values_that_are_new() -> None:
    """RFC 9553 §1.7.5, §1.8.2: what a list may grow by, or a vendor adds, is let be."""
    for value in ("tomorrow", "example.com:thing"):
        given = card(
            kind=value,
            emails={"e": {"address": "a@b.c", "contexts": {value: True}}},
            phones={"p": {"number": "1", "features": {value: True}}},
            relatedTo={"urn:x": {"relation": {value: True}}},
            personalInfo={"i": {"kind": value, "value": "x", "level": value}},
            media={"m": {"kind": value, "uri": "https://x.example/"}},
        )
        check(given)
        assert plain(again(given)) == plain(given)


def test_how_names_are_pronounced() -> None:
    """RFC 9553 §1.5.4"""
    given = card(
        name={
            "components": [
                {"kind": "surname", "value": "孫", "phonetic": "syun1"},
                {"kind": "given", "value": "中山", "phonetic": "zung1saan1"},
            ],
            "phoneticSystem": "jyut",
            "phoneticScript": "Latn",
        }
    )
    check(given)
    assert plain(again(given)) == plain(given)
    assert faults(name={"components": [{"kind": "given", "value": "A", "phonetic": 1}]}) != []
