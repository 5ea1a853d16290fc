"""The SQL of the classifier: what each account and the organisation have learned, and from which messages."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from parvis.kernel import clock
from parvis.mail.counts import pages
from parvis.mail.spam.classifier import Counts, Known
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.store.unit import Unit

Verdict = Literal["spam", "ham", ""]
ORGANISATION = 0
"""The account whose model is everybody's."""
DAY_MS = 86_400_000
RARE_DAYS, KEEP_DAYS, REPORT_DAYS = 60, 400, 400
MOST_TOKENS = {True: 500_000, False: 100_000}
"""Tokens that the organisation's model keeps, and that of an account."""
_PAGE = 256


@dataclass(frozen=True, slots=True)
class Report:
    """What was learned from a message, and how it lay then."""

    learned: Verdict = ""
    in_junk: bool = False
    keyword: str = ""


def today() -> int:
    """The day as the tables have it."""
    return clock.now_ms() // DAY_MS


async def totals(db: Any, account_ids: Collection[int]) -> dict[int, Counts]:
    """The messages learned by those of these accounts that have learned any."""
    rows = await db.rows(
        f"SELECT account_id, spam, ham FROM spam_total WHERE account_id IN {marks(len(account_ids))}", *account_ids
    )
    return {row[0]: Counts(row[1], row[2]) for row in rows}


async def known(db: Any, account_id: int, tokens: Sequence[int]) -> dict[int, Known]:
    """What the organisation and an account know of tokens."""
    owners = [ORGANISATION, account_id]
    found: dict[int, dict[int, Counts]] = defaultdict(dict)
    for page in pages(tokens, _PAGE):
        padded = [*page, *[page[-1]] * (_PAGE - len(page))]  # one statement for all lengths
        for account_id, token, spam, ham in await db.rows(
            f"""SELECT account_id, token, spam, ham FROM spam_token WHERE account_id IN {marks(len(owners))}
            AND token IN {marks(_PAGE)}""",
            *owners,
            *padded,
        ):
            found[token][account_id] = Counts(spam, ham)
    return {token: of(account_id, counts) for token, counts in found.items()}


def of(account_id: int, counts: Mapping[int, Counts]) -> Known:
    """What the organisation and an account have learned, out of the counts by account."""
    own = Counts() if account_id == ORGANISATION else counts.get(account_id, Counts())
    return Known(counts.get(ORGANISATION, Counts()), own)


async def reports(db: Any, account_id: int, blobs: Sequence[str]) -> dict[str, Report]:
    """What is noted of messages, by their blobs."""
    return {
        row[0]: Report(row[1], bool(row[2]), row[3])
        for page in pages(list(dict.fromkeys(blobs)))
        for row in await db.rows(
            f"""SELECT blob, learned, in_junk, keyword FROM spam_report WHERE account_id = ?
            AND blob IN {marks(len(page))}""",
            account_id,
            *page,
        )
    }


async def note(unit: Unit, account_id: int, blob: str, before: Report | None, after: Report) -> bool:
    """Puts `after` in place of `before`; False when something else is noted by now, or the account has no mail."""
    if before is None:
        return bool(
            await unit.run(
                """INSERT INTO spam_report (account_id, blob, learned, in_junk, keyword, day)
                SELECT account_id, ?, ?, ?, ?, ? FROM mail_account WHERE account_id = ? ON CONFLICT DO NOTHING""",
                blob,
                after.learned,
                int(after.in_junk),
                after.keyword,
                today(),
                account_id,
            )
        )
    return bool(
        await unit.run(
            """UPDATE spam_report SET learned = ?, in_junk = ?, keyword = ?, day = ? WHERE account_id = ?
            AND blob = ? AND learned = ? AND in_junk = ? AND keyword = ?""",
            after.learned,
            int(after.in_junk),
            after.keyword,
            today(),
            account_id,
            blob,
            before.learned,
            int(before.in_junk),
            before.keyword,
        )
    )


async def learn(unit: Unit, account_id: int, tokens: Collection[int], was: Verdict, now: Verdict) -> None:
    """Counts a message as `now` instead of as `was`, for its account and for the organisation."""
    if was == now:
        return
    ordered = sorted(tokens)
    for owner in (account_id, ORGANISATION):
        if was:
            await _take(unit, owner, ordered, was)
        if now:
            await _give(unit, owner, ordered, now)


async def _give(unit: Unit, owner: int, tokens: Sequence[int], verdict: str) -> None:
    spam, ham = int(verdict == "spam"), int(verdict == "ham")
    await unit.run(
        """INSERT INTO spam_total (account_id, spam, ham) VALUES (?, ?, ?) ON CONFLICT (account_id) DO UPDATE SET
        spam = spam_total.spam + excluded.spam, ham = spam_total.ham + excluded.ham""",
        owner,
        spam,
        ham,
    )
    await unit.many(
        """INSERT INTO spam_token (account_id, token, spam, ham, day) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (account_id, token) DO UPDATE SET spam = spam_token.spam + excluded.spam,
        ham = spam_token.ham + excluded.ham, day = excluded.day""",
        [(owner, token, spam, ham, today()) for token in tokens],
    )


async def _take(unit: Unit, owner: int, tokens: Sequence[int], verdict: str) -> None:
    """Undoes `_give`; a token that was forgotten meanwhile stays so."""
    column = "spam" if verdict == "spam" else "ham"
    lower = f"SET {column} = {column} - 1 WHERE account_id = ? AND {column} > 0"
    await unit.run(f"UPDATE spam_total {lower}", owner)
    await unit.many(f"UPDATE spam_token {lower} AND token = ?", [(owner, token) for token in tokens])
    gone = "DELETE FROM spam_token WHERE account_id = ? AND token = ? AND spam = 0 AND ham = 0"
    await unit.many(gone, [(owner, token) for token in tokens])


async def wanted(db: Any, account_id: int, before_ms: int, most: int) -> list[str]:
    """The newest messages that somebody has read and kept among the wanted ones, from which nothing was learned."""
    rows = await db.rows(
        """SELECT e.blob FROM email e WHERE e.account_id = ? AND e.received_ms < ? AND e.unread = 0
        AND NOT EXISTS (SELECT 1 FROM spam_report r WHERE r.account_id = e.account_id AND r.blob = e.blob)
        AND EXISTS (SELECT 1 FROM email_mailbox p JOIN mailbox m ON m.id = p.mailbox_id WHERE p.email_id = e.id
        AND (m.role IS NULL OR m.role IN ('inbox', 'archive')))
        AND NOT EXISTS (SELECT 1 FROM email_mailbox p JOIN mailbox m ON m.id = p.mailbox_id WHERE p.email_id = e.id
        AND m.role IN ('junk', 'trash', 'drafts', 'sent')) ORDER BY e.received_ms DESC LIMIT ?""",
        account_id,
        before_ms,
        most,
    )
    return [row[0] for row in rows]


async def forget(store: Store) -> int:
    """Removes tokens and reports that are old, and the oldest tokens of a model that has grown too large. Returns
    how many."""
    day = today()
    removed = await store.write(lambda unit: unit.run("DELETE FROM spam_report WHERE day < ?", day - REPORT_DAYS))
    removed += await _forget_tokens(store, "day < ? AND spam + ham <= 1", day - RARE_DAYS)
    removed += await _forget_tokens(store, "day < ?", day - KEEP_DAYS)
    for owner, count in await store.db.scan("SELECT account_id, COUNT(*) FROM spam_token GROUP BY account_id"):
        most = MOST_TOKENS[owner == ORGANISATION]
        if count > most:
            oldest = "SELECT day FROM spam_token WHERE account_id = ? ORDER BY day LIMIT 1 OFFSET ?"
            line = int(await store.db.value(oldest, owner, count - most - 1))
            removed += await _forget_tokens(store, "day <= ? AND account_id = ?", min(line, day - 1), owner)
    return removed


async def _forget_tokens(store: Store, where: str, *args: int) -> int:
    """In pages, so that nobody waits."""
    removed = 0

    async def page(unit: Unit) -> int:
        return await unit.run(
            f"""DELETE FROM spam_token WHERE (account_id, token) IN
            (SELECT account_id, token FROM spam_token WHERE {where} LIMIT 1000)""",
            *args,
        )

    while count := await store.write(page):
        removed += count
    return removed
