"""The text index of mail, written in the transaction of the message, so that Email/query's text filters are exact
at once. FTS5 on SQLite, tsvector on PostgreSQL; both get words cut by mail/words, so that both find the same."""

from collections.abc import Sequence

from parvis.mail.words import terms
from parvis.store.sql.contract import Dialect
from parvis.store.unit import Unit

FIELDS = ("sender", "recipient", "copied", "blind", "subject", "body")
_PG_POSITION = 16_383
_PG_POSITIONS = 255
Indexed = tuple[str, ...]
"""The words of a message, one text a field, in the order of FIELDS."""


class SqliteText:
    """The FTS5 table; its row number is the email's."""

    def __init__(self, account_id: int) -> None:
        self._owner = f"a{account_id}"

    async def add(self, unit: Unit, rows: Sequence[tuple[int, Indexed]]) -> None:
        """Indexes messages of the account."""
        await unit.many(
            f"INSERT INTO email_text (rowid, owner, {', '.join(FIELDS)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(number, self._owner, *texts) for number, texts in rows],
        )

    @staticmethod
    async def remove(unit: Unit, email_ids: Sequence[int]) -> None:
        """Forgets messages."""
        await unit.many("DELETE FROM email_text WHERE rowid = ?", [(number,) for number in email_ids])

    def matching(self, fields: Sequence[str], query: str) -> tuple[str, list[str]]:
        """A subquery of email ids that have all terms, each in any of `fields`, and its parameters."""
        columns = "{" + " ".join(fields) + "}"
        asked = [_fts(cut, begins) for cut, begins in terms(query)]
        match = " AND ".join([f"(owner : {self._owner})", *(f"({columns} : {term})" for term in asked)])
        return "(SELECT rowid FROM email_text WHERE email_text MATCH ?)", [match]


def _fts(cut: list[str], begins: bool) -> str:
    return '"' + " ".join(cut) + '"' + ("*" if begins else "")


class PostgresText:
    """Six tsvector columns. An account's messages are found by the join with `email`."""

    def __init__(self, account_id: int) -> None:
        self._account_id = account_id

    async def add(self, unit: Unit, rows: Sequence[tuple[int, Indexed]]) -> None:
        """Indexes messages of the account."""
        casts = ", ".join("?::text::tsvector" for _ in FIELDS)
        await unit.many(
            f"INSERT INTO email_text (email_id, {', '.join(FIELDS)}) VALUES (?, {casts})",
            [(number, *(_vector(text.split()) for text in texts)) for number, texts in rows],
        )

    @staticmethod
    async def remove(unit: Unit, email_ids: Sequence[int]) -> None:
        """Forgets messages."""
        await unit.many("DELETE FROM email_text WHERE email_id = ?", [(number,) for number in email_ids])

    def matching(self, fields: Sequence[str], query: str) -> tuple[str, list[str]]:
        """A subquery of email ids that have all terms, each in any of `fields`, and its parameters."""
        conditions, parameters = [], []
        for cut, begins in terms(query):
            asked = " <-> ".join(f"'{word}'" for word in cut) + (":*" if begins else "")
            conditions.append("(" + " OR ".join(f"{field} @@ ?::text::tsquery" for field in fields) + ")")
            parameters += [asked] * len(fields)
        return f"(SELECT email_id FROM email_text WHERE {' AND '.join(conditions) or 'TRUE'})", parameters


def _vector(cut: list[str]) -> str:
    """The text form of a tsvector; words hold letters and digits only, so nothing needs quoting."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(cut, 1):
        at = places.setdefault(word, [])
        if len(at) < _PG_POSITIONS:
            at.append(min(place, _PG_POSITION))
    return " ".join(f"'{word}':{','.join(map(str, at))}" for word, at in places.items())


def text_index(dialect: Dialect, account_id: int) -> SqliteText | PostgresText:
    """The text index of an account on this database."""
    return SqliteText(account_id) if dialect.name == "sqlite" else PostgresText(account_id)
