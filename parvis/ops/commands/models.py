"""`parvis models`: the models that run on this machine."""

import argparse
from pathlib import Path

from parvis.ops import models
from parvis.ops.commands.texts import Texts
from parvis.ops.program import Opener
from parvis.search.models.catalogue import CATALOGUE, is_installed, model_named

_ENDPOINT = """
  To let it answer, install the extra `llm` and add to {file} (country and law: where this machine stands):

    [[endpoints]]
    kind = "local"
    name = "{name}"
    model = "{model}"
    operator = "this server"
    country = "FR"
    parent_law = "FR"
    licence = "{licence}"
    context_tokens = 4096
"""


def add(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declares the arguments."""
    acts = parser.add_subparsers(dest="act", required=True)
    acts.add_parser("list", help="the catalogue: what each is for, its licence, size, whether it is here")
    pull = acts.add_parser("pull", help="fetch models; the server uses them from its next start on")
    pull.add_argument("name", nargs="*", default=[models.MEANING], help=f"which ones; {models.MEANING} when none")


async def run(args: argparse.Namespace, opener: Opener) -> int:
    """Lists or fetches. Raises NotFound for a name that is not in the catalogue, ModelFault without a source."""
    data = Path(args.data)
    if args.act == "list":
        for model in CATALOGUE:
            size = sum(file.size for file in model.files) / 1e6
            here = "installed" if is_installed(model, models.folder_of(data)) else "-"
            print(f"{model.name:32} {model.purpose:10} {model.licence:10} {size:6.0f} MB  {here}")
        return 0
    for name in args.name:
        model = model_named(name)
        await models.install(model, data, lambda line: print(f"  {line}", flush=True))
        if model.purpose == "chat":
            print(
                _ENDPOINT.format(
                    file=data / "parvis.toml", name=model.name, model=model.gives[0], licence=model.licence
                )
            )
    return 0
