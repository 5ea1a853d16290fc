"""Filters of CardDAV and what they match. RFC 6352 §8.6, §10.4, §10.5"""

import pytest

from parvis.wire import vcard
from parvis.wire.contentlines import write
from parvis.wire.vcard.query import (
    Filter,
    ParamFilter,
    PropFilter,
    TextMatch,
    UnknownCollation,
    Wanted,
    matches,
    matches_text,
    select,
)
from tests.wire.vcard.samples import SAMPLES

CARD = vcard.read_one(SAMPLES["apple"])


def asked(*props: PropFilter, every: bool = False) -> bool:
    return matches(CARD, Filter(props, every))


def test_names_and_values() -> None:
    assert matches(CARD, Filter())
    assert asked(PropFilter("email"))
    assert not asked(PropFilter("GENDER"))
    assert asked(PropFilter("GENDER", defined=False))
    assert not asked(PropFilter("EMAIL", defined=False))
    assert asked(PropFilter("EMAIL", texts=(TextMatch("ATELIER"),)))
    assert asked(PropFilter("NOTE", texts=(TextMatch("matin, sauf"),)))
    assert asked(PropFilter("item1.EMAIL", texts=(TextMatch("maison"),)))
    assert not asked(PropFilter("item2.EMAIL", texts=(TextMatch("maison"),)))


def test_all_or_any() -> None:
    here, away = PropFilter("FN", texts=(TextMatch("Lemoine"),)), PropFilter("FN", texts=(TextMatch("Nobody"),))
    assert asked(here, away)
    assert not asked(here, away, every=True)
    both = (TextMatch("lo@"), TextMatch("atelier"))
    assert asked(PropFilter("EMAIL", texts=both))
    assert not asked(PropFilter("EMAIL", texts=both, every=True))


def test_parameters() -> None:
    fax = ParamFilter("type", text=TextMatch("fax", "equals"))
    assert asked(PropFilter("TEL", params=(fax,)))
    assert not asked(PropFilter("EMAIL", params=(fax,)))
    assert asked(PropFilter("TEL", params=(ParamFilter("TYPE", defined=False),)))
    assert not asked(PropFilter("TEL", params=(ParamFilter("X-NONE"),)))
    not_work = ParamFilter("TYPE", text=TextMatch("work", negate=True))
    assert asked(PropFilter("TEL", texts=(TextMatch("6 12"),), params=(not_work,), every=True))
    assert not asked(PropFilter("TEL", texts=(TextMatch("23 45"),), params=(not_work,), every=True))


@pytest.mark.parametrize(
    ("value", "match", "found"),
    [
        ("Éloïse", TextMatch("éLOÏSE", "equals"), True),
        ("Éloïse", TextMatch("éLOÏSE", "equals", "i;ascii-casemap"), False),
        ("Eloise", TextMatch("eLOISE", "equals", "i;ascii-casemap"), True),
        ("Eloise", TextMatch("eloise", "equals", "i;octet"), False),
        ("Éloïse", TextMatch("É", "starts-with"), True),
        ("Éloïse", TextMatch("OÏSE", "ends-with"), True),
        ("Éloïse", TextMatch("x", negate=True), True),
        ("ﬁn", TextMatch("fin", "equals"), True),
    ],
)
def test_collations(value: str, match: TextMatch, found: bool) -> None:
    assert matches_text(value, match) is found


def test_a_collation_that_nobody_knows() -> None:
    with pytest.raises(UnknownCollation):
        asked(PropFilter("FN", texts=(TextMatch("x", collation="i;klingon"),)))


def test_only_the_properties_that_are_wanted() -> None:
    text = write(select(CARD, (Wanted("EMAIL"), Wanted("item2.TEL"), Wanted("NOTE", no_value=True)))).decode()
    assert "item1.EMAIL;type=INTERNET:lo@maison.example\r\n" in text
    assert text.count("TEL") == 1
    assert "NOTE:\r\n" in text
    assert "VERSION:3.0\r\n" in text and "UID:5B1C" in text and "FN:Dr." in text
    assert "PHOTO" not in text
    assert select(CARD, ()) is CARD
