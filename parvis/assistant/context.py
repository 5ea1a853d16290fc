"""The context builder: the one place where passages become part of a prompt, each with its label and number."""

from dataclasses import dataclass

from parvis.assistant.labels import fenced
from parvis.assistant.receipts import PassageLabel
from parvis.assistant.tree import Citation
from parvis.kernel import clock, ids
from parvis.search.request import Hit

_TITLE = 60
LETTERS_PER_TOKEN = 3.2
"""Of French and Vietnamese in the tokenizers of small models; fewer letters a token than English."""


def cite(hit: Hit, number: int, start: int, end: int) -> Citation:
    """A citation of `hit.text[start:end]`."""
    return Citation(
        number=number,
        passage_id=ids.text(hit.passage_id),
        account_id=ids.text(hit.account_id),
        scope_id=ids.text(hit.scope_id),
        kind=hit.kind,
        object_id=ids.text(hit.object_id),
        part=hit.part,
        start=hit.start + start,
        end=hit.start + end,
        quote=hit.text[start:end],
        title=hit.title,
        author=hit.author,
        time=clock.utc_date(hit.time_ms),
        origin=hit.origin,
        place=hit.place,
        file_name=hit.file_name,
    )


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What a model is shown of passage `index`."""

    index: int
    text: str


@dataclass(frozen=True, slots=True)
class Context:
    """What a model is given to read: `passages[i]` is source i + 1 of `prompt`, and number `indices[i]` of those
    that were found."""

    passages: list[Hit]
    prompt: str
    indices: list[int]

    @property
    def labels(self) -> list[PassageLabel]:
        """For the receipt."""
        return [PassageLabel(ids.text(passage.passage_id), passage.origin) for passage in self.passages]


NOTHING_READ = Context([], "", [])


def build(passages: list[Hit], excerpts: list[Excerpt], tokens: int) -> Context:
    """As many of `excerpts`, in their order, as fit into `tokens`; the first is cut rather than left out."""
    room = int(tokens * LETTERS_PER_TOKEN)
    indices: list[int] = []
    written: list[str] = []
    for excerpt in excerpts:
        passage = passages[excerpt.index]
        author = passage.author.partition(" <")[0] or passage.author
        header = (
            f"{author}, {clock.utc_date(passage.time_ms)[:10]}: {(passage.file_name or passage.title)[:_TITLE]}"
        )
        text = fenced(len(indices) + 1, passage.origin, header, excerpt.text[:room])
        if indices and len(text) > room:
            break
        room -= len(text)
        indices.append(excerpt.index)
        written.append(text)
    return Context([passages[index] for index in indices], "\n".join(written), indices)
