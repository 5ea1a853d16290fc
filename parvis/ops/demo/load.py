"""Fills a store with the demo organisation: people, rooms, groups, spaces, grants, then every message.

Each step looks first at what is there, so that a broken or repeated run goes on where the last one ended."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from parvis.access import directory, gate
from parvis.access.principal import Kind, Principal, Right
from parvis.calendar import approval
from parvis.kernel import clock
from parvis.mail import identity, mailboxes, service
from parvis.mail.lists import store as lists
from parvis.mail.model import SCOPE
from parvis.mail.service import Import
from parvis.ops import people
from parvis.ops.demo import corpus, plan
from parvis.ops.demo.letters import WIRE, Post
from parvis.ops.demo.scenario import Group, Organisation, Person, Room
from parvis.ops.progress import Progress
from parvis.serve.feature import Feature
from parvis.store.store import Store
from parvis.store.unit import Unit

T = TypeVar("T")
_BATCH = 100


@dataclass
class Loader:
    """What filling needs; `principals` is filled by `organise`."""

    store: Store
    features: Sequence[Feature]
    organisation: Organisation
    password: str
    progress: Progress

    def __post_init__(self) -> None:
        self.principals: dict[str, Principal] = {}

    async def organise(self) -> None:
        """Makes the people, rooms, groups and spaces, and who may see what."""
        accounts = self.organisation.accounts
        for number, person in enumerate(accounts, 1):
            await self._create("person", person, administrator=person.admin, password=self.password)
            self.progress("people", number, len(accounts))
        for room in self.organisation.rooms.values():
            await self._create("resource", room)
        for group in self.organisation.groups.values():
            await self._create(group.kind, group)
        await self.store.write(self._share)

    async def _create(self, kind: Kind, who: Person | Room | Group, **more: Any) -> None:
        features = () if kind == "group" else self.features
        self.principals[who.key] = await directory.by_address(self.store.db, who.address) or await people.create(
            self.store, features, kind, who.name, who.address, language=who.language, **more
        )

    async def _share(self, unit: Unit) -> None:
        for room in self.organisation.rooms.values():
            deciding = [self.principals[room.decides].id] if room.decides else []
            await approval.choose(unit, self.principals[room.key].id, deciding)
        for group in self.organisation.groups.values():
            for key in group.members:
                role = "moderator" if key == group.moderator else "member"
                if group.kind == "space" and key == group.members[0]:
                    role = "manager"
                await directory.join(unit, self.principals[group.key].id, self.principals[key].id, role)
            if group.moderator:
                await lists.configure(unit, self.principals[group.key].id, "members", "hold")
        for person in self.organisation.accounts:
            if person.signature:
                await identity.sign(unit, self.principals[person.key].id, person.signature)
        for owner, reader in self.organisation.delegations:
            await self._grant(unit, self.principals[owner], self.principals[reader], Right.READ)

    async def _grant(self, unit: Unit, owner: Principal, reader: Principal, rights: Right) -> None:
        access = await gate.require(unit, owner, owner.id, SCOPE)
        await gate.give(unit, owner, access.scope.id, reader.id, rights)

    async def write_mail(self, post: Post) -> int:
        """Puts every copy of the scenario's messages where the plan says. Returns how many were new."""
        copies, new = plan.placements(post), 0
        for count, key in enumerate(dict.fromkeys(copy.person for copy in copies), 1):
            new += await self._write_for(post, key, [copy for copy in copies if copy.person == key])
            self.progress("scenario", count, len({copy.person for copy in copies}))
        return new

    async def _write_for(self, post: Post, key: str, copies: list[plan.Placement]) -> int:
        owner = self.principals[key]
        places = await self._places(owner, {copy.mailbox for copy in copies})
        fresh = [
            copy
            for copy in copies
            if not await service.find_by_message_id(self.store.db, owner.id, post.message_id(copy.key)[1:-1])
        ]
        imports = [
            Import(
                post.message(copy.key).as_bytes(policy=WIRE),
                frozenset({places[copy.mailbox]}),
                copy.keywords,
                clock.to_ms(copy.received),
            )
            for copy in fresh
        ]
        if imports:
            await service.import_messages(self.store, owner, owner.id, imports)
        return len(imports)

    async def _places(self, owner: Principal, wanted: set[str]) -> dict[str, int]:
        """The mailboxes that a plan names, made where they are missing."""

        async def work(unit: Unit) -> dict[str, int]:
            roles = await mailboxes.ensure(unit, owner.id, owner.language)
            return {
                name: roles[name] if name in roles else await mailboxes.ensure_path(unit, owner.id, name.split("/"))
                for name in sorted(wanted)
            }

        return await self.store.write(work)

    async def write_corpus(self, archive: Path, most: int | None = None) -> int:
        """Imports the public mail, at most `most` messages of each part. Returns how many were new."""
        new = 0
        for share in corpus.SHARES:
            owner = self.principals[share.person]
            place = (await self._places(owner, {share.mailbox}))[share.mailbox]
            present = (await mailboxes.every(self.store.db, owner.id))[place].total_emails
            source = islice(corpus.messages(archive, share), present, most)
            done = present
            for batch in _batches(source, _BATCH):
                imports = [Import(raw, frozenset({place}), frozenset({"$seen"})) for _, raw in batch]
                await service.import_messages(self.store, owner, owner.id, imports)
                done, new = done + len(batch), new + len(batch)
                self.progress(f"public mail for {owner.name}", done, 0)
        return new


def _batches(source: Iterator[T], size: int) -> Iterator[list[T]]:
    while batch := list(islice(source, size)):
        yield batch
