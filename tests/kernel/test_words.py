"""The kernel's words: ids, folding, settings, records, the egress gate."""

from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.kernel import clock, ids, languages, records, settings
from parvis.kernel.egress import Contact, Egress
from parvis.kernel.errors import EgressRefused, Invalid
from parvis.kernel.records import Immutable, Record, ServerSet


@given(st.integers(0, (1 << 63) - 1))
def test_an_id_survives_its_text(number: int) -> None:
    assert ids.parse(ids.text(number)) == number
    assert ids.text(number)[0].isalpha()


@given(st.text(max_size=20))
def test_any_other_text_is_no_id_or_round_trips(value: str) -> None:
    number = ids.parse(value)
    assert number is None or ids.text(number) == value


def test_ids_grow_even_when_the_clock_stands() -> None:
    with clock.frozen(clock.now_ms()):
        made = [ids.new_id() for _ in range(70_000)]
    assert made == sorted(set(made))


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Đường", "duong"), ("cœur", "coeur"), ("ĐẠI HỌC", "dai hoc"), ("Straße", "strasse"), ("l’été", "l'ete")],
)
def test_folding_makes_accents_optional(text: str, folded: str) -> None:
    assert languages.fold(text) == folded


def test_settings_name_the_wrong_one(tmp_path) -> None:
    (tmp_path / "parvis.toml").write_text("[ports]\nhttp = 'x'\n")
    with pytest.raises(Invalid, match=r"ports\.http"):
        settings.load(tmp_path)


class Box(Record):
    kind: ClassVar[str] = "Box"
    capability: ClassVar[str] = "urn:test"
    id: ServerSet[str]
    name: str
    parent_id: Immutable[str | None] = None


def test_a_record_declares_who_may_set_what() -> None:
    declared = records.properties(Box)
    assert {p.name: p.settable for p in declared.values()} == {
        "id": "server",
        "name": "always",
        "parentId": "create",
    }
    assert declared["name"].required and not declared["parentId"].required


def test_the_egress_gate_refuses_and_reports() -> None:
    seen: list[Contact] = []
    gate = Egress(["models.example"])
    gate.listen(seen.append)
    gate.check("model", "models.example", 443)
    gate.check("model", "127.0.0.1", 80)
    with pytest.raises(EgressRefused):
        gate.check("model", "elsewhere.example", 443)
    assert [c.allowed for c in seen] == [True, True, False]
