"""Words that people see, in their language."""

from datetime import datetime

from parvis.kernel.languages import Language

LIST_NAME: dict[Language, str] = {"en": "Tasks", "fr": "Tâches", "vi": "Việc cần làm"}
REMINDER_SUBJECT: dict[Language, str] = {
    "en": "Reminder: {title}",
    "fr": "Rappel : {title}",
    "vi": "Nhắc việc: {title}",
}
REMINDER_TEXT: dict[Language, str] = {
    "en": "This is your reminder of the task “{title}”.\n{due}",
    "fr": "Vous avez demandé un rappel de la tâche « {title} ».\n{due}",
    "vi": "Bạn đã đặt lời nhắc cho công việc “{title}”.\n{due}",
}
DUE: dict[Language, str] = {
    "en": "It is due on {day}.\n",
    "fr": "Elle est à rendre le {day}.\n",
    "vi": "Hạn chót: {day}.\n",
}


_MONTHS: dict[Language, str] = {
    "en": "January February March April May June July August September October November December",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "vi": "1 2 3 4 5 6 7 8 9 10 11 12",
}


def day_of(when: datetime, language: Language) -> str:
    """A day, and the time unless it is midnight: `24 December 2026, 18:00`."""
    month = _MONTHS[language].split()[when.month - 1]
    if language == "vi":
        shown = f"ngày {when.day} tháng {month} năm {when.year}"
    else:
        first = "1er" if language == "fr" and when.day == 1 else str(when.day)
        shown = f"{first} {month} {when.year}"
    return f"{shown}, {when:%H:%M}" if (when.hour, when.minute) != (0, 0) else shown
