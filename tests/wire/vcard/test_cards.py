"""vCards of real programs: read, checked, written back as they came, and converted. RFC 2426, RFC 6350"""

import pytest

from parvis.wire import contentlines, vcard
from parvis.wire.contentlines import BadContent, Component, Property
from parvis.wire.vcard.cards import CardLimits, check
from parvis.wire.vcard.versions import read_data_uri, to_version
from tests.wire.vcard.samples import SAMPLES


def read(name: str) -> Component:
    return vcard.read_one(SAMPLES[name])


def lines(card: Component) -> list[str]:
    unfolded = contentlines.write(card).decode().replace("\r\n ", "")
    return unfolded.split("\r\n")


@pytest.mark.parametrize("name", [each for each in SAMPLES if each != "outlook"])
def test_a_card_is_written_back_byte_for_byte(name: str) -> None:
    assert vcard.write(read(name)) == SAMPLES[name]


def test_outlook_is_understood() -> None:
    card = read("outlook")
    assert card.value("FN") == "Herr Dr. Jürgen Müller"
    assert contentlines.split_structured(card.first("ADR").value)[2] == ["Hauptstraße 5\nHinterhaus"]  # type: ignore[union-attr]
    assert card.value("LABEL") == "Hauptstraße 5\n10115 Berlin"
    four = to_version(card, "4.0")
    assert four.first("ADR").param("LABEL") == "Hauptstraße 5\n10115 Berlin"  # type: ignore[union-attr]
    assert four.first("LABEL") is None


def test_apple_in_4() -> None:
    four = lines(to_version(read("apple"), "4.0"))
    for line in (
        "VERSION:4.0",
        "EMAIL;PREF=1;TYPE=WORK:eloise@atelier.example",
        "item1.EMAIL:lo@maison.example",
        "TEL;PREF=1;TYPE=CELL,VOICE:+33 6 12 34 56 78",
        "BDAY:--0305",
        "REV:20240502T101112Z",
        "item1.X-ABLabel:_$!<Other>!$_",
        "CATEGORIES:Amis,Bretagne",
    ):
        assert line in four
    photo = next(line for line in four if line.startswith("PHOTO"))
    assert photo.startswith("PHOTO:data:image/jpeg;base64,/9j/4AAQSkZJRg")


def test_apple_and_back() -> None:
    back = lines(to_version(to_version(read("apple"), "4.0"), "3.0"))
    for line in (
        "VERSION:3.0",
        "EMAIL;TYPE=INTERNET,WORK,pref:eloise@atelier.example",
        "BDAY;X-APPLE-OMIT-YEAR=1604:1604-03-05",
        "REV:2024-05-02T10:11:12Z",
    ):
        assert line in back
    assert any(line.startswith("PHOTO;ENCODING=b;TYPE=JPEG:/9j/") for line in back)


def test_groups_of_apple() -> None:
    card = read("apple group")
    four = to_version(card, "4.0")
    assert vcard.kind_of(card) == vcard.kind_of(four) == "group"
    assert vcard.members_of(card) == vcard.members_of(four)
    assert "MEMBER:urn:uuid:5B1C0C6E-0000-4D2B-9F0A-000000000002" in lines(four)
    assert "X-ADDRESSBOOKSERVER-KIND:group" in lines(to_version(four, "3.0"))


def test_4_for_a_client_that_wants_3() -> None:
    three = lines(to_version(read("davx5"), "3.0"))
    for line in (
        'ADR;TYPE=home;LABEL="Gracht 1^n1016 Amsterdam":;;Gracht 1;Amsterdam;;1016;Nederland',
        "PHOTO;ENCODING=b;TYPE=PNG:iVBORw0KGgo=",
        "ANNIVERSARY:2015-06-20",
        "KIND:individual",
        "GENDER:F;vrouw",
        'X-DAVX5-UNKNOWN;X-P="a;b":wert\\,mit\\;zeichen',
    ):
        assert line in three
    assert "N:van Dijk;Zoë;;mr.;MSc" in three


def test_a_card_without_n_gets_one_in_3() -> None:
    card = Component("VCARD", [Property("VERSION", "4.0"), Property("FN", "Ada")])
    assert "N:Ada;;;;" in lines(to_version(card, "3.0"))


def test_places_times_and_phones() -> None:
    four = lines(to_version(read("evolution"), "4.0"))
    assert {"GEO:geo:40.4168,-3.7038", "TZ;VALUE=utc-offset:+0100"} <= set(four)
    assert {"GEO:40.4168;-3.7038", "TZ:+01:00"} <= set(
        lines(to_version(to_version(read("evolution"), "4.0"), "3.0"))
    )
    card = Component("VCARD", [Property("VERSION", "4.0"), Property("TEL", "tel:+1-555;ext=5", {"VALUE": ["uri"]})])
    assert "TEL:+1-555\\;ext=5" in lines(to_version(card, "3.0"))


def test_the_address_that_google_adds_is_a_label() -> None:
    address = to_version(read("google"), "4.0").first("ADR")
    assert address is not None
    assert address.param("LABEL") == "12 Lê Lợi\nQuận 1"
    assert len(address.value.split(";")) == 7


def test_data_uris() -> None:
    assert read_data_uri("data:image/png;base64,iVBORw0KGgo=") == ("image/png", b"\x89PNG\r\n\x1a\n")
    assert read_data_uri("https://example.org/a.png") is None


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("VERSION:5.0\nFN:x", "VERSION"),
        ("VERSION:4.0\nUID:1", "no FN"),
        ("VERSION:4.0\nFN:x\nUID:1\nUID:2", "more than once"),
        ("VERSION:4.0\nFN:x\nNOTE:" + "y" * 200, "NOTE is longer"),
        ("VERSION:4.0\nFN:x\nUID:" + "y" * 100, "UID is longer"),
        ("VERSION:4.0\nFN:x\nX:1\nX:2\nX:3\nX:4\nX:5", "properties"),
    ],
)
def test_what_is_no_card_is_refused(lines: str, reason: str) -> None:
    data = f"BEGIN:VCARD\n{lines}\nEND:VCARD\n".encode()
    with pytest.raises(BadContent, match=reason):
        vcard.read_one(data, CardLimits(properties=6, value=150, uid=50))


def test_one_resource_holds_one_card() -> None:
    with pytest.raises(BadContent, match="2 cards"):
        vcard.read_one(SAMPLES["apple"] + SAMPLES["google"])
    with pytest.raises(BadContent, match="no vCard"):
        vcard.read(b"BEGIN:VCALENDAR\nEND:VCALENDAR\n")
    assert len(vcard.read(b"".join(SAMPLES.values()))) == len(SAMPLES)


def test_alternatives_count_once() -> None:
    check(read("rich"))
