"""How well the assistant answers the demo's questions: all expected facts shown, the first block enough, "not
found" said when it is; with a model also how long until the first words and the whole, and what was dropped.

    parvis demo --data data --fill-only && parvis models --data data pull
    python bench/answers.py --data data [--model qwen2.5-coder-0.5b-instruct-q4_k_m.gguf] [--only q01,q02] [--show]

The questions are those of `parvis/ops/demo/questions.json`; the ones marked `held` were written before the method
was last tuned, and are not to be looked at while tuning.
"""

import argparse
import asyncio
import json
import resource
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parvis.access import directory
from parvis.access.principal import Principal
from parvis.app import App
from parvis.assistant.answer import Answerer, Turn
from parvis.assistant.gateway import Gateway
from parvis.assistant.model import TurnRequest
from parvis.assistant.tree import Answer
from parvis.kernel import ids, settings
from parvis.kernel.settings import Endpoint
from parvis.ops import demo
from parvis.search.service import Search

QUESTIONS = json.loads((Path(demo.__file__).parent / "questions.json").read_text())
_RIGHT = ("first", "there", "honest")


@dataclass
class Outcome:
    """What came of one question."""

    question: dict[str, Any]
    answer: Answer
    first: float
    """Seconds until something was shown."""
    written: float
    """Seconds until words of a model were shown; 0 when none were."""
    whole: float
    verdict: str = ""
    missing: list[str] = field(default_factory=list)


def squeezed(text: str) -> str:
    """White space of every kind as one space."""
    return " ".join(text.replace("\u00a0", " ").replace("\u202f", " ").split())


def shown(answer: Answer) -> list[str]:
    """The text of each block."""
    return [squeezed(block.text or " ".join(claim.text for claim in block.claims)) for block in answer.blocks]


def judged(outcome: Outcome) -> Outcome:
    """`first` (the first block has every fact), `there`, `stale` (an outdated value before the valid one),
    `beside`, `silent` (nothing found); for questions without an answer `honest`, `hedged` (said to be no clear
    answer) or `invented`."""
    texts, facts = shown(outcome.answer), [squeezed(fact) for fact in outcome.question["facts"]]
    whole = "\n".join(texts)
    outcome.missing = [fact for fact in facts if fact not in whole]
    if outcome.question["message"] is None:
        hedged = "hedged" if outcome.answer.notice == "unsure" else "invented"
        outcome.verdict = hedged if texts else "honest"
    elif not texts:
        outcome.verdict = "silent"
    elif outcome.missing:
        outcome.verdict = "beside"
    elif _stale(whole, facts, outcome.question.get("superseded", [])):
        outcome.verdict = "stale"
    else:
        outcome.verdict = "first" if all(fact in texts[0] for fact in facts) else "there"
    return outcome


def _stale(whole: str, facts: list[str], superseded: list[str]) -> bool:
    at = min(whole.find(fact) for fact in facts)
    return any(0 <= whole.find(old) < at for old in superseded)


async def one(answerer: Answerer, who: Principal, question: dict[str, Any]) -> Outcome:
    """Asks one question."""
    started = time.perf_counter()
    times = {"first": 0.0, "written": 0.0}

    async def emit(answer: Answer) -> None:
        now = time.perf_counter() - started
        if answer.blocks and not times["first"]:
            times["first"] = now
        if answer.mode == "generated" and not times["written"]:
            times["written"] = now

    turn = Turn(ids.new_id(), who, TurnRequest(text=question["question"]), emit)
    await answerer.run(turn)
    whole = time.perf_counter() - started
    return judged(Outcome(question, turn.answer, times["first"], times["written"], whole))


async def run(args: argparse.Namespace) -> None:
    """Opens the folder, brings the index up to date, asks, prints."""
    endpoints = []
    if args.model:
        card = {"operator": "this machine", "country": "FR", "parent_law": "FR", "licence": "Apache-2.0"}
        endpoints = [Endpoint(name=args.model, kind="local", model=args.model, context_tokens=4096, **card)]
    app = await App.open(settings.load(args.data, endpoints=endpoints))
    context = app.context
    await context.need(Search).indexer.settle()
    gateway = Gateway.configured(context.settings, context.store, context.egress)
    answerer = Answerer(context.need(Search), gateway)
    people = {name: await person(app, name) for name in {question["asker"] for question in QUESTIONS}}
    asked = [q for q in QUESTIONS if not args.only or q["id"] in args.only.split(",")]
    found = []
    for question in asked:
        outcome = await one(answerer, people[question["asker"]], question)
        found.append(outcome)
        if args.show or (args.wrong and not question.get("held") and outcome.verdict not in _RIGHT):
            tell(outcome)
    for held in (False, True):
        summary([outcome for outcome in found if bool(outcome.question.get("held")) is held], held)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB", file=sys.stderr)
    await app.stop()


async def person(app: App, name: str) -> Principal:
    """One of the demo's people."""
    from parvis.ops.demo import scenario

    address = next(p.address for p in scenario.organisation().accounts if p.key == name)
    found = await directory.by_address(app.context.store.db, address)
    assert found is not None
    return found


def tell(outcome: Outcome) -> None:
    """One answer in full."""
    question, answer = outcome.question, outcome.answer
    print(f"\n{question['id']} [{outcome.verdict}] {question['question']}  -> {question['facts']}")
    print(f"   {answer.mode} {answer.notice} dropped={answer.dropped}", end=" ")
    print(f"first {outcome.first:.1f} written {outcome.written:.1f} whole {outcome.whole:.1f} s")
    titles = {
        citation.number: f"{citation.title} / {citation.file_name or citation.part}"
        for citation in answer.citations
    }
    for block in answer.blocks:
        for claim in block.claims:
            print(f"   {block.kind[0]} {squeezed(claim.text)}  {claim.citations} {titles.get(claim.citations[0])}")


def summary(found: list[Outcome], held: bool) -> None:
    """Counts, and times when a model wrote."""
    if not found:
        return
    verdicts = [outcome.verdict for outcome in found]
    right = sum(verdict in _RIGHT for verdict in verdicts)
    counts = ", ".join(f"{verdict} {verdicts.count(verdict)}" for verdict in sorted(set(verdicts)))
    unsure = sum(outcome.answer.notice == "unsure" for outcome in found)
    print(f"{'held' if held else 'own '}  right {right} of {len(found)}: {counts}; said to be unsure {unsure}")
    if none := [outcome.verdict for outcome in found if outcome.question["message"] is None]:
        print(f"      {len(none)} have no answer; {none.count('invented')} of them got one with confidence")
    if written := [outcome for outcome in found if outcome.written]:
        print(f"      a model wrote {len(written)}; dropped {sum(o.answer.dropped for o in found)} claims")
        for name in ("first", "written", "whole"):
            times = sorted(getattr(outcome, name) for outcome in written)
            print(f"      {name:8} median {times[len(times) // 2]:5.1f} s, worst {times[-1]:5.1f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="data")
    parser.add_argument("--model", default="", help="a file in <data>/models")
    parser.add_argument("--only", default="", help="questions, by id")
    parser.add_argument("--show", action="store_true", help="every answer in full")
    parser.add_argument("--wrong", action="store_true", help="wrong answers in full, those held back left out")
    asyncio.run(run(parser.parse_args()))
