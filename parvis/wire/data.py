"""The body of a message on an SMTP connection: where it ends, and its dots (RFC 5321 §4.1.1.4, §4.5.2).

Only CRLF.CRLF ends a message. A CR or an LF that stands alone is remembered, so that the server can refuse the
message: servers that disagree about such line ends can be made to see two messages in one (SMTP smuggling)."""


class LineEnds:
    """Watches bytes for a CR without LF or an LF without CR, over any cuts."""

    def __init__(self) -> None:
        self.bare = False
        """Was there one?"""
        self._after_cr = False

    def feed(self, data: bytes) -> None:
        """Looks at the next bytes."""
        if not data or self.bare:
            return
        if self._after_cr != (data[0] == 10):
            self.bare = True
            return
        pairs = data.count(b"\r\n")
        ends_in_cr = data[-1] == 13
        lone_lf = data.count(b"\n") - pairs - self._after_cr
        lone_cr = data.count(b"\r") - pairs - ends_in_cr
        self.bare = lone_lf > 0 or lone_cr > 0
        self._after_cr = ends_in_cr

    def end(self) -> bool:
        """Nothing more comes: was there one, a last CR included?"""
        self.bare = self.bare or self._after_cr
        return self.bare


class DataDecoder:
    """Reads the bytes after `354` as they come, in any cuts, until CRLF.CRLF.

    decoder = DataDecoder()
    while not decoder.done:
        store(decoder.feed(await connection.some()))
    connection.unread(decoder.rest)
    if decoder.bare: answer(550, ...)
    """

    def __init__(self) -> None:
        self.done = False
        """Was the end seen?"""
        self.rest = b""
        """Bytes after the end: the next commands."""
        self.size = 0
        """Bytes of the message so far."""
        self._line_ends = LineEnds()
        self._held = b"\r\n"  # the end may come at once; these two bytes are not of the message
        self._drop = 2

    @property
    def bare(self) -> bool:
        """Was there a CR or LF alone? The message is to be refused. RFC 5321 §2.3.8"""
        return self._line_ends.bare

    def feed(self, data: bytes) -> bytes:
        """Takes the next bytes, gives those of the message with the dots of the transport taken away."""
        if self.done:
            self.rest += data
            return b""
        data, out, pos = self._held + data, [], 0
        self._held = b""
        while True:
            found = data.find(b"\r\n.", pos)
            if found < 0:
                keep = 2 if data.endswith(b"\r\n") else 1 if data.endswith(b"\r") else 0
                stop = max(len(data) - keep, pos)
                break
            following = data[found + 3 : found + 5]
            if following == b"\r\n":
                out.append(data[pos : found + 2])
                self.done, self.rest = True, data[found + 5 :]
                return self._given(out)
            if following in (b"", b"\r"):
                stop = found
                break
            out.append(data[pos : found + 2])
            pos = found + 3
        out.append(data[pos:stop])
        self._held = data[stop:]
        return self._given(out)

    def _given(self, pieces: list[bytes]) -> bytes:
        data = b"".join(pieces)
        if self._drop and data:
            data, self._drop = data[2:], 0
        self._line_ends.feed(data)
        self.size += len(data)
        return data


def stuffed(message: bytes) -> bytes:
    """A message as it is sent after `354`: dots doubled at the beginning of lines, with the end. Its lines must end
    with CRLF; a last line without one is ended."""
    if not message.endswith(b"\r\n"):
        message += b"\r\n"
    return (b"." if message.startswith(b".") else b"") + message.replace(b"\r\n.", b"\r\n..") + b".\r\n"
