"""Which model of meaning an installation has: the server its settings name, else the built-in one when it is
there."""

from parvis.kernel.egress import Egress
from parvis.kernel.settings import Settings
from parvis.search.embed.local import LocalE5
from parvis.search.embed.provider import Embedder
from parvis.search.embed.remote import RemoteEmbedder
from parvis.search.models.errors import ModelFault


def embedder_of(settings: Settings, egress: Egress) -> Embedder | None:
    """The embedder, or None: then search finds words alone. Opens no file and no connection yet."""
    if settings.embeddings is not None:
        return RemoteEmbedder(settings.embeddings, egress)
    try:
        return LocalE5(settings.folder / "models" / LocalE5.name, settings.threads)
    except ModelFault:
        return None
