"""Scripts ready to run: read once, kept in memory while they are used."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import Executor

from parvis.store.blobs.contract import Blobs
from parvis.wire.sieve import Script, compile_script
from parvis.wire.sieve.render import rule_at

_MOST, _BYTES = 1_000, 2_000_000
"""How many are kept, and the bytes of their sources."""
_RULES = 100_000
"""Bytes beyond which a script is not looked through for the names of its rules."""


class Readied:
    """A script with its source."""

    def __init__(self, source: bytes, script: Script) -> None:
        self.source, self.script = source, script
        self._rules: dict[int, str | None] = {}

    def learn_rules(self, lines: Iterable[int]) -> None:
        """Looks up which rules stand in some lines, in a thread as this takes a while."""
        if b"# rule: " not in self.source or len(self.source) > _RULES:
            return
        for line in lines:
            if line and line not in self._rules:
                self._rules[line] = rule_at(self.source.decode("utf-8", "replace"), line)

    def rule(self, line: int) -> str | None:
        """The name of the rule in a line that was looked up, in a script made of rules."""
        return self._rules.get(line)


class Scripts:
    """By the hash of their source, the last used ones."""

    def __init__(self, blobs: Blobs, threads: Executor) -> None:
        self._blobs, self._threads = blobs, threads
        self._kept: OrderedDict[str, Readied] = OrderedDict()
        self._size = 0

    async def get(self, blob: str) -> Readied:
        """The script in a blob. Raises NotFound, SieveError."""
        if blob not in self._kept:
            self._keep(blob, await self.read(await self._blobs.get(blob)))
        self._kept.move_to_end(blob)
        return self._kept[blob]

    async def read(self, source: bytes) -> Readied:
        """A script from its source. Raises SieveError."""
        loop = asyncio.get_running_loop()
        return Readied(source, await loop.run_in_executor(self._threads, compile_script, source))

    def _keep(self, blob: str, readied: Readied) -> None:
        if blob in self._kept:
            return
        self._kept[blob] = readied
        self._size += len(readied.source)
        while len(self._kept) > _MOST or (self._size > _BYTES and len(self._kept) > 1):
            _, old = self._kept.popitem(last=False)
            self._size -= len(old.source)
