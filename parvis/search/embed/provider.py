"""What turns text into vectors whose angle says how near two texts are in meaning."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Vectors: TypeAlias = "NDArray[np.float32]"
"""One row a text, each of length one."""


class Embedder(Protocol):
    """A model of meaning. Two that differ in `digest` give vectors that cannot be compared: the index is
    rebuilt."""

    @property
    def name(self) -> str:
        """The model's name, for people."""
        ...

    @property
    def dims(self) -> int:
        """Numbers in a vector."""
        ...

    @property
    def digest(self) -> str:
        """Changes whenever the vectors would."""
        ...

    async def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions. Raises `Unavailable` when the model does not answer."""
        ...

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages. Raises `Unavailable` when the model does not answer."""
        ...
