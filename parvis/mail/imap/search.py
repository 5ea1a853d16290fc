"""SEARCH, SORT and THREAD, and how what was found is told. RFC 9051 §6.4.4, RFC 5256"""

from collections.abc import Sequence

from parvis.mail.imap import contexts
from parvis.mail.imap.matching import leaves, matching
from parvis.mail.imap.reading import Reading
from parvis.mail.imap.session import Bad, Done, No, Session
from parvis.mail.imap.view import paged
from parvis.wire.imap import arguments as a
from parvis.wire.imap import search as keys
from parvis.wire.imap.command import Command
from parvis.wire.imap.numbers import compressed, within


async def search(session: Session, command: Command) -> Done:
    """RFC 9051 §6.4.4"""
    asked = command.arguments
    assert isinstance(asked, a.Search)
    found = await matching(session, asked.keys)
    extended = asked.returns is not None or "IMAP4REV2" in session.enabled
    return await _answered(session, command, asked, found, extended=extended)


async def _answered(
    session: Session, command: Command, asked: a.Search | a.Sort, found: Sequence[int], *, extended: bool
) -> Done:
    """Tells what was found, in its order, and goes on telling it when that was asked for."""
    if command.tag in session.contexts and asked.returns and "UPDATE" in asked.returns:
        raise Bad("A context has this tag")
    modseq = await _highest(session, asked, found)
    if extended:
        _say_extended(session, command, asked, found, modseq)
    else:
        numbers = _numbers(session, found, uid=asked.uid)
        more = f" (MODSEQ {modseq})" if modseq and numbers else ""
        session.say(f"* {command.name}{' %d' * len(numbers) % tuple(numbers)}{more}")
    if asked.returns and "UPDATE" in asked.returns:
        contexts.begin(session, command.tag, asked, found)
    return Done(expunges=asked.uid)


def _say_extended(
    session: Session, command: Command, asked: a.Search | a.Sort, found: Sequence[int], modseq: int
) -> None:
    """RFC 9051 §7.3.4, RFC 4731, RFC 5182, RFC 9394 §3.1"""
    returns = asked.returns if asked.returns is not None else frozenset({"ALL"})
    if "SAVE" in returns:
        session.box.saved = _saved(found, returns, asked.partial)
        if returns - {"CONTEXT", "UPDATE"} == {"SAVE"}:
            return
    numbers = _numbers(session, found, uid=asked.uid)
    words = [f'* ESEARCH (TAG "{command.tag}")'] + (["UID"] if asked.uid else [])
    lowest, highest = _ends(numbers, is_sorted=isinstance(asked, a.Sort))
    if numbers and "MIN" in returns:
        words.append(f"MIN {lowest}")
    if numbers and "MAX" in returns:
        words.append(f"MAX {highest}")
    if "COUNT" in returns:
        words.append(f"COUNT {len(numbers)}")
    if numbers and "ALL" in returns:
        words.append(f"ALL {compressed(numbers)}")
    if "PARTIAL" in returns and asked.partial is not None:
        first, last = asked.partial
        words.append(f"PARTIAL ({first}:{last} {compressed(within(numbers, asked.partial)) or 'NIL'})")
    if modseq and numbers:
        words.append(f"MODSEQ {modseq}")
    session.say(" ".join(words))


def _ends(numbers: Sequence[int], *, is_sorted: bool) -> tuple[int, int]:
    if not numbers:
        return 0, 0
    return (numbers[0], numbers[-1]) if is_sorted else (min(numbers), max(numbers))


def _saved(found: Sequence[int], returns: frozenset[str], partial: tuple[int, int] | None) -> list[int]:
    """With MIN, MAX or PARTIAL and neither ALL nor COUNT only what they tell is kept. RFC 9051 §6.4.4.1, RFC 5182
    §2.4, RFC 9394 §3.2"""
    if not found or returns & {"ALL", "COUNT"} or not returns & {"MIN", "MAX", "PARTIAL"}:
        return list(found)
    told = set(within(found, partial)) if partial is not None else set()
    told |= {found[0]} if "MIN" in returns else set()
    return sorted(told | ({found[-1]} if "MAX" in returns else set()))


def _numbers(session: Session, uids: Sequence[int], *, uid: bool) -> list[int]:
    if uid:
        return list(uids)
    order = sorted(uids)
    if order == uids:
        numbers = session.box.sequences(order)
        return [number for number in numbers if number] if 0 in numbers else numbers
    places = dict(zip(order, session.box.sequences(order), strict=True))
    return [number for one in uids if (number := places[one])]


async def _highest(session: Session, asked: a.Search | a.Sort, found: Sequence[int]) -> int:
    """The newest mod-sequence of what is told, when the search was about them. RFC 7162 §3.1.5, RFC 4731 §3.2"""
    if not any(isinstance(one, keys.Modseq) for one in leaves(asked.keys)):
        return 0
    session.enable_condstore()
    if asked.returns and not asked.returns & {"ALL", "COUNT", "PARTIAL"} and found:
        ends = [found[0]] * ("MIN" in asked.returns) + [found[-1]] * ("MAX" in asked.returns)
        found = sorted(set(ends)) or found
    highest = 0
    for page in paged(sorted(found)):
        messages = await session.box.messages(session.store.db, page)
        highest = max([highest, *(one.modseq for one in messages)])
    return highest


async def sort(session: Session, command: Command) -> Done:
    """RFC 5256 §3, §7, RFC 5957, RFC 5465 §7"""
    asked = command.arguments
    assert isinstance(asked, a.Sort)
    found = await matching(session, asked.keys)
    order = await Reading(session).ordered(found, asked.criteria)
    return await _answered(session, command, asked, order, extended=asked.returns is not None)


async def thread(session: Session, command: Command) -> Done:
    """RFC 5256 §3"""
    asked = command.arguments
    assert isinstance(asked, a.Thread)
    reading = Reading(session)
    found = await matching(session, asked.keys)
    written = await reading.threads(found, asked.algorithm, uid=asked.uid)
    if written is None:
        raise No("ORDEREDSUBJECT and REFERENCES are what there is", "CANNOT")
    session.say((b"* THREAD " + written).rstrip())
    return Done(expunges=asked.uid)
