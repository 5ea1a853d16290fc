"""Answers made smaller for the way. RFC 9110 §8.4, RFC 1952

Only what a handler marks is compressed: JMAP's answers. They hold no credentials (those are in cookies and in
answers under /auth, never here) and reflect nothing of a request that another site can make (the cookie is
SameSite=Strict, and a request with it needs a header of its own). But they hold mail of several senders side by
side. So that who sees the length of encrypted answers learns no more of what stands beside a mail they sent
(BREACH), the length varies at random: gzip's header has a file name of random length, which readers pass over
("Heal the BREACH"; Django does the same).
"""

import asyncio
import secrets
import zlib

from parvis.serve.http.exchange import Request, Response
from parvis.serve.http.rates import LOOPBACK

_SMALLEST = 4096
_LARGE = 200_000
"""Bytes from which on others should not wait for it."""
_LEVEL = 1
"""A page of 50 messages: 31 kB become 6.5 kB in 0.14 ms; level 6 gains 0.8 kB more for 0.35 ms."""
_GZIP = 31
_MOST_PADDING = 100


async def compressed(request: Request, response: Response) -> Response:
    """The answer as it goes out: smaller when that was marked and is worth while. A client on this machine gains
    nothing by it."""
    body = response.body
    if not response.compress or not isinstance(body, bytes) or len(body) < _SMALLEST:
        return response
    response.headers.append(("vary", "accept-encoding"))
    if request.remote in LOOPBACK or not _accepts_gzip(request):
        return response
    smaller = await asyncio.to_thread(gzipped, body) if len(body) > _LARGE else gzipped(body)
    return Response(response.status, smaller, [*response.headers, ("content-encoding", "gzip")])


def _accepts_gzip(request: Request) -> bool:
    """RFC 9110 §12.5.3: a weight of 0 refuses."""
    for part in request.headers.get("accept-encoding", "").lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def gzipped(content: bytes) -> bytes:
    """`content` as gzip, its header holding a file name of random length."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    packed = packer.compress(content) + packer.flush()
    padding = b"a" * secrets.randbelow(_MOST_PADDING) + b"\0"
    return packed[:3] + b"\x08" + packed[4:10] + padding + packed[10:]  # FLG.FNAME, RFC 1952 §2.3.1
