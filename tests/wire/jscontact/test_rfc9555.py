"""From vCard to JSContact and back, section by section of RFC 9555, with the properties and parameters of RFC 9554."""

from typing import Any

import pytest

from parvis.wire import contentlines, vcard
from parvis.wire.jscontact import check, from_vcard, to_vcard
from parvis.wire.jscontact.plain import plain

Json = dict[str, Any]


def read(*lines: str, uid: str = "UID:urn:uuid:1") -> Json:
    named = [] if any(line.startswith(("FN", "N;", "N:")) for line in lines) else ["FN:x"]
    text = "\r\n".join(["BEGIN:VCARD", "VERSION:4.0", *([uid] if uid else []), *named, *lines, "END:VCARD", ""])
    made = from_vcard(vcard.read_one(text.encode()))
    check(made)
    assert plain(from_vcard(vcard.read_one(contentlines.write(to_vcard(made))))) == plain(made)
    return made


def lines_of(**members: Any) -> list[str]:
    card = {"@type": "Card", "version": "1.0", "uid": "urn:uuid:1", **members}
    return contentlines.write(to_vcard(card)).decode().replace("\r\n ", "").splitlines()


@pytest.mark.parametrize(
    ("lines", "member", "value"),
    [
        # RFC 9554 §2.2, RFC 9555 §2.5.5: what repeats a newer place of N is told once
        (
            ["FN:x", "N:García,Márquez,y;Ana;;Dr.;PhD,III;Márquez;III"],
            "name",
            {
                "full": "x",
                "components": [
                    {"kind": "surname", "value": "García"},
                    {"kind": "surname", "value": "y"},
                    {"kind": "given", "value": "Ana"},
                    {"kind": "title", "value": "Dr."},
                    {"kind": "credential", "value": "PhD"},
                    {"kind": "surname2", "value": "Márquez"},
                    {"kind": "generation", "value": "III"},
                ],
            },
        ),
        # RFC 9554 §2.1, RFC 9555 §2.6.1: the old places of ADR count only where no new one says anything
        (
            ["ADR;PROP-ID=a:;;54321 Oak St;Reston;VA;20190;USA;;;;54321;Oak St"],
            "addresses",
            {
                "a": {
                    "components": [
                        {"kind": "locality", "value": "Reston"},
                        {"kind": "region", "value": "VA"},
                        {"kind": "postcode", "value": "20190"},
                        {"kind": "country", "value": "USA"},
                        {"kind": "number", "value": "54321"},
                        {"kind": "name", "value": "Oak St"},
                    ]
                }
            },
        ),
        (
            ["ADR;PROP-ID=a;CC=US;TYPE=delivery;LABEL=Oak\\nStreet:;Apt 2;Oak St;;;;"],
            "addresses",
            {
                "a": {
                    "components": [{"kind": "apartment", "value": "Apt 2"}, {"kind": "name", "value": "Oak St"}],
                    "full": "Oak\nStreet",
                    "countryCode": "US",
                    "contexts": {"delivery": True},
                }
            },
        ),
        # RFC 9554 §3.1, §3.3
        (["CREATED:20220705T093412Z"], "created", "2022-07-05T09:34:12Z"),
        (["LANGUAGE:de-AT"], "language", "de-AT"),
        # RFC 9554 §3.2, §3.4
        (
            ["GRAMGENDER:NEUTER", "PRONOUNS;PREF=2;PROP-ID=a:they/them"],
            "speakToAs",
            {"grammaticalGender": "neuter", "pronouns": {"a": {"pronouns": "they/them", "pref": 2}}},
        ),
        # RFC 9554 §3.5, §4.9, §4.10
        (
            [
                "SOCIALPROFILE;PROP-ID=m;SERVICE-TYPE=Mastodon;USERNAME=@f:https://e.example/@f",
                'SOCIALPROFILE;PROP-ID=p;SERVICE-TYPE="Some, Site";VALUE=text:peter94\\, x',
            ],
            "onlineServices",
            {
                "m": {"uri": "https://e.example/@f", "service": "Mastodon", "user": "@f"},
                "p": {"service": "Some, Site", "user": "peter94, x"},
            },
        ),
        # RFC 9554 §4.1, §4.2, §4.3
        (
            ['NOTE;PROP-ID=n;AUTHOR="mailto:j@x.example";AUTHOR-NAME=John;CREATED=20221122T151823Z:Hi\\, there'],
            "notes",
            {
                "n": {
                    "note": "Hi, there",
                    "author": {"name": "John", "uri": "mailto:j@x.example"},
                    "created": "2022-11-22T15:18:23Z",
                }
            },
        ),
        # RFC 9554 §4.7, RFC 9555 §2.1.2: two with the same id, and an id that is none
        (
            ["EMAIL;PROP-ID=e:a@x.example", "EMAIL;PROP-ID=e:b@x.example", "EMAIL;PROP-ID=a b:c@x.example"],
            "emails",
            {
                "e": {"address": "a@x.example"},
                "EMAIL-1": {"address": "b@x.example"},
                "EMAIL-2": {"address": "c@x.example"},
            },
        ),
        # RFC 9555 §2.2.5: a language tag that is none stays what it was
        (["LANGUAGE:no tag"], "vCardProps", [["language", {}, "unknown", "no tag"]]),
        # RFC 9555 §2.2.7
        (["URL;PROP-ID=u:https://x.example/a,b;c"], "links", {"u": {"uri": "https://x.example/a,b;c"}}),
        # RFC 9555 §2.3.9
        (
            ["g.EMAIL;PROP-ID=e:a@x.example", "g.NOTE;PROP-ID=n:A"],
            "emails",
            {"e": {"address": "a@x.example", "vCardParams": {"group": "g"}}},
        ),
        # RFC 9555 §2.3.13: three levels of expertise, and of interests
        (
            [
                "EXPERTISE;PROP-ID=a;LEVEL=beginner;INDEX=2:chess",
                "EXPERTISE;PROP-ID=b;LEVEL=average:go",
                "EXPERTISE;PROP-ID=c;LEVEL=expert:tea",
                "HOBBY;PROP-ID=d;LEVEL=high:tea",
            ],
            "personalInfo",
            {
                "a": {"kind": "expertise", "value": "chess", "level": "low", "listAs": 2},
                "b": {"kind": "expertise", "value": "go", "level": "medium"},
                "c": {"kind": "expertise", "value": "tea", "level": "high"},
                "d": {"kind": "hobby", "value": "tea", "level": "high"},
            },
        ),
        # RFC 9555 §2.7.6
        (
            ['TEL;PROP-ID=t;VALUE=uri;PREF=1;TYPE="cell,text,home,x-foo":tel:+33-01-23;ext=1'],
            "phones",
            {
                "t": {
                    "number": "tel:+33-01-23;ext=1",
                    "features": {"mobile": True, "text": True},
                    "contexts": {"private": True},
                    "pref": 1,
                    "vCardParams": {"type": "x-foo"},
                }
            },
        ),
        # RFC 9555 §2.8.3: a place and a zone without an address, and with one
        (
            ["TZ:Europe/Paris", "GEO:geo:48.8,2.3"],
            "addresses",
            {"TZ-1": {"timeZone": "Europe/Paris", "coordinates": "geo:48.8,2.3"}},
        ),
        (
            ["h.ADR;PROP-ID=a:;;;Paris;;;", "h.TZ:Europe/Paris", "h.GEO:geo:48.8,2.3"],
            "addresses",
            {
                "a": {
                    "components": [{"kind": "locality", "value": "Paris"}],
                    "timeZone": "Europe/Paris",
                    "coordinates": "geo:48.8,2.3",
                }
            },
        ),
        # RFC 9555 §2.9.4
        (
            ['ORG;PROP-ID=o;SORT-AS="ABC,N":ABC\\, Inc.;North;Marketing'],
            "organizations",
            {
                "o": {
                    "name": "ABC, Inc.",
                    "sortAs": "ABC",
                    "units": [{"name": "North", "sortAs": "N"}, {"name": "Marketing"}],
                }
            },
        ),
        # RFC 9555 §2.15.2, §2.15.3
        (
            ["IMPP;PROP-ID=i;X-A=1,2;X-B=c:xmpp:a@x.example"],
            "onlineServices",
            {"i": {"uri": "xmpp:a@x.example", "vCardName": "impp", "vCardParams": {"x-a": ["1", "2"], "x-b": "c"}}},
        ),
        # RFC 9555 §3.3.1: an order of components, and one that does not fit is none
        (
            ['N;JSCOMPS=";1;s,-;0,1;0":Doe,Roe;Jane;;;'],
            "name",
            {
                "components": [
                    {"kind": "given", "value": "Jane"},
                    {"kind": "separator", "value": "-"},
                    {"kind": "surname", "value": "Roe"},
                    {"kind": "surname", "value": "Doe"},
                ],
                "isOrdered": True,
            },
        ),
        (
            ['N;JSCOMPS=";7;0":Doe;Jane;;;'],
            "name",
            {"components": [{"kind": "surname", "value": "Doe"}, {"kind": "given", "value": "Jane"}]},
        ),
        # RFC 9555 §3.2.1, §3.3.2
        (['JSPROP;JSPTR="x.example:a/b~1c":{"d":[1\\,null]}', 'JSPROP;JSPTR=kind:"org"'], "kind", None),
        (['JSPROP;JSPTR="x.example:a":{"d":[1\\,null]}'], "x.example:a", {"d": [1, None]}),
    ],
)
def test_what_a_line_becomes(lines: list[str], member: str, value: Any) -> None:
    assert read(*lines).get(member) == value


def test_a_name_that_was_made_of_its_parts_is_not_a_name_of_its_own() -> None:
    """RFC 9554 §4.4, RFC 9555 §3.1: FN has to be there, and says that it was derived."""
    assert "full" not in read("FN;DERIVED=TRUE:Jane Doe", "N:Doe;Jane;;;")["name"]
    assert read("FN;DERIVED=TRUE:Jane Doe")["name"] == {"full": "Jane Doe"}
    components = [{"kind": "given", "value": "Jane"}, {"kind": "surname", "value": "Doe"}]
    assert "FN;DERIVED=TRUE:Jane Doe" in lines_of(name={"components": components})
    assert any(line.startswith("FN") for line in lines_of())


def test_how_it_is_pronounced_is_no_second_name() -> None:
    """RFC 9554 §4.6, §4.8"""
    name = read(
        "N;ALTID=1;LANGUAGE=zh-Hant:孫;中山;;;",
        "N;ALTID=1;PHONETIC=jyut;SCRIPT=Latn;LANGUAGE=zh-Hant:syun1;zung1;;;",
    )["name"]
    assert [each["value"] for each in name["components"]] == ["孫", "中山"]
    made = lines_of(
        name={
            "components": [{"kind": "surname", "value": "孫", "phonetic": "syun1"}],
            "phoneticSystem": "jyut",
            "phoneticScript": "Latn",
        }
    )
    assert "N;ALTID=1:孫;;;;;;" in made and "N;ALTID=1;PHONETIC=jyut;SCRIPT=Latn:syun1;;;;;;" in made


def test_a_card_without_uid_has_one_afterwards() -> None:
    """RFC 9555 §2.1.1"""
    made = read("FN:A", uid="")["uid"]
    assert made.startswith("urn:uuid:") and made == read("FN:A", uid="")["uid"] != read("FN:B", uid="")["uid"]
    assert read(uid="UID:not a uri")["uid"] == "not a uri"
    assert "UID;VALUE=text:a b" in lines_of(uid="a b")


def test_null_that_a_vendor_means_is_kept() -> None:
    """RFC 9555 §3.2.1: in JSPROP, as in each patch, null by itself takes out."""
    given = {"@type": "Card", "version": "1.0", "uid": "urn:uuid:1", "emails": {"e": {"address": "a@x.example"}}}
    for where in ({"x.example:n": None}, {"x.example:n": {"a": None}}):
        card = {**given, "emails": {"e": {"address": "a@x.example", **where}}}
        again = from_vcard(vcard.read_one(contentlines.write(to_vcard(card))))
        assert again["emails"] == card["emails"]


@pytest.mark.parametrize(
    "line",
    [
        *("JSPROP:1", "JSPROP;JSPTR=:1", "JSPROP;JSPTR=kind:{", 'JSPROP;JSPTR=@type:"Group"', "JSPROP;JSPTR=a/b:1"),
        *("BDAY:circa 1800", "BDAY;VALUE=text:x", "TZ:+0530", "GEO:1", "REV:yesterday", "N:;;;;", "ADR:", "ORG:;"),
        *("TEL:", "CATEGORIES:,,", "LANG:", "RELATED:", "KIND:", "N;JSCOMPS=:a", 'ADR;JSCOMPS=";99999":;;a'),
        *("EMAIL;PREF=0:a@b.c", "EMAIL;PREF=101:a@b.c", "DIRECTORY;INDEX=0:https://x", "x.X-ABLABEL:y", "MEMBER:"),
    ],
)
def test_odd_lines_do_no_harm(line: str) -> None:
    """RFC 9555 §2.15.1: what cannot be said otherwise stays as it came."""
    text = f"BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:1\r\nFN:A\r\n{line}\r\nEND:VCARD\r\n"
    made = from_vcard(vcard.read_one(text.encode()))
    assert made["@type"] == "Card" and made["name"]["full"] == "A"
    assert plain(from_vcard(vcard.read_one(contentlines.write(to_vcard(made))))) == plain(made)
