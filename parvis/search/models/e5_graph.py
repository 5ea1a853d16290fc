"""Turns multilingual-e5-small weights into an int8 ONNX encoder, without torch.

Three files come out: `encoder.onnx` (the layers), `words.npy` (the table of word vectors, left in its
four-bit blocks and mapped from the disk, which saves 90 MB of memory) and `pieces.json` (the vocabulary of
the tokenizer). The graph is the XLM-RoBERTa-shaped BERT of the E5 paper (Wang et al., 2024, "Multilingual E5
Text Embeddings"): word, position and type embeddings, twelve layers of attention and feed-forward, mean over
the real tokens, length one. Weights are rounded to int8 with one scale an output channel; activations are
rounded at run time.
"""

from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from parvis.search.models.e5_weights import Weights, read_weights
from parvis.search.models.onnx_file import CONTRIB, Graph

Floats = NDArray[np.float32]
_FAR_BELOW = -10000.0


def build(weights: Path, folder: Path) -> None:
    """Reads a weight file and writes the three files of the model into `folder`. About five seconds."""
    opened = read_weights(weights)
    sizes = opened.sizes
    (folder / "encoder.onnx").write_bytes(_Encoder(opened).serialise())
    np.save(folder / "words.npy", opened.packed("emb.word", sizes.vocabulary, sizes.hidden))
    (folder / "pieces.json").write_bytes(msgspec.json.encode(opened.pieces))


def _rounded(matrix: Floats) -> tuple[NDArray[np.int8], Floats]:
    """A matrix (outputs x inputs) as int8 with one scale an output."""
    scale = np.maximum(np.abs(matrix).max(axis=1), 1e-8).astype(np.float32) / np.float32(127)
    return np.rint(matrix / scale[:, None]).astype(np.int8), scale


class _Encoder:
    """Builds the graph layer by layer; method names are the parts of the model."""

    def __init__(self, weights: Weights) -> None:
        self.weights, self.graph = weights, Graph("multilingual-e5-small")
        self.head = weights.sizes.hidden // weights.sizes.heads

    def serialise(self) -> bytes:
        graph = self.graph
        self._constants()
        words = graph.input("words", "float32", ["batch", "length", self.weights.sizes.hidden])
        attention = graph.input("attention_mask", "int64", ["batch", "length"])
        real = graph.add("Cast", [attention], to=1)
        hidden = self._normalise(self._places(words), "emb.ln")
        mask = self._mask(real)
        for layer in range(self.weights.sizes.layers):
            hidden = self._layer(hidden, mask, f"l{layer}")
        graph.output(self._mean(hidden, real), "float32", ["batch", self.weights.sizes.hidden])
        return graph.serialise()

    def _constants(self) -> None:
        graph, sizes = self.graph, self.weights.sizes
        graph.weight("axis0", np.array([0], np.int64))
        graph.weight("axis1", np.array([1], np.int64))
        graph.weight("axis2", np.array([2], np.int64))
        graph.weight("axes12", np.array([1, 2], np.int64))
        graph.weight("to_heads", np.array([0, 0, sizes.heads, self.head], np.int64))
        graph.weight("from_heads", np.array([0, 0, sizes.hidden], np.int64))
        graph.weight("one", np.array(1, np.float32))
        graph.weight("far_below", np.array(_FAR_BELOW, np.float32))
        graph.weight("shrink", np.array(self.head**-0.5, np.float32))

    def _places(self, words: str) -> str:
        """Adds to each word vector that of its place (and of the only type of text there is)."""
        graph, weights, sizes = self.graph, self.weights, self.weights.sizes
        length = graph.add("Shape", [words], start=1, end=2)
        table = weights.floats("emb.pos", sizes.positions, sizes.hidden)
        places = graph.weight("place", table + weights.floats("emb.type", sizes.kinds, sizes.hidden)[0])
        return graph.add("Add", [words, graph.add("Slice", [places, "axis0", length, "axis0"])])

    def _mask(self, real: str) -> str:
        """Minus ten thousand where there is padding, spread over heads and queries."""
        padding = self.graph.add("Sub", ["one", self.graph.add("Unsqueeze", [real, "axes12"])])
        return self.graph.add("Mul", [padding, "far_below"])

    def _normalise(self, hidden: str, name: str) -> str:
        size = self.weights.sizes.hidden
        scale = self.graph.weight(f"{name}.w", self.weights.floats(f"{name}.w", size))
        shift = self.graph.weight(f"{name}.b", self.weights.floats(f"{name}.b", size))
        epsilon = float(self.weights.epsilon)
        return self.graph.add("LayerNormalization", [hidden, scale, shift], axis=-1, epsilon=epsilon)

    def _linear(self, hidden: str, name: str, outputs: int, inputs: int) -> str:
        matrix, scale = _rounded(self.weights.blocks(f"{name}.w", outputs, inputs))
        stored = self.graph.weight(f"{name}.w", np.ascontiguousarray(matrix.T))
        scales = self.graph.weight(f"{name}.s", scale)
        shift = self.graph.weight(f"{name}.b", self.weights.floats(f"{name}.b", outputs))
        return self.graph.add("DynamicQuantizeMatMul", [hidden, stored, scales, "", shift], CONTRIB)

    def _heads(self, hidden: str, name: str, order: list[int]) -> str:
        size = self.weights.sizes.hidden
        split = self.graph.add("Reshape", [self._linear(hidden, name, size, size), "to_heads"])
        return self.graph.add("Transpose", [split], perm=order)

    def _layer(self, hidden: str, mask: str, name: str) -> str:
        graph, sizes = self.graph, self.weights.sizes
        queries = self._heads(hidden, f"{name}.q", [0, 2, 1, 3])
        keys = self._heads(hidden, f"{name}.k", [0, 2, 3, 1])
        values = self._heads(hidden, f"{name}.v", [0, 2, 1, 3])
        scores = graph.add("Mul", [graph.add("MatMul", [queries, keys]), "shrink"])
        weighed = graph.add("Softmax", [graph.add("Add", [scores, mask])], axis=-1)
        mixed = graph.add("Transpose", [graph.add("MatMul", [weighed, values])], perm=[0, 2, 1, 3])
        joined = graph.add("Reshape", [mixed, "from_heads"])
        joined = self._linear(joined, f"{name}.ao", sizes.hidden, sizes.hidden)
        hidden = self._normalise(graph.add("Add", [joined, hidden]), f"{name}.aln")
        wide = graph.add("Gelu", [self._linear(hidden, f"{name}.fi", sizes.feed_forward, sizes.hidden)])
        narrow = self._linear(wide, f"{name}.fo", sizes.hidden, sizes.feed_forward)
        return self._normalise(graph.add("Add", [narrow, hidden]), f"{name}.oln")

    def _mean(self, hidden: str, real: str) -> str:
        graph = self.graph
        weight = graph.add("Unsqueeze", [real, "axis2"])
        total = graph.add("ReduceSum", [graph.add("Mul", [hidden, weight]), "axis1"], keepdims=0)
        count = graph.add("ReduceSum", [weight, "axis1"], keepdims=0)
        return graph.add("LpNormalization", [graph.add("Div", [total, count])], axis=-1, p=2)
