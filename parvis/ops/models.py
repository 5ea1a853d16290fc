"""Models in a data folder. What one folder has fetched is kept beside the program too, so that another folder of
the same machine need not fetch it again."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from parvis.kernel.egress import Egress
from parvis.search.models.catalogue import Model, is_installed
from parvis.search.models.pull import pull

MEANING = "multilingual-e5-small"
SHELF = "share/parvis/models"


def folder_of(data: Path) -> Path:
    """Where a data folder has its models."""
    return data / "models"


async def install(model: Model, data: Path, told: Callable[[str], None], shelf: Path | None = None) -> None:
    """Installs a model into a data folder: from the shelf when it is there, else from its sources. Whoever calls
    this was told by a person to fetch it, so the gate lets downloads of models pass. Raises as `pull`."""
    target = folder_of(data)
    shelf = Path(sys.prefix) / SHELF if shelf is None else shelf
    if is_installed(model, shelf) and not is_installed(model, target):
        _copy(model, shelf, target)
    await pull(model, target, Egress([], frozenset({"model-download"})), told)
    if not is_installed(model, shelf) and os.access(shelf.parent, os.W_OK):
        _copy(model, target, shelf)


def _copy(model: Model, source: Path, target: Path) -> None:
    """Puts the model's files into another folder, as links where the file system allows it."""
    for name in model.gives:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        temporary = (target / name).with_name(f".{Path(name).name}")
        temporary.unlink(missing_ok=True)
        try:
            os.link(source / name, temporary)
        except OSError:
            shutil.copyfile(source / name, temporary)
        temporary.replace(target / name)
