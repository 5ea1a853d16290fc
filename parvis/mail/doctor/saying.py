"""What was found, in words of the asker's language."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from parvis.kernel import clock
from parvis.kernel.languages import Language
from parvis.mail.doctor import words, words_en, words_fr, words_vi
from parvis.mail.doctor.findings import Finding, Reported
from parvis.mail.doctor.records import Record

_WORDS: dict[Language, ModuleType] = {"en": words_en, "fr": words_fr, "vi": words_vi}
_NAMED = 3
"""Domains that a sentence names."""
_REPORTERS = 20
_DAY_MS = 86_400_000


def record(one: Record, language: Language) -> dict[str, Any]:
    """A record as JMAP and `--json` show it; `code` names the finding for programs."""
    return {
        "where": one.where,
        "what": one.what,
        "verdict": one.verdict,
        "code": one.words,
        "sentence": _capital(words.say(language, one.words, **one.values)),
        "line": one.line,
    }


def finding(one: Finding, language: Language) -> dict[str, Any]:
    """A finding in the same way; `since` is None where a day means nothing."""
    of = _WORDS[language]
    if one.waits is None:
        title, sentence, advice = of.FINDINGS[one.words]
    else:
        title, why, advice = of.REASONS[one.words]
        sentence = of.FINDINGS["waits" if one.waits else "refused"][1].replace("{why}", why)
    values = _shown(one.values, language)
    return {
        "severity": one.severity,
        "code": one.words,
        "title": title,
        "sentence": sentence.format(**values),
        "advice": advice.format(**values),
        "count": one.count,
        "since": clock.utc_date(one.since_ms) if one.since_ms else None,
        "example": one.example,
        "line": one.line,
        "waiting": bool(one.waits),
    }


def reported(found: Reported) -> dict[str, Any]:
    """The numbers of reports, with days as dates."""
    days = [
        {
            "domain": each.domain,
            "day": clock.utc_date(each.day * _DAY_MS)[:10],
            "aligned": each.aligned,
            "failed": each.failed,
        }
        for each in found.days
    ]
    return {
        "days": days,
        "dmarc": found.dmarc,
        "tls": found.tls,
        "reporters": list(found.reporters[:_REPORTERS]),
        "last": clock.utc_date(found.last_ms) if found.last_ms else None,
    }


def _shown(values: Mapping[str, Any], language: Language) -> dict[str, str]:
    nouns = _WORDS[language].NOUNS
    shown = {name: number(value, language) if isinstance(value, int) else value for name, value in values.items()}
    for name in ("messages", "sessions", "total"):
        if name in values:
            many = "sessions" if name == "sessions" else "messages"
            shown[name] = nouns[many[:-1]] if values[name] == 1 else nouns[many].format(n=shown[name])
    if "result" in values:
        shown["result"] = _WORDS[language].RESULTS.get(values["result"], values["result"])
    if "domains" in values:
        shown["domains"] = _listed(values["domains"], language)
    return shown


def _listed(names: list[str], language: Language) -> str:
    first, rest = ", ".join(names[:_NAMED]), len(names) - _NAMED
    return _WORDS[language].NOUNS["more"].format(first=first, n=number(rest, language)) if rest > 0 else first


def number(value: int, language: Language) -> str:
    """A number as it is written in a language: 1,240.

    >>> number(1240, "vi")
    '1.240'
    """
    return f"{value:,}".replace(",", str(_WORDS[language].GROUP))


def _capital(sentence: str) -> str:
    """A sentence with a capital, unless it begins with the name of something."""
    first = sentence.split(" ", 1)[0]
    return sentence if "." in first or first[:1].isdigit() else sentence[:1].upper() + sentence[1:]
