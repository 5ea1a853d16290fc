"""The process that reads hostile files: `python -m parvis.search.extract.worker`.

It stays, with the parsers loaded, and forks one child for each document. The child has limits on memory,
processor time and file size, opens nothing but what is installed where the kernel can hold it to that, and dies
with whatever a document does to it; the worker only passes its answer on. Frames on standard input and output:
four bytes of length, big-endian, then MessagePack.
"""

import os
import resource
import struct
import sys
import tempfile
from typing import BinaryIO

import msgspec

from parvis.kernel.confined import enclose
from parvis.search.extract.contract import Extract, Limits, Reason, Unreadable, assemble


class Question(msgspec.Struct):
    """One document to read."""

    content: bytes
    media_type: str
    file_name: str
    limits: Limits


class Reply(msgspec.Struct):
    """Its text, or why there is none."""

    extract: Extract | None = None
    reason: Reason | None = None
    sentence: str = ""


def write_frame(stream: BinaryIO, body: bytes) -> None:
    """Sends one frame."""
    stream.write(struct.pack(">I", len(body)) + body)
    stream.flush()


def read_frame(stream: BinaryIO) -> bytes | None:
    """Receives one frame; None at the end of the stream."""
    head = stream.read(4)
    if len(head) < 4:
        return None
    return stream.read(struct.unpack(">I", head)[0])


def answer(question: Question) -> Reply:
    """Reads one document in this process. Never raises."""
    from parvis.search.extract.formats import pieces

    try:
        found = pieces(question.content, question.media_type, question.file_name, question.limits)
        return Reply(assemble(found, question.limits))
    except Unreadable as fault:
        return Reply(None, fault.reason, fault.sentence)
    except MemoryError:
        return Reply(None, "tooLarge", "needs more memory than is allowed")
    except Exception as fault:  # a parser's own error: the document is what it could not read
        return Reply(None, "damaged", f"{type(fault).__name__}: {fault}"[:200])


def main() -> None:
    """Serves until standard input ends."""
    import parvis.search.extract.formats  # loaded once, shared by every child

    decoder = msgspec.msgpack.Decoder(Question)
    _ = parvis
    while (frame := read_frame(sys.stdin.buffer)) is not None:
        write_frame(sys.stdout.buffer, _in_child(decoder.decode(frame)))


def _in_child(question: Question) -> bytes:
    with tempfile.TemporaryFile() as kept:
        child = os.fork()
        if child == 0:
            _limit(question.limits)
            kept.write(msgspec.msgpack.encode(answer(question)))
            kept.flush()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        kept.seek(0)
        body = kept.read()
    if status == 0 and body:
        return body
    late = os.WIFSIGNALED(status) and os.WTERMSIG(status) in (9, 24)  # SIGKILL or SIGXCPU after the processor time
    reason: Reason = "timeout" if late else "damaged"
    return msgspec.msgpack.encode(Reply(None, reason, f"the reader ended with status {status}"))


def _limit(limits: Limits) -> None:
    """No more memory, time and files than a document needs; and the lowest priority."""
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds, limits.seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.unpacked_bytes, limits.unpacked_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(10)
    enclose()


if __name__ == "__main__":
    main()
