"""What is done to vectors between the model and the index.

Models of several languages put each language in a corner of its own, so that a French question finds any
French passage before the right Vietnamese one. Against that (measured in `bench/retrieval.py`):

- codes are signs after the language's mean is taken away, so that neighbourhoods reach across languages;
- a question meets passages of another language with two fifths of its own language's mean taken away;
- what counts is not the product itself but by how many standard deviations it exceeds what passages of that
language usually give for this question.
"""

import math
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
LANGUAGE_NUMBERS = {"und": 0, "fr": 1, "vi": 2, "en": 3}
_ACROSS = np.float32(0.4)
_STEPS = 127
_SIGMAS = 6.0
_FEW = 8
# Everyday sentences of the three languages: where each language stands before anything is indexed.
_SAMPLES = {
    "fr": (
        "La réunion de lundi est reportée à jeudi matin dans la grande salle.",
        "Veuillez trouver ci-joint la facture du mois de mars et le contrat signé.",
        "Le nouveau budget prévoit une hausse des dépenses de personnel.",
        "Merci de me confirmer votre présence avant la fin de la semaine.",
        "Le serveur de messagerie a été mis à jour pendant la nuit.",
        "Les enfants sont partis en vacances chez leurs grands-parents en Bretagne.",
        "Cette loi fixe les conditions de protection des données personnelles.",
        "Le train pour Lyon partira avec vingt minutes de retard.",
        "Nous cherchons un développeur expérimenté pour notre équipe de Paris.",
        "Le médecin a conseillé du repos et beaucoup d'eau.",
    ),
    "vi": (
        "Cuộc họp thứ hai được dời sang sáng thứ năm tại phòng họp lớn.",
        "Xin gửi kèm hóa đơn tháng ba và hợp đồng đã ký.",
        "Ngân sách mới dự kiến tăng chi phí nhân sự.",
        "Vui lòng xác nhận sự tham dự của anh chị trước cuối tuần.",
        "Máy chủ thư điện tử đã được cập nhật trong đêm qua.",
        "Các cháu đã về quê nghỉ hè với ông bà ở miền Trung.",
        "Luật này quy định các điều kiện bảo vệ dữ liệu cá nhân.",
        "Chuyến tàu đi Huế sẽ khởi hành trễ hai mươi phút.",
        "Chúng tôi đang tìm một lập trình viên có kinh nghiệm cho nhóm ở Hà Nội.",
        "Bác sĩ khuyên nên nghỉ ngơi và uống nhiều nước.",
    ),
    "en": (
        "Monday's meeting has been moved to Thursday morning in the large room.",
        "Please find attached the invoice for March and the signed contract.",
        "The new budget foresees higher spending on staff.",
        "Kindly confirm that you will attend before the end of the week.",
        "The mail server was updated during the night.",
        "The children have gone on holiday with their grandparents by the sea.",
        "This law sets out the conditions for protecting personal data.",
        "The train to Leeds will leave twenty minutes late.",
        "We are looking for an experienced developer for our team in London.",
        "The doctor advised rest and plenty of water.",
    ),
}


def calibration() -> list[tuple[str, str]]:
    """(language, sentence) pairs that every new model embeds once."""
    return [(language, sentence) for language, sentences in _SAMPLES.items() for sentence in sentences]


def packed(vector: Floats) -> bytes:
    """One byte a number: the range is six standard deviations of a unit vector's numbers."""
    return bytes(np.clip(np.rint(vector / step(len(vector))), -_STEPS, _STEPS).astype(np.int8).tobytes())


def unpacked(stored: bytes) -> Floats:
    """The vector that `packed` stored."""
    numbers = np.frombuffer(stored, np.int8).astype(np.float32)
    return numbers * np.float32(step(len(numbers)))


def step(dims: int) -> float:
    """What one unit of a stored number stands for."""
    return _SIGMAS / math.sqrt(dims) / _STEPS


class Centres:
    """The mean of each language in one model's space; decided once for an index, because its codes depend on
    it."""

    def __init__(self, means: Mapping[str, Floats]) -> None:
        self._means = dict(means)
        self._middle: Floats = np.mean(np.stack(list(means.values())), axis=0)

    @classmethod
    def decode(cls, text: str) -> "Centres":
        """From the database."""
        return cls({name: np.array(mean, np.float32) for name, mean in msgspec.json.decode(text).items()})

    def encode(self) -> str:
        """For the database."""
        return msgspec.json.encode({name: mean.tolist() for name, mean in self._means.items()}).decode()

    def of(self, language: str) -> Floats:
        """The mean of a language; an unknown one stands in the middle of all."""
        return self._means.get(language, self._middle)

    def centred(self, vector: Floats, language: str) -> Floats:
        """A vector without its language."""
        return vector - self.of(language)

    def code(self, vector: Floats, language: str) -> bytes:
        """One bit a number, padded to whole 64-bit words."""
        bits = np.packbits(self.centred(vector, language) > 0)
        return bits.tobytes() + bytes(-len(bits) % 8)

    def across(self, vector: Floats, language: str) -> Floats:
        """A question's vector as passages of other languages meet it."""
        shifted: Floats = vector - _ACROSS * self.of(language)
        return shifted


class Usual:
    """What passages of each language usually give: a sample of vectors, against which a question is measured."""

    def __init__(self, samples: Mapping[str, Floats]) -> None:
        self._samples = {name: vectors for name, vectors in samples.items() if len(vectors) >= _FEW}

    def levels(self, language: str, same: Floats, across: Floats) -> dict[str, tuple[float, float]]:
        """For each language, mean and standard deviation of the product with a question asked in `language`;
        `""` holds those for languages without a sample."""
        levels: dict[str, tuple[float, float]] = {}
        for name, vectors in self._samples.items():
            products: Any = vectors @ (same if name == language else across)
            levels[name] = float(products.mean()), float(max(products.std(), 1e-3))
        every = list(levels.values()) or [(0.0, 0.05)]
        levels[""] = (float(np.mean([mean for mean, _ in every])), float(np.mean([width for _, width in every])))
        return levels
