"""Search as the rest of the house sees it. Each question starts with a Principal, and nothing is answered that
this principal cannot open at that moment: the one statement joins words, meaning, time and the visible scopes.

    finding = Search(embedder)
    store = await Store.open(settings, [..., "search"], [finding.prepare])
    finding.open(store, sources)
    asyncio.create_task(finding.indexer.run())
    answer = await finding.query(principal, SearchRequest(text="hợp đồng thuê nhà"))
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import apsw

from parvis.access.erasure import Gone
from parvis.access.gate import VISIBLE, visible
from parvis.access.principal import Principal
from parvis.kernel.errors import Forbidden, NotFound
from parvis.kernel.knowledge import Source
from parvis.search import ranking
from parvis.search.embed.provider import Embedder
from parvis.search.erase import erase
from parvis.search.index import names
from parvis.search.index.codes import Codes
from parvis.search.index.conditions import COLUMNS
from parvis.search.index.engine import Ask, Engine, Question
from parvis.search.index.postgres import PostgresEngine
from parvis.search.index.sqlite import SqliteEngine
from parvis.search.index.status import status
from parvis.search.index.terms import Frequencies
from parvis.search.index.wording import Wording, understand
from parvis.search.indexer import Indexer
from parvis.search.request import Answer, Hit, IndexStatus, SearchRequest, Suggestion
from parvis.search.words.tokens import words
from parvis.store.sql.contract import Row, marks
from parvis.store.store import Store

_WORDED, _NEAR = 150, 240
_LOOKED_AT = 20


class Search:
    """Finding, on whichever database the store has. `embedder` None means words alone."""

    def __init__(self, embedder: Embedder | None = None) -> None:
        self.embedder = embedder
        self._codes = Codes()

    def prepare(self, connection: apsw.Connection) -> None:
        """Registers the SQL functions of search on an SQLite connection; to be given to `Store.open`."""
        self._codes.register(connection)

    def open(self, store: Store, sources: Sequence[Source]) -> None:
        """Joins search to a store and to what is to be found in it."""
        self._store = store
        sqlite = store.db.dialect.name == "sqlite"
        self._engine: Engine = SqliteEngine(self._codes) if sqlite else PostgresEngine()
        self._frequencies = Frequencies(self._engine)
        self.indexer = Indexer(store, self._engine, sources, self.embedder)

    async def query(self, principal: Principal, request: SearchRequest) -> Answer:
        """The passages that fit best (or the newest that fit). Raises Unavailable when it takes too long."""
        wording = understand(request.text, principal.language, typing=request.typing)
        if wording.is_empty:
            return Answer(hits=(), corrections={}, meaning=False)
        question = await self._asked(request, wording)
        found = await self._candidates(principal, request, wording, {}, question)
        repaired: dict[str, str] = {}
        if missing := _missing(wording, found):
            repaired = await names.corrections(self._store.db, principal, missing)
            if repaired:
                found = await self._candidates(principal, request, wording, repaired, question)
        chosen = found[: request.limit]
        shown = await self._file_names([candidate.row for candidate in chosen])
        hits = tuple(ranking.hit(candidate, wording, repaired, shown) for candidate in chosen)
        return Answer(hits=hits, corrections=repaired, meaning=question is not None)

    async def _asked(self, request: SearchRequest, wording: Wording) -> Question | None:
        if request.mode == "text" or request.order == "newest" or wording.phrases or not wording.plain:
            return None
        return await self.indexer.vectors.ask(wording.plain, wording.language)

    async def _candidates(
        self,
        principal: Principal,
        request: SearchRequest,
        wording: Wording,
        repaired: dict[str, str],
        question: Question | None,
    ) -> list[ranking.Candidate]:
        terms = await self._frequencies.terms(self._store.db, wording, list(repaired.values()))
        newest = request.order == "newest"
        match = self._engine.match(wording, terms.skipped, repaired, every=newest)
        if not match and question is None:
            return []
        ask = Ask(
            visible(principal),
            request.filters,
            request.kinds,
            request.accounts,
            match,
            terms,
            question,
            max(_WORDED, request.limit),
            _NEAR,
            newest,
            request.per_object,
            max(request.limit, _LOOKED_AT),
        )
        sql, args = self._engine.statement(ask)
        rows = await self._store.db.scan(sql, *args)
        return [ranking.Candidate(row, row[-1], row[-3], row[-2]) for row in rows]

    async def _file_names(self, rows: Sequence[Sequence[Any]]) -> dict[tuple[int, str], str]:
        """Names of the attachments among some candidates, in one statement."""
        items = sorted({row[7] for row in rows if row[2] != "body"})
        if not items:
            return {}
        sql = f"SELECT item_id, part, file_name FROM search_document WHERE item_id IN {marks(len(items))}"
        return {(row[0], row[1]): row[2] for row in await self._store.db.rows(sql, *items)}

    async def find(self, principal: Principal, text: str, limit: int) -> list[Hit]:
        """The passages that fit a question best, several of one object if need be. What has its words and is not
        yet known by meaning is learnt first."""
        request = SearchRequest(text=text, limit=limit, per_object=3)

        async def worded() -> list[int]:
            found = await self.query(principal, replace(request, mode="text"))
            return [hit.passage_id for hit in found.hits]

        await self.indexer.vectors.hasten(worded)
        return list((await self.query(principal, request)).hits)

    async def whole(self, principal: Principal, kind: str, object_ids: list[int], limit: int) -> list[Hit]:
        """All passages of some objects in the order given, those that the principal may read."""
        rows = await self._store.db.rows(
            f"""SELECT {COLUMNS} FROM search_item i JOIN search_passage p ON p.item_id = i.id
            JOIN search_content c ON c.passage_id = p.id
            WHERE i.kind = ? AND i.object_id IN {marks(len(object_ids))} AND p.scope_id IN {VISIBLE}""",
            kind,
            *object_ids,
            *visible(principal),
        )
        place = {number: at for at, number in enumerate(object_ids)}
        ordered = sorted(rows, key=lambda row: (place[row[10]], row[0]))[:limit]
        return await self._plain_hits(ordered)

    async def passage(self, principal: Principal, passage_id: int) -> Hit:
        """One passage, as a citation opens it. Raises NotFound when it is gone or not visible."""
        rows = await self._store.db.rows(
            f"""SELECT {COLUMNS} FROM search_passage p JOIN search_item i ON i.id = p.item_id
            JOIN search_content c ON c.passage_id = p.id WHERE p.id = ? AND p.scope_id IN {VISIBLE}""",
            passage_id,
            *visible(principal),
        )
        if not rows:
            raise NotFound("no such passage")
        return (await self._plain_hits(rows))[0]

    async def _plain_hits(self, rows: Sequence[Row]) -> list[Hit]:
        shown = await self._file_names(rows)
        empty = understand("")
        return [ranking.hit(ranking.Candidate(row, 0.0, None, None), empty, {}, shown) for row in rows]

    async def is_learning(self) -> bool:
        """Whether passages still wait for the model of meaning, when there is one."""
        return await self.indexer.vectors.are_waiting()

    async def kinds(self, principal: Principal) -> list[str]:
        """What kinds of things there are to search for this principal."""
        rows = await self._store.db.scan(
            f"SELECT DISTINCT kind FROM search_item WHERE scope_id IN {VISIBLE} ORDER BY kind", *visible(principal)
        )
        return [row[0] for row in rows]

    async def suggest(self, principal: Principal, beginning: str, limit: int = 8) -> list[Suggestion]:
        """Completions of what is being typed: people first, then subjects, from what the principal sees."""
        typed = words(beginning)
        if not typed:
            return []
        people = await names.people(self._store.db, principal, beginning, limit)
        condition, args = self._engine.subjects(typed)
        rows = await self._store.db.scan(
            f"""SELECT i.title, MAX(i.time_ms) FROM search_passage p JOIN search_item i ON i.id = p.item_id
            WHERE {condition} AND p.scope_id IN {VISIBLE} AND i.title <> ''
            GROUP BY i.title ORDER BY 2 DESC LIMIT ?""",
            *args,
            *visible(principal),
            limit,
        )
        subjects = [Suggestion(kind="subject", text=row[0]) for row in rows]
        return [*map(_person, people), *subjects][: limit * 2]

    async def erase(self, store: Store, gone: Gone) -> None:
        """Erases what the index holds of an account that is gone."""
        await erase(store, self._engine, gone)

    async def status(self, principal: Principal) -> IndexStatus:
        """How far the index is, for what the principal sees; for an administrator, all of it."""
        model = self.embedder.name if self.embedder is not None else ""
        return await status(self._store, principal, model)

    async def reindex(self, principal: Principal) -> int:
        """Asks for everything to be read again, in the background. Returns the job's number. Raises Forbidden."""
        if not principal.administrator:
            raise Forbidden("only an administrator rebuilds the index")
        return await self.indexer.rebuild()


def _person(shown: str) -> Suggestion:
    name, bracket, address = shown.rpartition("<")
    if bracket and address.endswith(">"):
        return Suggestion(kind="person", text=name.strip() or address[:-1], detail=address[:-1])
    return Suggestion(kind="person", text=shown)


def _missing(wording: Wording, found: Sequence[ranking.Candidate]) -> list[str]:
    """Words of the search that are in none of the best candidates: perhaps misspelt."""
    missing = {word for word in wording.words if word not in wording.beginnings}
    for candidate in found[:_LOOKED_AT]:
        if not missing:
            break
        if candidate.words:
            there = set(words(f"{candidate.row[11]} {candidate.row[12]} {candidate.row[15]}"))
            missing = {word for word in missing if not there.intersection(wording.alternatives(word))}
    return [word for word in wording.words if word in missing]
