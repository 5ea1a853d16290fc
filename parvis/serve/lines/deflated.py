"""Both directions of a connection in raw DEFLATE, a little at a time: what a small input would grow to waits until
there is room. RFC 4978 §4, RFC 1951"""

import zlib

from parvis.kernel.errors import Invalid

_WINDOW = -15
_LEVEL, _MEMORY = 3, 6
"""A connection that compresses costs some 150 kB."""


class Deflated:
    """See the module."""

    def __init__(self) -> None:
        self._in = zlib.decompressobj(_WINDOW)
        self.has_more = False
        """Whether something may wait to be read."""
        self._out = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY)

    def read(self, data: bytes, most: int) -> bytes:
        """What came, at most so many bytes; the rest comes with the next call. Raises Invalid for no DEFLATE."""
        try:
            found = self._in.decompress(self._in.unconsumed_tail + data, most)
        except zlib.error as error:
            raise Invalid("not compressed", field="line") from error
        self.has_more = len(found) == most
        return found

    def written(self, data: bytes) -> bytes:
        """What goes out for this, so that the other side can read all of it."""
        return self._out.compress(data) + self._out.flush(zlib.Z_SYNC_FLUSH)
