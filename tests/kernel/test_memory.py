"""Memory that was freed is handed back to the system."""

from pathlib import Path

from parvis.kernel import memory


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
