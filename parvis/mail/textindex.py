"""The text index of mail, written in the transaction of the message, so that Email/query's text filters are exact
at once. FTS5 on SQLite, tsvector on PostgreSQL; both get words cut here, so that both find the same."""

import re
from collections.abc import Sequence

from parvis.kernel.languages import fold
from parvis.mail.message import Texts
from parvis.store.sql.contract import Dialect
from parvis.store.unit import Unit

FIELDS = ("sender", "recipient", "copied", "blind", "subject", "body")
_SINGLE = "\u2e80-\u2fff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
WORD = re.compile(rf"[{_SINGLE}]|[^\W_{_SINGLE}]+")
_PHRASE = re.compile(r"""(['"])((?:\\.|(?!\1).)*)\1(?=\s|\Z)|(\S+)""", re.DOTALL)
_LONGESTWORD = 64
_PG_POSITION = 16_383
_PG_POSITIONS = 255
Term = tuple[list[str], bool]
"""Words that must stand in a row, and whether the last is only the beginning of a word."""


def words(text: str) -> list[str]:
    """The words of a text, folded; a letter of Chinese or Japanese is a word of its own."""
    return [word[:_LONGESTWORD] for word in WORD.findall(fold(text))]


def terms(query: str) -> list[Term]:
    """What a filter asks for: words, phrases in quotes, `begin*`. All of them must be there. RFC 8621 §4.4.1"""
    found: list[Term] = []
    for match in _PHRASE.finditer(query):
        text = re.sub(r"\\(.)", r"\1", match[2]) if match[1] else match[3]
        cut = words(text)
        if cut:
            found.append((cut, not match[1] and text.endswith("*")))
    return found


class SqliteText:
    """The FTS5 table; its row number is the email's."""

    def __init__(self, account_id: int) -> None:
        self._owner = f"a{account_id}"

    async def add(self, unit: Unit, rows: Sequence[tuple[int, Texts]]) -> None:
        """Indexes messages of the account."""
        await unit.many(
            f"INSERT INTO email_text (rowid, owner, {', '.join(FIELDS)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (number, self._owner, *(" ".join(words(getattr(texts, field))) for field in FIELDS))
                for number, texts in rows
            ],
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

    async def add(self, unit: Unit, rows: Sequence[tuple[int, Texts]]) -> None:
        """Indexes messages of the account."""
        casts = ", ".join("?::text::tsvector" for _ in FIELDS)
        await unit.many(
            f"INSERT INTO email_text (email_id, {', '.join(FIELDS)}) VALUES (?, {casts})",
            [(number, *(_vector(words(getattr(texts, field))) for field in FIELDS)) for number, texts in rows],
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
