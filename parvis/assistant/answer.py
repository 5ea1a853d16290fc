"""Carrying out a turn: read under the person's rights, ask a model when there is one, keep only what is supported,
and say honestly what was not found. A2, A5, A16"""

import contextlib
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace

from parvis.access.principal import Principal
from parvis.assistant import extractive, prompts
from parvis.assistant.claims import Reader, Written
from parvis.assistant.context import NOTHING_READ, Context, Excerpt, build, cite
from parvis.assistant.endpoints.contract import Message
from parvis.assistant.gateway import Call, Gateway
from parvis.assistant.grounds import Grounds
from parvis.assistant.labels import answered, without_fences, without_new_links
from parvis.assistant.model import TurnRequest
from parvis.assistant.retrieval import Finder
from parvis.assistant.support import Support, numbers
from parvis.assistant.tree import Answer, Block, Citation, Claim
from parvis.kernel import ids
from parvis.kernel.errors import Invalid, ParvisError, RateLimited
from parvis.kernel.languages import LANGUAGES, Language
from parvis.search.request import Hit
from parvis.search.words.language import detect

_FOUND = 24
_READ = 40
_WHOLE, _PASSAGES = 3, 12
"""Of so many objects that were found first the rest is read too, up to so many passages."""
_ANSWER_TOKENS = 400
_CLAIMS = 8
_LOCAL_TOKENS = 900
"""What a model without a graphics card reads in twenty seconds on two cores."""
_ASSISTED = frozenset({"correct"})
_LISTED = re.compile(r"^\s*\d{1,2}[.)]\s", re.MULTILINE)
Emit = Callable[[Answer], Awaitable[None]]


@dataclass
class Turn:
    """One turn on its way: who asked what, and the answer as far as it is."""

    id: int
    principal: Principal
    request: TurnRequest
    emit: Emit
    answer: Answer = field(default_factory=Answer)
    quotes: int = 0
    """How many blocks at the end of the answer are quoted."""

    @property
    def language(self) -> Language:
        """Of the answer: as asked for, or the question's own, or the person's."""
        if self.request.language:
            return self.request.language
        found = detect(self.request.text, self.principal.language) if self.request.text else self.principal.language
        return next((language for language in LANGUAGES if language == found), self.principal.language)

    async def add(self, block: Block, citations: list[Citation]) -> None:
        """Shows one more block that a model wrote, above what is quoted."""
        quoted = len(self.answer.blocks) - self.quotes
        self.answer.blocks = [*self.answer.blocks[:quoted], block, *self.answer.blocks[quoted:]]
        self.answer.citations = [*self.answer.citations, *citations]
        await self.emit(self.answer)

    async def quote(self, quotes: list[tuple[Block, list[Citation]]]) -> None:
        """Shows what the sources say in their own words, before any model is asked."""
        self.quotes = len(quotes)
        self.answer.mode = "extractive" if quotes else "none"
        self.answer.blocks = [block for block, _ in quotes]
        self.answer.citations = [citation for _, citations in quotes for citation in citations]
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
        confidence = "sure" if turn.request.about and passages else extractive.confidence(ranking, support)
        if confidence == "none":
            turn.answer.notice = "stillLearning" if await self._finder.is_learning() else "nothingFound"
            return
        await turn.quote(extractive.answer(ranking, support))
        if confidence == "unsure":  # a model would make an answer of what comes closest
            turn.answer.notice = "unsure"
            return
        context = self._context(passages, extractive.excerpts(ranking, support))
        messages = prompts.ask(question, context, turn.language)
        await self._generate(turn, messages, Grounds(context, support, ranking.wanted))

    async def _summarise(self, turn: Turn) -> None:
        passages = await self._named(turn)
        turn.answer.searched.passages = len(passages)
        if not passages:
            turn.answer.notice = "nothingFound"
            return
        support = Support(passages, self._finder.embedder)
        await turn.quote(extractive.summary(support))
        context = self._context(passages, extractive.told(support))
        await self._generate(turn, prompts.summarise(context, turn.language), Grounds(context, support))

    async def _draft(self, turn: Turn) -> None:
        context = await self._read(turn)
        turn.answer.level = "generated"
        language = turn.request.language or _language_of(context.passages) or turn.language
        await self._write(turn, prompts.draft(turn.request.text, context, turn.principal.name, language), context)

    async def _rewrite(self, turn: Turn) -> None:
        turn.answer.level = "assisted" if turn.request.style in _ASSISTED else "generated"
        messages = prompts.rewrite(turn.request.text, turn.request.style, turn.language)
        await self._write(turn, messages, NOTHING_READ)

    async def _translate(self, turn: Turn) -> None:
        context = await self._read(turn)
        turn.answer.level = "generated" if context.passages else "assisted"
        text = context.prompt or prompts.own(turn.request.text)
        await self._write(turn, prompts.translate(text, turn.language), context)

    async def _read(self, turn: Turn) -> Context:
        """What a text is to be written from: what is said in the things the turn is about."""
        support = Support(await self._named(turn), None)
        return self._context(support.passages, extractive.told(support))

    async def _found(self, turn: Turn, question: str) -> list[Hit]:
        hits = await self._finder.find(turn.principal, question, _FOUND)
        different: dict[str, Hit] = {}
        for hit in [*hits, *await self._beside(turn, hits)]:  # copies in several accounts count once
            different.setdefault(hit.text, hit)
        return _seen_by(turn.principal, different.values())

    async def _beside(self, turn: Turn, hits: list[Hit]) -> list[Hit]:
        """The rest of what was found first: the passage beside it may be the one that answers."""
        first = list(dict.fromkeys((hit.kind, hit.object_id) for hit in hits))[:_WHOLE]
        found: list[Hit] = []
        for kind, number in first:
            found += await self._finder.whole(turn.principal, kind, [number], _PASSAGES)
        return found

    async def _named(self, turn: Turn) -> list[Hit]:
        found: list[Hit] = []
        for kind in dict.fromkeys(about.kind for about in turn.request.about):
            wanted = [ids.parse(about.id) for about in turn.request.about if about.kind == kind]
            known = [number for number in wanted if number is not None]
            found += await self._finder.whole(turn.principal, kind, known, _READ)
        return _seen_by(turn.principal, found)

    def _context(self, passages: list[Hit], excerpts: list[Excerpt]) -> Context:
        card = self._gateway.ready()
        if card is None:
            return NOTHING_READ
        room = card.context_tokens - 2 * _ANSWER_TOKENS
        return build(passages, excerpts, min(room, _LOCAL_TOKENS) if card.kind == "local" else room)

    async def _generate(self, turn: Turn, messages: list[Message], grounds: Grounds) -> None:
        """Streams claims that are supported above the quotes, which stay when there are none."""
        if self._gateway.ready() is None:
            turn.answer.notice = "noModel" if turn.quotes else "nothingFound"
            return
        call = Call(turn.request.task, messages, grounds.context.labels, _ANSWER_TOKENS, turn_id=turn.id)
        try:
            async with contextlib.aclosing(self._written(turn, call)) as claims:
                seen: set[str] = set()
                async for written in claims:
                    if written.text in seen or len(seen) == _CLAIMS:  # a small model may go on for ever
                        break
                    seen.add(written.text)
                    await _claim(turn, written, grounds)
        except ParvisError as error:
            turn.answer.notice = _failed(error)
        if not turn.answer.notice and turn.answer.mode != "generated":
            turn.answer.notice = "unsure"

    async def _written(self, turn: Turn, call: Call) -> AsyncGenerator[Written, None]:
        """The sentences that a model writes."""
        reader = Reader()
        async with contextlib.aclosing(self._gateway.stream(turn.principal, call)) as pieces:
            async for card, text in pieces:
                turn.answer.model, turn.answer.runs_in = card.name, card.country
                for written in reader.feed(text):
                    yield written
        for written in reader.close():
            yield written

    async def _write(self, turn: Turn, messages: list[Message], context: Context) -> None:
        """Streams free text for the person to take or leave; plain words only."""
        if self._gateway.ready() is None:
            turn.answer.notice, turn.answer.level = "needsModel", "none"
            return
        turn.answer.mode = "generated"
        call = Call(turn.request.task, messages, context.labels, 2 * _ANSWER_TOKENS, turn_id=turn.id)
        text = ""
        try:
            async with contextlib.aclosing(self._gateway.stream(turn.principal, call)) as pieces:
                async for card, piece in pieces:
                    turn.answer.model, turn.answer.runs_in = card.name, card.country
                    text += piece
                    shown = without_new_links(answered(text), [turn.request.text, context.prompt])
                    turn.answer.blocks = [Block(kind="draft", text=shown)]
                    await turn.emit(turn.answer)
            if _changes_numbers(turn.request, context, turn.answer.blocks):
                turn.answer.notice = "checkNumbers"
        except ParvisError as error:
            turn.answer.notice = _failed(error, "modelStopped")


def _changes_numbers(request: TurnRequest, context: Context, written: list[Block]) -> bool:
    """Whether a model left out or made up a number; in a draft, where much is left out, whether it made one up."""
    given = _counted(f"{request.text}\n{without_fences(context.prompt)}")
    found = _counted("\n".join(block.text for block in written))
    return not found <= given if request.task == "draft" else found != given


def _counted(text: str) -> set[str]:
    """The numbers of a text but those of its lists, and zeros, which come and go (3 h, 3:00)."""
    return numbers(_LISTED.sub("", text)) - {"0"}


async def _claim(turn: Turn, written: Written, grounds: Grounds) -> None:
    """Shows a claim with what carries it, or counts it as dropped."""
    if not grounds.is_claim(written):
        return
    evidence = await grounds.evidence(written)
    if not evidence:
        turn.answer.dropped += 1
        return
    fresh: list[Citation] = []
    numbers = []
    for passage, found in evidence:
        number = len(turn.answer.citations) + len(fresh) + 1
        citation = cite(passage, number, found.start, found.end)
        known = turn.number(citation)
        if known is None:
            fresh.append(citation)
        numbers.append(known or number)
    claim = Claim(text=written.text, citations=numbers)
    turn.answer.mode, turn.answer.level = "generated", "generated"
    await turn.add(Block(kind="item" if written.item else "paragraph", claims=[claim]), fresh)


def _seen_by(principal: Principal, hits: Iterable[Hit]) -> list[Hit]:
    """Hits with their labels as the asker sees them: what somebody wrote is their own in their account alone."""
    return [
        replace(hit, origin="colleague") if hit.origin == "own" and hit.account_id != principal.id else hit
        for hit in hits
    ]


def _language_of(passages: list[Hit]) -> Language | None:
    """The language of the newest message: a reply is written in it."""
    newest = max(passages, key=lambda hit: hit.time_ms, default=None)
    return next((language for language in LANGUAGES if newest and language == newest.language), None)


def _failed(error: ParvisError, notice: str = "modelFailed") -> str:
    """The notice for a model that gave nothing: over budget, or just not answering."""
    return error.code if isinstance(error, RateLimited) else notice
