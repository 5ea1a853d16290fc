"""Which servers ours speaks with, by the settings."""

from parvis.kernel.settings import Federation
from parvis.wire.matrix.globs import Glob


class Policy:
    """Read once from the settings."""

    def __init__(self, settings: Federation, us: str) -> None:
        self.enabled, self._us = settings.enabled, us
        self._allowed = [Glob(each.lower()) for each in settings.allowed]
        self._denied = [Glob(each.lower()) for each in settings.denied]
        self._labels = [(Glob(each.lower()), label) for each, label in settings.labels.items()]

    def allows(self, server: str) -> bool:
        """Whether a server, named with its port, and ours speak with each other; never ours with itself."""
        name = server.lower()
        if not self.enabled or server == self._us:
            return False
        return any(each.matches(name) for each in self._allowed) and not any(
            each.matches(name) for each in self._denied
        )

    def label(self, server: str) -> str:
        """What a server is for the organisation; empty where nothing is said."""
        name = server.lower()
        return next((label for glob, label in self._labels if glob.matches(name)), "")
