"""Libraries, some of them megabytes, that a server may never need: `from parvis.kernel.later import numpy` costs
nothing, and the library is read when something of it is first used. Annotations that name its types are quoted."""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

__all__ = ["aiosmtplib", "cookiejar", "dns", "html", "httpx", "numpy", "rapidfuzz", "selectolax", "x509"]


class _Later:
    """Stands for a library, and for parts of it that it does not read by itself."""

    def __init__(self, name: str, *parts: str) -> None:
        self._name, self._parts = name, parts
        self._read: ModuleType | None = None

    def __getattr__(self, name: str) -> Any:
        if self._read is None:
            for part in self._parts:
                importlib.import_module(f"{self._name}.{part}")
            self._read = importlib.import_module(self._name)
        return getattr(self._read, name)


if TYPE_CHECKING:
    import html
    from http import cookiejar

    import aiosmtplib
    import dns.asyncresolver
    import dns.exception
    import dns.flags
    import dns.nameserver
    import dns.rdata
    import dns.resolver
    import dns.reversename
    import httpx
    import numpy
    import rapidfuzz.distance
    import rapidfuzz.fuzz
    import selectolax.lexbor
    from cryptography import x509
else:
    dns = _Later("dns", "asyncresolver", "exception", "flags", "nameserver", "rdata", "resolver", "reversename")
    aiosmtplib, html, httpx, numpy = _Later("aiosmtplib"), _Later("html"), _Later("httpx"), _Later("numpy")
    cookiejar, x509 = _Later("http.cookiejar"), _Later("cryptography.x509")
    rapidfuzz, selectolax = _Later("rapidfuzz", "distance", "fuzz"), _Later("selectolax", "lexbor")
