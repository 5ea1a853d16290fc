"""The text index of mail, written in the transaction of the message, so that Email/query's text filters are exact
at once. FTS5 on SQLite, tsvector on PostgreSQL; both get words cut by mail/words, so that both find the same."""

from collections.abc import Sequence

from parvis.kernel.languages import fold
from parvis.mail.words import WORD, terms, words
from parvis.store.sql.contract import Database, Dialect
from parvis.store.unit import Unit

FIELDS = ("sender", "recipient", "copied", "blind", "subject", "body")
_MANY = 500
"""Words with the same part in them beyond which the index is no help."""
_PG_POSITION = 16_383
_PG_POSITIONS = 255
Found = tuple[frozenset[int], bool]
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

    async def containing(
        self, db: Database, fields: Sequence[str], text: str
    ) -> tuple[frozenset[int], bool] | None:
        """The messages that may have a text in one of `fields`, inside words too, and whether all of them have.
        None when the index cannot tell."""
        cut = words(text)
        if not cut:
            return None
        if fold(text) == cut[0]:
            found = await db.scan("SELECT term FROM email_words WHERE term GLOB ? LIMIT ?", f"*{cut[0]}*", _MANY)
            if len(found) == _MANY:
                return None
            asked = [_fts([row[0]], False) for row in found]
        else:
            whole = cut[1:] if WORD.match(fold(text)) else cut
            asked = [_fts(whole, True)] if whole else []
        if not asked:
            return (frozenset(), True) if fold(text) == cut[0] else None
        columns = "{" + " ".join(fields) + "}"
        match = f"(owner : {self._owner}) AND ({columns} : ({' OR '.join(asked)}))"
        rows = await db.scan("SELECT rowid FROM email_text WHERE email_text MATCH ?", match)
        return frozenset(row[0] for row in rows), fold(text) == cut[0]


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

    async def containing(
        self, db: Database, fields: Sequence[str], text: str
    ) -> tuple[frozenset[int], bool] | None:
        """See SqliteText: of one word PostgreSQL cannot tell where it is a part."""
        cut = words(text)
        whole = cut[1:] if WORD.match(fold(text)) else cut
        if not whole:
            return None
        asked = " & ".join([*(f"'{word}'" for word in whole[:-1]), f"'{whole[-1]}':*"])
        where = " OR ".join(f"t.{field} @@ ?::text::tsquery" for field in fields)
        rows = await db.scan(
            f"""SELECT t.email_id FROM email_text t JOIN email e ON e.id = t.email_id
            WHERE e.account_id = ? AND ({where})""",
            self._account_id,
            *([asked] * len(fields)),
        )
        return frozenset(row[0] for row in rows), False


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
