"""Who somebody is in Matrix: `@local:server` for the address `local@domain`, both ways.

Where the domain of an address is the server's name, the user's name is the local part; otherwise it is the whole
address, its `@` written `=40` as all that Matrix does not allow in names (Matrix v1.19 Appendices §Mapping from
other character sets)."""

import re
from collections.abc import Iterable, Mapping

from parvis.access import directory
from parvis.access.directory import COLUMNS, principal_of
from parvis.access.principal import Principal
from parvis.kernel import ids
from parvis.kernel.errors import Invalid
from parvis.store.sql.contract import Database, Tx, marks
from parvis.store.unit import Unit
from parvis.wire.matrix import identifiers
from parvis.wire.matrix.errors import BadMatrix

_ESCAPED = re.compile(r"=([0-9a-f]{2})")
_AT_ONCE = 500


class Users:
    """The users of this server."""

    def __init__(self, server: str) -> None:
        self.server = server

    def id_of(self, principal: Principal) -> str:
        """Somebody's user id."""
        return self.id_for(principal.address)

    def id_for(self, address: str) -> str:
        """The user id for an address."""
        local, _, domain = address.rpartition("@")
        whole = domain != self.server or "@" in local
        return f"@{identifiers.localpart_for(address if whole else local)}:{self.server}"

    def of_space(self, space_id: int) -> str:
        """The user as which a space keeps its room. No address has this name: `=s` stands for no character."""
        return f"@=space-{ids.text(space_id)}:{self.server}"

    def address_for(self, user_id: str) -> str | None:
        """The address that a user id stands for, whether or not anybody has it; None for another server's users
        and for what is no user id."""
        try:
            name = identifiers.user_id(user_id)
        except BadMatrix:
            return None
        if name.server != self.server:
            return None
        text = _text(name.localpart)
        if text is None:
            return None
        address = text if "@" in text else f"{text}@{self.server}"
        return address if self.id_for(address) == user_id else None

    def is_here(self, user_id: str) -> bool:
        """Whether a user id is of this server."""
        return identifiers.server_of(user_id) == self.server

    async def principal(self, db: Database | Tx | Unit, user_id: str) -> Principal | None:
        """Who a user is; None for nobody, for another server's users and for who is switched off."""
        return (await self.principals(db, [user_id])).get(user_id)

    async def principals(self, db: Database | Tx | Unit, user_ids: Iterable[str]) -> Mapping[str, Principal]:
        """Who users are, by user id; those that are nobody here are left out. One statement for 500 users."""
        wanted = {address: user for user in user_ids if (address := self._normal(user)) is not None}
        listed, found = list(wanted), {}
        for start in range(0, len(listed), _AT_ONCE):
            some = listed[start : start + _AT_ONCE]
            rows = await db.rows(
                f"""SELECT {COLUMNS} FROM address a JOIN principal p ON p.id = a.principal_id
                WHERE a.address IN {marks(len(some))} AND p.address = a.address AND p.kind = 'person'
                AND p.disabled_ms IS NULL""",
                *some,
            )
            found.update({wanted[row[2]]: principal_of(row) for row in rows})
        return found

    async def ids_of(self, db: Database | Tx | Unit, numbers: Iterable[int]) -> Mapping[int, str]:
        """The user ids of people, by their principal ids. One statement for 500 people."""
        listed, found = list(dict.fromkeys(numbers)), {}
        for start in range(0, len(listed), _AT_ONCE):
            some = listed[start : start + _AT_ONCE]
            rows = await db.rows(
                f"SELECT id, address FROM principal WHERE address IS NOT NULL AND id IN {marks(len(some))}", *some
            )
            found.update({number: self.id_for(address) for number, address in rows})
        return found

    def _normal(self, user_id: str) -> str | None:
        address = self.address_for(user_id)
        try:
            return directory.normal(address) if address is not None else None
        except Invalid:
            return None


def _text(localpart: str) -> str | None:
    """What a localpart was made of."""
    try:
        return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), localpart).encode("latin-1").decode()
    except UnicodeError:
        return None
