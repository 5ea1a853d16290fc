"""The answer as a typed tree: the assistant never hands out Markdown or HTML, so nothing in an answer can load an
image, open a link or hide text. trust.md SE-04"""

from typing import Literal

import msgspec

from parvis.search.place import Place

Mode = Literal["generated", "extractive", "none"]
Status = Literal["running", "done", "failed", "stopped"]


class Citation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where a claim is from. `start` and `end` are character offsets in the extracted text of the part; `quote`
    is exactly the text between them; `place` says where that is for people (page 2, sheet Budget)."""

    number: int
    passage_id: str
    account_id: str
    scope_id: str
    kind: str
    object_id: str
    part: str
    start: int
    end: int
    quote: str
    title: str
    author: str
    time: str
    origin: str
    place: Place
    file_name: str = ""


class Claim(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One sentence and the numbers of the citations that carry it."""

    text: str
    citations: list[int]


class Block(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One block of an answer. A `quote` repeats a source's own words; a `draft` is a text the person may take."""

    kind: Literal["paragraph", "item", "quote", "draft"]
    claims: list[Claim] = []
    text: str = ""


class Searched(msgspec.Struct, kw_only=True, rename="camel"):
    """What was searched, for an honest "I found nothing about this in ..."."""

    kinds: list[str] = []
    accounts: list[str] = []
    passages: int = 0


class Answer(msgspec.Struct, kw_only=True, rename="camel"):
    """What came of a turn. `notice` is the code of a sentence the client shows in the person's language:
    nothingFound, stillLearning (nothing found, and not everything is known by meaning yet), noModel (made of cited
    sentences), needsModel, modelFailed (the quotes stay), modelStopped (a text is not whole), rateLimited, unsure
    (nothing found answers clearly, or a model wrote nothing that the sources carry: the quotes come closest),
    checkNumbers (a text has other numbers than what it was made from)."""

    mode: Mode = "none"
    blocks: list[Block] = []
    citations: list[Citation] = []
    searched: Searched = msgspec.field(default_factory=Searched)
    notice: str = ""
    dropped: int = 0
    model: str = ""
    runs_in: str = ""
    level: Literal["none", "assisted", "generated"] = "none"
