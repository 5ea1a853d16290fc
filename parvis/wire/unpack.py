"""Attachments of machines, unpacked: gzip (RFC 1952), zip, or as they are; never more than a given size of them."""

import io
import zipfile
import zlib

from parvis.kernel.errors import Invalid

PACKED_BYTES = 2_000_000
UNPACKED_BYTES = 10_000_000
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def unpack(data: bytes, most: int = UNPACKED_BYTES) -> bytes:
    """The bytes inside, of a zip those of its first file. Raises Invalid for what is damaged or above `most`."""
    if data.startswith((_GZIP, _ZIP)):
        if len(data) > PACKED_BYTES:
            raise Invalid("the attachment is too large")
        data = _gzip(data, most) if data.startswith(_GZIP) else _zip(data, most)
    if len(data) > most:
        raise Invalid("the attachment is too large when it is unpacked")
    return data


def _gzip(data: bytes, most: int) -> bytes:
    reading = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        found = reading.decompress(data, most + 1)
    except zlib.error as error:
        raise Invalid("the attachment is damaged") from error
    if not reading.eof and len(found) <= most:
        raise Invalid("the attachment ends too soon")
    return found


def _zip(data: bytes, most: int) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = [each for each in archive.infolist() if not each.is_dir()]
            if not files or files[0].compress_type not in _METHODS:
                raise Invalid("nothing that can be read is in the archive")
            with archive.open(files[0]) as file:
                return file.read(most + 1)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError) as error:
        raise Invalid("the archive is damaged") from error
    except (
        ValueError,
        RuntimeError,
        NotImplementedError,
        IndexError,
        UnicodeError,
    ) as error:
        raise Invalid("the archive cannot be read") from error
