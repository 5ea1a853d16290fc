"""Writes ONNX files: the few message types a transformer encoder needs, in protocol-buffer encoding
(onnx.proto3).

Written out by hand so that neither `onnx` nor torch is needed to install a model, and so that the same
weights always give the same bytes, which the catalogue can name by SHA-256.
"""

import struct
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

ONNX_VERSION: Final = 20
CONTRIB: Final = "com.microsoft"
_FORMAT: Final = 10
_TYPES: Final = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "float16": 10}


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _data(field: int, value: bytes | str) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(raw)) + raw


def _attribute(name: str, value: int | float | Sequence[int]) -> bytes:
    """AttributeProto: name=1, f=2, i=3, ints=8, type=20."""
    if isinstance(value, float):
        return _data(1, name) + _varint(2 << 3 | 5) + struct.pack("<f", value) + _number(20, 1)
    if isinstance(value, int):
        return _data(1, name) + _number(3, value) + _number(20, 2)
    return _data(1, name) + b"".join(_number(8, item) for item in value) + _number(20, 7)


def _tensor(name: str, array: Array) -> bytes:
    """TensorProto: dims=1, data_type=2, name=8, raw_data=9."""
    shape = b"".join(_number(1, size) for size in array.shape)
    little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
    return shape + _number(2, _TYPES[array.dtype.name]) + _data(8, name) + _data(9, little.tobytes())


def _value(name: str, kind: str, shape: Sequence[str | int]) -> bytes:
    """ValueInfoProto: name=1, type=2 (tensor_type=1: elem_type=1, shape=2 (dim=1: dim_value=1,
    dim_param=2))."""
    sizes = [_number(1, size) if isinstance(size, int) else _data(2, size) for size in shape]
    dimensions = b"".join(_data(1, size) for size in sizes)
    return _data(1, name) + _data(2, _data(1, _number(1, _TYPES[kind]) + _data(2, dimensions)))


class Graph:
    """An ONNX graph while it is built: `add` returns the name of a node's output, to be given to the next."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[bytes] = []
        self._weights: list[bytes] = []
        self._inputs: list[bytes] = []
        self._outputs: list[bytes] = []

    def input(self, name: str, kind: str, shape: Sequence[str | int]) -> str:
        """Declares an input of the model; a size given as a word is free."""
        self._inputs.append(_data(11, _value(name, kind, shape)))
        return name

    def output(self, name: str, kind: str, shape: Sequence[str | int]) -> None:
        """Declares which node output the model returns."""
        self._outputs.append(_data(12, _value(name, kind, shape)))

    def weight(self, name: str, array: Array) -> str:
        """Stores a constant in the file."""
        self._weights.append(_data(5, _tensor(name, array)))
        return name

    def add(
        self, operation: str, inputs: Sequence[str], domain: str = "", **attributes: int | float | Sequence[int]
    ) -> str:
        """Adds a node with one output (NodeProto: input=1, output=2, op_type=4, attribute=5, domain=7)."""
        result = f"n{len(self._nodes)}"
        body = b"".join(_data(1, name) for name in inputs) + _data(2, result) + _data(4, operation)
        body += b"".join(_data(5, _attribute(name, value)) for name, value in attributes.items())
        self._nodes.append(_data(1, body + (_data(7, domain) if domain else b"")))
        return result

    def serialise(self) -> bytes:
        """The file (ModelProto: ir_version=1, graph=7, opset_import=8)."""
        parts = [*self._nodes, _data(2, self._name), *self._weights, *self._inputs, *self._outputs]
        versions = [_data(8, _number(2, ONNX_VERSION)), _data(8, _data(1, CONTRIB) + _number(2, 1))]
        return _number(1, _FORMAT) + _data(7, b"".join(parts)) + b"".join(versions)
