"""Days as people write them, in the three languages. Pure."""

from datetime import date

from parvis.kernel.languages import Language

WEEKDAYS: dict[Language, tuple[str, ...]] = {
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "vi": ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
MONTHS: dict[Language, tuple[str, ...]] = {
    "fr": (
        *("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre"),
        *("novembre", "décembre"),
    ),
    "vi": tuple(str(number) for number in range(1, 13)),
    "en": (
        *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
        *("November", "December"),
    ),
}


def written(day: date, language: Language, *, weekday: bool = False, year: bool = False) -> str:
    """A day with its month by name, so that no language mistakes it.

    >>> written(date(2026, 11, 3), "fr", weekday=True), written(date(2026, 12, 1), "vi", year=True)
    ('mardi 3 novembre', 'ngày 1 tháng 12 năm 2026')
    """
    name, month = WEEKDAYS[language][day.weekday()], MONTHS[language][day.month - 1]
    if language == "vi":
        text = f"ngày {day.day} tháng {month}" + (f" năm {day.year}" if year else "")
        return f"{name}, {text}" if weekday else text
    number = "1er" if language == "fr" and day.day == 1 else str(day.day)
    text = f"{number} {month}" + (f" {day.year}" if year else "")
    return f"{name} {text}" if weekday else text


def colon(language: Language) -> str:
    """A colon as it stands after a word."""
    return "\u00a0: " if language == "fr" else ": "
