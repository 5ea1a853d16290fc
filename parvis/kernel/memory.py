"""How the C library keeps memory. Only glibc is told; nothing happens with another one."""

import ctypes

_LIBC = ctypes.CDLL(None)
_TRIM_THRESHOLD, _ARENA_MAX = -1, -8
"""Numbers of mallopt(3)'s parameters."""
_TRIMMED = 1 << 17


def be_frugal() -> None:
    """One heap for all threads, whose free end goes back to the system at once: some 40 MB less for a server with
    ten thousand messages. To be called before there is a second thread, which would have got a heap of its own."""
    tell = getattr(_LIBC, "mallopt", None)
    if tell is not None:
        tell(_ARENA_MAX, 1)
        tell(_TRIM_THRESHOLD, _TRIMMED)


def give_back() -> None:
    """Hands the free pages of the heap back to the system (some 60 MB after a mailbox was indexed). A few
    milliseconds."""
    trim = getattr(_LIBC, "malloc_trim", None)
    if trim is not None:
        trim(0)
