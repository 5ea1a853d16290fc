"""Answers made of sentences: what a sentence is there for, what kind of answer is asked for, which statement counts."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.assistant import extractive
from parvis.assistant.expected import expected
from parvis.assistant.lines import lines
from parvis.assistant.machine import machine_rows
from parvis.assistant.support import Support
from parvis.search.request import Hit
from parvis.search.words.sentences import sentences
from tests.assistant.test_answers import hit

REPLY = """Bonjour Anne,
Il est au secrétariat, armoire 3. Le gardien l'avait rangé.
--
Paul Martin
Service technique
Le lundi 3 mars 2025 à 09:10, Anne Petit a écrit :
> Bonjour,
> Quelqu'un a-t-il vu mon casque bleu ?"""
TABLE = "Dépenses\nLigne | Prévu | Voté\nChauffage | 12 000 | 9 000\nJardins | 4 000 | 4 500"


def roles(text: str, *, letter: bool = True) -> dict[str, str]:
    spans = list(sentences(text))
    found = lines(text, spans, letter=letter)
    return {text[start:end]: line.role for (start, end), line in zip(spans, found, strict=True)}


def test_a_letter_is_told_from_its_frame_and_its_quotes() -> None:
    found = roles(REPLY)
    assert found["Il est au secrétariat, armoire 3."] == "said"
    assert found["Bonjour Anne,"] == found["Paul Martin"] == found["Service technique"] == "frame"
    assert found["Le lundi 3 mars 2025 à 09:10, Anne Petit a écrit :"] == "frame"
    assert [role for text, role in found.items() if "casque" in text] == ["quoted"]


@pytest.mark.parametrize(
    "attribution",
    [
        "On Mon, 3 Mar 2025 at 09:10, Anne Petit wrote:",
        "On Mon, 3 Mar 2025 at 09:10, Anne Petit\n<anne@example.org> wrote:",
        "Le lundi 3 mars 2025 à 09:10, Anne Petit a écrit\u00a0:",
        "Vào Th 2, 3 thg 3, 2025 lúc 09:10 Anne Petit đã viết:",
    ],
)
def test_who_wrote_when_is_no_sentence_of_the_sender(attribution: str) -> None:
    found = roles(f"Oui.\n{attribution}\n> Le casque est bleu.")
    assert found.pop("Oui.") == "said"
    assert set(found.values()) == {"frame", "quoted"}


def test_below_the_mark_of_an_original_message_all_is_quoted() -> None:
    found = roles("It is in room 3.\n-----Original Message-----\nFrom: Ann\nThe helmet is blue.")
    assert found["It is in room 3."] == "said"
    assert found["The helmet is blue."] == "quoted"


def test_what_a_list_writes_under_a_message_is_its_frame() -> None:
    rule = 47 * "_"
    found = roles(f"The release is on Friday.\n{rule}\nHelmets mailing list\nhelmets@lists.example.org")
    assert found.pop("The release is on Friday.") == "said"
    assert set(found.values()) == {"frame"}


PATCH = """I changed the limit to 40.
Index: limit.c
===================================================================
--- limit.c 21 Jun 2002 02:46:50 -0000 1.1
+++ limit.c 27 Aug 2002 09:31:29 -0000 1.2
@@ -2,7 +2,7 @@
the limit of letters is
-30
+40
for each of them"""
LOG = """The limit was reached twice.
Aug 26 10:28:09.238135 check[3469]: [ 6] the limit of 30 is reached
Traceback (most recent call last):
File "/home/ann/limit.py", line 294, in ?
if (letters >= LIMIT && !quiet) { warn(LIMIT); }
Received: from mx.example.org ([192.0.2.1])
by mail.example.org (Postfix) with ESMTP id 6627220"""
LISTED = """Here is what we need, in room B214 (ref. TP-70915/A):
- 40 helmets at £12.50 each, 06 12 34 56 78
+ 3 ladders (H-09, H-17 and H-22), from 9:00 to 17:30
Thursday 3 March, 15 h 27: train no. 6617"""


def test_patches_logs_traces_and_headers_are_machine_rows() -> None:
    for text, said in ((PATCH, {0, 9}), (LOG, {0})):
        rows = text.split("\n")
        assert set(range(len(rows))) - machine_rows(rows) == said
        assert next(role for found, role in roles(text).items() if found == rows[0]) == "said"


def test_figures_and_references_are_no_machine_rows() -> None:
    assert machine_rows(LISTED.split("\n")) == frozenset()


def test_a_table_has_a_head_over_its_rows() -> None:
    spans = list(sentences(TABLE))
    found = lines(TABLE, spans, letter=False)
    assert [line.role for line in found] == ["head", "head", "row", "row"]
    assert [line.under for line in found] == [-1, 0, 1, 1]


@given(st.text(max_size=300), st.booleans())
def test_whatever_the_text_each_sentence_has_one_role_and_a_head_before_it(text: str, letter: bool) -> None:
    spans = list(sentences(text))
    found = lines(text, spans, letter=letter)
    assert len(found) == len(spans)
    assert all(line.under < number for number, line in enumerate(found))


@pytest.mark.parametrize(
    ("question", "kinds", "fitting", "other"),
    [
        ("À quelle heure part le car ?", ("time",), "Départ à 8 h 15.", "Départ le 3 mai."),
        ("Xe khởi hành lúc mấy giờ?", ("time",), "Xe chạy lúc 8 giờ 15.", "Xe màu xanh."),
        ("What does the ticket cost?", ("money",), "It is £12.50 each.", "It is 12 pages long."),
        ("Vé giá bao nhiêu?", ("money",), "Vé là 120.000 đồng.", "Vé số 120."),
        ("Combien de mois dure le bail ?", ("duration",), "Le bail est de 36 mois.", "Le bail commence en 2020."),
        ("Who signs the lease?", ("person",), "It is signed by Mr Baker.", "it is signed at noon."),
        ("Quel est le numéro de téléphone du gardien ?", ("phone",), "Appelez le 06 12 34 56 78.", "Bureau 12."),
        ("Quel pourcentage a été voté ?", ("percent",), "Une hausse de 3 %.", "Une hausse de 3 postes."),
        ("In which year was the lease signed?", ("year",), "It was signed in 2019.", "It was signed by 12 people."),
        ("À quelle fréquence se réunit-il ?", ("duration",), "Tous les deux mois.", "Tous ensemble."),
        ("Số điện thoại của anh Nam là gì?", ("phone",), "Gọi 0905 123 456 nhé.", "Anh Nam ở phòng 12."),
    ],
)
def test_a_question_says_what_kind_of_answer_it_wants(question, kinds, fitting, other) -> None:
    wanted = expected(question)
    assert wanted.kinds == kinds
    assert wanted.fits(kinds[0], fitting)
    assert not wanted.fits(kinds[0], other)


@pytest.mark.parametrize(
    ("question", "closed"),
    [
        ("Did the committee approve the fee?", True),
        ("Le conseil a-t-il voté le budget ?", True),
        ("Est-ce que le bail est signé ?", True),
        ("Hợp đồng đã ký chưa?", True),
        ("Anh Nam có đi không?", True),
        ("À quelle heure arrive-t-il ?", False),
        ("What did the committee approve?", False),
        ("Hợp đồng ký khi nào?", False),
    ],
)
def test_a_question_that_is_answered_by_yes_or_no_asks_for_nothing_else(question: str, closed: bool) -> None:
    wanted = expected(question)
    assert wanted.closed is closed
    assert not (closed and wanted.kinds)


async def first(question: str, *passages: Hit) -> str:
    support = Support(list(passages), None)
    quotes = extractive.answer(await extractive.rank(question, support), support)
    return " / ".join(claim.text for claim in quotes[0][0].claims)


async def test_a_reply_answers_the_question_it_quotes() -> None:
    other = hit(1, "Le casque de chantier est obligatoire dans la cour.", "fr")
    assert "armoire 3" in await first("Où est mon casque bleu ?", hit(0, REPLY, "fr"), other)


async def test_only_the_authors_own_words_are_quoted() -> None:
    question = "Quand le casque bleu a-t-il été rangé ?"
    text = (
        f"Merci !\nLe lundi 3 mars 2025 à 09:10, Anne Petit a écrit :\n> Le casque bleu a été rangé mardi.\n{LOG}"
    )
    support = Support([hit(0, text, "fr")], None)
    quotes = extractive.answer(await extractive.rank(question, support), support)
    shown = [claim.text for block, _ in quotes for claim in block.claims]
    assert not any("rangé" in text or "check[" in text for text in shown)


async def test_a_signature_answers_who_asks_for_a_telephone() -> None:
    signed = "Le casque est chez le gardien.\n--\nPaul Martin, gardien\nTél. 06 12 34 56 78"
    assert "06 12 34 56 78" in await first("Quel est le numéro de téléphone du gardien ?", hit(0, signed, "fr"))
    assert "06 12" not in await first("Où est le casque ?", hit(0, signed, "fr"))


async def test_a_question_is_not_answered_by_who_asks_the_same() -> None:
    same = hit(0, "Bonjour, quel est le prix du loyer ?", "fr")
    other = hit(1, "Le loyer est à 950 €. Quel jour convient ?", "fr")
    question = "Quel est le prix du loyer ?"
    support = Support([same, other], None)
    quotes = extractive.answer(await extractive.rank(question, support), support)
    shown = [claim.text for block, _ in quotes for claim in block.claims]
    assert shown[0] == "Le loyer est à 950 €."
    assert not any("quel est le prix" in text for text in shown)
    alone = Support([same], None)
    assert extractive.confidence(await extractive.rank(question, alone), alone) == "none"


async def test_what_is_only_near_is_said_to_be_unsure() -> None:
    def found(meaning: float) -> Hit:
        return replace(hit(0, "Le bail du local est de 36 mois.", "fr"), meaning_score=meaning, text_score=0.1)

    async def confidence(question: str, meaning: float) -> str:
        support = Support([found(meaning)], None)
        return extractive.confidence(await extractive.rank(question, support), support)

    assert await confidence("Combien de mois dure le bail du local ?", 4.5) == "sure"
    assert await confidence("Combien de mois dure la garantie du local ?", 4.0) == "unsure"
    assert await confidence("Le bail du local est-il de 36 mois ?", 4.5) == "sure"
    assert await confidence("Le bail du local de 36 mois est-il signé ?", 4.5) == "unsure"
    assert await confidence("Qui a gagné la course ?", 1.0) == "none"


async def test_of_two_statements_the_newer_counts() -> None:
    old = hit(0, "Le bail du local est de 36 mois.", "fr")
    new = replace(hit(1, "Le bail du local est porté à 48 mois.", "fr"), time_ms=old.time_ms + 86_400_000)
    assert "48 mois" in await first("Combien de mois dure le bail du local ?", old, new)


async def test_a_line_that_introduces_others_answers_when_it_has_what_is_asked_for() -> None:
    text = "Le loyer proposé est de 950 € :\n- charges de 120 € à part\n- sans caution"
    assert (await first("Quel est le montant du loyer proposé ?", hit(0, text, "fr"))).startswith(
        "Le loyer proposé"
    )


async def test_what_is_beside_a_good_passage_counts_for_more() -> None:
    good = replace(hit(0, "Accord sur le bail du local.", "fr"), meaning_score=4.0)
    other = replace(hit(2, "La durée est de 24 mois.", "fr"), meaning_score=1.2, text_score=None)
    beside = replace(hit(1, "La durée est de 36 mois.", "fr"), object_id=good.object_id, part="2", text_score=None)
    assert "36 mois" in await first("Combien de mois dure l'accord ?", good, other, beside)


async def test_a_row_is_shown_with_the_names_of_its_columns() -> None:
    table = replace(hit(0, TABLE, "fr"), part="2", file_name="depenses.xlsx")
    shown = await first("Combien est prévu pour le chauffage ?", table)
    assert shown.startswith("Ligne | Prévu | Voté / Chauffage | 12 000 | 9 000")


async def test_a_summary_quotes_what_is_said_in_its_order() -> None:
    support = Support([hit(0, REPLY, "fr")], None)
    shown = [claim.text for block, _ in extractive.summary(support) for claim in block.claims]
    assert shown and "Paul Martin" not in shown
    assert shown == sorted(shown, key=REPLY.index)
