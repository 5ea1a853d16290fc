"""What every feature is built with."""

from dataclasses import dataclass, field
from typing import Any, TypeVar

from parvis.kernel.egress import Egress
from parvis.kernel.records import Registry
from parvis.kernel.resolver import Resolver
from parvis.kernel.settings import Settings
from parvis.store.store import Store

T = TypeVar("T")


@dataclass(slots=True)
class Context:
    """The parts of the program below the features. `services` holds what app.py opened besides (the search index,
    the mail queue), found by class."""

    settings: Settings
    store: Store
    egress: Egress
    registry: Registry = field(default_factory=Registry)
    services: dict[type, Any] = field(default_factory=dict)
    resolver: Resolver = field(init=False)

    def __post_init__(self) -> None:
        self.resolver = Resolver(self.settings.dns, self.egress)

    def offer(self, service: object, *, under: type | None = None) -> None:
        """Lets features find `service` by its class, or by a protocol class `under`."""
        self.services[under or type(service)] = service

    def need(self, service: type[T]) -> T:
        """The service of this class. Raises LookupError when app.py offered none: a mistake in the wiring."""
        found = self.services.get(service)
        if not isinstance(found, service):
            raise LookupError(f"no {service.__name__} was offered")
        return found

    @property
    def public_url(self) -> str:
        """The address people open, without a slash at its end; the port is the real one once listening."""
        return (self.settings.public_url or f"http://{self.settings.host}:{self.settings.ports.http}").rstrip("/")
