"""Tokens by which somebody shows another program who they are, and nothing else (Matrix v1.19 Client-Server
§OpenID). Nothing is stored: a token is sealed, and says itself whom it is of and until when."""

from parvis.chat.server import Server
from parvis.kernel import clock
from parvis.kernel.errors import Unauthenticated, Unavailable
from parvis.wire.matrix.canonical import Object

_PURPOSE = "matrix-openid"
_SECONDS = 3_600
_LONGEST = 2_000


async def give(server: Server, user_id: str) -> Object:
    """A token for a user, with the server that answers for it and the seconds it lives."""
    until = clock.now_ms() + _SECONDS * 1000
    token = await server.store.sealer.seal(f"{until} {user_id}", _PURPOSE)
    return {
        "access_token": token,
        "token_type": "Bearer",
        "matrix_server_name": server.name,
        "expires_in": _SECONDS,
    }


async def user_of(server: Server, token: str) -> str:
    """Whose token it is. Raises Unauthenticated."""
    try:
        until, _, user_id = (await server.store.sealer.open(token[:_LONGEST], _PURPOSE)).partition(" ")
    except Unavailable:
        raise Unauthenticated("not a token of this server") from None
    if int(until) < clock.now_ms() or await server.users.principal(server.store.db, user_id) is None:
        raise Unauthenticated("the token has ended")
    return user_id
