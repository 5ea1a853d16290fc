"""The two 8-bit charsets in which Vietnamese mail was written before Unicode and that Python does not
bring: VISCII (RFC 1456) and TCVN 5712-1 (VSCII, "ABC" fonts)."""

from .normal import nfc

_VISCII_LOW = {
    0x02: "Ẳ",
    0x05: "Ẵ",
    0x06: "Ẫ",
    0x14: "Ỷ",
    0x19: "Ỹ",
    0x1E: "Ỵ",
}
_VISCII_HIGH = (
    "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲ"
    "ÕắằặấầẩậẽẹếềểễệốồổỗỠƠộờởịỰỨỪỬơớƯ"
    "ÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳĐứÒÓÔạỷừửÙÚỹỵÝỡư"
    "àáâãảăữẫèéêẻìíĩỉđựòóôõỏọụùúũủýợỮ"
)
_TCVN_LOW = {
    0x01: "Ú",
    0x02: "Ụ",
    0x04: "Ừ",
    0x05: "Ử",
    0x06: "Ữ",
    0x11: "Ứ",
    0x12: "Ự",
    0x13: "Ỳ",
    0x14: "Ỷ",
    0x15: "Ỹ",
    0x16: "Ý",
    0x17: "Ỵ",
}
_TCVN_HIGH = (
    "ÀẢÃÁẠẶẬÈẺẼÉẸỆÌỈĨÍỊÒỎÕÓỌỘỜỞỠỚỢÙỦŨ"
    "\u00a0ĂÂÊÔƠƯĐăâêôơưđẰ\u0300\u0309\u0303\u0301\u0323àảãáạẲằẳẵắẴ"
    "ẮẦẨẪẤỀặầẩẫấậèỂẻẽéẹềểễếệìỉỄẾỒĩíịò"
    "ỔỏõóọồổỗốộờởỡớợùỖủũúụừửữứựỳỷỹýỵỐ"
)


def _table(low: dict[int, str], high: str) -> str:
    return "".join(low.get(byte, chr(byte)) for byte in range(128)) + high


TABLES = {
    "viscii": _table(_VISCII_LOW, _VISCII_HIGH),
    "tcvn": _table(_TCVN_LOW, _TCVN_HIGH),
}


def decode(data: bytes, name: str) -> str:
    """Text of bytes in one of `TABLES`, in NFC (TCVN writes some accents as a second character)."""
    return nfc(data.decode("latin-1").translate(_MAPS[name]))


_MAPS = {name: dict(enumerate(table)) for name, table in TABLES.items()}
