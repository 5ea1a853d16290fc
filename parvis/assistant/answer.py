"""Carrying out a turn: read under the person's rights, ask a model when there is one, keep only what is supported,
and say honestly what was not found. A2, A5, A16"""

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from parvis.access.principal import Principal
from parvis.assistant import extractive, prompts
from parvis.assistant.claims import NOTHING, Reader, Written
from parvis.assistant.context import LETTERS_PER_TOKEN, Context, build, cite
from parvis.assistant.endpoints.contract import Message
from parvis.assistant.gateway import Call, Gateway
from parvis.assistant.labels import visible
from parvis.assistant.model import TurnRequest
from parvis.assistant.retrieval import Finder
from parvis.assistant.support import Support
from parvis.assistant.tree import Answer, Block, Citation, Claim
from parvis.kernel import ids
from parvis.kernel.errors import Invalid, ParvisError
from parvis.kernel.languages import LANGUAGES, Language
from parvis.search.request import Hit
from parvis.search.words.language import detect

_FOUND = 20
_READ = 40
_ANSWER_TOKENS = 400
_LOCAL_TOKENS = 900
"""What a model without a graphics card reads in twenty seconds on two cores."""
_ASSISTED = frozenset({"correct"})
Emit = Callable[[Answer], Awaitable[None]]


@dataclass
class Turn:
    """One turn on its way: who asked what, and the answer as far as it is."""

    id: int
    principal: Principal
    request: TurnRequest
    emit: Emit
    answer: Answer = field(default_factory=Answer)

    @property
    def language(self) -> Language:
        """Of the answer: as asked for, or the question's own, or the person's."""
        if self.request.language:
            return self.request.language
        found = detect(self.request.text, self.principal.language) if self.request.text else self.principal.language
        return next((language for language in LANGUAGES if language == found), self.principal.language)

    async def add(self, block: Block, citations: list[Citation]) -> None:
        """Shows one more block."""
        self.answer.blocks = [*self.answer.blocks, block]
        self.answer.citations = [*self.answer.citations, *citations]
        await self.emit(self.answer)

    def number(self, citation: Citation) -> int | None:
        """The number under which the same place is cited already."""
        for known in self.answer.citations:
            if (known.passage_id, known.start, known.end) == (citation.passage_id, citation.start, citation.end):
                return known.number
        return None


class Answerer:
    """Does the tasks of turns."""

    def __init__(self, finder: Finder, gateway: Gateway) -> None:
        self._finder, self._gateway = finder, gateway

    async def run(self, turn: Turn) -> None:
        """Carries out the turn; its answer grows by `emit`. Raises what the task cannot do without."""
        task = {
            "ask": self._ask,
            "summarise": self._summarise,
            "draft": self._draft,
            "rewrite": self._rewrite,
            "translate": self._translate,
        }[turn.request.task]
        await task(turn)
        await turn.emit(turn.answer)

    async def _ask(self, turn: Turn) -> None:
        question = turn.request.text.strip()
        if not question:
            raise Invalid("there is no question", field="text")
        passages = await (self._named(turn) if turn.request.about else self._found(turn, question))
        turn.answer.searched.passages = len(passages)
        turn.answer.searched.kinds = await self._finder.kinds(turn.principal)
        support = Support(passages, self._finder.embedder)
        ranking = await extractive.rank(question, support)
        if not (passages if turn.request.about else extractive.is_answered(ranking, support)):
            turn.answer.notice = "nothingFound"
            return
        context = self._context(passages)
        if not await self._generate(turn, prompts.ask(question, context, turn.language), context, support):
            await self._quote(turn, extractive.answer(ranking, support))

    async def _summarise(self, turn: Turn) -> None:
        passages = await self._named(turn)
        if not passages:
            turn.answer.notice = "nothingFound"
            return
        turn.answer.searched.passages = len(passages)
        support = Support(passages, self._finder.embedder)
        context = self._context(passages)
        if not await self._generate(turn, prompts.summarise(context, turn.language), context, support):
            await self._quote(turn, extractive.summary(support))

    async def _draft(self, turn: Turn) -> None:
        passages = await self._named(turn) if turn.request.about else []
        context = self._context(passages)
        messages = prompts.draft(turn.request.text, context, turn.principal.name, turn.language)
        turn.answer.level = "generated"
        await self._write(turn, messages, context, "draft")

    async def _rewrite(self, turn: Turn) -> None:
        messages = prompts.rewrite(turn.request.text, turn.request.style, turn.language)
        turn.answer.level = "assisted" if turn.request.style in _ASSISTED else "generated"
        await self._write(turn, messages, Context([], ""), "rewrite")

    async def _translate(self, turn: Turn) -> None:
        text = turn.request.text
        context = Context([], "")
        if turn.request.about:
            passages = await self._named(turn)
            text = "\n\n".join(passage.text for passage in passages)[: self._room()]
            context = Context(passages, "")
        turn.answer.level = "assisted" if turn.request.text else "generated"
        await self._write(turn, prompts.translate(text, turn.language), context, "translate")

    async def _found(self, turn: Turn, question: str) -> list[Hit]:
        return await self._finder.find(turn.principal, question, _FOUND)

    async def _named(self, turn: Turn) -> list[Hit]:
        found: list[Hit] = []
        for kind in dict.fromkeys(about.kind for about in turn.request.about):
            wanted = [ids.parse(about.id) for about in turn.request.about if about.kind == kind]
            known = [number for number in wanted if number is not None]
            found += await self._finder.whole(turn.principal, kind, known, _READ)
        return found

    def _room(self) -> int:
        card = self._gateway.ready()
        return int((card.context_tokens - 2 * _ANSWER_TOKENS) * LETTERS_PER_TOKEN) // 2 if card else 0

    def _context(self, passages: list[Hit]) -> Context:
        card = self._gateway.ready()
        if card is None:
            return Context(passages, "")
        room = card.context_tokens - 2 * _ANSWER_TOKENS
        return build(passages, min(room, _LOCAL_TOKENS) if card.kind == "local" else room)

    async def _generate(self, turn: Turn, messages: list[Message], context: Context, support: Support) -> bool:
        """Streams claims that are supported. Returns whether any was shown; when not, quotes take their place."""
        if self._gateway.ready() is None:
            turn.answer.notice = "noModel"
            return False
        reader = Reader()
        call = Call(turn.request.task, messages, context.labels, _ANSWER_TOKENS, turn_id=turn.id)
        try:
            async with contextlib.aclosing(self._gateway.stream(turn.principal, call)) as pieces:
                async for card, text in pieces:
                    turn.answer.model, turn.answer.runs_in = card.name, card.country
                    for written in reader.feed(text):
                        await self._claim(turn, written, support)
            for written in reader.close():
                await self._claim(turn, written, support)
        except ParvisError:
            turn.answer.notice = "modelFailed"
        if turn.answer.blocks:
            turn.answer.mode, turn.answer.level = "generated", "generated"
        return bool(turn.answer.blocks)

    async def _claim(self, turn: Turn, written: Written, support: Support) -> None:
        if written.text.strip(" .").upper() == NOTHING:
            return
        evidence = await support.find(written.text, [number - 1 for number in written.sources])
        if not evidence:
            turn.answer.dropped += 1
            return
        fresh: list[Citation] = []
        numbers = []
        for found in evidence:
            number = len(turn.answer.citations) + len(fresh) + 1
            citation = cite(support.passages[found.index], number, found.start, found.end)
            known = turn.number(citation)
            if known is None:
                fresh.append(citation)
            numbers.append(known or number)
        claim = Claim(text=written.text, citations=numbers)
        await turn.add(Block(kind="item" if written.item else "paragraph", claims=[claim]), fresh)

    async def _quote(self, turn: Turn, quotes: list[tuple[Block, list[Citation]]]) -> None:
        turn.answer.mode = "extractive"
        for block, citations in quotes:
            await turn.add(block, citations)
        if not turn.answer.blocks:
            turn.answer.mode, turn.answer.notice = "none", "nothingFound"

    async def _write(self, turn: Turn, messages: list[Message], context: Context, purpose: str) -> None:
        """Streams free text for the person to take or leave; plain words only."""
        if self._gateway.ready() is None:
            turn.answer.notice, turn.answer.level = "needsModel", "none"
            return
        turn.answer.mode = "generated"
        call = Call(purpose, messages, context.labels, 2 * _ANSWER_TOKENS, turn_id=turn.id)
        text = ""
        try:
            async with contextlib.aclosing(self._gateway.stream(turn.principal, call)) as pieces:
                async for card, piece in pieces:
                    turn.answer.model, turn.answer.runs_in = card.name, card.country
                    text += piece
                    turn.answer.blocks = [Block(kind="draft", text=visible(text).text)]
                    await turn.emit(turn.answer)
        except ParvisError:
            turn.answer.notice = "modelFailed"
