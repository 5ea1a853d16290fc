"""Which charset of the time before Unicode bytes are in, when nothing or something false says so.

Judged by what texts are made of: in Western text letters with accents stand alone between others, in Cyrillic they
come in rows of one case, in East Asian text in pairs whose first bytes are those of frequent characters; Vietnamese
is known by its most frequent words."""

import re

from . import vietnamese

_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_BIG5 = re.compile(rb"(?:[\xa4-\xc6\xc9-\xf9][\x40-\x7e\xa1-\xfe]|[\xa1-\xa3][\x40-\x7e\xa1-\xfe])+")
_SJIS = re.compile(rb"(?:[\x81-\x9f\xe0-\xef][\x40-\x7e\x80-\xfc]|[\xa1-\xdf])+")
_HIGH = bytes(range(128, 256))
_WORD = re.compile(rb"[A-Za-z\x80-\xff]+")
_ENOUGH_HITS = 3
# Words that do not look the same in the Western charsets: each has a letter that those lack.
_WORDS = (
    "của được những người để với một đã đến này nước việc về tại trước đây thư gửi bạn kính nữa ở từ chỉ phải hợp "
    "thể đó rất cũng đi năm như vẫn sẽ đang điều nhận điện hội việt chị tiền cảm ơn trả lời thời giờ"
)


def _in_bytes() -> dict[str, frozenset[bytes]]:
    found = {}
    for name, table in vietnamese.TABLES.items():
        back = {letter: byte for byte, letter in enumerate(table)}
        words = [word for word in _WORDS.split() if all(letter in back for letter in word)]
        found[name] = frozenset(bytes(back[letter] for letter in word) for word in words)
    return found


_VIETNAMESE = _in_bytes()


def vietnamese_codec(sample: bytes) -> str | None:
    """The Vietnamese charset whose frequent words are in the sample, three different ones at least."""
    if len(sample.translate(None, _HIGH)) * 100 > len(sample) * 99:
        return None
    words = set(_WORD.findall(sample))
    best, most = None, _ENOUGH_HITS - 1
    for name, known in _VIETNAMESE.items():
        hits = len(words & known)
        if hits > most:
            best, most = name, hits
    return best


def likely(sample: bytes) -> str:
    """Python's codec, or a name of `vietnamese.TABLES`, for 8-bit bytes that are not UTF-8."""
    found = vietnamese_codec(sample)
    if found is not None:
        return found
    runs = _HIGH_RUN.findall(sample)
    high = sum(map(len, runs))
    paired = sum(len(run) for run in runs if len(run) > 1)
    if paired * 10 < high * 6:
        return _western(sample) if not _is_east_asian_mixed(sample, high) else "big5hkscs"
    return _east_asian(sample, runs, high) or _cyrillic(runs) or _western(sample)


def _is_east_asian_mixed(sample: bytes, high: int) -> bool:
    """Big5, half of whose second bytes look like ASCII: nearly every high byte begins a frequent character."""
    pairs = re.findall(rb"[\x80-\xff].", sample)
    if len(pairs) < 4:
        return False
    frequent = sum(1 for pair in pairs if 0xA4 <= pair[0] <= 0xC6 and pair[1] >= 0x40)
    rows = max((len(row) for row in _BIG5.findall(sample)), default=0)
    return frequent * 10 >= len(pairs) * 9 and rows >= 6 and _decodes(sample, "big5hkscs")


def _east_asian(sample: bytes, runs: list[bytes], high: int) -> str | None:
    """By the first bytes of pairs: Korean syllables B0-C8, Chinese characters of GB 2312 B0-D7, kana A4-A5, Big5
    A4-C6."""
    even = sum(len(run) for run in runs if len(run) % 2 == 0)
    if even * 10 >= high * 8:
        leads = [byte for run in runs if len(run) % 2 == 0 for byte in run[::2]]
        seconds = [byte for run in runs if len(run) % 2 == 0 for byte in run[1::2]]
        share = sum(1 for byte in leads if byte > 0xA3) or 1  # the rest is punctuation in all of them
        if all(byte >= 0xA1 for byte in leads) and all(byte >= 0xA1 for byte in seconds):
            hangul = sum(1 for byte in leads if 0xB0 <= byte <= 0xC8) / share
            hanzi = sum(1 for byte in leads if 0xB0 <= byte <= 0xD7) / share
            kana = sum(1 for byte in leads if byte in (0xA4, 0xA5)) / share
            if kana > 0.3 and _decodes(sample, "euc_jp"):
                return "euc_jp"
            if hangul > 0.9 and _decodes(sample, "cp949"):
                return "cp949"
            if hanzi > 0.8 and _decodes(sample, "gb18030"):
                return "gb18030"
    if _is_east_asian_mixed(sample, high):
        return "big5hkscs"
    kana = len(re.findall(rb"[\x82\x83][\x40-\xf1]", sample))
    if kana * 4 > high and _decodes(sample, "cp932"):
        return "cp932"
    return None


def _cyrillic(runs: list[bytes]) -> str | None:
    """By the case of letters: small ones are E0-FF in windows-1251 and C0-DF in KOI8-R."""
    long = [run for run in runs if len(run) > 2]
    letters = b"".join(long)
    if len(letters) < 6 or sum(byte >= 0xC0 for byte in letters) * 10 < len(letters) * 9:
        return None
    later = b"".join(run[1:] for run in long)
    return "cp1251" if sum(byte >= 0xE0 for byte in later) * 2 > len(later) else "koi8_r"


def _western(sample: bytes) -> str:
    """Western, or Turkish, which has three letters where others hardly use any."""
    turkish = sum(sample.count(byte) for byte in (b"\xfd", b"\xfe", b"\xf0", b"\xdd", b"\xde", b"\xd0"))
    high = sum(byte > 0xBF for byte in sample)
    return "cp1254" if turkish * 4 > high and turkish > 1 else "cp1252"


def _decodes(sample: bytes, codec: str) -> bool:
    """Is the sample valid, but for a character cut at its end?"""
    for cut in (0, 1, 2, 3):
        try:
            sample[: len(sample) - cut].decode(codec)
        except UnicodeError:
            continue
        return True
    return False
