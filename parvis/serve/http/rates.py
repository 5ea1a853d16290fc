"""How many requests are answered: enough for everything that people and their programs do, too few for a loop that
went wild. What runs at once is limited in serve.jmap.api, sign-in in access.limits."""

from math import ceil

from parvis.access.principal import Principal
from parvis.kernel.errors import RateLimited
from parvis.kernel.settings import Limits
from parvis.serve.rates import Rate, network_of

LOOPBACK = ("127.0.0.1", "::1", "")


class Rates:
    """The counts of this node."""

    def __init__(self, limits: Limits) -> None:
        self._addresses = Rate(limits.requests_per_minute_of_address)
        self._people = Rate(limits.requests_per_minute)

    def address(self, remote: str) -> None:
        """One more request from an address; this machine's own are not counted. Raises RateLimited."""
        if remote not in LOOPBACK:
            _check(self._addresses.wait(network_of(remote)))

    def person(self, principal: Principal) -> None:
        """One more request of somebody, from wherever. Raises RateLimited."""
        _check(self._people.wait(str(principal.id)))


def _check(seconds: float) -> None:
    if seconds:
        raise RateLimited("too many requests", retry_after=ceil(seconds))
