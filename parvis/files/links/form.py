"""The files of a form, as they come, each streamed into the blob store. RFC 7578"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from parvis.kernel.errors import Invalid, TooLarge
from parvis.store.blobs.contract import BlobWriter, WholeBlobs

_MOST_FILES = 100
_MOST_HEADER = 8000
_MOST_TEXT = 1000


@dataclass(frozen=True, slots=True)
class Brought:
    """A file that was brought."""

    name: str
    media_type: str
    hash: str
    size: int


@dataclass(slots=True)
class _Part:
    """The part under way."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    name: bytes = b""
    value: bytes = b""
    field_name: str = ""
    file_name: str | None = None
    text: bytes = b""
    writer: BlobWriter | None = None


class Form:
    """Reads one form."""

    def __init__(self, blobs: WholeBlobs, media_type: str) -> None:
        kind, options = parse_options_header(media_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise Invalid("this is no form with files")
        self._blobs = blobs
        self.files: list[Brought] = []
        self.fields: dict[str, str] = {}
        self._part = _Part()
        self._events: list[tuple[str, bytes]] = []
        self._parser = MultipartParser(options[b"boundary"], self._callbacks())  # type: ignore[arg-type]

    def _callbacks(self) -> dict[str, object]:
        def data(name: str) -> object:
            return lambda chunk, start, end: self._events.append((name, bytes(chunk[start:end])))

        def plain(name: str) -> object:
            return lambda: self._events.append((name, b""))

        return {
            "on_part_begin": plain("begin"),
            "on_header_field": data("field"),
            "on_header_value": data("value"),
            "on_header_end": plain("header"),
            "on_headers_finished": plain("headers"),
            "on_part_data": data("data"),
            "on_part_end": plain("end"),
        }

    async def read(self, chunks: AsyncIterator[bytes]) -> None:
        """Takes the whole body. Raises Invalid, TooLarge, and what `chunks` raises; then nothing is left behind."""
        try:
            async for chunk in chunks:
                try:
                    self._parser.write(chunk)
                except FormParserError as error:
                    raise Invalid("the form cannot be read") from error
                events, self._events = self._events, []
                for name, content in events:
                    await self._take(name, content)
        except BaseException:
            if self._part.writer is not None:
                await self._part.writer.abort()
            raise

    async def _take(self, name: str, content: bytes) -> None:
        part = self._part
        if name == "begin":
            self._part = _Part()
        elif name == "field":
            part.name += content
        elif name == "value":
            part.value += content
            if len(part.value) > _MOST_HEADER:
                raise Invalid("the form cannot be read")
        elif name == "header":
            part.headers[part.name.lower()] = part.value
            part.name = part.value = b""
        elif name == "headers":
            await self._begin(part)
        elif name == "data":
            await self._data(part, content)
        elif name == "end":
            await self._end(part)

    async def _begin(self, part: _Part) -> None:
        _, options = parse_options_header(part.headers.get(b"content-disposition", b""))
        part.field_name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" in options:
            part.file_name = options[b"filename"].decode("utf-8", "replace").replace("\\", "/").rpartition("/")[2]
            if len(self.files) >= _MOST_FILES:
                raise TooLarge("too many files", limit=_MOST_FILES)
            part.writer = await self._blobs.writer()

    async def _data(self, part: _Part, content: bytes) -> None:
        if part.writer is not None:
            await part.writer.write(content)
        elif len(part.text) < _MOST_TEXT:
            part.text += content

    async def _end(self, part: _Part) -> None:
        if part.writer is None:
            self.fields[part.field_name] = part.text.decode("utf-8", "replace")
            return
        writer, part.writer = part.writer, None
        if not part.file_name:  # the form was sent without a file
            await writer.abort()
            return
        media_type = part.headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip()
        self.files.append(Brought(part.file_name, media_type, await writer.commit(), writer.size))
