"""Bytes to text for the charsets of twenty years of mail: declared wrongly, declared with a name nobody
knows, or not declared at all. Only codecs named here are ever used, so that no message chooses what code runs
over it."""

import re

from . import legacy, vietnamese
from .model import DecodedText
from .normal import nfc

UNKNOWN = ""
"""The codec name for "no usable declaration: look at the bytes"."""

WESTERN = frozenset({"cp1252", "iso8859-15"})
"""Codecs that decode anything, so that UTF-8 under their name is recognised by trying UTF-8 first."""

_SAYS_NOTHING = (
    "unknown xunknown unknown8bit xunknown8bit 8bit 7bit binary none default defaultcharset charset null us "
    "xuserdefined userdefined unspecified iso8859"
)
# Label in lower case with everything but letters and digits removed → Python's codec.
CODECS = {
    "": UNKNOWN,
    **dict.fromkeys(_SAYS_NOTHING.split(), UNKNOWN),
    "usascii": "ascii",
    "ascii": "ascii",
    "ansix341968": "ascii",
    "ansix341986": "ascii",
    "iso646us": "ascii",
    "utf8": "utf-8",
    "unicode11utf8": "utf-8",
    "utf8mb4": "utf-8",
    "xutf8": "utf-8",
    "cp65001": "utf-8",
    "utf7": "utf-7",
    "unicode11utf7": "utf-7",
    "xunicode20utf7": "utf-7",
    "utf16": "utf-16",
    "utf16le": "utf-16-le",
    "utf16be": "utf-16-be",
    "unicode": "utf-16",
    "utf32": "utf-32",
    "utf32le": "utf-32-le",
    "utf32be": "utf-32-be",
    "latin1": "cp1252",
    "l1": "cp1252",
    "iso88591": "cp1252",
    "8859": "cp1252",
    "88591": "cp1252",
    "ansi": "cp1252",
    "xansi": "cp1252",
    "latin9": "iso8859-15",
    "latin2": "iso8859-2",
    "iso88598i": "iso8859-8",
    "iso88598e": "iso8859-8",
    "iso88596i": "iso8859-6",
    "iso88596e": "iso8859-6",
    "logical": "iso8859-8",
    "iso885911": "cp874",
    "tis620": "cp874",
    "xwindows874": "cp874",
    "windows874": "cp874",
    "gb2312": "gb18030",
    "gb231280": "gb18030",
    "gbk": "gb18030",
    "xgbk": "gb18030",
    "gb18030": "gb18030",
    "cp936": "gb18030",
    "windows936": "gb18030",
    "euccn": "gb18030",
    "xeuccn": "gb18030",
    "chinesesimplified": "gb18030",
    "hzgb2312": "hz",
    "hz": "hz",
    "big5": "big5hkscs",
    "big5hkscs": "big5hkscs",
    "big5eten": "big5hkscs",
    "xbig5": "big5hkscs",
    "cnbig5": "big5hkscs",
    "cp950": "cp950",
    "euctw": "big5hkscs",
    "shiftjis": "cp932",
    "sjis": "cp932",
    "xsjis": "cp932",
    "mskanji": "cp932",
    "windows31j": "cp932",
    "cp932": "cp932",
    "eucjp": "euc_jp",
    "xeucjp": "euc_jp",
    "iso2022jp": "iso2022_jp_ext",
    "iso2022jp1": "iso2022_jp_ext",
    "iso2022jp2": "iso2022_jp_2",
    "iso2022jp3": "iso2022_jp_3",
    "iso2022jpms": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext",
    "cp50222": "iso2022_jp_ext",
    "ksc56011987": "cp949",
    "ksc5601": "cp949",
    "ks56011987": "cp949",
    "ksx1001": "cp949",
    "euckr": "cp949",
    "korean": "cp949",
    "uhc": "cp949",
    "cp949": "cp949",
    "windows949": "cp949",
    "johab": "johab",
    "iso2022kr": "iso2022_kr",
    "koi8r": "koi8_r",
    "koi8": "koi8_r",
    "koi8u": "koi8_u",
    "koi8ru": "koi8_u",
    "macintosh": "mac_roman",
    "macroman": "mac_roman",
    "xmacroman": "mac_roman",
    "xmaccyrillic": "mac_cyrillic",
    "xmacce": "mac_latin2",
    "xmacgreek": "mac_greek",
    "xmacturkish": "mac_turkish",
    "ibm850": "cp850",
    "ibm437": "cp437",
    "ibm866": "cp866",
    "viscii": "viscii",
    "xviscii": "viscii",
    "viscii11": "viscii",
    "csviscii": "viscii",
    "xvietviscii": "viscii",
    "tcvn": "tcvn",
    "tcvn5712": "tcvn",
    "tcvn57121": "tcvn",
    "tcvn571211993": "tcvn",
    "xviettcvn": "tcvn",
    "xviettcvn5712": "tcvn",
    "vscii": "tcvn",
    "tcvn3": "tcvn",
    "abc": "tcvn",
}
_NOISE = re.compile(r"[^a-z0-9]+")
_ISO_8859 = re.compile(r"(?:x|cs)?iso8859(\d{1,2})(?:19\d\d)?\Z")
_WINDOWS = re.compile(r"(?:x|ms)?(?:windows|win|cp|ms)(125[0-8])\Z")
_IBM = re.compile(r"(?:x|cs)?(?:ibm|cp|dos)(437|737|775|85[025678]|86[0-69]|874)\Z")
_GUESS_SAMPLE = 6_000


def codec_of(label: str | None) -> str | None:
    """The codec for a charset label: `""` when the label says nothing (`x-unknown`, `8bit`, ...), `None` when
    it is a name that nobody here knows."""
    if label is None:
        return UNKNOWN
    name = _NOISE.sub("", label[:80].lower())
    codec = CODECS.get(name)
    if codec is not None:
        return codec
    match = _ISO_8859.match(name)
    if match and 1 <= int(match.group(1)) <= 16 and int(match.group(1)) != 12:
        return "cp1252" if int(match.group(1)) == 1 else "iso8859-" + match.group(1)
    match = _WINDOWS.match(name) or _IBM.match(name)
    if match:
        return "cp" + match.group(1)
    return None


def decode(data: bytes, label: str | None) -> DecodedText:
    """Decodes text that says it is in charset `label`; never fails. NUL is dropped and what cannot be read
    becomes U+FFFD. The problem flag is set where bytes did not fit the declared charset, or the charset was
    not known."""
    if data.isascii() and b"\x1b" not in data:
        codec = codec_of(label)
        if codec is None or not _shifts_ascii(codec):
            return DecodedText(_clean(data.decode("ascii")), codec is None)
    else:
        codec = codec_of(label)
    if not codec:
        return DecodedText(_clean(guess(data)), True)
    if codec in WESTERN or codec == "ascii":
        text = _strict(data, "utf-8")
        if text is not None:  # latin-1 text is practically never valid UTF-8 by chance
            return DecodedText(_clean(text), codec == "ascii" and not data.isascii())
        if codec == "cp1252" and (secret := legacy.vietnamese_codec(data[:_GUESS_SAMPLE])) is not None:
            return DecodedText(_clean(vietnamese.decode(data, secret)), False)
    text = _strict(data, codec)
    if text is not None:
        if codec == "cp1258":  # writes tones as characters of their own
            text = nfc(text)
        return DecodedText(_clean(text), False)
    return DecodedText(_clean(_damaged(data, codec)), True)


def _shifts_ascii(codec: str) -> bool:
    """Does the codec give bytes below 128 another meaning?"""
    return codec.startswith(("utf-16", "utf-32", "utf-7", "iso2022", "hz", "viscii", "tcvn"))


def _strict(data: bytes, codec: str) -> str | None:
    if codec in vietnamese.TABLES:
        return vietnamese.decode(data, codec)
    try:
        return data.decode(codec)
    except ValueError:  # UnicodeError is one
        return data.decode("latin-1") if codec == "cp1252" and not _C1.search(data) else None


_C1 = re.compile(rb"[\x80-\x9f]")


def _damaged(data: bytes, codec: str) -> str:
    """Text that is not valid in its codec: mostly right with a few wounds, or in truth something else."""
    if codec == "cp1252":
        return data.decode("cp1252", "replace")
    if codec == "ascii":
        return guess(data)
    text = data.decode(codec, "replace")
    wounds = text.count("\ufffd")
    if codec == "utf-8" and wounds * 2 > sum(1 for byte in text[:_GUESS_SAMPLE] if byte > "\x7f"):
        return guess(data)
    return text


def guess(data: bytes) -> str:
    """Text from bytes whose charset is not known: ISO-2022, UTF-8, UTF-16 with a mark, else a legacy charset."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if b"\x1b$" in data:
        text = _strict(data, "iso2022_jp_ext")
        if text is not None:
            return text
    text = _strict(data, "utf-8")
    if text is not None:
        return text
    codec = legacy.likely(data[:_GUESS_SAMPLE])
    if codec in vietnamese.TABLES:
        return vietnamese.decode(data, codec)
    return data.decode(codec, "replace")


def _clean(text: str) -> str:
    if "\0" in text:
        text = text.replace("\0", "")
    if text.startswith("\ufeff"):
        text = text[1:]
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


_SURROGATES = re.compile("[\ud800-\udfff]")
