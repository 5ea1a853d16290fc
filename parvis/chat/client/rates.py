"""How much of what costs others something is done in a minute: by each person, or from each network by who has not
signed in, this machine's own excepted (Matrix v1.19 Client-Server §Rate limiting). The counts are those of this
node."""

from math import ceil
from typing import get_args

from parvis.chat.client.call import Call, Rated
from parvis.kernel.errors import RateLimited
from parvis.kernel.settings import Chat
from parvis.serve.http.rates import LOOPBACK
from parvis.serve.rates import Rate, network_of


class Rates:
    """The limits of the settings, as they were at the start."""

    def __init__(self, settings: Chat) -> None:
        self._rates: dict[str, Rate] = {
            name: Rate(getattr(settings, f"{name}_per_minute")) for name in get_args(Rated)
        }

    def check(self, name: Rated, call: Call) -> None:
        """Counts one more. Raises RateLimited."""
        principal, remote = call.request.principal, call.request.remote
        if principal is None and remote in LOOPBACK:
            return
        key = str(principal.id) if principal is not None else network_of(remote)
        if seconds := self._rates[name].wait(key):
            raise RateLimited("too many of these in a minute", retry_after=ceil(seconds))
