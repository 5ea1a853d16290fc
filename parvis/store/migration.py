"""Numbered migrations: each room keeps its own in `<room>/migrations/NNNN_name.sql`, or NNNN_name.sqlite.sql and
NNNN_name.postgres.sql where the two databases need different words. They only go forward."""

import importlib.resources
import re
from collections.abc import Collection
from dataclasses import dataclass

from parvis.kernel import clock
from parvis.kernel.errors import Conflict
from parvis.store.sql.contract import Database, Dialect

_NAME = re.compile(r"^(\d{4})_(\w+?)(?:\.(sqlite|postgres))?\.sql$")
_TABLE = """
CREATE TABLE IF NOT EXISTS migration (
    room TEXT NOT NULL, number BIGINT NOT NULL, name TEXT NOT NULL, applied_ms BIGINT NOT NULL,
    PRIMARY KEY (room, number)
)
"""


@dataclass(frozen=True, slots=True, order=True)
class Migration:
    """One step of one room's schema."""

    room: str
    number: int
    name: str
    sql: str


def of_room(room: str, dialect: Dialect, done: Collection[int] = ()) -> list[Migration]:
    """The migrations of a room ("store", "mail") in order, written for `dialect`, but for those that are done."""
    found = []
    for file in importlib.resources.files(f"parvis.{room}").joinpath("migrations").iterdir():
        match = _NAME.match(file.name)
        if match and match[3] in (None, dialect.name) and int(match[1]) not in done:
            found.append(Migration(room, int(match[1]), match[2], _written(file.read_text(), dialect)))
    return sorted(found)


def _written(sql: str, dialect: Dialect) -> str:
    for token, words in dialect.tokens.items():
        sql = sql.replace("{" + token + "}", words)
    return sql


async def migrate(db: Database, rooms: list[str], *, upto: int | None = None) -> list[Migration]:
    """Applies what is missing, room by room in the order given, and returns what was applied here. Each step and
    its row are one transaction, so a crash leaves the store between two steps. `upto` stops at a number (tests)."""
    await db.script(_TABLE)
    done = await _done(db)
    applied = []
    for room in rooms:
        for step in of_room(room, db.dialect, {number for of, number in done if of == room}):
            if (upto is None or step.number <= upto) and await _apply(db, step):
                applied.append(step)
    return applied


async def _done(db: Database) -> set[tuple[str, int]]:
    return {(room, number) for room, number in await db.rows("SELECT room, number FROM migration")}


async def _apply(db: Database, step: Migration) -> bool:
    """Applies one step; False when another node has just done it."""
    row = f"""INSERT INTO migration (room, number, name, applied_ms)
        VALUES ('{step.room}', {step.number}, '{step.name}', {clock.now_ms()})"""
    try:
        await db.script(f"{row};\n{step.sql}")
    except Conflict:
        if (step.room, step.number) not in await _done(db):
            raise
        return False
    return True
