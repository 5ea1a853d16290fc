"""Giving memory back to the system after a long piece of work."""

import ctypes


def give_back() -> None:
    """Hands the free pages of the C library's heaps back to the system, which glibc otherwise keeps (some 60 MB
    after a mailbox was indexed). A few milliseconds; does nothing with another C library."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
