"""Memory that was freed is handed back to the system."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from parvis.kernel import clock, memory


def resident_kb() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


def test_freed_pieces_are_handed_back() -> None:
    pieces = [bytes(2_000) for _ in range(60_000)]  # 120 MB in pieces small enough for the heap
    held = [pieces[-1]]  # keeps the top of the heap, so that free() alone returns nothing
    del pieces
    before = resident_kb()
    memory.give_back()
    assert resident_kb() < before - 50_000
    assert held


async def test_what_is_held_to_be_quick_goes_when_the_process_rests(monkeypatch) -> None:
    looks: Iterator[float] = iter([0, 2, 4, 4.01, 4.01, 4.02, 4.2, 4.21, 9, 9.01, 9.01])
    let_go: list[float] = []
    latest = 0.0

    def worked() -> float:
        nonlocal latest
        latest = next(looks)
        return latest

    monkeypatch.setattr(memory, "_LOOK_SECONDS", 0)
    monkeypatch.setattr(clock, "worked", worked)
    with pytest.raises(RuntimeError):  # the looks are over
        await asyncio.wait_for(memory.at_rest(lambda: let_go.append(latest)), 10)
    assert let_go == [4.01, 9.01]  # not while it works, nor after little
