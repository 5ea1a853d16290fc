"""Putting letters into the queue."""

from collections.abc import Sequence

from parvis.access.directory import normal
from parvis.access.principal import Principal
from parvis.kernel.egress import Egress
from parvis.kernel.errors import Forbidden, Invalid
from parvis.kernel.resolver import Resolver
from parvis.kernel.settings import Settings
from parvis.mail.external import store as external
from parvis.mail.queue import recipients, store
from parvis.mail.queue.courier import Courier
from parvis.mail.queue.model import HERE, THROUGH, Letter
from parvis.mail.queue.policies import Policies
from parvis.mail.queue.route import Router, Through
from parvis.mail.queue.tally import Tally
from parvis.mail.queue.transfer import Transfer
from parvis.mail.service import Hook, Planner
from parvis.mail.signing import Signer
from parvis.serve.rates import Rate
from parvis.store.store import Store
from parvis.store.unit import Unit


class Queue:
    """The outbound queue of this server."""

    def __init__(
        self,
        keep: Store,
        settings: Settings,
        egress: Egress,
        resolver: Resolver,
        through: Through | None = None,
    ) -> None:
        self._keep, self._settings = keep, settings
        self._router = Router(settings, resolver, Policies(keep, settings, egress, resolver), through)
        self._transfer = Transfer(settings, egress, Tally(keep, resolver), through)
        self._signer = Signer(keep, settings)
        self._rate = Rate(settings.limits.sent_per_minute)

    def courier(self, hooks: Sequence[Hook] = (), planner: Planner | None = None) -> Courier:
        """Who carries the letters out; `hooks` run for each one delivered here, and `planner` is asked, as for mail
        from outside."""
        return Courier(self._keep, self._settings, self._router, self._transfer, self._signer, hooks, planner)

    async def stop(self) -> None:
        """Ends what waits on other servers."""
        await self._transfer.close()

    def allows(self, sender: Principal, recipients: int) -> bool:
        """Whether a person may send to so many more now, by whichever door; if so they are counted."""
        most = self._settings.limits.sent_per_minute
        return self._rate.take(str(sender.id), min(recipients, most))

    async def destinations(self, letter: Letter) -> list[str]:
        """Where each recipient's copy goes; asked before the unit that puts the letter into the queue. All of an
        external account's mail goes through its provider. Raises Forbidden when that cannot send."""
        account = await external.by_id(self._keep.db, letter.account_id)
        if account is not None and account.smtp is None:
            raise Forbidden("this account has no server to send with")
        if account is not None:
            return [f"{THROUGH}{account.id}"] * len(letter.to)
        return [await self.destination(to.address) for to in letter.to]

    async def destination(self, address: str) -> str:
        """Where a copy for this address goes."""
        found = await recipients.find(self._keep.db, self._settings, address)
        if found.where != "elsewhere" or found.returns:
            return HERE
        try:
            return self._router.destination(normal(address).rpartition("@")[2])
        except Invalid:
            return HERE  # where it is found to be nobody's, and reported

    @staticmethod
    async def add(unit: Unit, letter: Letter, destinations: Sequence[str]) -> int:
        """Puts a letter into the queue in the caller's unit; its blob is stored already. Returns its id."""
        return await store.add(unit, letter, destinations)

    async def send(self, letter: Letter) -> int:
        """The same in a unit of its own: durable on return."""
        destinations = await self.destinations(letter)
        return await self._keep.write(lambda unit: store.add(unit, letter, destinations))
