"""Messages for measurements: of a size and shape as real ones, in three languages, the same on every run."""

import random

_WORDS = {
    "fr": "réunion budget convention ville délégation programme facture marché travaux équipe calendrier projet "
    "association conseil demande réponse document version tableau salle visite lundi semaine accord service",
    "vi": "cuộc họp ngân sách hợp đồng thành phố đoàn chương trình hóa đơn dự án công việc nhóm lịch tài liệu "
    "phiên bản bảng phòng chuyến thăm thứ hai tuần thỏa thuận dịch vụ trả lời yêu cầu hội đồng",
    "en": "meeting budget agreement city delegation programme invoice procurement works team calendar project "
    "association council request answer document version table room visit Monday week deal service",
}
THREAD = 4


def message(number: int) -> bytes:
    """Message `number`: 1 to 6 kB, every fourth begins a thread that the next three continue."""
    chance = random.Random(number)
    language = ("fr", "vi", "en")[number // THREAD % 3]
    words = _WORDS[language].split()
    first = number - number % THREAD
    subject = " ".join(random.Random(first).sample(words, 4))
    body = "\r\n".join(" ".join(chance.choices(words, k=12)) for _ in range(chance.randint(8, 60)))
    person = f"person{chance.randint(1, 300)}"
    references = f"References: <m{first}@bench.example>\r\n" if number != first else ""
    prefix = "Re: " if number != first else ""
    return (
        f"From: {person.title()} <{person}@example.org>\r\nTo: bench <bench@example.net>\r\n"
        f"Subject: {prefix}{subject}\r\nMessage-ID: <m{number}@bench.example>\r\n{references}"
        f"Date: Mon, 02 Nov 2026 {number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02} +0000\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        f"{body}\r\n"
    ).encode()
