"""Words: the same form for index and query, in three languages, with accents or without."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from parvis.search.words import language, letters, reduced
from parvis.search.words.language import detect, spoken
from parvis.search.words.stem import _stemmed, forms, pairs, stem
from parvis.search.words.tokens import WORD_CHARACTERS, tokens, words


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("Đường", "duong"),
        ("hợp đồng", "hop dong"),
        ("CŒUR", "coeur"),
        ("Straße", "STRASSE"),
        ("e\u0301te\u0301", "été"),
        ("l’accord", "l'accord"),
        ("Nguyễn", "NGUYEN"),
    ],
)
def test_accents_are_optional(written: str, typed: str) -> None:
    assert words(written) == words(typed)


def test_offsets_point_into_the_text_as_given() -> None:
    text = "Cœur à l’hợp đồng n°12"
    assert [text[t.start : t.end] for t in tokens(text)] == ["Cœur", "à", "l", "hợp", "đồng", "n", "12"]


@given(st.text(max_size=200) | st.text(st.characters(max_codepoint=127), max_size=200))
def test_both_ways_of_cutting_agree(text: str) -> None:
    assert [token.word for token in tokens(text)] == words(text)


@given(st.text(max_size=200))
def test_words_are_folded_once_and_for_all(text: str) -> None:
    for word in words(text):
        assert 0 < len(word) <= WORD_CHARACTERS
        assert words(word) == [word]


def test_scripts_without_spaces_are_cut_into_characters() -> None:
    assert words("会議2024 meeting") == ["会", "議", "2024", "meeting"]


def test_inflected_forms_meet() -> None:
    assert stem("reunions", "fr") == stem("reunion", "fr")
    assert stem("meetings", "en") == stem("meeting", "en")
    assert stem("hop", "vi") == "hop"
    assert pairs(["hop", "dong", "thue"]) == ["hop_dong", "dong_thue"]
    assert "hop_dong" in forms(words("Hợp đồng thuê nhà"), "vi")
    assert forms(words("the contracts of the houses"), "en") == [stem("contracts", "en"), stem("houses", "en")]


def test_only_what_took_work_is_remembered() -> None:
    stem("meetings", "en")
    known = _stemmed.cache_info().currsize
    for word, spoken_ in (("hop", "vi"), ("tuesday", "und"), ("b2b", "en")):
        assert stem(word, spoken_) == word
    assert _stemmed.cache_info().currsize == known


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Đã ký hợp đồng thuê nhà", "vi"),
        ("hop giao ban luc 9 gio", "vi"),
        ("hop dong thue nha", "vi"),
        ("bao gio hop", "vi"),
        ("Réunion demain", "fr"),
        ("quand est la réunion", "fr"),
        ("Compte rendu de la reunion du 3 mars", "fr"),
        ("meeting notes", "en"),
        ("when is the meeting", "en"),
        ("to be or not to be", "en"),
        ("12345", "und"),
        ("", "und"),
        ("😀", "und"),
    ],
)
def test_language_of_short_texts(text: str, language: str) -> None:
    assert detect(text) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (
            "Présents : Hélène Marchetti, Trần Thị Thu Hương, Đặng Quốc Khánh. Les stations transmettent toutes.",
            "fr",
        ),
        ("Good news for Hương and Khánh: Đà Nẵng and Cẩm Lệ are back, with the Hàn station of Đồng Nghệ.", "en"),
        ("Anh Khánh và chị Hương đi Đà Nẵng.", "vi"),
        ("THÔNG BÁO NGHỈ TẾT NGUYÊN ĐÁN CỦA VIỆN", "vi"),
    ],
)
def test_names_do_not_make_a_text_vietnamese(text: str, language: str) -> None:
    assert detect(text) == language


def test_a_paragraph_tells_its_language_clearly_or_not_at_all() -> None:
    assert spoken("The meeting of the committee is in the large room on the first floor.") == "en"
    assert spoken("La réunion du comité est dans la grande salle du premier étage, avec tous les membres.") == "fr"
    assert spoken("Cuộc họp của hội đồng được dời sang sáng thứ năm tại phòng họp lớn.") == "vi"
    assert spoken("--\nĐặng Quốc Khánh\nPhòng Dữ liệu thủy văn, Viện Sông Hàn") == ""
    assert spoken("Université de Valmont · Direction des relations internationales · bâtiment A · bureau 112") == ""


def test_what_says_nothing_takes_the_fallback() -> None:
    assert detect("42", "vi") == "vi"


@pytest.mark.slow
def test_the_model_says_what_the_library_says() -> None:
    whole = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    whole.set_languages(list(language.LANGUAGES))
    ours = letters.load(language.LANGUAGES)
    for text in (
        "Bonjour, la réunion de jeudi est reportée à la semaine prochaine.",
        "Xin chào các bạn, cuộc họp được dời sang sáng thứ năm.",
        "The meeting of the committee is in the large room, ПРИВЕТ, 会議, \N{GRINNING FACE}.",
        "0",
        "",
    ):
        says, sure = whole.classify(text)
        assert ours.classify(text) == (says, pytest.approx(sure, abs=1e-5))


@pytest.mark.slow
def test_the_small_automaton_finds_what_the_whole_table_finds() -> None:
    model = LanguageIdentifier.from_model_file(MODEL_FILE)
    small = letters.Letters(reduced.tables(model))

    def by_table(text: bytes) -> Counter[int]:
        state, found = 0, Counter[int]()
        for letter in text:
            state = model.tk_nextmove[(int(model.tk_row[state]) << 8) + letter]
            found.update([model.tk_output[state]] * (model.tk_output[state] >= 0))
        return found

    chance = random.Random(7)
    texts = [
        "",
        "Réunion mardi à 14 h, salle Đà Nẵng",
        "Cuộc họp ngày mai bắt đầu lúc chín giờ sáng",
        "The minutes are attached",
    ]
    for text in [each.encode() for each in texts] + [chance.randbytes(2000) for _ in range(20)]:
        assert small.features(text) == by_table(text)
