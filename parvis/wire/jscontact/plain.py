"""Cards without what goes without saying, so that two that say the same are the same."""

from typing import Any

import msgspec

from parvis.kernel.errors import Invalid

from .jcard import as_jcard, from_jcard
from .patch import Json, apply_patch, difference

LANGUAGES = 50
"""Languages that a card is localized to."""


def plain(value: Any) -> Any:
    """A card without what goes without saying: types, defaults, and the order of what is not ordered."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    made = {key: plain(each) for key, each in value.items()}
    if value.get("@type") not in ("Card", "Timestamp"):
        made.pop("@type", None)
    if made.get("isOrdered") is False:
        del made["isOrdered"]
    if isinstance(components := made.get("components"), list) and "isOrdered" not in made:
        made["components"] = sorted(components, key=lambda each: msgspec.json.encode(each, order="sorted"))
    return _plain_card(made) if value.get("@type") == "Card" else made


def _plain_card(card: Json) -> Json:
    for _, each in objects_of(card, "titles"):
        each.setdefault("kind", "title")
    for _, each in objects_of(card, "onlineServices"):
        if each.get("vCardName") == "socialprofile":
            del each["vCardName"]
    if card.get("vCardProps") == []:
        del card["vCardProps"]
    if isinstance(kept := card.get("vCardProps"), list):
        card["vCardProps"] = [as_jcard(made) if (made := from_jcard(each)) is not None else each for each in kept]
    if isinstance(given := card.get("localizations"), dict):
        rest = {key: each for key, each in card.items() if key != "localizations"}
        other = {language: plain(each) for language, each in localized(card).items()}
        card["localizations"] = {
            language: difference(rest, other[language]) if language in other else patch
            for language, patch in given.items()
        }
    return card


def localized(card: Json) -> dict[str, Json]:
    """The card in each language that it is localized to, unless these are more than anybody means: each takes as
    long as the whole card. RFC 9553 §2.7.1"""
    found: dict[str, Json] = {}
    given = card.get("localizations")
    if not isinstance(given, dict) or len(given) > LANGUAGES:
        return found
    for language, patch in given.items():
        if isinstance(patch, dict):
            try:
                found[language] = apply_patch({k: v for k, v in card.items() if k != "localizations"}, patch)
            except Invalid:
                continue
    return found


def objects_of(card: Json, collection: str) -> list[tuple[str, Json]]:
    given = card.get(collection)
    return [(key, each) for key, each in given.items() if isinstance(each, dict)] if isinstance(given, dict) else []
